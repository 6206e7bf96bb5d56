//! Receipts of erasures: added and read, never changed.

use serde_json::json;
use sqlx::{query, query_as};

use super::{Store, audit::audited};
use crate::{api_key::ProjectId, audit::Change, error::Error};

/// A receipt as it is kept.
#[derive(Debug, sqlx::FromRow)]
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
        audited!(self, |tx| {
            let add = query(SQL).bind(&e.id).bind(&e.project_id).bind(&e.api_key_id).bind(&e.subject);
            add.bind(&e.destroyed_json).bind(&e.signature).bind(e.erased_at).execute(&mut *tx).await?;
            ((), Some(change.clone()))
        })
    }

    pub async fn find_erasure(&self, project: &ProjectId, id: &str) -> Result<Option<ErasureRow>, Error> {
        const SQL: &str = "SELECT id, project_id, api_key_id, subject, destroyed_json, signature, erased_at \
                           FROM erasures WHERE id = $1 AND project_id = $2";
        Ok(db::on!(&self.db, |pool| query_as(SQL)
            .bind(id)
            .bind(project.as_str())
            .fetch_optional(pool)
            .await)?)
    }
}
