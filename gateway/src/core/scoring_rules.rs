//! Scoring rules of a project: stored, versioned, assigned.

use proto::projects::{
    AssignScoringRulesRequest, GetScoringRulesRequest, ListScoringRulesRequest, ListScoringRulesResponse,
    ListScoringRulesVersionsRequest, PutScoringRulesRequest, ScoringRules, ScoringRulesVersion,
};
use tonic::Code;

use crate::core::{Core, caller::Caller, error::Error};

pub struct NewScoringRules {
    /// None: a new rule set.
    pub scores_id: Option<String>,
    pub name: String,
    pub rules_json: String,
    pub project_default: bool,
}

/// Stores rules as the first or the next version of a rule set.
///
/// # Errors
/// 400 for rules that do not fit the schema, 404 for an unknown rule set.
pub async fn put_scoring_rules(
    core: &Core,
    caller: &Caller,
    rules: NewScoringRules,
) -> Result<ScoringRules, Error> {
    let request = PutScoringRulesRequest {
        project_id: caller.project_id.clone(),
        scores_id: rules.scores_id,
        name: rules.name,
        rules_json: rules.rules_json,
        project_default: rules.project_default,
        restore_version: 0,
    };
    let stored = core.services().projects().put_scoring_rules(request).await?.into_inner();
    let (scores_id, version) = (&stored.scores_id, stored.version);
    tracing::info!(scores.id = scores_id, version, by = caller.id, "scoring rules stored");
    Ok(stored)
}

/// # Errors
/// 400 for a cursor that is not valid.
pub async fn list_scoring_rules(
    core: &Core,
    caller: &Caller,
    cursor: String,
    page_size: u32,
) -> Result<ListScoringRulesResponse, Error> {
    let request = ListScoringRulesRequest { project_id: caller.project_id.clone(), page_size, cursor };
    Ok(core.services().projects().list_scoring_rules(request).await?.into_inner())
}

/// The newest versions of a rule set.
///
/// # Errors
/// 404 for an unknown rule set.
pub async fn list_scoring_rules_versions(
    core: &Core,
    caller: &Caller,
    scores_id: String,
    page_size: u32,
) -> Result<Vec<ScoringRulesVersion>, Error> {
    let project_id = caller.project_id.clone();
    let request = ListScoringRulesVersionsRequest { project_id, scores_id, page_size, before: 0 };
    Ok(core.services().projects().list_scoring_rules_versions(request).await?.into_inner().versions)
}

/// One version of a rule set; 0: the newest.
///
/// # Errors
/// 404 when it is unknown.
pub async fn get_scoring_rules(
    core: &Core,
    caller: &Caller,
    scores_id: String,
    version: u32,
) -> Result<ScoringRules, Error> {
    let request =
        GetScoringRulesRequest { project_id: caller.project_id.clone(), scores_id, version, shadow: false };
    Ok(core.services().projects().get_scoring_rules(request).await?.into_inner())
}

/// The same; none when it is unknown.
///
/// # Errors
/// When the projects service does not answer.
pub async fn find_scoring_rules(
    core: &Core,
    caller: &Caller,
    scores_id: String,
    version: u32,
) -> Result<Option<ScoringRules>, Error> {
    let request =
        GetScoringRulesRequest { project_id: caller.project_id.clone(), scores_id, version, shadow: false };
    match core.services().projects().get_scoring_rules(request).await {
        Ok(stored) => Ok(Some(stored.into_inner())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

/// The newest version of the project's shadow rules.
///
/// # Errors
/// 404 where it has none.
pub async fn get_shadow_rules(core: &Core, caller: &Caller) -> Result<ScoringRules, Error> {
    let project_id = caller.project_id.clone();
    let request = GetScoringRulesRequest { project_id, shadow: true, ..GetScoringRulesRequest::default() };
    Ok(core.services().projects().get_scoring_rules(request).await?.into_inner())
}

/// Stores the content of an earlier version of a rule set as its next version.
///
/// # Errors
/// 404 for an unknown rule set or version, 400 for the newest version.
pub async fn restore_scoring_rules(
    core: &Core,
    caller: &Caller,
    scores_id: String,
    version: u32,
) -> Result<ScoringRules, Error> {
    let request = PutScoringRulesRequest {
        project_id: caller.project_id.clone(),
        scores_id: Some(scores_id),
        restore_version: version,
        ..PutScoringRulesRequest::default()
    };
    let stored = core.services().projects().put_scoring_rules(request).await?.into_inner();
    tracing::info!(
        scores.id = stored.scores_id,
        stored.version,
        version,
        by = caller.id,
        "scoring rules restored"
    );
    Ok(stored)
}

/// Assigns rules to a key, or to the project; no rules: removes the assignment. Returns the rules assigned before.
///
/// # Errors
/// 404 for unknown rules or an unknown key.
pub async fn assign_scoring_rules(
    core: &Core,
    caller: &Caller,
    scores_id: Option<String>,
    api_key_id: Option<String>,
) -> Result<Option<String>, Error> {
    tracing::info!(scores.id = scores_id, api_key.id = api_key_id, by = caller.id, "scoring rules assigned");
    let project_id = caller.project_id.clone();
    let request = AssignScoringRulesRequest { project_id, api_key_id, scores_id, shadow: false };
    Ok(core.services().projects().assign_scoring_rules(request).await?.into_inner().replaced_scores_id)
}

/// Assigns shadow rules to the project, or none.
///
/// # Errors
/// 404 for unknown rules, 400 for the project's own.
pub async fn assign_shadow_rules(
    core: &Core,
    caller: &Caller,
    scores_id: Option<String>,
) -> Result<(), Error> {
    tracing::info!(scores.id = scores_id, by = caller.id, "shadow rules assigned");
    let project_id = caller.project_id.clone();
    let request = AssignScoringRulesRequest { project_id, scores_id, shadow: true, api_key_id: None };
    core.services().projects().assign_scoring_rules(request).await?;
    Ok(())
}
