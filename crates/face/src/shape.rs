//! Measures motion of a face that a flat picture of it cannot show.
//!
//! A print or a still on a screen can be moved, rotated, brought nearer and tilted, and all its points then move like
//! a plane: by a homography. A face opens its mouth, shuts its eyes and turns in depth. So each mesh is aligned to
//! the clip's mean face by the best homography, and the residual motion is measured.

use nalgebra::{SMatrix, SVector};

use crate::{
    geometry::{distance, median},
    mesh::EYE_CORNERS,
    track::{MeshFrame, Track},
};

/// Points of the face without the ten of the irises, which move with the gaze; meshes are aligned by them.
const FACE: usize = 468;
/// Outer and inner lips.
const LIPS: [usize; 40] = [
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146, 78, 191, 80,
    81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
];
/// The lids of both eyes.
const LIDS: [usize; 24] = [
    160, 159, 158, 144, 145, 153, 161, 157, 163, 154, 246, 7, 385, 386, 387, 380, 374, 373, 384, 388, 381,
    390, 466, 249,
];
/// Both eyebrows.
const BROWS: [usize; 16] = [70, 63, 105, 66, 46, 53, 52, 65, 300, 293, 334, 296, 276, 283, 282, 295];
/// The centres of the irises.
const IRISES: [usize; 2] = [468, 473];
/// Brow ridge, nose bridge, temples and cheek bones, which no muscle moves far.
const FIRM: [usize; 20] =
    [9, 8, 168, 6, 197, 195, 5, 10, 151, 67, 297, 103, 332, 127, 356, 234, 454, 21, 251, 162];

/// Added to speeds before they are compared, in eye distances: the noise of the mesh.
const SPEED_FLOOR: f32 = 1e-4;
/// Fewest meshes for a measurement of motion: 0.8 s.
pub(crate) const MIN_MESHES: usize = 10;

/// A clip's residual motion, each the root mean square over its frames, in eye distances.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Deformation {
    pub lips: f32,
    pub lids: f32,
    pub brows: f32,
    /// Of the centres of the irises.
    pub gaze: f32,
    /// Of points that no muscle moves: the noise of the mesh, and the depth of a turning head.
    pub firm: f32,
    /// Frames looked at.
    pub frames: usize,
}

/// The homography is fitted to every third point, spread over the whole face.
const EVERY: usize = 3;

type Shape = Vec<[f32; 2]>;

/// The meshes of a clip, each aligned to their mean.
pub(crate) struct AlignedShapes {
    /// Indices on the 25 fps clock.
    frames: Vec<usize>,
    shapes: Vec<Shape>,
    mean: Shape,
}

impl AlignedShapes {
    /// Returns `None` for fewer than ten meshes. Faces partly outside the picture are left out: the network invents
    /// the invisible points, and those move arbitrarily.
    pub(crate) fn of_track(track: &Track) -> Option<Self> {
        let whole: Vec<&MeshFrame> = track.meshes.iter().filter(|m| m.is_whole).collect();
        let shapes: Vec<Shape> = whole.iter().map(|m| shape(m)).collect();
        if shapes.len() < MIN_MESHES {
            return None;
        }
        let mut mean = unit(&shapes[0]);
        let (mut frames, mut laid) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let each = whole.iter().zip(&shapes).filter_map(|(m, s)| Some((m.index, lay(s, &mean)?)));
            (frames, laid) = each.unzip();
            mean = unit(&average(&laid)?);
        }
        Some(Self { frames, shapes: laid, mean })
    }

    pub(crate) fn deformation(&self) -> Deformation {
        Deformation {
            lips: self.spread(&LIPS),
            lids: self.spread(&LIDS),
            brows: self.spread(&BROWS),
            gaze: self.spread(&IRISES),
            firm: self.spread(&FIRM),
            frames: self.frames.len(),
        }
    }

    /// Returns the motion of lips and lids for [`crate::rhythm::repetition`].
    pub(crate) fn motion(&self) -> Vec<(usize, Vec<f32>)> {
        let points = || LIPS.iter().chain(&LIDS).step_by(2);
        let of = |s: &Shape| {
            points().flat_map(|i| [s[*i][0] - self.mean[*i][0], s[*i][1] - self.mean[*i][1]]).collect()
        };
        self.frames.iter().copied().zip(self.shapes.iter().map(of)).collect()
    }

    /// Returns the logarithm of the lips' usual speed over that of brows and lids: large for a photograph with an
    /// animated mouth.
    pub(crate) fn lip_motion_over_brows(&self) -> f32 {
        let rest: Vec<usize> = BROWS.iter().chain(&LIDS).copied().collect();
        (self.speed(&LIPS) + SPEED_FLOOR).ln() - (self.speed(&rest) + SPEED_FLOOR).ln()
    }

    /// Returns the median motion of `points` from one mesh to the next, root mean square, in eye distances.
    fn speed(&self, points: &[usize]) -> f32 {
        let step = |pair: &[Shape]| {
            let squares = points.iter().map(|i| distance(pair[0][*i], pair[1][*i]).powi(2));
            (squares.sum::<f32>() / points.len().max(1) as f32).sqrt()
        };
        median(self.shapes.windows(2).map(step))
    }

    fn spread(&self, points: &[usize]) -> f32 {
        spread(&self.shapes, &self.mean, points)
    }
}

fn shape(frame: &MeshFrame) -> Shape {
    frame.mesh.points.iter().map(|p| [p[0], p[1]]).collect()
}

/// Moves and scales a shape so that the outer corners of the eyes have distance 1 around the origin.
fn unit(shape: &Shape) -> Shape {
    let [a, b] = EYE_CORNERS.map(|i| shape[i]);
    let (middle, size) = ([(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0], distance(a, b).max(1e-6));
    shape.iter().map(|p| [(p[0] - middle[0]) / size, (p[1] - middle[1]) / size]).collect()
}

fn average(shapes: &[Shape]) -> Option<Shape> {
    let mut sum = vec![[0.0; 2]; shapes.first()?.len()];
    for shape in shapes {
        for (sum, p) in sum.iter_mut().zip(shape) {
            *sum = [sum[0] + p[0], sum[1] + p[1]];
        }
    }
    let n = shapes.len() as f32;
    Some(sum.into_iter().map(|p| p.map(|v| v / n)).collect())
}

/// Maps `shape` by the homography that brings it nearest to `target`: the direct linear transform, solved by its
/// normal equations (both are near the unit square, so they are well conditioned).
fn lay(shape: &Shape, target: &Shape) -> Option<Shape> {
    let shape = unit(shape);
    let (mut a, mut b) = (SMatrix::<f64, 8, 8>::zeros(), SVector::<f64, 8>::zeros());
    for (p, q) in shape.iter().zip(target).take(FACE).step_by(EVERY) {
        let ([x, y], [u, v]) = (p.map(f64::from), q.map(f64::from));
        for (row, value) in
            [([x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y], u), ([0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y], v)]
        {
            let row = SVector::<f64, 8>::from(row);
            a += row * row.transpose();
            b += row * value;
        }
    }
    let h = a.cholesky()?.solve(&b);
    let laid = shape.iter().map(|p| {
        let [x, y] = p.map(f64::from);
        let w = (h[6] * x + h[7] * y + 1.0).max(1e-3);
        [((h[0] * x + h[1] * y + h[2]) / w) as f32, ((h[3] * x + h[4] * y + h[5]) / w) as f32]
    });
    Some(laid.collect())
}

fn spread(shapes: &[Shape], mean: &Shape, points: &[usize]) -> f32 {
    let squares = shapes.iter().flat_map(|s| points.iter().map(|i| distance(s[*i], mean[*i]).powi(2)));
    (squares.sum::<f32>() / (shapes.len() * points.len()).max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mesh::{Mesh, POINTS},
        skin::Skin,
    };

    /// Returns a face of points spread over an ellipse, mapped by `through`, its lips moved by `open`.
    fn frame(index: usize, open: f32, through: impl Fn([f32; 2]) -> [f32; 2]) -> MeshFrame {
        let mut points = Box::new([[0.0; 3]; POINTS]);
        for (i, point) in points.iter_mut().enumerate() {
            let angle = i as f32 * 2.4;
            let radius = (i as f32 / POINTS as f32).sqrt() * 80.0;
            let drop = if LIPS.contains(&i) { open } else { 0.0 };
            let [x, y] = through([200.0 + radius * angle.cos(), 200.0 + 1.2 * radius * angle.sin() + drop]);
            *point = [x, y, 0.0];
        }
        MeshFrame { index, mesh: Mesh { points, presence: 1.0 }, is_whole: true, skin: Skin::default() }
    }

    fn of(track: &Track) -> Option<Deformation> {
        AlignedShapes::of_track(track).map(|shapes| shapes.deformation())
    }

    fn track(of: impl Fn(usize) -> MeshFrame) -> Track {
        Track { meshes: (0..30).map(of).collect(), ..Track::default() }
    }

    #[test]
    fn a_plane_that_is_moved_turned_and_tilted_does_not_deform() {
        let moved = track(|i| {
            let t = i as f32 * 0.2;
            frame(i, 0.0, |[x, y]| {
                let w = 1.0 + 0.0004 * t.sin() * x;
                [(x * t.cos() * 0.9 - 0.1 * y + 20.0 * t) / w, (y + 5.0 * t.sin()) / w]
            })
        });
        let left = of(&moved).unwrap();
        assert!(left.lips < 2e-3 && left.firm < 2e-3, "{left:?}");
    }

    #[test]
    fn a_mouth_that_opens_does() {
        let speaking = track(|i| frame(i, 6.0 * (i as f32).sin(), |p| p));
        let left = of(&speaking).unwrap();
        assert!(left.lips > 0.01 && left.lips > 3.0 * left.firm, "{left:?}");
    }

    #[test]
    fn a_few_frames_say_nothing() {
        let short = Track { meshes: (0..9).map(|i| frame(i, 0.0, |p| p)).collect(), ..Track::default() };
        assert_eq!(of(&short), None);
        let outside = track(|i| MeshFrame { is_whole: false, ..frame(i, 6.0 * (i as f32).sin(), |p| p) });
        assert_eq!(of(&outside), None, "the chin is below the picture");
    }
}
