//! The replicas of one service: discovered by name, chosen by load, excluded while they do not respond.
//!
//! tonic's own balanced channel reconnects lazily, so a dead replica fails at once, looks idle and attracts calls.
//! Here each replica is probed every second, and is excluded at the first failure.

use std::{
    collections::BTreeMap,
    error::Error,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
};
use tonic::{
    Code, ConnectError, Status, TimeoutExpired,
    body::Body,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tower::{Service, ServiceExt};

use crate::tls::ClientTls;

/// How often names are resolved again.
const RESOLVE_INTERVAL: Duration = Duration::from_secs(5);
/// Interval of health probes, and the timeout of one.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest time a call waits for the first address of a service.
const MAX_WAIT_FOR_ADDRESS: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);

type Replicas = Arc<Vec<Arc<Replica>>>;

/// The replicas of one service. Its background tasks end on drop.
pub(crate) struct Pool {
    replicas: watch::Receiver<Replicas>,
    task: AbortHandle,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Pool {
    /// Starts resolving `urls` and probing the addresses found. Must be called within a runtime.
    pub fn start(urls: &str, tls: Option<ClientTls>) -> Result<Self, Status> {
        let targets: Vec<Target> =
            urls.split(',').map(|url| Target::parse(url.trim(), tls.as_ref())).collect::<Result<_, _>>()?;
        let mut members = Members { targets, tls, running: BTreeMap::new(), probes: JoinSet::new() };
        // Numeric addresses are known at once.
        members.adopt(members.targets.iter().flat_map(Target::literal).collect());
        let (sender, replicas) = watch::channel(members.list());
        let task = tokio::spawn(async move { members.follow(&sender).await }).abort_handle();
        Ok(Self { replicas, task })
    }

    /// Returns the less busy of two random healthy replicas; `not` only when there is no other one.
    pub async fn pick(&self, not: Option<SocketAddr>) -> Result<Arc<Replica>, Status> {
        let mut replicas = self.replicas.clone();
        let known =
            tokio::time::timeout(MAX_WAIT_FOR_ADDRESS, replicas.wait_for(|list| !list.is_empty())).await;
        let known = match known {
            Ok(Ok(list)) => Arc::clone(&list),
            _ => return Err(Status::unavailable("a required service has no address")),
        };
        let others = |r: &&Arc<Replica>| Some(r.address) != not;
        let up: Vec<_> = known.iter().filter(|r| r.is_up()).filter(others).collect();
        // If none is healthy, any is tried: the health check may be wrong.
        let choice = match (up.is_empty(), known.iter().filter(others).collect::<Vec<_>>()) {
            (false, _) => up,
            (true, others) if !others.is_empty() => others,
            _ => known.iter().collect(),
        };
        #[expect(clippy::disallowed_methods, reason = "any two replicas will do")]
        let (a, b) = (fastrand::choice(&choice), fastrand::choice(&choice));
        let least = a.into_iter().chain(b).min_by_key(|r| r.in_flight.load(Ordering::Relaxed));
        least.map(|r| Arc::clone(r)).ok_or_else(|| Status::unavailable("a required service has no address"))
    }
}

/// One configured address.
struct Target {
    uri: Uri,
    host: String,
    port: u16,
}

impl Target {
    fn parse(url: &str, tls: Option<&ClientTls>) -> Result<Self, Status> {
        let invalid = || Status::invalid_argument(format!("not a service address: {url}"));
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        let port = match uri.scheme_str() {
            Some("http") => 80,
            Some("https") if tls.is_some() => 443,
            Some("https") => {
                return Err(Status::invalid_argument(format!(
                    "{url} needs a tls section: ca, certificate, key"
                )));
            }
            _ => return Err(invalid()),
        };
        let host = uri.host().filter(|h| !h.is_empty()).ok_or_else(invalid)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(port);
        Ok(Self { uri, host, port })
    }

    fn literal(&self) -> Option<(SocketAddr, Uri)> {
        Some((SocketAddr::new(self.host.parse().ok()?, self.port), self.uri.clone()))
    }

    async fn resolve(&self) -> std::io::Result<Vec<(SocketAddr, Uri)>> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        Ok(found.map(|address| (address, self.uri.clone())).collect())
    }
}

/// The background task's state: the configured targets, and a probe for each replica found.
struct Members {
    targets: Vec<Target>,
    tls: Option<ClientTls>,
    running: BTreeMap<SocketAddr, (Arc<Replica>, AbortHandle)>,
    probes: JoinSet<()>,
}

impl Members {
    async fn follow(&mut self, sender: &watch::Sender<Replicas>) {
        loop {
            self.refresh().await;
            let list = self.list();
            sender.send_if_modified(|current| {
                let changed = *current != list;
                *current = list;
                changed
            });
            tokio::time::sleep(RESOLVE_INTERVAL).await;
        }
    }

    /// Resolves all addresses again. When a name cannot be resolved, the known replicas stay.
    async fn refresh(&mut self) {
        if self.tls.as_mut().is_some_and(ClientTls::has_changed) {
            self.adopt(Vec::new());
        }
        let mut found = Vec::new();
        for target in &self.targets {
            match target.resolve().await {
                Ok(addresses) => found.extend(addresses),
                Err(error) => {
                    tracing::warn!(host = target.host, %error, "a service name cannot be resolved");
                    return;
                }
            }
        }
        self.adopt(found);
    }

    fn adopt(&mut self, found: Vec<(SocketAddr, Uri)>) {
        self.running.retain(|address, (_, probe)| {
            let stays = found.iter().any(|(known, _)| known == address);
            if !stays {
                probe.abort();
            }
            stays
        });
        for (address, uri) in found {
            if self.running.contains_key(&address) {
                continue;
            }
            match Replica::new(address, &uri, self.tls.as_ref()) {
                Ok(replica) => {
                    let replica = Arc::new(replica);
                    let probe = self.probes.spawn(probe(Arc::clone(&replica)));
                    self.running.insert(address, (replica, probe));
                }
                Err(error) => tracing::error!(%address, %error, "a service cannot be called"),
            }
        }
    }

    fn list(&self) -> Replicas {
        Arc::new(self.running.values().map(|(replica, _)| Arc::clone(replica)).collect())
    }
}

/// One process of a service.
pub(crate) struct Replica {
    address: SocketAddr,
    channel: Channel,
    up: AtomicBool,
    in_flight: Arc<AtomicUsize>,
}

impl PartialEq for Replica {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Replica {
    fn new(address: SocketAddr, uri: &Uri, tls: Option<&ClientTls>) -> Result<Self, Status> {
        let scheme = uri.scheme_str().unwrap_or("http");
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
            .map_err(|_| Status::internal("a resolved address is no URI"))?
            .origin(uri.clone())
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .tcp_nodelay(true);
        if let (Some(tls), "https") = (tls, scheme) {
            let config = tls.config(uri.host().unwrap_or_default())?;
            endpoint = endpoint.tls_config(config).map_err(|error| Status::internal(error.to_string()))?;
        }
        Ok(Self { address, channel: endpoint.connect_lazy(), up: true.into(), in_flight: Arc::default() })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    fn set_up(&self, up: bool) {
        metrics::gauge!("biometry_rpc_replica_up", "address" => self.address.to_string()).set(u8::from(up));
        if self.up.swap(up, Ordering::Relaxed) != up {
            if up {
                tracing::info!(service.address = %self.address, "a replica responds again");
            } else {
                tracing::warn!(service.address = %self.address, "a replica does not respond; it gets no calls until it does");
            }
        }
    }

    /// Sends one call. It counts as in progress until its response was read completely.
    pub async fn call(&self, request: Request<Body>) -> Result<Response<Body>, CallError> {
        let under_way = UnderWay::start(&self.in_flight);
        let mut channel = self.channel.clone();
        let sent = async { channel.ready().await?.call(request).await }.await;
        match sent {
            Ok(response) => Ok(response.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    let _until_the_body_ends = &under_way;
                    frame
                }))
            })),
            Err(error) if is_caused_by::<TimeoutExpired>(&error) => Err(CallError::TimedOut),
            Err(error) => {
                self.set_up(false);
                Err(CallError::Failed(error))
            }
        }
    }
}

struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn start(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a call has no usable response.
pub(crate) enum CallError {
    /// The connection failed.
    Failed(tonic::transport::Error),
    /// The deadline of the call has passed.
    TimedOut,
    /// The service responded that it is unavailable.
    Answered(Response<Body>),
}

impl CallError {
    /// Whether the service cannot have received the call.
    pub fn never_sent(&self) -> bool {
        matches!(self, Self::Failed(error) if is_caused_by::<ConnectError>(error))
    }

    /// Converts the error to a response for the caller.
    pub fn into_answer(self) -> Result<Response<Body>, Status> {
        match self {
            Self::Answered(response) => Ok(response),
            Self::TimedOut => Err(Status::deadline_exceeded("a service did not respond in time")),
            Self::Failed(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a service could not be reached");
                Err(lost_connection())
            }
        }
    }
}

/// Marks a status that was not sent by a service.
const LOST: &str = "biometry-connection-lost";

fn lost_connection() -> Status {
    let mut status = Status::unavailable("a required service could not be reached");
    status.metadata_mut().insert(LOST, tonic::metadata::MetadataValue::from_static("1"));
    status
}

/// Whether the connection broke before the service responded, so that another replica may be tried.
pub fn is_connection_lost(status: &Status) -> bool {
    status.metadata().contains_key(LOST)
}

fn is_caused_by<T: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    error.is::<T>() || error.source().is_some_and(is_caused_by::<T>)
}

/// Probes the health of `replica` as long as it is known.
async fn probe(replica: Arc<Replica>) {
    let mut client = HealthClient::new(replica.channel.clone());
    loop {
        let asked = tokio::time::timeout(PROBE_TIMEOUT, client.check(HealthCheckRequest::default())).await;
        replica.set_up(match asked {
            Ok(Ok(answer)) => answer.into_inner().status() == ServingStatus::Serving,
            // A server without a health service is judged by its calls.
            Ok(Err(status)) => status.code() == Code::Unimplemented,
            Err(_) => false,
        });
        tokio::time::sleep(PROBE_INTERVAL).await;
    }
}
