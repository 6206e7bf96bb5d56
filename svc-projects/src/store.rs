//! Every SQL statement of this service. Lookups answer `Option`; what a missing row means is the caller's to say.

pub mod audit;
mod deletions;
mod erasures;
mod invitations;
mod keys;
mod projects;
mod retention;
mod rules;
mod second_factor;
mod sessions;
mod users;

use db::Db;
use serde_json::json;
use sqlx::{query, query_as, query_scalar};

use audit::audited;

use crate::{
    api_key::{
        ApiKey, ApiKeyId, Cursor, Name, OrganisationId, ProjectId, ResponseFormat, ScoresId,
        SelectedServices, State,
    },
    audit::{Change, Log},
    error::Error,
    signing::SigningKey,
};

pub use deletions::DeletionRow;
pub use erasures::ErasureRow;
pub use invitations::{InvitationRow, NewUser};
pub use projects::ProjectRow;
pub use retention::RetentionRow;
pub use rules::{NewRules, RulesRow};
pub use sessions::{NewSession, SessionRow};
pub use users::UserRow;

#[derive(Clone)]
pub struct Store {
    db: Db,
    log: Log,
}

/// A new organisation with its first project.
pub struct Founding<'a> {
    pub organisation: (&'a OrganisationId, &'a Name),
    pub project: (&'a ProjectId, &'a Name),
}

/// What the gateway must know about the key of a call.
#[derive(Debug, sqlx::FromRow)]
pub struct Authorization {
    state: String,
    selected_services: String,
    can_mint: i64,
    pub response_format: String,
    /// The rules the key itself names.
    key_scores_id: Option<String>,
    /// The rules in force, of the key or the project.
    pub rules_json: Option<String>,
    /// Which rule set that is, and which version of it.
    pub rules_scores_id: Option<String>,
    pub rules_version: Option<i64>,
    cors_origins: String,
    pub rate_limit_per_minute: i64,
    pub key_rate_limit_per_minute: i64,
    expires_at: Option<i64>,
}

impl Authorization {
    pub fn state(&self, now_ms: i64) -> State {
        State::from_stored(&self.state).at(now_ms, self.expires_at)
    }

    pub fn selected_services(&self) -> Result<Vec<String>, Error> {
        services(&self.selected_services).map(SelectedServices::into_names)
    }

    pub fn cors_origins(&self) -> Result<Vec<String>, Error> {
        serde_json::from_str(&self.cors_origins).map_err(|_| Error::Damaged)
    }

    pub fn can_mint(&self) -> bool {
        self.can_mint != 0
    }

    /// `default`, `project`, or the id of the key's own rules.
    pub fn rules_source(&self) -> &str {
        match (&self.key_scores_id, &self.rules_json) {
            (_, None) => "default",
            (Some(own), Some(_)) => own,
            (None, Some(_)) => "project",
        }
    }
}

#[derive(sqlx::FromRow)]
struct ApiKeyRow {
    id: String,
    project_id: String,
    kid: String,
    name: String,
    state: String,
    selected_services: String,
    scores_id: Option<String>,
    can_mint: i64,
    response_format: String,
    created_at: i64,
    updated_at: i64,
    last_used_at: i64,
    rate_limit_per_minute: i64,
    expires_at: Option<i64>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Error;

    fn try_from(row: ApiKeyRow) -> Result<Self, Error> {
        Ok(Self {
            id: ApiKeyId::parse(&row.id)?,
            project_id: ProjectId::parse(&row.project_id)?,
            kid: row.kid,
            name: Name::parse("name", &row.name)?,
            state: State::from_stored(&row.state),
            selected_services: services(&row.selected_services)?,
            scores_id: row.scores_id.as_deref().map(ScoresId::parse).transpose()?,
            can_mint: row.can_mint != 0,
            response_format: ResponseFormat::parse(&row.response_format)?,
            created_at_ms: row.created_at,
            updated_at_ms: row.updated_at,
            last_used_at_ms: row.last_used_at,
            rate_limit_per_minute: u32::try_from(row.rate_limit_per_minute).unwrap_or(0),
            expires_at_ms: row.expires_at,
        })
    }
}

/// Active keys of a project that can mint now.
const MINTERS: &str = "SELECT COUNT(*) FROM api_keys WHERE project_id = $1 AND state = 'active' AND can_mint = 1 \
                       AND (expires_at IS NULL OR expires_at > $2)";

macro_rules! select_key {
    ($rest:literal) => {
        concat!(
            "SELECT id, project_id, kid, name, state, selected_services, scores_id, can_mint, response_format, \
             created_at, updated_at, last_used_at, rate_limit_per_minute, expires_at FROM api_keys ",
            $rest
        )
    };
}
use select_key;

/// What the audit log says of a key.
fn described(key: &ApiKey) -> serde_json::Value {
    json!({"name": key.name.as_str(), "selected_services": key.selected_services, "can_mint": key.can_mint,
           "response_format": key.response_format.as_str(), "scores_id": key.scores_id.as_ref().map(ScoresId::as_str),
           "rate_limit_per_minute": key.rate_limit_per_minute, "expires_at_ms": key.expires_at_ms})
}

fn services(json: &str) -> Result<SelectedServices, Error> {
    serde_json::from_str(json).map_err(|error| Error::Database(sqlx::Error::Decode(Box::new(error))))
}

/// The insert of a key, for whichever database and inside whichever transaction it runs.
macro_rules! insert_key {
    ($key:expr) => {
        query(
            "INSERT INTO api_keys (id, project_id, kid, name, state, selected_services, scores_id, can_mint, \
             response_format, created_at, updated_at, rate_limit_per_minute, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind($key.id.as_str())
        .bind($key.project_id.as_str())
        .bind(&$key.kid)
        .bind($key.name.as_str())
        .bind($key.state.as_str())
        .bind(services_json(&$key.selected_services))
        .bind($key.scores_id.as_ref().map(ScoresId::as_str))
        .bind(i64::from($key.can_mint))
        .bind($key.response_format.as_str())
        .bind($key.created_at_ms)
        .bind($key.updated_at_ms)
        .bind(i64::from($key.rate_limit_per_minute))
        .bind($key.expires_at_ms)
    };
}

fn services_json(services: &SelectedServices) -> String {
    serde_json::json!(services).to_string()
}

impl Store {
    pub fn new(db: Db, log: Log) -> Self {
        Self { db, log }
    }

    /// The key that signs now.
    pub async fn current_signing_key(&self) -> Result<Option<SigningKey>, Error> {
        const SQL: &str = "SELECT kid, public_key, sealed_private_key FROM signing_keys WHERE current = 1";
        let row: Option<(String, Vec<u8>, Vec<u8>)> =
            db::on!(&self.db, |pool| query_as(SQL).fetch_optional(pool).await)?;
        Ok(row.map(|(kid, public_key, sealed_private_key)| SigningKey {
            kid,
            public_key,
            sealed_private_key,
        }))
    }

    /// Makes `key` the one that signs, unless there is one already: processes that start together agree on the first.
    pub async fn first_signing_key(&self, key: &SigningKey, now_ms: i64) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO signing_keys (kid, public_key, sealed_private_key, current, created_at) \
                           VALUES ($1, $2, $3, 1, $4) ON CONFLICT DO NOTHING";
        db::on!(&self.db, |pool| {
            let add = query(SQL).bind(&key.kid).bind(&key.public_key).bind(&key.sealed_private_key);
            add.bind(now_ms).execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// Makes `key` the one that signs. The private half of the one before is destroyed: it can only verify from here.
    pub async fn rotate_signing_key(&self, key: &SigningKey, now_ms: i64) -> Result<(), Error> {
        const RETIRE: &str =
            "UPDATE signing_keys SET current = 0, sealed_private_key = NULL WHERE current = 1";
        const ADD: &str = "INSERT INTO signing_keys (kid, public_key, sealed_private_key, current, created_at) \
                           VALUES ($1, $2, $3, 1, $4)";
        let change = Change::new("", "signing_key.rotated", &key.kid);
        let done: Result<(), Error> = audited!(self, |tx| {
            query(RETIRE).execute(&mut *tx).await?;
            let add = query(ADD).bind(&key.kid).bind(&key.public_key).bind(&key.sealed_private_key);
            add.bind(now_ms).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        });
        done.map_err(conflict)
    }

    /// Key id and public key of every signing key there ever was, oldest first.
    pub async fn verification_keys(&self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        const SQL: &str = "SELECT kid, public_key FROM signing_keys ORDER BY created_at, kid";
        Ok(db::on!(&self.db, |pool| query_as(SQL).fetch_all(pool).await)?)
    }

    /// Organisation, project and first key: all or nothing.
    pub async fn found(&self, founding: &Founding<'_>, key: &ApiKey) -> Result<(), Error> {
        const ORGANISATION: &str = "INSERT INTO organisations (id, name, created_at) VALUES ($1, $2, $3)";
        const PROJECT: &str = "INSERT INTO projects (id, organisation_id, name, scores_id, created_at) VALUES ($1, $2, $3, NULL, $4)";
        let (organisation_id, organisation) = founding.organisation;
        let (project_id, project) = founding.project;
        let after = json!({"organisation": organisation.as_str(), "project": project.as_str(), "key": key.id.as_str()});
        let change = Change {
            project_id: project_id.as_str().into(),
            after: Some(after),
            ..Change::new(organisation_id.as_str(), "organisation.created", organisation_id.as_str())
        };
        audited!(self, |tx| {
            let insert = query(ORGANISATION).bind(organisation_id.as_str()).bind(organisation.as_str());
            insert.bind(key.created_at_ms).execute(&mut *tx).await?;
            let insert = query(PROJECT).bind(project_id.as_str()).bind(organisation_id.as_str());
            insert.bind(project.as_str()).bind(key.created_at_ms).execute(&mut *tx).await?;
            insert_key!(key).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        })
    }

    pub async fn insert_api_key(&self, key: &ApiKey) -> Result<(), Error> {
        // Once the deletion of the organisation has begun, no key may come to be behind its back.
        const STAYS: &str = "SELECT COUNT(*) FROM projects p JOIN organisations o ON o.id = p.organisation_id \
                             WHERE p.id = $1 AND o.deleting_at IS NULL";
        let change = self.change_in(&key.project_id, "key.created", key.id.as_str()).await?;
        let change = Change { after: Some(described(key)), ..change.ok_or(Error::NoSuchProject)? };
        audited!(self, |tx| {
            let stays = query_scalar::<_, i64>(STAYS).bind(key.project_id.as_str());
            if stays.fetch_one(&mut *tx).await? == 0 {
                return Err(Error::NoSuchProject);
            }
            insert_key!(key).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        })
    }

    /// The key was used at this time.
    pub async fn touch_api_key(&self, id: &ApiKeyId, at_ms: i64) -> Result<(), Error> {
        const SQL: &str = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2";
        db::on!(&self.db, |pool| query(SQL).bind(id.as_str()).bind(at_ms).execute(pool).await.map(drop))?;
        Ok(())
    }

    /// A change in a project, by whoever makes the call; none when there is no such project.
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
        let found: Option<i32> =
            db::on!(&self.db, |pool| query_scalar(SQL).bind(project.as_str()).fetch_optional(pool).await)?;
        Ok(found.is_some())
    }

    pub async fn find_api_key(&self, project: &ProjectId, id: &ApiKeyId) -> Result<Option<ApiKey>, Error> {
        const SQL: &str = select_key!("WHERE id = $1 AND project_id = $2");
        let row = db::on!(&self.db, |pool| {
            let find = query_as::<_, ApiKeyRow>(SQL).bind(id.as_str()).bind(project.as_str());
            find.fetch_optional(pool).await
        })?;
        row.map(ApiKey::try_from).transpose()
    }

    /// Up to `limit` keys of a project, newest first, from the one after `after` (when it was made, and its id).
    pub async fn list_api_keys(
        &self,
        project: &ProjectId,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Vec<ApiKey>, Error> {
        const SQL: &str = select_key!(
            "WHERE project_id = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4"
        );
        let (at, id) = after.map_or((i64::MAX, ""), |after| (after.created_at_ms, after.id.as_str()));
        let rows = db::on!(&self.db, |pool| {
            let list = query_as::<_, ApiKeyRow>(SQL).bind(project.as_str()).bind(at).bind(id);
            list.bind(i64::from(limit)).fetch_all(pool).await
        })?;
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    /// The key as it is now; revoking twice changes nothing. With `keep_one_minter`, [`Error::LastMinter`] instead of
    /// leaving the project without an active key that can mint.
    pub async fn revoke_api_key(
        &self,
        project: &ProjectId,
        id: &ApiKeyId,
        keep_one_minter: bool,
        now_ms: i64,
    ) -> Result<Option<ApiKey>, Error> {
        const STATE: &str = "SELECT state FROM api_keys WHERE id = $1 AND project_id = $2";
        const REVOKE: &str = "UPDATE api_keys SET updated_at = CASE WHEN state = 'active' THEN $3 ELSE updated_at END, \
                           state = 'revoked' WHERE id = $1 AND project_id = $2 \
                           RETURNING id, project_id, kid, name, state, selected_services, scores_id, can_mint, \
                           response_format, created_at, updated_at, last_used_at, rate_limit_per_minute, expires_at";
        let Some(change) = self.change_in(project, "key.revoked", id.as_str()).await? else {
            return Ok(None);
        };
        let row: Option<ApiKeyRow> = audited!(self, |tx| {
            let state = query_scalar::<_, String>(STATE).bind(id.as_str()).bind(project.as_str());
            let active = state.fetch_optional(&mut *tx).await?.as_deref() == Some("active");
            let minters = query_scalar::<_, i64>(MINTERS).bind(project.as_str());
            let before = minters.bind(now_ms).fetch_one(&mut *tx).await?;
            let revoke =
                query_as::<_, ApiKeyRow>(REVOKE).bind(id.as_str()).bind(project.as_str()).bind(now_ms);
            let row = revoke.fetch_optional(&mut *tx).await?;
            let minters = query_scalar::<_, i64>(MINTERS).bind(project.as_str());
            if keep_one_minter && before > 0 && minters.bind(now_ms).fetch_one(&mut *tx).await? == 0 {
                return Err(Error::LastMinter);
            }
            (row, active.then(|| change.clone()))
        })?;
        row.map(ApiKey::try_from).transpose()
    }

    /// One query by primary key: this is asked on every call of the product.
    pub async fn authorize(
        &self,
        project: &ProjectId,
        id: &ApiKeyId,
    ) -> Result<Option<Authorization>, Error> {
        const SQL: &str = "SELECT k.state, k.selected_services, k.can_mint, k.response_format, \
                           k.scores_id AS key_scores_id, r.rules_json, \
                           r.scores_id AS rules_scores_id, r.version AS rules_version, \
                           p.cors_origins, p.rate_limit_per_minute, \
                           k.rate_limit_per_minute AS key_rate_limit_per_minute, k.expires_at \
                           FROM api_keys k JOIN projects p ON p.id = k.project_id \
                           LEFT JOIN scoring_rules r ON r.scores_id = COALESCE(k.scores_id, p.scores_id) \
                           WHERE k.id = $1 AND k.project_id = $2";
        Ok(db::on!(&self.db, |pool| query_as(SQL)
            .bind(id.as_str())
            .bind(project.as_str())
            .fetch_optional(pool)
            .await)?)
    }
}

/// Two rotations at once: the unique index on the current key lets one of them through.
fn conflict(error: Error) -> Error {
    match error {
        Error::Database(cause) if db::is_unique_violation(&cause) => Error::Conflict,
        other => other,
    }
}
