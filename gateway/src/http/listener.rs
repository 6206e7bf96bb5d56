//! The listener: HTTP/1.1 with limits on heads, connections and slow clients, and graceful shutdown.
//!
//! A connection has a total time for each head ([`socket`]), for each body by its route ([`crate::http::body_time`])
//! and a least rate for each response; [`connections`] limits their number.

pub mod connections;
mod socket;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{ConnectInfo, Request},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::{
    body::{Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use shares::FairPool;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::{
    config::Config,
    core::error::Error,
    http::shutdown::{Draining, ServerShutdown},
};
use connections::{Admitted, Connection, Connections, Phase};
use socket::{LARGE_HEADS, Socket, TOO_MANY_CONNECTIONS};

/// Most bytes of a request's head that are read. More than the limit of clients
/// ([`crate::http::headers::MAX_HEADER_BYTES`]), so that a client with a megabyte of device info gets a response
/// instead of a closed connection.
pub const MAX_HEADER_BYTES: usize = 1280 * 1024;
/// Longest duration of a call after its upload: the deadline of the models, and some time to record it.
const LONGEST_WORK: Duration = Duration::from_secs(130);

/// Serves `app` until `shutdown` completes. Then `/readyz` returns 503 for `drain_seconds` while calls are still
/// accepted, so that load balancers send theirs elsewhere; then no connection is accepted and the calls in progress
/// are completed.
///
/// # Errors
/// None at present: a failed accept is logged and retried.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    config: &Config,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    boot::raise_open_file_limit();
    let server = Server::new(app, config);
    tokio::select! {
        never = server.accept(&listener) => match never {},
        () = shutdown => {}
    }
    server.draining.0.cancel();
    let drain = Duration::from_secs(config.drain_seconds);
    tokio::select! {
        never = server.accept(&listener) => match never {},
        () = tokio::time::sleep(drain) => {}
    }
    drop(listener);
    server.stop(Duration::from_secs(config.upload_seconds) + LONGEST_WORK).await;
    Ok(())
}

struct Server {
    app: Router,
    config: Config,
    graceful: GracefulShutdown,
    connections: Connections,
    large_heads: FairPool,
    draining: Draining,
    stopping: ServerShutdown,
}

impl Server {
    fn new(app: Router, config: &Config) -> Self {
        Self {
            app,
            config: config.clone(),
            graceful: GracefulShutdown::new(),
            connections: Connections::new(&config.connections, &config.trusted_proxies),
            large_heads: FairPool::new(LARGE_HEADS),
            draining: Draining::default(),
            stopping: ServerShutdown::default(),
        }
    }

    async fn accept(&self, listener: &TcpListener) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(error) => {
                    // Probably out of file descriptors; waiting lets some close.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        match self.connections.admit(peer.ip()) {
            Some(admitted) => self.spawn(stream, peer, admitted),
            None => {
                tracing::debug!("rejected a connection: too many of its address or in total");
                // A client that does not read it misses nothing.
                let _ = stream.try_write(TOO_MANY_CONNECTIONS);
            }
        }
    }

    fn spawn(&self, stream: TcpStream, peer: SocketAddr, admitted: Admitted) {
        // Responses are small and written at once; Nagle's algorithm only adds latency.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY on a connection");
        }
        let connection = Arc::clone(&admitted.connection);
        let limits = self.config.connections.clone();
        let socket = Socket::new(stream, Arc::clone(&connection), limits, self.large_heads.clone());
        let requests = Requests {
            app: self.app.clone(),
            peer,
            connection,
            draining: self.draining.clone(),
            stopping: self.stopping.clone(),
        };
        let requests = Arc::new(requests);
        let service = service_fn(move |request| Arc::clone(&requests).answer(request));
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(self.config.connections.idle_seconds))
            .max_buf_size(MAX_HEADER_BYTES)
            .serve_connection(TokioIo::new(socket), service);
        let serving = self.graceful.watch(serving);
        tokio::spawn(async move {
            tokio::select! {
                ended = serving => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                }
                () = admitted.connection.closed() => tracing::debug!("closed a slow connection to make room"),
            }
        });
    }

    /// Finishes the calls in progress.
    async fn stop(self, longest: Duration) {
        self.stopping.0.cancel();
        if tokio::time::timeout(longest, self.graceful.shutdown()).await.is_err() {
            tracing::warn!("requests still in progress were cut off at shutdown");
        }
    }
}

/// The requests of one connection.
struct Requests {
    app: Router,
    peer: SocketAddr,
    connection: Arc<Connection>,
    draining: Draining,
    stopping: ServerShutdown,
}

impl Requests {
    /// Each request knows its peer address, its connection, and whether the server is about to stop.
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response, Infallible> {
        self.connection.enter(Phase::Work);
        let mut response = if self.connection.health_only && !is_health(request.uri().path()) {
            Error::Busy.into_response()
        } else {
            let mut request = request.map(Body::new);
            let extensions = request.extensions_mut();
            extensions.insert(ConnectInfo(self.peer));
            extensions.insert(Arc::clone(&self.connection));
            extensions.insert(self.draining.clone());
            extensions.insert(self.stopping.clone());
            match self.app.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        };
        if self.connection.ends() || self.draining.0.is_cancelled() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let connection = Arc::clone(&self.connection);
        Ok(response.map(|body| Body::new(ResponseBody { body, connection })))
    }
}

fn is_health(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// A response's body; on drop, after it was sent, its connection is idle.
struct ResponseBody {
    body: Body,
    connection: Arc<Connection>,
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        std::pin::Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.connection.enter(Phase::Idle);
    }
}
