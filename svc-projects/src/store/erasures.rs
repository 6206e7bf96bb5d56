//! Receipts of erasures: added and read, never changed.

use serde_json::json;

use super::Store;
use crate::{api_key::ProjectId, audit::Change, error::Error};

/// A stored receipt.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ErasureRow {
    pub id: String,
    pub project_id: String,
    pub api_key_id: String,
    pub subject: String,
    pub destroyed_json: String,
    pub signature: String,
    pub erased_at: i64,
}

impl Store {
    pub async fn add_erasure(&self, erasure: &ErasureRow) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO erasures (id, project_id, api_key_id, subject, destroyed_json, signature, erased_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let e = erasure;
        let change = self.change_in(&ProjectId::parse(&e.project_id)?, "subject.erased", &e.id).await?;
        let destroyed: serde_json::Value = serde_json::from_str(&e.destroyed_json).unwrap_or_default();
        let after = Some(json!({"subject": e.subject, "destroyed": destroyed}));
        let change = Change { after, ..change.ok_or(Error::NoSuchProject)? };
        let add = db::params![
            &e.id,
            &e.project_id,
            &e.api_key_id,
            &e.subject,
            &e.destroyed_json,
            &e.signature,
            e.erased_at,
        ];
        let (mut tx, head) = self.begin_audited().await?;
        tx.execute(SQL, add).await?;
        self.commit_audited(tx, &head, &change).await
    }

    pub async fn find_erasure(&self, project: &ProjectId, id: &str) -> Result<Option<ErasureRow>, Error> {
        const SQL: &str = "SELECT id, project_id, api_key_id, subject, destroyed_json, signature, erased_at \
                           FROM erasures WHERE id = $1 AND project_id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![id, project.as_str()]).await?)
    }
}
