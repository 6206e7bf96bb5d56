//! Compares the portrait of a document with the face of the session's last video.

use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream};
use proto::{
    docauth::CheckOutcome,
    ml::{MatchFacesHeader, MatchFacesRequest, MatchFacesResponse, StageTime, match_faces_request::Part},
};
use scoring::{Finding, LiveFaceRule, Outcome};

use crate::core::{error::Error, evidence, media::relayed, sessions, verification::Verification};

/// The result of the comparison.
#[derive(Debug, Default)]
pub struct LiveFace {
    /// The probability of the same person, or the word for why there is none.
    pub finding: Option<Finding>,
    /// Cosine similarity and probability, as the models report them.
    pub measured: Option<(f64, f64)>,
    /// Why there is no result.
    pub why: String,
    /// Whether the session's last video failed or was not judged live.
    pub video_not_live: bool,
    pub stages: Vec<StageTime>,
}

const NO_CONSENT: &str = "no_consent";

/// Compares `portrait` with the last video of the session. Without authorization consent nobody is compared.
///
/// # Errors
/// When a service fails: a required comparison is never skipped silently, because overload could then hide a mismatch.
pub async fn compare_live_face(verification: &Verification<'_>, portrait: &Bytes) -> Result<LiveFace, Error> {
    let (core, caller) = (verification.core, verification.caller);
    if let Some(script) = verification.script() {
        return Ok(script.live_face().map_or_else(
            || LiveFace::unknown("no_video", "test mode: nothing is compared"),
            |score| LiveFace {
                finding: Some(Finding::Judged { score }),
                measured: Some((score, score)),
                ..LiveFace::default()
            },
        ));
    }
    let Some(session_id) = &verification.session_id else {
        return Ok(LiveFace::unknown("no_session", "the call has no session"));
    };
    if portrait.is_empty() {
        return Ok(LiveFace::unknown("no_portrait", "no portrait was found on the document"));
    }
    let Some(video) = sessions::last_video(core, caller, session_id).await? else {
        return Ok(LiveFace::unknown("no_video", "the session has no video"));
    };
    if !verification.consents.authorization {
        return Ok(LiveFace::unknown(NO_CONSENT, "the user has not given authorization consent"));
    }
    let message = |part| MatchFacesRequest { part: Some(part) };
    let header = MatchFacesHeader { project_id: caller.project_id.clone(), detect_only: false, origin: None };
    let picture = [message(Part::Header(header)), message(Part::Image(portrait.clone()))];
    let video_not_live = !video.is_live();
    let (video, read_failure) =
        relayed(video.bytes, |chunk| MatchFacesRequest { part: Some(Part::Video(chunk)) });
    let messages = stream::iter(picture).chain(video).boxed();
    let mut ml = core.services().ml();
    let seen = read_failure.guard(ml.match_faces(messages).boxed()).await?;
    Ok(LiveFace { video_not_live, ..LiveFace::from_match(seen) })
}

impl LiveFace {
    fn unknown(error: &str, why: &str) -> Self {
        let finding = Finding::CouldNotJudge { error: error.to_owned() };
        Self { finding: Some(finding), why: why.to_owned(), ..Self::default() }
    }

    fn from_match(seen: MatchFacesResponse) -> Self {
        match evidence::failure(seen.outcome.as_ref()) {
            Some(error) => Self {
                stages: seen.stages,
                ..Self::unknown(error, seen.outcome.as_ref().map_or("", |outcome| &outcome.description))
            },
            None => {
                let score = scoring::clamp_to_decision(seen.probability, seen.matched);
                Self {
                    finding: Some(Finding::Judged { score }.recordable()),
                    measured: Some((seen.score, seen.probability)),
                    stages: seen.stages,
                    ..Self::default()
                }
            }
        }
    }

    /// Whether only consent was missing.
    pub fn lacks_consent(&self) -> bool {
        matches!(&self.finding, Some(Finding::CouldNotJudge { error }) if error == NO_CONSENT)
    }

    /// Returns the check under `rule`, and its explanation.
    pub fn check_by_rule(&self, rule: LiveFaceRule) -> (CheckOutcome, String) {
        let (Some(Finding::Judged { score }), Some((similarity, _))) = (&self.finding, self.measured) else {
            return (CheckOutcome::NotChecked, self.why.clone());
        };
        let explanation = format!(
            "similarity {similarity:.1}, the same person with a probability of {score:.2}; {:.2} is required",
            rule.pass
        );
        match rule.outcome(*score) {
            Outcome::Passed if self.video_not_live => (
                CheckOutcome::NotChecked,
                format!("{explanation}, but the session's video was not judged live"),
            ),
            Outcome::Passed => (CheckOutcome::Passed, explanation),
            Outcome::Failed => (CheckOutcome::Failed, explanation),
            _ => (
                CheckOutcome::NotChecked,
                format!("unclear: {explanation}, below {:.2} is another person", rule.refer),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ml;

    fn seen(probability: f64, matched: bool) -> LiveFace {
        let outcome =
            Some(ml::Outcome { status: ml::OutcomeStatus::Judged.into(), ..ml::Outcome::default() });
        LiveFace::from_match(MatchFacesResponse {
            outcome,
            probability,
            matched,
            score: 0.3,
            ..MatchFacesResponse::default()
        })
    }

    #[test]
    fn a_match_passes_a_clear_mismatch_fails_and_between_nothing_is_claimed() {
        let outcome = |face: LiveFace| face.check_by_rule(LiveFaceRule::default()).0;
        assert_eq!(outcome(seen(0.97, true)), CheckOutcome::Passed);
        assert_eq!(outcome(seen(0.97, false)), CheckOutcome::NotChecked, "the model's own no");
        assert_eq!(outcome(seen(0.2, false)), CheckOutcome::NotChecked);
        assert_eq!(outcome(seen(0.01, false)), CheckOutcome::Failed);
        let (_, explanation) = seen(0.97, true).check_by_rule(LiveFaceRule::default());
        assert_eq!(
            explanation,
            "similarity 0.3, the same person with a probability of 0.97; 0.50 is required"
        );
    }

    #[test]
    fn a_face_that_cannot_be_compared_says_why() {
        let status = ml::OutcomeStatus::Refused.into();
        let outcome =
            Some(ml::Outcome { status, error: "no_face".into(), description: "no face (video)".into() });
        let face = LiveFace::from_match(MatchFacesResponse { outcome, ..MatchFacesResponse::default() });
        assert_eq!(
            face.check_by_rule(LiveFaceRule::default()),
            (CheckOutcome::NotChecked, "no face (video)".into())
        );
        assert_eq!(face.finding, Some(Finding::CouldNotJudge { error: "no_face".into() }));
        assert!(!face.lacks_consent());
    }
}
