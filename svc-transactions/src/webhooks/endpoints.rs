//! Every SQL statement about endpoints.

use sqlx::{query, query_as, query_scalar};

use super::{Store, endpoint::EndpointId};
use crate::{error::Error, store::Lines};

macro_rules! endpoint_columns {
    () => {
        "id, project_id, api_key_id, events, status, sealed_target, sealed_secrets, success_count, failure_count, \
         created_at, updated_at"
    };
}

/// An endpoint as the database sees it.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct EndpointRow {
    pub id: String,
    pub project_id: String,
    pub api_key_id: String,
    /// Empty: every event.
    #[sqlx(try_from = "String")]
    pub events: Lines,
    /// active, paused or disabled.
    pub status: String,
    pub sealed_target: Vec<u8>,
    pub sealed_secrets: Vec<u8>,
    pub success_count: i64,
    pub failure_count: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

/// Whose endpoints a call may see: those of one key, or of every key of the project.
#[derive(Clone, Debug)]
pub struct Scope {
    pub project_id: String,
    pub api_key_id: Option<String>,
}

impl Store {
    pub async fn insert_endpoint(&self, row: &EndpointRow) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO webhook_endpoints (",
            endpoint_columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        );
        db::on!(&self.db, |pool| {
            let insert = query(SQL)
                .bind(&row.id)
                .bind(&row.project_id)
                .bind(&row.api_key_id)
                .bind(row.events.json())
                .bind(&row.status)
                .bind(&row.sealed_target)
                .bind(&row.sealed_secrets)
                .bind(row.success_count)
                .bind(row.failure_count)
                .bind(row.created_at)
                .bind(row.updated_at);
            insert.execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    pub async fn count_endpoints(&self, project: &str, api_key: &str) -> Result<i64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM webhook_endpoints WHERE project_id = $1 AND api_key_id = $2";
        Ok(db::on!(&self.db, |pool| query_scalar(SQL).bind(project).bind(api_key).fetch_one(pool).await)?)
    }

    /// The endpoints of `scope`, newest first, `limit` at most.
    pub async fn endpoints(&self, scope: &Scope, limit: i64) -> Result<Vec<EndpointRow>, Error> {
        const SQL: &str = concat!(
            "SELECT ",
            endpoint_columns!(),
            " FROM webhook_endpoints WHERE project_id = $1 AND ($2 IS NULL OR api_key_id = $2) ORDER BY id DESC LIMIT $3"
        );
        Ok(db::on!(&self.db, |pool| {
            let all = query_as(SQL).bind(&scope.project_id).bind(&scope.api_key_id).bind(limit);
            all.fetch_all(pool).await
        })?)
    }

    pub async fn endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<EndpointRow>, Error> {
        const SQL: &str = concat!(
            "SELECT ",
            endpoint_columns!(),
            " FROM webhook_endpoints WHERE id = $3 AND project_id = $1 AND ($2 IS NULL OR api_key_id = $2)"
        );
        Ok(db::on!(&self.db, |pool| {
            let one = query_as(SQL).bind(&scope.project_id).bind(&scope.api_key_id).bind(id.as_str());
            one.fetch_optional(pool).await
        })?)
    }

    /// Makes `old` be `new`; false when it is not as `old` says any more.
    pub async fn replace_endpoint(&self, old: &EndpointRow, new: &EndpointRow) -> Result<bool, Error> {
        const SQL: &str = "UPDATE webhook_endpoints \
             SET events = $2, status = $3, sealed_target = $4, sealed_secrets = $5, updated_at = $6 \
             WHERE id = $1 AND events = $7 AND status = $8 AND sealed_target = $9 AND sealed_secrets = $10";
        let replaced = db::on!(&self.db, |pool| {
            let update = query(SQL)
                .bind(&old.id)
                .bind(new.events.json())
                .bind(&new.status)
                .bind(&new.sealed_target)
                .bind(&new.sealed_secrets)
                .bind(new.updated_at)
                .bind(old.events.json())
                .bind(&old.status)
                .bind(&old.sealed_target)
                .bind(&old.sealed_secrets);
            update.execute(pool).await.map(|done| done.rows_affected())
        })?;
        Ok(replaced == 1)
    }

    /// Removes an endpoint, then what was queued for it and its log, some at a time.
    pub async fn delete_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<bool, Error> {
        const ENDPOINT: &str = "DELETE FROM webhook_endpoints WHERE id = $3 AND project_id = $1 AND ($2 IS NULL OR api_key_id = $2)";
        const DELIVERIES: &str = "DELETE FROM webhook_deliveries WHERE id IN \
             (SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 LIMIT 1000)";
        let deleted = db::on!(&self.db, |pool| {
            let delete = query(ENDPOINT).bind(&scope.project_id).bind(&scope.api_key_id).bind(id.as_str());
            delete.execute(pool).await.map(|done| done.rows_affected())
        })?;
        let mut left = deleted;
        while left > 0 {
            left = db::on!(&self.db, |pool| {
                let delete = query(DELIVERIES).bind(id.as_str());
                delete.execute(pool).await.map(|done| done.rows_affected())
            })?;
        }
        Ok(deleted == 1)
    }

    /// The active endpoints something is due for at `now_ms`.
    pub async fn ready(&self, now_ms: i64) -> Result<Vec<EndpointRow>, Error> {
        const SQL: &str = concat!(
            "SELECT ",
            endpoint_columns!(),
            " FROM webhook_endpoints AS endpoint WHERE status = 'active' AND EXISTS (SELECT 1 FROM webhook_deliveries \
             AS delivery WHERE delivery.endpoint_id = endpoint.id AND delivery.due_at <= $1) ORDER BY id"
        );
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(now_ms).fetch_all(pool).await)?)
    }
}
