//! The consent service, played.

use proto::{
    consent::{self, consent_server},
    subjects::{Remains, Subject},
};
use tonic::{Request, Response, Status};

use super::Stage;

#[tonic::async_trait]
impl consent_server::Consent for Stage {
    async fn find_subject(&self, _: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(self.kept("consent"))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        self.forget("consent", request.into_inner())
    }

    async fn put_consent_text(
        &self,
        request: Request<consent::ConsentText>,
    ) -> Result<Response<consent::ConsentText>, Status> {
        let text = request.into_inner();
        self.set().consent_texts.push(text.clone());
        Ok(Response::new(text))
    }

    async fn get_consent_text(
        &self,
        request: Request<consent::ConsentTextRequest>,
    ) -> Result<Response<consent::ConsentText>, Status> {
        let asked = request.into_inner();
        let state = self.set();
        let mut texts = state.consent_texts.iter();
        let found = texts.find(|text| text.id == asked.id && text.project_id == asked.project_id).cloned();
        found.map(Response::new).ok_or_else(|| Status::not_found("no such text"))
    }

    async fn record_consent(
        &self,
        request: Request<consent::RecordConsentRequest>,
    ) -> Result<Response<consent::ConsentEntry>, Status> {
        let request = request.into_inner();
        let mut state = self.set();
        let now = state.consents.entry(request.user_fullname.clone()).or_default();
        match request.kind() {
            consent::ConsentKind::Storage => (now.storage, now.storage_recorded) = (request.given, true),
            _ => (now.authorization, now.authorization_recorded) = (request.given, true),
        }
        state.consent_entries.push(request);
        Ok(Response::new(consent::ConsentEntry::default()))
    }

    async fn export_consents(
        &self,
        _: Request<consent::ExportConsentsRequest>,
    ) -> Result<Response<tonic::codegen::BoxStream<consent::ExportedConsent>>, Status> {
        let exported = self.set().exported.clone();
        Ok(Response::new(Box::pin(tokio_stream::iter(exported))))
    }

    async fn get_consent(
        &self,
        request: Request<consent::GetConsentRequest>,
    ) -> Result<Response<consent::ConsentState>, Status> {
        let state = self.set().consents.get(&request.get_ref().user_fullname).copied();
        Ok(Response::new(state.unwrap_or_default()))
    }

    async fn get_history(
        &self,
        request: Request<consent::GetConsentRequest>,
    ) -> Result<Response<consent::ConsentHistory>, Status> {
        let state = self.set();
        let Some(now) = state.consents.get(&request.get_ref().user_fullname).copied() else {
            return Err(Status::not_found("no consent is recorded for this user"));
        };
        let entry = |e: &consent::RecordConsentRequest| consent::ConsentEntry {
            id: "c-1".into(),
            kind: e.kind,
            given: e.given,
            recorded_at_ms: 1_700_000_000_123,
            api_key_id: e.api_key_id.clone(),
            session_id: e.session_id.clone(),
            basis: e.basis.clone(),
            hash: "00ff".into(),
            ..consent::ConsentEntry::default()
        };
        let entries = state.consent_entries.iter().map(entry).collect();
        Ok(Response::new(consent::ConsentHistory { state: Some(now), entries }))
    }
}
