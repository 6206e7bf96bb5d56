//! Calls to a remote service, with one or several replicas.

use std::{sync::Arc, time::Duration};

use http::{Request, Response};
use secrecy::{ExposeSecret, SecretString};
use tonic::{Status, body::Body};
use tower::{
    retry::budget::{Budget, TpsBudget},
    service_fn,
};

use crate::{
    Transport, auth,
    pool::{CallError, Pool},
    replay::{Replay, buffer_small},
    tls::ClientTls,
    transport::with_deadline,
};

/// Retries may add at most this share to the calls of a service, besides [`MIN_RETRIES_PER_SECOND`].
const MAX_RETRY_SHARE: f32 = 0.1;
const MIN_RETRIES_PER_SECOND: u32 = 2;
/// The time over which the share is measured.
const RETRY_WINDOW: Duration = Duration::from_secs(10);
/// Upper bound of the random delay of a retry, so that the callers of a failed replica do not retry in step.
const MAX_RETRY_JITTER_MS: u64 = 25;

/// Configuration of a remote service.
pub struct Remote {
    /// Base addresses, `http(s)://host:port`, separated by commas. A name with several addresses counts as several.
    urls: String,
    deadline: Duration,
    token: Option<SecretString>,
    tls: Option<ClientTls>,
    is_idempotent: fn(&str) -> bool,
}

impl Remote {
    /// A service at `urls`, with `deadline` for each call.
    pub fn new(urls: impl Into<String>, deadline: Duration) -> Self {
        Self { urls: urls.into(), deadline, token: None, tls: None, is_idempotent: |_| false }
    }

    /// Sends `token` with each call; empty means none.
    #[must_use]
    pub fn token(mut self, token: Option<SecretString>) -> Self {
        self.token = token.filter(|t| !t.expose_secret().is_empty());
        self
    }

    /// Presents a client certificate and accepts only servers of the deployment's own authority.
    #[must_use]
    pub fn tls(mut self, tls: Option<ClientTls>) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the methods (`/package.Service/Method`) that may be retried. A call that was never sent is retried anyway.
    #[must_use]
    pub fn idempotent(mut self, is_idempotent: fn(&str) -> bool) -> Self {
        self.is_idempotent = is_idempotent;
        self
    }

    /// Returns the transport. Connections are opened by the first calls and kept open by health checks.
    ///
    /// # Errors
    /// When an address is not an absolute http(s) address, or TLS is missing for https or cannot be loaded.
    pub fn connect(self) -> Result<Transport, Status> {
        let pool = Pool::start(&self.urls, self.tls)?;
        let caller = Arc::new(Caller {
            pool,
            token: self.token,
            is_idempotent: self.is_idempotent,
            budget: TpsBudget::new(RETRY_WINDOW, MIN_RETRIES_PER_SECOND, MAX_RETRY_SHARE),
        });
        let call = service_fn(move |request: Request<Body>| {
            let caller = Arc::clone(&caller);
            async move { caller.call(request).await }
        });
        Ok(with_deadline(call, self.deadline))
    }
}

/// Connects to the service at `urls`; see [`Remote`].
///
/// # Errors
/// Those of [`Remote::connect`].
pub fn remote(urls: &str, deadline: Duration, token: Option<SecretString>) -> Result<Transport, Status> {
    Remote::new(urls, deadline).token(token).connect()
}

struct Caller {
    pool: Pool,
    token: Option<SecretString>,
    is_idempotent: fn(&str) -> bool,
    budget: TpsBudget,
}

impl Caller {
    async fn call(&self, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        if let Some(token) = &self.token {
            auth::attach(request.headers_mut(), token)?;
        }
        self.budget.deposit();
        let (parts, body) = request.into_parts();
        let (body, replay) = match buffer_small(body).await? {
            Replay::Whole(bytes) => (Body::new(http_body_util::Full::new(bytes.clone())), Some(bytes)),
            Replay::Streamed(body) => (body, None),
        };
        let first = self.pool.pick(None).await?;
        let failed_at = first.address();
        let error = match first.call(Request::from_parts(parts.clone(), body)).await {
            Ok(response) if !is_unavailable(&response) => return Ok(response),
            Ok(response) => CallError::Answered(response),
            Err(error) => error,
        };
        let in_time = !matches!(error, CallError::TimedOut);
        let may_repeat = in_time && (error.never_sent() || (self.is_idempotent)(parts.uri.path()));
        match replay {
            Some(bytes) if may_repeat && self.budget.withdraw() => {
                metrics::counter!("biometry_rpc_client_retries_total").increment(1);
                tokio::time::sleep(retry_jitter()).await;
                let second = self.pool.pick(Some(failed_at)).await?;
                let body = Body::new(http_body_util::Full::new(bytes));
                second.call(Request::from_parts(parts, body)).await.or_else(CallError::into_answer)
            }
            _ => error.into_answer(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "spreads the retries of several processes")]
fn retry_jitter() -> Duration {
    Duration::from_millis(fastrand::u64(..=MAX_RETRY_JITTER_MS))
}

/// Whether the service rejected the call before any effect (it is draining, or its database is unreachable).
fn is_unavailable(response: &Response<Body>) -> bool {
    response.headers().get("grpc-status").is_some_and(|status| status == "14")
}
