//! Every SQL statement about deliveries.

use sqlx::{QueryBuilder, query, query_as};

use super::{
    Store,
    endpoint::{DeliveryId, EndpointId},
    endpoints::Scope,
};
use crate::{
    error::Error,
    outbox::{self, Outgoing},
};

macro_rules! delivery_columns {
    () => {
        "id, endpoint_id, transaction_id, event, status, attempts, due_at, claim, created_at, sealed_log, sealed"
    };
}

/// A delivery as the database sees it.
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
    /// The payload, encrypted.
    pub sealed: Vec<u8>,
}

/// A delivery whose next attempt is the claimant's to make, until its lease ends.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Claimed {
    pub id: String,
    pub endpoint_id: String,
    pub event: String,
    pub attempts: i64,
    pub sealed: Vec<u8>,
    pub sealed_log: Option<Vec<u8>>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub id: String,
    pub endpoint_id: String,
    pub claim: String,
    pub status: &'static str,
    pub attempts: i64,
    /// When to try again.
    pub due_at: Option<i64>,
    pub sealed_log: Vec<u8>,
    pub succeeded: bool,
    /// The endpoint asked to be sent nothing more.
    pub gone: bool,
}

impl Outcome {
    /// What the attempt is counted as in metrics.
    pub fn label(&self) -> &'static str {
        match (self.succeeded, self.due_at) {
            (true, _) => "delivered",
            (false, Some(_)) => "will_retry",
            (false, None) => "gave_up",
        }
    }
}

/// Which deliveries a list answers.
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
    /// Queues one delivery by itself.
    pub async fn queue(&self, outgoing: Outgoing<'_>) -> Result<(), Error> {
        let rows = [outgoing];
        db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            outbox::insert!(tx, &rows);
            tx.commit().await?;
            Ok::<_, Error>(())
        }
        .await)
    }

    /// Claims for each endpoint up to so many of its deliveries that are due, those first that wait longest; other
    /// processes get others. Until `lease_until` they are due to nobody.
    pub async fn claim(
        &self,
        shares: &[(String, i64)],
        now_ms: i64,
        lease_until: i64,
        claim: &str,
    ) -> Result<Vec<Claimed>, Error> {
        macro_rules! claim_sql {
            ($lock:literal) => {
                concat!(
                    "WITH due AS MATERIALIZED (SELECT id FROM webhook_deliveries \
                     WHERE endpoint_id = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3",
                    $lock,
                    ") UPDATE webhook_deliveries SET due_at = $4, claim = $5 WHERE id IN (SELECT id FROM due) \
                     RETURNING id, endpoint_id, event, attempts, sealed, sealed_log"
                )
            };
        }
        // SQLite has one writer at a time, so there is nothing to skip.
        let sql = match &self.db {
            db::Db::Pg(_) => claim_sql!(" FOR UPDATE SKIP LOCKED"),
            db::Db::Lite(_) => claim_sql!(""),
        };
        Ok(db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            let mut claimed = Vec::new();
            for (endpoint, count) in shares {
                let mine =
                    query_as(sql).bind(endpoint).bind(now_ms).bind(count).bind(lease_until).bind(claim);
                claimed.extend(mine.fetch_all(&mut *tx).await?);
            }
            tx.commit().await?;
            Ok::<_, sqlx::Error>(claimed)
        }
        .await)?)
    }

    /// Writes down what became of attempts, and counts them. One whose lease had ended is another's by now and stays.
    pub async fn finish(&self, outcomes: &[Outcome], counts: &[Counted<'_>]) -> Result<(), Error> {
        const COUNT: &str = "UPDATE webhook_endpoints SET success_count = success_count + $2, \
             failure_count = failure_count + $3, status = CASE WHEN $4 = 1 THEN 'disabled' ELSE status END WHERE id = $1";
        db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            // Both databases name the columns of VALUES so.
            let mut sql = QueryBuilder::new(
                "UPDATE webhook_deliveries SET status = done.column2, attempts = done.column3, \
                 due_at = done.column4, claim = NULL, sealed_log = done.column5 FROM (",
            );
            sql.push_values(outcomes, |mut values, outcome| {
                values
                    .push_bind(&outcome.id)
                    .push_bind(outcome.status)
                    .push_bind(outcome.attempts)
                    .push_bind(outcome.due_at)
                    .push_bind(&outcome.sealed_log)
                    .push_bind(&outcome.claim);
            });
            sql.push(") AS done WHERE id = done.column1 AND claim = done.column6");
            sql.build().persistent(false).execute(&mut *tx).await?;
            for count in counts {
                let counting = query(COUNT).bind(count.endpoint_id).bind(count.succeeded).bind(count.failed);
                counting.bind(i64::from(count.gone)).execute(&mut *tx).await?;
            }
            tx.commit().await?;
            Ok::<_, Error>(())
        }
        .await)
    }

    /// The deliveries of `listed`, newest first.
    pub async fn deliveries(&self, listed: &Listed) -> Result<Vec<DeliveryRow>, Error> {
        const SELECT: &str =
            concat!("SELECT ", delivery_columns!(), " FROM webhook_deliveries WHERE project_id = ");
        Ok(db::on!(&self.db, |pool| {
            let mut sql = QueryBuilder::new(SELECT);
            sql.push_bind(&listed.scope.project_id);
            if let Some(endpoint) = &listed.endpoint {
                sql.push(" AND endpoint_id = ").push_bind(endpoint.as_str());
            }
            if let Some(key) = &listed.scope.api_key_id {
                sql.push(" AND endpoint_id IN (SELECT id FROM webhook_endpoints WHERE project_id = ");
                sql.push_bind(&listed.scope.project_id);
                sql.push(" AND api_key_id = ").push_bind(key).push(")");
            }
            if listed.dead {
                sql.push(" AND status = 'dead'");
            }
            if let Some(before) = &listed.before {
                sql.push(" AND id < ").push_bind(before.as_str());
            }
            sql.push(" ORDER BY id DESC LIMIT ").push_bind(listed.limit);
            sql.build_query_as().fetch_all(pool).await
        })?)
    }

    pub async fn delivery(
        &self,
        endpoint: &EndpointId,
        id: &DeliveryId,
    ) -> Result<Option<DeliveryRow>, Error> {
        const SQL: &str = concat!(
            "SELECT ",
            delivery_columns!(),
            " FROM webhook_deliveries WHERE id = $1 AND endpoint_id = $2"
        );
        Ok(db::on!(&self.db, |pool| {
            query_as(SQL).bind(id.as_str()).bind(endpoint.as_str()).fetch_optional(pool).await
        })?)
    }

    /// Makes a delivered or dead delivery due again, with all its attempts; None when it is neither.
    pub async fn replay(
        &self,
        endpoint: &EndpointId,
        id: &DeliveryId,
        now_ms: i64,
    ) -> Result<Option<DeliveryRow>, Error> {
        const SQL: &str = concat!(
            "UPDATE webhook_deliveries SET status = 'pending', attempts = 0, due_at = $3 \
             WHERE id = $1 AND endpoint_id = $2 AND status <> 'pending' RETURNING ",
            delivery_columns!()
        );
        Ok(db::on!(&self.db, |pool| {
            query_as(SQL).bind(id.as_str()).bind(endpoint.as_str()).bind(now_ms).fetch_optional(pool).await
        })?)
    }

    /// The same for every dead letter of an endpoint; how many.
    pub async fn replay_dead(&self, project: &str, endpoint: &EndpointId, now_ms: i64) -> Result<u64, Error> {
        const SQL: &str = "UPDATE webhook_deliveries SET status = 'pending', attempts = 0, due_at = $3 \
             WHERE project_id = $1 AND endpoint_id = $2 AND status = 'dead'";
        Ok(db::on!(&self.db, |pool| {
            let replayed = query(SQL).bind(project).bind(endpoint.as_str()).bind(now_ms).execute(pool).await;
            replayed.map(|done| done.rows_affected())
        })?)
    }

    /// Forgets up to `limit` deliveries with an id before `first_kept`; how many.
    pub async fn forget_before(&self, first_kept: &str, limit: i64) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM webhook_deliveries WHERE id IN \
             (SELECT id FROM webhook_deliveries WHERE id < $1 ORDER BY id LIMIT $2)";
        Ok(db::on!(&self.db, |pool| {
            let forgotten = query(SQL).bind(first_kept).bind(limit).execute(pool).await;
            forgotten.map(|done| done.rows_affected())
        })?)
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
