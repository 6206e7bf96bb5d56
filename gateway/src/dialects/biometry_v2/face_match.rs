//! `POST /api-gateway/v2/face-match`: compares a reference picture with a video, either sent or the session's last one.

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
        disclosure::Disclosure,
        error::{Error, Refusal},
        match_reference::{MatchInput, VideoSource, match_reference},
        report::FaceMatchReport,
    },
    http::{
        multipart::FormBody,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const NO_VIDEO: &str = "no video found for this session";

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct MatchFaceFormV2 {
    /// JSON: `user_id`, optional `session_id`, `use_session_video`.
    #[schema(example = "{\"user_id\":\"u1\"}")]
    request: String,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    reference_image: String,
    /// Not needed with `use_session_video`.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    video: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FaceMatchedV2 {
    face_recognition: FaceMatchReport,
}

/// Compares the face of a picture with the face of a video.
#[utoipa::path(post, path = "/api-gateway/v2/face-match", tag = "biometry v2",
    request_body(content = MatchFaceFormV2, content_type = "multipart/form-data"),
    responses((status = 200, body = Answer<FaceMatchedV2>), (status = 403, description = "consent_required"),
        (status = 404, description = "session_video_not_found"), (status = 422, description = "face_not_detected and others")))]
pub async fn match_face_v2(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<FaceMatchedV2>>> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<Answer<FaceMatchedV2>>, Error> {
    let received =
        Received::receive(gateway, &call.caller.project_id, form, &["reference_image", "video"]).await?;
    let picture = received.form.file("reference_image")?;
    let video = match (received.flag("use_session_video")?, received.form.has_file("video")) {
        (true, false) => {
            received.required_text("session_id")?;
            VideoSource::LastOfSession
        }
        (true, true) => return Err(Error::field("use_session_video", "send either it or a video, not both")),
        (false, true) => VideoSource::Sent(received.form.file("video")?),
        (false, false) => return Err(Error::MissingFields(vec!["video"])),
    };
    let caller = call.caller.clone();
    let verification = begin(gateway, call, &caller, &received).await?;
    let matched = match_reference(verification, MatchInput { picture, video }).await;
    let outcome = matched.map_err(|error| match error {
        Error::Invalid(message) if message == NO_VIDEO => {
            Error::worded(Refusal::NotFound, "session_video_not_found", NO_VIDEO)
        }
        other => of_media(other),
    })?;
    if outcome.services_removed {
        return Err(Error::ConsentRequired);
    }
    let mut report = outcome.report;
    report.disclose(Disclosure::new(&call.caller, None));
    if let Some(word) = report.anchor.error().or_else(|| report.target.error()) {
        return Err(unusable(word));
    }
    let data = FaceMatchedV2 { face_recognition: report };
    Ok(Json(Answer::new(call, "faces compared", data).decided(&outcome.decision, &caller)))
}
