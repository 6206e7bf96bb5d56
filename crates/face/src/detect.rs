//! YuNet (OpenCV Zoo, 2023mar): face detection with five points; preparation of its input and decoding of its output.

use media::{Affine, Pixels};

use crate::{geometry::Rect, landmarks::PRESENT, mesh::Mesh};

/// Detections below this confidence are dropped.
const SCORE: f32 = 0.6;
/// Of two boxes that overlap by more than this, the weaker is dropped.
const OVERLAP: f32 = 0.3;
pub(crate) const STRIDES: [usize; 3] = [8, 16, 32];

/// A face in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// From forehead to chin, in picture pixels.
    pub rect: Rect,
    /// Right eye, left eye, nose tip, right and left corner of the mouth; right is the person's right, left in the
    /// picture.
    pub points: [[f32; 2]; 5],
    /// Confidence, 0.6-1.
    pub score: f32,
}

impl Detection {
    /// Returns the detection with the five points of `mesh`, if `mesh` lies on a face.
    pub(crate) fn refined(&self, mesh: &Mesh) -> Self {
        let points = if mesh.presence < PRESENT { self.points } else { mesh.five_points() };
        Self { points, ..*self }
    }
}

/// A picture prepared for the network.
#[derive(Debug)]
pub(crate) struct Letterbox {
    /// Blue, green and red planes, 0-255, the picture at the top left.
    pub input: Vec<f32>,
    pub width: usize,
    pub height: usize,
    /// Picture pixels per network pixel.
    pub scale: f32,
}

/// Shrinks `pixels` until the longer side is `side` (never enlarges) and pads to multiples of 32 with black.
pub(crate) fn letterbox(pixels: &dyn Pixels, side: u32) -> Letterbox {
    let (w, h) = (pixels.width(), pixels.height());
    let scale = (w.max(h) as f32 / side as f32).max(1.0);
    let network = |v: u32| (v as f32 / scale).round().max(1.0) as usize;
    let (shown_w, shown_h) = (network(w), network(h));
    let (width, height) = (shown_w.next_multiple_of(32), shown_h.next_multiple_of(32));
    let plane = width * height;
    let mut input = vec![0.0; 3 * plane];
    pixels.sample(&Affine::shrink(scale), shown_w, shown_h, &mut |y, row| {
        for (channel, line) in [row.b, row.g, row.r].into_iter().enumerate() {
            let at = channel * plane + y * width;
            input[at..at + shown_w].copy_from_slice(line);
        }
    });
    Letterbox { input, width, height, scale }
}

/// The network's four outputs at one stride.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub class: &'a [f32],
    pub object: &'a [f32],
    /// Four numbers per cell.
    pub boxes: &'a [f32],
    /// Ten numbers per cell.
    pub points: &'a [f32],
}

/// Decodes the faces of one stride, in picture pixels: score = sqrt(class * object), centre = (cell + offset) *
/// stride, size = exp(size) * stride, points = (cell + offset) * stride.
pub(crate) fn decode(head: &Head, stride: usize, columns: usize, scale: f32, found: &mut Vec<Detection>) {
    let cells =
        head.class.iter().zip(head.object).zip(head.boxes.chunks_exact(4)).zip(head.points.chunks_exact(10));
    for (i, (((class, object), b), p)) in cells.enumerate() {
        let score = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
        if score < SCORE {
            continue;
        }
        let (column, row) = ((i % columns) as f32, (i / columns) as f32);
        let unit = stride as f32 * scale;
        let (w, h) = (b[2].exp() * unit, b[3].exp() * unit);
        let rect = Rect { x: (column + b[0]) * unit - w / 2.0, y: (row + b[1]) * unit - h / 2.0, w, h };
        let points = std::array::from_fn(|k| [(p[2 * k] + column) * unit, (p[2 * k + 1] + row) * unit]);
        if rect.area().is_finite() {
            found.push(Detection { rect, points, score });
        }
    }
}

/// Non-maximum suppression; returns the rest, largest first.
pub(crate) fn suppress(mut found: Vec<Detection>) -> Vec<Detection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for face in found {
        if kept.iter().all(|k| k.rect.overlap(&face.rect) <= OVERLAP) {
            kept.push(face);
        }
    }
    kept.sort_by(|a, b| b.rect.area().total_cmp(&a.rect.area()));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_becomes_a_box_in_picture_pixels() {
        let (mut class, mut object) = ([0.0; 6], [1.0; 6]);
        (class[4], object[4]) = (0.81, 1.0); // column 1, row 1 of three columns
        let mut boxes = [0.0; 24];
        boxes[16..20].copy_from_slice(&[0.5, 0.25, 0.0, 2.0_f32.ln()]);
        let head = Head { class: &class, object: &object, boxes: &boxes, points: &[0.0; 60] };
        let mut found = Vec::new();
        decode(&head, 8, 3, 2.0, &mut found);
        let [face] = found[..] else { panic!("{found:?}") };
        assert!((face.score - 0.9).abs() < 1e-6);
        assert_eq!(face.rect, Rect { x: 16.0, y: 4.0, w: 16.0, h: 32.0 });
        assert_eq!(face.points[3], [16.0, 16.0]);
    }

    #[test]
    fn of_overlapping_faces_the_most_confident_stays_and_the_largest_is_first() {
        let face = |x: f32, w: f32, score: f32| Detection {
            rect: Rect { x, y: 0.0, w, h: w },
            points: [[0.0; 2]; 5],
            score,
        };
        let kept = suppress(vec![face(0.0, 10.0, 0.7), face(1.0, 10.0, 0.9), face(50.0, 30.0, 0.8)]);
        assert_eq!(kept.iter().map(|k| k.rect.x).collect::<Vec<_>>(), [50.0, 1.0]);
    }
}
