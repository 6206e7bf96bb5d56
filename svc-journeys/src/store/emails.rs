//! Mailed codes.

use super::Store;
use crate::error::Error;

/// An e-mail validation as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EmailRow {
    pub id: String,
    pub journey_project_id: String,
    pub flow_id: String,
    pub registration_id: String,
    pub status: String,
    pub wrapped_key: Vec<u8>,
    pub sealed: Vec<u8>,
    pub code_hash: Option<Vec<u8>>,
    pub expires_at: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Store {
    pub async fn add_email(
        &self,
        project: &str,
        row: &EmailRow,
        address_hash: &[u8],
        subject_hash: &[u8],
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO email_validations (id, project_id, journey_project_id, flow_id, registration_id, \
            status, wrapped_key, sealed, address_hash, subject_hash, code_hash, tries, expires_at, created_at, \
            updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, $13)";
        let params = db::params![
            &row.id,
            project,
            &row.journey_project_id,
            &row.flow_id,
            &row.registration_id,
            &row.status,
            &row.wrapped_key,
            &row.sealed,
            address_hash,
            subject_hash,
            &row.code_hash,
            row.expires_at,
            row.created_at
        ];
        self.db.execute(SQL, params).await?;
        Ok(())
    }

    /// Returns the newest validation of a registration, or of an address when there is no registration.
    pub async fn find_email(
        &self,
        project: &str,
        registration: &str,
        journey_project: &str,
        address_hash: &[u8],
    ) -> Result<Option<EmailRow>, Error> {
        const SQL: &str = "SELECT id, journey_project_id, flow_id, registration_id, status, wrapped_key, sealed, \
            code_hash, expires_at, created_at, updated_at FROM email_validations WHERE project_id = $1 \
            AND registration_id = $2 AND (journey_project_id = $3 OR $2 <> '') AND (address_hash = $4 OR $2 <> '') \
            ORDER BY created_at DESC, id DESC LIMIT 1";
        let params = db::params![project, registration, journey_project, address_hash];
        Ok(self.db.fetch_optional(SQL, params).await?)
    }

    pub async fn has_validated_email(&self, project: &str, registration: &str) -> Result<bool, Error> {
        const SQL: &str = "SELECT id FROM email_validations WHERE project_id = $1 AND registration_id = $2 \
            AND status = 'validated' LIMIT 1";
        let found: Option<(String,)> =
            self.db.fetch_optional(SQL, db::params![project, registration]).await?;
        Ok(found.is_some())
    }

    /// Counts an attempt if one is left, and returns whether it did.
    pub async fn count_try(&self, project: &str, id: &str, limit: i64) -> Result<bool, Error> {
        const SQL: &str = "UPDATE email_validations SET tries = tries + 1 WHERE id = $1 AND project_id = $2 \
            AND tries < $3 AND code_hash IS NOT NULL";
        Ok(self.db.execute(SQL, db::params![id, project, limit]).await? == 1)
    }

    /// Uses up this code, and returns whether this call did.
    pub async fn use_code(
        &self,
        project: &str,
        id: &str,
        code_hash: &[u8],
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE email_validations SET status = 'validated', code_hash = NULL, updated_at = $4 \
            WHERE id = $1 AND project_id = $2 AND code_hash = $3 AND expires_at > $4";
        Ok(self.db.execute(SQL, db::params![id, project, code_hash, now_ms]).await? == 1)
    }
}
