//! Biometry API, version 1: sessions, consent and verification, in two response formats. `sdk` is for clients that use
//! the types of the vendor's client library: scores are from 0 to 1, and the code of success is 0.

mod chip_files;
mod consent;
mod consent_export;
mod consent_log;
mod docauth;
mod document_data;
mod enroll;
mod match_faces;
mod process_video;
mod responses;
mod sessions;
mod subject;
mod try_it;

use utoipa_axum::routes;

use crate::{
    core::permissions::Permission as P,
    http::{
        multipart::{MAX_FILE_BODY_BYTES, MAX_TWO_FILES_BODY_BYTES},
        route::{Access, Route, route},
    },
};

pub fn routes() -> Vec<Route> {
    use Access::Project;
    let capture = Access::ApiKey(P::Capture);
    let upload = MAX_FILE_BODY_BYTES;
    vec![
        route(capture, routes!(sessions::start_session)).recorded_as("session_start"),
        route(capture, routes!(sessions::create_challenge)).recorded_as("session_challenge"),
        route(capture, routes!(sessions::end_session)).recorded_as("session_end"),
        route(capture, routes!(process_video::process_video))
            .recorded_as("process_video")
            .max_body_bytes(upload),
        route(capture, routes!(enroll::enroll_face)).recorded_as("enroll_face").max_body_bytes(upload),
        route(capture, routes!(enroll::enroll_voice)).recorded_as("enroll_voice").max_body_bytes(upload),
        route(capture, routes!(match_faces::match_faces))
            .recorded_as("match_faces")
            .max_body_bytes(MAX_TWO_FILES_BODY_BYTES),
        route(capture, routes!(docauth::check_document)).recorded_as("docauth_check").max_body_bytes(upload),
        route(Project(P::ConsentWrite), routes!(consent::record_authorization_consent))
            .recorded_as("consent"),
        route(Project(P::ConsentWrite), routes!(consent::record_storage_consent))
            .recorded_as("storage_consent"),
        route(Project(P::ConsentRead), routes!(consent::get_consent)).recorded_as("consent_read"),
        route(Project(P::SubjectsRead), routes!(consent_export::list_consents)),
        route(Project(P::SubjectsRead), routes!(consent_export::export_consents)),
        route(Project(P::ConsentRead), routes!(consent_log::get_checkpoint)),
        route(Project(P::ConsentRead), routes!(consent_log::get_inclusion)),
        route(Project(P::ConsentRead), routes!(consent_log::get_consistency)),
        route(Project(P::ConsentRead), routes!(consent_log::get_log_keys)),
    ]
}

/// process-video for the dashboard, among the routes of its projects.
pub fn try_it_routes() -> Vec<Route> {
    vec![
        route(Access::Project(P::TryIt), routes!(try_it::try_process_video))
            .recorded_as("process_video")
            .max_body_bytes(MAX_FILE_BODY_BYTES),
    ]
}
