//! Projects of an organisation, for its users.

use proto::accounts as wire;
use serde_json::{Value, json};

use super::{Accounts, change, organisation, sessions::services};
use crate::{
    api_key::{Name, ProjectId, ResponseFormat, SelectedServices},
    audit::Change,
    dialects::{Dialects, Setting},
    error::Error,
    project::{Origins, rate_limit},
    store::{ProjectRow, UserRow},
};

impl Accounts {
    pub(super) async fn list_projects(&self, who: wire::Who) -> Result<wire::ListProjectsResponse, Error> {
        let caller = self.find_caller(Some(&who)).await?;
        let rows = self.store.list_projects(&organisation(&caller)?).await?;
        let projects: Result<_, Error> = rows.into_iter().map(project).collect();
        Ok(wire::ListProjectsResponse { projects: projects? })
    }

    pub(super) async fn get_project(&self, request: wire::NamedRequest) -> Result<wire::Project, Error> {
        let caller = self.find_caller(request.who.as_ref()).await?;
        project(self.find_own_project(&caller, &request.id).await?)
    }

    /// Returns a project of the caller's organisation; another's is unknown.
    async fn find_own_project(&self, caller: &UserRow, id: &str) -> Result<ProjectRow, Error> {
        let found = self.store.find_project(&organisation(caller)?, &ProjectId::parse(id)?).await?;
        found.ok_or(Error::NoSuchProject)
    }

    pub(super) async fn create_project(
        &self,
        request: wire::CreateProjectRequest,
    ) -> Result<wire::Project, Error> {
        let caller = self.find_caller(request.who.as_ref()).await?;
        if !caller.role().may_run_projects() {
            return Err(Error::AboveOwnRole);
        }
        let row = ProjectRow {
            id: ProjectId::generate().as_str().into(),
            name: name(&request.name)?,
            selected_services: chosen(&request.selected_services)?,
            cors_origins: "[]".into(),
            rate_limit_per_minute: 0,
            response_format: String::new(),
            dialects: Dialects::default().to_json(),
            created_at: self.store.now_ms(),
        };
        let change = Change {
            project_id: row.id.clone(),
            after: Some(described(&row)),
            ..change(&caller.organisation_id, "project.created", &row.id)
        };
        self.store.add_project(&organisation(&caller)?, &row, change).await?;
        project(row)
    }

    pub(super) async fn update_project(
        &self,
        request: wire::UpdateProjectRequest,
    ) -> Result<wire::Project, Error> {
        let caller = self.find_caller(request.who.as_ref()).await?;
        let before = self.find_own_project(&caller, &request.id).await?;
        if !caller.role().may_run_projects() {
            return Err(Error::AboveOwnRole);
        }
        let mut row = before.clone();
        if let Some(given) = &request.name {
            row.name = name(given)?;
        }
        if let Some(given) = &request.selected_services {
            row.selected_services = chosen(&given.names)?;
        }
        if let Some(given) = &request.cors_origins {
            row.cors_origins = Origins::parse(&given.origins)?.to_json();
        }
        if let Some(given) = request.rate_limit_per_minute {
            row.rate_limit_per_minute = rate_limit(given)?.into();
        }
        if let Some(given) = &request.response_format {
            let format =
                ResponseFormat::parse(given).map_err(|e| Error::field("response_format", e.to_string()))?;
            row.response_format = format.as_str().into();
        }
        if let Some(given) = &request.dialects {
            let mut dialects = Dialects::from_json(&row.dialects)?;
            for dialect in &given.changes {
                dialects.change(&dialect.name, &dialect.consent)?;
            }
            row.dialects = dialects.to_json();
        }
        let change = Change {
            project_id: row.id.clone(),
            before: Some(described(&before)),
            after: Some(described(&row)),
            ..change(&caller.organisation_id, "project.changed", &row.id)
        };
        self.store.update_project(&organisation(&caller)?, &row, change).await?;
        project(row)
    }
}

fn name(given: &str) -> Result<String, Error> {
    let name = Name::parse("name", given).map_err(|error| Error::field("name", error.to_string()))?;
    Ok(name.as_str().to_owned())
}

/// Returns the services as stored: an empty selection stays "all" when services are added.
fn chosen(names: &[String]) -> Result<String, Error> {
    let field = |error: Error| Error::field("selected_services", error.to_string());
    if names.is_empty() {
        return Ok("[]".into());
    }
    Ok(json!(SelectedServices::parse(names).map_err(field)?.names()).to_string())
}

/// Returns the audit description of a project.
fn described(row: &ProjectRow) -> Value {
    let list = |json: &str| serde_json::from_str::<Value>(json).unwrap_or_default();
    json!({"name": row.name, "selected_services": list(&row.selected_services),
           "cors_origins": list(&row.cors_origins), "rate_limit_per_minute": row.rate_limit_per_minute,
           "response_format": row.response_format, "dialects": list(&row.dialects)})
}

fn project(row: ProjectRow) -> Result<wire::Project, Error> {
    Ok(wire::Project {
        selected_services: services(&row.selected_services)?,
        cors_origins: serde_json::from_str(&row.cors_origins).map_err(|_| Error::Damaged)?,
        rate_limit_per_minute: u32::try_from(row.rate_limit_per_minute).unwrap_or(0),
        response_format: row.response_format,
        dialects: dialects(&row.dialects)?,
        created_at_ms: row.created_at,
        id: row.id,
        name: row.name,
    })
}

fn dialects(json: &str) -> Result<Vec<wire::DialectSetting>, Error> {
    let dialects = Dialects::from_json(json)?;
    let setting = |(name, setting): (&String, &Setting)| wire::DialectSetting {
        name: name.clone(),
        consent: setting.consent.clone(),
    };
    Ok(dialects.iter().map(setting).collect())
}
