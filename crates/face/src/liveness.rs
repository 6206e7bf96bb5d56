//! Face liveness: distinguishes a live face from a still, a print, a screen, a loop and a face swapped within the clip.
//!
//! Each [`Cue`] is a measured number with its own score and threshold, so that a result names the failed cue;
//! [`crate::fusion`] combines them into one probability.

use std::sync::LazyLock;

use media::Pixels;

use crate::{
    Engine, Error, Skin,
    align::{TEXTURE_ZOOMS, texture_crop},
    detect::Detection,
    embedding::Embedding,
    fusion::Model,
    geometry::median,
    mesh::eye_openness,
    pulse::pulse_snr_db,
    rhythm::repetition,
    shape::{AlignedShapes, MIN_MESHES},
    track::{FaceTracks, Track},
};

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    Model::parse(include_str!("liveness/model.json")).expect("the embedded model is checked by a test")
});

/// One measured cue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cue {
    /// A stable snake_case word.
    pub name: &'static str,
    pub value: f32,
    /// The probability of a live face (0-1) against the attacks this cue is made for, if other cues were as usual;
    /// `None` for a cue that is reported and decides nothing.
    pub score: Option<f32>,
    /// Least allowed `value`, or with `is_upper` the greatest; `None` for a cue that alone rejects nobody.
    pub threshold: Option<f32>,
    pub is_upper: bool,
}

impl Cue {
    /// Weighs one value by `model`.
    pub(crate) fn weigh(model: &Model, name: &'static str, value: f32) -> Self {
        let weighed = model.weigh(name, value);
        Self {
            name,
            // NaN has counted as the worst value; JSON cannot represent it.
            value: if value.is_finite() { value } else { 0.0 },
            score: weighed.map(|w| w.score),
            threshold: weighed.and_then(|w| w.threshold),
            is_upper: weighed.is_some_and(|w| w.is_upper),
        }
    }

    /// Whether the cue alone is suspicious.
    pub fn failed(&self) -> bool {
        self.score.is_some_and(|score| score < 0.5)
    }
}

/// The result and its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Liveness {
    pub live: bool,
    /// The probability of a live face, 0-1, at even prior odds; `live` from .5 on.
    pub score: f32,
    pub cues: Vec<Cue>,
    /// The cue that speaks most against a live face, if it is not live.
    pub reason: Option<&'static str>,
}

/// Why liveness cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The face is too small to be measured.
    FaceTooSmall,
    /// Fewer than ten different frames show the face.
    TooFewFrames,
    /// The face is partly outside the picture in all but a few frames.
    CutOff,
}

impl Doubt {
    /// A stable snake_case word.
    pub fn code(self) -> &'static str {
        match self {
            Self::FaceTooSmall => "face_too_small",
            Self::TooFewFrames => "too_few_frames",
            Self::CutOff => "face_cut_off",
        }
    }

    /// A sentence for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::FaceTooSmall => "the face is too small; come closer",
            Self::TooFewFrames => "the face is seen in too few different frames; record for longer",
            Self::CutOff => "the face is partly outside the picture",
        }
    }
}

/// Measures the main face of a video; `None` when there is none.
///
/// # Errors
/// When a network fails.
pub fn judge_main_face(
    engine: &mut Engine,
    tracks: &FaceTracks,
) -> Result<Option<Result<Liveness, Doubt>>, Error> {
    let Some(track) = tracks.main() else { return Ok(None) };
    let embeddings = engine.embeddings(track)?;
    judge_track(engine, track, &embeddings).map(Some)
}

/// Like [`judge_main_face`], for a track with existing [`Engine::embeddings`].
///
/// # Errors
/// When a network fails.
pub fn judge_track(
    engine: &mut Engine,
    track: &Track,
    embeddings: &[Embedding],
) -> Result<Result<Liveness, Doubt>, Error> {
    let Some(shapes) = AlignedShapes::of_track(track) else {
        let is_cut = track.meshes.len() >= MIN_MESHES;
        return Ok(Err(if is_cut { Doubt::CutOff } else { Doubt::TooFewFrames }));
    };
    let crops = track.samples.iter().take(TEXTURED).flat_map(|s| &s.textures);
    let textures = crops.map(|crop| engine.texture(crop)).collect::<Result<Vec<f32>, _>>()?;
    Ok(Ok(fuse(&measure(track, &shapes, &textures, embeddings))))
}

/// Returns the probability (0-1) that a face of a still picture is live, not a print or a screen, by its texture on
/// two scales. A still has none of the other cues.
///
/// # Errors
/// When the network fails.
pub fn judge_still(engine: &mut Engine, picture: &dyn Pixels, face: &Detection) -> Result<f32, Error> {
    let crops = TEXTURE_ZOOMS.map(|zoom| texture_crop(picture, face, zoom));
    let textures = crops.iter().map(|crop| engine.texture(crop)).collect::<Result<Vec<f32>, _>>()?;
    Ok(mean_probability(&textures).unwrap_or_default())
}

/// Crops with a measured texture, each on two scales.
const TEXTURED: usize = 3;

/// Noise of the mesh's points on a flat picture, in eye distances: at rest, and per eye distance of motion from one
/// mesh to the next. Pictures moved by up to .16 per mesh had noise of .010.
const NOISE: f32 = 0.005;
const NOISE_OF_MOTION: f32 = 0.04;

/// Measures all cues, the deciding ones first. Cues that could not be measured are left out.
fn measure(
    track: &Track,
    shapes: &AlignedShapes,
    textures: &[f32],
    embeddings: &[Embedding],
) -> Vec<(&'static str, f32)> {
    let deformation = shapes.deformation();
    let skin: Vec<Skin> = track.meshes.iter().map(|m| m.skin).collect();
    let measured = [
        ("motion", Some(motion(track))),
        ("lip_deformation", Some(deformation.lips)),
        ("lip_excess", Some(deformation.lips / (NOISE + NOISE_OF_MOTION * motion(track)))),
        ("lid_deformation", Some(deformation.lids)),
        ("texture", mean_probability(textures)),
        ("moire_db", track.screen.moire_db()),
        ("straight_edges", track.screen.edges()),
        ("backlight", track.beat),
        ("same_face", least_likeness(embeddings)),
        ("repetition", repetition(&shapes.motion())),
        ("brow_deformation", Some(deformation.brows)),
        ("gaze", Some(deformation.gaze)),
        ("firm_residual", Some(deformation.firm)),
        ("blinks", Some(blinks(track) as f32)),
        ("pulse_db", pulse_snr_db(&skin, mesh_rate(track))),
        ("jumps", Some(track.jumps.len() as f32)),
        ("mesh_frames", Some(deformation.frames as f32)),
    ];
    measured.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn fuse(measured: &[(&'static str, f32)]) -> Liveness {
    let score = MODEL.probability(measured);
    let live = score >= 0.5;
    let reason = if live { None } else { MODEL.most_suspicious(measured) };
    let cues = measured.iter().map(|(name, value)| Cue::weigh(&MODEL, name, *value)).collect();
    Liveness { live, score, cues, reason }
}

/// Returns the mean of the crops' log odds, as a probability: a crop that is certain of a screen weighs more than an
/// uncertain one.
fn mean_probability(each: &[f32]) -> Option<f32> {
    let log_odds = each.iter().map(|p| {
        let p = p.clamp(1e-4, 1.0 - 1e-4);
        (p / (1.0 - p)).ln()
    });
    let mean = log_odds.sum::<f32>() / each.len().max(1) as f32;
    (!each.is_empty()).then(|| 1.0 / (1.0 + (-mean).exp()))
}

/// Returns the least cosine of any two crops of the clip: a swapped face is far below one's own. `None` for fewer
/// than two.
fn least_likeness(embeddings: &[Embedding]) -> Option<f32> {
    let pairs =
        embeddings.iter().enumerate().flat_map(|(i, a)| embeddings[..i].iter().map(move |b| a.cosine(b)));
    pairs.reduce(f32::min)
}

/// Returns the meshes per second.
fn mesh_rate(track: &Track) -> f32 {
    let frames = match (track.meshes.first(), track.meshes.last()) {
        (Some(first), Some(last)) => last.index - first.index,
        _ => 0,
    };
    track.meshes.len().saturating_sub(1) as f32 * media::FPS as f32 / frames.max(1) as f32
}

/// Returns the mean motion of a mesh point from one mesh to the next, in eye distances: a still has none.
fn motion(track: &Track) -> f32 {
    let moves = track.meshes.windows(2).map(|m| {
        let (a, b) = (&m[0].mesh, &m[1].mesh);
        let sum: f32 =
            a.points.iter().zip(b.points.iter()).map(|(p, q)| (p[0] - q[0]).hypot(p[1] - q[1])).sum();
        sum / a.points.len() as f32 / a.eye_distance().max(1.0)
    });
    moves.sum::<f32>() / track.meshes.len().saturating_sub(1).max(1) as f32
}

/// Counts the blinks: both eyes below seven tenths of their usual opening, then open again.
pub fn blinks(track: &Track) -> usize {
    let open: Vec<f32> = track.meshes.iter().map(|m| eye_openness(&m.mesh)).collect();
    let usual = median(open.iter().copied());
    let (mut shut, mut count) = (false, 0);
    for value in open {
        if shut && value > 0.85 * usual {
            (shut, count) = (false, count + 1);
        } else if value < 0.7 * usual {
            shut = true;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIVE: [(&str, f32); 9] = [
        ("motion", 0.02),
        ("lip_deformation", 0.02),
        ("lip_excess", 3.5),
        ("lid_deformation", 0.015),
        ("texture", 0.999),
        ("moire_db", 3.0),
        ("same_face", 0.85),
        ("repetition", 0.6),
        ("blinks", 0.0),
    ];

    fn with(name: &str, value: f32) -> Liveness {
        let changed = LIVE.map(|(n, v)| if n == name { (n, value) } else { (n, v) });
        fuse(&changed)
    }

    #[test]
    fn each_attack_is_named_by_the_cue_that_gave_it_away() {
        assert!(fuse(&LIVE).live && fuse(&LIVE).reason.is_none());
        let betrayed = [
            ("motion", 0.0002),
            ("lip_excess", 0.5),
            ("texture", 0.01),
            ("moire_db", 30.0),
            ("same_face", 0.1),
            ("repetition", 0.02),
            ("motion", f32::NAN),
        ];
        for (name, value) in betrayed {
            let found = with(name, value);
            assert!(!found.live && found.reason == Some(name), "{name} {value}: {found:?}");
            assert!(found.score.is_finite() && found.cues.iter().all(|c| c.value.is_finite()));
            assert!(found.cues.iter().any(|c| c.name == name && c.failed()));
        }
    }

    #[test]
    fn a_cue_that_decides_nothing_changes_nothing() {
        assert_eq!(with("blinks", 9.0).score, fuse(&LIVE).score);
    }

    #[test]
    fn unmeasured_cues_are_left_out() {
        assert_eq!((mean_probability(&[]), least_likeness(&[])), (None, None));
        assert_eq!(least_likeness(&[Embedding::unit(&[1.0])]), None);
        assert!(mean_probability(&[1.0, 0.0]).is_some_and(|p| (p - 0.5).abs() < 1e-3));
    }

    #[test]
    fn a_face_exchanged_on_the_way_is_seen_wherever_it_happens() {
        let (a, b) = (Embedding::unit(&[1.0, 0.1]), Embedding::unit(&[0.1, 1.0]));
        for order in [[&a, &a, &b], [&a, &b, &a], [&b, &a, &a]] {
            assert!(least_likeness(&order.map(Clone::clone)).is_some_and(|v| v < 0.3));
        }
    }

    proptest! {
        #[test]
        fn the_score_is_a_probability_and_agrees_with_the_answer(
            values in prop::array::uniform9(prop::num::f32::ANY)
        ) {
            let names = LIVE.map(|(name, _)| name);
            let measured: Vec<_> = names.into_iter().zip(values).collect();
            let found = fuse(&measured);
            prop_assert!((0.0..=1.0).contains(&found.score) && found.live == (found.score >= 0.5));
            prop_assert!(found.live == found.reason.is_none());
        }
    }
}
