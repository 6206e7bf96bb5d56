//! Enrolment: a face or a voice becomes a template, when its quality allows.

use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
    http::StatusCode,
};
use futures::{FutureExt, future::OptionFuture};
use proto::{
    consent::ConsentState,
    ml::{
        Duplicate, EnrollFaceResponse, EnrollHeader, EnrollRequest, EnrollVoiceResponse, EnrollmentState,
        Measure, Outcome, SpokenPhrase, StageTime, enroll_request,
    },
};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    Gateway, answer,
    config::DuplicateIdentity,
    consent,
    docauth::{self, Examined},
    error::Error,
    headers,
    record::Call,
    samples, sessions,
    upload::{Fields, Form, Spooled},
    whose,
};

const FACE: Fields = Fields {
    files: &["face"],
    texts: &["is_document", "replace", "X-Session-ID", "X-Request-User-Provided-ID", "session_id"],
};
const VOICE: Fields = Fields {
    files: &["voice"],
    texts: &[
        "phrase",
        "vocabulary",
        "unique_id",
        "replace",
        "X-Session-ID",
        "X-Request-User-Provided-ID",
        "session_id",
    ],
};

/// The form of a face's enrolment.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct EnrollFaceForm {
    /// jpg, png or webp, at most 50 MB and 60 megapixels.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    face: String,
    /// `true`: a document's portrait; smaller and softer pictures will do, and the document is checked.
    #[schema(example = "false")]
    is_document: Option<String>,
    /// `true`: begin anew, also as another person. Needs a key that can mint.
    #[schema(example = "false")]
    replace: Option<String>,
}

/// The form of a voice's enrolment.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct EnrollVoiceForm {
    /// Any sound or video file, at most 50 MB and 60 seconds.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    voice: String,
    /// What the user was asked to say.
    #[schema(example = "one two three four five")]
    phrase: String,
    /// As for process-video.
    vocabulary: Option<String>,
    /// The user, for clients that send no X-User-Fullname; with that header it is not looked at.
    unique_id: Option<String>,
    /// `true`: begin anew, also as another person. Needs a key that can mint.
    #[schema(example = "false")]
    replace: Option<String>,
}

/// Enrols a face. A picture that will not do is answered 200 with a code that says why; it is not kept.
#[utoipa::path(post, path = "/api-gateway/enroll/face", tag = "biometrics",
    request_body(content = EnrollFaceForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "enrolled, or why not", body = Value,
        example = json!({"data": {"enrollment_result": {"code": 200, "description": "the face is enrolled", "state": "enrolled", "quality": []}}, "decision_reasons": ["face_enrolled"], "message": "face enrolled successfully"})),
        (status = 403, description = "a consent is missing; the sentence says which")))]
pub async fn face(
    State(gateway): State<Gateway>,
    call: Call,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Value>, Error> {
    let form = Form::receive(&gateway, form, &FACE).await?;
    let picture = form.file("face")?;
    let is_document = flag(&form, "is_document")?;
    let header = EnrollHeader { is_document, ..admit(&gateway, &call, &form, None).await? };
    let (messages, readable) = messages(picture, header);
    // Nobody is enrolled without authorization, so the portrait may be compared too.
    let session_id = whose::session_of(&call, &form)?;
    let of = docauth::Subject { session_id: session_id.as_deref(), may_compare: true };
    let document: OptionFuture<_> =
        is_document.then(|| docauth::examine(&gateway, &call, picture, of)).into();
    let mut ml = gateway.ml();
    let (enrolled, document) = tokio::join!(readable.answered(ml.enroll_face(messages).boxed()), document);
    let enrolled = enrolled?;
    samples::keep(&gateway, &call, true, "face", picture).await;
    let reasons = reasons("face", enrolled.outcome.as_ref(), enrolled.state(), enrolled.duplicate.is_some());
    let result = face_result(&enrolled);
    note(&call, "Face Enrollment", &result, enrolled.duplicate.as_ref(), &reasons, &enrolled.stages);
    let is_good = enrolled.state() != EnrollmentState::Refused;
    let mut body = json!({
        "data": { "enrollment_result": result },
        "decision_reasons": reasons,
        "message": if is_good { "face enrolled successfully" } else { "face was not enrolled" },
    });
    if let Some(document) = document {
        body["data"]["document_auth"] = document_auth(&call, document);
    }
    Ok(Json(answer::in_format(body, call.key.format)))
}

/// Enrols a voice. Several recordings make one template: `good` says that more speech is needed, `enrolled` that the
/// template is made.
#[utoipa::path(post, path = "/api-gateway/enroll/voice", tag = "biometrics",
    request_body(content = EnrollVoiceForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "enrolled, good so far, or why not", body = Value,
        example = json!({"data": {"status": "enrolled", "qa_combined": {"status": "good", "results": []}, "qa_list": []}, "decision_reasons": ["voice_enrolled"], "message": "voice registered successfully"})),
        (status = 403, description = "a consent is missing; the sentence says which")))]
pub async fn voice(
    State(gateway): State<Gateway>,
    call: Call,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Value>, Error> {
    let form = Form::receive(&gateway, form, &VOICE).await?;
    let recording = form.file("voice")?;
    let phrase = form.required_text("phrase")?.to_owned();
    let vocabulary = form.text("vocabulary").unwrap_or_default().to_owned();
    let named = form.text("unique_id").map(headers::user_fullname).transpose()?;
    let header = EnrollHeader { phrase, vocabulary, ..admit(&gateway, &call, &form, named).await? };
    let (messages, readable) = messages(recording, header);
    let enrolled = readable.answered(gateway.ml().enroll_voice(messages).boxed()).await?;
    samples::keep(&gateway, &call, true, "voice", recording).await;
    let reasons = reasons("voice", enrolled.outcome.as_ref(), enrolled.state(), enrolled.duplicate.is_some());
    let result = voice_result(&enrolled);
    note(&call, "Voice Enrollment", &result, enrolled.duplicate.as_ref(), &reasons, &enrolled.stages);
    let is_good = enrolled.state() != EnrollmentState::Refused;
    let body = json!({
        "data": result,
        "decision_reasons": reasons,
        "message": if is_good { "voice registered successfully" } else { "voice was not registered" },
    });
    Ok(Json(answer::in_format(body, call.key.format)))
}

/// Settles whom the enrolment is about and that they agreed to it.
async fn admit(
    gateway: &Gateway,
    call: &Call,
    form: &Form,
    named: Option<String>,
) -> Result<EnrollHeader, Error> {
    let replace = flag(form, "replace")?;
    if replace && !call.key.can_mint {
        return Err(Error::CannotMint);
    }
    let session_id = whose::session_of(call, form)?;
    let user = whose::required_user(gateway, call, named, session_id.as_deref()).await?;
    if let Some(session_id) = &session_id {
        sessions::bind(gateway, call, session_id, &user).await?;
    }
    missing_consent(consent::given(gateway, call, Some(&user)).await?)?;
    Ok(EnrollHeader {
        project_id: call.project_id(),
        user_fullname: user,
        transaction_id: call.transaction_id.to_string(),
        replace,
        refuse_duplicates: gateway.config().duplicate_identity == DuplicateIdentity::Refuse,
        ..EnrollHeader::default()
    })
}

fn missing_consent(given: ConsentState) -> Result<(), Error> {
    let missing = match (given.authorization, given.storage) {
        (true, true) => return Ok(()),
        (false, true) => {
            "authorization consent is required to enroll: record it with POST /api-consent/consent"
        }
        (true, false) => {
            "storage consent is required to enroll: record it with POST /api-consent/strg-consent"
        }
        (false, false) => {
            "authorization and storage consent are required to enroll: record them with POST /api-consent/consent and POST /api-consent/strg-consent"
        }
    };
    Err(Error::Refused(StatusCode::FORBIDDEN, missing.to_owned()))
}

/// A yes or no of the form; absent is no.
fn flag(form: &Form, name: &'static str) -> Result<bool, Error> {
    match form.text(name) {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(Error::Invalid(format!("'{name}' form value must be true or false").into())),
    }
}

fn messages(
    file: &Spooled,
    header: EnrollHeader,
) -> (futures::stream::BoxStream<'static, EnrollRequest>, crate::upload::Readable) {
    let header = EnrollRequest { part: Some(enroll_request::Part::Header(header)) };
    file.messages(header, |chunk| EnrollRequest { part: Some(enroll_request::Part::Chunk(chunk)) })
}

/// What the documents service says of the picture, in the answer and in the transaction. Its failure costs the enrolment
/// nothing, and is told as it is.
fn document_auth(call: &Call, examined: Result<Examined, Error>) -> Value {
    let examined = match examined {
        Ok(examined) => examined,
        Err(Error::Refused(StatusCode::NOT_IMPLEMENTED, _)) => {
            return json!({ "status": "not_checked", "description": "this server does not check documents" });
        }
        Err(error) => return json!({ "status": "not_checked", "description": error.to_string() }),
    };
    call.note(|transaction| {
        let services = transaction.services_json.as_deref().unwrap_or_default();
        let mut services: Value = serde_json::from_str(services).unwrap_or_else(|_| json!({}));
        services["document"] = examined.record();
        transaction.services_json = Some(services.to_string());
        transaction.evidence_json = examined.basis_json();
        transaction.rules = Some(call.key.rules_source.clone());
    });
    docauth::beside_enrolment(&examined, call)
}

fn face_result(enrolled: &EnrollFaceResponse) -> Value {
    let mut result = result(enrolled.outcome.as_ref());
    result["state"] = json!(state(enrolled.state()));
    result["pictures"] = json!(enrolled.kept);
    result["quality"] = enrolled.measures.iter().map(quality).collect();
    result
}

/// The shape of the vendor's client: what became of it, the measures of this recording and of all together.
fn voice_result(enrolled: &EnrollVoiceResponse) -> Value {
    let spoken = enrolled.spoken.as_ref();
    let of_this: Vec<_> = enrolled.measures.iter().map(|m| quality_or_phrase(m, spoken)).collect();
    let is_good = enrolled.measures.iter().all(|m| m.passed);
    let has_passed = enrolled.combined.iter().all(|m| m.passed);
    let together: Vec<_> = enrolled.combined.iter().map(quality).collect();
    let combined = json!({ "status": word(has_passed), "results": together });
    let mut result = result(enrolled.outcome.as_ref());
    result["state"] = json!(state(enrolled.state()));
    result["recordings"] = json!(enrolled.kept);
    result["status"] = json!(match enrolled.state() {
        EnrollmentState::Partial => "good",
        EnrollmentState::Enrolled | EnrollmentState::Strengthened | EnrollmentState::Replaced => "enrolled",
        _ if is_good => "error",
        _ => "qafailed",
    });
    result["qa_combined"] = if enrolled.combined.is_empty() { Value::Null } else { combined };
    result["qa_list"] = json!([{ "status": word(is_good), "results": of_this }]);
    result
}

fn result(outcome: Option<&Outcome>) -> Value {
    let outcome = outcome.cloned().unwrap_or_default();
    let mut result = json!({ "code": outcome.code, "description": outcome.description });
    if !outcome.error.is_empty() {
        result["error"] = json!(outcome.error);
    }
    result
}

const fn word(passed: bool) -> &'static str {
    if passed { "good" } else { "fail" }
}

fn quality(measure: &Measure) -> Value {
    json!({
        "status": word(measure.passed),
        "property": measure.property,
        "value": answer::round(measure.value),
        "op": measure.op,
        "threshold": answer::round(measure.threshold),
    })
}

/// The phrase has what was heard beside its value.
fn quality_or_phrase(measure: &Measure, spoken: Option<&SpokenPhrase>) -> Value {
    let mut quality = quality(measure);
    if measure.property == "phrase" {
        let heard = spoken.filter(|spoken| !spoken.transcript.is_empty());
        let heard = heard.map(|s| json!({ "score": answer::round(s.score), "text": s.transcript }));
        quality["results"] = json!(heard.into_iter().collect::<Vec<_>>());
    }
    quality
}

const fn state(state: EnrollmentState) -> &'static str {
    match state {
        EnrollmentState::Partial => "partial",
        EnrollmentState::Enrolled => "enrolled",
        EnrollmentState::Strengthened => "strengthened",
        EnrollmentState::Replaced => "replaced",
        EnrollmentState::Refused | EnrollmentState::Unspecified => "refused",
    }
}

/// Stable words: what became of it or why not, and whether somebody else is enrolled with it.
fn reasons(
    what: &str,
    outcome: Option<&Outcome>,
    became: EnrollmentState,
    is_duplicate: bool,
) -> Vec<String> {
    const DUPLICATE: &str = "duplicate_identity";
    let error = outcome.map(|o| o.error.as_str()).filter(|error| !error.is_empty());
    let mut reasons = vec![error.map_or_else(|| format!("{what}_{}", state(became)), str::to_owned)];
    if is_duplicate && reasons[0] != DUPLICATE {
        reasons.push(DUPLICATE.to_owned());
    }
    reasons
}

/// Who the other subject is stays in the transaction: by ids, so that erasing them leaves no name here.
fn note(
    call: &Call,
    service: &str,
    result: &Value,
    duplicate: Option<&Duplicate>,
    reasons: &[String],
    stages: &[StageTime],
) {
    let mut result = result.clone();
    if let Some(other) = duplicate {
        result["duplicate"] = json!({
            "subject_id": other.subject_id,
            "transaction_id": other.transaction_id,
            "probability": answer::round(other.probability),
        });
    }
    call.note(|transaction| {
        transaction.reasons = reasons.to_vec();
        transaction.services_json = Some(json!({ service: result }).to_string());
        transaction.durations_json = Some(json!({ "stages": answer::stages(stages) }).to_string());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_consent_is_named() {
        let sentence = |authorization, storage| {
            missing_consent(ConsentState { authorization, storage }).unwrap_err().to_string()
        };
        assert!(missing_consent(ConsentState { authorization: true, storage: true }).is_ok());
        assert!(sentence(false, true).starts_with("authorization consent is"));
        assert!(sentence(true, false).starts_with("storage consent is"));
        assert!(sentence(false, false).starts_with("authorization and storage consent are"));
    }

    #[test]
    fn a_refusal_is_its_own_reason_and_a_duplicate_is_told_beside() {
        let outcome = |error: &str| Some(Outcome { error: error.into(), ..Outcome::default() });
        let of = |error, became, duplicate| reasons("face", outcome(error).as_ref(), became, duplicate);
        assert_eq!(of("", EnrollmentState::Enrolled, false), ["face_enrolled"]);
        assert_eq!(of("", EnrollmentState::Enrolled, true), ["face_enrolled", "duplicate_identity"]);
        assert_eq!(of("another_person", EnrollmentState::Refused, false), ["another_person"]);
        assert_eq!(of("duplicate_identity", EnrollmentState::Refused, true), ["duplicate_identity"]);
    }
}
