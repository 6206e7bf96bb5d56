//! Settings of a project: retention periods, requirements for videos, and the mobile operator.

use proto::{
    projects::{
        GetRetentionRequest, GetVideoSettingsRequest, PutRetentionRequest, PutVideoSettingsRequest,
        Retention, VideoSettings,
    },
    sessions::{PutSimSwapSettingsRequest, SimSwapSettings, SimSwapSettingsRequest},
};
use serde_json::Value;

use crate::core::{
    Core,
    audit::{AuditEvent, record_audit_event},
    caller::Caller,
    error::Error,
};

/// # Errors
/// When the projects service does not answer.
pub async fn get_retention(core: &Core, caller: &Caller) -> Result<Retention, Error> {
    let request = GetRetentionRequest { project_id: caller.project_id.clone() };
    Ok(core.services().projects().get_retention(request).await?.into_inner())
}

/// # Errors
/// 400 for a period out of range.
pub async fn put_retention(
    core: &Core,
    caller: &Caller,
    samples_days: u32,
    transactions_days: u32,
) -> Result<Retention, Error> {
    let project_id = caller.project_id.clone();
    let request = PutRetentionRequest { project_id, samples_days, transactions_days };
    let retention = core.services().projects().put_retention(request).await?.into_inner();
    let project_id = &retention.project_id;
    tracing::info!(project.id = project_id, samples_days, transactions_days, by = caller.id, "retention set");
    Ok(retention)
}

/// # Errors
/// When the projects service does not answer.
pub async fn get_video_settings(core: &Core, caller: &Caller) -> Result<VideoSettings, Error> {
    let request = GetVideoSettingsRequest { project_id: caller.project_id.clone() };
    Ok(core.services().projects().get_video_settings(request).await?.into_inner())
}

/// # Errors
/// 400 for a word that is not known.
pub async fn put_video_settings(
    core: &Core,
    request: PutVideoSettingsRequest,
) -> Result<VideoSettings, Error> {
    Ok(core.services().projects().put_video_settings(request).await?.into_inner())
}

/// # Errors
/// 404 when none is configured.
pub async fn get_sim_swap_operator(core: &Core, caller: &Caller) -> Result<SimSwapSettings, Error> {
    let request = SimSwapSettingsRequest { project_id: caller.project_id.clone() };
    Ok(core.services().sessions().get_sim_swap_settings(request).await?.into_inner())
}

/// Replaces the operator. `audited`: the logged part of the stored settings.
///
/// # Errors
/// 400 for a value that is not valid.
pub async fn put_sim_swap_operator(
    core: &Core,
    caller: &Caller,
    settings: SimSwapSettings,
    client_secret: String,
    audited: impl FnOnce(&SimSwapSettings) -> Value,
) -> Result<SimSwapSettings, Error> {
    let project_id = &caller.project_id;
    let request =
        PutSimSwapSettingsRequest { project_id: project_id.clone(), settings: Some(settings), client_secret };
    let stored = core.services().sessions().put_sim_swap_settings(request).await?.into_inner();
    let after = Some(audited(&stored));
    let event = AuditEvent { action: "sim_swap.set", target: project_id, after, ..AuditEvent::default() };
    record_audit_event(core, project_id, event).await?;
    Ok(stored)
}

/// # Errors
/// 404 when none is configured.
pub async fn delete_sim_swap_operator(core: &Core, caller: &Caller) -> Result<(), Error> {
    let project_id = &caller.project_id;
    let request = SimSwapSettingsRequest { project_id: project_id.clone() };
    core.services().sessions().delete_sim_swap_settings(request).await?;
    let event = AuditEvent { action: "sim_swap.removed", target: project_id, ..AuditEvent::default() };
    record_audit_event(core, project_id, event).await
}
