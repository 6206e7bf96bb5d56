//! `/api-transactions/live`: new transactions as server-sent events.

use std::{collections::HashSet, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::Stream;
use proto::transactions::Transaction;
use tokio::time::{Instant, interval_at};

use super::transactions::TransactionData;
use crate::{
    core::{
        accounts::is_still_allowed,
        caller::Caller,
        disclosure::disclose_transaction,
        error::Error,
        live_transactions::{Listener, listen, missed_since},
        permissions::Permission,
    },
    http::{cookies::session_token, shutdown::ServerShutdown, state::Gateway},
};

/// Most events sent after one check of the listener's authorization.
const CHECK_VALID_FOR: Duration = Duration::from_millis(250);
const RECONNECT_AFTER: Duration = Duration::from_secs(2);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Streams the project's transactions as server-sent events: `event: transaction`, `id` of the transaction, `data` as
/// in the list. With `Last-Event-ID` the stream continues after that transaction (200 at most). Comments keep the
/// connection alive. The stream ends with the session or key, or when its reader is too slow; it can then be requested
/// again.
#[utoipa::path(get, path = "/api-transactions/live", tag = "transactions",
    params(("Last-Event-ID" = Option<String>, Header, description = "the id of the last event that was read")),
    responses((status = 200, description = "the events, without an end", content_type = "text/event-stream", body = String),
              (status = 503, description = "too many listeners")))]
pub async fn stream_transactions(
    State(gateway): State<Gateway>,
    caller: Caller,
    shutdown: Option<Extension<ServerShutdown>>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let listener = listen(gateway.core(), &caller)?;
    let last_id = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let missed = match last_id {
        Some(last_id) => missed_since(gateway.core(), &caller, last_id).await?,
        None => Vec::new(),
    };
    let authorization = Authorization {
        session_token: session_token(&headers),
        shutdown: shutdown.map(|Extension(shutdown)| shutdown).unwrap_or_default(),
        gateway,
        caller,
    };
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE_INTERVAL).text("still here");
    let events = events(authorization, listener, missed);
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    // Disables response buffering in proxies, which would delay the events.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The authorization of a listener.
struct Authorization {
    gateway: Gateway,
    caller: Caller,
    session_token: Option<String>,
    shutdown: ServerShutdown,
}

impl Authorization {
    async fn is_valid(&self) -> bool {
        let token = self.session_token.clone();
        is_still_allowed(self.gateway.core(), &self.caller, token, Permission::TransactionsRead).await
    }
}

/// Returns `None` for a transaction that cannot be rendered.
fn event(caller: &Caller, transaction: &Transaction) -> Option<Event> {
    let shown = disclose_transaction(caller, transaction.clone());
    let data = serde_json::to_string(&TransactionData::from(shown)).ok()?;
    Some(Event::default().event("transaction").id(&transaction.id).data(data))
}

fn events(
    authorization: Authorization,
    mut listener: Listener,
    missed: Vec<Transaction>,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    async_stream::stream! {
        yield Ok(Event::default().retry(RECONNECT_AFTER).comment("listening"));
        let sent: HashSet<String> = missed.iter().map(|transaction| transaction.id.clone()).collect();
        for event in missed.iter().filter_map(|transaction| event(&authorization.caller, transaction)) {
            yield Ok(event);
        }
        let check_interval = Duration::from_secs(authorization.gateway.config().live_check_seconds);
        let mut checked_at = Instant::now();
        let mut checks = interval_at(Instant::now() + check_interval, check_interval);
        loop {
            tokio::select! {
                received = listener.transactions.recv() => {
                    let received: Result<Arc<Transaction>, _> = received;
                    // Too slow: a listener that reconnects receives what it missed.
                    let Ok(transaction) = received else { break };
                    if sent.contains(&transaction.id) {
                        continue;
                    }
                    if checked_at.elapsed() > CHECK_VALID_FOR {
                        if !authorization.is_valid().await { break }
                        checked_at = Instant::now();
                    }
                    if let Some(event) = event(&authorization.caller, &transaction) {
                        yield Ok(event);
                    }
                }
                _ = checks.tick() => {
                    if !authorization.is_valid().await { break }
                    checked_at = Instant::now();
                }
                () = authorization.shutdown.0.cancelled() => break,
            }
        }
    }
}
