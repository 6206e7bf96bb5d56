//! Compares noise: a portrait from another picture has that picture's noise, or none.

use image::RgbImage;

use crate::Rect;

/// Side of the squares whose noise is estimated, pixels.
const SIDE: usize = 8;
/// Fewest squares of each part.
const FEWEST: usize = 24;
/// Percentile of the squares that is compared: lower ones are pure noise, higher ones contain edges.
const SHARE: f32 = 0.2;
/// Squares beyond these values have lost their noise to clipping.
const GREYS: std::ops::RangeInclusive<f32> = 30.0..=235.0;

/// Returns by how many nepers the face is less noisy than the document around it; negative when it is noisier. `None`
/// when either is too small, dark or light.
pub fn quietness(rgb: &RgbImage, face: &Rect, document: &Rect) -> Option<f32> {
    let about = Rect { x: face.x - face.w * 0.7, y: face.y - face.h * 0.8, w: face.w * 2.4, h: face.h * 2.6 };
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for y in (0..rgb.height() as usize / SIDE).map(|r| r * SIDE) {
        for x in (0..rgb.width() as usize / SIDE).map(|c| c * SIDE) {
            let middle = [x as f32 + SIDE as f32 / 2.0, y as f32 + SIDE as f32 / 2.0];
            let part = if holds(face, middle) {
                &mut inside
            } else if holds(document, middle) && !holds(&about, middle) {
                &mut outside
            } else {
                continue;
            };
            part.extend(noise(rgb, x, y));
        }
    }
    // A clean digital picture has no noise to compare.
    let (inside, outside) = (typical(inside)?, typical(outside)?.max(0.15));
    Some((outside / inside.max(0.15)).ln())
}

fn holds(rect: &Rect, [x, y]: [f32; 2]) -> bool {
    x >= rect.x && y >= rect.y && x < rect.x + rect.w && y < rect.y + rect.h
}

fn typical(mut all: Vec<f32>) -> Option<f32> {
    if all.len() < FEWEST {
        return None;
    }
    let at = (all.len() as f32 * SHARE) as usize;
    Some(*all.select_nth_unstable_by(at, f32::total_cmp).1)
}

/// Returns the standard deviation of the noise in a square, by Immerkaer's mask (Computer Vision and Image
/// Understanding 64, 1996).
fn noise(rgb: &RgbImage, x: usize, y: usize) -> Option<f32> {
    let (wide, stride) = (rgb.width() as usize, rgb.width() as usize * 3);
    if x + SIDE > wide || y + SIDE > rgb.height() as usize {
        return None;
    }
    let green = |dx: usize, dy: usize| f32::from(rgb.as_raw()[(y + dy) * stride + (x + dx) * 3 + 1]);
    let mean = (0..SIDE * SIDE).map(|i| green(i % SIDE, i / SIDE)).sum::<f32>() / (SIDE * SIDE) as f32;
    if !GREYS.contains(&mean) {
        return None;
    }
    let mut sum = 0.0;
    for (dx, dy) in (1..SIDE - 1).flat_map(|dy| (1..SIDE - 1).map(move |dx| (dx, dy))) {
        let corners =
            green(dx - 1, dy - 1) + green(dx + 1, dy - 1) + green(dx - 1, dy + 1) + green(dx + 1, dy + 1);
        let sides = green(dx, dy - 1) + green(dx - 1, dy) + green(dx + 1, dy) + green(dx, dy + 1);
        sum += (corners - 2.0 * sides + 4.0 * green(dx, dy)).abs();
    }
    let count = (SIDE - 2) * (SIDE - 2);
    Some(sum * std::f32::consts::FRAC_PI_2.sqrt() / (6.0 * count as f32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FACE: Rect = Rect { x: 60.0, y: 80.0, w: 80.0, h: 100.0 };
    const ALL: Rect = Rect { x: 0.0, y: 0.0, w: 600.0, h: 400.0 };

    /// Grey with noise, and so much less of it in the face.
    fn page(share: f32) -> RgbImage {
        let mut state = 7_u32;
        RgbImage::from_fn(600, 400, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = ((state >> 24) as f32 - 128.0) / 20.0;
            let share = if holds(&FACE, [x as f32, y as f32]) { share } else { 1.0 };
            image::Rgb([(140.0 + noise * share) as u8; 3])
        })
    }

    #[test]
    fn a_face_without_the_pages_noise_stands_out_and_one_with_it_does_not() {
        assert!(quietness(&page(1.0), &FACE, &ALL).unwrap().abs() < 0.15);
        assert!(quietness(&page(0.2), &FACE, &ALL).unwrap() > 1.0);
        assert!(quietness(&page(3.0), &FACE, &ALL).unwrap() < -0.7);
    }

    #[test]
    fn too_small_or_black_pictures_are_not_judged() {
        assert_eq!(quietness(&RgbImage::new(600, 400), &FACE, &ALL), None);
        assert_eq!(quietness(&RgbImage::new(0, 0), &FACE, &ALL), None);
        assert_eq!(quietness(&page(1.0), &Rect { w: 10.0, h: 10.0, ..FACE }, &ALL), None);
        assert_eq!(quietness(&RgbImage::from_pixel(600, 400, image::Rgb([128; 3])), &FACE, &ALL), Some(0.0));
    }

    proptest! {
        #[test]
        fn any_regions_give_a_number_or_nothing(face in prop::array::uniform4(-500f32..900.0), all in prop::array::uniform4(-500f32..900.0)) {
            let rect = |[x, y, w, h]: [f32; 4]| Rect { x, y, w, h };
            prop_assert!(quietness(&page(0.5), &rect(face), &rect(all)).is_none_or(f32::is_finite));
        }
    }
}
