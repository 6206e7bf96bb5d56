//! `/v2/app-registrations`.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    flows::{STEPS, steps, value, word},
    lists::{ListAsked, pages},
};
use crate::{
    core::{
        caller::{Caller, RecordKind},
        error::{Error, Refusal},
        journeys::{self, Registered},
    },
    http::{
        json,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

pub const STATUSES: [(&str, wire::RegistrationStatus); 7] = [
    ("STARTED", wire::RegistrationStatus::Started),
    ("ONGOING", wire::RegistrationStatus::Ongoing),
    ("COMPLETED", wire::RegistrationStatus::Completed),
    ("COMPLETED_WITHOUT_KYC", wire::RegistrationStatus::CompletedWithoutKyc),
    ("FAILED", wire::RegistrationStatus::Failed),
    ("NEEDS_MANUAL_VERIFICATION", wire::RegistrationStatus::NeedsManualVerification),
    ("EXPIRED", wire::RegistrationStatus::Expired),
];

/// A person to register: an e-mail address, or a phone number with its country's code.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationBody {
    #[schema(example = "507f1f77bcf86cd799439011", nullable = false)]
    project: Option<String>,
    #[schema(example = "507f1f77bcf86cd799439015", nullable = false)]
    project_flow: Option<String>,
    #[schema(example = "user@example.com", nullable = false)]
    email: Option<String>,
    #[schema(nullable = false)]
    phone: Option<String>,
    #[schema(example = "+1", nullable = false)]
    country_code: Option<String>,
    #[schema(nullable = false)]
    full_name: Option<String>,
    #[schema(nullable = false)]
    first_name: Option<String>,
    #[schema(nullable = false)]
    last_name: Option<String>,
    /// en or es.
    #[schema(nullable = false)]
    language: Option<String>,
}

/// A registration; relations are ids.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppRegistration {
    #[serde(rename = "_id")]
    #[schema(example = "674de8df21c72be3cc42b8a7")]
    id: String,
    client: String,
    project: String,
    project_flow: String,
    #[schema(example = "STARTED")]
    status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    country_code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    phone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    biometric_validation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    person: Option<String>,
    information_validation: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    assigned_collection: String,
    /// The number of the step, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1", nullable = false)]
    current_step: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "en", nullable = false)]
    language: Option<String>,
    created_at: String,
    updated_at: String,
}

/// Who a registration is of.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InformationValidation {
    #[serde(rename = "_id")]
    id: String,
    full_name: String,
    first_name: String,
    last_name: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationMade {
    app_registration: AppRegistration,
    information_validation: InformationValidation,
    /// For the calls of this person.
    token: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Data<T> {
    pub data: T,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RegistrationList {
    data: Vec<AppRegistration>,
    total: u64,
    limit: u32,
    page: u32,
    pages: u64,
}

impl AppRegistration {
    /// As the documents show it after its face was judged.
    pub fn new(caller: &Caller, of: wire::Registration) -> Self {
        let status = word(&STATUSES, &of.status());
        let personal = of.personal.unwrap_or_default();
        let some = |id: String| (!id.is_empty()).then_some(id);
        Self {
            id: of.id,
            client: caller.project_id.clone(),
            project: of.journey_project_id,
            project_flow: of.flow_id,
            status,
            email: personal.email,
            country_code: personal.country_code,
            phone: personal.phone,
            biometric_validation: some(of.biometric_validation_id),
            person: some(of.person_id),
            information_validation: of.information_validation_id,
            assigned_collection: of.collection_id,
            current_step: None,
            language: None,
            created_at: rfc3339(of.created_at_ms),
            updated_at: rfc3339(of.updated_at_ms),
        }
    }

    /// With how far it has come.
    fn with_step(caller: &Caller, of: wire::Registration) -> Self {
        let current = of.current_step();
        let number = STEPS.iter().position(|(_, step)| *step == current).unwrap_or_default() + 1;
        let language = Some(of.language.clone());
        Self { current_step: Some(number.to_string()), language, ..Self::new(caller, of) }
    }
}

impl InformationValidation {
    fn new(of: &wire::Registration) -> Self {
        let personal = of.personal.clone().unwrap_or_default();
        Self {
            id: of.information_validation_id.clone(),
            full_name: personal.full_name,
            first_name: personal.first_name,
            last_name: personal.last_name,
        }
    }
}

/// The fields among these that are absent.
pub fn missing(fields: &[(&'static str, bool)]) -> Result<(), Error> {
    let missing: Vec<&str> = fields.iter().filter(|(_, is_there)| !is_there).map(|(name, _)| *name).collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::MissingFields(missing)) }
}

impl RegistrationBody {
    fn request(self) -> Result<wire::CreateRegistrationRequest, Error> {
        missing(&[("project", self.project.is_some()), ("projectFlow", self.project_flow.is_some())])?;
        let text = Option::<String>::unwrap_or_default;
        let (email, phone) = (text(self.email), text(self.phone));
        if email.is_empty() && phone.is_empty() {
            return Err(Error::invalid("Needs an email or a phone at least"));
        }
        if !phone.is_empty() && self.country_code.is_none() {
            return Err(Error::MissingFields(vec!["countryCode"]));
        }
        let (first_name, last_name) = (text(self.first_name), text(self.last_name));
        let joined = format!("{first_name} {last_name}").trim().to_owned();
        let language = text(self.language);
        if !["", "en", "es"].contains(&language.as_str()) {
            return Err(Error::field("language", "\"language\" must be one of [en, es]"));
        }
        let personal = wire::PersonalDetails {
            email,
            phone,
            country_code: text(self.country_code),
            full_name: self.full_name.unwrap_or(joined),
            first_name,
            last_name,
        };
        Ok(wire::CreateRegistrationRequest {
            project_id: String::new(),
            journey_project_id: text(self.project),
            flow_id: text(self.project_flow),
            personal: Some(personal),
            language,
        })
    }
}

/// Registers a person in an active flow, and makes the token of their calls.
#[utoipa::path(post, path = "/v2/app-registrations", tag = "verifik", request_body = RegistrationBody,
    responses((status = 200, body = Data<RegistrationMade>), (status = 409, description = "a field is missing, or the address is registered already")))]
pub async fn create_app_registration(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: Result<Bytes, BytesRejection>,
) -> RecordedResponse<Json<Data<RegistrationMade>>> {
    let result = create(&gateway, &mut call, body).await;
    call.finish(result)
}

async fn create(
    gateway: &Gateway,
    call: &mut Call,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Data<RegistrationMade>>, Error> {
    let request = json::parse_object::<RegistrationBody>(body)?.request()?;
    let made = journeys::register(gateway.core(), &call.caller, &mut call.record, request).await?;
    let Registered { registration, token } = made;
    Ok(Json(Data {
        data: RegistrationMade {
            information_validation: InformationValidation::new(&registration),
            app_registration: AppRegistration::with_step(&call.caller, registration),
            token,
        },
    }))
}

/// Lists the registrations, newest first.
#[utoipa::path(get, path = "/v2/app-registrations", tag = "verifik",
    params(("page" = Option<u32>, Query, description = "from 1"), ("limit" = Option<u32>, Query, description = "1 to 100"),
        ("where_project" = Option<String>, Query, description = "of this project"),
        ("where_projectFlow" = Option<String>, Query, description = "of this flow"),
        ("in_status[]" = Option<Vec<String>>, Query, description = "with one of these")),
    responses((status = 200, body = RegistrationList), (status = 409, description = "MissingParameter")))]
pub async fn list_app_registrations(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<RegistrationList>, Error> {
    let Query(query) = query?;
    let asked = ListAsked::parse(&query, ("limit", 10))?;
    let request = wire::ListRegistrationsRequest {
        project_id: String::new(),
        statuses: asked.status_values(&STATUSES)?,
        journey_project_id: asked.project,
        flow_id: asked.flow,
        page: asked.page.number,
        limit: asked.page.limit,
    };
    let found = journeys::list_registrations(gateway.core(), &caller, request).await?;
    let data = found.registrations.into_iter().map(|of| AppRegistration::with_step(&caller, of)).collect();
    let (page, limit) = (asked.page.number, asked.page.limit);
    Ok(Json(RegistrationList { data, total: found.total, limit, page, pages: pages(found.total, limit) }))
}

/// One that is not there has a message of its own on this route.
fn of_get(error: Error) -> Error {
    match error {
        Error::Worded { refusal: Refusal::NotFound, .. } => {
            Error::worded(Refusal::NotFound, "NotFound", "AppRegistration_not_found")
        }
        other => other,
    }
}

#[utoipa::path(get, path = "/v2/app-registrations/{id}", tag = "verifik",
    params(("id" = String, Path, description = "the registration")),
    responses((status = 200, body = Data<AppRegistration>), (status = 404, description = "AppRegistration_not_found")))]
pub async fn get_app_registration(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Data<AppRegistration>>, Error> {
    let Path(id) = id?;
    let found = journeys::get_registration(gateway.core(), &caller, &id).await.map_err(of_get)?;
    Ok(Json(Data { data: AppRegistration::with_step(&caller, found) }))
}

/// The registration of the token.
#[utoipa::path(post, path = "/v2/app-registrations/me", tag = "verifik",
    responses((status = 200, body = Data<AppRegistration>), (status = 404, description = "AppRegistration_not_found")))]
pub async fn get_own_app_registration(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Data<AppRegistration>>, Error> {
    let id = caller.require_record(RecordKind::Registration)?;
    let found = journeys::get_registration(gateway.core(), &caller, id).await.map_err(of_get)?;
    Ok(Json(Data { data: AppRegistration::with_step(&caller, found) }))
}

/// What the customer decides about a registration.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct SettleBody {
    /// COMPLETED, COMPLETED_WITHOUT_KYC, FAILED or NEEDS_MANUAL_VERIFICATION.
    #[schema(example = "COMPLETED", nullable = false)]
    status: Option<String>,
}

/// Settles a registration, whatever it has come to.
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
    // Only what a registration ends with.
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
    Ok(Json(Data { data: AppRegistration::with_step(&call.caller, registration) }))
}

/// A step that was taken, and what it comes to as its person has it.
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

/// Takes a step of the token's registration. What it ends with is computed here.
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
