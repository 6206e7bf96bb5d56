//! `/api-consent/consents`: every consent of a project, in pages or as a streamed file.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use proto::consent::ExportedConsent;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::consent::Entry;
use crate::{
    core::{
        audit::{AuditEvent, record_audit_event},
        caller::Caller,
        consent::recorded_consents,
        error::Error,
    },
    http::{
        file_export::{Cell, Format},
        state::Gateway,
    },
};

/// Entries per page.
const ROWS: usize = 100;
const MAX_LIMIT: u32 = 200;
const DEFAULT_LIMIT: u32 = 50;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// ndjson (the default) or csv
    format: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// 1 to 200; 50 when absent
    limit: Option<u32>,
    /// `next_cursor` of the previous page
    cursor: Option<String>,
}

/// One entry of the ledger with its user.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserEntry {
    user_fullname: String,
    #[serde(flatten)]
    entry: Entry,
    device_info: Option<Value>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentsFound {
    data: Vec<UserEntry>,
    /// Empty on the last page.
    next_cursor: String,
    #[schema(example = "consents found")]
    message: &'static str,
}

/// Lists every consent recorded in the project, oldest first, in pages. Needs a key that can mint.
#[utoipa::path(get, path = "/api-consent/consents", tag = "consent", params(ListQuery),
    responses((status = 200, body = ConsentsFound)))]
pub async fn list_consents(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<ConsentsFound>, Error> {
    let Query(query) = query?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::invalid("limit must be from 1 to 200"));
    }
    // An empty cursor requests the first page, as in other lists.
    let cursor = query.cursor.filter(|cursor| !cursor.is_empty());
    if cursor.as_deref().is_some_and(|cursor| uuid::Uuid::try_parse(cursor).is_err()) {
        return Err(Error::invalid("cursor must be the next_cursor of the page before"));
    }
    let entries = recorded_consents(gateway.core(), &caller, cursor, limit).await?;
    let data: Vec<_> = entries.map_ok(UserEntry::from).try_collect().await?;
    let full = u32::try_from(data.len()).is_ok_and(|count| count == limit);
    let next_cursor = data.last().filter(|_| full).map(|last| last.entry.id.clone()).unwrap_or_default();
    Ok(Json(ConsentsFound { data, next_cursor, message: "consents found" }))
}

/// Exports every consent recorded in the project, oldest first. CSV cells are quoted; cells that a spreadsheet would
/// interpret as a formula start with an apostrophe.
#[utoipa::path(get, path = "/api-consent/consents/export", tag = "consent", params(ExportQuery),
    responses((status = 200, description = "the file, streamed", content((String = "application/x-ndjson"), (String = "text/csv")))))]
pub async fn export_consents(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<ExportQuery>, QueryRejection>,
) -> Result<Response, Error> {
    let Query(query) = query?;
    let format = match query.format.as_deref() {
        None | Some("ndjson") => Format::Ndjson,
        Some("csv") => Format::Csv,
        Some(_) => return Err(Error::invalid("format must be ndjson or csv")),
    };
    let mut entries = recorded_consents(gateway.core(), &caller, None, 0).await?;
    // Read before the response begins, because the first entry shows whether the ledger can be read.
    let first = entries.try_next().await?;
    // Logged before any data is sent, so that every export is audited.
    let project_id = &caller.project_id;
    let after = Some(json!({"format": format.name()}));
    let event =
        AuditEvent { action: "consents.exported", target: project_id, after, ..AuditEvent::default() };
    record_audit_event(gateway.core(), project_id, event).await?;
    let entries = stream::iter(first.map(Ok)).chain(entries);
    Ok(format.attachment("consents", file(entries, format)))
}

/// Streams the file. The stream is aborted when an entry cannot be read, so that no client mistakes a partial file for
/// a complete one.
fn file(
    entries: impl Stream<Item = Result<ExportedConsent, Error>> + Send,
    format: Format,
) -> impl Stream<Item = Result<Bytes, Error>> + Send {
    let head = format.head(COLUMNS);
    let pieces = entries.ready_chunks(ROWS).map(move |rows| {
        let rows = rows.into_iter().map(|row| row.map(UserEntry::from));
        let rows: Vec<_> = rows.collect::<Result<_, Error>>()?;
        format.rows(rows, cells)
    });
    stream::iter(head).chain(pieces).map_ok(Bytes::from)
}

const COLUMNS: [&str; 10] = [
    "id",
    "recorded_at",
    "user_fullname",
    "kind",
    "is_consent_given",
    "api_key_id",
    "session_id",
    "transaction_id",
    "device_info",
    "hash",
];

/// Returns the cells of a row, in the order of [`COLUMNS`].
fn cells(row: UserEntry) -> [Cell; COLUMNS.len()] {
    let entry = row.entry;
    [
        entry.id.into(),
        entry.recorded_at.into(),
        row.user_fullname.into(),
        entry.kind.into(),
        entry.is_consent_given.to_string().into(),
        entry.api_key_id.into(),
        entry.session_id.into(),
        entry.transaction_id.into(),
        row.device_info.into(),
        entry.hash.into(),
    ]
}

impl From<ExportedConsent> for UserEntry {
    fn from(exported: ExportedConsent) -> Self {
        let entry = exported.entry.unwrap_or_default();
        let device_info = entry.device_info_json.as_deref().and_then(|json| serde_json::from_str(json).ok());
        Self { user_fullname: exported.user_fullname, entry: entry.into(), device_info }
    }
}
