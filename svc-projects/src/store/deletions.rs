//! Deletion of an organisation: marked, purged by the other services, then removed.

use db::Tx;

use super::{Store, UserRow};
use crate::{
    api_key::OrganisationId,
    audit::Change,
    deletion::{Destroyed, merged},
    error::Error,
};

/// A stored deletion.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DeletionRow {
    pub id: String,
    pub organisation_id: String,
    pub projects: i64,
    pub begun_at: i64,
    pub destroyed_json: String,
    pub deleted_at: Option<i64>,
    pub signature: Option<String>,
}

const SELECT_DELETION: &str =
    "SELECT id, organisation_id, projects, begun_at, destroyed_json, deleted_at, signature FROM deletions ";

/// Everything of an organisation except its projects, in the order of the foreign keys.
const PEOPLE: [&str; 2] =
    ["DELETE FROM invitations WHERE organisation_id = $1", "DELETE FROM users WHERE organisation_id = $1"];
const PROJECTS: [&str; 6] = [
    "DELETE FROM api_keys WHERE project_id IN (SELECT id FROM projects WHERE organisation_id = $1)",
    "DELETE FROM scoring_rule_versions WHERE scores_id IN (SELECT r.scores_id FROM scoring_rules r \
     JOIN projects p ON p.id = r.project_id WHERE p.organisation_id = $1)",
    "DELETE FROM scoring_rules WHERE project_id IN (SELECT id FROM projects WHERE organisation_id = $1)",
    "DELETE FROM retention WHERE project_id IN (SELECT id FROM projects WHERE organisation_id = $1)",
    "DELETE FROM projects WHERE organisation_id = $1",
    "DELETE FROM organisations WHERE id = $1",
];

impl Store {
    /// Marks the organisation of `owner` as being deleted, removes its users with their sessions and links, and
    /// revokes its keys.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it is marked already, [`Error::AboveOwnRole`] when `owner` is no longer one.
    pub async fn begin_deletion(
        &self,
        owner: &UserRow,
        id: &str,
        change: Change,
    ) -> Result<DeletionRow, Error> {
        const MARK: &str = "UPDATE organisations SET deleting_at = $2 WHERE id = $1 AND deleting_at IS NULL";
        const OWNER: &str = "SELECT COUNT(*) FROM users WHERE id = $1 AND role = 'owner'";
        const COUNT: &str = "SELECT COUNT(*) FROM projects WHERE organisation_id = $1";
        const REVOKE: &str = "UPDATE api_keys SET state = 'revoked', mac = '', updated_at = $2 WHERE state = 'active' \
                              AND project_id IN (SELECT id FROM projects WHERE organisation_id = $1)";
        const NOTE: &str = "INSERT INTO deletions (id, organisation_id, projects, begun_at, destroyed_json) \
                            VALUES ($1, $2, $3, $4, '[]')";
        let now_ms = self.now_ms();
        let organisation = &owner.organisation_id;
        let (mut tx, head) = self.begin_audited().await?;
        if tx.execute(MARK, db::params![organisation, now_ms]).await? == 0 {
            return Err(Error::Conflict);
        }
        let (owners,): (i64,) = tx.fetch_one(OWNER, db::params![&owner.id]).await?;
        if owners == 0 {
            return Err(Error::AboveOwnRole);
        }
        let (projects,): (i64,) = tx.fetch_one(COUNT, db::params![organisation]).await?;
        tx.execute(REVOKE, db::params![organisation, now_ms]).await?;
        delete_all(&mut tx, &PEOPLE, organisation).await?;
        tx.execute(NOTE, db::params![id, organisation, projects, now_ms]).await?;
        self.commit_audited(tx, &head, &change).await?;
        self.db.purge(Vec::new()).await?;
        Ok(DeletionRow {
            id: id.to_owned(),
            organisation_id: organisation.clone(),
            projects,
            begun_at: now_ms,
            destroyed_json: "[]".into(),
            deleted_at: None,
            signature: None,
        })
    }

    pub async fn find_deletion(&self, id: &str) -> Result<Option<DeletionRow>, Error> {
        const SQL: [&str; 2] = [SELECT_DELETION, "WHERE id = $1"];
        Ok(self.db.fetch_optional(SQL, db::params![id]).await?)
    }

    /// Returns deletions in progress, oldest first.
    pub async fn open_deletions(&self, limit: u32) -> Result<Vec<DeletionRow>, Error> {
        const SQL: [&str; 2] = [SELECT_DELETION, "WHERE deleted_at IS NULL ORDER BY begun_at, id LIMIT $1"];
        Ok(self.db.fetch_all(SQL, db::params![limit]).await?)
    }

    pub async fn projects_of(&self, organisation: &str) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT id FROM projects WHERE organisation_id = $1 ORDER BY id";
        let ids: Vec<(String,)> = self.db.fetch_all(SQL, db::params![organisation]).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// Adds destroyed items to a deletion in progress; concurrent calls add up.
    pub async fn note_destroyed(&self, id: &str, destroyed: &[Destroyed]) -> Result<(), Error> {
        // Changes nothing; it only locks.
        const TAKE: &str = "UPDATE deletions SET begun_at = begun_at WHERE id = $1 AND deleted_at IS NULL \
                            RETURNING destroyed_json";
        const SET: &str = "UPDATE deletions SET destroyed_json = $2 WHERE id = $1";
        let mut tx = self.db.begin().await?;
        let known: Option<(String,)> = tx.fetch_optional(TAKE, db::params![id]).await?;
        let Some((known,)) = known else { return Ok(()) };
        tx.execute(SET, db::params![id, &merged(&known, destroyed)?]).await?;
        Ok(tx.commit().await?)
    }

    /// Removes what is left of the organisation, and stores the receipt. A second call changes nothing.
    pub async fn finish_deletion(&self, row: &DeletionRow, change: Change) -> Result<(), Error> {
        const DONE: &str =
            "UPDATE deletions SET deleted_at = $2, signature = $3 WHERE id = $1 AND deleted_at IS NULL";
        let (mut tx, head) = self.begin_audited().await?;
        if tx.execute(DONE, db::params![&row.id, row.deleted_at, &row.signature]).await? > 0 {
            delete_all(&mut tx, &PEOPLE, &row.organisation_id).await?;
            delete_all(&mut tx, &PROJECTS, &row.organisation_id).await?;
            self.commit_audited(tx, &head, &change).await?;
        }
        self.db.purge(Vec::new()).await?;
        Ok(())
    }

    /// Returns the name of an organisation, if it exists and is not being deleted.
    pub async fn organisation_name(&self, id: &OrganisationId) -> Result<Option<String>, Error> {
        const SQL: &str = "SELECT name FROM organisations WHERE id = $1 AND deleting_at IS NULL";
        let found: Option<(String,)> = self.db.fetch_optional(SQL, db::params![id.as_str()]).await?;
        Ok(found.map(|(name,)| name))
    }
}

async fn delete_all(tx: &mut Tx, statements: &[&'static str], organisation: &str) -> Result<(), Error> {
    for sql in statements {
        tx.execute(*sql, db::params![organisation]).await?;
    }
    Ok(())
}
