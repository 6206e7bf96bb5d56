use std::{f32::consts::TAU, io::Cursor, path::Path};

use image::{GrayImage, Luma, RgbImage};
use proptest::prelude::*;

use super::*;

/// A synthetic finger: a wave whose phase turns once around each minutia (Larkin and Fletcher, "A coherent framework
/// for fingerprint analysis", 2007), so the true minutiae are known.
struct Finger(Vec<([f32; 2], f32)>);

const WIDTH: u32 = 400;
const HEIGHT: u32 = 480;

impl Finger {
    fn of(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut spirals: Vec<([f32; 2], f32)> = Vec::new();
        while spirals.len() < 44 {
            let at = [60.0 + 280.0 * random.f32(), 60.0 + 360.0 * random.f32()];
            if spirals.iter().all(|(p, _)| (p[0] - at[0]).hypot(p[1] - at[1]) > 26.0) {
                let sign = if spirals.len().is_multiple_of(2) { 1.0 } else { -1.0 };
                spirals.push((at, sign));
            }
        }
        Self(spirals)
    }

    /// An impression: shifted and rotated, with noise.
    fn print(&self, seed: u64, moved: [f32; 2], turned: f32) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        let (sin, cos) = turned.sin_cos();
        let picture = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
            let (u, v) = (x as f32 - WIDTH as f32 / 2.0, y as f32 - HEIGHT as f32 / 2.0);
            let p = [
                cos * u - sin * v + WIDTH as f32 / 2.0 + moved[0],
                sin * u + cos * v + HEIGHT as f32 / 2.0 + moved[1],
            ];
            let inside = ((p[0] - 200.0) / 165.0).powi(2) + ((p[1] - 240.0) / 205.0).powi(2) < 1.0;
            let turns: f32 = self.0.iter().map(|(at, sign)| sign * (p[1] - at[1]).atan2(p[0] - at[0])).sum();
            // Arched ridges nine pixels apart.
            let plain = TAU / 9.0 * (p[1] + 0.0016 * (p[0] - 200.0).powi(2));
            let wave = if inside { (plain + turns).cos() } else { 1.0 };
            Luma([(150.0 + 80.0 * wave + 12.0 * (random.f32() - 0.5)) as u8])
        });
        png(&image::DynamicImage::ImageLuma8(picture).to_rgb8())
    }
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)).unwrap()
}

fn reason(picture: &[u8]) -> Reason {
    match Print::decode_picture(picture) {
        Err(Error::CannotJudge(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_finger_is_known_again_and_other_fingers_are_not() {
    let (ada, bob) = (Finger::of(1), Finger::of(2));
    let first = Print::decode_picture(&ada.print(10, [0.0, 0.0], 0.0)).unwrap();
    let again = Print::decode_picture(&ada.print(11, [9.0, -6.0], 0.08)).unwrap();
    let other = Print::decode_picture(&bob.print(12, [0.0, 0.0], 0.0)).unwrap();
    let (same, different) = (first.compare(&again).unwrap(), first.compare(&other).unwrap());
    assert!(same.matched, "{same:?} {:?} {:?}", first.quality(), again.quality());
    assert!(!different.matched, "{different:?}");
    assert!((6.0..12.0).contains(&first.quality().period), "{:?}", first.quality());
    // What another process is handed is the same to the last bit.
    for print in [&first, &again, &other] {
        assert_eq!(Print::from_bytes(&print.to_bytes().unwrap()).as_ref(), Some(print));
    }
    // Stored bytes compare like the print.
    let kept = Template::from_bytes(&first.template().to_bytes()).unwrap();
    assert_eq!(kept.compare(&again.template()).unwrap(), same);
    assert_eq!(kept.compare(&other.template()).unwrap(), different);
}

#[test]
fn pictures_that_are_not_prints_are_rejected_with_the_reason() {
    for picture in ["apple.jpg", "obama.jpg", "thai_people.jpg"] {
        assert_eq!(reason(&fixture(picture)), Reason::NoRidges, "{picture}");
    }
    let noise = RgbImage::from_fn(400, 400, |x, y| image::Rgb([(x * 31 + y * 17 + x * y) as u8; 3]));
    assert_eq!(reason(&png(&noise)), Reason::NoRidges);
    assert_eq!(reason(&png(&RgbImage::new(400, 400))), Reason::NoRidges);
    assert_eq!(reason(&png(&RgbImage::new(50, 400))), Reason::TooSmall);
    assert_eq!(reason(&png(&RgbImage::new(2100, 400))), Reason::TooLarge);
    // Even stripes have the ridges of a finger and no minutiae.
    let stripes = RgbImage::from_fn(400, 400, |_, y| {
        image::Rgb([(128.0 + 90.0 * (y as f32 * TAU / 9.0).sin()) as u8; 3])
    });
    assert_eq!(reason(&png(&stripes)), Reason::TooFewMinutiae);
    assert!(matches!(Print::decode_picture(b"no picture"), Err(Error::Media(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_picture_stops_the_process(seed in any::<u64>(), width in 120u32..500, height in 120u32..500, kind in 0..4) {
        let mut random = fastrand::Rng::with_seed(seed);
        let period = 4.0 + 10.0 * random.f32();
        let grey = GrayImage::from_fn(width, height, |x, y| Luma([match kind {
            0 => random.u8(..),
            1 => if random.f32() < 0.5 { 0 } else { 255 },
            2 => (128.0 + 120.0 * ((x as f32).hypot(y as f32) * TAU / period).sin()) as u8,
            _ => ((x * y) % 256) as u8,
        }]));
        // Past the quality check, so that the C code gets input that the check would reject.
        let found = nist::minutiae(&grey).unwrap();
        prop_assert!(nist::compare(&found, &found).is_ok());
    }
}
