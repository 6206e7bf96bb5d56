//! All routes of the server, audience by audience.

use axum::{Router, middleware::from_fn, routing::any};
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    core::error::Error,
    dialects::{biometry_v1, dashboard, management, web_sdk},
    http::{
        cors::cors_layer,
        middleware::assign_request_id,
        route::{Audience, RouteTable},
        security_headers::set_security_headers,
        state::Gateway,
    },
};

/// Customers' backends and pages.
const CUSTOMERS: Audience = Audience { error_body: biometry_v1::error_body, cross_origin: true };
/// The same, on the routes whose clients read errors as `message`.
const MANAGEMENT: Audience = Audience { error_body: management::error_body, cross_origin: true };
/// The dashboard's own pages.
const DASHBOARD: Audience = Audience { error_body: biometry_v1::error_body, cross_origin: false };
const DASHBOARD_PROJECTS: Audience = Audience { error_body: management::error_body, cross_origin: false };

/// The whole HTTP application.
pub fn router(gateway: Gateway) -> Router {
    let cors = cors_layer(&gateway);
    let table = RouteTable::new(&gateway, cors)
        .audience(CUSTOMERS, biometry_v1::routes())
        .audience(CUSTOMERS, management::webhook_routes())
        .audience(CUSTOMERS, dashboard::operations_routes())
        .audience(CUSTOMERS, management::health_routes())
        .audience(MANAGEMENT, management::routes())
        .audience(MANAGEMENT, biometry_v1::try_it_routes())
        .audience(DASHBOARD, dashboard::account_routes())
        .audience(DASHBOARD_PROJECTS, dashboard::project_routes())
        .undescribed(DASHBOARD, dashboard::asset_routes())
        .undescribed(CUSTOMERS, web_sdk::asset_routes())
        .undescribed(MANAGEMENT, unknown_routes(&["/api-projects/{*path}", "/api-transactions/{*path}"]))
        .undescribed(CUSTOMERS, Router::new().fallback(async || Error::RouteNotFound));
    let docs = Router::from(SwaggerUi::new("/docs").url("/openapi.json", table.openapi()));
    let router = table.undescribed(CUSTOMERS, docs).into_router();
    router.layer(from_fn(assign_request_id)).layer(from_fn(set_security_headers)).with_state(gateway)
}

/// Answers unknown routes under a prefix in the shape of its audience.
fn unknown_routes(prefixes: &[&str]) -> Router<Gateway> {
    let route =
        |router: Router<Gateway>, prefix: &&str| router.route(prefix, any(async || Error::RouteNotFound));
    prefixes.iter().fold(Router::new(), route)
}
