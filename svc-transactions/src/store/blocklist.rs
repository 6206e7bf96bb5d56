//! Entries of block lists.

use db::Statement;

use super::Store;
use crate::{
    error::Error,
    links::{Kind, Link},
};

const ENTRY_COLUMNS: &str =
    "id, project_id, kind, value_hash, created_at, created_by, transaction_id, subject_hash, sealed";

/// A stored entry.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct BlockedRow {
    pub id: String,
    pub project_id: String,
    pub kind: String,
    pub value_hash: Vec<u8>,
    pub created_at: i64,
    pub created_by: String,
    pub transaction_id: Option<String>,
    pub subject_hash: Option<Vec<u8>>,
    pub sealed: Vec<u8>,
}

/// Entries of a subject: made from their calls, or of their face.
const OF_SUBJECT: &str =
    " FROM blocklist WHERE project_id = $1 AND (subject_hash = $2 OR (kind = 'face' AND value_hash = $2))";

impl Store {
    /// Adds an entry, and returns the stored one.
    pub async fn add_entry(&self, row: &BlockedRow) -> Result<BlockedRow, Error> {
        const ADD: [&str; 3] = [
            "INSERT INTO blocklist (",
            ENTRY_COLUMNS,
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (project_id, kind, value_hash) DO NOTHING",
        ];
        const FIND: [&str; 3] = [
            "SELECT ",
            ENTRY_COLUMNS,
            " FROM blocklist WHERE project_id = $1 AND kind = $2 AND value_hash = $3",
        ];
        let added = db::params![
            &row.id,
            &row.project_id,
            &row.kind,
            &row.value_hash,
            row.created_at,
            &row.created_by,
            &row.transaction_id,
            &row.subject_hash,
            &row.sealed
        ];
        self.db.execute(ADD, added).await?;
        Ok(self.db.fetch_one(FIND, db::params![&row.project_id, &row.kind, &row.value_hash]).await?)
    }

    /// Returns the entry of a value, under any of its hashes.
    pub async fn find_entry(&self, project: &str, link: &Link) -> Result<Option<BlockedRow>, Error> {
        const SELECT: [&str; 3] = ["SELECT ", ENTRY_COLUMNS, " FROM blocklist WHERE project_id = "];
        let mut find = Statement::new(SELECT);
        find.bind(project).push(" AND kind = ").bind(link.kind.as_str());
        find.push(" AND value_hash IN (").bind_list(&link.hashes).push(") LIMIT 1").once(true);
        Ok(self.db.fetch_optional(find.sql(), find.params()).await?)
    }

    /// Returns the kinds of those links that are blocked.
    pub async fn find_blocked(&self, project: &str, links: &[Link]) -> Result<Vec<Kind>, Error> {
        if links.iter().all(|link| link.hashes.is_empty()) {
            return Ok(Vec::new());
        }
        let mut find = Statement::new("SELECT DISTINCT kind FROM blocklist WHERE project_id = ");
        find.bind(project).push(" AND (1 = 0");
        for link in links.iter().filter(|link| !link.hashes.is_empty()) {
            find.push(" OR (kind = ").bind(link.kind.as_str()).push(" AND value_hash IN (");
            find.bind_list(&link.hashes).push("))");
        }
        find.push(")").once(true);
        let kinds: Vec<(String,)> = self.db.fetch_all(find.sql(), find.params()).await?;
        kinds.iter().map(|(kind,)| Kind::from_stored(kind)).collect()
    }

    /// Returns the blocked ones of these values, as kind and hash.
    pub async fn blocked_among(
        &self,
        project: &str,
        values: &[(Kind, Vec<u8>)],
    ) -> Result<Vec<(Kind, Vec<u8>)>, Error> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let mut find = Statement::new("SELECT kind, value_hash FROM blocklist WHERE project_id = ");
        find.bind(project).push(" AND value_hash IN (").bind_list(values.iter().map(|(_, hash)| hash));
        find.push(")").once(true);
        let found: Vec<(String, Vec<u8>)> = self.db.fetch_all(find.sql(), find.params()).await?;
        found.into_iter().map(|(kind, hash)| Ok((Kind::from_stored(&kind)?, hash))).collect()
    }

    pub async fn count_entries(&self, project: &str) -> Result<i64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM blocklist WHERE project_id = $1";
        let (count,): (i64,) = self.db.fetch_one(SQL, db::params![project]).await?;
        Ok(count)
    }

    /// Newest first.
    pub async fn list_entries(
        &self,
        project: &str,
        kind: Option<Kind>,
        most: i64,
    ) -> Result<Vec<BlockedRow>, Error> {
        const SELECT: [&str; 3] = ["SELECT ", ENTRY_COLUMNS, " FROM blocklist WHERE project_id = "];
        let mut find = Statement::new(SELECT);
        find.bind(project);
        if let Some(kind) = kind {
            find.push(" AND kind = ").bind(kind.as_str());
        }
        find.push(" ORDER BY created_at DESC, id DESC LIMIT ").bind(most);
        Ok(self.db.fetch_all(find.sql(), find.params()).await?)
    }

    pub async fn remove_entry(&self, project: &str, id: &str) -> Result<Option<BlockedRow>, Error> {
        const SQL: [&str; 2] =
            ["DELETE FROM blocklist WHERE project_id = $1 AND id = $2 RETURNING ", ENTRY_COLUMNS];
        let mut tx = self.db.begin().await?;
        let removed = tx.fetch_optional(SQL, db::params![project, id]).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// Counts the subject's entries.
    pub async fn count_blocked(&self, project: &str, subject: &[u8]) -> Result<u64, Error> {
        self.count(["SELECT COUNT(*)", OF_SUBJECT], project, subject).await
    }

    /// Deletes the subject's entries.
    pub async fn delete_blocked_of(&self, project: &str, subject: &[u8]) -> Result<u64, Error> {
        Ok(self.db.execute(["DELETE", OF_SUBJECT], db::params![project, subject]).await?)
    }

    pub async fn delete_project_blocked(&self, project: &str) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM blocklist WHERE project_id = $1";
        Ok(self.db.execute(SQL, db::params![project]).await?)
    }
}
