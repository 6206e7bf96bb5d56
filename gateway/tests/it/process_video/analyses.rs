//! Analyses as the models return them.

use super::*;

pub fn ok() -> Option<Outcome> {
    outcome(200, "").map(|of| Outcome { description: "fine".into(), ..of })
}

/// A service that judged.
pub fn judged(service: Service, accepted: bool, score: f64) -> ServiceResult {
    ServiceResult {
        service: service.into(),
        outcome: ok(),
        accepted,
        score,
        evidence: Some(clamp_to_decision(score, accepted)),
        ..ServiceResult::default()
    }
}

/// A response in which these services ran.
pub fn of(results: Vec<ServiceResult>) -> AnalyzeVideoResponse {
    AnalyzeVideoResponse { results, ..AnalyzeVideoResponse::default() }
}

/// The same with another result of a service.
pub fn with(mut seen: AnalyzeVideoResponse, result: ServiceResult) -> AnalyzeVideoResponse {
    seen.results.retain(|known| known.service != result.service);
    seen.results.push(result);
    seen
}

/// A live speaker who says the phrase and has templates of their own.
pub fn genuine() -> AnalyzeVideoResponse {
    let words = || "one two three".to_owned();
    let hit = FaceInstance { probability: 0.97, name: ADA.into(), score: 0.7 };
    let details = [
        (
            judged(Service::ActiveSpeaker, true, 0.95),
            Detail::ActiveSpeaker(ActiveSpeaker { lag_ms: Some(40.0) }),
        ),
        (judged(Service::VisualSpeech, true, 0.6), Detail::VisualSpeech(VisualSpeech { words: words() })),
        (
            judged(Service::SpokenPhrase, true, 0.9),
            Detail::SpokenPhrase(SpokenPhrase { transcript: words(), log_likelihood_ratio: 4.0 }),
        ),
        (
            ServiceResult { evidence: Some(0.99), ..judged(Service::VoiceRecognition, true, 0.89) },
            Detail::VoiceRecognition(VoiceRecognition {
                status: RecognitionStatus::Identified.into(),
                id: ADA.into(),
                imposter_prob: 0.01,
                log_odds: 4.6,
                enrolled: true,
                speech_seconds: 3.2,
                narrow_band: false,
            }),
        ),
        (
            ServiceResult { evidence: Some(0.97), ..judged(Service::FaceRecognition, true, 0.7) },
            Detail::FaceRecognition(FaceRecognition {
                probability: 0.97,
                enrolled: true,
                instances: vec![hit],
            }),
        ),
    ];
    let detailed = details.map(|(result, detail)| ServiceResult { detail: Some(detail), ..result });
    of([vec![judged(Service::FaceLiveness, true, 0.98)], detailed.into()].concat())
}

/// The same person at the first visit: nobody to compare with, and something that could be enrolled.
pub fn first_visit() -> AnalyzeVideoResponse {
    let not_enrolled = |service, detail| ServiceResult {
        evidence: None,
        detail: Some(detail),
        ..judged(service, false, 0.0)
    };
    let voice = VoiceRecognition {
        status: RecognitionStatus::NotEnrolled.into(),
        imposter_prob: 0.5,
        ..VoiceRecognition::default()
    };
    let face = Detail::FaceRecognition(FaceRecognition::default());
    let seen = with(genuine(), not_enrolled(Service::FaceRecognition, face));
    let seen = with(seen, not_enrolled(Service::VoiceRecognition, Detail::VoiceRecognition(voice)));
    AnalyzeVideoResponse { candidate: Bytes::from_static(b"sealed"), ..seen }
}

/// The response with the results of one service alone.
pub fn only(mut seen: AnalyzeVideoResponse, service: Service) -> AnalyzeVideoResponse {
    seen.results.retain(|result| result.service() == service);
    seen
}

/// The genuine user, whom nobody was asked to recognise.
pub fn unrecognised() -> AnalyzeVideoResponse {
    let mut seen = genuine();
    let recognitions = [Service::FaceRecognition, Service::VoiceRecognition];
    seen.results.retain(|result| !recognitions.contains(&result.service()));
    seen
}

pub fn not_live(seen: AnalyzeVideoResponse) -> AnalyzeVideoResponse {
    with(seen, judged(Service::FaceLiveness, false, 0.1))
}
