//! Pages of other origins whose scripts may call.
//!
//! A browser asks before it calls, and that question carries no key: it is answered yes for an origin that any project
//! allows. The call itself carries the key, and is refused where the key's own project does not allow the page.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderValue, Method, header};
use moka::future::Cache;
use proto::projects::{AllowsOriginRequest, projects_client::ProjectsClient};
use rpc::Transport;
use tonic::Status;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{headers, idempotency, middleware, rate_limit};

/// For so long an answer is remembered, and so many are.
const REMEMBERED: Duration = Duration::from_secs(30);
const ORIGINS: u64 = 10_000;
/// A longer one is no origin.
const MAX_ORIGIN: usize = 255;

/// Asks whether any project allows an origin.
struct Origins {
    projects: ProjectsClient<Transport>,
    known: Cache<String, bool>,
}

impl Origins {
    async fn allow(&self, origin: HeaderValue) -> bool {
        let Some(origin) = origin.to_str().ok().filter(|origin| origin.len() <= MAX_ORIGIN) else {
            return false;
        };
        let ask = async {
            let request = AllowsOriginRequest { origin: origin.to_owned() };
            let answer = self.projects.clone().allows_origin(request).await?;
            Ok::<_, Status>(answer.into_inner().allowed)
        };
        let answer = self.known.try_get_with_by_ref(origin, ask).await;
        answer.unwrap_or_else(|status: Arc<Status>| {
            tracing::warn!(code = ?status.code(), "whether an origin is allowed could not be asked");
            false
        })
    }
}

/// Says so to browsers, on the question and on the answer.
pub fn layer(projects: Transport) -> CorsLayer {
    let known = Cache::builder().max_capacity(ORIGINS).time_to_live(REMEMBERED).build();
    let origins = Arc::new(Origins { projects: ProjectsClient::new(projects), known });
    let allowed = AllowOrigin::async_predicate(move |origin, _| async move { origins.allow(origin).await });
    let sent =
        headers::ACCEPTED.into_iter().chain([header::AUTHORIZATION, header::CONTENT_TYPE, idempotency::KEY]);
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(sent.collect::<Vec<_>>())
        .expose_headers([
            middleware::REQUEST_ID,
            middleware::AUTO_ENROLL,
            middleware::REMOVED_SERVICES,
            idempotency::REPLAYED,
            rate_limit::POLICY,
            rate_limit::STANDING,
            header::RETRY_AFTER,
        ])
        .max_age(Duration::from_secs(3600))
}
