//! Who calls, and what they may do.

use std::collections::BTreeSet;

use proto::{accounts::ProjectGrant, projects::Authorization};
use scoring::{RulesVersion, Service};

use crate::core::{challenge::ChallengePolicy, error::Error};

/// An authenticated caller: an API key, or a dashboard user in one of their projects.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The id of the key or of the user.
    pub id: String,
    pub project_id: String,
    pub principal: Principal,
    pub services: BTreeSet<Service>,
    /// Whether the caller may administer the project: make keys, write rules, erase subjects.
    pub can_mint: bool,
    /// Whether keys the caller makes may do so too.
    pub grants_minting: bool,
    pub format: ResponseFormat,
    /// "default", "project" or a scores id.
    pub rules_source: String,
    /// None: the built-in rules.
    pub rules_json: Option<String>,
    /// Which rule set that is, and which version of it.
    pub rules_version: Option<RulesVersion>,
    pub challenge: ChallengePolicy,
    /// Other projects whose recordings count as seen.
    pub replay_projects: Vec<String>,
    /// Calls a minute of the project's keys together; 0: the installation's limit of each key.
    project_limit_per_minute: u32,
    /// Calls a minute of this key alone, instead of the project's; 0: the project's.
    key_limit_per_minute: u32,
    /// Web origins the key may be used from; empty: any.
    origins: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    ApiKey,
    DashboardUser,
}

/// The response shape a key asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFormat {
    Default,
    /// For clients written to the types of the vendor's client library.
    Sdk,
}

impl Caller {
    pub fn from_api_key(id: String, project_id: String, granted: Authorization) -> Self {
        let video = granted.video.unwrap_or_default();
        Self {
            challenge: ChallengePolicy::from(&video),
            replay_projects: video.replay_projects,
            id,
            project_id,
            principal: Principal::ApiKey,
            services: services(&granted.selected_services),
            can_mint: granted.can_mint,
            grants_minting: granted.can_mint,
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
        }
    }

    pub fn from_dashboard_user(user_id: String, grant: ProjectGrant, grants_minting: bool) -> Self {
        Self {
            id: user_id,
            project_id: grant.project_id,
            principal: Principal::DashboardUser,
            services: services(&grant.selected_services),
            can_mint: true,
            grants_minting,
            challenge: ChallengePolicy::default(),
            replay_projects: Vec::new(),
            format: ResponseFormat::Default,
            rules_source: grant.rules_source,
            rules_json: grant.rules_json,
            rules_version: grant
                .rules_scores_id
                .map(|scores_id| RulesVersion { scores_id, version: grant.rules_version }),
            // A dashboard user has the installation's limit, not a share of the keys'.
            project_limit_per_minute: 0,
            key_limit_per_minute: 0,
            origins: Vec::new(),
        }
    }

    pub fn is_dashboard_user(&self) -> bool {
        self.principal == Principal::DashboardUser
    }

    /// The rate limit chosen for this key, else for all keys of the project: its bucket, and calls a minute.
    pub fn chosen_rate_limit(&self) -> Option<(String, u32)> {
        match (self.key_limit_per_minute, self.project_limit_per_minute) {
            (0, 0) => None,
            (0, of_project) => Some((format!("project:{}", self.project_id), of_project)),
            (of_key, _) => Some((format!("key:{}", self.id), of_key)),
        }
    }

    /// Rejects a web origin the project has not allowed; calls without one come from no browser and pass.
    ///
    /// # Errors
    /// 403.
    pub fn check_origin(&self, origin: Option<&[u8]>) -> Result<(), Error> {
        let Some(origin) = origin else { return Ok(()) };
        if self.origins.is_empty() || self.origins.iter().any(|allowed| allowed.as_bytes() == origin) {
            return Ok(());
        }
        Err(Error::OriginNotAllowed)
    }
}

fn services(titles: &[String]) -> BTreeSet<Service> {
    titles.iter().filter_map(|title| Service::from_title(title)).collect()
}
