//! Scoring rules of a project: written, versioned, assigned. Past decisions are tried on them in [`crate::what_if`].

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use proto::projects::{
    self, AssignScoringRulesRequest, GetScoringRulesRequest, ListScoringRulesRequest,
    ListScoringRulesVersionsRequest, PutScoringRulesRequest,
};
use scoring::Rules;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    Gateway,
    api_keys::Paging,
    auth::{AdminKey, ApiKey},
    consent::rfc3339,
    error::Error,
    json,
};

/// Scoring rules to store.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewRules {
    /// 1 to 200 characters.
    #[schema(example = "strict")]
    name: String,
    /// As in `GET /api-projects/scoring-rules/schema`.
    #[schema(example = json!({"version": 1, "services": {"face_recognition": {"mode": "required", "pass": 0.9, "refer": 0.7}}}))]
    rules: Value,
    /// Also make them the project's own.
    #[serde(default)]
    project_default: bool,
}

/// The next version of stored rules.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewVersion {
    /// Absent: as before.
    #[serde(default)]
    name: Option<String>,
    #[schema(example = json!({"version": 1, "services": {"face_recognition": {"mode": "required", "pass": 0.95}}}))]
    rules: Value,
}

/// Rules to look at without storing them.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Draft {
    rules: Value,
}

/// Whose rules these become.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Assignment {
    /// Null or absent takes them away: a key then has the project's, a project the built-in ones.
    #[serde(default)]
    scores_id: Option<String>,
    /// Absent: the project's own.
    #[serde(default)]
    api_key_id: Option<String>,
}

/// One version of a rule set.
#[derive(Debug, Serialize, ToSchema)]
pub struct RulesData {
    scores_id: String,
    name: String,
    version: u32,
    /// The version in force.
    latest_version: u32,
    /// Whether they are the project's own.
    project_default: bool,
    #[schema(example = "2026-01-31T12:00:00Z")]
    created_at: String,
    /// Absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Value>,
    /// The newest 200; only where one rule set is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<Vec<Version>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    version: u32,
    created_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RulesFound {
    data: RulesData,
    #[schema(example = "scoring rules found")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RulesListed {
    data: Vec<RulesData>,
    next_cursor: Option<String>,
    #[schema(example = "scoring rules found")]
    message: &'static str,
}

/// What became of a dry run.
#[derive(Debug, Serialize, ToSchema)]
pub struct Validated {
    data: Validity,
    #[schema(example = "scoring rules validated")]
    message: &'static str,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Validity {
    valid: bool,
    /// Where in the rules the first mistake is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "services.face_recognition.pass")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "services.face_recognition.pass must be a number from 0 to 1")]
    error: Option<String>,
    /// Valid rules with every default written out.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Value>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RulesAssigned {
    #[schema(example = "scoring rules assigned")]
    message: &'static str,
}

/// Stores new rules as version 1 of a rule set of their own.
#[utoipa::path(post, path = "/api-projects/scoring-rules", tag = "scoring rules", request_body = NewRules,
    responses((status = 200, body = RulesFound), (status = 400, description = "rules that do not fit the schema; the error names the path")))]
pub async fn create(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RulesFound>, Error> {
    let asked: NewRules = json::object(body)?;
    let request = PutScoringRulesRequest {
        project_id: key.project_id.clone(),
        scores_id: None,
        name: asked.name,
        rules_json: asked.rules.to_string(),
        project_default: asked.project_default,
    };
    put(&gateway, &key, request, "scoring rules created").await
}

/// Stores the next version. It is in force at the next call of whoever has these rules; the versions before stay
/// readable.
#[utoipa::path(put, path = "/api-projects/scoring-rules/{id}", tag = "scoring rules", request_body = NewVersion,
    params(("id" = String, Path, description = "the scores_id")),
    responses((status = 200, body = RulesFound), (status = 400, description = "rules that do not fit the schema; the error names the path"),
              (status = 404, description = "unknown")))]
pub async fn update(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RulesFound>, Error> {
    let Path(scores_id) = id?;
    let asked: NewVersion = json::object(body)?;
    let name = match asked.name {
        Some(name) => name,
        None => find(&gateway, &key, scores_id.clone(), 0).await?.name,
    };
    let request = PutScoringRulesRequest {
        project_id: key.project_id.clone(),
        scores_id: Some(scores_id),
        name,
        rules_json: asked.rules.to_string(),
        project_default: false,
    };
    put(&gateway, &key, request, "scoring rules updated").await
}

async fn put(
    gateway: &Gateway,
    key: &ApiKey,
    request: PutScoringRulesRequest,
    message: &'static str,
) -> Result<Json<RulesFound>, Error> {
    let stored = gateway.projects().put_scoring_rules(request).await?.into_inner();
    tracing::info!(scores.id = stored.scores_id, version = stored.version, by = key.id, "{message}");
    Ok(Json(RulesFound { data: stored.into(), message }))
}

/// Checks rules without storing them.
#[utoipa::path(post, path = "/api-projects/scoring-rules/validate", tag = "scoring rules", request_body = Draft,
    responses((status = 200, description = "whether they are valid, and what is wrong otherwise", body = Validated)))]
pub async fn validate(_key: AdminKey, body: Result<Bytes, BytesRejection>) -> Result<Json<Validated>, Error> {
    let Draft { rules } = json::object(body)?;
    let data = match Rules::parse(&rules.to_string()) {
        Ok(rules) => Validity { valid: true, rules: Some(json!(rules)), ..Validity::default() },
        Err(error) => {
            Validity { path: Some(error.path()), error: Some(error.to_string()), ..Validity::default() }
        }
    };
    Ok(Json(Validated { data, message: "scoring rules validated" }))
}

/// The JSON Schema of scoring rules.
#[utoipa::path(get, path = "/api-projects/scoring-rules/schema", tag = "scoring rules",
    responses((status = 200, description = "JSON Schema, draft 2020-12", body = Value)))]
pub async fn schema(_key: ApiKey) -> Json<Value> {
    Json(scoring::schema())
}

/// The built-in rules for the services of the calling key: in force where neither key nor project has rules.
#[utoipa::path(get, path = "/api-projects/scoring-rules/default", tag = "scoring rules",
    responses((status = 200, description = "`data` holds the rules", body = Value)))]
pub async fn default(key: ApiKey) -> Json<Value> {
    Json(json!({"data": scoring::default_for(&key.services), "message": "scoring rules found"}))
}

/// The rule sets of the project, newest first, without the rules themselves.
#[utoipa::path(get, path = "/api-projects/scoring-rules", tag = "scoring rules", params(Paging),
    responses((status = 200, body = RulesListed)))]
pub async fn list(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<RulesListed>, Error> {
    let Query(Paging { cursor, limit }) = paging?;
    let request = ListScoringRulesRequest { project_id: key.project_id, page_size: limit, cursor };
    let page = gateway.projects().list_scoring_rules(request).await?.into_inner();
    Ok(Json(RulesListed {
        data: page.rules.into_iter().map(RulesData::from).collect(),
        next_cursor: Some(page.next_cursor).filter(|cursor| !cursor.is_empty()),
        message: "scoring rules found",
    }))
}

/// One rule set as it is now, and its versions.
#[utoipa::path(get, path = "/api-projects/scoring-rules/{id}", tag = "scoring rules",
    params(("id" = String, Path, description = "the scores_id")),
    responses((status = 200, body = RulesFound), (status = 404, description = "unknown")))]
pub async fn get(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<RulesFound>, Error> {
    const ALL: u32 = 200;
    let Path(scores_id) = id?;
    let rules = find(&gateway, &key, scores_id.clone(), 0).await?;
    let request =
        ListScoringRulesVersionsRequest { project_id: key.project_id, scores_id, page_size: ALL, before: 0 };
    let versions = gateway.projects().list_scoring_rules_versions(request).await?.into_inner().versions;
    let version = |v: projects::ScoringRulesVersion| Version {
        version: v.version,
        created_at: rfc3339(v.created_at_ms),
    };
    let versions = Some(versions.into_iter().map(version).collect());
    Ok(Json(RulesFound { data: RulesData { versions, ..rules.into() }, message: "scoring rules found" }))
}

/// One version of a rule set: what explains a decision made by it.
#[utoipa::path(get, path = "/api-projects/scoring-rules/{id}/versions/{version}", tag = "scoring rules",
    params(("id" = String, Path, description = "the scores_id"), ("version" = u32, Path, description = "from 1")),
    responses((status = 200, body = RulesFound), (status = 404, description = "unknown")))]
pub async fn version(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<RulesFound>, Error> {
    let Path((scores_id, version)) = path?;
    // Nothing that is no number from 1 names a version; 0 means the newest on the way to the service.
    let version = version.parse().ok().filter(|version| *version > 0).unwrap_or(u32::MAX);
    let rules = find(&gateway, &key, scores_id, version).await?;
    Ok(Json(RulesFound { data: rules.into(), message: "scoring rules found" }))
}

/// Makes rules the project's own or those of one key, or takes them away. Counts from the next call.
#[utoipa::path(put, path = "/api-projects/scoring-rules/assignment", tag = "scoring rules", request_body = Assignment,
    responses((status = 200, body = RulesAssigned), (status = 404, description = "no such rules, or no such key")))]
pub async fn assign(
    State(gateway): State<Gateway>,
    AdminKey(key): AdminKey,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RulesAssigned>, Error> {
    let Assignment { scores_id, api_key_id } = json::object(body)?;
    let message = if scores_id.is_some() { "scoring rules assigned" } else { "scoring rules unassigned" };
    tracing::info!(scores.id = scores_id, api_key.id = api_key_id, by = key.id, "{message}");
    let request = AssignScoringRulesRequest { project_id: key.project_id, api_key_id, scores_id };
    gateway.projects().assign_scoring_rules(request).await?;
    Ok(Json(RulesAssigned { message }))
}

/// One version of a rule set of the key's project; 0: the newest.
pub async fn find(
    gateway: &Gateway,
    key: &ApiKey,
    scores_id: String,
    version: u32,
) -> Result<projects::ScoringRules, Error> {
    let request = GetScoringRulesRequest { project_id: key.project_id.clone(), scores_id, version };
    Ok(gateway.projects().get_scoring_rules(request).await?.into_inner())
}

impl From<projects::ScoringRules> for RulesData {
    fn from(rules: projects::ScoringRules) -> Self {
        Self {
            scores_id: rules.scores_id,
            name: rules.name,
            version: rules.version,
            latest_version: rules.latest_version,
            project_default: rules.project_default,
            created_at: rfc3339(rules.created_at_ms),
            rules: serde_json::from_str(&rules.rules_json).ok(),
            versions: None,
        }
    }
}
