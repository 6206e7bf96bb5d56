//! Journey projects, flows and collections: read, validated, stored, encoded.

use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::{Error, Refusal},
    flow::{FlowSettings, check_url},
    id,
    service::Journeys,
    store::{CollectionRow, FlowRow, Page, ProjectRow},
    words::{ClosedSet, FlowStatus, FlowType, Requirement, SearchMode, Step},
};

const MAX_NAME: usize = 60;
const MAX_TEXT: usize = 500;
const MAX_COUNTRIES: usize = 300;
const MAX_BRANDING: usize = 32 * 1024;
/// Most rows of a page.
const MAX_PAGE: u32 = 100;

/// A journey project as stored, beside its name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Details {
    allowed_countries: Vec<String>,
    contact_email: String,
    privacy_url: String,
    terms_url: String,
    data_protection: Option<DataProtection>,
    branding: String,
    demo_mode: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct DataProtection {
    name: String,
    email: String,
    address: String,
    city: String,
    country: String,
    postal_code: String,
}

/// Returns the page that a list asks for.
pub fn page(number: u32, limit: u32) -> Page {
    Page { number, limit: limit.clamp(1, MAX_PAGE) }
}

impl Journeys {
    pub(crate) async fn add_project(
        &self,
        request: wire::CreateProjectRequest,
    ) -> Result<wire::JourneyProject, Error> {
        let (name, details) = details(request.details.unwrap_or_default())?;
        let now_ms = self.now_ms();
        let (id, collection_id) = (id::generate(now_ms)?, id::generate(now_ms)?);
        let collection = CollectionRow {
            id: collection_id.clone(),
            code: Uuid::new_v4().to_string(),
            journey_project_id: id.clone(),
            name: name.clone(),
            description: String::new(),
            created_at: now_ms,
            updated_at: now_ms,
        };
        let row = ProjectRow { id, name, details, collection_id, created_at: now_ms, updated_at: now_ms };
        self.store.add_project(&request.project_id, &row, &collection).await?;
        encode_project(row)
    }

    pub(crate) async fn change_project(
        &self,
        request: wire::UpdateProjectRequest,
    ) -> Result<wire::JourneyProject, Error> {
        let row = self.project_row(&request.project_id, &request.id).await?;
        let (name, details) = details(request.details.unwrap_or_default())?;
        let row = ProjectRow { name, details, updated_at: self.now_ms(), ..row };
        if !self.store.update_project(&request.project_id, &row).await? {
            return Err(Refusal::NoProject.into());
        }
        encode_project(row)
    }

    pub(crate) async fn project(&self, request: &wire::RecordRequest) -> Result<wire::JourneyProject, Error> {
        encode_project(self.project_row(&request.project_id, &request.id).await?)
    }

    pub(crate) async fn projects(
        &self,
        request: &wire::ListRequest,
    ) -> Result<wire::ListProjectsResponse, Error> {
        let page = page(request.page, request.limit);
        let (rows, total) = self.store.list_projects(&request.project_id, page).await?;
        let projects = rows.into_iter().map(encode_project).collect::<Result<_, _>>()?;
        Ok(wire::ListProjectsResponse { projects, total })
    }

    pub(crate) async fn remove_project(
        &self,
        request: &wire::RecordRequest,
    ) -> Result<wire::DeleteResponse, Error> {
        let row = self.project_row(&request.project_id, &request.id).await?;
        if self.store.has_persons(&request.project_id, &row.collection_id).await? {
            return Err(Refusal::CollectionInUse.into());
        }
        let existed = self.store.delete_project(&request.project_id, &request.id).await?;
        self.store.purge(Vec::new()).await?;
        Ok(wire::DeleteResponse { existed })
    }

    pub(crate) async fn project_row(&self, project: &str, id: &str) -> Result<ProjectRow, Error> {
        Ok(self.store.find_project(project, id).await?.ok_or(Refusal::NoProject)?)
    }

    pub(crate) async fn add_flow(&self, request: wire::CreateFlowRequest) -> Result<wire::Flow, Error> {
        let project = self.project_row(&request.project_id, &request.journey_project_id).await?;
        let settings = flow_settings(request.settings.unwrap_or_default())?.checked()?;
        let now_ms = self.now_ms();
        let row = FlowRow {
            id: id::generate(now_ms)?,
            journey_project_id: project.id,
            settings: json(&settings)?,
            created_at: now_ms,
            updated_at: now_ms,
        };
        self.store.add_flow(&request.project_id, &row).await?;
        encode_flow(row, settings)
    }

    pub(crate) async fn change_flow(&self, request: wire::UpdateFlowRequest) -> Result<wire::Flow, Error> {
        let (row, _) = self.flow_row(&request.project_id, &request.id).await?;
        let settings = flow_settings(request.settings.unwrap_or_default())?.checked()?;
        let row = FlowRow { settings: json(&settings)?, updated_at: self.now_ms(), ..row };
        if !self.store.update_flow(&request.project_id, &row).await? {
            return Err(Refusal::NoFlow.into());
        }
        encode_flow(row, settings)
    }

    pub(crate) async fn flow(&self, request: &wire::RecordRequest) -> Result<wire::Flow, Error> {
        let (row, settings) = self.flow_row(&request.project_id, &request.id).await?;
        encode_flow(row, settings)
    }

    pub(crate) async fn flows(&self, request: &wire::ListRequest) -> Result<wire::ListFlowsResponse, Error> {
        let (page, of) = (page(request.page, request.limit), &request.journey_project_id);
        let (rows, total) = self.store.list_flows(&request.project_id, of, page).await?;
        let encode = |row: FlowRow| {
            let settings = read(&row.settings)?;
            encode_flow(row, settings)
        };
        Ok(wire::ListFlowsResponse { flows: rows.into_iter().map(encode).collect::<Result<_, _>>()?, total })
    }

    pub(crate) async fn flow_row(&self, project: &str, id: &str) -> Result<(FlowRow, FlowSettings), Error> {
        let row = self.store.find_flow(project, id).await?.ok_or(Refusal::NoFlow)?;
        let settings = read(&row.settings)?;
        Ok((row, settings))
    }

    pub(crate) async fn add_collection(
        &self,
        request: wire::CreateCollectionRequest,
    ) -> Result<wire::Collection, Error> {
        check_name(&request.name, MAX_TEXT)?;
        check_text("description", &request.description)?;
        let now_ms = self.now_ms();
        let row = CollectionRow {
            id: id::generate(now_ms)?,
            code: Uuid::new_v4().to_string(),
            journey_project_id: String::new(),
            name: request.name,
            description: request.description,
            created_at: now_ms,
            updated_at: now_ms,
        };
        self.store.add_collection(&request.project_id, &row).await?;
        Ok(encode_collection(row))
    }

    pub(crate) async fn change_collection(
        &self,
        request: wire::UpdateCollectionRequest,
    ) -> Result<wire::Collection, Error> {
        let mut row = self.collection_row(&request.project_id, &request.id).await?;
        row.name = request.name.unwrap_or(row.name);
        row.description = request.description.unwrap_or(row.description);
        check_name(&row.name, MAX_TEXT)?;
        check_text("description", &row.description)?;
        row.updated_at = self.now_ms();
        if !self.store.update_collection(&request.project_id, &row).await? {
            return Err(Refusal::NoCollection.into());
        }
        Ok(encode_collection(row))
    }

    pub(crate) async fn collection(&self, request: &wire::RecordRequest) -> Result<wire::Collection, Error> {
        Ok(encode_collection(self.collection_row(&request.project_id, &request.id).await?))
    }

    pub(crate) async fn collections(
        &self,
        request: &wire::ListRequest,
    ) -> Result<wire::ListCollectionsResponse, Error> {
        let page = page(request.page, request.limit);
        let (rows, total) = self.store.list_collections(&request.project_id, page).await?;
        let collections = rows.into_iter().map(encode_collection).collect();
        Ok(wire::ListCollectionsResponse { collections, total })
    }

    pub(crate) async fn remove_collection(
        &self,
        request: &wire::RecordRequest,
    ) -> Result<wire::DeleteResponse, Error> {
        let row = self.collection_row(&request.project_id, &request.id).await?;
        if !self.store.delete_collection(&request.project_id, &row.id).await? {
            return Err(Refusal::CollectionInUse.into());
        }
        Ok(wire::DeleteResponse { existed: true })
    }

    async fn collection_row(&self, project: &str, id: &str) -> Result<CollectionRow, Error> {
        Ok(self.store.find_collection(project, id).await?.ok_or(Refusal::NoCollection)?)
    }
}

/// Returns the name of a project, and its other fields as stored.
fn details(wire: wire::ProjectDetails) -> Result<(String, String), Error> {
    check_name(&wire.name, MAX_NAME)?;
    check_text("contactEmail", &wire.contact_email)?;
    check_url("privacyUrl", &wire.privacy_url)?;
    check_url("termsAndConditionsUrl", &wire.terms_url)?;
    if wire.allowed_countries.len() > MAX_COUNTRIES || wire.branding_json.len() > MAX_BRANDING {
        return Err(Error::Field("branding", "\"branding\" is too large".to_owned()));
    }
    let protection = wire.data_protection.map(|by| DataProtection {
        name: by.name,
        email: by.email,
        address: by.address,
        city: by.city,
        country: by.country,
        postal_code: by.postal_code,
    });
    if let Some(by) = &protection {
        for text in [&by.name, &by.email, &by.address, &by.city, &by.country, &by.postal_code] {
            check_text("dataProtection", text)?;
        }
    }
    let details = Details {
        allowed_countries: wire.allowed_countries,
        contact_email: wire.contact_email,
        privacy_url: wire.privacy_url,
        terms_url: wire.terms_url,
        data_protection: protection,
        branding: wire.branding_json,
        demo_mode: wire.demo_mode,
    };
    Ok((wire.name, json(&details)?))
}

fn check_name(name: &str, most: usize) -> Result<(), Error> {
    if name.trim().is_empty() || name.chars().count() > most {
        return Err(Error::Field("name", format!("\"name\" must be 1 to {most} characters")));
    }
    Ok(())
}

fn check_text(field: &'static str, text: &str) -> Result<(), Error> {
    if text.len() > MAX_TEXT {
        return Err(Error::Field(field, format!("\"{field}\" is longer than {MAX_TEXT} bytes")));
    }
    Ok(())
}

fn encode_project(row: ProjectRow) -> Result<wire::JourneyProject, Error> {
    let details: Details = read(&row.details)?;
    let protection = details.data_protection.map(|by| wire::DataProtection {
        name: by.name,
        email: by.email,
        address: by.address,
        city: by.city,
        country: by.country,
        postal_code: by.postal_code,
    });
    Ok(wire::JourneyProject {
        id: row.id,
        details: Some(wire::ProjectDetails {
            name: row.name,
            allowed_countries: details.allowed_countries,
            contact_email: details.contact_email,
            privacy_url: details.privacy_url,
            terms_url: details.terms_url,
            data_protection: protection,
            branding_json: details.branding,
            demo_mode: details.demo_mode,
        }),
        collection_id: row.collection_id,
        created_at_ms: row.created_at,
        updated_at_ms: row.updated_at,
    })
}

fn flow_settings(wire: wire::FlowSettings) -> Result<FlowSettings, Error> {
    let unknown = |field: &'static str| Error::Field(field, format!("\"{field}\" is not one of its values"));
    let rule = |rule: &wire::StepRule| {
        let requirement = Requirement::of_wire(rule.requirement()).ok_or_else(|| unknown("steps"))?;
        Ok::<_, Error>((Step::of_wire(rule.step()).ok_or_else(|| unknown("steps"))?, requirement))
    };
    Ok(FlowSettings {
        kind: FlowType::of_wire(wire.r#type()).ok_or_else(|| unknown("type"))?,
        status: FlowStatus::of_wire(wire.status()).ok_or_else(|| unknown("status"))?,
        search_mode: SearchMode::of_wire(wire.search_mode()).ok_or_else(|| unknown("searchMode"))?,
        steps: wire.steps.iter().map(rule).collect::<Result<_, _>>()?,
        name: wire.name,
        document_attempt_limit: wire.document_attempt_limit,
        compare_min_score: wire.compare_min_score,
        liveness_attempt_limit: wire.liveness_attempt_limit,
        liveness_min_score: wire.liveness_min_score,
        search_min_score: wire.search_min_score,
        redirect_url: wire.redirect_url,
        webhook_url: wire.webhook_url,
        sign_up_form: wire.sign_up_form_json,
    })
}

pub fn encode_flow(row: FlowRow, settings: FlowSettings) -> Result<wire::Flow, Error> {
    let steps = crate::flow::STEPS.map(|(step, _)| wire::StepRule {
        step: step.wire().into(),
        requirement: settings.requirement(step).wire().into(),
    });
    Ok(wire::Flow {
        id: row.id,
        journey_project_id: row.journey_project_id,
        settings: Some(wire::FlowSettings {
            r#type: settings.kind.wire().into(),
            status: settings.status.wire().into(),
            search_mode: settings.search_mode.wire().into(),
            steps: steps.into(),
            name: settings.name,
            document_attempt_limit: settings.document_attempt_limit,
            compare_min_score: settings.compare_min_score,
            liveness_attempt_limit: settings.liveness_attempt_limit,
            liveness_min_score: settings.liveness_min_score,
            search_min_score: settings.search_min_score,
            redirect_url: settings.redirect_url,
            webhook_url: settings.webhook_url,
            sign_up_form_json: settings.sign_up_form,
        }),
        created_at_ms: row.created_at,
        updated_at_ms: row.updated_at,
    })
}

pub fn encode_collection(row: CollectionRow) -> wire::Collection {
    wire::Collection {
        id: row.id,
        code: row.code,
        journey_project_id: row.journey_project_id,
        name: row.name,
        description: row.description,
        created_at_ms: row.created_at,
        updated_at_ms: row.updated_at,
    }
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Damaged)
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::Damaged)
}
