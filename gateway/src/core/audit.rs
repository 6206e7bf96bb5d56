//! Writes audit events for changes made outside of the projects service, which logs its own.

use proto::accounts::AppendAuditRequest;
use serde_json::Value;

use crate::core::{Core, error::Error};

/// A change in a project. The actor is part of the call's context.
#[derive(Debug, Default)]
pub struct AuditEvent<'a> {
    /// Lower-case words with dots, `webhook.created`.
    pub action: &'static str,
    /// The id of the changed object; never a name.
    pub target: &'a str,
    /// The user it is about, instead of a target; the log stores a keyed hash.
    pub subject: &'a str,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Appends the event to the audit log. A change that cannot be logged fails; an access is logged before it is
/// granted.
///
/// # Errors
/// When the log cannot be written.
pub async fn record_audit_event(core: &Core, project_id: &str, event: AuditEvent<'_>) -> Result<(), Error> {
    let request = AppendAuditRequest {
        project_id: project_id.to_owned(),
        action: event.action.to_owned(),
        target: event.target.to_owned(),
        subject: event.subject.to_owned(),
        before_json: event.before.map(|value| value.to_string()),
        after_json: event.after.map(|value| value.to_string()),
    };
    core.services().accounts().append_audit(request).await?;
    Ok(())
}
