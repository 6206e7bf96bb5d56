//! Stored data of one subject (the sessions locked to it) and of a whole project.

use super::{COLUMNS, Row, Store};
use crate::{error::Error, session::Session};

impl Store {
    /// Returns the sessions of `project` locked to the user with `hash`, including expired ones that still exist.
    pub async fn bound_to(&self, project: &str, hash: &[u8]) -> Result<Vec<Session>, Error> {
        const SQL: [&str; 3] =
            ["SELECT ", COLUMNS, " FROM sessions WHERE project_id = $1 AND user_hash = $2"];
        let rows: Vec<Row> = self.db.fetch_all(SQL, db::params![project, hash]).await?;
        rows.into_iter().map(Session::try_from).collect()
    }

    /// What is sealed for the user with `hash` beside the name: the phrase of each session, the result of each check.
    pub async fn sealed_for(&self, project: &str, hash: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        const SQL: &str = "SELECT challenge_sealed FROM sessions \
            WHERE project_id = $1 AND user_hash = $2 AND challenge_sealed IS NOT NULL \
            UNION ALL SELECT result_sealed FROM deepfake_checks \
            WHERE project_id = $1 AND user_hash = $2 AND result_sealed IS NOT NULL";
        let rows: Vec<(Vec<u8>,)> = self.db.fetch_all(SQL, db::params![project, hash]).await?;
        Ok(rows.into_iter().map(|(sealed,)| sealed).collect())
    }

    /// Ends all of them, so that no upload in progress can leave a video.
    pub async fn end_bound_to(&self, project: &str, hash: &[u8], now_ms: i64) -> Result<(), Error> {
        const SQL: &str = "UPDATE sessions SET ended_at = $3 WHERE project_id = $1 AND user_hash = $2 \
            AND ended_at IS NULL";
        self.db.execute(SQL, db::params![project, hash, now_ms]).await?;
        Ok(())
    }

    /// Ends up to `most` sessions of a project, of any user, and returns them as updated.
    pub async fn end_some_of(&self, project: &str, now_ms: i64, most: u32) -> Result<Vec<Session>, Error> {
        const SQL: [&str; 2] = [
            "UPDATE sessions SET ended_at = COALESCE(ended_at, $2) WHERE id IN \
                (SELECT id FROM sessions WHERE project_id = $1 LIMIT $3) RETURNING ",
            COLUMNS,
        ];
        let mut tx = self.db.begin().await?;
        let rows: Vec<Row> = tx.fetch_all(SQL, db::params![project, now_ms, most]).await?;
        tx.commit().await?;
        rows.into_iter().map(Session::try_from).collect()
    }

    /// Removes these, from the database's files as well.
    ///
    /// # Errors
    /// When the database fails or its files cannot be cleaned.
    pub async fn delete(&self, sessions: &[Session]) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM sessions WHERE id = $1";
        if sessions.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        for session in sessions {
            tx.execute(SQL, db::params![session.id.as_str()]).await?;
        }
        tx.commit().await?;
        self.purge(sessions.iter().flat_map(Session::secrets).collect()).await
    }

    /// Removes the project's sessions locked to the user with `hash`.
    pub async fn delete_bound_to(&self, project: &str, hash: &[u8]) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM sessions WHERE project_id = $1 AND user_hash = $2";
        self.db.execute(SQL, db::params![project, hash]).await?;
        Ok(())
    }

    /// Removes deleted rows from the database's files.
    ///
    /// # Errors
    /// When the files cannot be cleaned.
    pub async fn purge(&self, secrets: Vec<Vec<u8>>) -> Result<(), Error> {
        Ok(self.db.purge(secrets).await?)
    }
}
