//! Time limits of request bodies: idle time, least rate, and a total by route.
//!
//! A slower client gets 408. The body's error is detected wherever it is read ([`is_late`]).

use std::{
    error::Error as StdError,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{
    config::ConnectionLimits,
    http::{
        listener::connections::{Connection, Phase},
        state::Gateway,
    },
};

/// A body whose client is too slow.
#[derive(Debug, thiserror::Error)]
#[error("the request body was not sent in time")]
pub struct Late;

/// Whether an error of reading a body is due to [`Late`].
pub fn is_late(error: &(dyn StdError + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(<dyn StdError>::is::<Late>)
}

/// The total time of a request's body, in seconds; a route for files raises it.
#[derive(Clone, Debug)]
pub struct TotalTime(Arc<AtomicU64>);

/// Middleware around everything that reads bodies.
pub async fn limit_body_time(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let limits = gateway.config().connections.clone();
    let total = TotalTime(Arc::new(AtomicU64::new(limits.body_seconds)));
    let connection = request.extensions().get::<Arc<Connection>>().cloned();
    request.extensions_mut().insert(total.clone());
    next.run(request.map(|body| Body::new(TimedBody::new(body, limits, total, connection)))).await
}

/// Middleware of routes that take files.
pub async fn allow_upload_time(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    if let Some(TotalTime(seconds)) = request.extensions().get() {
        seconds.store(gateway.config().upload_seconds, Ordering::Relaxed);
    }
    next.run(request).await
}

struct TimedBody {
    body: Body,
    limits: ConnectionLimits,
    total: TotalTime,
    connection: Option<Arc<Connection>>,
    began: Instant,
    /// Bytes of this window, and the time spent waiting for the client in it. The server's own work does not count.
    bytes: u64,
    waited: Duration,
    waiting: Option<Waiting>,
    timer: Pin<Box<Sleep>>,
}

/// Waiting for the client.
#[derive(Clone, Copy)]
struct Waiting {
    /// Since its last byte, and since when in this window.
    silent_since: Instant,
    since: Instant,
}

impl TimedBody {
    fn new(
        body: Body,
        limits: ConnectionLimits,
        total: TotalTime,
        connection: Option<Arc<Connection>>,
    ) -> Self {
        let began = Instant::now();
        let timer = Box::pin(sleep_until(began));
        let waited = Duration::ZERO;
        Self { body, limits, total, connection, began, bytes: 0, waited, waiting: None, timer }
    }

    fn enter(&self, phase: Phase) {
        if let Some(connection) = &self.connection {
            connection.enter(phase);
        }
    }

    /// Records received data, or the end.
    fn received(&mut self, bytes: usize) {
        if let Some(waiting) = self.waiting.take() {
            self.waited += waiting.since.elapsed();
            self.enter(Phase::Work);
        }
        self.bytes += bytes as u64;
    }

    /// Ready when the client is too slow.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = Instant::now();
            if self.waiting.is_none() {
                self.enter(Phase::Body);
            }
            let waiting = *self.waiting.get_or_insert(Waiting { silent_since: now, since: now });
            let window = Duration::from_secs(self.limits.silence_seconds);
            let total_until = self.began + Duration::from_secs(self.total.0.load(Ordering::Relaxed));
            let silent_until = waiting.silent_since + window;
            let window_until = waiting.since + window.saturating_sub(self.waited);
            if now >= total_until || now >= silent_until {
                return Poll::Ready(());
            }
            if now >= window_until {
                if self.bytes < self.limits.body_bytes_per_second * self.limits.silence_seconds {
                    return Poll::Ready(());
                }
                (self.bytes, self.waited) = (0, Duration::ZERO);
                self.waiting = Some(Waiting { since: now, ..waiting });
                continue;
            }
            self.timer.as_mut().reset(total_until.min(silent_until).min(window_until));
            std::task::ready!(self.timer.as_mut().poll(context));
        }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Pending => self.poll_late(context).map(|()| Some(Err(axum::Error::new(Late)))),
            Poll::Ready(frame) => {
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                let bytes = data.map_or(0, Bytes::len);
                self.received(bytes);
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use futures::stream;

    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const LIMITS: ConnectionLimits = ConnectionLimits {
        max: 1,
        per_address: 1,
        idle_seconds: 1,
        head_seconds: 1,
        body_seconds: 1,
        silence_seconds: 1,
        body_bytes_per_second: 1024,
        write_bytes_per_second: 1024,
    };

    /// Reads a body of `chunks` pieces of `bytes` bytes, one each `pause`; returns the seconds, and whether it was late.
    async fn read(chunks: usize, bytes: usize, pause: Duration, total: u64) -> (u64, bool) {
        let pieces = stream::unfold(0, move |sent| async move {
            if sent == chunks {
                return None;
            }
            tokio::time::sleep(pause).await;
            Some((Ok::<_, std::io::Error>(Bytes::from(vec![0; bytes])), sent + 1))
        });
        let total = TotalTime(Arc::new(AtomicU64::new(total)));
        let body = TimedBody::new(Body::from_stream(pieces), LIMITS, total, None);
        let began = Instant::now();
        let read = to_bytes(Body::new(body), usize::MAX).await;
        (began.elapsed().as_secs(), read.is_err_and(|error| is_late(&error)))
    }

    #[tokio::test]
    async fn silence_a_trickle_and_too_long_a_time_are_late() {
        let (silence, trickle, long) = tokio::join!(
            read(1, 10, 5000 * MS, 60),
            read(100, 1, 100 * MS, 60),
            read(100, 1000, 100 * MS, 3),
        );
        assert_eq!((silence, trickle, long), ((1, true), (1, true), (3, true)));
    }

    #[tokio::test]
    async fn a_client_at_the_minimum_rate_is_served() {
        let (long, small) = tokio::join!(read(30, 500, 100 * MS, 60), read(2, 10, 300 * MS, 60));
        assert!(!long.1 && long.0 >= 3, "{long:?}");
        assert_eq!(small, (0, false), "a small body may take its time");
    }
}
