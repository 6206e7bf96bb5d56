//! Accepts TLS connections: each handshake in a separate task, so that a slow one does not delay others.

use std::{io, time::Duration};

use futures::Stream;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::wrappers::ReceiverStream;

use crate::tls::ServerTls;

/// Longest duration of a handshake.
const MAX_HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// Concurrent handshakes; further connections wait in the listener's backlog.
const MAX_HANDSHAKES: usize = 64;
/// Time for descriptors to become free after an accept failed.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Returns the connections of `listener` with a completed handshake. Accepting ends when the stream is dropped.
pub(crate) fn tls(
    listener: TcpListener,
    mut tls: ServerTls,
) -> impl Stream<Item = io::Result<TlsStream<TcpStream>>> {
    let (sender, accepted) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut handshakes = JoinSet::new();
        loop {
            while handshakes.len() >= MAX_HANDSHAKES {
                handshakes.join_next().await;
            }
            let connection = tokio::select! {
                connection = listener.accept() => connection,
                () = sender.closed() => return,
            };
            match connection {
                Ok((stream, _)) => {
                    let acceptor = TlsAcceptor::from(tls.current());
                    let sender = sender.clone();
                    handshakes.spawn(async move { handshake(&acceptor, stream, &sender).await });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
            while handshakes.try_join_next().is_some() {}
        }
    });
    ReceiverStream::new(accepted)
}

async fn handshake(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    sender: &mpsc::Sender<io::Result<TlsStream<TcpStream>>>,
) {
    match tokio::time::timeout(MAX_HANDSHAKE_TIME, acceptor.accept(stream)).await {
        // The receiver is dropped only when the server ends.
        Ok(Ok(stream)) => drop(sender.send(Ok(stream)).await),
        Ok(Err(error)) => tracing::warn!(%error, "a TLS handshake failed"),
        Err(_) => tracing::warn!("a TLS handshake took too long"),
    }
}
