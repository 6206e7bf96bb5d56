//! `POST /api-gateway/v2/enrollments/face` and `/voice`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    envelope::Answer,
    errors::{of_media, unusable},
    request::{Received, begin},
};
use crate::{
    core::{
        check_document::DocumentOptions,
        enroll::{FaceInput, VoiceInput, enroll_face, enroll_voice},
        error::Error,
    },
    http::{
        multipart::FormBody,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// The form of face enrollment.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct EnrollFaceFormV2 {
    /// JSON: `user_id`, optional `is_document`, `session_id`.
    #[schema(example = "{\"user_id\":\"u1\"}")]
    request: String,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    face: String,
}

/// The form of voice enrollment.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct EnrollVoiceFormV2 {
    /// JSON: `user_id`, `phrase`, optional `vocabulary`, `session_id`.
    #[schema(example = "{\"user_id\":\"u1\",\"phrase\":\"one two\"}")]
    request: String,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    voice: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolledV2 {
    /// False when more recordings are needed.
    enrolled: bool,
    user_id: String,
}

/// Enrolls a face.
#[utoipa::path(post, path = "/api-gateway/v2/enrollments/face", tag = "biometry v2",
    request_body(content = EnrollFaceFormV2, content_type = "multipart/form-data"),
    responses((status = 200, body = Answer<EnrolledV2>), (status = 403, description = "consent_required"),
        (status = 409, description = "duplicate_identity"), (status = 422, description = "face_not_detected and others")))]
pub async fn enroll_face_v2(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<EnrolledV2>>> {
    let result = face(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn face(gateway: &Gateway, call: &mut Call, form: FormBody) -> Result<Json<Answer<EnrolledV2>>, Error> {
    let received = Received::receive(gateway, &call.caller.project_id, form, &["face"]).await?;
    let picture = received.form.file("face")?;
    let document = received.flag("is_document")?;
    let document =
        document.then_some(DocumentOptions { validate_mrz: false, external: false, chip: Vec::new() });
    let caller = call.caller.clone();
    let verification = begin(gateway, call, &caller, &received).await?;
    let input = FaceInput { picture, document, replace: false };
    let outcome = enroll_face(verification, input).await.map_err(of_media)?;
    enrolled(call, &received, outcome.report.state, &outcome.reasons, "face enrolled")
}

/// Enrolls a voice. A template needs several recordings: `enrolled` is false until there are enough.
#[utoipa::path(post, path = "/api-gateway/v2/enrollments/voice", tag = "biometry v2",
    request_body(content = EnrollVoiceFormV2, content_type = "multipart/form-data"),
    responses((status = 200, body = Answer<EnrolledV2>), (status = 403, description = "consent_required"),
        (status = 422, description = "the recording cannot be used")))]
pub async fn enroll_voice_v2(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<EnrolledV2>>> {
    let result = voice(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn voice(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<Answer<EnrolledV2>>, Error> {
    let received = Received::receive(gateway, &call.caller.project_id, form, &["voice"]).await?;
    let input = VoiceInput {
        recording: received.form.file("voice")?,
        phrase: received.required_text("phrase")?.to_owned(),
        vocabulary: received.text("vocabulary")?.unwrap_or_default().to_owned(),
        replace: false,
    };
    let caller = call.caller.clone();
    let verification = begin(gateway, call, &caller, &received).await?;
    let outcome = enroll_voice(verification, input).await.map_err(of_media)?;
    enrolled(call, &received, outcome.report.state, &outcome.reasons, "voice enrolled")
}

fn enrolled(
    call: &Call,
    received: &Received,
    state: &str,
    reasons: &[String],
    message: &'static str,
) -> Result<Json<Answer<EnrolledV2>>, Error> {
    if state == "refused" {
        return Err(unusable(reasons.first().map_or("refused", String::as_str)));
    }
    let user_id = received.subject()?.user_fullname.unwrap_or_default();
    Ok(Json(Answer::new(call, message, EnrolledV2 { enrolled: state != "partial", user_id })))
}
