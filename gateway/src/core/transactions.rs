//! Transactions of the caller's project: reading, reviewing, counting; and their samples. Reading records no
//! transaction; reviews and access to samples are audited.

use bytes::Bytes;
use futures::{Stream, stream};
use proto::{
    Word,
    transactions::{
        Flag, GetSampleRequest, GetTransactionRequest, ListSamplesRequest, ListTransactionsRequest,
        ListTransactionsResponse, PutFlagRequest, PutTagsRequest, RelatedTransaction, Sample, SampleLink,
        StatsRequest, StatsResponse, Transaction, get_sample_response::Part,
    },
};
use serde_json::{Value, json};

use crate::core::{
    Core,
    audit::{AuditEvent, record_audit_event},
    caller::Caller,
    disclosure::disclose_transaction,
    error::Error,
};

/// # Errors
/// 404 when it is unknown.
pub async fn get_transaction(core: &Core, caller: &Caller, id: String) -> Result<Transaction, Error> {
    let request = GetTransactionRequest { project_id: caller.project_id.clone(), id };
    let found = core.services().transactions().get_transaction(request).await?.into_inner();
    Ok(disclose_transaction(caller, found))
}

/// Returns a page of the caller's project, whatever project the request names, as disclosed to the caller.
///
/// # Errors
/// 400 for a filter that is not valid.
pub async fn list_transactions(
    core: &Core,
    caller: &Caller,
    request: ListTransactionsRequest,
) -> Result<ListTransactionsResponse, Error> {
    let mut page = list_recorded_transactions(core, caller, request).await?;
    let recorded = std::mem::take(&mut page.transactions).into_iter();
    page.transactions = recorded.map(|transaction| disclose_transaction(caller, transaction)).collect();
    Ok(page)
}

/// Returns the same, as recorded: for decisions, not for readers.
///
/// # Errors
/// As [`list_transactions`].
pub async fn list_recorded_transactions(
    core: &Core,
    caller: &Caller,
    request: ListTransactionsRequest,
) -> Result<ListTransactionsResponse, Error> {
    let request = ListTransactionsRequest { project_id: caller.project_id.clone(), ..request };
    Ok(core.services().transactions().list_transactions(request).await?.into_inner())
}

/// Transactions of the same session, user or device.
///
/// # Errors
/// 404 when the transaction is unknown.
pub async fn related_transactions(
    core: &Core,
    caller: &Caller,
    id: String,
) -> Result<Vec<RelatedTransaction>, Error> {
    let request = GetTransactionRequest { project_id: caller.project_id.clone(), id };
    let mut related = core.services().transactions().related(request).await?.into_inner().related;
    for other in &mut related {
        other.transaction = other.transaction.take().map(|found| disclose_transaction(caller, found));
    }
    Ok(related)
}

/// Counts of a project by time; `project_id` must be one the caller may read.
///
/// # Errors
/// 400 for too many buckets.
pub async fn transaction_stats(
    core: &Core,
    project_id: String,
    from_ms: i64,
    until_ms: i64,
    bucket_ms: i64,
) -> Result<StatsResponse, Error> {
    let request = StatsRequest { project_id, from_ms, until_ms, bucket_ms };
    Ok(core.services().transactions().stats(request).await?.into_inner())
}

/// Replaces the tags of a transaction.
///
/// # Errors
/// 400 for too many or too long tags, 404 when the transaction is unknown.
pub async fn put_tags(
    core: &Core,
    caller: &Caller,
    id: String,
    tags: Vec<String>,
) -> Result<Transaction, Error> {
    let before = get_transaction(core, caller, id.clone()).await?.tags;
    let request = PutTagsRequest { project_id: caller.project_id.clone(), id, tags };
    let changed = core.services().transactions().put_tags(request).await?.into_inner();
    let (before, after) = (json!({"tags": before}), json!({"tags": changed.tags}));
    audit_review(core, caller, "transaction.tags_set", &changed.id, before, after).await?;
    Ok(disclose_transaction(caller, changed))
}

/// Sets the reviewer's flag of a transaction.
///
/// # Errors
/// 404 when the transaction is unknown.
pub async fn put_flag(core: &Core, caller: &Caller, id: String, flag: Flag) -> Result<Transaction, Error> {
    let before = get_transaction(core, caller, id.clone()).await?.flag();
    let request = PutFlagRequest { project_id: caller.project_id.clone(), id, flag: flag.into() };
    let changed = core.services().transactions().put_flag(request).await?.into_inner();
    let (before, after) = (json!({"flag": before.to_word()}), json!({"flag": changed.flag().to_word()}));
    audit_review(core, caller, "transaction.flag_set", &changed.id, before, after).await?;
    Ok(disclose_transaction(caller, changed))
}

async fn audit_review(
    core: &Core,
    caller: &Caller,
    action: &'static str,
    target: &str,
    before: Value,
    after: Value,
) -> Result<(), Error> {
    let (before, after) = (Some(before), Some(after));
    let event = AuditEvent { action, target, before, after, ..AuditEvent::default() };
    record_audit_event(core, &caller.project_id, event).await
}

/// Logs that transactions are exported, before anything is sent.
///
/// # Errors
/// When the audit log cannot be written.
pub async fn audit_export(
    core: &Core,
    caller: &Caller,
    action: &'static str,
    what: Value,
) -> Result<(), Error> {
    let target = &caller.project_id;
    let event = AuditEvent { action, target, after: Some(what), ..AuditEvent::default() };
    record_audit_event(core, &caller.project_id, event).await
}

/// Returns the samples of a transaction with signed links. Audited before the links are returned.
///
/// # Errors
/// 404 when the transaction is unknown; when the access cannot be logged.
pub async fn list_samples(
    core: &Core,
    caller: &Caller,
    transaction_id: String,
) -> Result<Vec<SampleLink>, Error> {
    let (project_id, target) = (caller.project_id.clone(), transaction_id.clone());
    let request = ListSamplesRequest { project_id, transaction_id };
    let links = core.services().transactions().list_samples(request).await?.into_inner().samples;
    let ids: Vec<_> = links.iter().filter_map(|link| Some(&link.sample.as_ref()?.id)).collect();
    if !ids.is_empty() {
        let after = Some(json!({ "samples": ids }));
        let event = AuditEvent { action: "samples.opened", target: &target, after, ..AuditEvent::default() };
        record_audit_event(core, &caller.project_id, event).await?;
    }
    Ok(links)
}

/// Opens a sample by its signed link: its description and its bytes. The stream fails when the service's does, so
/// that no reader takes a part for the whole.
///
/// # Errors
/// 404 for a changed or expired link and for a deleted sample.
pub async fn open_sample(
    core: &Core,
    id: String,
    expires_ms: i64,
    signature: String,
) -> Result<(Sample, impl Stream<Item = Result<Bytes, Error>> + Send + use<>), Error> {
    let request = GetSampleRequest { id, expires_ms, signature };
    let mut parts = core.services().transactions().get_sample(request).await?.into_inner();
    let Some(Part::Sample(sample)) = parts.message().await?.and_then(|message| message.part) else {
        return Err(Error::internal(&"a sample without its description"));
    };
    let chunks = stream::try_unfold(parts, |mut parts| async move {
        match parts.message().await?.map(|message| message.part) {
            None => Ok(None),
            Some(Some(Part::Chunk(chunk))) => Ok(Some((chunk, parts))),
            Some(_) => Err(Error::internal(&"a part of a sample that is no chunk")),
        }
    });
    Ok((sample, chunks))
}
