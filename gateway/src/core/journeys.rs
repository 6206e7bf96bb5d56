//! Journeys: projects, flows, registrations and validations of the caller's project, and the tokens of their records.

use proto::journeys as wire;
use tonic::{Response, Status};

use crate::core::{
    Core,
    authentication::sign_record_token,
    caller::{Caller, RecordKind},
    error::Error,
    record::TransactionRecord,
    verification::Subject,
};

/// Lifetimes of the tokens of records.
const REGISTRATION_SECONDS: u32 = 120 * 60;
const VALIDATION_SECONDS: u32 = 30 * 60;

/// A page of a list, from 1.
#[derive(Clone, Copy, Debug)]
pub struct PageAsked {
    pub number: u32,
    pub limit: u32,
}

/// Returns the user identifier of a registration.
pub fn registration_subject(id: &str) -> Subject {
    Subject { user_fullname: Some(format!("registration:{id}")), ..Subject::default() }
}

fn done<T>(answer: Result<Response<T>, Status>) -> Result<T, Error> {
    Ok(answer?.into_inner())
}

fn named(caller: &Caller, id: &str) -> wire::RecordRequest {
    wire::RecordRequest { project_id: caller.project_id.clone(), id: id.to_owned() }
}

fn list(caller: &Caller, of: &str, page: PageAsked) -> wire::ListRequest {
    wire::ListRequest {
        project_id: caller.project_id.clone(),
        journey_project_id: of.to_owned(),
        page: page.number,
        limit: page.limit,
    }
}

/// # Errors
/// 400 names a field; 409 PROJECT_NAME_EXISTS.
pub async fn create_project(
    core: &Core,
    caller: &Caller,
    details: wire::ProjectDetails,
) -> Result<wire::JourneyProject, Error> {
    let request =
        wire::CreateProjectRequest { project_id: caller.project_id.clone(), details: Some(details) };
    done(core.services().journeys().create_project(request).await)
}

/// # Errors
/// As [`create_project`]; 404.
pub async fn update_project(
    core: &Core,
    caller: &Caller,
    id: &str,
    details: wire::ProjectDetails,
) -> Result<wire::JourneyProject, Error> {
    let (project_id, id) = (caller.project_id.clone(), id.to_owned());
    let request = wire::UpdateProjectRequest { project_id, id, details: Some(details) };
    done(core.services().journeys().update_project(request).await)
}

/// # Errors
/// 404.
pub async fn get_project(core: &Core, caller: &Caller, id: &str) -> Result<wire::JourneyProject, Error> {
    done(core.services().journeys().get_project(named(caller, id)).await)
}

/// # Errors
/// When the service does not answer.
pub async fn list_projects(
    core: &Core,
    caller: &Caller,
    page: PageAsked,
) -> Result<wire::ListProjectsResponse, Error> {
    done(core.services().journeys().list_projects(list(caller, "", page)).await)
}

/// # Errors
/// 404; 409 while there are persons in its collection.
pub async fn delete_project(core: &Core, caller: &Caller, id: &str) -> Result<(), Error> {
    done(core.services().journeys().delete_project(named(caller, id)).await).map(drop)
}

/// # Errors
/// 400 names a field; 404.
pub async fn create_flow(
    core: &Core,
    caller: &Caller,
    project: &str,
    settings: wire::FlowSettings,
) -> Result<wire::Flow, Error> {
    let (project_id, journey_project_id) = (caller.project_id.clone(), project.to_owned());
    let request = wire::CreateFlowRequest { project_id, journey_project_id, settings: Some(settings) };
    done(core.services().journeys().create_flow(request).await)
}

/// # Errors
/// 400 names a field; 404.
pub async fn update_flow(
    core: &Core,
    caller: &Caller,
    id: &str,
    settings: wire::FlowSettings,
) -> Result<wire::Flow, Error> {
    let (project_id, id) = (caller.project_id.clone(), id.to_owned());
    let request = wire::UpdateFlowRequest { project_id, id, settings: Some(settings) };
    done(core.services().journeys().update_flow(request).await)
}

/// # Errors
/// 404.
pub async fn get_flow(core: &Core, caller: &Caller, id: &str) -> Result<wire::Flow, Error> {
    done(core.services().journeys().get_flow(named(caller, id)).await)
}

/// # Errors
/// When the service does not answer.
pub async fn list_flows(
    core: &Core,
    caller: &Caller,
    project: &str,
    page: PageAsked,
) -> Result<wire::ListFlowsResponse, Error> {
    done(core.services().journeys().list_flows(list(caller, project, page)).await)
}

/// # Errors
/// 400 names a field.
pub async fn create_collection(
    core: &Core,
    caller: &Caller,
    name: String,
    description: String,
) -> Result<wire::Collection, Error> {
    let project_id = caller.project_id.clone();
    let request = wire::CreateCollectionRequest { project_id, name, description };
    done(core.services().journeys().create_collection(request).await)
}

/// # Errors
/// 400 names a field; 404.
pub async fn update_collection(
    core: &Core,
    caller: &Caller,
    id: &str,
    (name, description): (Option<String>, Option<String>),
) -> Result<wire::Collection, Error> {
    let (project_id, id) = (caller.project_id.clone(), id.to_owned());
    let request = wire::UpdateCollectionRequest { project_id, id, name, description };
    done(core.services().journeys().update_collection(request).await)
}

/// # Errors
/// 404.
pub async fn get_collection(core: &Core, caller: &Caller, id: &str) -> Result<wire::Collection, Error> {
    done(core.services().journeys().get_collection(named(caller, id)).await)
}

/// # Errors
/// When the service does not answer.
pub async fn list_collections(
    core: &Core,
    caller: &Caller,
    page: PageAsked,
) -> Result<wire::ListCollectionsResponse, Error> {
    done(core.services().journeys().list_collections(list(caller, "", page)).await)
}

/// # Errors
/// 404; 409 while there are persons in it.
pub async fn delete_collection(core: &Core, caller: &Caller, id: &str) -> Result<(), Error> {
    done(core.services().journeys().delete_collection(named(caller, id)).await).map(drop)
}

/// A registration, and the token for the calls of its person.
pub struct Registered {
    pub registration: wire::Registration,
    pub token: String,
}

/// Registers a person in an active flow.
///
/// # Errors
/// 400 names a field; 404 for an unknown project or flow; 409 when the address is registered.
pub async fn register(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    request: wire::CreateRegistrationRequest,
) -> Result<Registered, Error> {
    if caller.is_session_token() {
        return Err(Error::OtherToken);
    }
    let request = wire::CreateRegistrationRequest { project_id: caller.project_id.clone(), ..request };
    let registration = done(core.services().journeys().create_registration(request).await)?;
    record.set_user(registration_subject(&registration.id).user_fullname);
    let token = registration_token(core, caller, &registration.id).await?;
    Ok(Registered { registration, token })
}

/// # Errors
/// When the projects service does not answer.
pub async fn registration_token(core: &Core, caller: &Caller, id: &str) -> Result<String, Error> {
    let record = (RecordKind::Registration, id);
    sign_record_token(core.services(), caller, record, REGISTRATION_SECONDS).await
}

/// # Errors
/// When the projects service does not answer.
pub async fn validation_token(core: &Core, caller: &Caller, id: &str) -> Result<String, Error> {
    sign_record_token(core.services(), caller, (RecordKind::Validation, id), VALIDATION_SECONDS).await
}

/// # Errors
/// 404.
pub async fn get_registration(core: &Core, caller: &Caller, id: &str) -> Result<wire::Registration, Error> {
    done(core.services().journeys().get_registration(named(caller, id)).await)
}

/// # Errors
/// When the service does not answer.
pub async fn list_registrations(
    core: &Core,
    caller: &Caller,
    request: wire::ListRegistrationsRequest,
) -> Result<wire::ListRegistrationsResponse, Error> {
    let request = wire::ListRegistrationsRequest { project_id: caller.project_id.clone(), ..request };
    done(core.services().journeys().list_registrations(request).await)
}

/// Takes a step of a registration.
///
/// # Errors
/// 404; 409 when it is over or the step may not be taken.
pub async fn advance_registration(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    request: wire::AdvanceRegistrationRequest,
) -> Result<(wire::Registration, wire::Flow), Error> {
    record.set_user(registration_subject(&request.id).user_fullname);
    let request = wire::AdvanceRegistrationRequest { project_id: caller.project_id.clone(), ..request };
    let registration = done(core.services().journeys().advance_registration(request).await)?;
    let flow = get_flow(core, caller, &registration.flow_id).await?;
    Ok((registration, flow))
}

/// # Errors
/// 400 names a field or says that the flow cannot be used; 404.
pub async fn create_validation(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    request: wire::CreateValidationRequest,
) -> Result<wire::Validation, Error> {
    if caller.is_session_token() {
        return Err(Error::OtherToken);
    }
    record.set_user(request.asked.as_ref().map(|asked| asked.identifier.clone()));
    let request = wire::CreateValidationRequest { project_id: caller.project_id.clone(), ..request };
    done(core.services().journeys().create_validation(request).await)
}

/// # Errors
/// 404.
pub async fn get_validation(core: &Core, caller: &Caller, id: &str) -> Result<wire::Validation, Error> {
    done(core.services().journeys().get_validation(named(caller, id)).await)
}

/// # Errors
/// When the service does not answer.
pub async fn list_validations(
    core: &Core,
    caller: &Caller,
    request: wire::ListValidationsRequest,
) -> Result<wire::ListValidationsResponse, Error> {
    let request = wire::ListValidationsRequest { project_id: caller.project_id.clone(), ..request };
    done(core.services().journeys().list_validations(request).await)
}

/// Records that the page of a validation was opened.
///
/// # Errors
/// 404.
pub async fn begin_validation(core: &Core, caller: &Caller, id: &str) -> Result<wire::Validation, Error> {
    done(core.services().journeys().begin_validation(named(caller, id)).await)
}

/// # Errors
/// 404.
pub async fn restart_validation(core: &Core, caller: &Caller, id: &str) -> Result<wire::Validation, Error> {
    done(core.services().journeys().restart_validation(named(caller, id)).await)
}

/// Mails a code.
///
/// # Errors
/// 404; 409 security_not_set without a mail server; 503 when it rejects the mail.
pub async fn send_email_code(
    core: &Core,
    caller: &Caller,
    request: wire::SendEmailCodeRequest,
) -> Result<wire::EmailValidation, Error> {
    let request = wire::SendEmailCodeRequest { project_id: caller.project_id.clone(), ..request };
    done(core.services().journeys().send_email_code(request).await)
}

/// Compares a code.
///
/// # Errors
/// 403 otp_does_not_match; 404; 409 when it has expired.
pub async fn check_email_code(
    core: &Core,
    caller: &Caller,
    request: wire::CheckEmailCodeRequest,
) -> Result<wire::EmailValidation, Error> {
    let request = wire::CheckEmailCodeRequest { project_id: caller.project_id.clone(), ..request };
    done(core.services().journeys().check_email_code(request).await)
}
