//! `/api-auth/audit/log`: signed checkpoints of the audit log and proofs that nothing in it was changed or removed.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use proto::accounts::{
    GetAuditCheckpointRequest, GetAuditConsistencyRequest, GetAuditInclusionRequest, GetAuditLogKeysRequest,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    core::{accounts, error::Error},
    http::{
        dashboard_session::DashboardUser,
        log_proofs::{Checkpoint, Consistency, ConsistencyQuery, Inclusion, LogKeys},
        state::Gateway,
    },
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntryQuery {
    /// `id` of an entry of the audit log
    entry: u64,
}

/// Returns the current signed checkpoint of the audit log. The log covers the whole installation.
#[utoipa::path(get, path = "/api-auth/audit/log/checkpoint", tag = "accounts",
    responses((status = 200, body = Checkpoint), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not")))]
pub async fn get_audit_checkpoint(
    State(gateway): State<Gateway>,
    user: DashboardUser,
) -> Result<Json<Checkpoint>, Error> {
    let request = GetAuditCheckpointRequest { who: user.who() };
    Ok(Json(accounts::audit_checkpoint(gateway.core(), request).await?.into()))
}

/// Proves that an entry is in the log of the returned checkpoint.
#[utoipa::path(get, path = "/api-auth/audit/log/inclusion", tag = "accounts", params(EntryQuery),
    responses((status = 200, body = Inclusion), (status = 400, description = "entry is missing or no number"),
              (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not"),
              (status = 404, description = "no such entry in the organisation")))]
pub async fn get_audit_inclusion(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    query: Result<Query<EntryQuery>, QueryRejection>,
) -> Result<Json<Inclusion>, Error> {
    let request = GetAuditInclusionRequest { who: user.who(), id: query?.0.entry };
    Ok(Json(accounts::audit_inclusion(gateway.core(), request).await?.into()))
}

/// Proves that a later checkpoint extends the log of an earlier one.
#[utoipa::path(get, path = "/api-auth/audit/log/consistency", tag = "accounts", params(ConsistencyQuery),
    responses((status = 200, body = Consistency),
              (status = 400, description = "from and to are no sizes that the log has or had"), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not")))]
pub async fn get_audit_consistency(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    query: Result<Query<ConsistencyQuery>, QueryRejection>,
) -> Result<Json<Consistency>, Error> {
    let Query(ConsistencyQuery { from, to }) = query?;
    let request = GetAuditConsistencyRequest { who: user.who(), from, to };
    Ok(Json(accounts::audit_consistency(gateway.core(), request).await?.into()))
}

/// Returns the keys that sign the audit log.
#[utoipa::path(get, path = "/api-auth/audit/log/keys", tag = "accounts",
    responses((status = 200, body = LogKeys), (status = 401, description = "not signed in"),
              (status = 403, description = "the role may not")))]
pub async fn get_audit_log_keys(
    State(gateway): State<Gateway>,
    user: DashboardUser,
) -> Result<Json<LogKeys>, Error> {
    let request = GetAuditLogKeysRequest { who: user.who() };
    Ok(Json(accounts::audit_log_keys(gateway.core(), request).await?.into()))
}
