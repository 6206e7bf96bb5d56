//! `POST /v2/verify-fp`.

use axum::{Json, extract::State};

use super::{
    answers::{Answer, PrintAccepted, Rejection},
    enroll_fp::EnrollFingerprintForm,
    form::{self, NUMBER},
};
use crate::{
    core::{
        error::Error,
        prints::{PrintVerified, verify_print},
        verification::{UserRequirement, Verification},
    },
    http::{
        multipart::{Fields, FormBody},
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const FIELDS: Fields = Fields { files: &["file", "fingerprint"], texts: &[NUMBER] };
const FILE: &[&str] = &["file", "fingerprint"];

/// Compares a fingerprint with the one that is enrolled for the number.
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
    let form = form::receive(gateway, &call.caller.project_id, form, &FIELDS, &[&[NUMBER], FILE]).await?;
    let (number, picture) = (form::mobile_number(&form)?, form::file(&form, FILE)?);
    let (subject, required) = (form::subject(&number), UserRequirement::Required);
    let verification =
        Verification::begin(gateway.core(), &call.caller, &mut call.record, subject, required).await?;
    Ok(Json(match verify_print(verification, picture).await? {
        PrintVerified::Judged { score, matched: true } => Answer::Accepted(PrintAccepted::new(number, score)),
        rejected => Answer::Rejected(Rejection::of_print(&rejected).about(number)),
    }))
}
