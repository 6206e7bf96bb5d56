//! How a document gets into a picture: where it lies, through which lens, in which light.

use nalgebra::{SMatrix, SVector};
use rand::Rng;

use crate::{canvas::Canvas, truth::Level};

/// The plane's projective map, row after row.
#[derive(Clone, Copy, Debug)]
pub struct Map([f32; 9]);

impl Map {
    /// Takes the corners of `from` to those of `to`; the identity when either has no area.
    pub fn between(from: [[f32; 2]; 4], to: [[f32; 2]; 4]) -> Self {
        let (mut a, mut b) = (SMatrix::<f64, 8, 8>::zeros(), SVector::<f64, 8>::zeros());
        for (i, (p, q)) in from.iter().zip(to).enumerate() {
            let ([x, y], [u, v]) = (p.map(f64::from), q.map(f64::from));
            let first = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y];
            let second = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y];
            for k in 0..8 {
                (a[(2 * i, k)], a[(2 * i + 1, k)]) = (first[k], second[k]);
            }
            (b[2 * i], b[2 * i + 1]) = (u, v);
        }
        let solved =
            a.lu().solve(&b).unwrap_or_else(|| SVector::from([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]));
        Self(std::array::from_fn(|i| if i < 8 { solved[i] as f32 } else { 1.0 }))
    }

    pub fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let m = &self.0;
        let w = m[6] * x + m[7] * y + m[8];
        [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w]
    }
}

/// One exposure.
#[derive(Clone, Debug)]
pub struct Shot {
    pub width: usize,
    pub height: usize,
    /// The document's corners in the picture, clockwise from its own top left.
    pub quad: [[f32; 2]; 4],
    pub blur: f32,
    /// Standard deviation of the noise at mid grey, 0-1.
    pub noise: f32,
    /// Light of the whole, and its fall from one side to the other.
    pub gain: f32,
    pub fall: [f32; 2],
    /// Centre, radius and strength of a reflection.
    pub glare: Option<([f32; 2], f32, f32)>,
    pub table: [f32; 3],
    pub quality: u8,
}

impl Shot {
    /// A picture about 1600 pixels on its longer side of a document `size_mm` wide and high.
    pub fn drawn(rng: &mut impl Rng, level: Level, turns: u8, size_mm: (f32, f32)) -> Self {
        let turned = turns % 2 == 1;
        let (width, height) = if turned { (1200, 1600) } else { (1600, 1200) };
        let (tilt, skew, share) = match level {
            Level::Scan => (0.01, 0.0, 0.9..0.95),
            Level::Moderate => (0.06, 0.03, 0.76..0.92),
            Level::Hard => (0.15, 0.07, 0.6..0.85),
        };
        let fit = (1600.0 * 0.97_f32).min(1200.0 * 0.97 * size_mm.0 / size_mm.1);
        let wide = fit * rng.random_range(share);
        let quad = corners(
            rng,
            wide,
            wide * size_mm.1 / size_mm.0,
            tilt,
            skew,
            (width as f32, height as f32),
            turns,
        );
        let mut shot = Self {
            width,
            height,
            quad,
            blur: rng.random_range(0.3..0.5),
            noise: rng.random_range(0.002..0.004),
            gain: 1.0,
            fall: [0.0; 2],
            glare: None,
            table: std::array::from_fn(|_| rng.random_range(0.1..0.5)),
            quality: rng.random_range(88..97),
        };
        match level {
            Level::Scan => shot.table = [0.93; 3],
            Level::Moderate => shot.moderate(rng),
            Level::Hard => shot.hard(rng),
        }
        shot
    }

    fn moderate(&mut self, rng: &mut impl Rng) {
        self.blur = rng.random_range(0.5..1.0);
        self.noise = rng.random_range(0.006..0.018);
        self.gain = rng.random_range(0.75..1.05);
        self.fall = [rng.random_range(-0.2..0.2), rng.random_range(-0.15..0.15)];
        self.quality = rng.random_range(78..94);
    }

    fn hard(&mut self, rng: &mut impl Rng) {
        self.moderate(rng);
        self.blur = rng.random_range(0.9..1.7);
        self.noise = rng.random_range(0.015..0.035);
        self.quality = rng.random_range(55..85);
        match rng.random_range(0..3) {
            0 => {
                let [a, _, c, _] = self.quad;
                let (s, t) = (rng.random_range(0.2..0.8), rng.random_range(0.2..0.8));
                let at = [a[0] + (c[0] - a[0]) * s, a[1] + (c[1] - a[1]) * t];
                self.glare = Some((at, rng.random_range(60.0..160.0), rng.random_range(0.4..1.2)));
            }
            1 => self.gain = rng.random_range(0.12..0.3),
            // The camera too near: an edge is cut off.
            _ => {
                let shift = rng.random_range(0.03..0.08) * self.width as f32;
                self.quad.iter_mut().for_each(|p| p[0] -= shift * 2.0);
            }
        }
    }

    /// Maps the canvas's pixels to the picture's.
    pub fn map(&self, canvas: &Canvas) -> Map {
        Map::between(bounds(canvas), self.quad)
    }

    /// The canvas as the sensor gets it, in linear light; `light` gives the light at a point of the canvas and is asked
    /// `taps` x `taps` times for a pixel.
    pub fn exposed(&self, canvas: &Canvas, taps: usize, light: impl Fn([f32; 2]) -> [f32; 3]) -> Canvas {
        let back = Map::between(self.quad, bounds(canvas));
        let (w, h) = (canvas.width as f32, canvas.height as f32);
        let mut picture = Canvas::of(self.width, self.height, [0.0; 3]);
        for y in 0..self.height {
            for x in 0..self.width {
                let mut sum = [0.0; 3];
                for tap in 0..taps * taps {
                    let offset = |n: usize| (n as f32 + 0.5) / taps as f32;
                    let at = [x as f32 + offset(tap % taps), y as f32 + offset(tap / taps)];
                    let [u, v] = back.apply(at);
                    let inside = u >= 0.0 && v >= 0.0 && u <= w && v <= h;
                    let colour = if inside { light([u, v]) } else { self.table_at(at) };
                    sum.iter_mut().zip(colour).for_each(|(s, c)| *s += c);
                }
                picture.pixels[y * self.width + x] = sum.map(|v| v / (taps * taps) as f32);
            }
        }
        picture
    }

    /// A table top with a grain.
    fn table_at(&self, [x, y]: [f32; 2]) -> [f32; 3] {
        let grain = 0.03 * ((y * 0.11 + 6.0 * (x * 0.004).sin()).sin() + 0.5 * (y * 0.37 + x * 0.01).sin());
        self.table.map(|v| linear((v + grain * v.min(0.5)).clamp(0.0, 1.0)))
    }

    /// Applies lens, light and sensor to the exposed scene; the result is coded as sRGB.
    pub fn developed(&self, rng: &mut impl Rng, picture: &Canvas) -> Canvas {
        let mut out = picture.blurred(self.blur);
        let (w, h) = (self.width as f32, self.height as f32);
        for y in 0..self.height {
            for x in 0..self.width {
                let (u, v) = (x as f32 / w - 0.5, y as f32 / h - 0.5);
                let light = self.gain * (1.0 + self.fall[0] * u + self.fall[1] * v);
                let shine = self.glare.map_or(0.0, |([a, b], radius, strength)| {
                    let distance = (x as f32 - a).hypot((y as f32 - b) * 1.4) / radius;
                    strength * (-distance * distance).exp()
                });
                let pixel = &mut out.pixels[y * self.width + x];
                *pixel = pixel.map(|v| coded((v * light + shine).max(0.0)));
                for value in pixel.iter_mut() {
                    // Shot noise weighs less than the gamma curve's lift of the dark.
                    let sigma = self.noise * (1.25 - 0.5 * *value) / self.gain.clamp(0.3, 1.0).sqrt();
                    *value += normal(rng) * sigma;
                }
            }
        }
        out
    }
}

fn bounds(canvas: &Canvas) -> [[f32; 2]; 4] {
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]]
}

/// A rectangle in the middle, each corner moved, the whole turned.
fn corners(
    rng: &mut impl Rng,
    w: f32,
    h: f32,
    tilt: f32,
    skew: f32,
    picture: (f32, f32),
    turns: u8,
) -> [[f32; 2]; 4] {
    let angle = rng.random_range(-1.0f32..=1.0) * tilt + f32::from(turns % 4) * std::f32::consts::FRAC_PI_2;
    let (sin, cos) = angle.sin_cos();
    let (dx, dy) = (rng.random_range(-0.01..0.01) * picture.0, rng.random_range(-0.01..0.01) * picture.1);
    [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]].map(|[x, y]: [f32; 2]| {
        let x = x * w / 2.0 * (1.0 - rng.random_range(0.0..=1.0) * skew);
        let y = y * h / 2.0 * (1.0 - rng.random_range(0.0..=1.0) * skew);
        [picture.0 / 2.0 + dx + x * cos - y * sin, picture.1 / 2.0 + dy + x * sin + y * cos]
    })
}

/// sRGB's curve, near enough.
pub fn linear(v: f32) -> f32 {
    v.max(0.0).powf(2.2)
}

pub fn coded(v: f32) -> f32 {
    v.max(0.0).powf(1.0 / 2.2)
}

/// A standard normal number, near enough: twelve uniform ones are not needed for noise.
pub fn normal(rng: &mut impl Rng) -> f32 {
    let bits = rng.next_u64();
    let sum: u64 = (0..4).map(|i| (bits >> (16 * i)) & 0xffff).sum();
    // Variance of a uniform number is 1/12; of four, 1/3.
    (sum as f32 / 65_535.0 - 2.0) * 3.0_f32.sqrt()
}
