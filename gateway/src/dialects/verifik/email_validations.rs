//! `/v2/email-validations/app-registration`.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use boot::timestamp::rfc3339;
use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{app_registrations::Data, events, flows::word};
use crate::{
    core::{
        caller::{Caller, RecordKind},
        error::{Error, Refusal},
        journeys,
    },
    http::{
        json,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const STATUSES: [(&str, wire::EmailValidationStatus); 2] =
    [("sent", wire::EmailValidationStatus::Sent), ("validated", wire::EmailValidationStatus::Validated)];

/// A mailed code; no response contains the code itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailValidation {
    #[serde(rename = "_id")]
    id: String,
    client: String,
    #[schema(example = "sent")]
    status: &'static str,
    email: String,
    project: String,
    project_flow: String,
    #[serde(rename = "type")]
    kind: &'static str,
    expires_at: String,
    created_at: String,
    updated_at: String,
}

impl EmailValidation {
    fn new(caller: &Caller, of: wire::EmailValidation) -> Self {
        let status = word(&STATUSES, &of.status());
        Self {
            id: of.id,
            client: caller.project_id.clone(),
            status,
            email: of.email,
            project: of.journey_project_id,
            project_flow: of.flow_id,
            kind: "onboarding",
            expires_at: rfc3339(of.expires_at_ms),
            created_at: rfc3339(of.created_at_ms),
            updated_at: rfc3339(of.updated_at_ms),
        }
    }
}

/// Mails a code to the address of the token's registration; it is valid for ten minutes and five attempts.
#[utoipa::path(post, path = "/v2/email-validations/app-registration", tag = "verifik",
    responses((status = 200, body = Data<EmailValidation>),
        (status = 404, description = "security_not_set: this server sends no mail")))]
pub async fn send_registration_code(
    State(gateway): State<Gateway>,
    mut call: Call,
) -> RecordedResponse<Json<Data<EmailValidation>>> {
    let result = send(&gateway, &mut call).await;
    call.finish(result)
}

async fn send(gateway: &Gateway, call: &mut Call) -> Result<Json<Data<EmailValidation>>, Error> {
    let id = call.caller.require_record(RecordKind::Registration)?.to_owned();
    call.record.set_user(journeys::registration_subject(&id).user_fullname);
    let request = wire::SendEmailCodeRequest { registration_id: id, ..wire::SendEmailCodeRequest::default() };
    let sent = journeys::send_email_code(gateway.core(), &call.caller, request).await?;
    Ok(Json(Data { data: reported(gateway, call, sent, "email_validation_created").await }))
}

/// Returns the validation, and adds an event about it.
async fn reported(
    gateway: &Gateway,
    call: &mut Call,
    of: wire::EmailValidation,
    what: &str,
) -> EmailValidation {
    let flow_id = of.flow_id.clone();
    let shown = EmailValidation::new(&call.caller, of);
    let happened = events::Happened { flow_id: &flow_id, what, url: "" };
    events::report(gateway, call, happened, &shown).await;
    shown
}

/// The code that the person entered.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct CodeBody {
    #[schema(nullable = false)]
    email: Option<String>,
    #[schema(example = "123456", nullable = false)]
    otp: Option<String>,
}

/// Compares the entered code.
#[utoipa::path(post, path = "/v2/email-validations/app-registration/validate", tag = "verifik", request_body = CodeBody,
    responses((status = 200, body = Data<EmailValidation>), (status = 403, description = "otp_does_not_match"),
        (status = 404, description = "email_validation_not_found"), (status = 409, description = "missing_email_and_otp"),
        (status = 412, description = "emailValidation_has_expired")))]
pub async fn check_registration_code(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: Result<Bytes, BytesRejection>,
) -> RecordedResponse<Json<Data<EmailValidation>>> {
    let result = check(&gateway, &mut call, body).await;
    call.finish(result)
}

async fn check(
    gateway: &Gateway,
    call: &mut Call,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Data<EmailValidation>>, Error> {
    let id = call.caller.require_record(RecordKind::Registration)?.to_owned();
    call.record.set_user(journeys::registration_subject(&id).user_fullname);
    let body: CodeBody = json::parse_object(body)?;
    let (Some(_), Some(code)) = (body.email, body.otp) else {
        return Err(Error::worded(Refusal::Conflict, "missing_email_and_otp", "missing_email_and_otp"));
    };
    let request =
        wire::CheckEmailCodeRequest { registration_id: id, code, ..wire::CheckEmailCodeRequest::default() };
    let registration_id = request.registration_id.clone();
    let checked = journeys::check_email_code(gateway.core(), &call.caller, request).await;
    for (word, what) in [
        // In the form that clients of this API expect.
        ("otp_does_not_match", "email_validation_otp_incorect"),
        ("emailValidation_has_expired", "email_validation_expired"),
    ] {
        if events::is_word(&checked, word) {
            events::report_registration_now(gateway, call, &registration_id, what).await;
        }
    }
    Ok(Json(Data { data: reported(gateway, call, checked?, "email_validation_validated").await }))
}
