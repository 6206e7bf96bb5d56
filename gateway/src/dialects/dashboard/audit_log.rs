//! `GET /api-auth/audit`: who made which changes.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use boot::timestamp::rfc3339;
use proto::{
    Word,
    accounts::{self as wire, ListAuditRequest},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::accounts,
    core::error::Error,
    http::{dashboard_session::DashboardUser, state::Gateway},
};

/// The filter of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `next_cursor` of the previous page.
    #[serde(default)]
    cursor: String,
    /// 1 to 200; absent: 50.
    #[serde(default)]
    limit: u32,
    /// Only changes in this project.
    #[serde(default)]
    project: String,
    /// Only this action, like `key.revoked`, or all of a group, like `key`.
    #[serde(default)]
    action: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Audit {
    /// Newest first.
    entries: Vec<AuditEntry>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    id: u64,
    at: String,
    actor: Actor,
    #[schema(example = "key.revoked")]
    action: String,
    /// An id, or `subject:<keyed hash>`.
    target: String,
    before: Option<Value>,
    after: Option<Value>,
    /// Null for changes of the organisation itself.
    project_id: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Actor {
    /// `user`, `api_key`, `operator` (the command line) or `anonymous` (a failed sign-in).
    kind: &'static str,
    id: String,
    /// Empty when the user was deleted.
    name: String,
}

/// Lists the changes in the organisation, with who made them and the state before.
#[utoipa::path(get, path = "/api-auth/audit", tag = "accounts", params(Asked),
    responses((status = 200, body = Audit),
              (status = 400, description = "the cursor is not one a list answered, or the action no lower-case words with dots"),
              (status = 401, description = "not signed in"), (status = 403, description = "the role may not"),
              (status = 404, description = "no such project in the organisation")))]
pub async fn list_audit_events(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Audit>, Error> {
    let Query(Asked { cursor, limit, project, action }) = asked?;
    let before = match cursor.as_str() {
        "" => 0,
        cursor => cursor.parse().map_err(|_| Error::invalid("cursor is not one a list answered"))?,
    };
    let who = user.who();
    let request = ListAuditRequest { who, before, page_size: limit, project_id: project, action };
    let page = accounts::list_audit_events(gateway.core(), request).await?;
    Ok(Json(Audit {
        entries: page.entries.into_iter().map(AuditEntry::from).collect(),
        next_cursor: Some(page.next).filter(|next| *next > 0).map(|next| next.to_string()),
    }))
}

impl From<wire::AuditEntry> for AuditEntry {
    fn from(entry: wire::AuditEntry) -> Self {
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        Self {
            id: entry.id,
            at: rfc3339(entry.at_ms),
            actor: Actor { kind: entry.actor_kind().as_word(), id: entry.actor_id, name: entry.actor_name },
            action: entry.action,
            target: entry.target,
            before: json(entry.before_json),
            after: json(entry.after_json),
            project_id: Some(entry.project_id).filter(|id| !id.is_empty()),
        }
    }
}
