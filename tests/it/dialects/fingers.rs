//! Synthetic fingerprints: ridges as a wave whose phase turns once around each minutia (Larkin and Fletcher, "A
//! coherent framework for fingerprint analysis", 2007).

use std::f32::consts::TAU;

use image::{DynamicImage, GrayImage, ImageFormat, Luma};

use crate::media;

const WIDTH: u32 = 400;
const HEIGHT: u32 = 480;
const MINUTIAE: usize = 44;

/// The positions of a finger's minutiae, and the direction of the phase around each.
pub struct Finger(Vec<([f32; 2], f32)>);

/// A linear congruential generator, so that every run has the same fingers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }
}

impl Finger {
    pub fn of(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut spirals: Vec<([f32; 2], f32)> = Vec::new();
        while spirals.len() < MINUTIAE {
            let at = [60.0 + 280.0 * random.next(), 60.0 + 360.0 * random.next()];
            if spirals.iter().all(|(p, _)| (p[0] - at[0]).hypot(p[1] - at[1]) > 26.0) {
                let sign = if spirals.len().is_multiple_of(2) { 1.0 } else { -1.0 };
                spirals.push((at, sign));
            }
        }
        Self(spirals)
    }

    /// Returns a png of an impression: moved and turned, with noise.
    pub fn print(&self, seed: u64, moved: [f32; 2], turned: f32) -> Vec<u8> {
        let mut random = Random(seed);
        let (sin, cos) = turned.sin_cos();
        let picture = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
            let (u, v) = (x as f32 - WIDTH as f32 / 2.0, y as f32 - HEIGHT as f32 / 2.0);
            let p = [
                cos * u - sin * v + WIDTH as f32 / 2.0 + moved[0],
                sin * u + cos * v + HEIGHT as f32 / 2.0 + moved[1],
            ];
            let inside = ((p[0] - 200.0) / 165.0).powi(2) + ((p[1] - 240.0) / 205.0).powi(2) < 1.0;
            let turns: f32 = self.0.iter().map(|(at, sign)| sign * (p[1] - at[1]).atan2(p[0] - at[0])).sum();
            let plain = TAU / 9.0 * (p[1] + 0.0016 * (p[0] - 200.0).powi(2));
            let wave = if inside { (plain + turns).cos() } else { 1.0 };
            Luma([(150.0 + 80.0 * wave + 12.0 * (random.next() - 0.5)) as u8])
        });
        media::as_file(&DynamicImage::ImageLuma8(picture), ImageFormat::Png)
    }
}
