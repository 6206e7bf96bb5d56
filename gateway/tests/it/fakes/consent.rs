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
        let promise = "signed\n".to_owned();
        Ok(Response::new(consent::ConsentEntry { promise, ..consent::ConsentEntry::default() }))
    }

    async fn get_checkpoint(
        &self,
        _: Request<consent::GetCheckpointRequest>,
    ) -> Result<Response<consent::Checkpoint>, Status> {
        Ok(Response::new(checkpoint()))
    }

    async fn get_inclusion(
        &self,
        request: Request<consent::GetInclusionRequest>,
    ) -> Result<Response<consent::Inclusion>, Status> {
        let (index, leaf) = match request.into_inner().leaf {
            Some(consent::get_inclusion_request::Leaf::Index(index)) => (index, String::new()),
            Some(consent::get_inclusion_request::Leaf::EntryId(id)) => (1, id),
            None => return Err(Status::invalid_argument("entry_id or index is required")),
        };
        let (leaf_hash, proof) = ("bGVhZg==".to_owned(), vec!["cGFydA==".to_owned()]);
        Ok(Response::new(consent::Inclusion {
            index,
            leaf,
            leaf_hash,
            proof,
            checkpoint: Some(checkpoint()),
        }))
    }

    async fn get_consistency(
        &self,
        request: Request<consent::GetConsistencyRequest>,
    ) -> Result<Response<consent::Consistency>, Status> {
        let from = request.into_inner().from;
        Ok(Response::new(consent::Consistency { from, proof: Vec::new(), checkpoint: Some(checkpoint()) }))
    }

    async fn get_log_keys(
        &self,
        _: Request<consent::GetLogKeysRequest>,
    ) -> Result<Response<consent::LogKeys>, Status> {
        let key = consent::LogKey { verifier: "a+b+c".into(), signing: true, trusted: true };
        Ok(Response::new(consent::LogKeys { keys: vec![key] }))
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
        let user = &request.get_ref().user_fullname;
        let own = state.consent_entries.iter().filter(|entry| entry.user_fullname == *user);
        let entries = own.map(entry).collect();
        Ok(Response::new(consent::ConsentHistory { state: Some(now), entries }))
    }
}

fn checkpoint() -> consent::Checkpoint {
    consent::Checkpoint {
        origin: "biometry/consent/p".into(),
        size: 2,
        root_hash: "cm9vdA==".into(),
        note: "signed\n".into(),
    }
}
