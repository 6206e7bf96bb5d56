//! The transaction list as a file: CSV, or one JSON object per line, streamed as it is read.
//!
//! One page is in memory at a time, and the next is requested when the client has read the previous one; the stream ends
//! when the client disconnects.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use bytes::Bytes;
use futures::{Stream, stream};
use proto::transactions::{ListTransactionsRequest, ListTransactionsResponse};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    TransactionData,
    filter::{self, Filters, Pairs},
};
use crate::{
    core::{
        caller::Caller,
        error::Error,
        transactions::{audit_export, list_transactions},
    },
    http::{
        file_export::{Cell, Format},
        state::Gateway,
    },
};

/// Rows per page.
const PAGE_SIZE: u32 = 200;

#[derive(IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameter in the API's documentation")]
pub struct ExportFormat {
    /// csv (the default) or ndjson
    format: Option<String>,
}

/// Returns the filter as recorded in the audit log, without the user's name, because the audit log outlives an erasure.
fn audited_filter((name, value): &(String, String)) -> (String, Value) {
    (name.clone(), if name == "user" { json!("(a user)") } else { json!(value) })
}

/// Returns every transaction that passes the filters (except `limit` and `cursor`), newest first, as a file. CSV cells
/// are quoted, and lists in them are JSON. Cells that a spreadsheet would interpret as a formula start with an
/// apostrophe.
#[utoipa::path(get, path = "/api-transactions/transactions/export", tag = "transactions",
    params(ExportFormat, Filters),
    responses((status = 200, description = "the file, streamed", content((String = "text/csv"), (String = "application/x-ndjson"))),
              (status = 400, description = "a filter that is not valid, by name")))]
pub async fn export_transactions(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Error> {
    let Query(pairs) = query?;
    let filters = json!(pairs.iter().map(audited_filter).collect::<serde_json::Map<_, _>>());
    let (format, request) = parse_query(pairs)?;
    // Read before the response begins, because the first page shows whether the filters are valid.
    let first = list_transactions(gateway.core(), &caller, request.clone()).await?;
    // Logged before any data is sent, so that every export is audited.
    let what = json!({"format": format.name(), "filters": filters});
    audit_export(gateway.core(), &caller, "transactions.exported", what).await?;
    Ok(format.attachment("transactions", file(gateway, caller, request, first, format)))
}

fn parse_query(pairs: Pairs) -> Result<(Format, ListTransactionsRequest), Error> {
    let (formats, filters): (Pairs, Pairs) = pairs.into_iter().partition(|(name, _)| name == "format");
    let format = match formats.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>()[..] {
        [] | ["csv"] => Format::Csv,
        ["ndjson"] => Format::Ndjson,
        _ => return Err(Error::invalid("format must be csv or ndjson")),
    };
    if filters.iter().any(|(name, _)| name == "limit" || name == "cursor") {
        return Err(Error::invalid("an export takes neither limit nor cursor"));
    }
    let request = filter::from_pairs(filters)?;
    Ok((format, ListTransactionsRequest { page_size: PAGE_SIZE, ..request }))
}

/// Streams the file page by page. The stream is aborted when a page cannot be read, so that no client mistakes a
/// partial file for a complete one.
fn file(
    gateway: Gateway,
    caller: Caller,
    request: ListTransactionsRequest,
    first: ListTransactionsResponse,
    format: Format,
) -> impl Stream<Item = Result<Bytes, Error>> + Send {
    let state = Some((Some(first), String::new(), format.head(COLUMNS).transpose()));
    stream::try_unfold(state, move |state| {
        let (gateway, caller, request) = (gateway.clone(), caller.clone(), request.clone());
        async move {
            let Some((read, cursor, head)) = state else { return Ok(None) };
            let page = match read {
                Some(page) => page,
                None => {
                    let request = ListTransactionsRequest { cursor, ..request };
                    list_transactions(gateway.core(), &caller, request).await?
                }
            };
            let mut piece = head?.unwrap_or_default();
            let rows = page.transactions.into_iter().map(TransactionData::from);
            piece.extend(format.rows(rows, cells)?);
            let next = Some((None, page.next_cursor, Ok(None)));
            Ok(Some((Bytes::from(piece), next.filter(|(_, cursor, _)| !cursor.is_empty()))))
        }
    })
}

const COLUMNS: [&str; 29] = [
    "id",
    "created_at",
    "kind",
    "project_id",
    "api_key_id",
    "session_id",
    "user_fullname",
    "http_status",
    "error",
    "verdict",
    "score",
    "decision_reasons",
    "rules",
    "action_trigger",
    "tags",
    "flag",
    "fraud",
    "duration_ms",
    "client_app",
    "client_app_version",
    "device_info",
    "geo",
    "services",
    "durations",
    "review_status",
    "review_reason",
    "reviewed_by",
    "reviewed_at",
    "mode",
];

/// Returns the cells of a row, in the order of [`COLUMNS`]; lists and objects are JSON.
fn cells(row: TransactionData) -> [Cell; COLUMNS.len()] {
    let rules: Vec<String> = row.fraud.into_iter().map(|fraud| fraud.rule).collect();
    let [status, reason, reviewer, reviewed_at] = row.review.map(|review| review.cells()).unwrap_or_default();
    [
        row.id.into(),
        row.created_at.into(),
        row.kind.into(),
        row.project_id.into(),
        row.api_key_id.into(),
        row.session_id.into(),
        row.user_fullname.into(),
        row.http_status.to_string().into(),
        row.error.into(),
        row.verdict.unwrap_or_default().into(),
        row.score.map(|score| score.to_string()).into(),
        row.decision_reasons.into(),
        row.rules.into(),
        row.action_trigger.into(),
        row.tags.into(),
        row.flag.unwrap_or_default().into(),
        rules.into(),
        row.duration_ms.to_string().into(),
        row.client_app.into(),
        row.client_app_version.into(),
        row.device_info.into(),
        row.geo.into(),
        row.services.into(),
        row.durations.into(),
        status.into(),
        reason.into(),
        reviewer.into(),
        reviewed_at.into(),
        row.mode.into(),
    ]
}
