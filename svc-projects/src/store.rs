//! Every SQL statement of this service. Lookups return `Option`; the caller decides what a missing row means.

mod api_keys;
pub mod audit;
mod authorization;
mod deletions;
mod erasures;
mod grants;
mod invitations;
mod keys;
mod projects;
mod retention;
mod rewrap;
mod rules;
mod second_factor;
mod sessions;
mod signing_keys;
mod users;
mod video_settings;

use db::Db;
use ledger::RowMacs;
use serde_json::json;

use api_keys::{ApiKeyRow, SELECT_KEY, described, services_json};

use crate::{
    api_key::{ApiKey, Name, OrganisationId, ProjectId},
    audit::{Change, Log},
    dialects::Dialects,
    error::Error,
};

pub use authorization::Authorization;
pub use deletions::DeletionRow;
pub use erasures::ErasureRow;
pub use invitations::{InvitationRow, NewUser};
pub use projects::ProjectRow;
pub use retention::RetentionRow;
pub use rules::{NewRules, RulesRow};
pub use sessions::{NewSession, SessionRow};
pub use signing_keys::SigningKeyRow;
pub use users::UserRow;
pub use video_settings::VideoSettingsRow;

/// Finds a value sealed under the master key, which identifies the key of tables from before canaries.
pub const FIND_SEALED: &str = "SELECT sealed_private_key FROM signing_keys WHERE current = 1";

#[derive(Clone)]
pub struct Store {
    db: Db,
    log: Log,
    rows: RowMacs,
}

impl Store {
    /// Returns the time by the clock of the service.
    pub fn now_ms(&self) -> i64 {
        self.log.now_ms()
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Returns the tree over the audit log.
    pub fn tree(&self, ring: blob::KeyRing) -> ledger::tree::Tree {
        ledger::tree::Tree::new(self.db.clone(), ring)
    }
}

/// A new organisation with its first project.
pub struct NewOrganisation<'a> {
    pub organisation: (&'a OrganisationId, &'a Name),
    pub project: (&'a ProjectId, &'a Name),
}

impl Store {
    pub fn new(db: Db, log: Log, rows: RowMacs) -> Self {
        Self { db, log, rows }
    }

    /// Creates organisation, project and first key atomically.
    pub async fn create_organisation(&self, new: &NewOrganisation<'_>, key: &ApiKey) -> Result<(), Error> {
        const ORGANISATION: &str = "INSERT INTO organisations (id, name, created_at) VALUES ($1, $2, $3)";
        const PROJECT: &str = "INSERT INTO projects (id, organisation_id, name, scores_id, created_at, dialects, mac) \
                               VALUES ($1, $2, $3, NULL, $4, $5, $6)";
        let (organisation_id, organisation) = new.organisation;
        let (project_id, project) = new.project;
        let after = json!({"organisation": organisation.as_str(), "project": project.as_str(), "key": key.id.as_str()});
        let change = Change {
            project_id: project_id.as_str().into(),
            after: Some(after),
            ..Change::new(organisation_id.as_str(), "organisation.created", organisation_id.as_str())
        };
        let (mut tx, head) = self.begin_audited().await?;
        let organisation = db::params![organisation_id.as_str(), organisation.as_str(), key.created_at_ms];
        tx.execute(ORGANISATION, organisation).await?;
        let dialects = Dialects::default().to_json();
        let mac = self.project_mac(project_id.as_str(), organisation_id.as_str(), &dialects)?;
        let (id, organisation) = (project_id.as_str(), organisation_id.as_str());
        let project = db::params![id, organisation, project.as_str(), key.created_at_ms, &dialects, &mac];
        tx.execute(PROJECT, project).await?;
        self.add_key(&mut tx, key).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// Builds a change in a project, by the user of the current call; `None` when there is no such project.
    pub async fn change_in(
        &self,
        project: &ProjectId,
        action: &str,
        target: &str,
    ) -> Result<Option<Change>, Error> {
        let organisation = self.organisation_of(project).await?;
        let change = |organisation: String| Change {
            project_id: project.as_str().to_owned(),
            ..Change::new(&organisation, action, target)
        };
        Ok(organisation.map(change))
    }

    pub async fn project_exists(&self, project: &ProjectId) -> Result<bool, Error> {
        const SQL: &str = "SELECT 1 FROM projects WHERE id = $1";
        let found: Option<(i32,)> = self.db.fetch_optional(SQL, db::params![project.as_str()]).await?;
        Ok(found.is_some())
    }
}
