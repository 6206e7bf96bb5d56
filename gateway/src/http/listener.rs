//! The listener: HTTP/1.1 with limits on headers, connections and idle time.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router, extract::ConnectInfo, middleware::AddExtension};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::Layer;

use crate::http::shutdown::ServerShutdown;

/// What the server reads of a request's head at most. More than any client may send ([`crate::http::headers::MAX_HEADER_BYTES`]), so
/// that a client with a megabyte of device info reads a refusal instead of a closed connection.
pub const MAX_HEADER_BYTES: usize = 1280 * 1024;
/// Connections at a time; the next one waits to be accepted.
const MAX_CONNECTIONS: usize = 1024;
/// Longest a client may take for a request's head. A connection that stays idle is closed after the same time.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest the requests in progress may take once shutdown has begun.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves `app` until `shutdown` completes, then finishes the requests in progress.
///
/// # Errors
/// None at present: a connection that cannot be accepted is logged and the next one waited for.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let connections = GracefulShutdown::new();
    let shutting_down = ServerShutdown::default();
    let app = app.layer(Extension(shutting_down.clone()));
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let serving = connections.watch(connection(stream, peer, app.clone()));
                tokio::spawn(async move {
                    if let Err(error) = serving.await {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely; waiting lets some close.
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    shutting_down.0.cancel();
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, connections.shutdown()).await.is_err() {
        tracing::warn!("requests still in progress were cut off at shutdown");
    }
    Ok(())
}

/// Each request knows the address at the other end, as [`ConnectInfo`].
fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<AddExtension<Router, ConnectInfo<SocketAddr>>>>
{
    // Answers are small and written at once; waiting for more to send only adds latency.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection stays without TCP_NODELAY");
    }
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(
            TokioIo::new(stream),
            TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(app)),
        )
}
