//! A reference picture against a video: the one sent along, or the session's last.

use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
    http::{HeaderMap, HeaderValue},
};
use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream::BoxStream};
use proto::{
    ml::{MatchFacesHeader, MatchFacesRequest, MatchFacesResponse, Outcome, match_faces_request},
    sessions::GetLastVideoRequest,
};
use scoring::{Basis, Decision, Evidence, Finding, Rules, Service};
use serde_json::{Value, json};
use tonic::Code;
use utoipa::ToSchema;

use crate::{
    Gateway, answer,
    auth::ApiKey,
    consent,
    error::Error,
    evidence,
    middleware::REMOVED_SERVICES,
    record::Call,
    samples, sessions,
    upload::{Fields, Form, Readable, relayed},
    whose,
};

const FIELDS: Fields = Fields {
    files: &["image", "video"],
    texts: &["X-Session-ID", "X-Request-User-Provided-ID", "session_id"],
};

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct MatchFacesForm {
    /// The reference picture, a photo or a document's page: jpg, png or webp, at most 50 MB.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    image: String,
    /// mp4, mov, webm, mkv or avi, at most 50 MB; left out with `X-Use-Prefilled-Video: true`.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    video: Option<String>,
}

/// Compares the face of a picture with the face of a video. Without authorization consent nobody is compared: the answer
/// has `X-Removed-Services: true` and is at best a refer.
#[utoipa::path(post, path = "/api-gateway/match-faces", tag = "biometrics",
    request_body(content = MatchFacesForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "both sides and the decision", body = Value,
        headers(("X-Removed-Services" = String, description = "true: without consent, nobody was compared")),
        example = json!({"data": {"code": 200, "result": 1, "description": "the faces match", "percentages": [99.2], "score": 0.99, "similarity": 0.56, "anchor": {"code": 200, "description": "one face found in the image"}, "target": {"code": 200, "description": "one face found in the video"}}, "score": 99.0, "scoring_result": {"status": "pass"}, "decision_reasons": ["reference_match_passed"], "message": "faces match result is here"})),
        (status = 400, description = "no video found for this session, or a form that makes no sense")))]
pub async fn match_faces(
    State(gateway): State<Gateway>,
    call: Call,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(HeaderMap, Json<Value>), Error> {
    let form = Form::receive(&gateway, form, &FIELDS).await?;
    form.file("image")?;
    let session_id = whose::session_of(&call, &form)?;
    let is_prefilled = call.headers.use_prefilled_video;
    match (is_prefilled, form.has_file("video")) {
        (true, true) => {
            return Err(Error::invalid(
                "send either a 'video' file or X-Use-Prefilled-Video: true, not both",
            ));
        }
        (true, false) if session_id.is_none() => {
            return Err(Error::invalid("X-Use-Prefilled-Video needs the X-Session-ID header"));
        }
        (false, false) => {
            return Err(Error::invalid("'video' file is required, or X-Use-Prefilled-Video: true"));
        }
        _ => {}
    }
    let user = whose::user_of(&gateway, &call, session_id.as_deref()).await?;
    if let (Some(session_id), Some(user)) = (&session_id, &user) {
        sessions::bind(&gateway, &call, session_id, user).await?;
    }
    let consents = consent::given(&gateway, &call, user.as_deref()).await?;
    let is_allowed = consents.authorization;
    let header = MatchFacesHeader { project_id: call.project_id(), detect_only: !is_allowed };
    let prefilled = session_id.as_deref().filter(|_| is_prefilled);
    let (messages, readable) = messages(&gateway, &call, &form, header, prefilled).await?;
    let seen = readable.answered(gateway.ml().match_faces(messages).boxed()).await?;

    keep(&gateway, &call, &form, is_allowed && consents.storage).await;
    let evidence = finding(&seen, is_allowed);
    let decision = decide(&call.key, &evidence)?;
    let data = data(&seen);
    note(&call, &data, &evidence, &decision, &seen);
    let mut headers = HeaderMap::new();
    if !is_allowed {
        headers.insert(REMOVED_SERVICES, HeaderValue::from_static("true"));
    }
    let body = body(&data, &decision, &call.key.rules_source);
    Ok((headers, Json(answer::match_in_format(body, call.key.format))))
}

/// Keeps what was sent as samples. The session's last video stays what process-video made it.
async fn keep(gateway: &Gateway, call: &Call, form: &Form, allowed: bool) {
    for name in ["image", "video"] {
        if let Ok(file) = form.file(name) {
            samples::keep(gateway, call, allowed, name, file).await;
        }
    }
}

type Messages = BoxStream<'static, MatchFacesRequest>;

/// The header, the picture, the video.
async fn messages(
    gateway: &Gateway,
    call: &Call,
    form: &Form,
    header: MatchFacesHeader,
    prefilled: Option<&str>,
) -> Result<(Messages, Readable), Error> {
    let message = |part| MatchFacesRequest { part: Some(part) };
    let header = message(match_faces_request::Part::Header(header));
    let image = |chunk| MatchFacesRequest { part: Some(match_faces_request::Part::Image(chunk)) };
    let video = |chunk| MatchFacesRequest { part: Some(match_faces_request::Part::Video(chunk)) };
    let (first, readable) = form.file("image")?.messages(header, image);
    let (second, also_readable) = match prefilled {
        Some(session_id) => {
            let last = last_video(gateway, call, session_id).await?;
            relayed(last.ok_or(Error::invalid("no video found for this session"))?, video)
        }
        None => form.file("video")?.messages(video(Bytes::new()), video),
    };
    Ok((first.chain(second).boxed(), readable.and(also_readable)))
}

/// The session's last video; none when it has none.
///
/// # Errors
/// When the session is unknown or has ended, or its service does not answer.
pub async fn last_video(
    gateway: &Gateway,
    call: &Call,
    session_id: &str,
) -> Result<Option<BoxStream<'static, Result<Bytes, tonic::Status>>>, Error> {
    let request = GetLastVideoRequest { project_id: call.project_id(), session_id: session_id.to_owned() };
    match gateway.sessions().get_last_video(request).await {
        Ok(found) => Ok(Some(found.into_inner().map(|message| Ok(message?.chunk)).boxed())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

/// What the rules are given: the probability that both are the same person, which is one half at the models' own
/// threshold.
fn finding(seen: &MatchFacesResponse, is_allowed: bool) -> Evidence {
    let finding = match evidence::failure(seen.outcome.as_ref()) {
        _ if !is_allowed => return Evidence::new(),
        None => Finding::Judged { score: evidence::anchored(seen.probability, seen.matched) },
        Some(error) => Finding::CouldNotJudge { error: error.to_owned() },
    };
    Evidence::from([(Service::ReferenceMatch, finding)])
}

/// By the key's own rules, else its project's, else the built-in ones, as far as they are about reference pictures.
fn decide(key: &ApiKey, evidence: &Evidence) -> Result<Decision, Error> {
    let rules = match &key.rules_json {
        Some(json) => Rules::parse(json).map_err(|error| Error::internal(&error))?.for_reference(),
        None => Rules::default_for_reference(),
    };
    Ok(scoring::decide(&rules, evidence))
}

fn data(seen: &MatchFacesResponse) -> Value {
    let outcome = seen.outcome.clone().unwrap_or_default();
    let percentages: Vec<_> = seen.percentages.iter().map(|p| answer::round(*p)).collect();
    json!({
        "code": outcome.code,
        "result": u8::from(seen.matched),
        "description": outcome.description,
        "percentages": percentages,
        "score": answer::round(seen.probability),
        "similarity": answer::round(seen.score),
        "anchor": side(seen.anchor.as_ref()),
        "target": side(seen.target.as_ref()),
    })
}

fn side(outcome: Option<&Outcome>) -> Value {
    let outcome = outcome.cloned().unwrap_or_default();
    let mut side = json!({ "code": outcome.code, "description": outcome.description });
    if !outcome.error.is_empty() {
        side["error"] = json!(outcome.error);
    }
    side
}

fn body(data: &Value, decision: &Decision, rules_source: &str) -> Value {
    json!({
        "data": data,
        "scoring_result": answer::scoring_result(decision, rules_source),
        "score": decision.score,
        "decision_reasons": decision.reasons,
        "message": "faces match result is here",
    })
}

fn note(call: &Call, data: &Value, evidence: &Evidence, decision: &Decision, seen: &MatchFacesResponse) {
    call.note(|transaction| {
        transaction.verdict = Some(decision.verdict.as_str().to_owned());
        transaction.score = Some(decision.score);
        transaction.reasons.clone_from(&decision.reasons);
        transaction.rules = Some(call.key.rules_source.clone());
        transaction.services_json = Some(json!({ "Face Match": data }).to_string());
        let (selected, rules) = (call.key.services.clone(), call.key.rules_version.clone());
        transaction.evidence_json =
            serde_json::to_string(&Basis { selected, found: evidence.clone(), rules }).ok();
        transaction.durations_json = Some(json!({ "stages": answer::stages(&seen.stages) }).to_string());
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use scoring::Verdict;

    fn seen(matched: bool, probability: f64) -> MatchFacesResponse {
        let outcome = Some(Outcome { code: 200, ..Outcome::default() });
        MatchFacesResponse { outcome, matched, probability, ..MatchFacesResponse::default() }
    }

    fn verdict(seen: &MatchFacesResponse, is_allowed: bool) -> Verdict {
        scoring::decide(&Rules::default_for_reference(), &finding(seen, is_allowed)).verdict
    }

    #[test]
    fn a_match_passes_another_person_fails_and_without_consent_nobody_is_judged() {
        assert_eq!(verdict(&seen(true, 0.99), true), Verdict::Pass);
        assert_eq!(verdict(&seen(false, 0.01), true), Verdict::Fail);
        assert_eq!(verdict(&seen(true, 0.99), false), Verdict::Refer);
        let outcome = Some(Outcome { code: 461, error: "no_face".into(), ..Outcome::default() });
        let faceless = MatchFacesResponse { outcome, ..MatchFacesResponse::default() };
        assert_eq!(verdict(&faceless, true), Verdict::Fail);
    }

    proptest! {
        #[test]
        fn only_a_match_passes_the_default_rules(matched in any::<bool>(), probability in 0f64..=1.0) {
            prop_assert_eq!(verdict(&seen(matched, probability), true) == Verdict::Pass, matched);
        }
    }
}
