//! Sessions of signed-in users: authorizing a token, listing, revoking, signing out.

use blob::Purpose;
use proto::accounts as wire;

use super::{
    Accounts, change, organisation,
    sign_in::{CLIENT, Opening},
    throttle::Attempt,
};
use crate::{
    api_key::{OrganisationId, ProjectId, SelectedServices, UserId},
    audit::{Actor, Change},
    error::Error,
    person::NewPassword,
    secret,
    store::{SessionRow, UserRow},
};

const CSRF: Purpose = Purpose("bind a request to a dashboard session");

impl Accounts {
    pub(super) async fn authorize(
        &self,
        request: wire::AuthorizeSessionRequest,
    ) -> Result<wire::Session, Error> {
        let session = self.store.find_session(&secret::hash(&request.token), self.store.now_ms()).await?;
        let session = session.ok_or(Error::NoSuchSession)?;
        let user =
            self.store.find_user(&UserId::parse(&session.user_id)?).await?.ok_or(Error::NoSuchSession)?;
        let organisation = organisation(&user)?;
        let half_open = session.half_open != 0;
        let project = if half_open || request.project_id.is_empty() {
            None
        } else {
            self.project_grant(&organisation, &request.project_id).await?
        };
        let csrf = self.ring.fingerprints(CSRF, request.token.as_bytes())?;
        Ok(wire::Session {
            id: session.id,
            user: Some(self.describe_user(&user)?),
            organisation_id: user.organisation_id,
            organisation_name: self.store.organisation_name(&organisation).await?.unwrap_or_default(),
            csrf_token: csrf.first().map(hex::encode).unwrap_or_default(),
            half_open,
            project,
        })
    }

    /// Returns the user's permissions in a project; `None` for a project of another organisation.
    async fn project_grant(
        &self,
        organisation: &OrganisationId,
        project: &str,
    ) -> Result<Option<wire::ProjectGrant>, Error> {
        let Ok(id) = ProjectId::parse(project) else { return Ok(None) };
        let Some(row) = self.store.find_project(organisation, &id).await? else { return Ok(None) };
        let rules = self.store.project_rules(&id).await?;
        Ok(Some(wire::ProjectGrant {
            project_id: row.id.clone(),
            selected_services: services(&row.selected_services)?,
            rules_source: if rules.is_some() { "project".into() } else { "default".into() },
            rules_version: rules.as_ref().and_then(|r| u32::try_from(r.version).ok()).unwrap_or(0),
            rules_scores_id: rules.as_ref().map(|r| r.scores_id.clone()),
            rules_json: rules.map(|r| r.rules_json),
            rate_limit_per_minute: u32::try_from(row.rate_limit_per_minute).unwrap_or(0),
        }))
    }

    pub(super) async fn sign_out(&self, request: wire::SignOutRequest) -> Result<wire::Done, Error> {
        let token_hash = secret::hash(&request.token);
        let session =
            self.store.find_session(&token_hash, self.store.now_ms()).await?.filter(|s| s.half_open == 0);
        let user = match &session {
            Some(session) => self.store.find_user(&UserId::parse(&session.user_id)?).await?,
            None => None,
        };
        // An expired or half-open session ends as well, but without a sign-out event.
        let (Some(session), Some(user)) = (session, user) else {
            self.store.end_session_of_token(&token_hash).await?;
            return Ok(wire::Done {});
        };
        let actor = Actor::user(&user.id);
        let change = Change { actor, ..change(&user.organisation_id, "user.signed_out", &session.id) };
        self.store.end_session(&UserId::parse(&user.id)?, &session.id, change).await?;
        Ok(wire::Done {})
    }

    pub(super) async fn list_sessions(&self, who: wire::Who) -> Result<wire::ListSessionsResponse, Error> {
        let user = self.find_caller(Some(&who)).await?;
        let rows = self.store.list_sessions(&UserId::parse(&user.id)?, self.store.now_ms()).await?;
        Ok(wire::ListSessionsResponse {
            sessions: rows.into_iter().map(|row| self.describe_session(row)).collect(),
        })
    }

    fn describe_session(&self, row: SessionRow) -> wire::OpenSession {
        // A session is listed even when its client cannot be read.
        let place = self.ring.open_sealed(CLIENT, row.id.as_bytes(), &row.sealed).ok();
        let place: serde_json::Value =
            place.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        let text = |name: &str| place[name].as_str().unwrap_or_default().to_owned();
        wire::OpenSession {
            created_at_ms: row.created_at,
            seen_at_ms: row.seen_at,
            expires_at_ms: row.expires_at,
            address: text("address"),
            user_agent: text("user_agent"),
            id: row.id,
        }
    }

    pub(super) async fn revoke_session(
        &self,
        request: wire::RevokeSessionRequest,
    ) -> Result<wire::Done, Error> {
        let user = self.find_caller(request.who.as_ref()).await?;
        let change = change(&user.organisation_id, "user.session_revoked", &request.session_id);
        let ended = self.store.end_session(&UserId::parse(&user.id)?, &request.session_id, change).await?;
        if ended { Ok(wire::Done {}) } else { Err(Error::NoSuchSession) }
    }

    /// Ends every session, including this one, and opens a new one.
    pub(super) async fn change_password(
        &self,
        request: wire::ChangePasswordRequest,
    ) -> Result<wire::SignInResponse, Error> {
        let user = self.find_caller(request.who.as_ref()).await?;
        let new = NewPassword::parse("new_password", &request.new_password)?;
        self.confirm_password(&user, "current_password", &request.current_password).await?;
        if request.new_password == request.current_password {
            return Err(Error::field("new_password", "this is the password you have"));
        }
        let sealed = self.seal_password(&UserId::parse(&user.id)?, new.as_str()).await?;
        let change = change(&user.organisation_id, "user.password_changed", &user.id);
        self.store.set_password(&user, &sealed, change).await?;
        self.open_session(&user, request.client.as_ref(), Opening::Continued).await
    }

    /// Asks for the password again, counted like a sign-in: a hijacked session must not allow guessing.
    pub(super) async fn confirm_password(
        &self,
        user: &UserRow,
        field: &'static str,
        password: &str,
    ) -> Result<(), Error> {
        let mut throttle = self.reauthentication_throttle(&user.id)?;
        let lockout_ms = match self.begin_attempt(&mut throttle, self.store.now_ms()).await? {
            Attempt::Locked { retry_after_seconds } => return Err(Error::Wait(retry_after_seconds)),
            Attempt::Allowed { lockout_ms } => lockout_ms,
        };
        if !self.verify_password(Some(user), password).await? {
            self.log_failure(user, "user.password_refused", lockout_ms, None);
            return Err(Error::field(field, "this is not your password"));
        }
        self.cancel_attempt(&throttle).await
    }
}

/// Returns the services of a project; none selected means all.
pub(super) fn services(json: &str) -> Result<Vec<String>, Error> {
    let names: Vec<String> = serde_json::from_str(json).map_err(|_| Error::Damaged)?;
    Ok(SelectedServices::parse(&names)?.into_names())
}
