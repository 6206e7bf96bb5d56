//! Copies of a document: the light of a display or the ink of a print at a point of the document.

use rand::Rng;

use crate::canvas::Canvas;

/// A display of stripes of red, green and blue.
pub struct Screen {
    /// Side of a display's pixel, in canvas pixels.
    pitch: f32,
    tint: [f32; 3],
    black: f32,
}

impl Screen {
    /// `scale`: canvas pixels to a pixel of the picture.
    pub fn drawn(rng: &mut impl Rng, scale: f32) -> Self {
        Self {
            pitch: scale * rng.random_range(1.25..2.4),
            tint: [rng.random_range(0.9..1.0), rng.random_range(0.95..1.0), 1.0],
            black: rng.random_range(0.005..0.02),
        }
    }

    /// Light at a point of `shown`, whose pixels are linear.
    pub fn light(&self, shown: &Canvas, [x, y]: [f32; 2]) -> [f32; 3] {
        let (column, row) = ((x / self.pitch).floor(), (y / self.pitch).floor());
        let (u, v) = (x / self.pitch - column, y / self.pitch - row);
        let colour = shown.sample((column + 0.5) * self.pitch - 0.5, (row + 0.5) * self.pitch - 0.5);
        std::array::from_fn(|i| {
            let from = 0.04 + i as f32 / 3.0;
            let lit = u >= from && u < from + 0.25 && (0.06..0.94).contains(&v);
            // A third of the width and most of the height shines, so it shines brighter.
            self.black + if lit { colour[i] * self.tint[i] / (0.25 * 0.88) } else { 0.0 }
        })
    }
}

/// A press with a screen of dots for each of four inks.
pub struct Press {
    /// Side of a dot's cell in canvas pixels.
    cell: f32,
    /// Sine and cosine of each ink's angle.
    angles: [(f32, f32); 4],
}

/// Customary angles of cyan, magenta, yellow and black, degrees.
const ANGLES: [f32; 4] = [15.0, 75.0, 0.0, 45.0];

impl Press {
    /// 85 to 150 lines an inch of the document, whose canvas has `mm` pixels to a millimetre.
    pub fn drawn(rng: &mut impl Rng, mm: f32) -> Self {
        let turn: f32 = rng.random_range(-5.0..5.0);
        Self {
            cell: 25.4 / rng.random_range(85.0..150.0) * mm,
            angles: ANGLES.map(|a| (a + turn).to_radians().sin_cos()),
        }
    }

    /// Light at a point of `copied`, whose pixels are linear and a little blurred by the scanner.
    pub fn light(&self, copied: &Canvas, [x, y]: [f32; 2]) -> [f32; 3] {
        let colour = copied.sample(x - 0.5, y - 0.5).map(|v| crate::camera::coded(v).clamp(0.0, 1.0));
        let black = colour.iter().fold(0.0, |k: f32, v| k.max(*v));
        let key = (1.0 - black) * 0.8;
        let mut light = [0.93, 0.93, 0.91];
        for (ink, (sin, cos)) in self.angles.iter().enumerate() {
            let amount = if ink < 3 {
                ((1.0 - colour[ink] - key) / (1.0 - key).max(0.01)).clamp(0.0, 1.0)
            } else {
                key
            };
            let (u, v) = ((x * cos + y * sin) / self.cell, (y * cos - x * sin) / self.cell);
            let turn = std::f32::consts::TAU;
            let height = 0.5 + 0.25 * ((u * turn).cos() + (v * turn).cos());
            if height < amount {
                for (i, l) in light.iter_mut().enumerate() {
                    *l *= if ink == 3 || i == ink { 0.08 } else { 0.94 };
                }
            }
        }
        light
    }
}
