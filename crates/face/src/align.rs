//! Aligned crops for the face recognition networks, and their quality.

use media::{Affine, Pixels};

use crate::{
    detect::Detection,
    geometry::{distance, similarity},
};

/// Side of an aligned face in pixels.
pub const ALIGNED: usize = 112;
/// Side of a crop for the texture network.
pub const TEXTURE: usize = 128;
/// Sides of the crops for the texture network, relative to the face: a close one, and one with its outline.
pub(crate) const TEXTURE_ZOOMS: [f32; 2] = [1.0, 1.5];

/// Positions of eyes, nose and mouth corners in ArcFace's 112x112 template (insightface).
const TEMPLATE: [[f32; 2]; 5] =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

/// A face aligned for recognition: RGB planes of 112x112, 0-255.
#[derive(Clone, Debug)]
pub struct AlignedFace {
    pub planes: Vec<f32>,
}

/// Crops `face` out of `pixels`, with its five points on the template.
pub fn align(pixels: &dyn Pixels, face: &Detection) -> AlignedFace {
    let map = similarity(&TEMPLATE, &face.points);
    let plane = ALIGNED * ALIGNED;
    let mut planes = vec![0.0; 3 * plane];
    pixels.sample(&map, ALIGNED, ALIGNED, &mut |y, row| {
        for (channel, line) in [row.r, row.g, row.b].into_iter().enumerate() {
            let at = channel * plane + y * ALIGNED;
            planes[at..at + ALIGNED].copy_from_slice(line);
        }
    });
    AlignedFace { planes }
}

impl AlignedFace {
    pub(crate) fn luma(&self) -> Vec<f32> {
        let (r, rest) = self.planes.split_at(ALIGNED * ALIGNED);
        let (g, b) = rest.split_at(ALIGNED * ALIGNED);
        r.iter().zip(g).zip(b).map(|((r, g), b)| 0.299 * r + 0.587 * g + 0.114 * b).collect()
    }

    /// Returns the crop as RGB bytes, row by row.
    pub fn to_rgb(&self) -> Vec<u8> {
        let plane = ALIGNED * ALIGNED;
        (0..3 * plane).map(|i| self.planes[i % 3 * plane + i / 3] as u8).collect()
    }
}

/// Crops the input of the texture network: BGR planes of 128x128, 0-255, of the face's box enlarged `zoom` times and
/// moved back inside the picture.
pub fn texture_crop(pixels: &dyn Pixels, face: &Detection, zoom: f32) -> Vec<f32> {
    let rect = face.rect;
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    let zoom = zoom.min((width - 1.0) / rect.w).min((height - 1.0) / rect.h);
    let (w, h) = (rect.w * zoom, rect.h * zoom);
    let [cx, cy] = rect.centre();
    let left = (cx - w / 2.0).min(width - 1.0 - w).max(0.0);
    let top = (cy - h / 2.0).min(height - 1.0 - h).max(0.0);
    let (sx, sy) = (w / TEXTURE as f32, h / TEXTURE as f32);
    let map = Affine([[sx, 0.0, left + (sx - 1.0) / 2.0], [0.0, sy, top + (sy - 1.0) / 2.0]]);
    let plane = TEXTURE * TEXTURE;
    let mut planes = vec![0.0; 3 * plane];
    pixels.sample(&map, TEXTURE, TEXTURE, &mut |y, row| {
        for (channel, line) in [row.b, row.g, row.r].into_iter().enumerate() {
            let at = channel * plane + y * TEXTURE;
            planes[at..at + TEXTURE].copy_from_slice(line);
        }
    });
    planes
}

/// The recognition quality of a crop; each part 0-1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Eye distance relative to the template's: 1 when nothing was enlarged.
    pub size: f32,
    /// Variance of the Laplacian of the aligned crop relative to 60, where photos stop looking soft.
    pub sharpness: f32,
    /// Nose midway between the eyes: 1 when facing the camera, 0 in half profile.
    pub frontal: f32,
    /// Mean brightness away from black and white, and contrast.
    pub exposure: f32,
    /// The detector's confidence.
    pub confidence: f32,
}

impl Quality {
    pub fn of(face: &Detection, crop: &AlignedFace) -> Self {
        let luma = crop.luma();
        let [eye, other, nose, ..] = face.points;
        let eyes = distance(eye, other).max(1.0);
        let along = ((nose[0] - eye[0]) * (other[0] - eye[0]) + (nose[1] - eye[1]) * (other[1] - eye[1]))
            / (eyes * eyes);
        let mean = luma.iter().sum::<f32>() / luma.len() as f32;
        let spread = (luma.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / luma.len() as f32).sqrt();
        Self {
            size: (eyes / distance(TEMPLATE[0], TEMPLATE[1])).min(1.0),
            sharpness: (laplacian_variance(&luma, ALIGNED) / 60.0).min(1.0),
            frontal: (1.0 - 2.0 * (along - 0.5).abs()).clamp(0.0, 1.0),
            exposure: (mean.min(255.0 - mean) / 60.0).min(spread / 25.0).clamp(0.0, 1.0),
            confidence: face.score,
        }
    }

    /// Returns the geometric mean of all parts, 0-1, so that one bad part spoils the crop.
    pub fn overall(&self) -> f32 {
        let parts = [self.size, self.sharpness, self.frontal, self.exposure, self.confidence];
        parts.iter().product::<f32>().powf(1.0 / parts.len() as f32)
    }
}

/// Returns the variance of the inner pixels of a picture `width` across.
pub(crate) fn laplacian_variance(luma: &[f32], width: usize) -> f32 {
    let height = luma.len() / width.max(1);
    if width < 3 || height < 3 {
        return 0.0;
    }
    let at = |x: usize, y: usize| luma[y * width + x];
    let edges = (1..height - 1).flat_map(|y| {
        (1..width - 1)
            .map(move |x| at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4.0 * at(x, y))
    });
    let (sum, squares) = edges.fold((0.0, 0.0), |(s, q), v| (s + v, q + v * v));
    let n = ((width - 2) * (height - 2)) as f32;
    squares / n - (sum / n) * (sum / n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;

    fn face(points: [[f32; 2]; 5]) -> Detection {
        Detection { rect: Rect { x: 10.0, y: 10.0, w: 90.0, h: 95.0 }, points, score: 0.9 }
    }

    fn picture(of: impl Fn(u32, u32) -> u8) -> media::Picture {
        media::Picture::from_rgb(&image::RgbImage::from_fn(120, 120, |x, y| image::Rgb([of(x, y); 3])))
    }

    #[test]
    fn points_on_the_template_give_the_picture_itself() {
        let crop = align(&picture(|x, y| (x + y) as u8), &face(TEMPLATE));
        assert!((crop.planes[50 * ALIGNED + 30] - 80.0).abs() < 0.1);
    }

    #[test]
    fn a_sharp_frontal_face_beats_a_soft_one_and_a_profile() {
        let checks = |x: u32, y: u32| if (x / 4 + y / 4).is_multiple_of(2) { 80 } else { 170 };
        let sharp = Quality::of(&face(TEMPLATE), &align(&picture(checks), &face(TEMPLATE)));
        let soft = Quality::of(&face(TEMPLATE), &align(&picture(|x, _| 60 + x as u8), &face(TEMPLATE)));
        let mut turned = TEMPLATE;
        turned[2][0] = 72.0;
        let profile = Quality::of(&face(turned), &align(&picture(checks), &face(TEMPLATE)));
        assert!(sharp.overall() > soft.overall() && sharp.overall() > profile.overall());
    }

    #[test]
    fn a_texture_crop_at_the_border_is_moved_inside() {
        let edge = Detection { rect: Rect { x: -10.0, y: -10.0, w: 60.0, h: 60.0 }, ..face(TEMPLATE) };
        let crop = texture_crop(&picture(|_, _| 200), &edge, TEXTURE_ZOOMS[0]);
        assert!(crop.iter().all(|v| (v - 200.0).abs() < 1.0), "nothing of it lies outside");
    }
}
