//! Whatever bytes a stranger sends, decoding them ends in a page or in a clean error. The same target under a fuzzer is
//! `fuzz/fuzz_targets/decode.rs`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Cursor;

use document::{Engine, Page};
use image::{ImageFormat, Rgb, RgbImage};
use models::{Pack, Runtime};
use time::macros::date;

/// Files decoded, random and corrupted.
const FILES: u32 = 10_000;
/// And of these, how many of those that still decode are read from end to end.
const READ: usize = 12;

/// A linear congruential generator: the same files on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

/// A small picture with lines of figures, as both formats.
fn seeds() -> [Vec<u8>; 2] {
    let rgb = RgbImage::from_fn(160, 100, |x, y| {
        let is_ink = y % 12 < 7 && (x * 7 + y * 3) % 11 < 4;
        Rgb(if is_ink { [30, 30, 35] } else { [225, 228, (x % 40) as u8 + 200] })
    });
    [ImageFormat::Jpeg, ImageFormat::Png].map(|format| {
        let mut bytes = Cursor::new(Vec::new());
        rgb.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    })
}

fn mutated(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.roll(12) {
        let at = dice.roll(bytes.len());
        match dice.roll(5) {
            0 => bytes.truncate(at.max(4)),
            1 => bytes.insert(at, dice.roll(256) as u8),
            2 => {
                let end = (at + dice.roll(64)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes[at] = dice.roll(256) as u8,
        }
    }
    bytes
}

#[test]
fn ten_thousand_random_and_corrupted_files_end_in_a_page_or_an_error() {
    let mut dice = Dice(7);
    let seeds = seeds();
    let mut engine = Engine::load(&Runtime::load(&Pack::open(None).unwrap()).unwrap()).unwrap();
    let (mut pages, mut errors, mut read) = (0, 0, 0);
    for round in 0..FILES {
        let bytes = match round % 8 {
            0 => (0..dice.roll(600)).map(|_| dice.roll(256) as u8).collect(),
            // A known start and then anything.
            1 => seeds[dice.roll(2)][..20]
                .iter()
                .copied()
                .chain((0..dice.roll(600)).map(|i| (i * 31) as u8))
                .collect(),
            _ => mutated(&seeds[dice.roll(2)], &mut dice),
        };
        match Page::decode(&bytes) {
            Ok(page) => {
                pages += 1;
                let small = page.width() * page.height() < 1_000_000;
                if small && read < READ && pages % 40 == 0 {
                    engine.inspect(&bytes, date!(2026 - 06 - 01)).unwrap();
                    read += 1;
                }
            }
            Err(_) => errors += 1,
        }
    }
    assert!(pages > 500 && errors > 500 && read == READ, "{pages} pages, {errors} errors, {read} read");
}
