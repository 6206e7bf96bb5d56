//! Detects a JPEG that was saved twice: its coefficients, rounded to the steps of the first table and then of the
//! second, accumulate at some values and avoid others.

use image::RgbImage;

/// Low frequencies that are examined: row and column in the block, and index in the zigzag order.
const MODES: [(usize, usize, usize); 5] = [(0, 1, 1), (1, 0, 2), (2, 0, 3), (1, 1, 4), (0, 2, 5)];
/// Blocks across and down that are transformed, at most.
const BLOCKS: usize = 72;
/// Largest coefficient counted, in steps.
const REACH: i32 = 24;
/// Fewest non-zero coefficients.
const FEWEST: f32 = 400.0;

/// Height of the strongest period among the histograms of a JPEG's coefficients, in multiples of the mean of the others;
/// Returns `None` for a file that is not a JPEG, or when too few coefficients are non-zero. `rgb` is its picture, not turned.
pub fn periodicity(file: &[u8], rgb: &RgbImage) -> Option<f32> {
    let table = first_table(file)?;
    let coefficients = coefficients(rgb)?;
    let each = MODES.iter().zip(&coefficients).filter_map(|((.., place), values)| {
        let step = f32::from(*table.get(*place)?).max(1.0);
        strongest_period(values, step)
    });
    each.reduce(f32::max)
}

/// Returns quantisation table 0 of a JPEG in zigzag order (ITU-T T.81, B.2.4.1).
fn first_table(file: &[u8]) -> Option<[u8; 64]> {
    let mut at = 2;
    while file.get(at..at + 4).is_some_and(|s| s[0] == 0xff && s[1] != 0xda)
        && file.starts_with(&[0xff, 0xd8])
    {
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        let body = file.get(at + 4..at + 2 + length)?;
        if file[at + 1] == 0xdb && body.first() == Some(&0) {
            return body.get(1..65)?.try_into().ok();
        }
        at += 2 + length;
    }
    None
}

/// Returns the coefficients of the blocks in the middle, by mode.
fn coefficients(rgb: &RgbImage) -> Option<[Vec<f32>; 5]> {
    let (columns, rows) = (rgb.width() as usize / 8, rgb.height() as usize / 8);
    if columns < 8 || rows < 8 {
        return None;
    }
    let middle = |count: usize| {
        let taken = count.min(BLOCKS);
        let from = (count - taken) / 2;
        from..from + taken
    };
    let cosine = |k: usize, n: usize| {
        let norm = if k == 0 { (1.0_f32 / 8.0).sqrt() } else { 0.5 };
        norm * (std::f32::consts::PI * (2 * n + 1) as f32 * k as f32 / 16.0).cos()
    };
    let mut out: [Vec<f32>; 5] = Default::default();
    let stride = rgb.width() as usize * 3;
    for (row, column) in middle(rows).flat_map(|r| middle(columns).map(move |c| (r, c))) {
        let light = |i: usize| {
            let p = &rgb.as_raw()[(row * 8 + i / 8) * stride + (column * 8 + i % 8) * 3..][..3];
            0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2])
        };
        let block: [f32; 64] = std::array::from_fn(light);
        for (values, (v, u, _)) in out.iter_mut().zip(MODES) {
            values.push((0..64).map(|i| block[i] * cosine(v, i / 8) * cosine(u, i % 8)).sum());
        }
    }
    Some(out)
}

/// Returns the strongest period of the histogram of `values / step`, after removing its slow decline.
fn strongest_period(values: &[f32], step: f32) -> Option<f32> {
    let mut histogram = [0.0_f32; REACH as usize * 2 + 1];
    for value in values {
        let steps = (value / step).round() as i32;
        if steps != 0 && steps.abs() <= REACH {
            histogram[(steps + REACH) as usize] += 1.0;
        }
    }
    let total: f32 = histogram.iter().sum();
    if total < FEWEST {
        return None;
    }
    let smooth = |i: usize| {
        let around = i.saturating_sub(4)..=(i + 4).min(histogram.len() - 1);
        let count = around.clone().count() as f32;
        around.map(|k| histogram[k]).sum::<f32>() / count
    };
    // Zero is left out, and with it the mean of its neighbours.
    let centre = REACH as usize;
    let rest: Vec<f32> =
        (0..histogram.len())
            .map(|i| {
                if i.abs_diff(centre) < 2 {
                    0.0
                } else {
                    (histogram[i] - smooth(i)) / (smooth(i) + 1.0).sqrt()
                }
            })
            .collect();
    let power = |k: usize| {
        let angle = |i: usize| std::f32::consts::TAU * (k * i) as f32 / rest.len() as f32;
        let (c, s) = rest
            .iter()
            .enumerate()
            .fold((0.0, 0.0), |(c, s), (i, v)| (c + v * angle(i).cos(), s + v * angle(i).sin()));
        c * c + s * s
    };
    let powers: Vec<f32> = (8..=rest.len() / 2).map(power).collect();
    let mean = powers.iter().sum::<f32>() / powers.len().max(1) as f32;
    Some(powers.iter().copied().fold(0.0, f32::max) / mean.max(1e-6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;
    use proptest::prelude::*;

    fn saved(rgb: &RgbImage, quality: u8) -> (Vec<u8>, RgbImage) {
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, quality).encode_image(rgb).unwrap();
        let rgb = image::load_from_memory(&file).unwrap().into_rgb8();
        (file, rgb)
    }

    fn textured() -> RgbImage {
        let mut state = 3_u32;
        let mut walk = 128.0_f32;
        RgbImage::from_fn(512, 512, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            walk = 0.97 * walk + 0.03 * 128.0 + ((state >> 24) as f32 - 127.5) / 8.0;
            let slow = 40.0 * ((x as f32) / 9.0).sin() * ((y as f32) / 13.0).cos();
            image::Rgb([(walk + slow).clamp(0.0, 255.0) as u8; 3])
        })
    }

    #[test]
    fn a_file_saved_twice_has_a_period_and_one_saved_once_has_less() {
        let (once, rgb) = saved(&textured(), 95);
        let (_, worse) = saved(&textured(), 60);
        let (twice, again) = saved(&worse, 95);
        let (low, high) = (periodicity(&once, &rgb).unwrap(), periodicity(&twice, &again).unwrap());
        assert!(high > 1.5 * low, "{low} {high}");
    }

    #[test]
    fn no_jpeg_and_no_texture_are_not_judged() {
        let (file, rgb) = saved(&RgbImage::from_pixel(256, 256, image::Rgb([90; 3])), 90);
        assert_eq!(periodicity(&file, &rgb), None);
        assert_eq!(periodicity(b"\x89PNG", &textured()), None);
        assert_eq!(periodicity(&file, &RgbImage::new(0, 0)), None);
    }

    proptest! {
        #[test]
        fn any_header_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let file = [&[0xff, 0xd8, 0xff, 0xdb][..], &bytes].concat();
            first_table(&file);
        }
    }
}
