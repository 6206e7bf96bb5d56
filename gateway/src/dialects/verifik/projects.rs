//! `/v2/projects`, and `POST /v3/projects`.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use boot::timestamp::rfc3339;
use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::lists::ListAsked;
use crate::{
    core::{
        caller::Caller,
        error::{Error, Refusal},
        journeys,
    },
    http::{json, state::Gateway},
};

/// A project to create, or changes of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectBody {
    /// At most 60 characters.
    #[schema(example = "Onboarding", nullable = false)]
    name: Option<String>,
    /// ISO 3166 codes.
    #[schema(nullable = false)]
    allowed_countries: Option<Vec<String>>,
    #[schema(nullable = false)]
    contact_email: Option<String>,
    #[schema(nullable = false)]
    privacy_url: Option<String>,
    #[schema(nullable = false)]
    terms_and_conditions_url: Option<String>,
    #[schema(nullable = false)]
    data_protection: Option<DataProtection>,
    #[schema(value_type = Object, nullable = false)]
    branding: Option<Map<String, Value>>,
    #[schema(nullable = false)]
    demo_mode: Option<bool>,
}

/// The controller of the data.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DataProtection {
    name: String,
    email: String,
    address: String,
    city: String,
    country: String,
    postal_code: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifikProject {
    #[serde(rename = "_id")]
    #[schema(example = "507f1f77bcf86cd799439011")]
    id: String,
    client: String,
    name: String,
    allowed_countries: Vec<String>,
    contact_email: String,
    privacy_url: String,
    terms_and_conditions_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    data_protection: Option<DataProtection>,
    #[schema(value_type = Object)]
    branding: Value,
    demo_mode: bool,
    /// The collection of its persons.
    assigned_collection: String,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectMade {
    success: bool,
    data: VerifikProject,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectData {
    data: VerifikProject,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectList {
    data: Vec<VerifikProject>,
    total: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Deleted {
    pub success: bool,
}

impl VerifikProject {
    fn new(caller: &Caller, project: wire::JourneyProject) -> Self {
        let details = project.details.unwrap_or_default();
        let protection = details.data_protection.map(|by| DataProtection {
            name: by.name,
            email: by.email,
            address: by.address,
            city: by.city,
            country: by.country,
            postal_code: by.postal_code,
        });
        Self {
            id: project.id,
            client: caller.project_id.clone(),
            name: details.name,
            allowed_countries: details.allowed_countries,
            contact_email: details.contact_email,
            privacy_url: details.privacy_url,
            terms_and_conditions_url: details.terms_url,
            data_protection: protection,
            branding: serde_json::from_str(&details.branding_json)
                .unwrap_or_else(|_| Value::Object(Map::new())),
            demo_mode: details.demo_mode,
            assigned_collection: project.collection_id,
            created_at: rfc3339(project.created_at_ms),
            updated_at: rfc3339(project.updated_at_ms),
        }
    }
}

impl ProjectBody {
    /// Returns the details, with those of `before` for absent fields.
    fn details(self, before: wire::ProjectDetails) -> Result<wire::ProjectDetails, Error> {
        let name = self.name.unwrap_or(before.name);
        if name.trim().is_empty() {
            return Err(Error::MissingFields(vec!["name"]));
        }
        let countries = self.allowed_countries.unwrap_or(before.allowed_countries);
        let is_code =
            |code: &String| (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase());
        if !countries.iter().all(|code| is_code(code) || code == "all") {
            return Err(Error::worded(Refusal::Invalid, "INVALID_COUNTRY_CODE", "INVALID_COUNTRY_CODE"));
        }
        let protection = self.data_protection.map(|by| wire::DataProtection {
            name: by.name,
            email: by.email,
            address: by.address,
            city: by.city,
            country: by.country,
            postal_code: by.postal_code,
        });
        Ok(wire::ProjectDetails {
            name,
            allowed_countries: countries,
            contact_email: self.contact_email.unwrap_or(before.contact_email),
            privacy_url: self.privacy_url.unwrap_or(before.privacy_url),
            terms_url: self.terms_and_conditions_url.unwrap_or(before.terms_url),
            data_protection: protection.or(before.data_protection),
            branding_json: self.branding.map_or(before.branding_json, |by| Value::Object(by).to_string()),
            demo_mode: self.demo_mode.unwrap_or(before.demo_mode),
        })
    }
}

async fn create(
    gateway: &Gateway,
    caller: &Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<VerifikProject, Error> {
    let body: ProjectBody = json::parse_object(body)?;
    let details = body.details(wire::ProjectDetails::default())?;
    let made = journeys::create_project(gateway.core(), caller, details).await?;
    Ok(VerifikProject::new(caller, made))
}

/// Creates a project with a collection.
#[utoipa::path(post, path = "/v2/projects", tag = "verifik", request_body = ProjectBody,
    responses((status = 200, body = ProjectMade), (status = 409, description = "PROJECT_NAME_EXISTS")))]
pub async fn create_verifik_project(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ProjectMade>, Error> {
    Ok(Json(ProjectMade { success: true, data: create(&gateway, &caller, body).await? }))
}

/// The same call with the answer of version 3.
#[utoipa::path(post, path = "/v3/projects", tag = "verifik", request_body = ProjectBody,
    responses((status = 201, body = ProjectData), (status = 422, description = "wrong fields")))]
pub async fn create_verifik_project_v3(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<ProjectData>), Error> {
    Ok((StatusCode::CREATED, Json(ProjectData { data: create(&gateway, &caller, body).await? })))
}

/// Lists the projects, newest first.
#[utoipa::path(get, path = "/v2/projects", tag = "verifik",
    params(("page" = Option<u32>, Query, description = "from 1"), ("limit" = Option<u32>, Query, description = "1 to 100")),
    responses((status = 200, body = ProjectList), (status = 409, description = "MissingParameter")))]
pub async fn list_verifik_projects(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<ProjectList>, Error> {
    let Query(query) = query?;
    let asked = ListAsked::parse(&query, ("limit", 10))?;
    let found = journeys::list_projects(gateway.core(), &caller, asked.page).await?;
    let data = found.projects.into_iter().map(|project| VerifikProject::new(&caller, project)).collect();
    Ok(Json(ProjectList { data, total: found.total }))
}

#[utoipa::path(get, path = "/v2/projects/{id}", tag = "verifik",
    params(("id" = String, Path, description = "the project")), responses((status = 200, body = ProjectData)))]
pub async fn get_verifik_project(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<ProjectData>, Error> {
    let Path(id) = id?;
    let found = journeys::get_project(gateway.core(), &caller, &id).await?;
    Ok(Json(ProjectData { data: VerifikProject::new(&caller, found) }))
}

/// Changes the fields that are present.
#[utoipa::path(put, path = "/v2/projects/{id}", tag = "verifik", request_body = ProjectBody,
    params(("id" = String, Path, description = "the project")),
    responses((status = 200, body = ProjectData), (status = 409, description = "PROJECT_NAME_EXISTS")))]
pub async fn update_verifik_project(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ProjectData>, Error> {
    let Path(id) = id?;
    let body: ProjectBody = json::parse_change(body, &[])?;
    let before = journeys::get_project(gateway.core(), &caller, &id).await?;
    let details = body.details(before.details.unwrap_or_default())?;
    let changed = journeys::update_project(gateway.core(), &caller, &id, details).await?;
    Ok(Json(ProjectData { data: VerifikProject::new(&caller, changed) }))
}

/// Deletes a project without persons, with its flows, registrations and validations.
#[utoipa::path(delete, path = "/v2/projects/{id}", tag = "verifik",
    params(("id" = String, Path, description = "the project")),
    responses((status = 200, body = Deleted), (status = 409, description = "collection_is_not_empty")))]
pub async fn delete_verifik_project(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Deleted>, Error> {
    let Path(id) = id?;
    journeys::delete_project(gateway.core(), &caller, &id).await?;
    Ok(Json(Deleted { success: true }))
}
