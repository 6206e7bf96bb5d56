//! The projects service, played.

use proto::projects::{self, projects_server};
use serde_json::json;
use tonic::{Request, Response, Status};

use super::Stage;

#[tonic::async_trait]
impl projects_server::Projects for Stage {
    async fn get_verification_keys(
        &self,
        _: Request<projects::GetVerificationKeysRequest>,
    ) -> Result<Response<projects::VerificationKeys>, Status> {
        let mut state = self.set();
        state.key_fetches += 1;
        if state.projects_down {
            return Err(Status::unavailable("down"));
        }
        Ok(Response::new(projects::VerificationKeys { keys: state.published.clone() }))
    }

    async fn authorize_api_key(
        &self,
        request: Request<projects::AuthorizeApiKeyRequest>,
    ) -> Result<Response<projects::Authorization>, Status> {
        // What a probe asks for.
        if request.get_ref().api_key_id.is_empty() && self.set().projects_down {
            return Err(Status::unavailable("down"));
        }
        let known = self.set().keys.get(&request.get_ref().api_key_id).cloned();
        known.map(Response::new).ok_or_else(|| Status::not_found("api key not found"))
    }

    async fn sign_session_token(
        &self,
        request: Request<projects::SignSessionTokenRequest>,
    ) -> Result<Response<projects::SessionToken>, Status> {
        let request = request.into_inner();
        let exp = boot::now_ms() / 1000 + i64::from(request.lifetime_seconds);
        let claims = json!({"id": request.api_key_id, "project_id": request.project_id,
                            "session_id": request.session_id, "exp": exp});
        let typ = match request.purpose() {
            projects::TokenPurpose::Registration => "app-registration+jwt",
            projects::TokenPurpose::Validation => "biometric-validation+jwt",
            _ => "session-token+jwt",
        };
        let jwt = self.sign_as(typ, "kid-1", &claims);
        Ok(Response::new(projects::SessionToken { jwt, expires_at_ms: exp * 1000 }))
    }

    async fn allows_origin(
        &self,
        request: Request<projects::AllowsOriginRequest>,
    ) -> Result<Response<projects::AllowsOriginResponse>, Status> {
        let allowed = !request.get_ref().origin.contains("evil");
        Ok(Response::new(projects::AllowsOriginResponse { allowed }))
    }

    async fn create_api_key(
        &self,
        request: Request<projects::CreateApiKeyRequest>,
    ) -> Result<Response<projects::CreateApiKeyResponse>, Status> {
        let request = request.into_inner();
        let granted = request.may_grant.clone().unwrap_or_default().names;
        let minting = request.can_mint.then(|| "keys.admin".to_owned());
        if let Some(scope) = request.scopes.iter().chain(&minting).find(|scope| !granted.contains(scope)) {
            return Err(Status::permission_denied(format!("the scope {scope} is not yours to grant")));
        }
        self.set().created_keys.push(request);
        Ok(Response::new(projects::CreateApiKeyResponse { jwt: "a.new.key".into(), key: None }))
    }

    async fn sign_erasure(
        &self,
        request: Request<projects::SignErasureRequest>,
    ) -> Result<Response<projects::Erasure>, Status> {
        let request = request.into_inner();
        self.set().receipts.push(request.clone());
        let projects::SignErasureRequest { project_id, subject, destroyed, .. } = request;
        let (id, signature) = ("receipt-1".into(), "signed".into());
        Ok(Response::new(projects::Erasure {
            id,
            project_id,
            subject,
            destroyed,
            signature,
            erased_at_ms: 0,
        }))
    }

    async fn get_scoring_rules(
        &self,
        request: Request<projects::GetScoringRulesRequest>,
    ) -> Result<Response<projects::ScoringRules>, Status> {
        let mut request = request.into_inner();
        if request.shadow {
            let state = self.set();
            let key = state.keys.values().find(|key| key.shadow_rules_json.is_some());
            let key = key.ok_or_else(|| Status::not_found("the project has no shadow rules"))?;
            (request.scores_id, request.version) = (key.shadow_scores_id.clone(), key.shadow_version);
        }
        let known = self.set().rules.get(&(request.scores_id.clone(), request.version)).cloned();
        let rules_json = known.ok_or_else(|| Status::not_found("scoring rules not found"))?;
        let projects::GetScoringRulesRequest { project_id, scores_id, version, shadow: is_shadow } = request;
        let rules = projects::ScoringRules {
            scores_id,
            project_id,
            version,
            rules_json,
            is_shadow,
            ..Default::default()
        };
        Ok(Response::new(rules))
    }
}
