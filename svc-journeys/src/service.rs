//! The RPCs of the service; each is implemented beside its records.

use mail::Mailer;
use proto::{
    journeys::{self as wire, journeys_server},
    subjects,
};
use tonic::{Request, Response, Status};

use crate::{Clock, error::Error, sealing::Sealer, store::Store};

#[derive(Clone)]
pub struct Journeys {
    pub store: Store,
    pub sealer: Sealer,
    /// `None`: no mail is sent.
    pub mailer: Option<Mailer>,
    pub clock: Clock,
}

impl Journeys {
    pub(crate) fn now_ms(&self) -> i64 {
        (self.clock)()
    }
}

fn answer<T>(done: Result<T, Error>) -> Result<Response<T>, Status> {
    Ok(Response::new(done?))
}

#[tonic::async_trait]
impl journeys_server::Journeys for Journeys {
    async fn create_project(
        &self,
        request: Request<wire::CreateProjectRequest>,
    ) -> Result<Response<wire::JourneyProject>, Status> {
        answer(self.add_project(request.into_inner()).await)
    }

    async fn update_project(
        &self,
        request: Request<wire::UpdateProjectRequest>,
    ) -> Result<Response<wire::JourneyProject>, Status> {
        answer(self.change_project(request.into_inner()).await)
    }

    async fn get_project(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::JourneyProject>, Status> {
        answer(self.project(request.get_ref()).await)
    }

    async fn list_projects(
        &self,
        request: Request<wire::ListRequest>,
    ) -> Result<Response<wire::ListProjectsResponse>, Status> {
        answer(self.projects(request.get_ref()).await)
    }

    async fn delete_project(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::DeleteResponse>, Status> {
        answer(self.remove_project(request.get_ref()).await)
    }

    async fn create_flow(
        &self,
        request: Request<wire::CreateFlowRequest>,
    ) -> Result<Response<wire::Flow>, Status> {
        answer(self.add_flow(request.into_inner()).await)
    }

    async fn update_flow(
        &self,
        request: Request<wire::UpdateFlowRequest>,
    ) -> Result<Response<wire::Flow>, Status> {
        answer(self.change_flow(request.into_inner()).await)
    }

    async fn get_flow(&self, request: Request<wire::RecordRequest>) -> Result<Response<wire::Flow>, Status> {
        answer(self.flow(request.get_ref()).await)
    }

    async fn list_flows(
        &self,
        request: Request<wire::ListRequest>,
    ) -> Result<Response<wire::ListFlowsResponse>, Status> {
        answer(self.flows(request.get_ref()).await)
    }

    async fn create_collection(
        &self,
        request: Request<wire::CreateCollectionRequest>,
    ) -> Result<Response<wire::Collection>, Status> {
        answer(self.add_collection(request.into_inner()).await)
    }

    async fn update_collection(
        &self,
        request: Request<wire::UpdateCollectionRequest>,
    ) -> Result<Response<wire::Collection>, Status> {
        answer(self.change_collection(request.into_inner()).await)
    }

    async fn get_collection(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::Collection>, Status> {
        answer(self.collection(request.get_ref()).await)
    }

    async fn list_collections(
        &self,
        request: Request<wire::ListRequest>,
    ) -> Result<Response<wire::ListCollectionsResponse>, Status> {
        answer(self.collections(request.get_ref()).await)
    }

    async fn delete_collection(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::DeleteResponse>, Status> {
        answer(self.remove_collection(request.get_ref()).await)
    }

    async fn create_registration(
        &self,
        request: Request<wire::CreateRegistrationRequest>,
    ) -> Result<Response<wire::Registration>, Status> {
        answer(self.register(request.into_inner()).await)
    }

    async fn get_registration(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::Registration>, Status> {
        answer(self.registration(request.get_ref()).await)
    }

    async fn list_registrations(
        &self,
        request: Request<wire::ListRegistrationsRequest>,
    ) -> Result<Response<wire::ListRegistrationsResponse>, Status> {
        answer(self.registrations(request.into_inner()).await)
    }

    async fn advance_registration(
        &self,
        request: Request<wire::AdvanceRegistrationRequest>,
    ) -> Result<Response<wire::Registration>, Status> {
        answer(self.advance(request.get_ref()).await)
    }

    async fn begin_face(
        &self,
        request: Request<wire::BeginFaceRequest>,
    ) -> Result<Response<wire::FaceTask>, Status> {
        answer(self.face_task(request.get_ref()).await)
    }

    async fn count_face_attempt(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::Registration>, Status> {
        answer(self.count_attempt(request.get_ref()).await)
    }

    async fn set_person(
        &self,
        request: Request<wire::SetPersonRequest>,
    ) -> Result<Response<wire::Registration>, Status> {
        answer(self.link_person(request.get_ref()).await)
    }

    async fn begin_document(
        &self,
        request: Request<wire::BeginDocumentRequest>,
    ) -> Result<Response<wire::Registration>, Status> {
        answer(self.document_task(request.get_ref()).await)
    }

    async fn set_document(
        &self,
        request: Request<wire::SetDocumentRequest>,
    ) -> Result<Response<wire::Registration>, Status> {
        answer(self.note_document(request.get_ref()).await)
    }

    async fn get_person(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::Person>, Status> {
        answer(self.person(request.get_ref()).await)
    }

    async fn find_person(
        &self,
        request: Request<wire::FindPersonRequest>,
    ) -> Result<Response<wire::FindPersonResponse>, Status> {
        answer(self.person_of(request.get_ref()).await)
    }

    async fn create_validation(
        &self,
        request: Request<wire::CreateValidationRequest>,
    ) -> Result<Response<wire::Validation>, Status> {
        answer(self.add_validation(request.into_inner()).await)
    }

    async fn get_validation(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::Validation>, Status> {
        answer(self.validation(request.get_ref()).await)
    }

    async fn list_validations(
        &self,
        request: Request<wire::ListValidationsRequest>,
    ) -> Result<Response<wire::ListValidationsResponse>, Status> {
        answer(self.validations(request.get_ref()).await)
    }

    async fn finish_validation(
        &self,
        request: Request<wire::FinishValidationRequest>,
    ) -> Result<Response<wire::Validation>, Status> {
        answer(self.end_validation(request.get_ref()).await)
    }

    async fn begin_validation(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::Validation>, Status> {
        answer(Self::begin_validation(self, request.get_ref()).await)
    }

    async fn restart_validation(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::Validation>, Status> {
        answer(self.renew_validation(request.get_ref()).await)
    }

    async fn send_email_code(
        &self,
        request: Request<wire::SendEmailCodeRequest>,
    ) -> Result<Response<wire::EmailValidation>, Status> {
        answer(self.mail_code(request.into_inner()).await)
    }

    async fn check_email_code(
        &self,
        request: Request<wire::CheckEmailCodeRequest>,
    ) -> Result<Response<wire::EmailValidation>, Status> {
        answer(self.compare_code(request.get_ref()).await)
    }

    async fn create_link(
        &self,
        request: Request<wire::CreateLinkRequest>,
    ) -> Result<Response<wire::CreateLinkResponse>, Status> {
        answer(self.add_link(request.into_inner()).await)
    }

    async fn open_link(
        &self,
        request: Request<wire::OpenLinkRequest>,
    ) -> Result<Response<wire::OpenLinkResponse>, Status> {
        answer(Self::open_link(self, request.get_ref()).await)
    }

    async fn take_link(&self, request: Request<wire::RecordRequest>) -> Result<Response<wire::Link>, Status> {
        answer(Self::take_link(self, request.get_ref()).await)
    }

    async fn return_link(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::Link>, Status> {
        answer(Self::return_link(self, request.get_ref()).await)
    }

    async fn send_link_code(
        &self,
        request: Request<wire::RecordRequest>,
    ) -> Result<Response<wire::Link>, Status> {
        answer(self.mail_link_code(request.get_ref()).await)
    }

    async fn check_link_code(
        &self,
        request: Request<wire::CheckLinkCodeRequest>,
    ) -> Result<Response<wire::Link>, Status> {
        answer(self.compare_link_code(request.get_ref()).await)
    }

    async fn get_page_theme(
        &self,
        request: Request<wire::GetPageThemeRequest>,
    ) -> Result<Response<wire::PageTheme>, Status> {
        answer(self.page_theme(&request.get_ref().project_id).await)
    }

    async fn put_page_theme(
        &self,
        request: Request<wire::PageTheme>,
    ) -> Result<Response<wire::PageTheme>, Status> {
        answer(self.set_page_theme(request.into_inner()).await)
    }

    async fn find_subject(
        &self,
        request: Request<subjects::Subject>,
    ) -> Result<Response<subjects::Remains>, Status> {
        answer(self.remains(request.get_ref()).await)
    }

    async fn erase_subject(
        &self,
        request: Request<subjects::Subject>,
    ) -> Result<Response<subjects::Remains>, Status> {
        answer(self.erase(request.get_ref()).await)
    }

    async fn erase_project(
        &self,
        request: Request<subjects::Project>,
    ) -> Result<Response<subjects::Remains>, Status> {
        answer(self.erase_tenant(&request.get_ref().project_id).await)
    }
}
