//! The portrait of a document against the face of the session's last video.

use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream};
use proto::{
    docauth::CheckOutcome,
    ml::{MatchFacesHeader, MatchFacesRequest, MatchFacesResponse, StageTime, match_faces_request::Part},
};
use scoring::{Finding, LiveFaceRule, Outcome};

use crate::{Gateway, error::Error, evidence, match_faces, record::Call, upload::relayed};

/// What came of the comparison.
#[derive(Debug, Default)]
pub struct LiveFace {
    /// The probability that both are the same person, or the word for why nobody knows.
    pub finding: Option<Finding>,
    /// Cosine and probability, as the models have them.
    pub measured: Option<(f64, f64)>,
    /// Why nobody knows.
    pub why: String,
    pub stages: Vec<StageTime>,
}

/// Compares `portrait` with the last video of `session_id`. Without authorization consent nobody is compared.
///
/// # Errors
/// When a service fails: a comparison that is due is not left out silently, or a mismatch could be hidden by overload.
pub async fn compare(
    gateway: &Gateway,
    call: &Call,
    session_id: Option<&str>,
    may_compare: bool,
    portrait: &Bytes,
) -> Result<LiveFace, Error> {
    let Some(session_id) = session_id else {
        return Ok(LiveFace::unknown("no_session", "the call has no session"));
    };
    if portrait.is_empty() {
        return Ok(LiveFace::unknown("no_portrait", "no portrait was found on the document"));
    }
    let Some(video) = match_faces::last_video(gateway, call, session_id).await? else {
        return Ok(LiveFace::unknown("no_video", "the session has no video"));
    };
    if !may_compare {
        return Ok(LiveFace::unknown(NO_CONSENT, "the user has not given authorization consent"));
    }
    let message = |part| MatchFacesRequest { part: Some(part) };
    let header = MatchFacesHeader { project_id: call.project_id(), detect_only: false };
    let picture = [message(Part::Header(header)), message(Part::Image(portrait.clone()))];
    let (video, readable) = relayed(video, |chunk| MatchFacesRequest { part: Some(Part::Video(chunk)) });
    let messages = stream::iter(picture).chain(video).boxed();
    Ok(LiveFace::of(readable.answered(gateway.ml().match_faces(messages).boxed()).await?))
}

const NO_CONSENT: &str = "no_consent";

impl LiveFace {
    fn unknown(error: &str, why: &str) -> Self {
        let finding = Finding::CouldNotJudge { error: error.to_owned() };
        Self { finding: Some(finding), why: why.to_owned(), ..Self::default() }
    }

    fn of(seen: MatchFacesResponse) -> Self {
        match evidence::failure(seen.outcome.as_ref()) {
            Some(error) => Self {
                stages: seen.stages,
                ..Self::unknown(error, seen.outcome.as_ref().map_or("", |outcome| &outcome.description))
            },
            None => {
                let score = evidence::anchored(seen.probability, seen.matched);
                Self {
                    finding: Some(Finding::Judged { score }.recordable()),
                    measured: Some((seen.score, seen.probability)),
                    why: String::new(),
                    stages: seen.stages,
                }
            }
        }
    }

    /// Whether it is only consent that was missing.
    pub fn lacks_consent(&self) -> bool {
        matches!(&self.finding, Some(Finding::CouldNotJudge { error }) if error == NO_CONSENT)
    }

    /// The check by `rule`, and the sentence it rests on.
    pub fn check(&self, rule: LiveFaceRule) -> (CheckOutcome, String) {
        let (Some(Finding::Judged { score }), Some((similarity, _))) = (&self.finding, self.measured) else {
            return (CheckOutcome::NotChecked, self.why.clone());
        };
        let told = format!(
            "similarity {similarity:.2}, the same person with a probability of {score:.3}; {:.2} is asked for",
            rule.pass
        );
        match rule.outcome(*score) {
            Outcome::Passed => (CheckOutcome::Passed, told),
            Outcome::Failed => (CheckOutcome::Failed, told),
            _ => (
                CheckOutcome::NotChecked,
                format!("unclear: {told}, below {:.2} is another person", rule.refer),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ml;

    fn seen(probability: f64, matched: bool) -> LiveFace {
        let outcome = Some(ml::Outcome { code: 200, ..ml::Outcome::default() });
        LiveFace::of(MatchFacesResponse {
            outcome,
            probability,
            matched,
            score: 0.3,
            ..MatchFacesResponse::default()
        })
    }

    #[test]
    fn a_match_passes_a_clear_mismatch_fails_and_between_nothing_is_claimed() {
        let outcome = |face: LiveFace| face.check(LiveFaceRule::default()).0;
        assert_eq!(outcome(seen(0.97, true)), CheckOutcome::Passed);
        assert_eq!(outcome(seen(0.97, false)), CheckOutcome::NotChecked, "the model's own no");
        assert_eq!(outcome(seen(0.2, false)), CheckOutcome::NotChecked);
        assert_eq!(outcome(seen(0.01, false)), CheckOutcome::Failed);
        let (_, told) = seen(0.97, true).check(LiveFaceRule::default());
        assert_eq!(told, "similarity 0.30, the same person with a probability of 0.970; 0.50 is asked for");
    }

    #[test]
    fn a_face_that_cannot_be_compared_says_why() {
        let outcome =
            Some(ml::Outcome { code: 461, error: "no_face".into(), description: "no face (video)".into() });
        let face = LiveFace::of(MatchFacesResponse { outcome, ..MatchFacesResponse::default() });
        assert_eq!(face.check(LiveFaceRule::default()), (CheckOutcome::NotChecked, "no face (video)".into()));
        assert_eq!(face.finding, Some(Finding::CouldNotJudge { error: "no_face".into() }));
        assert!(!face.lacks_consent());
    }
}
