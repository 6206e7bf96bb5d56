//! One-time links.

use super::Store;
use crate::error::Error;

/// A link as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LinkRow {
    pub id: String,
    pub project_id: String,
    pub api_key_id: String,
    pub purpose: String,
    pub token_hash: Vec<u8>,
    pub wrapped_key: Vec<u8>,
    pub sealed: Vec<u8>,
    pub browser_hash: Option<Vec<u8>>,
    pub needs_code: i64,
    pub used_at: Option<i64>,
    pub expires_at: i64,
}

impl Store {
    pub async fn add_link(&self, row: &LinkRow, subject_hash: &[u8], now_ms: i64) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO links (id, project_id, api_key_id, purpose, token_hash, wrapped_key, sealed, \
            subject_hash, needs_code, code_tries, code_expires_at, expires_at, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, $11)";
        let params = db::params![
            &row.id,
            &row.project_id,
            &row.api_key_id,
            &row.purpose,
            &row.token_hash,
            &row.wrapped_key,
            &row.sealed,
            subject_hash,
            row.needs_code,
            row.expires_at,
            now_ms
        ];
        self.db.execute(SQL, params).await?;
        Ok(())
    }

    /// Returns a link of any tenant, because only the token says which one it belongs to.
    pub async fn find_link_by_token(&self, token_hash: &[u8]) -> Result<Option<LinkRow>, Error> {
        const SQL: &str = "SELECT id, project_id, api_key_id, purpose, token_hash, wrapped_key, sealed, browser_hash, \
            needs_code, used_at, expires_at FROM links WHERE token_hash = $1";
        Ok(self.db.fetch_optional(SQL, db::params![token_hash]).await?)
    }

    pub async fn find_link(&self, project: &str, id: &str) -> Result<Option<LinkRow>, Error> {
        const SQL: &str = "SELECT id, project_id, api_key_id, purpose, token_hash, wrapped_key, sealed, browser_hash, \
            needs_code, used_at, expires_at FROM links WHERE id = $1 AND project_id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![id, project]).await?)
    }

    /// Binds the link to a browser if it is not bound yet, and returns whether this call did.
    pub async fn bind_link(&self, id: &str, browser_hash: &[u8]) -> Result<bool, Error> {
        const SQL: &str = "UPDATE links SET browser_hash = $2 WHERE id = $1 AND browser_hash IS NULL";
        Ok(self.db.execute(SQL, db::params![id, browser_hash]).await? == 1)
    }

    /// Uses the link up if it is still valid, and returns whether this call did.
    pub async fn take_link(&self, project: &str, id: &str, now_ms: i64) -> Result<bool, Error> {
        const SQL: &str = "UPDATE links SET used_at = $3 WHERE id = $1 AND project_id = $2 AND used_at IS NULL \
            AND needs_code = 0 AND expires_at > $3";
        Ok(self.db.execute(SQL, db::params![id, project, now_ms]).await? == 1)
    }

    pub async fn return_link(&self, project: &str, id: &str) -> Result<(), Error> {
        const SQL: &str = "UPDATE links SET used_at = NULL WHERE id = $1 AND project_id = $2";
        self.db.execute(SQL, db::params![id, project]).await?;
        Ok(())
    }

    /// Replaces the code of the link if it had fewer than `most` codes, and returns whether it did.
    pub async fn set_link_code(
        &self,
        project: &str,
        id: &str,
        code_hash: &[u8],
        (expires_at, most): (i64, i64),
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE links SET code_hash = $3, code_tries = 0, code_expires_at = $4, \
            code_sends = code_sends + 1 WHERE id = $1 AND project_id = $2 AND needs_code = 1 AND code_sends < $5";
        Ok(self.db.execute(SQL, db::params![id, project, code_hash, expires_at, most]).await? == 1)
    }

    /// Counts an attempt at the link's code if one is left, and returns whether it did.
    pub async fn count_link_try(
        &self,
        project: &str,
        id: &str,
        limit: i64,
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE links SET code_tries = code_tries + 1 WHERE id = $1 AND project_id = $2 \
            AND code_tries < $3 AND code_hash IS NOT NULL AND code_expires_at > $4";
        Ok(self.db.execute(SQL, db::params![id, project, limit, now_ms]).await? == 1)
    }

    /// Uses up this code, and returns whether this call did.
    pub async fn use_link_code(&self, project: &str, id: &str, code_hash: &[u8]) -> Result<bool, Error> {
        const SQL: &str = "UPDATE links SET needs_code = 0, code_hash = NULL WHERE id = $1 AND project_id = $2 \
            AND code_hash = $3";
        Ok(self.db.execute(SQL, db::params![id, project, code_hash]).await? == 1)
    }

    pub async fn delete_links_before(&self, expired_ms: i64) -> Result<(), Error> {
        self.db.execute("DELETE FROM links WHERE expires_at < $1", db::params![expired_ms]).await?;
        Ok(())
    }
}
