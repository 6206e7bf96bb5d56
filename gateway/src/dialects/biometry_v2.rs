//! Biometry API, version 2, for the web SDK 3.0.0 and the Flutter SDK 2.0.0: forms with files and a JSON part
//! `request`, answers in an envelope with the request's id, errors with a stable code. It enrolls users only on
//! request.

mod consents;
mod deepfake;
mod documents;
mod enrollments;
mod envelope;
mod errors;
mod face_match;
mod liveness;
mod request;
mod sessions;
mod verify;

use utoipa_axum::routes;

use crate::{
    core::permissions::Permission,
    http::{
        multipart::{MAX_FILE_BODY_BYTES, MAX_TWO_FILES_BODY_BYTES},
        route::{Access, Route, route},
    },
};

pub use errors::ERRORS;

pub fn routes() -> Vec<Route> {
    let capture = Access::ApiKey(Permission::Capture);
    let upload = MAX_FILE_BODY_BYTES;
    vec![
        route(capture, routes!(sessions::start_session_v2)).recorded_as("biometry_v2.session_start"),
        route(capture, routes!(sessions::end_session_v2)).recorded_as("biometry_v2.session_end"),
        route(capture, routes!(enrollments::enroll_face_v2))
            .recorded_as("biometry_v2.enroll_face")
            .max_body_bytes(upload),
        route(capture, routes!(enrollments::enroll_voice_v2))
            .recorded_as("biometry_v2.enroll_voice")
            .max_body_bytes(upload),
        route(capture, routes!(documents::check_document_v2))
            .recorded_as("biometry_v2.document_check")
            .max_body_bytes(upload),
        route(capture, routes!(liveness::check_liveness))
            .recorded_as("biometry_v2.liveness")
            .max_body_bytes(upload),
        route(capture, routes!(verify::verify_face))
            .recorded_as("biometry_v2.face_verify")
            .max_body_bytes(upload),
        route(capture, routes!(verify::verify_voice))
            .recorded_as("biometry_v2.voice_verify")
            .max_body_bytes(upload),
        route(capture, routes!(face_match::match_face_v2))
            .recorded_as("biometry_v2.face_match")
            .max_body_bytes(MAX_TWO_FILES_BODY_BYTES),
        route(capture, routes!(deepfake::create_check))
            .recorded_as("biometry_v2.deepfake_check")
            .max_body_bytes(upload),
        route(capture, routes!(deepfake::get_check)),
        route(Access::ApiKey(Permission::ProjectsWrite), routes!(consents::put_consent_text))
            .recorded_as("biometry_v2.consent_text"),
        route(Access::ApiKey(Permission::ConsentWrite), routes!(consents::approve_consent))
            .recorded_as("biometry_v2.consent_approve"),
        route(Access::ApiKey(Permission::ConsentWrite), routes!(consents::list_approvals))
            .recorded_as("biometry_v2.consent_approvals"),
    ]
}
