//! Whether the face is alive: the texture of its skin, and motion that no still picture can make.
//!
//! Each [`Cue`] is a measured number with a threshold, so that an answer can say which one failed.

use crate::{
    Engine, Error, SAME_PERSON,
    embedding::Embedding,
    mesh::eye_openness,
    shape::Deformation,
    track::{FaceTracks, Track},
};

/// One measured sign of life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cue {
    /// A stable snake_case word.
    pub name: &'static str,
    pub value: f32,
    /// What `value` has to reach; `None` for a cue that is reported and decides nothing.
    pub threshold: Option<f32>,
}

impl Cue {
    /// Whether the cue speaks against life.
    pub fn failed(&self) -> bool {
        self.threshold.is_some_and(|t| self.value.is_nan() || self.value < t)
    }
}

/// The answer and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Liveness {
    pub live: bool,
    /// 0-1; `live` from .5 on.
    pub score: f32,
    pub cues: Vec<Cue>,
    /// The first cue that failed.
    pub reason: Option<&'static str>,
}

/// Measures the main face of a video; `None` when there is none.
///
/// # Errors
/// When a network fails.
pub fn judge(engine: &mut Engine, tracks: &FaceTracks) -> Result<Option<Liveness>, Error> {
    let Some(track) = tracks.main() else { return Ok(None) };
    let embeddings = engine.embeddings(track)?;
    judge_track(engine, track, &embeddings).map(Some)
}

/// As [`judge`], of a track whose [`Engine::embeddings`] are there already.
///
/// # Errors
/// When a network fails.
pub fn judge_track(engine: &mut Engine, track: &Track, embeddings: &[Embedding]) -> Result<Liveness, Error> {
    let each = track.samples.iter().map(|s| engine.texture(&s.texture)).collect::<Result<Vec<f32>, _>>()?;
    Ok(fuse(measure(track, &each, embeddings)))
}

/// The cues in the order in which they are named as the reason.
pub fn measure(track: &Track, textures: &[f32], embeddings: &[Embedding]) -> Vec<Cue> {
    let deformation = Deformation::of(track).unwrap_or_default();
    let texture = textures.iter().sum::<f32>() / textures.len().max(1) as f32;
    let cue = |name, value, threshold| Cue { name, value, threshold };
    vec![
        cue("mesh_frames", deformation.frames as f32, Some(10.0)),
        cue("same_face", likeness(embeddings), Some(SAME_PERSON)),
        cue("motion", motion(track), Some(MOTION)),
        cue("lip_deformation", deformation.lips, Some(LIPS)),
        cue("texture", texture, Some(TEXTURE)),
        cue("lid_deformation", deformation.lids, None),
        cue("firm_residual", deformation.firm, None),
        cue("blinks", blinks(track) as f32, None),
        cue("jumps", track.jumps.len() as f32, None),
    ]
}

/// A clip in which nothing moves: encoded stills without camera noise stay below, speakers come to four times as much.
const MOTION: f32 = 0.001;
/// The noise floor of lips that do not move, plus 15 %. Of 120 stills, moved stills and tilted stills made from 40 clips
/// of one speaker the highest reached .0095. Checked on four other speakers: none of 129 attacks came above .0086 (APCER
/// 0/129), none of 43 speaking faces below .0128 (BPCER 0/43). Who neither speaks nor moves the mouth stays below too.
const LIPS: f32 = 0.011;
/// Where the texture network says "real" rather than not.
const TEXTURE: f32 = 0.5;

fn fuse(cues: Vec<Cue>) -> Liveness {
    let reason = cues.iter().find(|c| c.failed()).map(|c| c.name);
    let score = cues.iter().filter_map(strength).fold(1.0, f32::min);
    Liveness { live: reason.is_none(), score, cues, reason }
}

/// A deciding cue as 0-1, .5 at its threshold: a logistic of the logarithm of value over threshold, so that twice the
/// threshold is .89 and half of it .11.
fn strength(cue: &Cue) -> Option<f32> {
    let threshold = cue.threshold?;
    let value = if cue.value.is_nan() { 0.0 } else { cue.value.max(0.0) };
    Some(1.0 / (1.0 + (threshold / value).powi(3)))
}

/// The lowest cosine of an embedding with the mean of all; 1 for a single one.
fn likeness(embeddings: &[Embedding]) -> f32 {
    let mean = Embedding::mean(embeddings);
    mean.map_or(0.0, |m| embeddings.iter().map(|e| e.cosine(&m)).fold(1.0, f32::min))
}

/// Mean move of a mesh point from one mesh to the next, in eye distances: a still has none at all.
fn motion(track: &Track) -> f32 {
    let moves = track.meshes.windows(2).map(|m| {
        let (a, b) = (&m[0].mesh, &m[1].mesh);
        let sum: f32 =
            a.points.iter().zip(b.points.iter()).map(|(p, q)| (p[0] - q[0]).hypot(p[1] - q[1])).sum();
        sum / a.points.len() as f32 / a.eye_distance().max(1.0)
    });
    moves.sum::<f32>() / track.meshes.len().saturating_sub(1).max(1) as f32
}

/// Times both eyes shut to under seven tenths of their usual opening, and opened again.
pub fn blinks(track: &Track) -> usize {
    let open: Vec<f32> = track.meshes.iter().map(|m| eye_openness(&m.mesh)).collect();
    let usual = crate::geometry::median(open.iter().copied());
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

    fn cues(values: [f32; 5]) -> Vec<Cue> {
        let names = ["mesh_frames", "same_face", "motion", "lip_deformation", "texture"];
        let thresholds = [10.0, SAME_PERSON, MOTION, LIPS, TEXTURE];
        let rows = names.into_iter().zip(values).zip(thresholds);
        rows.map(|((name, value), t)| Cue { name, value, threshold: Some(t) }).collect()
    }

    #[test]
    fn an_empty_track_is_not_alive_and_says_why() {
        let found = fuse(measure(&Track::default(), &[], &[]));
        assert!(!found.live && found.reason == Some("mesh_frames") && found.score == 0.0);
    }

    #[test]
    fn the_first_failing_cue_is_the_reason() {
        assert_eq!(fuse(cues([60.0, 0.9, 0.01, 0.02, 0.9])).reason, None);
        assert_eq!(fuse(cues([60.0, 0.9, 0.01, 0.002, 0.1])).reason, Some("lip_deformation"));
        assert_eq!(fuse(cues([60.0, 0.9, f32::NAN, 0.02, 0.9])).reason, Some("motion"));
    }

    proptest! {
        #[test]
        fn the_score_agrees_with_the_answer_and_more_life_never_lowers_it(
            values in prop::array::uniform5(0.0f32..2.0), raised in 0usize..5, by in 0.0f32..1.0
        ) {
            let before = fuse(cues(values));
            prop_assert_eq!(before.live, before.score >= 0.5);
            let mut more = values;
            more[raised] += by;
            let after = fuse(cues(more));
            prop_assert!(after.score >= before.score && (after.live || !before.live));
        }
    }
}
