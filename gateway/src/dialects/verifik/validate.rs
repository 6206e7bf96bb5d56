//! `POST /v2/biometric-validations/validate`.

use axum::{Json, extract::State};
use boot::timestamp::rfc3339;
use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app_registrations::missing,
    biometric_validations::STATUSES,
    events,
    flows::word,
    images::{LargeBody, Os, picture},
};
use crate::{
    core::{
        caller::RecordKind,
        disclosure::Disclosure,
        error::{Error, Refusal},
        register_face::{ValidationJudged, ValidationRefused, judge_validation},
        report::round4,
    },
    http::{
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// The face of the token's validation.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct ValidationFace {
    /// A data URI, or base64: jpg, png or webp, at most 10 MB.
    #[schema(nullable = false)]
    image: Option<String>,
    /// DESKTOP, IOS or ANDROID.
    #[schema(nullable = false)]
    os: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ValidationOutcome {
    success: bool,
    data: ValidationOutcomeData,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidationOutcomeData {
    #[serde(rename = "_id")]
    id: String,
    #[schema(example = "completed")]
    status: &'static str,
    verification_results: VerificationResults,
    biometric_data: BiometricData,
    /// 0 to 1: one minus the liveness score.
    risk_score: f64,
    completed_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationResults {
    liveness_detection: bool,
    /// Null when the identifier is not enrolled.
    identity_match: Option<bool>,
    anti_spoofing: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BiometricData {
    /// 0 to 1.
    liveness_score: f64,
}

/// Judges the face of the token's validation and ends it.
#[utoipa::path(post, path = "/v2/biometric-validations/validate", tag = "verifik", request_body = ValidationFace,
    responses((status = 200, body = ValidationOutcome),
        (status = 400, description = "INVALID_BIOMETRIC_DATA, LIVENESS_DETECTION_FAILED, IDENTITY_VERIFICATION_FAILED"),
        (status = 409, description = "the validation has ended or expired"),
        (status = 412, description = "only_images_in_base64"), (status = 413, description = "image_too_large")))]
pub async fn validate_face(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<ValidationOutcome>> {
    let result = run(&gateway, &mut call, body).await;
    call.finish(result)
}

/// Adds an event with the result of a validation; there is none for a picture that cannot be used.
pub async fn report_judged(
    gateway: &Gateway,
    call: &mut Call,
    id: &str,
    judged: &Result<ValidationJudged, ValidationRefused>,
) {
    let what = match judged {
        Ok(_) => "biometric_validation_validated",
        Err(ValidationRefused::NotLive) => "biometric_validation_liveness_failed",
        Err(ValidationRefused::AnotherPerson) => "biometric_validation_failed",
        Err(ValidationRefused::Unusable) => return,
    };
    events::report_validation_now(gateway, call, id, what).await;
}

async fn run(gateway: &Gateway, call: &mut Call, body: LargeBody) -> Result<Json<ValidationOutcome>, Error> {
    let id = call.caller.require_record(RecordKind::Validation)?.to_owned();
    let (sent, _place) = body.receive::<ValidationFace>(gateway, &call.caller.project_id).await?;
    missing(&[("image", sent.image.is_some())])?;
    sent.os.as_deref().map(Os::parse).transpose()?;
    let picture = picture(sent.image.unwrap_or_default()).await?;
    let judged = judge_validation(gateway.core(), &call.caller, &mut call.record, (&id, &picture)).await?;
    report_judged(gateway, call, &id, &judged).await;
    let judged = judged.map_err(|refused| {
        let word = match refused {
            ValidationRefused::Unusable => "INVALID_BIOMETRIC_DATA",
            ValidationRefused::NotLive => "LIVENESS_DETECTION_FAILED",
            ValidationRefused::AnotherPerson => "IDENTITY_VERIFICATION_FAILED",
        };
        Error::worded(Refusal::Invalid, word, word)
    })?;
    let mut liveness = judged.liveness;
    Disclosure::new(&call.caller, None).probability(&mut liveness);
    let wire::Validation { id, completed_at_ms, .. } = judged.validation.clone();
    Ok(Json(ValidationOutcome {
        success: true,
        data: ValidationOutcomeData {
            id,
            status: word(&STATUSES, &judged.validation.status()),
            verification_results: VerificationResults {
                liveness_detection: true,
                identity_match: judged.identity.map(|(_, matched)| matched),
                anti_spoofing: true,
            },
            biometric_data: BiometricData { liveness_score: round4(liveness) },
            risk_score: round4(1.0 - liveness),
            completed_at: completed_at_ms.map(rfc3339).unwrap_or_default(),
        },
    }))
}
