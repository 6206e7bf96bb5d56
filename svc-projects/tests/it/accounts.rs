//! The people of the dashboard: how they come in, what they may do to whom, and that organisations do not see each other.

mod organisations;
mod roles;
pub mod second_factor;
mod sign_in;

pub use second_factor::code;

use proto::accounts::{
    AcceptInvitationRequest, AuthorizeSessionRequest, Client, InviteOwnerRequest, InviteRequest, Invited,
    NamedRequest, Role, Session, SetRoleRequest, SignInRequest, SignInResponse, Who,
};
use tonic::{Code, Status};

use crate::Service;

pub const PASSWORD: &str = "correct horse battery";

pub fn client() -> Option<Client> {
    Some(Client { address: "203.0.113.7".into(), user_agent: "a browser".into() })
}

impl Service {
    pub async fn accept(&mut self, invited: &Invited, password: &str) -> Result<SignInResponse, Status> {
        let request = AcceptInvitationRequest {
            token: invited.token.clone(),
            name: "Somebody".into(),
            password: password.into(),
            client: client(),
            replaces: String::new(),
        };
        self.accounts.accept_invitation(request).await.map(tonic::Response::into_inner)
    }

    pub async fn session(&mut self, token: &str) -> Result<Session, Status> {
        self.session_in(token, "").await
    }

    pub async fn session_in(&mut self, token: &str, project: &str) -> Result<Session, Status> {
        let request = AuthorizeSessionRequest { token: token.into(), project_id: project.into() };
        self.accounts.authorize(request).await.map(tonic::Response::into_inner)
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> SignInResponse {
        self.sign_in_from("203.0.113.7", email, password, "").await
    }

    /// With what the browser keeps to be known by.
    pub async fn sign_in_from(
        &mut self,
        address: &str,
        email: &str,
        password: &str,
        device: &str,
    ) -> SignInResponse {
        let request = SignInRequest {
            email: email.into(),
            password: password.into(),
            client: Some(Client { address: address.into(), user_agent: "a browser".into() }),
            device: device.into(),
            ..SignInRequest::default()
        };
        self.accounts.sign_in(request).await.unwrap().into_inner()
    }

    /// The first owner of an organisation, signed in.
    pub async fn owner(&mut self, organisation: &str, email: &str) -> Who {
        let request = InviteOwnerRequest {
            email: email.into(),
            organisation_id: organisation.into(),
            organisation_name: "Acme".into(),
        };
        let invited = self.accounts.invite_owner(request).await.unwrap().into_inner();
        self.joined(&invited).await
    }

    async fn joined(&mut self, invited: &Invited) -> Who {
        let entered = self.accept(invited, PASSWORD).await.unwrap();
        let session = self.session(&entered.token).await.unwrap();
        Who { user_id: session.user.unwrap().id, session_id: session.id }
    }

    pub async fn invite(&mut self, who: &Who, email: &str, role: Role) -> Result<Invited, Status> {
        let request = InviteRequest { who: Some(who.clone()), email: email.into(), role: role.into() };
        self.accounts.invite(request).await.map(tonic::Response::into_inner)
    }

    pub async fn member(&mut self, who: &Who, email: &str, role: Role) -> Who {
        let invited = self.invite(who, email, role).await.unwrap();
        self.joined(&invited).await
    }

    async fn set_role(&mut self, who: &Who, user: &Who, role: Role) -> Result<(), Status> {
        let request =
            SetRoleRequest { who: Some(who.clone()), user_id: user.user_id.clone(), role: role.into() };
        self.accounts.set_role(request).await.map(drop)
    }

    async fn remove(&mut self, who: &Who, user: &Who) -> Result<(), Status> {
        self.accounts.remove_user(named(who, &user.user_id)).await.map(drop)
    }
}

pub fn named(who: &Who, id: &str) -> NamedRequest {
    NamedRequest { who: Some(who.clone()), id: id.into() }
}

pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> Code {
    answer.unwrap_err().code()
}
