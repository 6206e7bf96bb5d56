//! Prints of fingers, read in a worker.

use std::{f32::consts::TAU, io::Cursor};

use fingerprint::{Print, Reason};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use sandbox::Error;

use crate::{always, sandbox, spooled};

const WIDTH: u32 = 400;
const HEIGHT: u32 = 480;

/// A png of ridges as a wave whose phase turns once around each of forty points.
fn ridges() -> Vec<u8> {
    let points: Vec<([f32; 2], f32)> = (0..40_u16)
        .map(|n| {
            let (column, row) = (f32::from(n % 5), f32::from(n / 5));
            let at = [
                70.0 + 62.0 * column + 9.0 * (row * 1.7).sin(),
                60.0 + 50.0 * row + 7.0 * (column * 2.3).cos(),
            ];
            (at, if n % 2 == 0 { 1.0 } else { -1.0 })
        })
        .collect();
    let picture = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let (x, y) = (x as f32, y as f32);
        let turns: f32 = points.iter().map(|(at, sign)| sign * (y - at[1]).atan2(x - at[0])).sum();
        let plain = TAU / 9.0 * (y + 0.0016 * (x - 200.0).powi(2));
        Luma([(150.0 + 80.0 * (plain + turns).cos()) as u8])
    });
    png(picture)
}

fn png(picture: GrayImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(picture).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn a_print_is_the_same_to_the_last_bit_as_one_read_in_this_process() {
    let (sandbox, _turn) = sandbox();
    let picture = ridges();
    let here = Print::decode_picture(&picture).expect("a print that can be judged");
    assert!(here.quality().minutiae > 20, "{:?}", here.quality());
    let there = sandbox.read_print(&spooled(&picture), always).unwrap().unwrap();
    assert_eq!(there, here);
    assert_eq!(there.to_bytes(), here.to_bytes());
}

#[test]
fn what_is_no_print_is_refused_with_its_reason_and_no_picture_as_such() {
    let (sandbox, _turn) = sandbox();
    for (picture, reason) in [
        (GrayImage::new(50, 400), Reason::TooSmall),
        (GrayImage::new(2100, 400), Reason::TooLarge),
        (GrayImage::new(400, 400), Reason::NoRidges),
    ] {
        let read = sandbox.read_print(&spooled(&png(picture)), always).unwrap();
        assert_eq!(read.unwrap_err(), reason.into());
    }
    let refused = sandbox.read_print(&spooled(b"no picture"), always).unwrap_err();
    assert!(matches!(refused, Error::Media(_)), "{refused}");
}

#[test]
fn prints_are_compared_as_in_this_process_and_none_takes_long() {
    let (sandbox, _turn) = sandbox();
    let print = Print::decode_picture(&ridges()).unwrap().template();
    let compared = sandbox.compare_prints(&print, &print);
    // Ridges as even as these can be laid over each other in very many ways.
    if let Ok(Some(compared)) = &compared {
        assert!(compared.matched);
    } else {
        let refused = compared.unwrap_err();
        assert!(matches!(refused, Error::Media(media::Error::TooMuchWork)), "{refused}");
    }
    // Points without an order are compared in no time, by either process alike.
    let bytes: Vec<u8> =
        std::iter::once(1).chain(480_i32.to_le_bytes()).chain(30_u16.to_le_bytes()).collect();
    let points = (0..30_u16).flat_map(|n| {
        let at = [n * 97 % 400, n * 61 % 470].map(u16::to_le_bytes).concat();
        at.into_iter().chain([(n * 7 % 32) as u8]).chain((f32::from(n) / 30.0).to_le_bytes())
    });
    let few =
        fingerprint::Template::from_bytes(&bytes.into_iter().chain(points).collect::<Vec<_>>()).unwrap();
    assert_eq!(sandbox.compare_prints(&few, &few).unwrap().unwrap(), few.compare(&few).unwrap());
}
