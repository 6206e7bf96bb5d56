//! The projects of an organisation.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::accounts::{
    self as wire, CreateProjectRequest, NamedRequest, UpdateProjectRequest, update_project_request as update,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::accounts,
    core::error::Error,
    http::{dashboard_session::DashboardUser, json, state::Gateway},
};

#[derive(Deserialize, ToSchema)]
pub struct NewProject {
    /// 1 to 200 characters.
    #[schema(example = "Onboarding")]
    name: String,
    /// Empty or absent: all.
    #[serde(default)]
    selected_services: Vec<String>,
}

/// Changes of a project; absent fields do not change.
#[derive(Deserialize, ToSchema)]
pub struct ProjectChange {
    #[serde(default)]
    name: Option<String>,
    /// The services of new keys that specify none. Empty: all.
    #[serde(default)]
    selected_services: Option<Vec<String>>,
    /// Web origins from which the project's keys may be used, `https://host[:port]`. Empty: any.
    #[serde(default)]
    #[schema(example = json!(["https://app.example.org"]))]
    cors_origins: Option<Vec<String>>,
    /// Calls per minute of all the project's keys together. 0: the installation's limit for each key.
    #[serde(default)]
    rate_limit_per_minute: Option<u32>,
    /// The response format of new keys that specify none: empty, or `sdk`.
    #[serde(default)]
    response_format: Option<String>,
    /// The other APIs to switch on or off: `{"neuroid": {"consent": "attested"}}`; null switches one off, and absent
    /// ones do not change. `attested`: the project declares that it holds the consents of its users; `ledger`: consents
    /// must be recorded first.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, DialectSetting>>, example = json!({"neuroid": {"consent": "ledger"}}))]
    dialects: Option<BTreeMap<String, Option<DialectSetting>>>,
}

/// How a project uses another API.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DialectSetting {
    /// `attested` or `ledger`.
    #[schema(example = "ledger")]
    consent: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Project {
    id: String,
    name: String,
    selected_services: Vec<String>,
    cors_origins: Vec<String>,
    rate_limit_per_minute: u32,
    response_format: String,
    /// The other APIs that are switched on.
    dialects: BTreeMap<String, DialectSetting>,
    created_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Projects {
    projects: Vec<Project>,
}

/// Lists the projects of the organisation, oldest first.
#[utoipa::path(get, path = "/api-projects/projects", tag = "projects",
    responses((status = 200, body = Projects), (status = 401, description = "not signed in")))]
pub async fn list_projects(
    State(gateway): State<Gateway>,
    user: DashboardUser,
) -> Result<Json<Projects>, Error> {
    let found = accounts::list_projects(gateway.core(), user.who().unwrap_or_default()).await?;
    Ok(Json(Projects { projects: found.projects.into_iter().map(Project::from).collect() }))
}

/// Creates a project.
#[utoipa::path(post, path = "/api-projects/projects", tag = "projects", request_body = NewProject,
    responses((status = 200, body = Project), (status = 400, description = "`fields` says what is wrong with which input"),
              (status = 401, description = "not signed in"), (status = 403, description = "the role may not")))]
pub async fn create_project(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Project>, Error> {
    let NewProject { name, selected_services } = json::parse_object(body)?;
    let request = CreateProjectRequest { who: user.who(), name, selected_services };
    Ok(Json(accounts::create_project(gateway.core(), request).await?.into()))
}

/// Returns a project.
#[utoipa::path(get, path = "/api-projects/projects/{id}", tag = "projects",
    params(("id" = String, Path, description = "the project's id")),
    responses((status = 200, body = Project), (status = 401, description = "not signed in"),
              (status = 404, description = "unknown, or another organisation's")))]
pub async fn get_project(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Project>, Error> {
    let Path(id) = id?;
    Ok(Json(accounts::get_project(gateway.core(), NamedRequest { who: user.who(), id }).await?.into()))
}

/// Changes a project; absent fields do not change.
#[utoipa::path(patch, path = "/api-projects/projects/{id}", tag = "projects", request_body = ProjectChange,
    params(("id" = String, Path, description = "the project's id")),
    responses((status = 200, body = Project), (status = 400, description = "`fields` says what is wrong with which input"),
              (status = 401, description = "not signed in"), (status = 403, description = "the role may not"),
              (status = 404, description = "unknown, or another organisation's")))]
pub async fn update_project(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Project>, Error> {
    let Path(id) = id?;
    let asked: ProjectChange = json::parse_change(body, &[])?;
    let request = UpdateProjectRequest {
        who: user.who(),
        id,
        name: asked.name,
        selected_services: asked.selected_services.map(|names| update::Services { names }),
        cors_origins: asked.cors_origins.map(|origins| update::Origins { origins }),
        rate_limit_per_minute: asked.rate_limit_per_minute,
        response_format: asked.response_format,
        dialects: asked.dialects.map(dialect_changes).transpose()?,
    };
    Ok(Json(accounts::update_project(gateway.core(), request).await?.into()))
}

/// An empty consent mode would switch the API off, so it is rejected.
fn dialect_changes(asked: BTreeMap<String, Option<DialectSetting>>) -> Result<update::Dialects, Error> {
    let change = |(name, setting): (String, Option<DialectSetting>)| match setting {
        Some(DialectSetting { consent }) if consent.is_empty() => {
            Err(Error::field("dialects", "consent must be attested or ledger"))
        }
        setting => {
            let consent = setting.map(|setting| setting.consent).unwrap_or_default();
            Ok(wire::DialectSetting { name, consent })
        }
    };
    Ok(update::Dialects { changes: asked.into_iter().map(change).collect::<Result<_, _>>()? })
}

fn dialect(setting: wire::DialectSetting) -> (String, DialectSetting) {
    (setting.name, DialectSetting { consent: setting.consent })
}

impl From<wire::Project> for Project {
    fn from(project: wire::Project) -> Self {
        Self {
            id: project.id,
            name: project.name,
            selected_services: project.selected_services,
            cors_origins: project.cors_origins,
            rate_limit_per_minute: project.rate_limit_per_minute,
            response_format: project.response_format,
            dialects: project.dialects.into_iter().map(dialect).collect(),
            created_at: rfc3339(project.created_at_ms),
        }
    }
}
