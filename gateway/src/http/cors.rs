//! CORS. A preflight has no key, so it is allowed for an origin of the installation or of any project. The call
//! itself has the key, and is rejected if neither the installation nor the key's own project allows the origin.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderValue, Method, header};
use moka::future::Cache;
use tonic::Status;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    core::origins::is_origin_allowed,
    http::{headers, idempotency, rate_limit, state::Gateway},
};

/// Lifetime and number of cached results.
const ORIGIN_TTL: Duration = Duration::from_secs(30);
const MAX_CACHED_ORIGINS: u64 = 10_000;
/// Longest origin that is looked up.
const MAX_ORIGIN_BYTES: usize = 255;

/// Looks up and caches whether any project allows an origin.
struct Origins {
    gateway: Gateway,
    cached: Cache<String, bool>,
}

impl Origins {
    async fn allow(&self, origin: HeaderValue) -> bool {
        let Some(origin) = origin.to_str().ok().filter(|origin| origin.len() <= MAX_ORIGIN_BYTES) else {
            return false;
        };
        if self.gateway.config().allows_origin(origin) {
            return true;
        }
        let lookup = is_origin_allowed(self.gateway.core(), origin);
        let answer = self.cached.try_get_with_by_ref(origin, lookup).await;
        answer.unwrap_or_else(|status: Arc<Status>| {
            tracing::warn!(code = ?status.code(), "CORS origin lookup failed");
            false
        })
    }
}

/// The CORS layer, which looks origins up in the settings and in the projects service.
pub fn cors_layer(gateway: &Gateway) -> CorsLayer {
    let cached = Cache::builder().max_capacity(MAX_CACHED_ORIGINS).time_to_live(ORIGIN_TTL).build();
    let origins = Arc::new(Origins { gateway: gateway.clone(), cached });
    let allowed = AllowOrigin::async_predicate(move |origin, _| async move { origins.allow(origin).await });
    let sent =
        headers::ACCEPTED.into_iter().chain([header::AUTHORIZATION, header::CONTENT_TYPE, idempotency::KEY]);
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(sent.collect::<Vec<_>>())
        .expose_headers([
            headers::REQUEST_ID,
            headers::AUTO_ENROLL,
            headers::REMOVED_SERVICES,
            headers::CONSENT_PROMISE,
            idempotency::REPLAYED,
            rate_limit::POLICY,
            rate_limit::REMAINING,
            header::RETRY_AFTER,
        ])
        .max_age(Duration::from_secs(3600))
}
