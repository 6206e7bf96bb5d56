//! Whose face the video shows.

use face::Embedding;
use proto::ml::{self as wire, service_result::Detail};

use super::Scene;
use crate::{
    answer::judged,
    calibration::FaceComparison,
    identity::{Identity, Standing},
    judged::{Judged, Unjudged},
};

/// Returns the mean of the frames that show the face best.
pub fn measure(scene: &mut Scene<'_>) -> Judged<Embedding> {
    let embeddings = scene.embeddings()?;
    let track = scene.upright_face()?;
    let engine = &mut scene.engines.face;
    let template = scene.stages.time("face_embedding", || engine.template(track, &embeddings))?;
    let unclear = || Unjudged::because("face_not_clear", "the face is never clear enough to be recognised");
    template.map(|template| template.mean).ok_or_else(unclear)
}

pub fn report(identity: &Identity<FaceComparison>, user: &str) -> wire::ServiceResult {
    let known = identity.name.clone().zip(identity.nearest);
    let reported = identity.reported();
    let standing = Standing::of(identity.user.map(|c| c.matched), known.is_some(), !user.is_empty());
    let instance =
        known.map(|(name, c)| wire::FaceInstance { probability: c.probability, name, score: c.score() });
    wire::ServiceResult {
        outcome: judged(standing.sentence("face")),
        accepted: identity.user.is_some_and(|c| c.matched),
        score: reported.map_or(0.0, |c| c.score()),
        evidence: identity.evidence(user, |c| (c.probability, c.matched)),
        detail: Some(Detail::FaceRecognition(wire::FaceRecognition {
            probability: reported.map_or(0.0, |c| c.probability),
            enrolled: identity.user.is_some(),
            instances: instance.into_iter().collect(),
        })),
        ..wire::ServiceResult::default()
    }
}
