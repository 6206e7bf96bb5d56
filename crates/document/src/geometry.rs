//! Four-sided regions and the projective maps between them.

use face::Rect;
use nalgebra::{SMatrix, SVector};
use serde::Serialize;

/// Four corners in pixels, clockwise from the top left in reading direction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quad(pub [[f32; 2]; 4]);

impl Quad {
    /// Returns the corners of an upright rectangle.
    pub fn of_rect(rect: Rect) -> Self {
        let (l, t, r, b) = (rect.x, rect.y, rect.x + rect.w, rect.y + rect.h);
        Self([[l, t], [r, t], [r, b], [l, b]])
    }

    /// Returns the mean length of the upper and lower side, pixels.
    pub fn width(&self) -> f32 {
        let [a, b, c, d] = self.0;
        (length(a, b) + length(d, c)) / 2.0
    }

    /// Returns the mean length of the left and right side, pixels.
    pub fn height(&self) -> f32 {
        let [a, b, c, d] = self.0;
        (length(a, d) + length(b, c)) / 2.0
    }

    pub fn centre(&self) -> [f32; 2] {
        let sum = self.0.iter().fold([0.0; 2], |s, p| [s[0] + p[0], s[1] + p[1]]);
        sum.map(|v| v / 4.0)
    }

    /// Returns the smallest upright rectangle around it.
    pub fn bounds(&self) -> Rect {
        Rect::about(self.0)
    }

    /// Returns the angle of the upper and lower side to the picture's x axis, radians.
    pub fn angle(&self) -> f32 {
        let [a, b, c, d] = self.0;
        (b[1] - a[1] + c[1] - d[1]).atan2(b[0] - a[0] + c[0] - d[0])
    }

    /// Maps every corner by `map`.
    #[must_use]
    pub fn mapped(&self, map: &Homography) -> Self {
        Self(self.0.map(|p| map.apply(p)))
    }

    /// Returns whether a point is inside or on the border.
    pub fn contains(&self, [x, y]: [f32; 2]) -> bool {
        let next = self.0.iter().cycle().skip(1);
        let side = |p: &[f32; 2], q: &[f32; 2]| (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]);
        let sides: Vec<f32> = self.0.iter().zip(next).map(|(p, q)| side(p, q)).collect();
        sides.iter().all(|s| *s >= 0.0) || sides.iter().all(|s| *s <= 0.0)
    }

    /// Moves every side outwards: left and right by `across`, upper and lower by `along` pixels.
    #[must_use]
    pub fn grown(&self, across: f32, along: f32) -> Self {
        let [a, b, c, d] = self.0;
        let unit = |p: [f32; 2], q: [f32; 2]| {
            let l = length(p, q).max(1e-6);
            [(q[0] - p[0]) / l, (q[1] - p[1]) / l]
        };
        let ([ux, uy], [vx, vy]) = (unit(a, b), unit(a, d));
        let moved = |p: [f32; 2], u: f32, v: f32| [p[0] + u * ux + v * vx, p[1] + u * uy + v * vy];
        Self([
            moved(a, -across, -along),
            moved(b, across, -along),
            moved(c, across, along),
            moved(d, -across, along),
        ])
    }

    /// Rotates the quad clockwise by `angle` radians about its middle.
    #[must_use]
    pub fn turned(&self, angle: f32) -> Self {
        let ([x, y], (sin, cos)) = (self.centre(), angle.sin_cos());
        Self(self.0.map(|[px, py]| {
            let (dx, dy) = (px - x, py - y);
            [x + dx * cos - dy * sin, y + dx * sin + dy * cos]
        }))
    }

    /// Returns the area in square pixels (shoelace formula).
    pub fn area(&self) -> f32 {
        let next = self.0.iter().cycle().skip(1);
        self.0.iter().zip(next).map(|(p, q)| p[0] * q[1] - q[0] * p[1]).sum::<f32>().abs() / 2.0
    }
}

/// Returns the smallest rectangle around `points`, with the upper side closest to the x axis; `None` for fewer than two
/// points. One of its sides is on a side of the convex hull (Freeman and Shapira 1975).
pub(crate) fn smallest_rectangle(points: &[[f32; 2]]) -> Option<Quad> {
    let hull = convex_hull(points);
    if hull.len() < 2 {
        return None;
    }
    let next = hull.iter().cycle().skip(1);
    let rectangles = hull.iter().zip(next).filter_map(|(p, q)| {
        let l = length(*p, *q);
        (l > 0.0).then(|| around(&hull, [(q[0] - p[0]) / l, (q[1] - p[1]) / l]))
    });
    rectangles.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, quad)| quad)
}

/// Returns the rectangle around `points` with a side along `u`, and its area.
pub(crate) fn around(points: &[[f32; 2]], u: [f32; 2]) -> (f32, Quad) {
    // The axis closest to the picture's x axis is the upper side, pointing right.
    let u = if u[0].abs() >= u[1].abs() { u } else { [-u[1], u[0]] };
    let u = if u[0] < 0.0 { [-u[0], -u[1]] } else { u };
    let v = [-u[1], u[0]];
    let along = |axis: [f32; 2]| {
        points
            .iter()
            .map(|p| p[0] * axis[0] + p[1] * axis[1])
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), d| (l.min(d), h.max(d)))
    };
    let ((l, r), (t, b)) = (along(u), along(v));
    let corner = |x: f32, y: f32| [x * u[0] + y * v[0], x * u[1] + y * v[1]];
    ((r - l) * (b - t), Quad([corner(l, t), corner(r, t), corner(r, b), corner(l, b)]))
}

/// Returns the convex hull, by Andrew's monotone chain.
pub(crate) fn convex_hull(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sorted.dedup();
    let half = |points: &mut dyn Iterator<Item = &[f32; 2]>| {
        let mut chain: Vec<[f32; 2]> = Vec::new();
        for p in points {
            while let [.., a, b] = chain[..] {
                if (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(*p);
        }
        chain.pop();
        chain
    };
    let mut hull = half(&mut sorted.iter());
    hull.extend(half(&mut sorted.iter().rev()));
    hull
}

fn length(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// A projective map of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homography(pub [f32; 9]);

impl Homography {
    /// Returns the map from the corners of `from` to those of `to`; `None` when three corners are collinear.
    pub fn between(from: &Quad, to: &Quad) -> Option<Self> {
        let mut a = SMatrix::<f64, 8, 8>::zeros();
        let mut b = SVector::<f64, 8>::zeros();
        for (i, (p, q)) in from.0.iter().zip(&to.0).enumerate() {
            let ([x, y], [u, v]) = (p.map(f64::from), q.map(f64::from));
            let first = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y];
            let second = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y];
            for k in 0..8 {
                (a[(2 * i, k)], a[(2 * i + 1, k)]) = (first[k], second[k]);
            }
            (b[2 * i], b[2 * i + 1]) = (u, v);
        }
        let h = a.lu().solve(&b)?;
        let mut map = [1.0; 9];
        map.iter_mut().zip(h.iter()).for_each(|(m, v)| *m = *v as f32);
        map.iter().all(|v| v.is_finite()).then_some(Self(map))
    }

    /// Returns the map from a `width` x `height` crop to `quad`, corner to corner.
    pub fn of_crop(width: u32, height: u32, quad: &Quad) -> Option<Self> {
        let crop = Rect { x: 0.0, y: 0.0, w: width as f32, h: height as f32 };
        Self::between(&Quad::of_rect(crop), quad)
    }

    pub fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let m = &self.0;
        let w = m[6] * x + m[7] * y + m[8];
        let w = if w.abs() < 1e-9 { 1e-9 } else { w };
        [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_homography_takes_corners_to_corners(shift in prop::array::uniform8(-20.0f32..20.0)) {
            let from = Quad::of_rect(Rect { x: 0.0, y: 0.0, w: 300.0, h: 200.0 });
            let mut to = Quad::of_rect(Rect { x: 40.0, y: 50.0, w: 260.0, h: 210.0 });
            to.0.iter_mut().zip(shift.chunks_exact(2)).for_each(|(p, s)| *p = [p[0] + s[0], p[1] + s[1]]);
            let map = Homography::between(&from, &to).unwrap();
            for (p, q) in from.0.iter().zip(to.0) {
                let [x, y] = map.apply(*p);
                prop_assert!((x - q[0]).abs() < 0.1 && (y - q[1]).abs() < 0.1);
            }
        }
    }

    #[test]
    fn corners_on_a_line_have_no_map() {
        let flat = Quad([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]);
        assert_eq!(Homography::between(&flat, &flat), None);
    }
}
