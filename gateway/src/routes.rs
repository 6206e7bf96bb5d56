//! Every URL of the product.

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response},
    routing::{MethodRouter, delete, get, patch, post, put},
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    Gateway,
    accounts::{self, deletion, invitations, projects, second_factor, session, sign_in, users},
    api_keys, consent, cors, dashboard, docauth,
    drain::drain,
    enroll,
    error::{self, Error},
    health,
    idempotency::idempotent,
    live,
    match_faces::match_faces,
    measured,
    middleware::{bound_headers, closed_to_other_origins, identify},
    openapi, operations,
    process_video::process_video,
    rate_limit::metered,
    record::{Recorded, recorded},
    retention, rules, samples, sessions, sim_swap, subjects, transactions,
    try_it::try_it,
    upload,
    webhooks::{self, deliveries},
    what_if,
};

/// Largest body of a route that takes no file.
const MAX_JSON: usize = 64 * 1024;
/// Longest silence within a request body.
const BODY_IDLE: Duration = Duration::from_secs(15);

/// The paths with an entry below; the API's description is checked against them.
#[cfg(test)]
pub const PATHS: &[&str] = &[
    "/api-gateway/sessions/start",
    "/api-gateway/sessions/end/{id}",
    "/api-gateway/process-video",
    "/api-gateway/enroll/face",
    "/api-gateway/enroll/voice",
    "/api-gateway/match-faces",
    "/api-gateway/docauth/check",
    "/api-consent/consent",
    "/api-consent/strg-consent",
    "/api-consent/consent/{user}",
    "/api-consent/consents",
    "/api-consent/consents/export",
    "/api-transactions/transactions",
    "/api-transactions/transactions/query",
    "/api-transactions/transactions/export",
    "/api-transactions/transactions/{id}",
    "/api-transactions/transactions/{id}/samples",
    "/api-transactions/transactions/{id}/related",
    "/api-transactions/stats",
    "/api-transactions/live",
    "/api-transactions/samples/{id}",
    "/api-transactions/transactions/{id}/tags",
    "/api-transactions/transactions/{id}/flag",
    "/api-projects/public/apikeys",
    "/api-projects/public/apikeys/{id}",
    "/api-projects/keys",
    "/api-projects/subjects/{user}",
    "/api-projects/erasures/{id}",
    "/api-projects/calibration",
    "/api-projects/try-it",
    "/api-gateway/operations",
    "/api-projects/retention",
    "/api-projects/scoring-rules",
    "/api-projects/scoring-rules/schema",
    "/api-projects/scoring-rules/default",
    "/api-projects/scoring-rules/validate",
    "/api-projects/scoring-rules/what-if",
    "/api-projects/scoring-rules/assignment",
    "/api-projects/scoring-rules/{id}",
    "/api-projects/scoring-rules/{id}/versions/{version}",
    "/api-gateway/webhooks",
    "/api-gateway/webhooks/dead-letters",
    "/api-gateway/webhooks/{id}",
    "/api-gateway/webhooks/{id}/rotate",
    "/api-gateway/webhooks/{id}/test",
    "/api-gateway/webhooks/{id}/deliveries",
    "/api-gateway/webhooks/{id}/deliveries/{delivery_id}/replay",
    "/api-gateway/webhooks/{id}/dead-letters",
    "/api-gateway/webhooks/{id}/dead-letters/replay",
    "/api-projects/sim-swap",
    "/api-auth/sign-in",
    "/api-auth/second-factor",
    "/api-auth/sign-out",
    "/api-auth/me",
    "/api-auth/password",
    "/api-auth/sessions",
    "/api-auth/sessions/{id}",
    "/api-auth/totp/begin",
    "/api-auth/totp/confirm",
    "/api-auth/totp/disable",
    "/api-auth/recovery-codes",
    "/api-auth/invitations",
    "/api-auth/invitations/accept",
    "/api-auth/invitations/{id}",
    "/api-auth/users",
    "/api-auth/users/{id}",
    "/api-auth/audit",
    "/api-auth/organisation",
    "/api-auth/deletions/{id}",
    "/api-projects/projects",
    "/api-projects/projects/{id}",
    "/healthz",
    "/readyz",
];

pub fn router(gateway: Gateway) -> Router {
    let leaves = |kind, route: MethodRouter<Gateway>| {
        let recorded = from_fn_with_state(Recorded { gateway: gateway.clone(), kind }, recorded);
        // Inside of the record, so that a call that panicked is recorded as well.
        route.route_layer(CatchPanicLayer::custom(error::from_panic)).route_layer(recorded)
    };
    let upload = || DefaultBodyLimit::max(upload::MAX_BODY);
    let two_uploads = || DefaultBodyLimit::max(upload::MAX_BODY_OF_TWO);

    Router::new()
        .route("/api-gateway/sessions/start", leaves("session_start", post(sessions::start)))
        .route("/api-gateway/sessions/end/{id}", leaves("session_end", post(sessions::end)))
        .route("/api-gateway/process-video", leaves("process_video", post(process_video).layer(upload())))
        .route("/api-gateway/enroll/face", leaves("enroll_face", post(enroll::face).layer(upload())))
        .route("/api-gateway/enroll/voice", leaves("enroll_voice", post(enroll::voice).layer(upload())))
        .route("/api-gateway/match-faces", leaves("match_faces", post(match_faces).layer(two_uploads())))
        .route("/api-gateway/docauth/check", leaves("docauth_check", post(docauth::check).layer(upload())))
        .route("/api-consent/consent", leaves("consent", post(consent::authorization)))
        .route("/api-consent/strg-consent", leaves("storage_consent", post(consent::storage)))
        .route("/api-consent/consent/{user}", leaves("consent_read", get(consent::get)))
        .route("/api-consent/consents", get(consent::export::list))
        .route("/api-consent/consents/export", get(consent::export::export))
        .route("/api-transactions/transactions", get(transactions::list))
        .route("/api-transactions/transactions/query", post(transactions::query))
        .route("/api-transactions/transactions/export", get(transactions::export::export))
        .route("/api-transactions/transactions/{id}", get(transactions::get))
        .route("/api-transactions/transactions/{id}/samples", get(samples::list))
        .route("/api-transactions/samples/{id}", get(samples::open))
        .route("/api-transactions/transactions/{id}/related", get(transactions::related::related))
        .route("/api-transactions/stats", get(transactions::stats::stats))
        .route("/api-transactions/live", get(live::live))
        .route("/api-transactions/transactions/{id}/tags", put(transactions::put_tags))
        .route("/api-transactions/transactions/{id}/flag", put(transactions::put_flag))
        .route("/api-projects/public/apikeys", post(api_keys::create).get(api_keys::list))
        .route(
            "/api-projects/public/apikeys/{id}",
            get(api_keys::get).patch(api_keys::update).delete(api_keys::revoke),
        )
        .route("/api-projects/keys", get(api_keys::public_keys))
        .route("/api-projects/subjects/{user}", get(subjects::found::get).delete(subjects::erase))
        .route("/api-projects/erasures/{id}", get(subjects::receipt))
        .route("/api-projects/calibration", get(measured::tables))
        .route("/api-projects/try-it", leaves("process_video", post(try_it).layer(upload())))
        .route("/api-gateway/operations", get(operations::operations))
        .route("/api-projects/retention", get(retention::get).put(retention::put))
        .route("/api-projects/scoring-rules", post(rules::create).get(rules::list))
        .route("/api-projects/scoring-rules/schema", get(rules::schema))
        .route("/api-projects/scoring-rules/default", get(rules::default))
        .route("/api-projects/scoring-rules/validate", post(rules::validate))
        .route("/api-projects/scoring-rules/what-if", post(what_if::what_if))
        .route("/api-projects/scoring-rules/assignment", put(rules::assign))
        .route("/api-projects/scoring-rules/{id}", get(rules::get).put(rules::update))
        .route("/api-projects/scoring-rules/{id}/versions/{version}", get(rules::version))
        .route("/api-gateway/webhooks", post(webhooks::create).get(webhooks::list))
        .route("/api-gateway/webhooks/dead-letters", get(deliveries::all_dead_letters))
        .route(
            "/api-gateway/webhooks/{id}",
            get(webhooks::get).put(webhooks::update).patch(webhooks::update).delete(webhooks::delete),
        )
        .route("/api-gateway/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/api-gateway/webhooks/{id}/test", post(deliveries::test))
        .route("/api-gateway/webhooks/{id}/deliveries", get(deliveries::list))
        .route("/api-gateway/webhooks/{id}/deliveries/{delivery_id}/replay", post(deliveries::replay))
        .route("/api-gateway/webhooks/{id}/dead-letters", get(deliveries::dead_letters))
        .route("/api-gateway/webhooks/{id}/dead-letters/replay", post(deliveries::replay_dead_letters))
        .route("/api-projects/sim-swap", get(sim_swap::get).put(sim_swap::put).delete(sim_swap::delete))
        .route("/api-auth/sign-in", post(sign_in::sign_in))
        .route("/api-auth/second-factor", post(second_factor::finish))
        .route("/api-auth/sign-out", post(sign_in::sign_out))
        .route("/api-auth/me", get(sign_in::me))
        .route("/api-auth/password", post(sign_in::password))
        .route("/api-auth/sessions", get(sign_in::sessions))
        .route("/api-auth/sessions/{id}", delete(sign_in::end_session))
        .route("/api-auth/totp/begin", post(second_factor::begin))
        .route("/api-auth/totp/confirm", post(second_factor::confirm))
        .route("/api-auth/totp/disable", post(second_factor::disable))
        .route("/api-auth/recovery-codes", post(second_factor::renew))
        .route("/api-auth/invitations", get(invitations::list).post(invitations::invite))
        .route("/api-auth/invitations/accept", post(invitations::accept))
        .route("/api-auth/invitations/{id}", delete(invitations::revoke))
        .route("/api-auth/users", get(users::list))
        .route("/api-auth/users/{id}", patch(users::set_role).delete(users::remove))
        .route("/api-auth/audit", get(accounts::audit::list))
        .route("/api-auth/organisation", delete(deletion::delete))
        .route("/api-auth/deletions/{id}", get(deletion::get))
        .route("/api-projects/projects", get(projects::list).post(projects::create))
        .route("/api-projects/projects/{id}", get(projects::get).patch(projects::update))
        .merge(dashboard::routes())
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .merge(SwaggerUi::new("/docs").url("/openapi.json", openapi::description()))
        .fallback(async || Error::NoSuchRoute)
        .layer(from_fn_with_state(gateway.clone(), idempotent))
        .layer(from_fn_with_state(gateway.clone(), session::dashboard))
        .layer(DefaultBodyLimit::max(MAX_JSON))
        .layer(from_fn(bound_headers))
        .layer(from_fn(drain))
        .layer(RequestBodyTimeoutLayer::new(BODY_IDLE))
        .layer(map_response(error::as_json))
        .layer(from_fn(error::with_both_names))
        .layer(CatchPanicLayer::custom(error::from_panic))
        .layer(from_fn(metered))
        .layer(cors::layer(gateway.peers().projects.clone()))
        .layer(from_fn(closed_to_other_origins))
        .layer(from_fn(identify))
        .with_state(gateway)
}
