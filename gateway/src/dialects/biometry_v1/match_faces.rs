//! `POST /api-gateway/match-faces`.

use axum::{Json, extract::State, http::HeaderMap};
use utoipa::ToSchema;

use super::{
    responses::{Decided, ServiceCondition, convert_codes, flag_headers},
    subject::{parse_subject, user_requirement},
};
use crate::{
    core::{
        disclosure::Disclosure,
        error::Error,
        match_reference::{MatchInput, VideoSource, match_reference},
        report::FaceMatchReport,
        verification::Verification,
    },
    http::{
        headers::REMOVED_SERVICES,
        multipart::{Fields, Form, FormBody},
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
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
    /// mp4, mov, webm, mkv or avi, at most 50 MB; not needed with `X-Use-Prefilled-Video: true`.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    video: Option<String>,
}

// The response type is written out below, because utoipa names the schema of an alias after the generic type alone.
pub type MatchFacesResponse = Decided<FaceMatchReport, ServiceCondition>;

/// Compares the face of a picture with the face of a video. Without authorization consent no faces are compared: the
/// response has `X-Removed-Services: true`, and its verdict is at best refer.
#[utoipa::path(post, path = "/api-gateway/match-faces", tag = "biometrics",
    request_body(content = MatchFacesForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "both sides and the decision", body = Decided<FaceMatchReport, ServiceCondition>,
        headers(("X-Removed-Services" = String, description = "true: without consent, nobody was compared"))),
        (status = 400, description = "no video found for this session, or a form that makes no sense")))]
pub async fn match_faces(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<(HeaderMap, Json<MatchFacesResponse>)> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<(HeaderMap, Json<MatchFacesResponse>), Error> {
    let form = Form::receive(gateway, &call.caller.project_id, form, &FIELDS).await?;
    let picture = form.file("image")?;
    let subject = parse_subject(&call.headers, &form)?;
    call.record.set_session(subject.session_id.clone());
    let is_prefilled = call.headers.use_prefilled_video;
    let video = match (is_prefilled, form.has_file("video")) {
        (true, true) => {
            return Err(Error::invalid(
                "send either a 'video' file or X-Use-Prefilled-Video: true, not both",
            ));
        }
        (true, false) if subject.session_id.is_none() => {
            return Err(Error::invalid("X-Use-Prefilled-Video needs the X-Session-ID header"));
        }
        (true, false) => VideoSource::LastOfSession,
        (false, false) => {
            return Err(Error::invalid("'video' file is required, or X-Use-Prefilled-Video: true"));
        }
        (false, true) => VideoSource::Sent(form.file("video")?),
    };
    let requirement = user_requirement(&call.caller);
    let verification =
        Verification::begin(gateway.core(), &call.caller, &mut call.record, subject, requirement).await?;
    let outcome = match_reference(verification, MatchInput { picture, video }).await?;

    let mut report = outcome.report;
    report.disclose(Disclosure::new(&call.caller, None));
    convert_codes(&call.caller, [&mut report.code, &mut report.anchor.code, &mut report.target.code]);
    let message = "faces match result is here";
    let response = Decided::new(report, &outcome.decision, &call.caller, false, message);
    Ok((flag_headers([(REMOVED_SERVICES, outcome.services_removed)]), Json(response)))
}
