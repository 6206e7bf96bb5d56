//! Verifik: registration and validation of people in a customer's projects and flows, and face recognition. Pictures
//! are sent as base64 in JSON.

mod app_registrations;
mod biometric_validations;
mod collections;
mod credits;
mod document_validations;
mod email_validations;
mod errors;
mod events;
mod face_recognition;
mod flows;
mod images;
mod lists;
mod liveness_page;
mod projects;
mod register_face;
mod search;
mod validate;

use utoipa_axum::routes;

use crate::{
    core::{caller::RecordKind, permissions::Permission},
    http::route::{Access, Route, route},
};
use images::{MAX_ONE_IMAGE_BYTES, MAX_SEVERAL_IMAGES_BYTES};

pub use errors::{ERRORS, ERRORS_OF_FACES, ERRORS_OF_VALIDATIONS, ERRORS_OF_VERSION_3};

/// Paths below which an unknown route is answered in this dialect's shape. NeuroID has routes below `/v2` too, and
/// handles all of them.
pub const PREFIXES: [&str; 2] = ["/v2/{*path}", "/v3/{*path}"];

const CAPTURE: Access = Access::ApiKey(Permission::Capture);
const REGISTRATION: Access = Access::Record(RecordKind::Registration);
const VALIDATION: Access = Access::Record(RecordKind::Validation);
const READ: Access = Access::ApiKey(Permission::ProjectsRead);
const WRITE: Access = Access::ApiKey(Permission::ProjectsWrite);
const RECORDS: Access = Access::ApiKey(Permission::TransactionsRead);

pub fn routes() -> Vec<Route> {
    vec![
        route(WRITE, routes!(projects::create_verifik_project)),
        route(READ, routes!(projects::list_verifik_projects)),
        route(READ, routes!(projects::get_verifik_project)),
        route(WRITE, routes!(projects::update_verifik_project, projects::delete_verifik_project)),
        route(WRITE, routes!(flows::create_project_flow)),
        route(READ, routes!(flows::list_project_flows)),
        route(READ, routes!(flows::get_project_flow)),
        route(CAPTURE, routes!(app_registrations::create_app_registration))
            .recorded_as("verifik.app_registration_create"),
        route(RECORDS, routes!(app_registrations::reading::list_app_registrations)),
        route(RECORDS, routes!(app_registrations::reading::get_app_registration)),
        route(WRITE, routes!(app_registrations::steps::settle_app_registration))
            .recorded_as("verifik.app_registration_settle"),
        route(REGISTRATION, routes!(app_registrations::reading::get_own_app_registration)).only_reads(),
        route(REGISTRATION, routes!(app_registrations::steps::sync_app_registration))
            .recorded_as("verifik.app_registration_sync"),
        route(REGISTRATION, routes!(register_face::validate_app_registration_face))
            .recorded_as("verifik.app_registration_face")
            .charged()
            .max_body_bytes(MAX_ONE_IMAGE_BYTES),
        route(REGISTRATION, routes!(document_validations::validate_registration_document))
            .recorded_as("verifik.document_validation")
            .charged()
            .max_body_bytes(MAX_ONE_IMAGE_BYTES),
        route(REGISTRATION, routes!(email_validations::send_registration_code))
            .recorded_as("verifik.email_validation_create"),
        route(REGISTRATION, routes!(email_validations::check_registration_code))
            .recorded_as("verifik.email_validation_validate"),
        route(RECORDS, routes!(credits::list_credits)),
        route(RECORDS, routes!(credits::get_credit)),
    ]
}

/// Routes whose errors have the shape of version 3.
pub fn version_3_routes() -> Vec<Route> {
    vec![
        route(WRITE, routes!(projects::create_verifik_project_v3)),
        route(WRITE, routes!(flows::update_project_flow_v3)),
    ]
}

pub fn validation_routes() -> Vec<Route> {
    vec![
        route(CAPTURE, routes!(biometric_validations::create_biometric_validation))
            .recorded_as("verifik.biometric_validation_create"),
        route(RECORDS, routes!(biometric_validations::list_biometric_validations)),
        route(CAPTURE, routes!(biometric_validations::restart_biometric_validation))
            .recorded_as("verifik.biometric_validation_restart"),
        route(VALIDATION, routes!(validate::validate_face))
            .recorded_as("verifik.biometric_validation_validate")
            .charged()
            .max_body_bytes(MAX_ONE_IMAGE_BYTES),
    ]
}

/// The page of a validation's link. Its token authenticates the person, so the routes allow everyone and the handlers
/// check it.
pub fn page_routes() -> Vec<Route> {
    vec![
        route(Access::Public, routes!(liveness_page::show_liveness_page)),
        route(Access::Public, routes!(liveness_page::begin_liveness_page)),
        route(Access::Public, routes!(liveness_page::send_liveness_page_code)),
        route(Access::Public, routes!(liveness_page::submit_liveness_page))
            .max_body_bytes(MAX_ONE_IMAGE_BYTES),
    ]
}

pub fn face_routes() -> Vec<Route> {
    vec![
        route(CAPTURE, routes!(face_recognition::judge_liveness))
            .recorded_as("verifik.liveness")
            .charged()
            .max_body_bytes(MAX_ONE_IMAGE_BYTES),
        route(CAPTURE, routes!(face_recognition::judge_liveness_score))
            .recorded_as("verifik.liveness_score")
            .charged()
            .max_body_bytes(MAX_ONE_IMAGE_BYTES),
        route(CAPTURE, routes!(face_recognition::compare_faces))
            .recorded_as("verifik.compare")
            .charged()
            .max_body_bytes(MAX_SEVERAL_IMAGES_BYTES),
        route(CAPTURE, routes!(face_recognition::compare_live_face))
            .recorded_as("verifik.compare_live")
            .charged()
            .max_body_bytes(MAX_SEVERAL_IMAGES_BYTES),
        route(CAPTURE, routes!(face_recognition::compare_with_liveness))
            .recorded_as("verifik.compare_with_liveness")
            .charged()
            .max_body_bytes(MAX_SEVERAL_IMAGES_BYTES),
        route(CAPTURE, routes!(search::search_person))
            .recorded_as("verifik.search")
            .charged()
            .max_body_bytes(MAX_SEVERAL_IMAGES_BYTES),
        route(CAPTURE, routes!(search::search_live_person))
            .recorded_as("verifik.search_live_face")
            .charged()
            .max_body_bytes(MAX_ONE_IMAGE_BYTES),
        route(CAPTURE, routes!(search::search_active_user))
            .recorded_as("verifik.search_active_user")
            .charged()
            .max_body_bytes(MAX_ONE_IMAGE_BYTES),
        route(CAPTURE, routes!(search::verify_person_face))
            .recorded_as("verifik.verify")
            .charged()
            .max_body_bytes(MAX_SEVERAL_IMAGES_BYTES),
        route(WRITE, routes!(collections::create_face_collection)),
        route(READ, routes!(collections::list_face_collections)),
        route(READ, routes!(collections::get_face_collection)),
        route(WRITE, routes!(collections::update_face_collection, collections::delete_face_collection)),
    ]
}
