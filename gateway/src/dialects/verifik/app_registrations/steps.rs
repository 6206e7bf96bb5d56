//! Progress of a registration: the steps its person takes, and the customer's decision.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
};
use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{
        events,
        flows::{STEPS, steps, value, word},
    },
    AppRegistration, Data, STATUSES, of_get,
};
use crate::{
    core::{
        caller::RecordKind,
        error::{Error, Refusal},
        journeys,
    },
    http::{
        json,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// The customer's decision about a registration.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct SettleBody {
    /// COMPLETED, COMPLETED_WITHOUT_KYC, FAILED or NEEDS_MANUAL_VERIFICATION.
    #[schema(example = "COMPLETED", nullable = false)]
    status: Option<String>,
}

/// Settles a registration in any state.
#[utoipa::path(put, path = "/v2/app-registrations/{id}", tag = "verifik", request_body = SettleBody,
    params(("id" = String, Path, description = "the registration")),
    responses((status = 200, body = Data<AppRegistration>), (status = 404, description = "AppRegistration_not_found"),
        (status = 409, description = "MissingParameter")))]
pub async fn settle_app_registration(
    State(gateway): State<Gateway>,
    mut call: Call,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> RecordedResponse<Json<Data<AppRegistration>>> {
    let result = settle(&gateway, &mut call, id, body).await;
    call.finish(result)
}

async fn settle(
    gateway: &Gateway,
    call: &mut Call,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Data<AppRegistration>>, Error> {
    let Path(id) = id?;
    let body: SettleBody = json::parse_object(body)?;
    let named = body.status.ok_or_else(|| Error::MissingFields(vec!["status"]))?;
    // Only final statuses are accepted.
    let status = value(&STATUSES[2..6], &named);
    let status =
        status.ok_or_else(|| Error::field("status", "\"status\" must be one a registration ends with"))?;
    let request = wire::AdvanceRegistrationRequest {
        id,
        claimed: status.into(),
        settles: true,
        ..wire::AdvanceRegistrationRequest::default()
    };
    let settled =
        journeys::advance_registration(gateway.core(), &call.caller, &mut call.record, request).await;
    let (registration, _) = settled.map_err(of_get)?;
    report_end(gateway, call, &registration).await;
    Ok(Json(Data { data: AppRegistration::with_step(&call.caller, registration) }))
}

async fn report_end(gateway: &Gateway, call: &mut Call, registration: &wire::Registration) {
    let status = word(&STATUSES, &registration.status()).to_lowercase();
    let what = format!("app_registration_{status}");
    events::report_registration(gateway, call, registration, &what).await;
}

/// A completed step, and the status that its person claims.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct SyncBody {
    /// instructions, signUpForm, basicInformation, document, liveness, form, skipKYC or end.
    #[schema(example = "signUpForm", nullable = false)]
    step: Option<String>,
    #[schema(example = "ONGOING", nullable = false)]
    status: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Synced {
    token: String,
    first_name: String,
    last_name: String,
    full_name: String,
    step: &'static str,
    /// Each step: mandatory, optional or skip.
    steps: BTreeMap<&'static str, &'static str>,
    app_registration_id: String,
    status: &'static str,
}

/// Completes a step of the token's registration. The server computes the resulting status.
#[utoipa::path(put, path = "/v2/app-registrations/{id}/sync", tag = "verifik", request_body = SyncBody,
    params(("id" = String, Path, description = "the registration of the token")),
    responses((status = 200, body = Data<Synced>), (status = 404, description = "AppRegistration_not_found"),
        (status = 409, description = "the step may not be taken")))]
pub async fn sync_app_registration(
    State(gateway): State<Gateway>,
    mut call: Call,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> RecordedResponse<Json<Data<Synced>>> {
    let result = sync(&gateway, &mut call, id, body).await;
    call.finish(result)
}

async fn sync(
    gateway: &Gateway,
    call: &mut Call,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Data<Synced>>, Error> {
    let Path(id) = id?;
    if call.caller.require_record(RecordKind::Registration)? != id {
        return Err(Error::OtherToken);
    }
    let body: SyncBody = json::parse_object(body)?;
    let named = body.step.ok_or_else(|| Error::MissingFields(vec!["step"]))?;
    let unsupported = || Error::worded(Refusal::Conflict, "step_not_supported", "step_not_supported");
    let step = value(&STEPS, &named).ok_or_else(unsupported)?;
    let claimed = match &body.status {
        None => wire::RegistrationStatus::Unspecified,
        Some(status) => value(&STATUSES, status)
            .ok_or_else(|| Error::field("status", "\"status\" is not one of a registration"))?,
    };
    let request = wire::AdvanceRegistrationRequest {
        id: id.clone(),
        step: step.into(),
        claimed: claimed.into(),
        ..wire::AdvanceRegistrationRequest::default()
    };
    let core = gateway.core();
    let taken = journeys::advance_registration(core, &call.caller, &mut call.record, request).await;
    let (registration, flow) = taken.map_err(|error| match of_get(error) {
        Error::Worded { refusal: Refusal::NotFound, message, .. } => {
            Error::worded(Refusal::NotFound, message.clone(), message)
        }
        other => other,
    })?;
    let is_open = matches!(
        registration.status(),
        wire::RegistrationStatus::Started | wire::RegistrationStatus::Ongoing
    );
    if is_open {
        let what = format!("app_registration_sync_{}", word(&STEPS, &step));
        events::report_registration(gateway, call, &registration, &what).await;
    } else {
        report_end(gateway, call, &registration).await;
    }
    let token = journeys::registration_token(core, &call.caller, &id).await?;
    let status = word(&STATUSES, &registration.status());
    let personal = registration.personal.unwrap_or_default();
    Ok(Json(Data {
        data: Synced {
            token,
            first_name: personal.first_name,
            last_name: personal.last_name,
            full_name: personal.full_name,
            step: word(&STEPS, &step),
            steps: steps(&flow.settings.unwrap_or_default()),
            app_registration_id: id,
            status,
        },
    }))
}
