//! `POST /api-gateway/v2/face-verify` and `/voice-verify`: one service, 1:1 against the user's template.

use std::{collections::BTreeSet, time::Instant};

use axum::{Json, extract::State};
use scoring::Service;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    envelope::Answer,
    errors::{of_media, unusable},
    liveness::{LivenessData, by_service},
    request::{Received, begin},
};
use crate::{
    core::{
        analyze_video::{VideoInput, VideoOutcome, analyze_video},
        disclosure::Disclosure,
        error::{Error, Refusal},
        report::ServiceReports,
    },
    http::{
        multipart::FormBody,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// The form of `face-verify`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct VerifyFaceForm {
    /// JSON: `user_id`, optional `phrase`, `session_id`.
    #[schema(example = "{\"user_id\":\"u1\"}")]
    request: String,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    video: String,
}

/// The form of `voice-verify`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct VerifyVoiceForm {
    /// JSON: `user_id`, optional `phrase`, `session_id`.
    #[schema(example = "{\"user_id\":\"u1\",\"phrase\":\"one two\"}")]
    request: String,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    voice: String,
}

/// Compares the face of a video with the user's template.
#[utoipa::path(post, path = "/api-gateway/v2/face-verify", tag = "biometry v2",
    request_body(content = VerifyFaceForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "`data.face_recognition`", body = Answer<Value>),
        (status = 403, description = "consent_required"), (status = 404, description = "not_enrolled"),
        (status = 422, description = "face_not_detected and others")))]
pub async fn verify_face(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<LivenessData>>> {
    let result = run(&gateway, &mut call, form, "video", Service::FaceRecognition).await;
    call.finish(result)
}

/// Compares a voice with the user's template.
#[utoipa::path(post, path = "/api-gateway/v2/voice-verify", tag = "biometry v2",
    request_body(content = VerifyVoiceForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "`data.voice_recognition`", body = Answer<Value>),
        (status = 403, description = "consent_required"), (status = 404, description = "not_enrolled"),
        (status = 422, description = "the recording cannot be used")))]
pub async fn verify_voice(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<LivenessData>>> {
    let result = run(&gateway, &mut call, form, "voice", Service::VoiceRecognition).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
    file: &'static str,
    service: Service,
) -> Result<Json<Answer<LivenessData>>, Error> {
    let started = Instant::now();
    let received = Received::receive(
        gateway,
        &call.caller.project_id,
        form,
        if file == "video" { &["video"] } else { &["voice"] },
    )
    .await?;
    let input = VideoInput {
        video: received.form.file(file)?,
        // The phrase is not checked here.
        phrase: Some(received.text("phrase")?.unwrap_or_default().to_owned()),
        vocabulary: received.text("vocabulary")?.unwrap_or_default().to_owned(),
        upload_time: started.elapsed(),
        may_enroll: false,
    };
    if !call.caller.services.contains(&service) {
        let message = format!("this key does not have {}", service.title());
        return Err(Error::worded(Refusal::Forbidden, "service_not_selected", message));
    }
    let caller = call.caller.narrowed_to(BTreeSet::from([service]));
    let verification = begin(gateway, call, &caller, &received).await?;
    let outcome = analyze_video(verification, input).await.map_err(of_media)?;
    if outcome.services_removed {
        return Err(Error::ConsentRequired);
    }
    let mut reports = ServiceReports::new(&outcome.analysis);
    reports.disclose(Disclosure::new(&caller, call.record.user()));
    if let Some(word) = reports.common_error() {
        return Err(unusable(word));
    }
    if !is_enrolled(&outcome) {
        let message = "the user has no template to compare with";
        return Err(Error::worded(Refusal::NotFound, "not_enrolled", message));
    }
    Ok(Json(Answer::new(call, "user verified", by_service(&reports)?).decided(&outcome.decision, &caller)))
}

/// Returns whether the user has a template for the requested comparison; no other service ran.
fn is_enrolled(outcome: &VideoOutcome) -> bool {
    outcome.analysis.results.iter().any(|result| {
        result.face_recognition().is_some_and(|face| face.enrolled)
            || result.voice_recognition().is_some_and(|voice| voice.enrolled)
    })
}
