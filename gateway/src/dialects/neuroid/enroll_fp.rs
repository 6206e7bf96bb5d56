//! `POST /v2/enroll-fp`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answers::{Answer, Rejection, SUCCESS},
    form::{self, FINGERPRINT},
};
use crate::{
    core::{
        error::Error,
        prints::{PrintEnrolled, enroll_print},
    },
    http::{
        multipart::FormBody,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct EnrollFingerprintForm {
    /// 8 to 15 digits.
    #[schema(example = "923001234567")]
    mobile_number: String,
    /// The print of one finger at 500 pixels per inch: jpg, png or webp.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FingerprintEnrolled {
    #[schema(example = "SUCCESS")]
    status: &'static str,
    #[schema(example = "Fingerprint enrolled")]
    message: &'static str,
}

/// Enrolls a fingerprint. Only its minutiae are stored. Of repeated prints of the same finger the best is stored;
/// another finger is rejected.
#[utoipa::path(post, path = "/v2/enroll-fp", tag = "neuroid",
    request_body(content = EnrollFingerprintForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "enrolled, or why not", body = Answer<FingerprintEnrolled>),
        (status = 403, description = "consent is required"), (status = 422, description = "a field is missing or wrong")))]
pub async fn enroll_fingerprint(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<FingerprintEnrolled>>> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<Answer<FingerprintEnrolled>>, Error> {
    let (number, form) = form::receive_print(gateway, call, form).await?;
    let picture = form::file(&form, FINGERPRINT)?;
    let verification = form::begin_verification(gateway, call, Some(&number)).await?;
    Ok(Json(match enroll_print(verification, picture).await? {
        PrintEnrolled::Enrolled => {
            Answer::Accepted(FingerprintEnrolled { status: SUCCESS, message: "Fingerprint enrolled" })
        }
        PrintEnrolled::OtherFinger => Answer::Rejected(Rejection::other_finger()),
        PrintEnrolled::Refused { description } => Answer::Rejected(Rejection::low_quality(&description)),
    }))
}
