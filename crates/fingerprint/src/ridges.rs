//! Ridge detection: blocks in which the picture is one wave of a finger's wavelength.
//!
//! In each block the structure tensor gives direction and coherence (Bazen and Gerez, "Systematic methods for the
//! computation of the directional fields and singular points of fingerprints", 2002); along the normal of the ridges the
//! mean over the block is a wave whose crossings give its period (Hong, Wan and Jain, "Fingerprint image enhancement", 1998).

use image::GrayImage;

/// Side of a block: three ridges or more at 500 pixels per inch.
const BLOCK: u32 = 32;
/// Pixels from ridge to ridge at 500 pixels per inch: 9 on average, 5 in children, 15 in large dry fingers.
const PERIOD: std::ops::RangeInclusive<f32> = 4.0..=16.0;
/// Least coherence of a block's gradients, 0..=1.
const COHERENT: f32 = 0.4;
/// Deviation of luma below which a block is background.
const FLAT: f32 = 8.0;
/// Full waves that a block must show; an edge shows fewer.
const LEAST_CROSSINGS: usize = 3;
/// Largest difference of a half wave from the mean, as a share: ridges are even, branches and bricks are not.
const UNEVEN: f32 = 0.6;

/// Measures of the ridges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ridges {
    /// Blocks with ridges.
    pub blocks: usize,
    /// Their share of the blocks with content.
    pub share: f32,
    /// Median period in pixels, 0 without blocks.
    pub period: f32,
}

pub(crate) fn measure(grey: &GrayImage) -> Ridges {
    let (mut shown, mut periods) = (0usize, Vec::new());
    for y in (1..grey.height().saturating_sub(BLOCK)).step_by(BLOCK as usize) {
        for x in (1..grey.width().saturating_sub(BLOCK)).step_by(BLOCK as usize) {
            let block = Block { grey, x, y };
            if block.deviation() < FLAT {
                continue;
            }
            shown += 1;
            periods.extend(block.period());
        }
    }
    periods.sort_by(f32::total_cmp);
    Ridges {
        blocks: periods.len(),
        share: periods.len() as f32 / shown.max(1) as f32,
        period: periods.get(periods.len() / 2).copied().unwrap_or(0.0),
    }
}

/// A square of the picture, one pixel away from its border.
struct Block<'a> {
    grey: &'a GrayImage,
    x: u32,
    y: u32,
}

impl Block<'_> {
    fn at(&self, x: u32, y: u32) -> f32 {
        f32::from(self.grey.get_pixel(self.x + x, self.y + y).0[0])
    }

    fn pixels(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..BLOCK).flat_map(|y| (0..BLOCK).map(move |x| (x, y)))
    }

    fn mean(&self) -> f32 {
        self.pixels().map(|(x, y)| self.at(x, y)).sum::<f32>() / (BLOCK * BLOCK) as f32
    }

    fn deviation(&self) -> f32 {
        let mean = self.mean();
        let squares: f32 = self.pixels().map(|(x, y)| (self.at(x, y) - mean).powi(2)).sum();
        (squares / (BLOCK * BLOCK) as f32).sqrt()
    }

    /// Returns pixels from ridge to ridge; `None` when the block is not an even wave.
    fn period(&self) -> Option<f32> {
        let normal = self.normal()?;
        let wave = self.wave(normal);
        let crossings: Vec<f32> = (1..wave.len())
            .filter(|i| wave[i - 1] * wave[*i] < 0.0)
            .map(|i| (i - 1) as f32 + wave[i - 1] / (wave[i - 1] - wave[i]))
            .collect();
        if crossings.len() < LEAST_CROSSINGS {
            return None;
        }
        let halves: Vec<f32> = crossings.windows(2).map(|w| w[1] - w[0]).collect();
        let half = halves.iter().sum::<f32>() / halves.len() as f32;
        let is_even = halves.iter().all(|h| (h - half).abs() <= UNEVEN * half);
        Some(2.0 * half).filter(|period| is_even && PERIOD.contains(period))
    }

    /// Returns the direction across the ridges, when the gradients agree.
    fn normal(&self) -> Option<[f32; 2]> {
        let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
        // The block starts one pixel inside the picture on the left and top; its last row and column have no successor.
        for (x, y) in self.pixels().filter(|(x, y)| (1..BLOCK - 1).contains(x) && (1..BLOCK - 1).contains(y))
        {
            let (dx, dy) = (self.at(x + 1, y) - self.at(x - 1, y), self.at(x, y + 1) - self.at(x, y - 1));
            (xx, yy, xy) = (xx + dx * dx, yy + dy * dy, xy + dx * dy);
        }
        let strength = (xx - yy).hypot(2.0 * xy);
        let coherence = strength / (xx + yy).max(f32::MIN_POSITIVE);
        let angle = (2.0 * xy).atan2(xx - yy) / 2.0;
        (coherence >= COHERENT).then(|| [angle.cos(), angle.sin()])
    }

    /// Returns mean luma by the distance along `normal`, smoothed and centred.
    fn wave(&self, [across, down]: [f32; 2]) -> Vec<f32> {
        const LENGTH: usize = BLOCK as usize;
        let middle = (BLOCK - 1) as f32 / 2.0;
        let (mut sums, mut counts) = ([0.0_f32; LENGTH], [0.0_f32; LENGTH]);
        for (x, y) in self.pixels() {
            let along = (x as f32 - middle) * across + (y as f32 - middle) * down + middle;
            if let Some(i) = (0.0..LENGTH as f32 - 0.5).contains(&along).then(|| along.round() as usize) {
                (sums[i], counts[i]) = (sums[i] + self.at(x, y), counts[i] + 1.0);
            }
        }
        let means: Vec<f32> =
            sums.iter().zip(counts).filter(|(_, n)| *n > 0.0).map(|(sum, n)| sum / n).collect();
        let smooth: Vec<f32> = means.windows(3).map(|w| (w[0] + 2.0 * w[1] + w[2]) / 4.0).collect();
        let mean = smooth.iter().sum::<f32>() / smooth.len().max(1) as f32;
        smooth.into_iter().map(|v| v - mean).collect()
    }
}
