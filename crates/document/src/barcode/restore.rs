//! Restores a straightened PDF417: evens the light, averages noise along its bars, and removes blur.

use image::{GrayImage, Luma, imageops};
use rustfft::{FftPlanner, num_complex::Complex};

/// Range over which light is assumed to be even, in modules.
const EVEN: f32 = 10.0;
/// Height of the window that is averaged along the bars, in modules: a row is three high.
const ALONG: f32 = 1.6;
/// Blur to remove, as a standard deviation in modules, and the share of noise (Wiener 1949).
const BLUR: f32 = 0.4;
const NOISE: f32 = 0.1;

/// Returns the picture with even light, averaged along the bars; `module` is in pixels.
pub(super) fn evened(luma: &GrayImage, module: f32) -> GrayImage {
    let window = (EVEN * module) as u32;
    let light = background(luma, window.max(3));
    let flat = GrayImage::from_fn(luma.width(), luma.height(), |x, y| {
        let (value, white) = (f32::from(luma.get_pixel(x, y).0[0]), f32::from(light.get_pixel(x, y).0[0]));
        Luma([(230.0 * value / white.max(1.0)).min(255.0) as u8])
    });
    mean_along(&flat, ((ALONG * module / 2.0) as u32).max(1))
}

/// Returns the light of the paper: the lightest value within `window`, smoothed.
fn background(luma: &GrayImage, window: u32) -> GrayImage {
    let (width, height) = (luma.width().div_ceil(window).max(1), luma.height().div_ceil(window).max(1));
    let cell = |x: u32, y: u32| {
        let columns = x * window..((x + 1) * window).min(luma.width());
        let mut values: Vec<u8> = columns
            .flat_map(|x| (y * window..((y + 1) * window).min(luma.height())).map(move |y| (x, y)))
            .map(|(x, y)| luma.get_pixel(x, y).0[0])
            .collect();
        values.sort_unstable();
        Luma([values.get(values.len() * 9 / 10).copied().unwrap_or(255)])
    };
    let coarse = GrayImage::from_fn(width, height, cell);
    imageops::resize(&coarse, luma.width().max(1), luma.height().max(1), imageops::FilterType::Triangle)
}

/// Returns the mean of each pixel with those up to `reach` above and below.
fn mean_along(luma: &GrayImage, reach: u32) -> GrayImage {
    GrayImage::from_fn(luma.width(), luma.height(), |x, y| {
        let rows = y.saturating_sub(reach)..=(y + reach).min(luma.height() - 1);
        let count = rows.clone().count() as u32;
        Luma([(rows.map(|y| u32::from(luma.get_pixel(x, y).0[0])).sum::<u32>() / count.max(1)) as u8])
    })
}

/// Removes a Gaussian blur across the bars, row by row.
pub(super) fn deblurred(luma: &GrayImage, module: f32) -> GrayImage {
    let length = (luma.width() as usize).max(1);
    let (forward, back) = {
        let mut planner = FftPlanner::<f32>::new();
        (planner.plan_fft_forward(length), planner.plan_fft_inverse(length))
    };
    let gains: Vec<f32> = (0..length)
        .map(|k| {
            let frequency = k.min(length - k) as f32 / length as f32;
            let passed = (-2.0 * (std::f32::consts::PI * BLUR * module * frequency).powi(2)).exp();
            passed / (passed * passed + NOISE)
        })
        .collect();
    let mut out = luma.clone();
    for y in 0..luma.height() {
        let mut row: Vec<Complex<f32>> =
            (0..luma.width()).map(|x| Complex::new(f32::from(luma.get_pixel(x, y).0[0]), 0.0)).collect();
        forward.process(&mut row);
        row.iter_mut().zip(&gains).for_each(|(value, gain)| *value *= *gain);
        back.process(&mut row);
        for (x, value) in row.iter().enumerate() {
            // The transform leaves the length as a factor, the filter its gain at zero.
            let value = value.re / length as f32 * (1.0 + NOISE);
            out.put_pixel(x as u32, y, Luma([value.clamp(0.0, 255.0) as u8]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shadow_is_evened_out() {
        let shaded = GrayImage::from_fn(300, 90, |x, _| {
            let light = 220.0 - 0.5 * x as f32;
            Luma([if x / 4 % 2 == 0 { light * 0.2 } else { light } as u8])
        });
        let even = evened(&shaded, 4.0);
        let white = |from: u32| (from..from + 8).map(|x| even.get_pixel(x, 45).0[0]).max().unwrap();
        assert!(white(20).abs_diff(white(270)) < 25, "{} {}", white(20), white(270));
    }

    #[test]
    fn bars_have_more_contrast_once_deblurred() {
        let sharp = GrayImage::from_fn(240, 12, |x, _| Luma([if x / 4 % 2 == 0 { 40 } else { 210 }]));
        let blurred = imageops::blur(&sharp, 1.6);
        let contrast = |image: &GrayImage| {
            let row: Vec<u8> = (60..180).map(|x| image.get_pixel(x, 6).0[0]).collect();
            row.iter().max().unwrap() - row.iter().min().unwrap()
        };
        assert!(contrast(&deblurred(&blurred, 4.0)) > contrast(&blurred) + 20);
    }

    #[test]
    fn the_smallest_picture_causes_no_panic() {
        let one = GrayImage::new(1, 1);
        assert_eq!((evened(&one, 4.0).dimensions(), deblurred(&one, 4.0).dimensions()), ((1, 1), (1, 1)));
    }
}
