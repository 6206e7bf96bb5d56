//! Every SQL statement about endpoints.

use super::Store;
use crate::{
    error::Error,
    store::Lines,
    webhooks::{direct::DIRECT, endpoint::EndpointId},
};

const ENDPOINT_COLUMNS: &str = "id, project_id, api_key_id, events, status, sealed_target, sealed_secrets, \
     success_count, failure_count, created_at, updated_at";

/// A stored endpoint.
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

/// The endpoints a call may see: those of one key, or of every key of the project.
#[derive(Clone, Debug)]
pub struct Scope {
    pub project_id: String,
    pub api_key_id: Option<String>,
}

impl Store {
    pub async fn insert_endpoint(&self, row: &EndpointRow) -> Result<(), Error> {
        const SQL: [&str; 3] = [
            "INSERT INTO webhook_endpoints (",
            ENDPOINT_COLUMNS,
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        ];
        self.insert(SQL, row).await
    }

    /// The same, unless one with this id is there.
    pub async fn ensure_endpoint(&self, row: &EndpointRow) -> Result<(), Error> {
        const SQL: [&str; 3] = [
            "INSERT INTO webhook_endpoints (",
            ENDPOINT_COLUMNS,
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING",
        ];
        self.insert(SQL, row).await
    }

    async fn insert(&self, sql: [&'static str; 3], row: &EndpointRow) -> Result<(), Error> {
        let events = row.events.json();
        let insert = db::params![
            &row.id,
            &row.project_id,
            &row.api_key_id,
            &events,
            &row.status,
            &row.sealed_target,
            &row.sealed_secrets,
            row.success_count,
            row.failure_count,
            row.created_at,
            row.updated_at,
        ];
        self.db.execute(sql, insert).await?;
        Ok(())
    }

    pub async fn has_endpoint(&self, project: &str, id: &EndpointId) -> Result<bool, Error> {
        const SQL: &str = "SELECT id FROM webhook_endpoints WHERE id = $1 AND project_id = $2";
        let found: Option<(String,)> = self.db.fetch_optional(SQL, db::params![id.as_str(), project]).await?;
        Ok(found.is_some())
    }

    /// Those of urls that calls named.
    pub async fn count_direct_endpoints(&self, project: &str, api_key: &str) -> Result<i64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM webhook_endpoints WHERE project_id = $1 AND api_key_id = $2 \
            AND events = $3";
        let direct = Lines(vec![DIRECT.to_owned()]).json();
        let (count,): (i64,) = self.db.fetch_one(SQL, db::params![project, api_key, &direct]).await?;
        Ok(count)
    }

    /// Those that were made as such.
    pub async fn count_endpoints(&self, project: &str, api_key: &str) -> Result<i64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM webhook_endpoints WHERE project_id = $1 AND api_key_id = $2 \
            AND events <> $3";
        let direct = Lines(vec![DIRECT.to_owned()]).json();
        let (count,): (i64,) = self.db.fetch_one(SQL, db::params![project, api_key, &direct]).await?;
        Ok(count)
    }

    /// Returns the endpoints of `scope`, newest first, `limit` at most.
    pub async fn endpoints(&self, scope: &Scope, limit: i64) -> Result<Vec<EndpointRow>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            ENDPOINT_COLUMNS,
            " FROM webhook_endpoints WHERE project_id = $1 AND ($2 IS NULL OR api_key_id = $2) ORDER BY id DESC LIMIT $3",
        ];
        Ok(self.db.fetch_all(SQL, db::params![&scope.project_id, &scope.api_key_id, limit]).await?)
    }

    pub async fn endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<EndpointRow>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            ENDPOINT_COLUMNS,
            " FROM webhook_endpoints WHERE id = $3 AND project_id = $1 AND ($2 IS NULL OR api_key_id = $2)",
        ];
        let params = db::params![&scope.project_id, &scope.api_key_id, id.as_str()];
        Ok(self.db.fetch_optional(SQL, params).await?)
    }

    /// Replaces `old` by `new`; false after a concurrent change.
    pub async fn replace_endpoint(&self, old: &EndpointRow, new: &EndpointRow) -> Result<bool, Error> {
        const SQL: &str = "UPDATE webhook_endpoints \
             SET events = $2, status = $3, sealed_target = $4, sealed_secrets = $5, updated_at = $6 \
             WHERE id = $1 AND events = $7 AND status = $8 AND sealed_target = $9 AND sealed_secrets = $10";
        let [old_events, new_events] = [old, new].map(|row| row.events.json());
        let update = db::params![
            &old.id,
            &new_events,
            &new.status,
            &new.sealed_target,
            &new.sealed_secrets,
            new.updated_at,
            &old_events,
            &old.status,
            &old.sealed_target,
            &old.sealed_secrets,
        ];
        Ok(self.db.execute(SQL, update).await? == 1)
    }

    /// Deletes an endpoint, then its deliveries and logs in batches.
    pub async fn delete_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<bool, Error> {
        const ENDPOINT: &str = "DELETE FROM webhook_endpoints WHERE id = $3 AND project_id = $1 AND ($2 IS NULL OR api_key_id = $2)";
        const DELIVERIES: &str = "DELETE FROM webhook_deliveries WHERE id IN \
             (SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 LIMIT 1000)";
        let endpoint = db::params![&scope.project_id, &scope.api_key_id, id.as_str()];
        let deleted = self.db.execute(ENDPOINT, endpoint).await?;
        let mut left = deleted;
        while left > 0 {
            left = self.db.execute(DELIVERIES, db::params![id.as_str()]).await?;
        }
        Ok(deleted == 1)
    }

    /// Returns the active endpoints with due deliveries at `now_ms`.
    pub async fn ready(&self, now_ms: i64) -> Result<Vec<EndpointRow>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            ENDPOINT_COLUMNS,
            " FROM webhook_endpoints AS endpoint WHERE status = 'active' AND EXISTS (SELECT 1 FROM webhook_deliveries \
             AS delivery WHERE delivery.endpoint_id = endpoint.id AND delivery.due_at <= $1) ORDER BY id",
        ];
        Ok(self.db.fetch_all(SQL, db::params![now_ms]).await?)
    }
}
