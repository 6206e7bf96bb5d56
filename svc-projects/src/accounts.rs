//! The accounts service: dashboard users, their sessions, invitations and projects. Each RPC is a method of the same
//! name in one of the modules.
//!
//! The gateway authenticates a browser with [`Accounts::authorize`] and names the user in later calls; permissions
//! are decided here, by the user's current role.

mod audit;
mod audit_proofs;
mod deletion;
mod invitations;
mod projects;
mod refusals;
mod second_factor;
mod sessions;
mod sign_in;
mod throttle;
mod users;

use blob::{KeyRing, Purpose};
use proto::accounts::{self as wire, accounts_server};
use serde::{Deserialize, Serialize};
use tonic::{Request, Response, Status};

use crate::{
    api_key::{OrganisationId, UserId},
    audit::{Change, Log, tree::AuditTree},
    error::Error,
    password::Passwords,
    person::{Email, Role},
    store::{Store, UserRow},
};

pub use second_factor::{RECOVERY, TOTP};
pub use sign_in::CLIENT;

pub const EMAIL: Purpose = Purpose("look an account up by its address");
pub const PERSON: Purpose = Purpose("encrypt who a dashboard user is");
pub const PASSWORD: Purpose = Purpose("encrypt the password hash of a dashboard user");

/// Handles of the accounts service.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    ring: KeyRing,
    log: Log,
    passwords: Passwords,
    refusals: refusals::Refusals,
    tree: AuditTree,
}

/// The sealed part of a user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Person {
    email: String,
    name: String,
}

impl Accounts {
    pub fn new(store: Store, ring: KeyRing, tree: AuditTree) -> Self {
        let refusals = refusals::Refusals::new(store.clone());
        Self { log: store.log().clone(), store, ring, passwords: Passwords::default(), refusals, tree }
    }

    /// Returns the current state of the calling user.
    async fn find_caller(&self, who: Option<&wire::Who>) -> Result<UserRow, Error> {
        let who = who.ok_or(Error::NoSuchUser)?;
        self.store.find_user(&UserId::parse(&who.user_id)?).await?.ok_or(Error::NoSuchUser)
    }

    /// Returns keyed hashes of an address: the one to store, then those of earlier master keys.
    fn email_hashes(&self, email: &str) -> Result<Vec<String>, Error> {
        Ok(self.ring.fingerprints(EMAIL, email.as_bytes())?.into_iter().map(hex::encode).collect())
    }

    /// Returns the accounts of an address, one per organisation.
    async fn find_accounts(&self, email: &Email) -> Result<Vec<UserRow>, Error> {
        self.store.find_users_by_email(&self.email_hashes(email.as_str())?).await
    }

    async fn find_account(&self, organisation: &str, email: &Email) -> Result<Option<UserRow>, Error> {
        let users = self.find_accounts(email).await?;
        Ok(users.into_iter().find(|user| user.organisation_id == organisation))
    }

    fn seal_person(&self, id: &str, person: &Person) -> Result<Vec<u8>, Error> {
        let json = serde_json::to_vec(person).map_err(|_| Error::Damaged)?;
        Ok(self.ring.seal(PERSON, id.as_bytes(), &json)?)
    }

    fn open_person(&self, id: &str, sealed: &[u8]) -> Result<Person, Error> {
        let json = self.ring.open_sealed(PERSON, id.as_bytes(), sealed)?;
        serde_json::from_slice(&json).map_err(|_| Error::Damaged)
    }

    /// Returns the sealed hash of a new password of this user.
    async fn seal_password(&self, id: &UserId, password: &str) -> Result<Vec<u8>, Error> {
        let hash = self.passwords.hash(id.as_str(), password).await?;
        Ok(self.ring.seal(PASSWORD, id.as_str().as_bytes(), hash.as_bytes())?)
    }

    /// Verifies the user's password; without a user it takes as long.
    async fn verify_password(&self, user: Option<&UserRow>, password: &str) -> Result<bool, Error> {
        let stored = match user {
            None => None,
            Some(user) => {
                let hash = self.ring.open_sealed(PASSWORD, user.id.as_bytes(), &user.sealed_password)?;
                Some(String::from_utf8(hash.to_vec()).map_err(|_| Error::Damaged)?)
            }
        };
        let organisation = user.map_or("", |user| user.organisation_id.as_str());
        self.passwords.verify(organisation, password, stored).await
    }

    fn describe_user(&self, row: &UserRow) -> Result<wire::User, Error> {
        let person = self.open_person(&row.id, &row.sealed)?;
        Ok(wire::User {
            id: row.id.clone(),
            email: person.email,
            name: person.name,
            role: wire::Role::from(row.role()).into(),
            totp_enabled: row.sealed_totp.is_some(),
            created_at_ms: row.created_at,
            last_seen_at_ms: row.seen_at,
        })
    }
}

fn change(organisation: &str, action: &str, target: &str) -> Change {
    Change::new(organisation, action, target)
}

fn organisation(user: &UserRow) -> Result<OrganisationId, Error> {
    OrganisationId::parse(&user.organisation_id)
}

impl From<Role> for wire::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Developer => Self::Developer,
            Role::FraudAnalyst => Self::FraudAnalyst,
            Role::Viewer => Self::Viewer,
        }
    }
}

impl TryFrom<wire::Role> for Role {
    type Error = Error;

    fn try_from(role: wire::Role) -> Result<Self, Error> {
        match role {
            wire::Role::Owner => Ok(Self::Owner),
            wire::Role::Admin => Ok(Self::Admin),
            wire::Role::Developer => Ok(Self::Developer),
            wire::Role::FraudAnalyst => Ok(Self::FraudAnalyst),
            wire::Role::Viewer => Ok(Self::Viewer),
            wire::Role::Unspecified => {
                Err(Error::field("role", "role is owner, admin, developer, fraud_analyst or viewer"))
            }
        }
    }
}

/// Each RPC is the method of the same name in one of the modules.
macro_rules! delegate {
    ($($name:ident($request:ident) -> $response:ident),+ $(,)?) => {
        #[tonic::async_trait]
        impl accounts_server::Accounts for Accounts {
            $(async fn $name(
                &self,
                request: Request<wire::$request>,
            ) -> Result<Response<wire::$response>, Status> {
                // The inherent method, which takes precedence over the trait's.
                Ok(Response::new(Accounts::$name(self, request.into_inner()).await?))
            })+
        }
    };
}

delegate!(
    invite_owner(InviteOwnerRequest) -> Invited,
    reset_account(ResetAccountRequest) -> Invited,
    sign_in(SignInRequest) -> SignInResponse,
    second_factor(SecondFactorRequest) -> SignInResponse,
    accept_invitation(AcceptInvitationRequest) -> SignInResponse,
    authorize(AuthorizeSessionRequest) -> Session,
    sign_out(SignOutRequest) -> Done,
    change_password(ChangePasswordRequest) -> SignInResponse,
    list_sessions(Who) -> ListSessionsResponse,
    revoke_session(RevokeSessionRequest) -> Done,
    begin_totp(PasswordRequest) -> TotpSecret,
    confirm_totp(ConfirmTotpRequest) -> RecoveryCodes,
    disable_totp(DisableTotpRequest) -> Done,
    renew_recovery_codes(PasswordRequest) -> RecoveryCodes,
    invite(InviteRequest) -> Invited,
    list_invitations(Who) -> ListInvitationsResponse,
    revoke_invitation(NamedRequest) -> Done,
    list_users(Who) -> ListUsersResponse,
    set_role(SetRoleRequest) -> User,
    remove_user(NamedRequest) -> Done,
    create_project(CreateProjectRequest) -> Project,
    get_project(NamedRequest) -> Project,
    list_projects(Who) -> ListProjectsResponse,
    update_project(UpdateProjectRequest) -> Project,
    delete_organisation(DeleteOrganisationRequest) -> Deletion,
    get_deletion(GetDeletionRequest) -> Deletion,
    list_deletions(ListDeletionsRequest) -> ListDeletionsResponse,
    advance_deletion(AdvanceDeletionRequest) -> Deletion,
    append_audit(AppendAuditRequest) -> Done,
    list_audit(ListAuditRequest) -> ListAuditResponse,
    get_audit_checkpoint(GetAuditCheckpointRequest) -> AuditCheckpoint,
    get_audit_inclusion(GetAuditInclusionRequest) -> AuditInclusion,
    get_audit_consistency(GetAuditConsistencyRequest) -> AuditConsistency,
    get_audit_log_keys(GetAuditLogKeysRequest) -> AuditLogKeys,
);
