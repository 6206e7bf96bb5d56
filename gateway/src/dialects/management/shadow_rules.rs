//! Shadow rules: candidates that decide beside the project's rules, are compared with them, published and rolled back.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use proto::transactions::ListTransactionsRequest;
use scoring::RulesVersion;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    scoring_rules::{RulesData, value_or_null},
    what_if::{Kind, Replayed, Trial, parse_limit, replay_calls, time_ms},
};
use crate::{
    core::{caller::Caller, error::Error, scoring_rules, scoring_rules::get_shadow_rules},
    http::{
        envelope::{Envelope, Message},
        json,
        state::Gateway,
    },
};

/// The rule set that decides beside the project's own.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ShadowAssignment {
    /// Null: none any more. Never absent.
    #[serde(deserialize_with = "value_or_null")]
    #[schema(required = true)]
    scores_id: Option<String>,
}

/// Which calls are compared.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ComparedCalls {
    /// Calls made then or later, RFC 3339.
    from: Option<String>,
    /// Calls made before then, RFC 3339.
    until: Option<String>,
    /// What kind of calls; absent: process_video.
    #[serde(default)]
    #[param(inline)]
    kind: Kind,
    /// Calls to look at, 1 to 10000, newest first; absent: 1000.
    limit: Option<u32>,
    /// `next_cursor` of the answer before, to go on with older calls.
    #[serde(default)]
    cursor: String,
}

/// What the shadow rules decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShadowReport {
    /// The newest version of the shadow rules; only its decisions count.
    rules: RulesData,
    /// The recorded calls: `old` is the decision in force, `new` that of the shadow rules.
    calls: Replayed,
}

/// Rules that were published.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedRules {
    rules: RulesData,
    /// The project's rules before: publish them to undo it. Null: the built-in ones.
    replaced_scores_id: Option<String>,
}

/// The version to return to.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RollBack {
    /// From 1, older than the newest.
    #[schema(example = 3)]
    version: u32,
}

/// Compares the recorded decisions of the project's shadow rules with those in force: how many calls would move, in which
/// direction, and which.
#[utoipa::path(get, path = "/api-projects/scoring-rules/shadow", tag = "scoring rules", params(ComparedCalls),
    responses((status = 200, body = Envelope<ShadowReport>), (status = 400, description = "a filter that makes no sense"),
              (status = 404, description = "the project has no shadow rules")))]
pub async fn get_shadow_report(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<ComparedCalls>, QueryRejection>,
) -> Result<Json<Envelope<ShadowReport>>, Error> {
    let Query(query) = query?;
    let limit = parse_limit(query.limit)?;
    let request = ListTransactionsRequest {
        kind: Some(query.kind.as_str().into()),
        from_ms: query.from.map(|text| time_ms("from", &text)).transpose()?,
        until_ms: query.until.map(|text| time_ms("until", &text)).transpose()?,
        cursor: query.cursor,
        ..ListTransactionsRequest::default()
    };
    let rules = get_shadow_rules(gateway.core(), &caller).await?;
    let shadow = RulesVersion { scores_id: rules.scores_id.clone(), version: rules.version };
    let calls = replay_calls(&gateway, &caller, Trial::Shadow(shadow), request, limit).await?;
    Ok(Json(Envelope::new("shadow rules compared", ShadowReport { rules: rules.into(), calls })))
}

/// Has a rule set decide beside the project's own from the next call on, without effect, or no longer. Keys with rules of
/// their own are left out.
#[utoipa::path(put, path = "/api-projects/scoring-rules/shadow", tag = "scoring rules", request_body = ShadowAssignment,
    responses((status = 200, body = Message), (status = 400, description = "no scores_id, or the project's own rules"),
              (status = 404, description = "no such rules")))]
pub async fn assign_shadow_rules(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Message>, Error> {
    let ShadowAssignment { scores_id } = json::parse_object(body)?;
    let message = if scores_id.is_some() { "shadow rules assigned" } else { "shadow rules unassigned" };
    scoring_rules::assign_shadow_rules(gateway.core(), &caller, scores_id).await?;
    Ok(Json(Message::new(message)))
}

/// Makes a rule set the project's own from the next call on. Shadow rules that are published are no longer shadow rules.
#[utoipa::path(post, path = "/api-projects/scoring-rules/{id}/publish", tag = "scoring rules",
    params(("id" = String, Path, description = "the scores_id")),
    responses((status = 200, body = Envelope<PublishedRules>), (status = 404, description = "unknown")))]
pub async fn publish_scoring_rules(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<PublishedRules>>, Error> {
    let Path(scores_id) = id?;
    let core = gateway.core();
    let assigned = Some(scores_id.clone());
    let replaced_scores_id = scoring_rules::assign_scoring_rules(core, &caller, assigned, None).await?;
    let rules = scoring_rules::get_scoring_rules(core, &caller, scores_id, 0).await?.into();
    Ok(Json(Envelope::new("scoring rules published", PublishedRules { rules, replaced_scores_id })))
}

/// Stores the content of an earlier version as the next version: in force at the next call, and the history stays whole.
#[utoipa::path(post, path = "/api-projects/scoring-rules/{id}/rollback", tag = "scoring rules", request_body = RollBack,
    params(("id" = String, Path, description = "the scores_id")),
    responses((status = 200, body = Envelope<RulesData>), (status = 400, description = "the newest version, or none"),
              (status = 404, description = "unknown")))]
pub async fn roll_back_scoring_rules(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<RulesData>>, Error> {
    let Path(scores_id) = id?;
    let RollBack { version } = json::parse_object(body)?;
    if version == 0 {
        return Err(Error::invalid("version must be 1 or more"));
    }
    let stored = scoring_rules::restore_scoring_rules(gateway.core(), &caller, scores_id, version).await?;
    Ok(Json(Envelope::new("scoring rules rolled back", stored.into())))
}
