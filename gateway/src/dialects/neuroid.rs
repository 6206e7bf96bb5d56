//! NeuroID: fingerprints, faces and identity cards of people who are identified by a mobile number. Its scores are
//! distances: a smaller score means a better match.

mod answers;
mod enroll_fp;
mod errors;
mod form;
mod match_faces;
mod verify;
mod verify_card;
mod verify_fp;

use utoipa_axum::routes;

use crate::{
    core::permissions::Permission,
    http::{
        multipart::{MAX_FILE_BODY_BYTES, MAX_FILE_BYTES, MAX_TWO_FILES_BODY_BYTES},
        route::{Access, Route, route},
    },
};

pub use errors::ERRORS;

/// The alternative prefix of its routes.
const PREFIX: &str = "/neuroid";
/// Largest body with three files.
const MAX_THREE_FILES_BODY_BYTES: usize = MAX_TWO_FILES_BODY_BYTES + MAX_FILE_BYTES;

pub fn routes() -> Vec<Route> {
    own_routes().into_iter().chain(own_routes().into_iter().map(|route| route.under(PREFIX))).collect()
}

fn own_routes() -> Vec<Route> {
    let capture = Access::ApiKey(Permission::Capture);
    vec![
        route(capture, routes!(verify::verify))
            .recorded_as("neuroid.verify")
            .max_body_bytes(MAX_THREE_FILES_BODY_BYTES),
        route(capture, routes!(enroll_fp::enroll_fingerprint))
            .recorded_as("neuroid.enroll_fp")
            .max_body_bytes(MAX_FILE_BODY_BYTES),
        route(capture, routes!(verify_fp::verify_fingerprint))
            .recorded_as("neuroid.verify_fp")
            .max_body_bytes(MAX_FILE_BODY_BYTES),
        route(capture, routes!(match_faces::match_faces_with_card))
            .recorded_as("neuroid.match_faces")
            .max_body_bytes(MAX_TWO_FILES_BODY_BYTES),
        route(capture, routes!(verify_card::verify_card))
            .recorded_as("neuroid.verify_card")
            .max_body_bytes(MAX_FILE_BODY_BYTES),
    ]
}
