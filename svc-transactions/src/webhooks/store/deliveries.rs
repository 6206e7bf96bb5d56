//! Every SQL statement about deliveries.

use db::{Statement, Value};

use super::{Store, endpoints::Scope};
use crate::{
    error::Error,
    outbox::Outgoing,
    store::outbox,
    webhooks::endpoint::{DeliveryId, EndpointId},
};

const DELIVERY_COLUMNS: &str =
    "id, endpoint_id, transaction_id, event, status, attempts, due_at, claim, created_at, sealed_log, sealed";

/// A stored delivery.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct DeliveryRow {
    pub id: String,
    pub endpoint_id: String,
    pub transaction_id: String,
    pub event: String,
    /// pending, delivered or dead.
    pub status: String,
    pub attempts: i64,
    pub due_at: Option<i64>,
    pub claim: Option<String>,
    pub created_at: i64,
    pub sealed_log: Option<Vec<u8>>,
    /// The sealed payload.
    pub sealed: Vec<u8>,
}

/// A delivery whose next attempt belongs to the claimant, until its lease ends.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Claimed {
    pub id: String,
    pub endpoint_id: String,
    pub event: String,
    pub attempts: i64,
    pub sealed: Vec<u8>,
    pub sealed_log: Option<Vec<u8>>,
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub id: String,
    pub endpoint_id: String,
    pub claim: String,
    pub status: &'static str,
    pub attempts: i64,
    /// When to retry.
    pub due_at: Option<i64>,
    pub sealed_log: Vec<u8>,
    pub succeeded: bool,
    /// The endpoint responded 410 Gone.
    pub gone: bool,
}

impl Outcome {
    /// Returns the label of the attempt in metrics.
    pub fn label(&self) -> &'static str {
        match (self.succeeded, self.due_at) {
            (true, _) => "delivered",
            (false, Some(_)) => "will_retry",
            (false, None) => "gave_up",
        }
    }

    fn values(&self) -> [Value<'_>; 6] {
        [
            (&self.id).into(),
            self.status.into(),
            self.attempts.into(),
            self.due_at.into(),
            (&self.sealed_log).into(),
            (&self.claim).into(),
        ]
    }
}

/// Filters of a list of deliveries.
#[derive(Clone, Debug)]
pub struct Listed {
    pub scope: Scope,
    pub endpoint: Option<EndpointId>,
    pub dead: bool,
    /// Only older ones.
    pub before: Option<DeliveryId>,
    pub limit: i64,
}

impl Store {
    /// Queues one delivery.
    pub async fn queue(&self, outgoing: Outgoing<'_>) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        outbox::insert_deliveries(&mut tx, &[outgoing]).await?;
        Ok(tx.commit().await?)
    }

    /// Claims due deliveries for each endpoint up to its limit, longest waiting first; other processes get others.
    /// They are not due until `lease_until`.
    pub async fn claim(
        &self,
        shares: &[(String, i64)],
        now_ms: i64,
        lease_until: i64,
        claim: &str,
    ) -> Result<Vec<Claimed>, Error> {
        // SQLite has one writer at a time, so there is nothing to skip.
        let lock = match &self.db {
            db::Db::Pg(_) => " FOR UPDATE SKIP LOCKED",
            db::Db::Lite(_) => "",
        };
        let mut tx = self.db.begin().await?;
        let mut claimed = Vec::new();
        for (endpoint, count) in shares {
            let mut sql = Statement::new(
                "WITH due AS MATERIALIZED (SELECT id FROM webhook_deliveries WHERE endpoint_id = ",
            );
            sql.bind(endpoint).push(" AND due_at <= ").bind(now_ms);
            sql.push(" ORDER BY due_at LIMIT ").bind(*count).push(lock);
            sql.push(") UPDATE webhook_deliveries SET due_at = ").bind(lease_until);
            sql.push(", claim = ").bind(claim);
            sql.push(
                " WHERE id IN (SELECT id FROM due) \
                 RETURNING id, endpoint_id, event, attempts, sealed, sealed_log",
            );
            claimed.extend(tx.fetch_all::<Claimed>(sql.sql(), sql.params()).await?);
        }
        tx.commit().await?;
        Ok(claimed)
    }

    /// Writes the results of attempts, and counts them. A delivery whose lease ended belongs to another claim and is
    /// unchanged.
    pub async fn finish(&self, outcomes: &[Outcome], counts: &[Counted<'_>]) -> Result<(), Error> {
        const COUNT: &str = "UPDATE webhook_endpoints SET success_count = success_count + $2, \
             failure_count = failure_count + $3, status = CASE WHEN $4 = 1 THEN 'disabled' ELSE status END WHERE id = $1";
        // Both databases name the columns of VALUES like this.
        let mut sql = Statement::new(
            "UPDATE webhook_deliveries SET status = done.column2, attempts = done.column3, \
             due_at = done.column4, claim = NULL, sealed_log = done.column5 FROM (",
        );
        sql.bind_rows(outcomes.iter().map(Outcome::values));
        sql.push(") AS done WHERE id = done.column1 AND claim = done.column6").once(true);
        let mut tx = self.db.begin().await?;
        tx.execute(sql.sql(), sql.params()).await?;
        for count in counts {
            let params = db::params![count.endpoint_id, count.succeeded, count.failed, count.gone];
            tx.execute(COUNT, params).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Returns the deliveries of `listed`, newest first.
    pub async fn deliveries(&self, listed: &Listed) -> Result<Vec<DeliveryRow>, Error> {
        const SELECT: [&str; 3] =
            ["SELECT ", DELIVERY_COLUMNS, " FROM webhook_deliveries WHERE project_id = "];
        let mut sql = Statement::new(SELECT);
        sql.bind(&listed.scope.project_id);
        if let Some(endpoint) = &listed.endpoint {
            sql.push(" AND endpoint_id = ").bind(endpoint.as_str());
        }
        if let Some(key) = &listed.scope.api_key_id {
            sql.push(" AND endpoint_id IN (SELECT id FROM webhook_endpoints WHERE project_id = ");
            sql.bind(&listed.scope.project_id).push(" AND api_key_id = ").bind(key).push(")");
        }
        if listed.dead {
            sql.push(" AND status = 'dead'");
        }
        if let Some(before) = &listed.before {
            sql.push(" AND id < ").bind(before.as_str());
        }
        sql.push(" ORDER BY id DESC LIMIT ").bind(listed.limit);
        Ok(self.db.fetch_all(sql.sql(), sql.params()).await?)
    }

    pub async fn delivery(
        &self,
        endpoint: &EndpointId,
        id: &DeliveryId,
    ) -> Result<Option<DeliveryRow>, Error> {
        const SQL: [&str; 3] =
            ["SELECT ", DELIVERY_COLUMNS, " FROM webhook_deliveries WHERE id = $1 AND endpoint_id = $2"];
        Ok(self.db.fetch_optional(SQL, db::params![id.as_str(), endpoint.as_str()]).await?)
    }

    /// Restarts a delivered or dead delivery with all its attempts; `None` when it is neither.
    pub async fn replay(
        &self,
        endpoint: &EndpointId,
        id: &DeliveryId,
        now_ms: i64,
    ) -> Result<Option<DeliveryRow>, Error> {
        const SQL: [&str; 2] = [
            "UPDATE webhook_deliveries SET status = 'pending', attempts = 0, due_at = $3 \
             WHERE id = $1 AND endpoint_id = $2 AND status <> 'pending' RETURNING ",
            DELIVERY_COLUMNS,
        ];
        let mut tx = self.db.begin().await?;
        let row = tx.fetch_optional(SQL, db::params![id.as_str(), endpoint.as_str(), now_ms]).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Restarts every dead letter of an endpoint, and returns their number.
    pub async fn replay_dead(&self, project: &str, endpoint: &EndpointId, now_ms: i64) -> Result<u64, Error> {
        const SQL: &str = "UPDATE webhook_deliveries SET status = 'pending', attempts = 0, due_at = $3 \
             WHERE project_id = $1 AND endpoint_id = $2 AND status = 'dead'";
        Ok(self.db.execute(SQL, db::params![project, endpoint.as_str(), now_ms]).await?)
    }

    /// Deletes up to `limit` deliveries with an id before `first_kept`, and returns their number.
    pub async fn delete_before(&self, first_kept: &str, limit: i64) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM webhook_deliveries WHERE id IN \
             (SELECT id FROM webhook_deliveries WHERE id < $1 ORDER BY id LIMIT $2)";
        Ok(self.db.execute(SQL, db::params![first_kept, limit]).await?)
    }
}

/// Attempts of one endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counted<'a> {
    pub endpoint_id: &'a str,
    pub succeeded: i64,
    pub failed: i64,
    pub gone: bool,
}
