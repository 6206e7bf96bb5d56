//! The caller of an operation, and its permissions.

use std::collections::BTreeSet;

use proto::{
    Word,
    accounts::{ProjectGrant, Role, User},
    projects::{Authorization, ReplayRule},
};
use scoring::{Rules, RulesVersion, Service, ServiceRule};

use crate::core::{
    challenge::ChallengePolicy,
    dialect::{ConsentMode, Dialect, DialectRefusal, Dialects},
    error::Error,
    permissions::{Permission, PermissionSet, Scope, grantable_scopes},
    shadow_rules::ShadowRules,
};

/// An authenticated caller: an API key, or a dashboard user in one of their projects.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The id of the key or of the user.
    pub id: String,
    /// Display name of a dashboard user; empty for a key.
    pub name: String,
    pub project_id: String,
    pub principal: Principal,
    pub services: BTreeSet<Service>,
    permissions: PermissionSet,
    /// The scopes the caller may grant.
    may_grant: Vec<Scope>,
    pub format: ResponseFormat,
    /// "default", "project" or a scores id.
    pub rules_source: String,
    /// `None`: the built-in rules.
    pub rules_json: Option<String>,
    /// Rule set and version.
    pub rules_version: Option<RulesVersion>,
    /// Rules that decide beside those in force, without effect.
    pub shadow_rules: Option<ShadowRules>,
    pub challenge: ChallengePolicy,
    /// Other projects whose recordings are compared.
    pub replay_projects: Vec<String>,
    /// The project's setting for replayed recordings.
    pub replays: ReplayRule,
    /// Calls a minute of the project's keys together; 0: the installation's limit of each key.
    project_limit_per_minute: u32,
    /// Calls a minute of this key alone, instead of the project's; 0: the project's.
    key_limit_per_minute: u32,
    /// Allowed web origins of the project.
    origins: Vec<String>,
    dialects: Dialects,
    consent_mode: ConsentMode,
    /// A test key: its calls return sandbox responses without models.
    pub is_test: bool,
    /// The one session and user a session token is for; `None`: an API key or a person.
    session: Option<OwnSession>,
    /// The one record of a journey a token is for.
    record: Option<(RecordKind, String)>,
}

/// The kind of a journey's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    Registration,
    Validation,
}

#[derive(Clone, Debug)]
struct OwnSession {
    id: String,
    user: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    ApiKey,
    DashboardUser,
}

/// The response format of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFormat {
    Default,
    /// For the types of the vendor's client library.
    Sdk,
}

impl Caller {
    pub fn from_api_key(id: String, project_id: String, granted: Authorization) -> Self {
        let dialects = Dialects::from_authorization(&granted);
        let shadow_rules = ShadowRules::from_authorization(&granted);
        let video = granted.video.unwrap_or_default();
        let scopes: Vec<Scope> = granted.scopes.iter().filter_map(|name| Scope::from_name(name)).collect();
        Self {
            shadow_rules,
            challenge: ChallengePolicy::from(&video),
            replays: video.replays(),
            replay_projects: video.replay_projects,
            id,
            name: String::new(),
            project_id,
            principal: Principal::ApiKey,
            services: services(&granted.selected_services),
            permissions: PermissionSet::of_scopes(&scopes),
            may_grant: scopes,
            format: if granted.response_format == "sdk" {
                ResponseFormat::Sdk
            } else {
                ResponseFormat::Default
            },
            rules_source: granted.rules_source,
            rules_json: granted.rules_json,
            rules_version: granted
                .rules_scores_id
                .map(|scores_id| RulesVersion { scores_id, version: granted.rules_version }),
            project_limit_per_minute: granted.rate_limit_per_minute,
            key_limit_per_minute: granted.key_rate_limit_per_minute,
            origins: granted.cors_origins,
            session: None,
            record: None,
            is_test: granted.is_test,
            dialects,
            consent_mode: ConsentMode::Ledger,
        }
    }

    pub fn from_dashboard_user(user: User, grant: ProjectGrant, role: Role) -> Self {
        Self {
            id: user.id,
            name: user.name,
            project_id: grant.project_id,
            principal: Principal::DashboardUser,
            services: services(&grant.selected_services),
            permissions: PermissionSet::of_role(role),
            may_grant: grantable_scopes(role),
            challenge: ChallengePolicy::default(),
            replay_projects: Vec::new(),
            replays: ReplayRule::Unspecified,
            format: ResponseFormat::Default,
            rules_source: grant.rules_source,
            rules_json: grant.rules_json,
            rules_version: grant
                .rules_scores_id
                .map(|scores_id| RulesVersion { scores_id, version: grant.rules_version }),
            shadow_rules: None,
            // A dashboard user has the installation's limit, not a share of the keys'.
            project_limit_per_minute: 0,
            key_limit_per_minute: 0,
            origins: Vec::new(),
            session: None,
            record: None,
            is_test: false,
            dialects: Dialects::default(),
            consent_mode: ConsentMode::Ledger,
        }
    }

    /// Restricts the caller to a session token's permissions: the calls of one session, for its user.
    pub(super) fn within_session(self, id: String, user: String) -> Self {
        let permissions = self.permissions.intersection(PermissionSet::of_scopes(&[Scope::Capture]));
        Self { permissions, may_grant: Vec::new(), session: Some(OwnSession { id, user }), ..self }
    }

    /// Restricts the caller to a record token's permissions: the calls about that record, which check
    /// [`require_record`](Self::require_record), and no others.
    pub(super) fn within_record(self, kind: RecordKind, id: String) -> Self {
        let permissions = PermissionSet::default();
        Self { permissions, may_grant: Vec::new(), record: Some((kind, id)), ..self }
    }

    pub fn is_session_token(&self) -> bool {
        self.session.is_some() || self.record.is_some()
    }

    /// The record of this kind that the token is for.
    ///
    /// # Errors
    /// 403 for any other token.
    pub fn require_record(&self, kind: RecordKind) -> Result<&str, Error> {
        match &self.record {
            Some((of, id)) if *of == kind => Ok(id),
            _ => Err(Error::OtherToken),
        }
    }

    /// Fills in session and user of a session token, and rejects a call that names another session or user.
    ///
    /// # Errors
    /// 403.
    pub fn settle_session(
        &self,
        session_id: &mut Option<String>,
        user: &mut Option<String>,
    ) -> Result<(), Error> {
        let Some(own) = &self.session else { return Ok(()) };
        let is_own = session_id.as_ref().is_none_or(|id| *id == own.id);
        if !is_own || user.as_ref().is_some_and(|user| *user != own.user) {
            return Err(Error::OutsideSession);
        }
        (*session_id, *user) = (Some(own.id.clone()), Some(own.user.clone()));
        Ok(())
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// Rejects a caller without a permission; the error names what is missing.
    ///
    /// # Errors
    /// 403; 401 for a key on a route for users only.
    pub fn require(&self, permission: Permission) -> Result<(), Error> {
        if self.record.is_some() {
            return Err(Error::OtherToken);
        }
        match (self.may(permission), self.principal, permission.scope()) {
            (true, ..) => Ok(()),
            (false, Principal::ApiKey, Some(scope)) => Err(Error::MissingScope(scope.name())),
            // A permission of users only.
            (false, Principal::ApiKey, None) => Err(Error::SignedOut),
            (false, Principal::DashboardUser, _) => Err(Error::RoleNotAllowed),
        }
    }

    pub fn may_grant(&self) -> &[Scope] {
        &self.may_grant
    }

    /// Switches the call to `dialect`, in the consent mode of its project.
    ///
    /// # Errors
    /// 404 where the project has not switched it on, 401 for a key of other APIs, 403 for a test key.
    pub fn enter(&mut self, dialect: Dialect) -> Result<(), Error> {
        if self.is_test && dialect != Dialect::Biometry {
            return Err(Error::TestKey);
        }
        if self.record.is_some() && dialect != Dialect::Verifik {
            return Err(Error::InvalidKey);
        }
        self.consent_mode = self.dialects.mode(dialect).map_err(|refusal| match refusal {
            DialectRefusal::SwitchedOff => Error::RouteNotFound,
            DialectRefusal::OtherKey => Error::InvalidKey,
        })?;
        Ok(())
    }

    /// The same caller with fewer services.
    #[must_use]
    pub fn narrowed_to(&self, services: BTreeSet<Service>) -> Self {
        Self { services, ..self.clone() }
    }

    pub fn consent_mode(&self) -> ConsentMode {
        self.consent_mode
    }

    /// Returns the effect of a replayed recording when scoring rules do not define it.
    pub fn replay_rule(&self) -> ServiceRule {
        ServiceRule::of_replays(self.replays.as_word())
    }

    /// The built-in rules for the services of the caller, with the project's rule for replays.
    pub fn default_rules(&self) -> Rules {
        let mut rules = scoring::default_for(&self.services);
        rules.services.insert(Service::MediaReplay, self.replay_rule());
        rules
    }

    pub fn is_dashboard_user(&self) -> bool {
        self.principal == Principal::DashboardUser
    }

    /// Returns the rate limit set for this key, else for all keys of the project: its bucket, and calls per minute.
    pub fn chosen_rate_limit(&self) -> Option<(String, u32)> {
        match (self.key_limit_per_minute, self.project_limit_per_minute) {
            (0, 0) => None,
            (0, of_project) => Some((format!("project:{}", self.project_id), of_project)),
            (of_key, _) => Some((format!("key:{}", self.id), of_key)),
        }
    }

    /// Whether the project allows this web origin.
    pub fn names_origin(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|named| named.as_bytes() == origin)
    }
}

fn services(titles: &[String]) -> BTreeSet<Service> {
    titles.iter().filter_map(|title| Service::from_title(title)).collect()
}
