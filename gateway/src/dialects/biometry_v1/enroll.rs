//! `POST /api-gateway/enroll/face` and `/voice`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    chip_files::{chip_files, picture_and_chip},
    document_data::{DocumentAuth, document_auth},
    responses::convert_codes,
    subject::parse_subject,
};
use crate::{
    core::enroll,
    core::{
        check_document::DocumentOptions,
        enroll::{FaceInput, VoiceInput},
        error::Error,
        permissions::Permission,
        report::{FaceEnrollmentReport, VoiceEnrollmentReport},
        user_name::parse_user_name,
        verification::{UserRequirement, Verification},
    },
    http::{
        multipart::{Fields, Form, FormBody},
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const FACE: Fields = Fields {
    files: &picture_and_chip("face"),
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

/// The form of face enrollment.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct EnrollFaceForm {
    /// jpg, png or webp, at most 50 MB and 60 megapixels.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    face: String,
    /// `true`: the picture is a document's portrait; smaller and softer pictures are accepted, and the document is
    /// checked.
    #[schema(example = "false")]
    is_document: Option<String>,
    /// With `is_document`: the chip's files (`SOD`, `DG1` to `DG16`), as for docauth/check.
    #[schema(rename = "SOD", format = Binary, content_media_type = "application/octet-stream")]
    sod: Option<String>,
    #[schema(rename = "DG1", format = Binary, content_media_type = "application/octet-stream")]
    dg1: Option<String>,
    #[schema(rename = "DG2", format = Binary, content_media_type = "application/octet-stream")]
    dg2: Option<String>,
    /// `true`: replaces the template, even with another person's. Needs a key that can mint.
    #[schema(example = "false")]
    replace: Option<String>,
}

/// The form of voice enrollment.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct EnrollVoiceForm {
    /// Any sound or video file, at most 50 MB and 60 seconds.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    voice: String,
    /// The phrase the user was asked to say.
    #[schema(example = "one two three four five")]
    phrase: String,
    /// As for process-video.
    vocabulary: Option<String>,
    /// The user, for clients that send no X-User-Fullname; ignored with that header.
    unique_id: Option<String>,
    /// `true`: replaces the template, even with another person's. Needs a key that can mint.
    #[schema(example = "false")]
    replace: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EnrollFaceResponse {
    data: EnrollFaceData,
    #[schema(example = json!(["face_enrolled"]))]
    decision_reasons: Vec<String>,
    #[schema(example = "face enrolled successfully")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EnrollFaceData {
    enrollment_result: FaceEnrollmentReport,
    /// With `is_document`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    document_auth: Option<DocumentAuth>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EnrollVoiceResponse {
    data: VoiceEnrollmentReport,
    #[schema(example = json!(["voice_enrolled"]))]
    decision_reasons: Vec<String>,
    #[schema(example = "voice registered successfully")]
    message: &'static str,
}

/// Enrolls a face. A picture of insufficient quality is answered with 200 and a code for the reason; it is not stored.
#[utoipa::path(post, path = "/api-gateway/enroll/face", tag = "biometrics",
    request_body(content = EnrollFaceForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "enrolled, or why not", body = EnrollFaceResponse),
        (status = 403, description = "a consent is missing; the message says which")))]
pub async fn enroll_face(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<EnrollFaceResponse>> {
    let result = run_face(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run_face(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<EnrollFaceResponse>, Error> {
    let form = Form::receive(gateway, &call.caller.project_id, form, &FACE).await?;
    let picture = form.file("face")?;
    let chip = chip_files(&form).await?;
    let is_document = form.flag("is_document")?;
    if !is_document && !chip.is_empty() {
        return Err(Error::invalid("files of a chip need is_document=true"));
    }
    let document = is_document.then_some(DocumentOptions {
        validate_mrz: call.headers.validate_mrz,
        external: call.headers.external_docauth,
        chip,
    });
    let replace = replace_flag(call, &form)?;
    let verification = begin_enrollment(gateway, call, &form, None).await?;
    let outcome = enroll::enroll_face(verification, FaceInput { picture, document, replace }).await?;

    let caller = &call.caller;
    let mut report = outcome.report;
    let message = match report.state {
        "refused" => "face was not enrolled",
        "unchanged" => "face is enrolled already",
        _ => "face enrolled successfully",
    };
    convert_codes(caller, [&mut report.code]);
    let document = outcome.document.as_ref();
    let document_auth = document.map(|examined| document_auth(examined, caller, call.headers.validate_mrz));
    Ok(Json(EnrollFaceResponse {
        data: EnrollFaceData { enrollment_result: report, document_auth },
        decision_reasons: outcome.reasons,
        message,
    }))
}

/// Enrolls a voice. A template needs several recordings: `good` means that more speech is needed, `enrolled` that the
/// template is complete.
#[utoipa::path(post, path = "/api-gateway/enroll/voice", tag = "biometrics",
    request_body(content = EnrollVoiceForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "enrolled, good so far, or why not", body = EnrollVoiceResponse),
        (status = 403, description = "a consent is missing; the message says which")))]
pub async fn enroll_voice(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<EnrollVoiceResponse>> {
    let result = run_voice(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run_voice(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<EnrollVoiceResponse>, Error> {
    let form = Form::receive(gateway, &call.caller.project_id, form, &VOICE).await?;
    let recording = form.file("voice")?;
    let phrase = form.required_text("phrase")?.to_owned();
    let vocabulary = form.text("vocabulary").unwrap_or_default().to_owned();
    let unique_id = form.text("unique_id").map(parse_user_name).transpose()?;
    let replace = replace_flag(call, &form)?;
    let verification = begin_enrollment(gateway, call, &form, unique_id).await?;
    let input = VoiceInput { recording, phrase, vocabulary, replace };
    let outcome = enroll::enroll_voice(verification, input).await?;

    let mut report = outcome.report;
    let is_enrolled = report.state != "refused";
    convert_codes(&call.caller, [&mut report.code]);
    Ok(Json(EnrollVoiceResponse {
        data: report,
        decision_reasons: outcome.reasons,
        message: if is_enrolled { "voice registered successfully" } else { "voice was not registered" },
    }))
}

fn replace_flag(call: &Call, form: &Form) -> Result<bool, Error> {
    let replace = form.flag("replace")?;
    if replace {
        call.caller.require(Permission::EnrollReplace)?;
    }
    Ok(replace)
}

/// `unique_id`: the user, when no header names one.
async fn begin_enrollment<'a>(
    gateway: &'a Gateway,
    call: &'a mut Call,
    form: &Form,
    unique_id: Option<String>,
) -> Result<Verification<'a>, Error> {
    let mut subject = parse_subject(&call.headers, form)?;
    subject.user_fullname = subject.user_fullname.or(unique_id);
    let required = UserRequirement::Required;
    Verification::begin(gateway.core(), &call.caller, &mut call.record, subject, required).await
}
