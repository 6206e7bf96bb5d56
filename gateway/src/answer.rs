//! The answer of process-video: the documented shape, and the one place where another dialect is made of it.

use proto::ml::{
    ActiveSpeaker, AnalyzeVideoResponse, Cue, FaceLiveness, FaceRecognition, MediaAuthenticity, Outcome,
    StageTime, VisualSpeech, VoiceRecognition,
};
use scoring::Decision;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{auth::ResponseFormat, evidence::failure};

/// Each service that ran, by its documented name. A service that could not judge has `error` and a code that is not
/// 200 instead of a result.
pub fn services(seen: &AnalyzeVideoResponse) -> Map<String, Value> {
    let answers = [
        ("Active Speaker Detection", seen.active_speaker.as_ref().map(active_speaker)),
        (
            "Face Liveness Detection",
            seen.face_liveness.as_ref().map(|found| liveness(found, seen.media_authenticity.as_ref())),
        ),
        ("Visual Speech Recognition", seen.visual_speech.as_ref().map(visual_speech)),
        ("Voice Recognition", seen.voice.as_ref().map(voice)),
        ("Face Recognition", seen.face.as_ref().map(face)),
    ];
    answers.into_iter().filter_map(|(name, answer)| Some((name.to_owned(), answer?))).collect()
}

/// The whole body in the default dialect.
pub fn body(services: &Map<String, Value>, decision: &Decision, rules_source: &str) -> Value {
    json!({
        "data": services,
        "scoring_result": scoring_result(decision, rules_source),
        "score": decision.score,
        "decision_reasons": decision.reasons,
        "message": "video processed successfully",
    })
}

/// Converts a default body to the dialect of the key. Sdk: `scoring_result` is the bare verdict, `score` 0..1, a
/// service's `code` 0 for success.
pub fn in_format(mut body: Value, format: ResponseFormat) -> Value {
    if format == ResponseFormat::Default {
        return body;
    }
    if body.get("scoring_result").is_some() {
        body["scoring_result"] = body["scoring_result"]["status"].take();
    }
    in_sdk_numbers(body)
}

/// The same for match-faces, whose `scoring_result` those clients read as an object.
pub fn match_in_format(body: Value, format: ResponseFormat) -> Value {
    if format == ResponseFormat::Default { body } else { in_sdk_numbers(body) }
}

/// Scores 0..1, and 0 for the code of success: of the data itself and of each part of it.
fn in_sdk_numbers(mut body: Value) -> Value {
    if let Some(score) = body.get("score").and_then(Value::as_f64) {
        body["score"] = json!(round(score / 100.0));
    }
    let success = |part: &mut Value| {
        if part.get("code").is_some_and(|code| code == 200) {
            part["code"] = json!(0);
        }
    };
    success(&mut body["data"]);
    body["data"].as_object_mut().into_iter().flat_map(|parts| parts.values_mut()).for_each(success);
    body
}

/// The decision as answers show it.
pub fn scoring_result<C: Serialize>(decision: &Decision<C>, rules_source: &str) -> Value {
    json!({
        "status": decision.verdict.as_str(),
        "rules": rules_source,
        "conditions": decision.conditions,
        "failed_conditions": decision.failed_conditions,
        "failed_refer_conditions": decision.failed_refer_conditions,
    })
}

/// Where the time went, for the record.
pub fn stages(stages: &[StageTime]) -> Vec<Value> {
    let stage = |s: &StageTime| json!({ "stage": s.stage, "cpu_ms": s.cpu_ms, "wall_ms": s.wall_ms });
    stages.iter().map(stage).collect()
}

/// Enough digits to see a difference, few enough to read.
pub fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// `judged` where the service judged, else only why not.
fn outcome(outcome: Option<&Outcome>, judged: impl FnOnce() -> Value) -> Value {
    let mut answer = match failure(outcome) {
        None => judged(),
        Some(error) => json!({ "error": error }),
    };
    answer["code"] = json!(outcome.map_or(500, |o| o.code));
    answer["description"] = json!(outcome.map(|o| o.description.as_str()).unwrap_or_default());
    answer
}

fn cues(cues: &[Cue]) -> Vec<Value> {
    let cue = |cue: &Cue| {
        json!({
            "name": cue.name,
            "value": round(cue.value),
            "threshold": cue.threshold.map(round),
            "passed": cue.passed,
            "score": cue.score.map(round),
        })
    };
    cues.iter().map(cue).collect()
}

fn active_speaker(seen: &ActiveSpeaker) -> Value {
    let mut answer = outcome(seen.outcome.as_ref(), || {
        json!({
            "result": round(seen.result),
            "score": round(seen.result),
            "lag_ms": seen.lag_ms.map(round),
        })
    });
    answer["cues"] = json!(cues(&seen.cues));
    answer
}

fn liveness(seen: &FaceLiveness, authenticity: Option<&MediaAuthenticity>) -> Value {
    let mut answer =
        outcome(seen.outcome.as_ref(), || json!({ "result": seen.result, "score": round(seen.score) }));
    answer["cues"] = json!(cues(&seen.cues));
    if let Some(authenticity) = authenticity {
        answer["media_authenticity"] = media_authenticity(authenticity);
    }
    answer
}

fn media_authenticity(seen: &MediaAuthenticity) -> Value {
    let mut answer =
        outcome(seen.outcome.as_ref(), || json!({ "result": seen.result, "score": round(seen.score) }));
    answer["cues"] = json!(cues(&seen.cues));
    answer
}

fn visual_speech(seen: &VisualSpeech) -> Value {
    let mut answer =
        outcome(seen.outcome.as_ref(), || json!({ "result": seen.result, "score": round(seen.score) }));
    answer["cues"] = json!(cues(&seen.cues));
    if let Some(spoken) = &seen.spoken {
        answer["audio_transcript"] = json!(spoken.transcript);
        answer["spoken_phrase"] = outcome(spoken.outcome.as_ref(), || {
            json!({
                "said": spoken.said,
                "score": round(spoken.score),
                "log_likelihood_ratio": round(spoken.log_likelihood_ratio),
            })
        });
    }
    answer
}

fn voice(seen: &VoiceRecognition) -> Value {
    let mut answer = outcome(seen.outcome.as_ref(), || {
        json!({
            "id": seen.id,
            "score": round(seen.score),
            "imposter_prob": seen.imposter_prob,
            "log_odds": format!("{:.4}", seen.log_odds),
            "speech_seconds": round(seen.speech_seconds),
            "narrow_band": seen.narrow_band,
        })
    });
    answer["status"] = json!(if seen.status.is_empty() { "error" } else { &seen.status });
    answer
}

fn face(seen: &FaceRecognition) -> Value {
    outcome(seen.outcome.as_ref(), || {
        let instances = seen.instances.iter().map(|hit| {
            json!({ "search": { "probability": round(hit.probability), "searchName": hit.name, "score": round(hit.score) } })
        });
        json!({
            "score": round(seen.score),
            "probability": round(seen.probability),
            "enrolled": seen.enrolled,
            "matched": seen.matched,
            "instances": instances.collect::<Vec<_>>(),
        })
    })
}
