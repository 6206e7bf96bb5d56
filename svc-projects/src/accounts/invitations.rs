//! Invitation and reset links, valid once. Users pass them on themselves: this server sends no mail for them.

use proto::accounts as wire;
use serde_json::json;
use uuid::Uuid;

use super::{
    Accounts, Person, change, organisation,
    sign_in::{Opening, outcome},
    throttle::Attempt,
};
use crate::{
    api_key::{Name, OrganisationId, UserId},
    audit::{Actor, Change},
    error::Error,
    person::{Email, NewPassword, Role},
    secret,
    store::{InvitationRow, NewUser, UserRow},
};

/// Lifetime of a link.
const INVITATION_MS: i64 = 7 * 24 * 60 * 60 * 1000;
const RESET_MS: i64 = 60 * 60 * 1000;

/// A link to create.
struct Draft<'a> {
    organisation: &'a str,
    email: &'a Email,
    role: Role,
    /// The user whose password is reset.
    user: Option<&'a UserRow>,
    /// `None`: an operator.
    maker: Option<&'a UserRow>,
}

impl Accounts {
    pub(super) async fn invite_owner(
        &self,
        request: wire::InviteOwnerRequest,
    ) -> Result<wire::Invited, Error> {
        let email = Email::parse(&request.email)?;
        let id = self.organisation_for(&request).await?;
        if self.find_account(id.as_str(), &email).await?.is_some() {
            return Err(Error::EmailTaken);
        }
        let organisation = id.as_str();
        self.issue_invitation(&Draft {
            organisation,
            email: &email,
            role: Role::Owner,
            user: None,
            maker: None,
        })
        .await
    }

    /// Returns the named organisation, the only one, or a new one.
    async fn organisation_for(&self, request: &wire::InviteOwnerRequest) -> Result<OrganisationId, Error> {
        if !request.organisation_id.is_empty() {
            let id = OrganisationId::parse(&request.organisation_id)?;
            return self.store.organisation_name(&id).await?.map(|_| id).ok_or(Error::NoSuchOrganisation);
        }
        match self.store.organisations(2).await?.as_slice() {
            [] => {
                let id = OrganisationId::generate();
                let name = Name::parse("organisation", &request.organisation_name)?;
                let after = Some(json!({"name": name.as_str()}));
                let made = Change { after, ..change(id.as_str(), "organisation.created", id.as_str()) };
                self.store.add_organisation(&id, name.as_str(), made).await?;
                Ok(id)
            }
            [only] => OrganisationId::parse(only),
            _ => Err(Error::WhichOrganisation),
        }
    }

    pub(super) async fn reset_account(
        &self,
        request: wire::ResetAccountRequest,
    ) -> Result<wire::Invited, Error> {
        let email = Email::parse(&request.email)?;
        let user = match self.find_accounts(&email).await?.as_slice() {
            [] => return Err(Error::NoSuchUser),
            [only] if request.organisation_id.is_empty() => only.clone(),
            _ if request.organisation_id.is_empty() => return Err(Error::WhichOrganisation),
            several => {
                let named = several.iter().find(|user| user.organisation_id == request.organisation_id);
                named.cloned().ok_or(Error::NoSuchUser)?
            }
        };
        let organisation = user.organisation_id.clone();
        self.issue_invitation(&Draft {
            organisation: &organisation,
            email: &email,
            role: user.role(),
            user: Some(&user),
            maker: None,
        })
        .await
    }

    pub(super) async fn invite(&self, request: wire::InviteRequest) -> Result<wire::Invited, Error> {
        let caller = self.find_caller(request.who.as_ref()).await?;
        let role = Role::try_from(request.role())?;
        if !caller.role().may_appoint(role) {
            return Err(Error::AboveOwnRole);
        }
        let email = Email::parse(&request.email)?;
        let organisation = &caller.organisation_id;
        // Accounts in other organisations are not disclosed here.
        if self.find_account(organisation, &email).await?.is_some() {
            return Err(Error::field("email", "this person has an account already"));
        }
        self.issue_invitation(&Draft { organisation, email: &email, role, user: None, maker: Some(&caller) })
            .await
    }

    async fn issue_invitation(&self, draft: &Draft<'_>) -> Result<wire::Invited, Error> {
        let (id, token, now) = (Uuid::now_v7().to_string(), secret::token()?, self.store.now_ms());
        let person = Person { email: draft.email.as_str().into(), name: String::new() };
        let row = InvitationRow {
            organisation_id: draft.organisation.to_owned(),
            user_id: draft.user.map(|user| user.id.clone()),
            sealed: self.seal_person(&id, &person)?,
            role: draft.role.as_str().into(),
            token_hash: secret::hash(&token),
            created_at: now,
            expires_at: now + if draft.user.is_some() { RESET_MS } else { INVITATION_MS },
            made_by: draft.maker.map(|maker| maker.id.clone()).unwrap_or_default(),
            mac: String::new(),
            id,
        };
        let (action, target) = match draft.user {
            Some(user) => ("user.reset_issued", user.id.as_str()),
            None => ("user.invited", row.id.as_str()),
        };
        let after = Some(json!({"role": row.role, "email": person.email}));
        let change = Change { after, ..change(draft.organisation, action, target) };
        self.store.add_invitation(&row, change).await?;
        Ok(wire::Invited {
            id: row.id,
            email: person.email,
            role: wire::Role::from(draft.role).into(),
            expires_at_ms: row.expires_at,
            token,
            organisation_id: row.organisation_id,
        })
    }

    pub(super) async fn list_invitations(
        &self,
        who: wire::Who,
    ) -> Result<wire::ListInvitationsResponse, Error> {
        let caller = self.find_caller(Some(&who)).await?;
        let rows = self.store.list_invitations(&organisation(&caller)?, self.store.now_ms()).await?;
        let invitation = |row: InvitationRow| {
            Ok(wire::Invitation {
                email: self.open_person(&row.id, &row.sealed)?.email,
                role: wire::Role::from(row.role()).into(),
                created_at_ms: row.created_at,
                expires_at_ms: row.expires_at,
                id: row.id,
            })
        };
        let invitations: Result<_, Error> = rows.into_iter().map(invitation).collect();
        Ok(wire::ListInvitationsResponse { invitations: invitations? })
    }

    pub(super) async fn revoke_invitation(&self, request: wire::NamedRequest) -> Result<wire::Done, Error> {
        let caller = self.find_caller(request.who.as_ref()).await?;
        let organisation = organisation(&caller)?;
        let open = self.store.list_invitations(&organisation, self.store.now_ms()).await?;
        let found = open.into_iter().find(|row| row.id == request.id).ok_or(Error::NoSuchInvitation)?;
        if !caller.role().may_appoint(found.role()) {
            return Err(Error::AboveOwnRole);
        }
        let before = Some(json!({"role": found.role}));
        let change = Change { before, ..change(organisation.as_str(), "user.invitation_revoked", &found.id) };
        let revoked = self.store.revoke_invitation(&organisation, &found.id, change).await?;
        if revoked { Ok(wire::Done {}) } else { Err(Error::NoSuchInvitation) }
    }

    pub(super) async fn accept_invitation(
        &self,
        request: wire::AcceptInvitationRequest,
    ) -> Result<wire::SignInResponse, Error> {
        // A token cannot be guessed; wrong ones count as attempts of their address.
        let mut throttle = self.address_throttle(request.client.as_ref())?;
        if let Attempt::Locked { retry_after_seconds } =
            self.begin_attempt(&mut throttle, self.store.now_ms()).await?
        {
            return Ok(outcome(wire::sign_in_response::Outcome::Wait, retry_after_seconds));
        }
        let found = self.store.find_invitation(&secret::hash(&request.token), self.store.now_ms()).await?;
        let invitation = found.ok_or(Error::NoSuchInvitation)?;
        self.check_maker(&invitation).await?;
        let password = NewPassword::parse("password", &request.password)?;
        let id = match &invitation.user_id {
            Some(id) => {
                let id = UserId::parse(id)?;
                self.reset_password(&invitation, &id, &password, request.client.as_ref()).await?
            }
            None => self.create_account(&invitation, &request.name, &password).await?,
        };
        self.cancel_attempt(&throttle).await?;
        if !request.replaces.is_empty() {
            self.store.end_session_of_token(&secret::hash(&request.replaces)).await?;
        }
        let user = self.store.find_user(&id).await?.ok_or(Error::NoSuchUser)?;
        self.open_session(&user, request.client.as_ref(), Opening::Password).await
    }

    /// Rejects a link whose maker may no longer grant its role.
    async fn check_maker(&self, invitation: &InvitationRow) -> Result<(), Error> {
        if invitation.made_by.is_empty() {
            return Ok(());
        }
        let maker = self.store.find_user(&UserId::parse(&invitation.made_by)?).await?;
        let may = |maker: &UserRow| {
            maker.organisation_id == invitation.organisation_id && maker.role().may_appoint(invitation.role())
        };
        if maker.as_ref().is_some_and(may) { Ok(()) } else { Err(Error::NoSuchInvitation) }
    }

    async fn create_account(
        &self,
        invitation: &InvitationRow,
        name: &str,
        password: &NewPassword,
    ) -> Result<UserId, Error> {
        let name = Name::parse("name", name).map_err(|error| Error::field("name", error.to_string()))?;
        let email = self.open_person(&invitation.id, &invitation.sealed)?.email;
        let id = UserId::generate();
        let person = Person { email, name: name.as_str().into() };
        let hashes = self.email_hashes(&person.email)?;
        let user = NewUser {
            id: &id,
            email_hash: hashes.first().map_or("", String::as_str),
            sealed: &self.seal_person(id.as_str(), &person)?,
            sealed_password: &self.seal_password(&id, password.as_str()).await?,
        };
        let change = Change {
            actor: Actor::user(id.as_str()),
            after: Some(json!({"role": invitation.role, "invitation": invitation.id})),
            ..change(&invitation.organisation_id, "user.joined", id.as_str())
        };
        self.store.join(invitation, &user, change).await?;
        Ok(id)
    }

    async fn reset_password(
        &self,
        invitation: &InvitationRow,
        id: &UserId,
        password: &NewPassword,
        client: Option<&wire::Client>,
    ) -> Result<UserId, Error> {
        let user = self.store.find_user(id).await?.ok_or(Error::NoSuchUser)?;
        let sealed = self.seal_password(id, password.as_str()).await?;
        let actor = Actor::user(id.as_str());
        let change = Change { actor, ..change(&invitation.organisation_id, "user.reset", id.as_str()) };
        self.store.reset_user(invitation, &user, &sealed, change).await?;
        // The failures that made the reset necessary are cleared.
        let email = self.open_person(&invitation.id, &invitation.sealed)?.email;
        self.unlock_account(&email, id.as_str(), client).await?;
        Ok(id.clone())
    }
}
