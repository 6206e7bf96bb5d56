//! `/v2/biometric-validations`.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use boot::timestamp::{parse_rfc3339, rfc3339};
use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app_registrations::missing,
    events,
    flows::{value, word},
    lists::{ListAsked, pages},
    liveness_page::LIVENESS_PAGE,
};
use crate::{
    core::{
        caller::Caller,
        error::{Error, Refusal},
        journeys,
        links::{LinkAsked, create_link},
        user_name::parse_user_name,
    },
    http::{
        json,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

pub const TYPES: [(&str, wire::ValidationType); 4] = [
    ("validation", wire::ValidationType::Validation),
    ("login", wire::ValidationType::Login),
    ("onboarding", wire::ValidationType::Onboarding),
    ("oneTimeLink", wire::ValidationType::OneTimeLink),
];
pub const STATUSES: [(&str, wire::ValidationStatus); 5] = [
    ("new", wire::ValidationStatus::New),
    ("pending", wire::ValidationStatus::Pending),
    ("completed", wire::ValidationStatus::Completed),
    ("failed", wire::ValidationStatus::Failed),
    ("expired", wire::ValidationStatus::Expired),
];

/// The request of a validation.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidationBody {
    #[schema(example = "507f1f77bcf86cd799439011", nullable = false)]
    project: Option<String>,
    #[schema(example = "507f1f77bcf86cd799439015", nullable = false)]
    project_flow: Option<String>,
    /// The user: an e-mail address, a phone number, or the customer's own id.
    #[schema(example = "user@example.com", nullable = false)]
    identifier: Option<String>,
    /// validation, login, onboarding or oneTimeLink.
    #[serde(rename = "type")]
    #[schema(example = "validation", nullable = false)]
    kind: Option<String>,
    /// RFC 3339, in the future.
    #[schema(nullable = false)]
    expires_at: Option<String>,
    /// An https URL.
    #[schema(nullable = false)]
    redirect_url: Option<String>,
    /// An https URL.
    #[schema(nullable = false)]
    webhook_url: Option<String>,
    #[serde(rename = "requires2FA")]
    #[schema(nullable = false)]
    requires_second_factor: Option<bool>,
    #[schema(nullable = false)]
    ip_address: Option<String>,
    #[schema(nullable = false)]
    send_via_email: Option<bool>,
    #[schema(nullable = false)]
    email: Option<String>,
    /// en or es.
    #[schema(example = "en", nullable = false)]
    language: Option<String>,
}

/// A validation, with the fields of its request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BiometricValidation {
    #[serde(rename = "_id")]
    #[schema(example = "674de8df21c72be3cc42b8a8")]
    id: String,
    client: String,
    project: String,
    project_flow: String,
    #[schema(example = "new")]
    status: &'static str,
    identifier: String,
    #[serde(rename = "type")]
    #[schema(example = "validation")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    redirect_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    webhook_url: String,
    #[serde(rename = "requires2FA")]
    requires_second_factor: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    ip_address: String,
    send_via_email: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    email: String,
    language: String,
    /// The token for sending the face; only in the response that creates the validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
    /// The one-time page on which the face is recorded; only in the response that creates the validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    url: Option<String>,
    /// The id, for older clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    biometric_validation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    liveness_session: Option<String>,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ValidationData {
    success: bool,
    data: BiometricValidation,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ValidationList {
    success: bool,
    data: Vec<BiometricValidation>,
    pagination: Pagination,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    page: u32,
    per_page: u32,
    total: u64,
    pages: u64,
}

impl Pagination {
    pub fn new(of: journeys::PageAsked, total: u64, pages: u64) -> Self {
        Self { page: of.number, per_page: of.limit, total, pages }
    }
}

impl BiometricValidation {
    pub fn new(caller: &Caller, of: wire::Validation) -> Self {
        let status = word(&STATUSES, &of.status());
        let asked = of.asked.unwrap_or_default();
        Self {
            id: of.id,
            client: caller.project_id.clone(),
            project: of.journey_project_id,
            project_flow: of.flow_id,
            status,
            kind: word(&TYPES, &asked.r#type()),
            identifier: asked.identifier,
            expires_at: asked.expires_at_ms.map(rfc3339),
            redirect_url: asked.redirect_url,
            webhook_url: asked.webhook_url,
            requires_second_factor: asked.requires_second_factor,
            ip_address: asked.ip_address,
            send_via_email: asked.send_via_email,
            email: asked.email,
            language: asked.language,
            token: None,
            url: None,
            biometric_validation: None,
            liveness_session: None,
            created_at: rfc3339(of.created_at_ms),
            updated_at: rfc3339(of.updated_at_ms),
        }
    }
}

impl ValidationBody {
    fn request(self) -> Result<wire::CreateValidationRequest, Error> {
        missing(&[
            ("project", self.project.is_some()),
            ("projectFlow", self.project_flow.is_some()),
            ("identifier", self.identifier.is_some()),
            ("type", self.kind.is_some()),
        ])?;
        let text = Option::<String>::unwrap_or_default;
        let kind = value(&TYPES, &text(self.kind));
        let words = "\"type\" must be one of [validation, login, onboarding, oneTimeLink]";
        let expires = |at: String| {
            parse_rfc3339(&at)
                .ok_or_else(|| Error::field("expiresAt", "\"expiresAt\" must be a time in RFC 3339"))
        };
        let language = self.language.unwrap_or_else(|| "en".to_owned());
        if !["en", "es"].contains(&language.as_str()) {
            return Err(Error::field("language", "\"language\" must be one of [en, es]"));
        }
        let needs_mail =
            self.send_via_email.unwrap_or_default() || self.requires_second_factor.unwrap_or_default();
        if needs_mail && self.email.is_none() {
            return Err(Error::MissingFields(vec!["email"]));
        }
        let identifier = parse_user_name(&text(self.identifier))
            .map_err(|error| Error::field("identifier", &error.to_string()))?;
        Ok(wire::CreateValidationRequest {
            project_id: String::new(),
            journey_project_id: text(self.project),
            flow_id: text(self.project_flow),
            asked: Some(wire::ValidationAsked {
                identifier,
                r#type: kind.ok_or_else(|| Error::field("type", words))?.into(),
                redirect_url: text(self.redirect_url),
                webhook_url: text(self.webhook_url),
                requires_second_factor: self.requires_second_factor.unwrap_or_default(),
                ip_address: text(self.ip_address),
                send_via_email: self.send_via_email.unwrap_or_default(),
                email: text(self.email),
                language,
                expires_at_ms: self.expires_at.map(expires).transpose()?,
            }),
        })
    }
}

/// Creates a validation of a user.
#[utoipa::path(post, path = "/v2/biometric-validations", tag = "verifik", request_body = ValidationBody,
    responses((status = 200, body = ValidationData), (status = 400, description = "INVALID_PROJECT_FLOW: unknown, paused, or of another project"),
        (status = 404, description = "Project_not_found_or_featured_disabled"), (status = 409, description = "MissingParameter, email_not_configured")))]
pub async fn create_biometric_validation(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: Result<Bytes, BytesRejection>,
) -> RecordedResponse<Json<ValidationData>> {
    let result = create(&gateway, &mut call, body).await;
    call.finish(result)
}

async fn create(
    gateway: &Gateway,
    call: &mut Call,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ValidationData>, Error> {
    let request = json::parse_object::<ValidationBody>(body)?.request()?;
    // A mailed link needs the server's public URL.
    let is_mailed = request.asked.as_ref().is_some_and(|asked| asked.send_via_email);
    if is_mailed && gateway.config().public_url.is_none() {
        return Err(Error::worded(Refusal::Conflict, "email_not_configured", "email_not_configured"));
    }
    let made = journeys::create_validation(gateway.core(), &call.caller, &mut call.record, request).await?;
    events::report_validation(gateway, call, &made, "biometric_validation_new").await;
    opened(gateway, &call.caller, made).await
}

/// Returns a new validation with its token and the link to its page, which is mailed if requested.
async fn opened(
    gateway: &Gateway,
    caller: &Caller,
    made: wire::Validation,
) -> Result<Json<ValidationData>, Error> {
    let core = gateway.core();
    let token = Some(journeys::validation_token(core, caller, &made.id).await?);
    let base = gateway.config().public_url.as_deref().unwrap_or_default();
    let page = format!("{base}{LIVENESS_PAGE}/");
    let asked = made.asked.clone().unwrap_or_default();
    let link = LinkAsked {
        purpose: wire::LinkPurpose::LivenessPage,
        holder: wire::LinkHolder {
            identifier: asked.identifier,
            email: asked.email,
            record_id: made.id.clone(),
            language: asked.language,
            ..wire::LinkHolder::default()
        },
        expires_at_ms: made.expires_at_ms,
        mail_prefix: asked.send_via_email.then(|| page.clone()),
        needs_code: asked.requires_second_factor,
    };
    let url = Some(format!("{page}{}", create_link(core, caller, link).await?));
    let data = BiometricValidation::new(caller, made);
    let id = Some(data.id.clone());
    let data =
        BiometricValidation { token, url, biometric_validation: id.clone(), liveness_session: id, ..data };
    Ok(Json(ValidationData { success: true, data }))
}

/// Lists the validations, newest first.
#[utoipa::path(get, path = "/v2/biometric-validations", tag = "verifik",
    params(("page" = Option<u32>, Query, description = "from 1"), ("perPage" = Option<u32>, Query, description = "1 to 100"),
        ("where_project" = Option<String>, Query, description = "of this project"),
        ("in_status[]" = Option<Vec<String>>, Query, description = "with one of these")),
    responses((status = 200, body = ValidationList), (status = 409, description = "MissingParameter")))]
pub async fn list_biometric_validations(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<ValidationList>, Error> {
    let Query(query) = query?;
    let asked = ListAsked::parse(&query, ("perPage", 20))?;
    let request = wire::ListValidationsRequest {
        project_id: String::new(),
        statuses: asked.status_values(&STATUSES)?,
        journey_project_id: asked.project,
        page: asked.page.number,
        limit: asked.page.limit,
    };
    let found = journeys::list_validations(gateway.core(), &caller, request).await?;
    let data = found.validations.into_iter().map(|of| BiometricValidation::new(&caller, of)).collect();
    let pagination = Pagination::new(asked.page, found.total, pages(found.total, asked.page.limit));
    Ok(Json(ValidationList { success: true, data, pagination }))
}

/// Resets a validation to new.
#[utoipa::path(delete, path = "/v2/biometric-validations/{id}", tag = "verifik",
    params(("id" = String, Path, description = "the validation")),
    responses((status = 200, body = ValidationData), (status = 404, description = "biometricValidation_not_found")))]
pub async fn restart_biometric_validation(
    State(gateway): State<Gateway>,
    mut call: Call,
    id: Result<Path<String>, PathRejection>,
) -> RecordedResponse<Json<ValidationData>> {
    let result = restart(&gateway, &mut call, id).await;
    call.finish(result)
}

async fn restart(
    gateway: &Gateway,
    call: &mut Call,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<ValidationData>, Error> {
    let Path(id) = id?;
    let made = journeys::restart_validation(gateway.core(), &call.caller, &id).await?;
    call.record.set_user(made.asked.as_ref().map(|asked| asked.identifier.clone()));
    opened(gateway, &call.caller, made).await
}
