//! The log of a project's consents, for external auditors.

use proto::consent::{
    Checkpoint, Consistency, GetCheckpointRequest, GetConsistencyRequest, GetInclusionRequest,
    GetLogKeysRequest, Inclusion, LogKeys, get_inclusion_request::Leaf,
};

use crate::core::{Core, caller::Caller, error::Error};

/// Returns the current checkpoint.
///
/// # Errors
/// 404 while it is empty; when the ledger does not answer.
pub async fn log_checkpoint(core: &Core, caller: &Caller) -> Result<Checkpoint, Error> {
    let request = GetCheckpointRequest { project_id: caller.project_id.clone() };
    Ok(core.services().consent().get_checkpoint(request).await?.into_inner())
}

/// Proves that an entry is in the log.
///
/// # Errors
/// 404 when the project has no such entry; when the ledger does not answer.
pub async fn log_inclusion(core: &Core, caller: &Caller, leaf: Leaf) -> Result<Inclusion, Error> {
    let request = GetInclusionRequest { project_id: caller.project_id.clone(), leaf: Some(leaf) };
    Ok(core.services().consent().get_inclusion(request).await?.into_inner())
}

/// Proves that the log of `from` leaves was only appended to.
///
/// # Errors
/// 400 for sizes it does not have; when the ledger does not answer.
pub async fn log_consistency(
    core: &Core,
    caller: &Caller,
    from: u64,
    to: Option<u64>,
) -> Result<Consistency, Error> {
    let request = GetConsistencyRequest { project_id: caller.project_id.clone(), from, to };
    Ok(core.services().consent().get_consistency(request).await?.into_inner())
}

/// Returns the keys that verify the log's signatures.
///
/// # Errors
/// When the ledger does not answer.
pub async fn log_keys(core: &Core, caller: &Caller) -> Result<LogKeys, Error> {
    let request = GetLogKeysRequest { project_id: caller.project_id.clone() };
    Ok(core.services().consent().get_log_keys(request).await?.into_inner())
}
