//! Media authenticity: whether the face of a video was filmed, or its mouth was redrawn by a lip-sync program.
//!
//! A clip uploaded as a file is not a presentation attack, so liveness does not detect it. The deciding cue is the
//! fine detail of the mouth ([`MouthDetail`]); the others are reported. Fitting, held-out figures and limits:
//! `training/authenticity/MODEL_CARD.md`.

use std::sync::LazyLock;

use crate::{
    fusion::Model,
    geometry::median,
    liveness::{Cue, Doubt},
    mouth::MouthDetail,
    shape::AlignedShapes,
    track::Track,
};

/// Fewest frames with a measured mouth.
const MIN_FRAMES: usize = 4;
/// Smallest median distance between the outer corners of the eyes, in pixels of the video: smaller faces were not
/// measured.
const MIN_EYE_DISTANCE: f32 = 24.0;

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    Model::parse(include_str!("authenticity/model.json")).expect("the embedded model is checked by a test")
});

/// The result and its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Authenticity {
    pub authentic: bool,
    /// Probability (0-1) that the video was filmed, for even prior odds; `authentic` from .5 on.
    pub score: f32,
    pub cues: Vec<Cue>,
    /// The most suspicious cue, if not authentic.
    pub reason: Option<&'static str>,
}

/// Judges the face of a track.
///
/// # Errors
/// When too few frames show a mouth large enough to be measured.
pub fn judge_track(track: &Track) -> Result<Authenticity, Doubt> {
    if track.mouths.len() < MIN_FRAMES {
        return Err(Doubt::TooFewFrames);
    }
    if median(track.meshes.iter().map(|m| m.mesh.eye_distance())) < MIN_EYE_DISTANCE {
        return Err(Doubt::FaceTooSmall);
    }
    Ok(fuse(&measure(track)))
}

fn measure(track: &Track) -> Vec<(&'static str, f32)> {
    let motion = AlignedShapes::of_track(track).map(|shapes| shapes.lip_motion_over_brows());
    let measured = [
        ("mouth_detail", Some(open_mouth_fineness(&track.mouths))),
        ("lip_motion_over_brows", motion),
        ("mouth_frames", Some(track.mouths.len() as f32)),
    ];
    measured.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Returns the median fineness of the half of the frames with the mouth further open: a redrawn mouth is visible in
/// teeth and lips rather than in a closed mouth.
fn open_mouth_fineness(mouths: &[MouthDetail]) -> f32 {
    let usual = median(mouths.iter().map(|m| m.openness));
    median(mouths.iter().filter(|m| m.openness >= usual).map(|m| m.fineness))
}

fn fuse(measured: &[(&'static str, f32)]) -> Authenticity {
    let score = MODEL.probability(measured);
    let authentic = score >= 0.5;
    let reason = if authentic { None } else { MODEL.most_suspicious(measured) };
    let cues = measured.iter().map(|(name, value)| Cue::weigh(&MODEL, name, *value)).collect();
    Authenticity { authentic, score, cues, reason }
}
