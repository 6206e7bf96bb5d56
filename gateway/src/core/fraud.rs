//! What suspicious calls of the caller's project have in common, and its block lists. Changes of a list are audited.

use proto::{
    Word,
    transactions::{
        AddBlockedRequest, Blocked, FraudGraph, FraudGraphRequest, FraudSummary, FraudSummaryRequest,
        LinkKind, ListBlockedRequest, RemoveBlockedRequest,
    },
};
use serde_json::json;

use crate::core::{
    Core,
    audit::{AuditEvent, record_audit_event},
    caller::Caller,
    error::Error,
    permissions::Permission,
    reviews::reviewer,
};

/// Returns a period for the fraud page. Owners of faces, addresses and documents require [`Permission::Identify`].
///
/// # Errors
/// 400 for too many buckets.
pub async fn summarise_fraud(
    core: &Core,
    caller: &Caller,
    (from_ms, until_ms, bucket_ms): (i64, i64, i64),
) -> Result<FraudSummary, Error> {
    let request = FraudSummaryRequest { project_id: caller.project_id.clone(), from_ms, until_ms, bucket_ms };
    let mut summary = core.services().fraud().summarise_fraud(request).await?.into_inner();
    if !caller.may(Permission::Identify) {
        for value in summary.values.iter_mut().filter(|value| is_personal(value.kind())) {
            value.label.clear();
        }
        for cluster in &mut summary.clusters {
            cluster.owner.clear();
            cluster.users.clear();
        }
        summary.findings.iter_mut().for_each(|finding| finding.other.clear());
    }
    Ok(summary)
}

/// Whether the value of a link identifies or locates a person.
const fn is_personal(kind: LinkKind) -> bool {
    matches!(kind, LinkKind::Address | LinkKind::Document | LinkKind::Face)
}

/// Returns the links of a transaction. Without [`Permission::Identify`] only the user of the call is named.
///
/// # Errors
/// 404 when the transaction is unknown.
pub async fn transaction_links(
    core: &Core,
    caller: &Caller,
    transaction_id: String,
) -> Result<FraudGraph, Error> {
    let request = FraudGraphRequest { project_id: caller.project_id.clone(), transaction_id };
    let mut graph = core.services().fraud().get_fraud_graph(request).await?.into_inner();
    if !caller.may(Permission::Identify) {
        let is_hidden = |kind, is_start: bool| is_personal(kind) || (kind == LinkKind::User && !is_start);
        for node in graph.nodes.iter_mut().filter(|node| is_hidden(node.kind(), node.is_start)) {
            node.label.clear();
        }
    }
    Ok(graph)
}

/// The value to block: that of a call, or a given one.
pub struct NewBlocked {
    pub kind: LinkKind,
    pub transaction_id: String,
    pub value: String,
    pub country: String,
    pub note: String,
}

/// Adds an entry to a block list; for a listed value, returns the existing entry.
///
/// # Errors
/// 400 for a value of another kind, 404 for an unknown transaction, 409 for one without such a value.
pub async fn add_blocked(core: &Core, caller: &Caller, new: NewBlocked) -> Result<Blocked, Error> {
    let request = AddBlockedRequest {
        project_id: caller.project_id.clone(),
        kind: new.kind.into(),
        transaction_id: new.transaction_id,
        value: new.value,
        country: new.country,
        note: new.note,
        by: reviewer(caller),
    };
    let added = core.services().fraud().add_blocked(request).await?.into_inner();
    audit(core, caller, "blocklist.added", &added).await?;
    Ok(disclosed(caller, added))
}

/// The entries of the block lists, newest first.
///
/// # Errors
/// When the transactions service does not answer.
pub async fn list_blocked(
    core: &Core,
    caller: &Caller,
    kind: Option<LinkKind>,
) -> Result<Vec<Blocked>, Error> {
    let request = ListBlockedRequest { project_id: caller.project_id.clone(), kind: kind.map(Into::into) };
    let listed = core.services().fraud().list_blocked(request).await?.into_inner().entries;
    Ok(listed.into_iter().map(|entry| disclosed(caller, entry)).collect())
}

/// Removes an entry.
///
/// # Errors
/// 404 when it is unknown.
pub async fn remove_blocked(core: &Core, caller: &Caller, id: String) -> Result<Blocked, Error> {
    let request = RemoveBlockedRequest { project_id: caller.project_id.clone(), id };
    let removed = core.services().fraud().remove_blocked(request).await?.into_inner();
    audit(core, caller, "blocklist.removed", &removed).await?;
    Ok(disclosed(caller, removed))
}

fn disclosed(caller: &Caller, mut entry: Blocked) -> Blocked {
    if !caller.may(Permission::Identify) {
        entry.label.clear();
        entry.note.clear();
    }
    entry
}

/// Appends a change of a list to the audit log, without its value.
async fn audit(core: &Core, caller: &Caller, action: &'static str, entry: &Blocked) -> Result<(), Error> {
    let what = json!({"kind": entry.kind().as_word(), "transaction_id": entry.transaction_id});
    let event = AuditEvent { action, target: &entry.id, after: Some(what), ..AuditEvent::default() };
    record_audit_event(core, &caller.project_id, event).await
}
