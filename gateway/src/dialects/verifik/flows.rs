//! `/v2/project-flows`, and `PUT /v3/project-flows/{id}`.

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
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::lists::ListAsked;
use crate::{
    core::{caller::Caller, error::Error, journeys},
    http::{json, state::Gateway},
};

/// A flow to create, or changes of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowBody {
    #[schema(nullable = false)]
    project: Option<String>,
    #[schema(nullable = false)]
    name: Option<String>,
    /// onboarding or login.
    #[serde(rename = "type")]
    #[schema(nullable = false)]
    kind: Option<String>,
    /// draft, active or paused; only active flows accept registrations.
    #[schema(nullable = false)]
    status: Option<String>,
    #[schema(value_type = Object, nullable = false)]
    sign_up_form: Option<Map<String, Value>>,
    #[schema(nullable = false)]
    documents: Option<DocumentSettings>,
    #[schema(nullable = false)]
    liveness: Option<LivenessSettings>,
    /// Requirement by step: mandatory, optional or skip.
    #[schema(nullable = false)]
    steps: Option<BTreeMap<String, String>>,
    #[schema(nullable = false)]
    integrations: Option<Integrations>,
    /// Settings under their older names.
    #[schema(nullable = false)]
    onboarding_settings: Option<OnboardingSettings>,
}

#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentSettings {
    /// 1 to 5; default 3.
    #[schema(nullable = false)]
    attempt_limit: Option<u32>,
    /// .65 to .95; default .85.
    #[schema(nullable = false)]
    compare_min_score: Option<f64>,
}

#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LivenessSettings {
    /// 1 to 5; default 3.
    #[schema(nullable = false)]
    attempt_limit: Option<u32>,
    /// .52 to .9; default .6.
    #[schema(nullable = false)]
    min_score: Option<f64>,
    /// FAST or ACCURATE.
    #[schema(nullable = false)]
    search_mode: Option<String>,
    /// .7 to .95; default .9.
    #[schema(nullable = false)]
    search_min_score: Option<f64>,
}

#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Integrations {
    #[schema(nullable = false)]
    redirect_url: Option<String>,
    #[schema(nullable = false)]
    webhook: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnboardingSettings {
    #[schema(value_type = Object, nullable = false)]
    sign_up_form: Option<Map<String, Value>>,
    #[schema(nullable = false)]
    document: Option<DocumentSettings>,
    #[schema(nullable = false)]
    liveness: Option<LivenessSettings>,
    #[schema(nullable = false)]
    steps: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectFlow {
    #[serde(rename = "_id")]
    #[schema(example = "507f1f77bcf86cd799439015")]
    id: String,
    client: String,
    project: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    #[schema(value_type = Object)]
    sign_up_form: Value,
    documents: DocumentSettings,
    liveness: LivenessSettings,
    steps: BTreeMap<&'static str, &'static str>,
    integrations: Integrations,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FlowMade {
    success: bool,
    data: ProjectFlow,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FlowData {
    data: ProjectFlow,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FlowList {
    data: Vec<ProjectFlow>,
    total: u64,
}

/// The steps by their names.
pub const STEPS: [(&str, wire::Step); 8] = [
    ("instructions", wire::Step::Instructions),
    ("signUpForm", wire::Step::SignUpForm),
    ("basicInformation", wire::Step::BasicInformation),
    ("document", wire::Step::Document),
    ("liveness", wire::Step::Liveness),
    ("form", wire::Step::Form),
    ("skipKYC", wire::Step::SkipKyc),
    ("end", wire::Step::End),
];
const REQUIREMENTS: [(&str, wire::Requirement); 3] = [
    ("mandatory", wire::Requirement::Mandatory),
    ("optional", wire::Requirement::Optional),
    ("skip", wire::Requirement::Skip),
];
pub const TYPES: [(&str, wire::FlowType); 2] =
    [("onboarding", wire::FlowType::Onboarding), ("login", wire::FlowType::Login)];
const STATUSES: [(&str, wire::FlowStatus); 3] = [
    ("draft", wire::FlowStatus::Draft),
    ("active", wire::FlowStatus::Active),
    ("paused", wire::FlowStatus::Paused),
];
const MODES: [(&str, wire::SearchMode); 2] =
    [("FAST", wire::SearchMode::Fast), ("ACCURATE", wire::SearchMode::Accurate)];

/// Returns the wire value for a word.
pub fn value<T: Copy>(table: &[(&'static str, T)], word: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

/// Returns the word for a wire value.
pub fn word<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, known)| known == value).map_or("", |(word, _)| word)
}

/// Returns the requirement of each step of a flow.
pub fn steps(settings: &wire::FlowSettings) -> BTreeMap<&'static str, &'static str> {
    let rule = |rule: &wire::StepRule| (word(&STEPS, &rule.step()), word(&REQUIREMENTS, &rule.requirement()));
    settings.steps.iter().map(rule).collect()
}

fn chosen<T: Copy>(
    field: &'static str,
    table: &[(&'static str, T)],
    named: Option<&str>,
) -> Result<Option<T>, Error> {
    let words = || table.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    named
        .map(|named| {
            value(table, named)
                .ok_or_else(|| Error::field(field, &format!("\"{field}\" must be one of [{}]", words())))
        })
        .transpose()
}

impl FlowBody {
    /// Uses fields with older names in place of absent newer ones.
    fn joined(mut self) -> Self {
        let older = self.onboarding_settings.take().unwrap_or_default();
        Self {
            sign_up_form: self.sign_up_form.or(older.sign_up_form),
            documents: self.documents.or(older.document),
            liveness: self.liveness.or(older.liveness),
            steps: self.steps.or(older.steps),
            ..self
        }
    }

    /// Returns the settings, with those of `before` for absent fields.
    fn settings(self, before: wire::FlowSettings) -> Result<wire::FlowSettings, Error> {
        let (kind, status, mode) = (before.r#type(), before.status(), before.search_mode());
        let documents = self.documents.unwrap_or_default();
        let liveness = self.liveness.unwrap_or_default();
        let integrations = self.integrations.unwrap_or_default();
        let named_mode = chosen("searchMode", &MODES, liveness.search_mode.as_deref())?;
        let steps = match self.steps {
            None => before.steps,
            Some(named) => {
                named.iter().map(|(step, rule)| step_rule(step, rule)).collect::<Result<_, _>>()?
            }
        };
        Ok(wire::FlowSettings {
            name: self.name.unwrap_or(before.name),
            r#type: chosen("type", &TYPES, self.kind.as_deref())?.unwrap_or(kind).into(),
            status: chosen("status", &STATUSES, self.status.as_deref())?.unwrap_or(status).into(),
            document_attempt_limit: documents.attempt_limit.unwrap_or(before.document_attempt_limit),
            compare_min_score: documents.compare_min_score.unwrap_or(before.compare_min_score),
            liveness_attempt_limit: liveness.attempt_limit.unwrap_or(before.liveness_attempt_limit),
            liveness_min_score: liveness.min_score.unwrap_or(before.liveness_min_score),
            search_mode: named_mode.unwrap_or(mode).into(),
            search_min_score: liveness.search_min_score.unwrap_or(before.search_min_score),
            steps,
            redirect_url: integrations.redirect_url.unwrap_or(before.redirect_url),
            webhook_url: integrations.webhook.unwrap_or(before.webhook_url),
            sign_up_form_json: self
                .sign_up_form
                .map_or(before.sign_up_form_json, |form| Value::Object(form).to_string()),
        })
    }
}

fn step_rule(step: &str, rule: &str) -> Result<wire::StepRule, Error> {
    let step = chosen("steps", &STEPS[..6], Some(step))?.unwrap_or_default();
    let requirement = chosen("steps", &REQUIREMENTS, Some(rule))?.unwrap_or_default();
    Ok(wire::StepRule { step: step.into(), requirement: requirement.into() })
}

/// The default settings of a flow.
fn defaults() -> wire::FlowSettings {
    wire::FlowSettings {
        r#type: wire::FlowType::Onboarding.into(),
        status: wire::FlowStatus::Draft.into(),
        document_attempt_limit: 3,
        compare_min_score: 0.85,
        liveness_attempt_limit: 3,
        liveness_min_score: 0.6,
        search_mode: wire::SearchMode::Accurate.into(),
        search_min_score: 0.9,
        ..wire::FlowSettings::default()
    }
}

impl ProjectFlow {
    fn new(caller: &Caller, flow: wire::Flow) -> Self {
        let settings = flow.settings.unwrap_or_default();
        Self {
            id: flow.id,
            client: caller.project_id.clone(),
            project: flow.journey_project_id,
            kind: word(&TYPES, &settings.r#type()),
            status: word(&STATUSES, &settings.status()),
            sign_up_form: serde_json::from_str(&settings.sign_up_form_json)
                .unwrap_or_else(|_| Value::Object(Map::new())),
            documents: DocumentSettings {
                attempt_limit: Some(settings.document_attempt_limit),
                compare_min_score: Some(settings.compare_min_score),
            },
            liveness: LivenessSettings {
                attempt_limit: Some(settings.liveness_attempt_limit),
                min_score: Some(settings.liveness_min_score),
                search_mode: Some(word(&MODES, &settings.search_mode()).to_owned()),
                search_min_score: Some(settings.search_min_score),
            },
            steps: steps(&settings),
            integrations: Integrations {
                redirect_url: Some(settings.redirect_url),
                webhook: Some(settings.webhook_url),
            },
            name: settings.name,
            created_at: rfc3339(flow.created_at_ms),
            updated_at: rfc3339(flow.updated_at_ms),
        }
    }
}

/// Creates a flow of a project.
#[utoipa::path(post, path = "/v2/project-flows", tag = "verifik", request_body = FlowBody,
    responses((status = 200, body = FlowMade), (status = 409, description = "MissingParameter")))]
pub async fn create_project_flow(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<FlowMade>, Error> {
    let body: FlowBody = json::parse_object(body)?;
    let missing: Vec<&str> = [("project", body.project.is_none()), ("name", body.name.is_none())]
        .into_iter()
        .filter_map(|(name, is_missing)| is_missing.then_some(name))
        .collect();
    if !missing.is_empty() {
        return Err(Error::MissingFields(missing));
    }
    let project = body.project.clone().unwrap_or_default();
    let settings = body.joined().settings(defaults())?;
    let made = journeys::create_flow(gateway.core(), &caller, &project, settings).await?;
    Ok(Json(FlowMade { success: true, data: ProjectFlow::new(&caller, made) }))
}

/// Lists the flows, newest first.
#[utoipa::path(get, path = "/v2/project-flows", tag = "verifik",
    params(("page" = Option<u32>, Query, description = "from 1"), ("limit" = Option<u32>, Query, description = "1 to 100"),
        ("where_project" = Option<String>, Query, description = "of this project")),
    responses((status = 200, body = FlowList), (status = 409, description = "MissingParameter")))]
pub async fn list_project_flows(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<FlowList>, Error> {
    let Query(query) = query?;
    let asked = ListAsked::parse(&query, ("limit", 10))?;
    let found = journeys::list_flows(gateway.core(), &caller, &asked.project, asked.page).await?;
    let data = found.flows.into_iter().map(|flow| ProjectFlow::new(&caller, flow)).collect();
    Ok(Json(FlowList { data, total: found.total }))
}

#[utoipa::path(get, path = "/v2/project-flows/{id}", tag = "verifik",
    params(("id" = String, Path, description = "the flow")), responses((status = 200, body = FlowData)))]
pub async fn get_project_flow(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<FlowData>, Error> {
    let Path(id) = id?;
    let found = journeys::get_flow(gateway.core(), &caller, &id).await?;
    Ok(Json(FlowData { data: ProjectFlow::new(&caller, found) }))
}

/// Changes the fields that are present.
#[utoipa::path(put, path = "/v3/project-flows/{id}", tag = "verifik", request_body = FlowBody,
    params(("id" = String, Path, description = "the flow")),
    responses((status = 200, body = FlowData), (status = 422, description = "wrong fields")))]
pub async fn update_project_flow_v3(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<FlowData>, Error> {
    let Path(id) = id?;
    let body: FlowBody = json::parse_change(body, &[])?;
    let before = journeys::get_flow(gateway.core(), &caller, &id).await?;
    let settings = body.joined().settings(before.settings.unwrap_or_default())?;
    let changed = journeys::update_flow(gateway.core(), &caller, &id, settings).await?;
    Ok(Json(FlowData { data: ProjectFlow::new(&caller, changed) }))
}
