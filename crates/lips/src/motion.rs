//! From tracked mesh points to lip movement at 25 frames per second.

use crate::{FPS, LIP_FEATURES, MESH_POINTS, Reason, pose};

/// Shortest judged stretch: 1.5 s.
const MIN_FRAMES: usize = FPS * 3 / 2;
/// Mesh points exist on every second frame; a longer gap in frames is a break.
const MAX_HOLE: usize = 5;
/// Lip movement in eye distances that scales features to unit size, as in training.
const LIP_SCALE: f64 = 0.03;
/// Least spread (10th to 90th percentile) of the mouth's opening in eye distances. Of 660 clips of people reading a
/// sentence the stillest has .058; a photograph moved before the camera has about .03.
const MIN_OPENING: f32 = 0.035;
/// Most of the clip that breaks may cost before a phrase is not read, as the share that must remain.
const MIN_WHOLE: f64 = 0.9;
/// Limits of a clear view; beyond them an active speaker cannot be excluded: pixels between the outer corners of the
/// eyes, degrees that the face is turned aside, meshes per second.
const MIN_EYE_DISTANCE: f64 = 30.0;
const MAX_TURN: f64 = 25.0;
const MIN_MESH_RATE: f64 = 9.0;

/// Lip movement of one face over its longest unbroken stretch.
#[derive(Clone, Debug)]
pub struct LipMotion {
    start: usize,
    whole: bool,
    features: Vec<f32>,
    aperture: Vec<f32>,
    view: View,
}

/// The quality of the view, medians over the stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
struct View {
    /// Pixels between the outer corners of the eyes.
    eye_distance: f64,
    /// Degrees from facing the camera, in either direction.
    turn: f64,
    /// Meshes per second: below 12.5 the camera was slower than 12.5 frames per second, or frames were dropped.
    mesh_rate: f64,
}

impl View {
    fn of(run: &[(usize, pose::Face)]) -> Self {
        let median = |value: &dyn Fn(&pose::Face) -> f64| {
            pose::median(&mut run.iter().map(|(_, face)| value(face)).collect::<Vec<_>>())
        };
        Self {
            eye_distance: median(&pose::Face::eye_distance),
            turn: median(&|face| face.turn().abs()),
            mesh_rate: run.len() as f64 * FPS as f64 / length(run).max(1) as f64,
        }
    }
}

impl LipMotion {
    /// Builds the motion from `(frame index, 478 points in pixels)` in rising order, on every second frame or more
    /// densely, and the frames at which tracking broke. Frames between are interpolated; only the longest stretch
    /// without a break is used.
    ///
    /// # Errors
    /// [`Reason::TrackingBroke`] when no stretch lasts 1.5 s, [`Reason::NotAFace`] for points that cannot be a face.
    pub fn new<'a>(
        meshes: impl IntoIterator<Item = (usize, &'a [[f32; 3]; MESH_POINTS])>,
        jumps: &[usize],
    ) -> Result<Self, Reason> {
        let meshes: Vec<_> =
            meshes.into_iter().map(|(index, points)| (index, pose::Face::of(points))).collect();
        let broken =
            |a: usize, b: usize| b <= a || b - a > MAX_HOLE || jumps.iter().any(|j| (a + 1..=b).contains(j));
        let runs = meshes.chunk_by(|(a, _), (b, _)| !broken(*a, *b));
        let longest = runs.max_by_key(|run| length(run)).ok_or(Reason::TrackingBroke)?;
        if length(longest) < MIN_FRAMES {
            return Err(Reason::TrackingBroke);
        }
        let whole = length(longest) as f64 >= MIN_WHOLE * length(&meshes) as f64;
        let faces = pose::pose_free(&every_frame(longest)).ok_or(Reason::NotAFace)?;
        let aperture = faces.iter().map(|f| f.aperture() as f32).collect();
        let view = View::of(longest);
        Ok(Self { start: longest[0].0, whole, features: features(&faces), aperture, view })
    }

    /// Returns its first video frame.
    #[must_use]
    pub fn start(&self) -> usize {
        self.start
    }

    /// Returns its number of frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.aperture.len()
    }

    /// Returns the features of all frames, [`LIP_FEATURES`] numbers each: lip points minus the stretch's median, in
    /// .03 eye distances.
    #[must_use]
    pub fn features(&self) -> &[f32] {
        &self.features
    }

    /// Returns the mouth opening of each frame in eye distances.
    #[must_use]
    pub fn aperture(&self) -> &[f32] {
        &self.aperture
    }

    /// Returns the spread of the mouth's opening, 10th to 90th percentile, in eye distances.
    #[must_use]
    pub fn opening(&self) -> f32 {
        let mut sorted = self.aperture.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        at(0.9) - at(0.1)
    }

    /// Rejects lips that hardly move.
    pub(crate) fn check_moving(&self) -> Result<(), Reason> {
        if self.opening() < MIN_OPENING { Err(Reason::LipsStill) } else { Ok(()) }
    }

    /// Rejects a view so poor that lips which do not fit the sound mean nothing.
    pub(crate) fn check_view(&self) -> Result<(), Reason> {
        let View { eye_distance, turn, mesh_rate } = self.view;
        if eye_distance < MIN_EYE_DISTANCE {
            Err(Reason::FaceSmall)
        } else if turn > MAX_TURN {
            Err(Reason::FaceTurned)
        } else if mesh_rate < MIN_MESH_RATE {
            Err(Reason::FewFrames)
        } else {
            Ok(())
        }
    }

    /// Rejects a stretch that is only part of the clip.
    pub(crate) fn check_whole(&self) -> Result<(), Reason> {
        if self.whole { Ok(()) } else { Err(Reason::TrackingBroke) }
    }
}

/// Returns the number of frames from the first to the last mesh.
fn length(run: &[(usize, pose::Face)]) -> usize {
    match run {
        [(first, _), .., (last, _)] => (last + 1).saturating_sub(*first),
        _ => run.len(),
    }
}

/// Interpolates linearly between meshes.
fn every_frame(run: &[(usize, pose::Face)]) -> Vec<pose::Face> {
    let between = run.windows(2).flat_map(|pair| {
        let [(from, a), (to, b)] = pair else { return Vec::new() };
        let share = |frame: usize| (frame - from) as f64 / (to - from) as f64;
        (*from..*to).map(|frame| a.between(b, share(frame))).collect()
    });
    between.chain(run.last().map(|(_, face)| face.clone())).collect()
}

fn features(faces: &[pose::Face]) -> Vec<f32> {
    let rows: Vec<Vec<f64>> =
        faces.iter().map(|f| f.lips.iter().flat_map(|p| p.iter().copied()).collect()).collect();
    let column = |k: usize| pose::median(&mut rows.iter().map(|row| row[k]).collect::<Vec<_>>());
    let medians: Vec<f64> = (0..LIP_FEATURES).map(column).collect();
    rows.iter().flat_map(|row| row.iter().zip(&medians).map(|(v, m)| ((v - m) / LIP_SCALE) as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a face of scattered points whose lower half opens and closes `swing` pixels over the frames.
    fn mesh(frame: usize, swing: f32) -> Box<[[f32; 3]; MESH_POINTS]> {
        let noise = |i: usize, k: f32| ((i as f32 * 12.9898 + k * 78.233).sin() * 437.5).fract();
        let talk = swing * (frame as f32 * 0.7).sin();
        let point = |i: usize| [100.0 * noise(i, 1.0), 100.0 * noise(i, 2.0), 30.0 * noise(i, 3.0)];
        let mut points: Box<[[f32; 3]; MESH_POINTS]> = Box::new(std::array::from_fn(point));
        for low in [14, 87, 317] {
            points[low][1] += talk;
        }
        points
    }

    fn motion(
        indices: impl Iterator<Item = usize>,
        swing: f32,
        jumps: &[usize],
    ) -> Result<LipMotion, Reason> {
        let meshes: Vec<_> = indices.map(|i| (i, mesh(i, swing))).collect();
        LipMotion::new(meshes.iter().map(|(i, m)| (*i, &**m)), jumps)
    }

    #[test]
    fn frames_between_meshes_are_filled_in() {
        let motion = motion((0..=74).step_by(2), 20.0, &[]).unwrap();
        assert_eq!((motion.start(), motion.frames(), motion.features().len()), (0, 75, 75 * LIP_FEATURES));
        let a = motion.features();
        let (left, middle, right) = (a[2 * LIP_FEATURES], a[3 * LIP_FEATURES], a[4 * LIP_FEATURES]);
        assert!((middle - f32::midpoint(left, right)).abs() < 0.05, "{left} {middle} {right}");
    }

    #[test]
    fn the_longest_stretch_without_a_break_is_kept() {
        let motion = motion((10..=100).step_by(2), 20.0, &[30]).unwrap();
        assert_eq!((motion.start(), motion.frames()), (30, 71));
        assert_eq!(motion.check_whole(), Err(Reason::TrackingBroke));
    }

    #[test]
    fn a_face_lost_for_a_while_is_a_break() {
        let kept = motion((0..=20).step_by(2).chain((40..=90).step_by(2)), 20.0, &[]).unwrap();
        assert_eq!((kept.start(), kept.frames()), (40, 51));
    }

    #[test]
    fn too_short_a_stretch_is_not_judged() {
        assert_eq!(motion((0..=30).step_by(2), 20.0, &[]).unwrap_err(), Reason::TrackingBroke);
        assert_eq!(motion(0..0, 20.0, &[]).unwrap_err(), Reason::TrackingBroke);
    }

    #[test]
    fn still_lips_are_distinguished_from_moving_ones() {
        let still = motion((0..=74).step_by(2), 0.0, &[]).unwrap();
        assert_eq!(still.check_moving(), Err(Reason::LipsStill));
        motion((0..=74).step_by(2), 200.0, &[]).unwrap().check_moving().unwrap();
    }

    #[test]
    fn points_that_are_no_numbers_are_no_face() {
        let meshes: Vec<_> =
            (0..=74).step_by(2).map(|i| (i, Box::new([[f32::NAN; 3]; MESH_POINTS]))).collect();
        let got = LipMotion::new(meshes.iter().map(|(i, m)| (*i, &**m)), &[]);
        assert_eq!(got.unwrap_err(), Reason::NotAFace);
    }
}
