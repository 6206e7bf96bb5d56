//! The listener: HTTP/1.1 with bounds on headers, connections and patience.

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

use crate::live::Closing;

/// What the server reads of a request's head at most. More than any client may send ([`crate::headers::MAX_TOTAL`]), so
/// that a client with a megabyte of device info reads a refusal instead of a closed connection.
pub const MAX_HEADER_BYTES: usize = 1280 * 1024;
/// Connections at a time; the next one waits to be accepted.
const MAX_CONNECTIONS: usize = 1024;
/// Longest a client may take for a request's head. A connection that stays idle is closed after the same time.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Longest the requests under way may take once shutdown has begun.
const SHUTDOWN_TIME: Duration = Duration::from_secs(30);

/// Serves `app` until `shutdown` completes, then finishes the requests under way.
///
/// # Errors
/// None at present: a connection that cannot be accepted is logged and the next one waited for.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let connections = GracefulShutdown::new();
    let closing = Closing::default();
    let app = app.layer(Extension(closing.clone()));
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
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
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely; waiting lets some close.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    closing.0.cancel();
    if tokio::time::timeout(SHUTDOWN_TIME, connections.shutdown()).await.is_err() {
        tracing::warn!("requests still under way were cut off at shutdown");
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
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(
            TokioIo::new(stream),
            TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(app)),
        )
}
