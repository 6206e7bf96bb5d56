//! The Identity Verification API: a capture page; a form with a selfie video and the photo of an identity document; the
//! result in the response and at the tenant's webhook. The key is sent in the form or the query.

mod answers;
mod errors;
mod page;
mod submit;

use utoipa_axum::routes;

use crate::http::{
    multipart::MAX_TWO_FILES_BODY_BYTES,
    route::{Access, Route, route},
};

pub use errors::ERRORS;

/// The key is in the form, so the routes allow everyone and the handlers authenticate.
pub fn routes() -> Vec<Route> {
    vec![
        route(Access::Public, routes!(page::show_verification_page)),
        route(Access::Public, routes!(submit::submit_verification)).max_body_bytes(MAX_TWO_FILES_BODY_BYTES),
    ]
}
