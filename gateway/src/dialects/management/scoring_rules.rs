//! Scoring rules of a project: stored, versioned, assigned. [`crate::dialects::management::what_if`] applies them to
//! past decisions.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::projects;
use scoring::Rules;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    core::{caller::Caller, error::Error, scoring_rules},
    http::{
        envelope::{Envelope, Message, Page, Paging},
        json,
        state::Gateway,
    },
};

/// Versions shown with a rule set, the newest first.
const MAX_VERSIONS: u32 = 200;

/// Scoring rules to store.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewRules {
    /// 1 to 200 characters.
    #[schema(example = "strict")]
    name: String,
    /// As in `GET /api-projects/scoring-rules/schema`.
    #[schema(example = json!({"version": 1, "services": {"face_recognition": {"mode": "required", "pass": 0.9, "refer": 0.7}}}))]
    rules: Value,
    /// Whether to assign them to the project as well.
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

/// Rules to validate without storing them.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Draft {
    rules: Value,
}

/// The target of an assignment.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Assignment {
    /// Null removes the assignment: a key then uses the project's rules, a project the built-in ones. The field is
    /// required, so that an omission cannot remove rules by mistake.
    #[serde(deserialize_with = "value_or_null")]
    #[schema(required = true)]
    scores_id: Option<String>,
    /// Absent: the project.
    #[serde(default)]
    api_key_id: Option<String>,
}

/// A separate function, because serde treats an absent `Option` field like null otherwise.
pub(super) fn value_or_null<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(value)
}

/// One version of a rule set.
#[derive(Debug, Serialize, ToSchema)]
pub struct RulesData {
    scores_id: String,
    name: String,
    version: u32,
    /// The newest version, which is in force.
    latest_version: u32,
    /// Whether the rules are assigned to the project.
    project_default: bool,
    /// Whether they decide beside the project's own, without effect.
    shadow: bool,
    #[schema(example = "2026-01-31T12:00:00Z")]
    created_at: String,
    /// Absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Value>,
    /// The newest 200; only for a single rule set.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<Vec<Version>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    version: u32,
    created_at: String,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Validity {
    valid: bool,
    /// The path of the first error in the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "services.face_recognition.pass")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "services.face_recognition.pass must be a number from 0 to 1")]
    error: Option<String>,
    /// The valid rules with all defaults filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Value>,
}

/// Stores new rules as version 1 of a new rule set.
#[utoipa::path(post, path = "/api-projects/scoring-rules", tag = "scoring rules", request_body = NewRules,
    responses((status = 200, body = Envelope<RulesData>), (status = 400, description = "rules that do not fit the schema; the error names the path")))]
pub async fn create_scoring_rules(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<RulesData>>, Error> {
    let request: NewRules = json::parse_object(body)?;
    let rules = scoring_rules::NewScoringRules {
        scores_id: None,
        name: request.name,
        rules_json: request.rules.to_string(),
        project_default: request.project_default,
    };
    let stored = scoring_rules::put_scoring_rules(gateway.core(), &caller, rules).await?;
    Ok(Json(Envelope::new("scoring rules created", stored.into())))
}

/// Stores the next version of a rule set. It applies from the next call on; earlier versions stay readable.
#[utoipa::path(put, path = "/api-projects/scoring-rules/{id}", tag = "scoring rules", request_body = NewVersion,
    params(("id" = String, Path, description = "the scores_id")),
    responses((status = 200, body = Envelope<RulesData>), (status = 400, description = "rules that do not fit the schema; the error names the path"),
              (status = 404, description = "unknown")))]
pub async fn update_scoring_rules(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<RulesData>>, Error> {
    let Path(scores_id) = id?;
    let request: NewVersion = json::parse_object(body)?;
    let name = match request.name {
        Some(name) => name,
        None => scoring_rules::get_scoring_rules(gateway.core(), &caller, scores_id.clone(), 0).await?.name,
    };
    let rules = scoring_rules::NewScoringRules {
        scores_id: Some(scores_id),
        name,
        rules_json: request.rules.to_string(),
        project_default: false,
    };
    let stored = scoring_rules::put_scoring_rules(gateway.core(), &caller, rules).await?;
    Ok(Json(Envelope::new("scoring rules updated", stored.into())))
}

/// Checks rules without storing them.
#[utoipa::path(post, path = "/api-projects/scoring-rules/validate", tag = "scoring rules", request_body = Draft,
    responses((status = 200, description = "whether they are valid, and what is wrong otherwise", body = Envelope<Validity>)))]
pub async fn validate_scoring_rules(
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<Validity>>, Error> {
    let Draft { rules } = json::parse_object(body)?;
    let data = match Rules::parse(&rules.to_string()) {
        Ok(rules) => Validity { valid: true, rules: Some(json!(rules)), ..Validity::default() },
        Err(error) => {
            Validity { path: Some(error.path()), error: Some(error.to_string()), ..Validity::default() }
        }
    };
    Ok(Json(Envelope { data, message: "scoring rules validated" }))
}

/// A JSON Schema, draft 2020-12.
#[derive(Serialize, ToSchema)]
#[schema(value_type = Object)]
pub struct RulesSchema(Value);

/// Scoring rules, as in `GET /api-projects/scoring-rules/schema`.
#[derive(Serialize, ToSchema)]
#[schema(value_type = Object)]
pub struct RulesDocument(Value);

/// Returns the JSON Schema of scoring rules.
#[utoipa::path(get, path = "/api-projects/scoring-rules/schema", tag = "scoring rules",
    responses((status = 200, description = "JSON Schema, draft 2020-12", body = RulesSchema)))]
pub async fn get_scoring_rules_schema(_: Caller) -> Json<RulesSchema> {
    Json(RulesSchema(scoring::schema()))
}

/// Returns the built-in rules for the services of the calling key: in force where neither key nor project has rules.
#[utoipa::path(get, path = "/api-projects/scoring-rules/default", tag = "scoring rules",
    responses((status = 200, description = "`data` holds the rules", body = Envelope<RulesDocument>)))]
pub async fn get_default_scoring_rules(caller: Caller) -> Json<Envelope<RulesDocument>> {
    let rules = RulesDocument(json!(scoring::built_in_for(&caller.services)));
    Json(Envelope::new("scoring rules found", rules))
}

/// Lists the rule sets of the project, newest first, without the rules themselves.
#[utoipa::path(get, path = "/api-projects/scoring-rules", tag = "scoring rules", params(Paging),
    responses((status = 200, body = Page<RulesData>)))]
pub async fn list_scoring_rules(
    State(gateway): State<Gateway>,
    caller: Caller,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<Page<RulesData>>, Error> {
    let Query(Paging { cursor, limit }) = paging?;
    let page = scoring_rules::list_scoring_rules(gateway.core(), &caller, cursor, limit).await?;
    let rules = page.rules.into_iter().map(RulesData::from).collect();
    Ok(Json(Page::new("scoring rules found", rules, page.next_cursor)))
}

/// Returns a rule set with its current version and its history.
#[utoipa::path(get, path = "/api-projects/scoring-rules/{id}", tag = "scoring rules",
    params(("id" = String, Path, description = "the scores_id")),
    responses((status = 200, body = Envelope<RulesData>), (status = 404, description = "unknown")))]
pub async fn get_scoring_rules(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<RulesData>>, Error> {
    let Path(scores_id) = id?;
    let rules = scoring_rules::get_scoring_rules(gateway.core(), &caller, scores_id.clone(), 0).await?;
    let versions =
        scoring_rules::list_scoring_rules_versions(gateway.core(), &caller, scores_id, MAX_VERSIONS).await?;
    let version = |v: projects::ScoringRulesVersion| Version {
        version: v.version,
        created_at: rfc3339(v.created_at_ms),
    };
    let versions = Some(versions.into_iter().map(version).collect());
    Ok(Json(Envelope::new("scoring rules found", RulesData { versions, ..rules.into() })))
}

/// Returns one version of a rule set, to explain a decision that used it.
#[utoipa::path(get, path = "/api-projects/scoring-rules/{id}/versions/{version}", tag = "scoring rules",
    params(("id" = String, Path, description = "the scores_id"), ("version" = u32, Path, description = "from 1")),
    responses((status = 200, body = Envelope<RulesData>), (status = 404, description = "unknown")))]
pub async fn get_scoring_rules_version(
    State(gateway): State<Gateway>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Envelope<RulesData>>, Error> {
    let Path((scores_id, version)) = path?;
    // Versions start at 1; to the service 0 means the newest.
    let version = version.parse().ok().filter(|version| *version > 0).unwrap_or(u32::MAX);
    let rules = scoring_rules::get_scoring_rules(gateway.core(), &caller, scores_id, version).await?;
    Ok(Json(Envelope::new("scoring rules found", rules.into())))
}

/// Assigns rules to the project or to a key, or removes the assignment. Applies from the next call on.
#[utoipa::path(put, path = "/api-projects/scoring-rules/assignment", tag = "scoring rules", request_body = Assignment,
    responses((status = 200, body = Message), (status = 400, description = "no scores_id"),
              (status = 404, description = "no such rules, or no such key")))]
pub async fn assign_scoring_rules(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Message>, Error> {
    let Assignment { scores_id, api_key_id } = json::parse_object(body)?;
    let message = if scores_id.is_some() { "scoring rules assigned" } else { "scoring rules unassigned" };
    scoring_rules::assign_scoring_rules(gateway.core(), &caller, scores_id, api_key_id).await?;
    Ok(Json(Message::new(message)))
}

impl From<projects::ScoringRules> for RulesData {
    fn from(rules: projects::ScoringRules) -> Self {
        Self {
            scores_id: rules.scores_id,
            name: rules.name,
            version: rules.version,
            latest_version: rules.latest_version,
            project_default: rules.project_default,
            shadow: rules.is_shadow,
            created_at: rfc3339(rules.created_at_ms),
            rules: serde_json::from_str(&rules.rules_json).ok(),
            versions: None,
        }
    }
}
