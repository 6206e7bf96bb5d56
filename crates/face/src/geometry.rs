//! Boxes, and the similarity transform between two sets of points.

use media::Affine;

/// A rectangle in picture pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

impl Rect {
    /// The smallest box about `points`.
    pub fn about(points: impl IntoIterator<Item = [f32; 2]>) -> Self {
        let start = [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY];
        let [left, top, right, bottom] =
            points.into_iter().fold(start, |[l, t, r, b], [x, y]| [l.min(x), t.min(y), r.max(x), b.max(y)]);
        if left > right {
            Self::default()
        } else {
            Self { x: left, y: top, w: right - left, h: bottom - top }
        }
    }

    pub fn centre(&self) -> [f32; 2] {
        [self.x + self.w / 2.0, self.y + self.h / 2.0]
    }

    pub fn area(&self) -> f32 {
        self.w * self.h
    }

    /// Returns the distance of its centre from the middle of a `width` x `height` picture: 0 there, 1 at the left and
    /// right edge. Vertical distance counts half: in a picture of head and shoulders the face is in the upper part.
    pub fn off_centre(&self, width: u32, height: u32) -> f32 {
        let ([x, y], w, h) = (self.centre(), width as f32 / 2.0, height as f32 / 2.0);
        ((x - w) / w).abs().max(((y - h) / h).abs() / 2.0)
    }

    /// Whether all of it is inside a `width` x `height` picture.
    pub fn is_within(&self, width: u32, height: u32) -> bool {
        self.x >= 0.0 && self.y >= 0.0 && self.x + self.w <= width as f32 && self.y + self.h <= height as f32
    }

    /// Intersection over union, 0-1.
    pub fn overlap(&self, other: &Self) -> f32 {
        let w = (self.x + self.w).min(other.x + other.w) - self.x.max(other.x);
        let h = (self.y + self.h).min(other.y + other.h) - self.y.max(other.y);
        let shared = w.max(0.0) * h.max(0.0);
        let both = self.area() + other.area() - shared;
        if both > 0.0 { shared / both } else { 0.0 }
    }
}

/// Returns the similarity (rotation, scale, shift) from `from` to `to` with the least squared error; in two
/// dimensions the solution of Umeyama (1991) is a complex ratio.
pub fn similarity<const N: usize>(from: &[[f32; 2]; N], to: &[[f32; 2]; N]) -> Affine {
    let mean = |points: &[[f32; 2]; N]| {
        let sum = points.iter().fold([0.0; 2], |s, p| [s[0] + p[0], s[1] + p[1]]);
        sum.map(|v| v / N as f32)
    };
    let (mf, mt) = (mean(from), mean(to));
    let (mut dot, mut cross, mut norm) = (0.0, 0.0, 0.0);
    for (p, q) in from.iter().zip(to) {
        let ([px, py], [qx, qy]) = ([p[0] - mf[0], p[1] - mf[1]], [q[0] - mt[0], q[1] - mt[1]]);
        dot += px * qx + py * qy;
        cross += px * qy - py * qx;
        norm += px * px + py * py;
    }
    let norm = if norm > 0.0 { norm } else { 1.0 };
    let (a, b) = (dot / norm, cross / norm);
    Affine([[a, -b, mt[0] - a * mf[0] + b * mf[1]], [b, a, mt[1] - b * mf[0] - a * mf[1]]])
}

pub fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Returns the median; 0 for an empty list.
pub fn median(values: impl IntoIterator<Item = f32>) -> f32 {
    quantile(values, 0.5)
}

/// Returns the quantile `q` (0-1); 0 for an empty list.
pub fn quantile(values: impl IntoIterator<Item = f32>, q: f32) -> f32 {
    let mut values: Vec<f32> = values.into_iter().collect();
    values.sort_by(f32::total_cmp);
    let at = (q * values.len().saturating_sub(1) as f32).round() as usize;
    values.get(at).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn boxes_overlap_by_their_shared_part() {
        let (a, b) = (Rect { x: 0.0, y: 0.0, w: 2.0, h: 2.0 }, Rect { x: 1.0, y: 0.0, w: 2.0, h: 2.0 });
        assert!((a.overlap(&b) - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(a.overlap(&Rect { x: 9.0, ..a }), 0.0);
    }

    proptest! {
        #[test]
        fn a_similarity_is_found_again(
            angle in -3.0f32..3.0, scale in 0.2f32..4.0, x in -50.0f32..50.0, y in -50.0f32..50.0
        ) {
            let from = [[0.0, 0.0], [10.0, 1.0], [4.0, 9.0], [-3.0, 6.0], [7.0, -5.0]];
            let (sin, cos) = (scale * angle.sin(), scale * angle.cos());
            let truth = Affine([[cos, -sin, x], [sin, cos, y]]);
            let found = similarity(&from, &from.map(|p| truth.apply(p)));
            for p in from {
                prop_assert!(distance(found.apply(p), truth.apply(p)) < 1e-2);
            }
        }
    }
}
