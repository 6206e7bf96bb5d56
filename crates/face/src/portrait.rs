//! Quality measures of a still picture for an enrollment, without verdicts.

use media::Pixels;

use crate::{
    Engine, Error,
    align::{ALIGNED, AlignedFace, Quality, align, laplacian_variance},
    cover::{Cover, cover},
    detect::Detection,
    geometry::distance,
    mesh::{EYE_CORNERS, Mesh},
    presence::count,
    upright::Turn,
};

/// Luma up to which a pixel counts as black, and from which it counts as white (ISO/IEC 29794-5, under- and
/// over-exposure).
const BLACK: f32 = 25.0;
const WHITE: f32 = 247.0;
/// Columns and rows of the aligned crop with skin, eyes, nose and mouth: hair, hats and padding say nothing about
/// light or focus.
const INNER_X: std::ops::Range<usize> = 28..84;
const INNER_Y: std::ops::Range<usize> = 38..100;

/// The faces of a picture, with measures of the main one.
#[derive(Clone, Debug)]
pub struct Portraits {
    /// The rotation applied before measuring, so that its faces are upright.
    pub turn: Turn,
    /// Faces of similar size; a bystander far smaller than the largest does not count.
    pub faces: usize,
    pub main: Option<Portrait>,
}

/// One measured face.
#[derive(Clone, Debug)]
pub struct Portrait {
    pub face: Detection,
    pub crop: AlignedFace,
    /// Pixels between the centres of the eyes.
    pub eye_distance: f32,
    /// Variance of the Laplacian over the inner face, scaled to 35 pixels between the eyes; luma 0-255.
    pub sharpness: f32,
    /// Shares of the inner face's pixels that are black or white, 0-1.
    pub dark: f32,
    pub bright: f32,
    /// Luma that one in ten of the inner face's pixels reach, 0-255: the brightness of the light parts.
    pub light: f32,
    /// Standard deviation of the inner face's luma, 0-128.
    pub contrast: f32,
    /// What covers the face.
    pub cover: Cover,
    /// Degrees; 0 is level and faces the camera.
    pub pose: Pose,
    /// See [`crate::Rect::off_centre`].
    pub off_centre: f32,
    /// Presence of the mesh, 0-1: covered and cut-off faces are low.
    pub visible: f32,
    /// Overall quality, 0-1: the weight of the picture among others of the same person.
    pub overall: f32,
}

/// The orientation of a head, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// To the side.
    pub yaw: f32,
    /// Up and down.
    pub pitch: f32,
    /// Towards a shoulder.
    pub roll: f32,
}

/// Top of the forehead and point of the chin: one above the other in the mesh's model face.
const FOREHEAD: usize = 10;
const CHIN: usize = 152;

impl Pose {
    /// Computes the pose from the mesh: the line between the eyes' outer corners and the one from forehead to chin,
    /// in three dimensions.
    pub fn of(mesh: &Mesh) -> Self {
        let between = |a: usize, b: usize| {
            let (a, b) = (mesh.points[a], mesh.points[b]);
            [b[0] - a[0], b[1] - a[1], b[2] - a[2]]
        };
        let [x, y, z] = between(EYE_CORNERS[0], EYE_CORNERS[1]);
        let [u, v, w] = between(FOREHEAD, CHIN);
        Self {
            yaw: z.atan2(x.hypot(y)).to_degrees(),
            pitch: w.atan2(u.hypot(v)).to_degrees(),
            roll: y.atan2(x).to_degrees(),
        }
    }
}

impl Engine {
    /// Finds the main face of a picture and measures it.
    ///
    /// # Errors
    /// When a network fails.
    pub fn portraits(&mut self, picture: &dyn Pixels) -> Result<Portraits, Error> {
        let (turn, found) = self.upright_faces(picture)?;
        let upright = turn.of(picture);
        let main = self.main_face(&upright, &found)?;
        let main = main.map(|(face, mesh)| measure(&upright, &face.refined(&mesh), &mesh));
        Ok(Portraits { turn, faces: count(&found), main })
    }
}

fn measure(picture: &dyn Pixels, face: &Detection, mesh: &Mesh) -> Portrait {
    let crop = align(picture, face);
    let luma = inner(&crop.luma());
    let share =
        |is: &dyn Fn(f32) -> bool| luma.iter().filter(|v| is(**v)).count() as f32 / luma.len().max(1) as f32;
    let mean = luma.iter().sum::<f32>() / luma.len().max(1) as f32;
    let variance = luma.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / luma.len().max(1) as f32;
    Portrait {
        face: *face,
        eye_distance: distance(face.points[0], face.points[1]),
        sharpness: laplacian_variance(&luma, INNER_X.len()),
        dark: share(&|v| v <= BLACK),
        bright: share(&|v| v >= WHITE),
        light: lightest_tenth(&luma),
        contrast: variance.sqrt(),
        cover: cover(&crop),
        pose: Pose::of(mesh),
        off_centre: face.rect.off_centre(picture.width(), picture.height()),
        visible: mesh.presence,
        overall: Quality::of(face, &crop).overall(),
        crop,
    }
}

fn lightest_tenth(luma: &[f32]) -> f32 {
    let mut sorted = luma.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted.get(sorted.len() / 10).copied().unwrap_or_default()
}

fn inner(luma: &[f32]) -> Vec<f32> {
    INNER_Y.flat_map(|y| INNER_X.map(move |x| luma.get(y * ALIGNED + x).copied().unwrap_or(0.0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::POINTS;
    use proptest::prelude::*;

    /// Returns a model face rotated about its three axes in the order of a neck: nod, shake, tilt.
    fn turned(yaw: f32, pitch: f32, roll: f32) -> Mesh {
        let mut points = Box::new([[0.0; 3]; POINTS]);
        points[EYE_CORNERS[0]] = [-45.0, -20.0, 0.0];
        points[EYE_CORNERS[1]] = [45.0, -20.0, 0.0];
        points[FOREHEAD] = [0.0, -80.0, 0.0];
        points[CHIN] = [0.0, 90.0, 0.0];
        let (yaw, pitch, roll) = (yaw.to_radians(), pitch.to_radians(), roll.to_radians());
        for p in points.iter_mut() {
            let [x, y, z] = *p;
            let (y, z) = (y * pitch.cos() - z * pitch.sin(), y * pitch.sin() + z * pitch.cos());
            let (x, z) = (x * yaw.cos() - z * yaw.sin(), x * yaw.sin() + z * yaw.cos());
            *p = [x * roll.cos() - y * roll.sin(), x * roll.sin() + y * roll.cos(), z];
        }
        Mesh { points, presence: 1.0 }
    }

    proptest! {
        #[test]
        fn a_turn_about_one_axis_is_read_as_that_turn(angle in -60f32..60.0) {
            let [yaw, pitch, roll] =
                [turned(angle, 0.0, 0.0), turned(0.0, angle, 0.0), turned(0.0, 0.0, angle)].map(|m| Pose::of(&m));
            prop_assert!((yaw.yaw - angle).abs() < 0.1 && yaw.pitch.abs() < 0.1 && yaw.roll.abs() < 0.1);
            prop_assert!((pitch.pitch - angle).abs() < 0.1 && pitch.yaw.abs() < 0.1 && pitch.roll.abs() < 0.1);
            prop_assert!((roll.roll - angle).abs() < 0.1 && roll.yaw.abs() < 0.1 && roll.pitch.abs() < 0.1);
        }

        #[test]
        fn a_mirrored_turn_is_as_far(yaw in -40f32..40.0, pitch in -30f32..30.0) {
            let (here, there) = (Pose::of(&turned(yaw, pitch, 0.0)), Pose::of(&turned(-yaw, pitch, 0.0)));
            prop_assert!((here.yaw.abs() - there.yaw.abs()).abs() < 0.1);
        }
    }
}
