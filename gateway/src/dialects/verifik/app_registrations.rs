//! `/v2/app-registrations`: registrations are created and rendered.

pub mod reading;
pub mod steps;

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use boot::timestamp::rfc3339;
use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    events,
    flows::{STEPS, word},
};
use crate::{
    core::{
        caller::Caller,
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

/// A person to register: an e-mail address, or a phone number with its country code.
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

/// The person of a registration.
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
    /// The token for calls of this person.
    token: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Data<T> {
    pub data: T,
}

impl AppRegistration {
    /// The shape documented for the response after the face was judged.
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

    /// Renders a registration with its progress.
    pub fn with_step(caller: &Caller, of: wire::Registration) -> Self {
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

/// Returns which of these fields are absent.
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

/// Registers a person in an active flow, and creates the token for their calls.
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
    events::report_registration(gateway, call, &registration, "app_registration_created").await;
    Ok(Json(Data {
        data: RegistrationMade {
            information_validation: InformationValidation::new(&registration),
            app_registration: AppRegistration::with_step(&call.caller, registration),
            token,
        },
    }))
}

/// A missing registration has its own message on this route.
fn of_get(error: Error) -> Error {
    match error {
        Error::Worded { refusal: Refusal::NotFound, .. } => {
            Error::worded(Refusal::NotFound, "NotFound", "AppRegistration_not_found")
        }
        other => other,
    }
}
