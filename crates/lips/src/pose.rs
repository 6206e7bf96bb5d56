//! Removes the head's movement from mesh points: every frame is rigidly aligned to the clip's median face, seen from
//! the front.

use nalgebra::{Matrix3, Vector3};

use crate::MESH_POINTS;

/// Points that hardly move while talking: eye corners, bridge and tip of the nose, forehead, temples, outer ends of
/// the brows.
const RIGID: [usize; 24] = [
    33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 8, 9, 10, 151, 67, 297, 103, 332, 127, 356, 234, 454, 46, 276,
];
const LIPS: [usize; 40] = [
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91,
    146, // outer edge
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88,
    95, // inner edge
];
const CHIN: usize = 152;
/// Upper and lower inner lip, as indices in [`LIPS`]: mesh points 13-14, 82-87, 312-317.
const GAPS: [(usize, usize); 3] = [(25, 35), (24, 36), (26, 34)];

/// Indices of mesh points 33, 263, 4, 9, 151 among the rigid ones.
const EYE_RIGHT: usize = 0;
const EYE_LEFT: usize = 3;
const NOSE_TIP: usize = 9;
const GLABELLA: usize = 11;
const FOREHEAD: usize = 13;

/// The mesh points that are used, for one frame.
#[derive(Clone)]
pub(crate) struct Face {
    rigid: [Vector3<f64>; 24],
    pub(crate) lips: [Vector3<f64>; 40],
    chin: Vector3<f64>,
}

impl Face {
    pub(crate) fn of(points: &[[f32; 3]; MESH_POINTS]) -> Self {
        let at = |i: usize| Vector3::from(points[i].map(f64::from));
        Self { rigid: RIGID.map(at), lips: LIPS.map(at), chin: at(CHIN) }
    }

    /// Interpolates `share` of the way (0..=1) from here to `next`.
    pub(crate) fn between(&self, next: &Self, share: f64) -> Self {
        let mix = |a: &Vector3<f64>, b: &Vector3<f64>| a * (1.0 - share) + b * share;
        Self {
            rigid: std::array::from_fn(|i| mix(&self.rigid[i], &next.rigid[i])),
            lips: std::array::from_fn(|i| mix(&self.lips[i], &next.lips[i])),
            chin: mix(&self.chin, &next.chin),
        }
    }

    pub(crate) fn eye_distance(&self) -> f64 {
        (self.rigid[EYE_RIGHT] - self.rigid[EYE_LEFT]).norm()
    }

    /// Returns the degrees that the face is turned aside from the camera; 0 for degenerate points.
    pub(crate) fn turn(&self) -> f64 {
        self.axes().map_or(0.0, |axes| axes.m31.atan2(axes.m33).to_degrees())
    }

    /// Returns rows: along the line of the eyes, down the face, through it.
    fn axes(&self) -> Option<Matrix3<f64>> {
        let x = (self.rigid[EYE_LEFT] - self.rigid[EYE_RIGHT]).try_normalize(1e-9)?;
        let down = (self.rigid[NOSE_TIP] + self.chin - self.rigid[GLABELLA] - self.rigid[FOREHEAD]) / 2.0;
        let y = (down - x * down.dot(&x)).try_normalize(1e-9)?;
        Some(Matrix3::from_rows(&[x.transpose(), y.transpose(), x.cross(&y).transpose()]))
    }

    fn map(&self, f: impl Fn(&Vector3<f64>) -> Vector3<f64>) -> Self {
        Self { rigid: self.rigid.each_ref().map(&f), lips: self.lips.each_ref().map(&f), chin: f(&self.chin) }
    }

    /// Returns the mean opening of the inner lips in the points' unit.
    pub(crate) fn aperture(&self) -> f64 {
        GAPS.iter().map(|&(up, low)| (self.lips[up] - self.lips[low]).norm()).sum::<f64>() / GAPS.len() as f64
    }
}

/// Returns the faces as if the head had stayed still and frontal, in eye distances; `None` for degenerate points.
pub(crate) fn pose_free(faces: &[Face]) -> Option<Vec<Face>> {
    let unit = median(&mut faces.iter().map(Face::eye_distance).collect::<Vec<_>>());
    if !unit.is_normal() {
        return None;
    }
    let scaled: Vec<Face> = faces.iter().map(|f| f.map(|p| p / unit)).collect();
    let reference = frontal(&median_face(&scaled))?;
    let laid: Option<Vec<Face>> = scaled.iter().map(|f| lay_on(f, &reference)).collect();
    laid.filter(|faces| faces.iter().all(|f| f.lips.iter().all(|p| p.iter().all(|v| v.is_finite()))))
}

/// Returns the median, the mean of the two middle values for an even number; NaN for none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    match values {
        [] => f64::NAN,
        _ if values.len() % 2 == 1 => values[half],
        _ => f64::midpoint(values[half - 1], values[half]),
    }
}

fn median_face(faces: &[Face]) -> Face {
    let of = |pick: &dyn Fn(&Face) -> Vector3<f64>| {
        let axis = |k: usize| median(&mut faces.iter().map(|f| pick(f)[k]).collect::<Vec<_>>());
        Vector3::new(axis(0), axis(1), axis(2))
    };
    Face {
        rigid: std::array::from_fn(|i| of(&|f| f.rigid[i])),
        lips: std::array::from_fn(|i| of(&|f| f.lips[i])),
        chin: of(&|f| f.chin),
    }
}

/// Rotates the face so that x is the line of the eyes, y runs down it and z through it, centred between the eyes.
fn frontal(face: &Face) -> Option<Face> {
    let axes = face.axes()?;
    let origin = (face.rigid[EYE_RIGHT] + face.rigid[EYE_LEFT]) / 2.0;
    Some(face.map(|p| axes * (p - origin)))
}

/// Applies the least-squares rotation and scale of the rigid points onto the reference's (Umeyama 1991).
fn lay_on(face: &Face, reference: &Face) -> Option<Face> {
    let mean = |points: &[Vector3<f64>; 24]| points.iter().sum::<Vector3<f64>>() / points.len() as f64;
    let (from, to) = (mean(&face.rigid), mean(&reference.rigid));
    let pairs = || face.rigid.iter().zip(&reference.rigid).map(|(a, b)| (a - from, b - to));
    let covariance: Matrix3<f64> = pairs().map(|(a, b)| b * a.transpose()).sum();
    let spread: f64 = pairs().map(|(a, _)| a.norm_squared()).sum();
    let svd = covariance.svd(true, true);
    let (u, v_t) = (svd.u?, svd.v_t?);
    // The smallest direction is flipped when the best fit would be a reflection.
    let sign = Vector3::new(1.0, 1.0, (u * v_t).determinant().signum());
    let rotation = u * Matrix3::from_diagonal(&sign) * v_t;
    let scale = svd.singular_values.dot(&sign) / spread;
    Some(face.map(|p| rotation * (p - from) * scale + to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Rotation3;
    use proptest::prelude::*;

    /// Returns a face-like cloud, the same for the same seed, with `talk` moving only the lips.
    fn face(talk: f64) -> Face {
        let noise = |i: usize, k: f64| ((i as f64 * 12.9898 + k * 78.233).sin() * 43758.5453).fract();
        let point = |i: usize| Vector3::new(noise(i, 1.0), noise(i, 2.0), 0.3 * noise(i, 3.0));
        let mut face = Face {
            rigid: std::array::from_fn(point),
            lips: std::array::from_fn(|i| point(i + 100) + Vector3::new(0.0, talk * noise(i, 4.0), 0.0)),
            chin: point(200),
        };
        face.rigid[EYE_RIGHT] = Vector3::new(-0.5, 0.0, 0.0);
        face.rigid[EYE_LEFT] = Vector3::new(0.5, 0.1, 0.0);
        face
    }

    proptest! {
        #[test]
        fn a_turned_moved_and_nearer_head_shows_the_same_lips(
            angles in prop::array::uniform3(-0.8f64..0.8), shift in prop::array::uniform3(-300f64..300.0), size in 0.5f64..2.0,
        ) {
            let head = Rotation3::from_euler_angles(angles[0], angles[1], angles[2]);
            let mut faces = vec![face(0.3); 5];
            faces[3] = faces[3].map(|p| head * p * size + Vector3::from(shift));
            let free = pose_free(&faces).unwrap();
            prop_assert!(free[3].lips.iter().zip(&free[0].lips).all(|(a, b)| (a - b).norm() < 1e-6));
            prop_assert!((free[3].aperture() - free[0].aperture()).abs() < 1e-6);
        }
    }

    #[test]
    fn lips_that_move_are_not_smoothed_away() {
        let free = pose_free(&[0.0, 0.1, 0.2, 0.1, 0.0].map(face)).unwrap();
        assert!((free[2].aperture() - free[0].aperture()).abs() > 1e-3);
        assert!((free[4].aperture() - free[0].aperture()).abs() < 1e-9);
    }

    #[test]
    fn the_median_of_an_even_number_is_halfway() {
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert!(median(&mut []).is_nan());
    }

    #[test]
    fn points_that_coincide_are_no_face() {
        let dot = face(0.0).map(|_| Vector3::zeros());
        assert!(pose_free(&[dot]).is_none());
    }
}
