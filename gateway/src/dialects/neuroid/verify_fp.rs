//! `POST /v2/verify-fp`.

use axum::{Json, extract::State};

use super::{
    answers::{Answer, PrintAccepted, Rejection},
    enroll_fp::EnrollFingerprintForm,
    form::{self, FINGERPRINT},
};
use crate::{
    core::{
        disclosure::Disclosure,
        error::Error,
        prints::{PrintVerified, verify_print},
    },
    http::{
        multipart::FormBody,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// Compares a fingerprint with the one enrolled for the number.
#[utoipa::path(post, path = "/v2/verify-fp", tag = "neuroid",
    request_body(content = EnrollFingerprintForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "the same finger, or why not", body = Answer<PrintAccepted>),
        (status = 403, description = "consent is required"), (status = 422, description = "a field is missing or wrong")))]
pub async fn verify_fingerprint(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<PrintAccepted>>> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<Answer<PrintAccepted>>, Error> {
    let (number, form) = form::receive_print(gateway, call, form).await?;
    let picture = form::file(&form, FINGERPRINT)?;
    let verification = form::begin_verification(gateway, call, Some(&number)).await?;
    let mut verified = verify_print(verification, picture).await?;
    verified.disclose(Disclosure::new(&call.caller, None));
    Ok(Json(match verified {
        PrintVerified::Judged { score, matched: true } => Answer::Accepted(PrintAccepted::new(number, score)),
        rejected => Answer::Rejected(Rejection::of_print(&rejected).about(number)),
    }))
}
