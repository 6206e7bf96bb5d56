//! Rate, errors and duration of calls, as metrics. Without a recorder the macros do nothing.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tonic::{Code, Status, body::Body};

/// The end of a call that measures it.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Client => ("biometry_rpc_client_calls_total", "biometry_rpc_client_duration_seconds"),
            Self::Server => ("biometry_rpc_server_calls_total", "biometry_rpc_server_duration_seconds"),
        }
    }
}

/// One call from its start until its response was read completely, or dropped.
pub(crate) struct Observed {
    side: Side,
    method: String,
    started: Instant,
    code: Option<Code>,
}

impl Observed {
    pub fn start(side: Side, method: &str) -> Self {
        Self { side, method: method.to_owned(), started: Instant::now(), code: None }
    }

    /// Follows `response` to its trailers, which hold the gRPC status.
    pub fn follow(mut self, response: Response<Body>) -> Response<Body> {
        // A response that is not gRPC has an HTTP status only.
        let other = (!response.status().is_success()).then_some(Code::Unimplemented);
        self.code = code_in(response.headers()).or(other);
        response.map(|body| {
            // All of `self` is moved, so that it is dropped with the body.
            let mut observed = self;
            Body::new(body.map_frame(move |frame| {
                observed.see(&frame);
                frame
            }))
        })
    }

    fn see(&mut self, frame: &Frame<Bytes>) {
        if let Some(trailers) = frame.trailers_ref() {
            self.code = code_in(trailers);
        }
    }

    /// The call ended without a response.
    pub fn fail(mut self, status: &Status) {
        self.code = Some(status.code());
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        // A caller may request any path; only existing methods become a time series.
        let method = if code == Code::Unimplemented { "unknown" } else { self.method.as_str() };
        let (calls, duration) = self.side.names();
        let labels = [("method", method.to_owned()), ("code", format!("{code:?}"))];
        metrics::counter!(calls, &labels).increment(1);
        metrics::histogram!(duration, &labels[..1]).record(self.started.elapsed());
    }
}

fn code_in(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()))
}
