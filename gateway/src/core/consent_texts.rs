//! Consent texts of a project: an approval is recorded as the consents the text grants.

use std::collections::BTreeMap;

use proto::consent::{ConsentKind, ConsentText, ConsentTextRequest, GetConsentRequest, RecordConsentRequest};
use serde_json::json;
use tonic::Code;

use crate::core::{
    Core,
    audit::{AuditEvent, record_audit_event},
    caller::Caller,
    consent::consent_given,
    error::{Error, Refusal},
    record::{CallContext, TransactionRecord},
    sessions,
    user_name::is_reserved,
};

/// Prefix of the basis of a consent given by approving a text; the id of the text follows.
const APPROVED: &str = "approved:";

/// An approval in force.
pub struct Approval {
    pub consent_id: String,
    pub approved_at_ms: i64,
}

/// # Errors
/// 400 for a text that is not valid.
pub async fn put_consent_text(core: &Core, caller: &Caller, text: ConsentText) -> Result<ConsentText, Error> {
    let project_id = caller.project_id.clone();
    let text = ConsentText { project_id: project_id.clone(), ..text };
    let stored = core.services().consent().put_consent_text(text).await?.into_inner();
    let after = Some(json!({ "title": stored.title, "grants": stored.grants }));
    let (action, target) = ("consent_text.changed", stored.id.as_str());
    let event = AuditEvent { action, target, after, ..AuditEvent::default() };
    record_audit_event(core, &project_id, event).await?;
    Ok(stored)
}

/// Records that a user approved a text. In a session it locks the session's user.
///
/// # Errors
/// 404 `consent_not_found`; 403 for another user's session; when the ledger does not answer.
pub async fn approve_consent_text(
    core: &Core,
    caller: &Caller,
    context: &CallContext,
    record: &mut TransactionRecord,
    (id, user): (&str, &str),
) -> Result<(), Error> {
    if is_reserved(user) {
        return Err(Error::invalid("identifiers that begin with try-it: are reserved for the dashboard"));
    }
    record.set_user(Some(user.to_owned()));
    let request = ConsentTextRequest { project_id: caller.project_id.clone(), id: id.to_owned() };
    let found = core.services().consent().get_consent_text(request).await;
    let text = found.map_err(|status| match status.code() {
        Code::NotFound => Error::worded(Refusal::NotFound, "consent_not_found", "no such consent"),
        _ => Error::from(status),
    })?;
    if let Some(session_id) = &context.session_id {
        sessions::bind_user(core, caller, session_id, user).await?;
    }
    for kind in text.into_inner().grants() {
        let request = RecordConsentRequest {
            session_id: context.session_id.clone(),
            device_info_json: context.device_info_json.clone(),
            basis: format!("{APPROVED}{id}"),
            ..consent_given(caller, record, user, kind)
        };
        core.services().consent().record_consent(request).await?;
    }
    Ok(())
}

/// Returns the texts a user approved, the newest approval of each; withdrawing a granted consent ends it.
///
/// # Errors
/// When the ledger does not answer.
pub async fn list_approvals(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    user: &str,
) -> Result<Vec<Approval>, Error> {
    record.set_user(Some(user.to_owned()));
    let request = GetConsentRequest { project_id: caller.project_id.clone(), user_fullname: user.to_owned() };
    let history = match core.services().consent().get_history(request).await {
        Ok(history) => history.into_inner(),
        Err(status) if status.code() == Code::NotFound => return Ok(Vec::new()),
        Err(status) => return Err(status.into()),
    };
    // By text: the time of approval, and the granted kinds.
    let mut approved: BTreeMap<String, (i64, Vec<ConsentKind>)> = BTreeMap::new();
    for entry in &history.entries {
        let kind = entry.kind();
        match entry.basis.strip_prefix(APPROVED) {
            Some(id) if entry.given => {
                let (at_ms, kinds) = approved.entry(id.to_owned()).or_default();
                *at_ms = entry.recorded_at_ms;
                kinds.push(kind);
            }
            _ if !entry.given => approved.retain(|_, (_, kinds)| !kinds.contains(&kind)),
            _ => {}
        }
    }
    let approval = |(consent_id, (approved_at_ms, _))| Approval { consent_id, approved_at_ms };
    Ok(approved.into_iter().map(approval).collect())
}
