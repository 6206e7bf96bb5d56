//! MediaPipe's face mesh: 478 points of one face, and the region of the face in the next frame.

use media::Affine;

use crate::{
    detect::Detection,
    geometry::{Rect, distance},
};

/// Points of a mesh.
pub const POINTS: usize = 478;
/// Side of the network's input in pixels.
pub(crate) const SIDE: usize = 256;
/// Side of the crop relative to the longer side of the face.
const ZOOM: f32 = 1.5;
/// The outer corners of the eyes; their distance is the unit of a face.
pub const EYE_CORNERS: [usize; 2] = [33, 263];

/// The points of a face: x and y in frame pixels, z (depth, towards the camera negative) on the same scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Mesh {
    pub points: Box<[[f32; 3]; POINTS]>,
    /// Confidence of the network that there is a face, 0-1.
    pub presence: f32,
}

impl Mesh {
    pub fn at(&self, i: usize) -> [f32; 2] {
        let [x, y, _] = self.points[i];
        [x, y]
    }

    /// Distance between the outer corners of the eyes, in pixels.
    pub fn eye_distance(&self) -> f32 {
        distance(self.at(EYE_CORNERS[0]), self.at(EYE_CORNERS[1]))
    }

    /// Returns the alignment points in the detector's order: eyes, tip of the nose, corners of the mouth.
    pub fn five_points(&self) -> [[f32; 2]; 5] {
        let middle = |[a, b]: [usize; 2]| {
            let ([ax, ay], [bx, by]) = (self.at(a), self.at(b));
            [(ax + bx) / 2.0, (ay + by) / 2.0]
        };
        [middle([33, 133]), middle([362, 263]), self.at(4), self.at(61), self.at(291)]
    }

    /// Returns the smallest box around the face's points (the irises, 468 on, lie within).
    pub fn rect(&self) -> Rect {
        Rect::about(self.points.iter().map(|p| [p[0], p[1]]))
    }
}

/// A square of the frame around a face, rotated so that the eyes are level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    pub centre: [f32; 2],
    /// Pixels.
    pub side: f32,
    /// Angle of the line from the left eye to the right one in the picture, radians.
    pub angle: f32,
}

impl Region {
    pub fn of_detection(face: &Detection) -> Self {
        Self::about(&face.rect, face.points[0], face.points[1])
    }

    pub fn of_mesh(mesh: &Mesh) -> Self {
        Self::about(&mesh.rect(), mesh.at(EYE_CORNERS[0]), mesh.at(EYE_CORNERS[1]))
    }

    fn about(rect: &Rect, eye: [f32; 2], other: [f32; 2]) -> Self {
        let angle = (other[1] - eye[1]).atan2(other[0] - eye[0]);
        Self { centre: rect.centre(), side: ZOOM * rect.w.max(rect.h), angle }
    }

    /// Maps crop pixels to frame pixels.
    pub(crate) fn map(&self) -> Affine {
        Affine::square(self.centre, self.side, self.angle, SIDE)
    }

    /// Returns this region moved a share of the way to `next`: the network's points jitter a little with its crop, so
    /// the crop follows the face slowly. A far region is taken at once.
    pub(crate) fn towards(&self, next: &Self) -> Self {
        let off = distance(self.centre, next.centre) / self.side;
        let growth = (next.side / self.side).ln().abs();
        let turn = wrap(next.angle - self.angle);
        if off > 0.12 || growth > 0.15 || turn.abs() > 0.2 {
            return *next;
        }
        let mix = |a: f32, b: f32, share: f32| a + share * (b - a);
        let centre = [mix(self.centre[0], next.centre[0], 0.5), mix(self.centre[1], next.centre[1], 0.5)];
        Self { centre, side: mix(self.side, next.side, 0.15), angle: self.angle + 0.4 * turn }
    }
}

fn wrap(angle: f32) -> f32 {
    (angle + std::f32::consts::PI).rem_euclid(std::f32::consts::TAU) - std::f32::consts::PI
}

/// Whether `next`, a mesh of some frames later, cannot be the face of `last`: it moved by more than a third of its
/// width, or grew or shrank by more than a third.
pub(crate) fn is_jump(last: &Mesh, next: &Mesh) -> bool {
    let (a, b) = (last.rect(), next.rect());
    let off = distance(a.centre(), b.centre()) / a.w.max(1.0);
    let growth = (b.w.max(1.0) * b.h.max(1.0) / (a.w * a.h).max(1.0)).sqrt();
    off > 0.35 || !(0.75..1.33).contains(&growth) || !off.is_finite()
}

/// Lids of both eyes: outer corner, two points of the upper lid, inner corner, two of the lower one.
const EYES: [[usize; 6]; 2] = [[33, 160, 158, 133, 153, 144], [362, 385, 387, 263, 373, 380]];

/// Returns the eye aspect ratio of Soukupova and Cech (2016), the mean of both eyes; about .3 open, below .2 shut.
pub fn eye_openness(mesh: &Mesh) -> f32 {
    let ratio = |[p1, p2, p3, p4, p5, p6]: [usize; 6]| {
        let between = |a, b| distance(mesh.at(a), mesh.at(b));
        (between(p2, p6) + between(p3, p5)) / (2.0 * between(p1, p4)).max(1e-6)
    };
    (ratio(EYES[0]) + ratio(EYES[1])) / 2.0
}

/// Returns the mouth opening: the gap between the inner lips relative to the eye distance.
pub fn mouth_openness(mesh: &Mesh) -> f32 {
    distance(mesh.at(13), mesh.at(14)) / mesh.eye_distance().max(1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disc(x: f32, y: f32, radius: f32) -> Mesh {
        let point = |i: usize| {
            let angle = i as f32 / POINTS as f32 * std::f32::consts::TAU;
            [x + radius * angle.cos(), y + radius * angle.sin(), 0.0]
        };
        Mesh { points: Box::new(std::array::from_fn(point)), presence: 1.0 }
    }

    #[test]
    fn a_region_holds_the_face_with_a_margin() {
        let region = Region::of_mesh(&disc(100.0, 80.0, 20.0));
        assert!(distance(region.centre, [100.0, 80.0]) < 0.1);
        assert!((region.side - 60.0).abs() < 0.1);
    }

    #[test]
    fn small_moves_are_followed_slowly_and_large_ones_at_once() {
        let here = Region { centre: [100.0, 100.0], side: 100.0, angle: 0.0 };
        let near = Region { centre: [104.0, 100.0], ..here };
        let far = Region { centre: [190.0, 100.0], ..here };
        assert_eq!(here.towards(&near).centre, [102.0, 100.0]);
        assert_eq!(here.towards(&far), far);
    }

    #[test]
    fn a_face_elsewhere_is_a_jump_and_a_nod_is_not() {
        let here = disc(100.0, 100.0, 40.0);
        assert!(!is_jump(&here, &disc(110.0, 105.0, 42.0)));
        assert!(is_jump(&here, &disc(160.0, 100.0, 40.0)));
        assert!(is_jump(&here, &disc(100.0, 100.0, 60.0)));
    }

    #[test]
    fn angles_turn_the_short_way() {
        assert!((wrap(3.1 - -3.1) + 0.083).abs() < 0.01);
    }
}
