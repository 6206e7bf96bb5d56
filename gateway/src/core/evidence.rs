//! Converts results of the models into evidence for the decision.

use proto::{
    Word,
    ml::{self, AnalyzeVideoResponse, Outcome, OutcomeStatus, Replay, ServiceResult},
};
use scoring::{EarlierUse, Evidence, Finding, Service};

/// Returns the evidence in a response of the ML service, as recorded; services that did not run have none.
pub fn video_evidence(seen: &AnalyzeVideoResponse) -> Evidence {
    let of_service = |result: &ServiceResult| {
        let service = Service::from_field(result.service().as_word())?;
        Some((service, finding(result).recordable()))
    };
    let replay = seen.replay.as_ref().map(|replay| (Service::MediaReplay, replay_finding(replay)));
    seen.results.iter().filter_map(of_service).chain(replay).collect()
}

/// Returns the ML service's name of the service that includes this one.
pub fn ml_service(service: Service) -> ml::Service {
    ml::Service::from_word(service.selected_by().field()).unwrap_or_default()
}

fn finding(result: &ServiceResult) -> Finding {
    match (failure(result.outcome.as_ref()), result.evidence) {
        (Some(error), _) => Finding::CouldNotJudge { error: error.to_owned() },
        (None, Some(score)) => Finding::Judged { score },
        (None, None) => Finding::NotEnrolled,
    }
}

/// Returns why a service did not judge. A response without an outcome counts as a failure.
pub fn failure(outcome: Option<&Outcome>) -> Option<&str> {
    match outcome {
        Some(outcome) if outcome.status() == OutcomeStatus::Judged => None,
        Some(outcome) if !outcome.error.is_empty() => Some(&outcome.error),
        _ => Some("not_judged"),
    }
}

/// Returns the finding of a replayed recording, which has no degree.
pub const fn replay_finding(_: &Replay) -> Finding {
    Finding::Judged { score: 0.0 }
}

/// Converts it to the recorded form.
pub fn earlier_use(replay: &Replay) -> EarlierUse {
    let by = replay.by().map(|trace| trace.to_word().unwrap_or("unspecified").to_owned()).collect();
    EarlierUse { by, transaction_id: replay.transaction_id.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(status: OutcomeStatus, error: &str, evidence: Option<f64>) -> Finding {
        let outcome = Some(Outcome { status: status.into(), error: error.into(), ..Outcome::default() });
        let service = ml::Service::FaceRecognition.into();
        let result = ServiceResult { service, outcome, evidence, ..ServiceResult::default() };
        let seen = AnalyzeVideoResponse { results: vec![result], ..AnalyzeVideoResponse::default() };
        video_evidence(&seen).remove(&Service::FaceRecognition).unwrap()
    }

    #[test]
    fn a_service_that_did_not_run_has_no_evidence() {
        assert!(video_evidence(&AnalyzeVideoResponse::default()).is_empty());
    }

    #[test]
    fn a_service_judges_or_reports_why_not_or_lacks_a_template() {
        assert_eq!(found(OutcomeStatus::Judged, "", Some(0.7)), Finding::Judged { score: 0.7 });
        assert_eq!(found(OutcomeStatus::Judged, "", None), Finding::NotEnrolled);
        let unjudged = |error: &str| Finding::CouldNotJudge { error: error.into() };
        assert_eq!(found(OutcomeStatus::CannotJudge, "no_face", None), unjudged("no_face"));
        assert_eq!(found(OutcomeStatus::Failed, "", Some(0.7)), unjudged("not_judged"));
    }

    #[test]
    fn every_service_that_a_key_selects_has_a_name_on_the_wire() {
        for service in Service::ALL.into_iter().filter(|service| service.needs() != scoring::Needs::Nothing) {
            assert_eq!(ml_service(service).as_word(), service.selected_by().field());
        }
    }
}
