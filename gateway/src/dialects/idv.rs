//! The Identity Verification API: a page to capture, a selfie video and the photo of an identity document in one form, the result in the answer
//! and at the tenant's webhook. Its key travels in the form or the query.

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

/// The key comes with the form, so the routes let everybody in and the handlers do not.
pub fn routes() -> Vec<Route> {
    vec![
        route(Access::Public, routes!(page::show_verification_page)),
        route(Access::Public, routes!(submit::submit_verification)).max_body_bytes(MAX_TWO_FILES_BODY_BYTES),
    ]
}
