//! All routes of the server, audience by audience.

use axum::{Router, middleware::from_fn, routing::any};
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    core::{dialect::Dialect, error::Error},
    dialects::{biometry_v1, biometry_v2, dashboard, idv, management, neuroid, reference, verifik, web_sdk},
    http::{
        cors::cors_layer,
        error::ErrorShape,
        error_body::error_body,
        hosted_page,
        middleware::assign_request_id,
        route::{Audience, RouteTable},
        security_headers::set_security_headers,
        state::Gateway,
    },
};

/// Customers' backends and pages.
const CUSTOMERS: Audience = own(true);
/// The dashboard's own pages.
const DASHBOARD: Audience = own(false);
/// Clients of version 2 of the Biometry API.
const BIOMETRY_V2: Audience =
    Audience { dialect: Dialect::BiometryV2, errors: biometry_v2::ERRORS, cross_origin: true };
/// Clients of the Identity Verification API.
const IDV: Audience = Audience { dialect: Dialect::Idv, errors: idv::ERRORS, cross_origin: true };
/// Clients of NeuroID.
const NEUROID: Audience = Audience { dialect: Dialect::NeuroId, errors: neuroid::ERRORS, cross_origin: true };

/// Clients of Verifik; its documents have four shapes of errors.
const VERIFIK: Audience = of_verifik(verifik::ERRORS);
const VERIFIK_VERSION_3: Audience = of_verifik(verifik::ERRORS_OF_VERSION_3);
const VERIFIK_VALIDATIONS: Audience = of_verifik(verifik::ERRORS_OF_VALIDATIONS);
const VERIFIK_FACES: Audience = of_verifik(verifik::ERRORS_OF_FACES);

const fn of_verifik(errors: ErrorShape) -> Audience {
    Audience { dialect: Dialect::Verifik, errors, cross_origin: true }
}

/// An audience of this server's own API.
const fn own(cross_origin: bool) -> Audience {
    Audience { dialect: Dialect::Biometry, errors: ErrorShape::plain(error_body), cross_origin }
}

/// The whole HTTP application.
pub fn router(gateway: Gateway) -> Router {
    let cors = cors_layer(&gateway);
    let table = RouteTable::new(&gateway, cors)
        .audience(CUSTOMERS, biometry_v1::routes())
        .audience(CUSTOMERS, management::webhook_routes())
        .audience(CUSTOMERS, dashboard::operations_routes())
        .audience(CUSTOMERS, management::health_routes())
        .audience(CUSTOMERS, management::routes())
        .audience(CUSTOMERS, biometry_v1::try_it_routes())
        .audience(DASHBOARD, dashboard::account_routes())
        .audience(DASHBOARD, dashboard::project_routes())
        .audience(BIOMETRY_V2, biometry_v2::routes())
        .undescribed(BIOMETRY_V2, unknown_routes(&["/api-gateway/v2/{*path}"]))
        .audience(IDV, idv::routes())
        .undescribed(IDV, unknown_routes(&["/verif/{*path}"]))
        .audience(NEUROID, neuroid::routes())
        .undescribed(NEUROID, unknown_routes(&["/neuroid/{*path}"]))
        .audience(VERIFIK, verifik::routes())
        .audience(VERIFIK_VERSION_3, verifik::version_3_routes())
        .audience(VERIFIK_VALIDATIONS, verifik::validation_routes())
        .audience(VERIFIK_VALIDATIONS, verifik::page_routes())
        .audience(VERIFIK_FACES, verifik::face_routes())
        .undescribed(VERIFIK, unknown_routes(&verifik::PREFIXES))
        .undescribed(DASHBOARD, dashboard::asset_routes())
        .undescribed(CUSTOMERS, web_sdk::asset_routes())
        .undescribed(DASHBOARD, hosted_page::asset_routes())
        .undescribed(CUSTOMERS, reference::page_routes())
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
