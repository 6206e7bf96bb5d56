//! What happens, as it happens: server-sent events.
//!
//! While somebody listens to a project, one task of this process asks once a second what was recorded and tells all its
//! listeners. Calls are found by when they ended, which is when they are recorded; as clocks of several gateways differ
//! a little, each question reaches some seconds back and leaves out what was told.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::Stream;
use proto::{
    accounts::AuthorizeSessionRequest,
    transactions::{RecentRequest, RecentResponse, Transaction, transactions_client::TransactionsClient},
};
use rpc::Transport;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, broadcast},
    time::{Instant, MissedTickBehavior, interval, interval_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Gateway,
    accounts::{self, access},
    auth::{self, ApiKey},
    error::Error,
    transactions::{BothNames, TransactionData},
};

/// Listeners of this process, and of one project.
const LISTENERS: usize = 256;
const OF_PROJECT: usize = 32;
const PERIOD: Duration = Duration::from_secs(1);
/// What is told at once is told on one look at whether the listener may still be here.
const TRUSTED: Duration = Duration::from_millis(250);
/// How far back a question reaches.
const OVERLAP_MS: i64 = 10_000;
/// How long and how many ids are remembered as told.
const REMEMBERED: Duration = Duration::from_secs(120);
const KNOWN: usize = 5000;
/// Transactions told at a time, and to one who comes back; there may be more, which the list has.
const AT_ONCE: u32 = 100;
const MISSED: u32 = 200;
/// Told and not taken yet by a listener; one that is slower is sent away and comes back.
const WAITING: usize = 256;
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Completes when the server is about to stop; a stream without an end would hold it up.
#[derive(Clone, Default)]
pub struct Closing(pub CancellationToken);

/// A transaction as listeners are told it.
#[derive(Clone)]
struct Told {
    id: Arc<str>,
    json: Arc<str>,
}

/// Who listens to what.
pub struct Live {
    projects: Arc<Mutex<Projects>>,
    places: Arc<Semaphore>,
}

type Projects = HashMap<String, broadcast::Sender<Told>>;

impl Default for Live {
    fn default() -> Self {
        Self { projects: Arc::default(), places: Arc::new(Semaphore::new(LISTENERS)) }
    }
}

fn locked(projects: &Mutex<Projects>) -> MutexGuard<'_, Projects> {
    projects.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    /// What is recorded of the project from now on.
    ///
    /// # Errors
    /// 503 when too many listen already.
    fn listen(
        &self,
        project: &str,
        transactions: TransactionsClient<Transport>,
    ) -> Result<(broadcast::Receiver<Told>, OwnedSemaphorePermit), Error> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        let mut projects = locked(&self.projects);
        if let Some(told) = projects.get(project) {
            if told.receiver_count() >= OF_PROJECT {
                return Err(Error::Busy);
            }
            return Ok((told.subscribe(), place));
        }
        let (told, listener) = broadcast::channel(WAITING);
        projects.insert(project.to_owned(), told.clone());
        let watch = Watch {
            project: project.to_owned(),
            transactions,
            told,
            known: HashMap::new(),
            reaches_to: boot::now_ms(),
            since: boot::now_ms(),
        };
        tokio::spawn(watch.run(self.projects.clone()));
        Ok((listener, place))
    }
}

/// The one who asks, for all listeners of a project.
struct Watch {
    project: String,
    transactions: TransactionsClient<Transport>,
    told: broadcast::Sender<Told>,
    known: HashMap<String, Instant>,
    /// Nothing that ended before is told.
    since: i64,
    /// When the last question was answered.
    reaches_to: i64,
}

impl Watch {
    async fn run(mut self, projects: Arc<Mutex<Projects>>) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            {
                // Under the lock, so that nobody begins to listen to one that ends.
                let mut projects = locked(&projects);
                if self.told.receiver_count() == 0 {
                    projects.remove(&self.project);
                    return;
                }
            }
            self.ask().await;
        }
    }

    async fn ask(&mut self) {
        let asked_at = boot::now_ms();
        self.known.retain(|_, told_at| told_at.elapsed() < REMEMBERED);
        let request = RecentRequest {
            project_id: self.project.clone(),
            since_ms: self.since.max(self.reaches_to - OVERLAP_MS),
            known: self.known.keys().take(KNOWN).cloned().collect(),
            after_id: None,
            limit: AT_ONCE,
        };
        match self.transactions.recent(request).await {
            Ok(answer) => self.tell(answer.into_inner(), asked_at),
            // The next question reaches as far back as this one did.
            Err(status) => tracing::warn!(code = ?status.code(), "a live list could not be read"),
        }
    }

    fn tell(&mut self, answer: RecentResponse, asked_at: i64) {
        self.reaches_to = asked_at;
        let now = Instant::now();
        self.known.extend(answer.ids.into_iter().map(|id| (id, now)));
        for told in answer.transactions.into_iter().filter_map(Told::new) {
            // Nobody may be left to tell; the next round ends then.
            let _ = self.told.send(told);
        }
    }
}

impl Told {
    fn new(transaction: Transaction) -> Option<Self> {
        let id = transaction.id.as_str().into();
        let json = serde_json::to_string(&TransactionData::from(transaction)).ok()?.into();
        Some(Self { id, json })
    }

    fn event(&self) -> Event {
        Event::default().event("transaction").id(&*self.id).data(&*self.json)
    }
}

/// The project's transactions as they are recorded, as server-sent events: `event: transaction`, `id` the transaction's,
/// `data` as in the list. With `Last-Event-ID` it goes on after that one (200 at most). Comments keep the connection
/// alive; the stream ends when the session or key does, or when its reader is too slow, and may then be asked for again.
#[utoipa::path(get, path = "/api-transactions/live", tag = "transactions",
    params(("Last-Event-ID" = Option<String>, Header, description = "the id of the last event that was read")),
    responses((status = 200, description = "the events, without an end", content_type = "text/event-stream", body = String),
              (status = 503, description = "too many listen already")))]
pub async fn live(
    State(gateway): State<Gateway>,
    key: Result<ApiKey, Error>,
    closing: Option<Extension<Closing>>,
    headers: HeaderMap,
) -> Result<Response, BothNames> {
    let key = key?;
    let (listener, place) = gateway.live().listen(&key.project_id, gateway.transactions())?;
    let missed = missed(&gateway, &key, &headers).await?;
    let listening = Listening {
        token: accounts::token(&headers),
        closing: closing.map(|Extension(closing)| closing).unwrap_or_default(),
        gateway,
        key,
        _place: place,
    };
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15)).text("still here");
    let mut response = Sse::new(events(listening, listener, missed)).keep_alive(keep_alive).into_response();
    // Proxies that collect answers would hold the events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(axum::http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// What was recorded since the listener was here last.
async fn missed(gateway: &Gateway, key: &ApiKey, headers: &HeaderMap) -> Result<Vec<Told>, Error> {
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let Some(last) = last else { return Ok(Vec::new()) };
    let request = RecentRequest {
        project_id: key.project_id.clone(),
        after_id: Some(last.to_owned()),
        limit: MISSED,
        ..RecentRequest::default()
    };
    let missed = gateway.transactions().recent(request).await?.into_inner();
    Ok(missed.transactions.into_iter().filter_map(Told::new).collect())
}

/// A listener, as far as they may go on listening.
struct Listening {
    gateway: Gateway,
    key: ApiKey,
    token: Option<String>,
    closing: Closing,
    _place: OwnedSemaphorePermit,
}

impl Listening {
    /// Whether the session or the key still opens this list.
    async fn may_stay(&self) -> bool {
        if !self.key.at_dashboard {
            return auth::is_active(self.gateway.projects(), &self.key).await;
        }
        let token = self.token.clone().unwrap_or_default();
        let asked = AuthorizeSessionRequest { token, project_id: self.key.project_id.clone() };
        let Ok(session) = self.gateway.accounts().authorize(asked).await else { return false };
        let session = session.into_inner();
        let role = session.user.as_ref().map(proto::accounts::User::role);
        !session.half_open
            && session.project.is_some()
            && role.is_some_and(|role| access::may(role, access::Permission::TransactionsRead))
    }
}

fn events(
    listening: Listening,
    mut listener: broadcast::Receiver<Told>,
    missed: Vec<Told>,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    async_stream::stream! {
        yield Ok(Event::default().retry(Duration::from_secs(2)).comment("listening"));
        let before: HashSet<Arc<str>> = missed.iter().map(|told| told.id.clone()).collect();
        for told in missed {
            yield Ok(told.event());
        }
        let trusted = Duration::from_secs(listening.gateway.config().live_check_seconds);
        let mut asked = Instant::now();
        let mut asking = interval_at(Instant::now() + trusted, trusted);
        loop {
            tokio::select! {
                told = listener.recv() => match told {
                    Ok(told) if before.contains(&told.id) => {}
                    Ok(told) => {
                        // Nothing is told to somebody who may not be here any more; asked once for many at a time.
                        if asked.elapsed() > TRUSTED {
                            if !listening.may_stay().await { break }
                            asked = Instant::now();
                        }
                        yield Ok(told.event());
                    }
                    // Too slow: whoever comes back gets what was left out.
                    Err(_) => break,
                },
                _ = asking.tick() => {
                    if !listening.may_stay().await { break }
                    asked = Instant::now();
                }
                () = listening.closing.0.cancelled() => break,
            }
        }
    }
}
