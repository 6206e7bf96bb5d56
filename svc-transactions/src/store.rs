//! Every SQL statement of this service, over rows whose personal fields are encrypted already.

use db::Db;
use sqlx::{query, query_as};

use crate::{
    error::Error,
    record::{Personal, Record, TransactionId, Verdict},
};

#[derive(Clone)]
pub struct Store {
    db: Db,
}

/// A transaction as the database sees it.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Row {
    pub id: String,
    pub project_id: String,
    pub api_key_id: String,
    pub session_id: Option<String>,
    pub subject_hash: Option<Vec<u8>>,
    pub kind: String,
    pub created_at: i64,
    pub http_status: i64,
    pub verdict: Option<String>,
    pub score: Option<f64>,
    pub reasons: String,
    pub rules: Option<String>,
    pub action_trigger: Option<String>,
    pub tags: String,
    pub durations_json: Option<String>,
    pub duration_ms: i64,
    pub client_app: Option<String>,
    pub client_app_version: Option<String>,
    pub sealed: Vec<u8>,
}

impl Row {
    /// `sealed` holds `record.personal`, `subject_hash` stands for its user.
    pub fn new(record: Record, subject_hash: Option<Vec<u8>>, sealed: Vec<u8>) -> Self {
        Self {
            id: record.id.as_str().into(),
            project_id: record.project_id,
            api_key_id: record.api_key_id,
            session_id: record.session_id,
            subject_hash,
            kind: record.kind,
            created_at: record.created_at_ms,
            http_status: record.http_status.into(),
            verdict: record.verdict.map(|verdict| verdict.as_str().into()),
            score: record.score,
            reasons: json(&record.reasons),
            rules: record.rules,
            action_trigger: record.action_trigger,
            tags: json(&record.tags),
            durations_json: record.durations_json,
            duration_ms: record.duration_ms.into(),
            client_app: record.client_app,
            client_app_version: record.client_app_version,
            sealed,
        }
    }

    /// The transaction again, with what `sealed` held.
    pub fn into_record(self, personal: Personal) -> Result<Record, Error> {
        Ok(Record {
            id: TransactionId::parse(&self.id)?,
            project_id: self.project_id,
            api_key_id: self.api_key_id,
            session_id: self.session_id,
            kind: self.kind,
            created_at_ms: self.created_at,
            http_status: u16::try_from(self.http_status).unwrap_or(u16::MAX),
            verdict: self.verdict.as_deref().map(Verdict::parse).transpose()?,
            score: self.score,
            reasons: serde_json::from_str(&self.reasons)?,
            rules: self.rules,
            action_trigger: self.action_trigger,
            tags: serde_json::from_str(&self.tags)?,
            durations_json: self.durations_json,
            duration_ms: u32::try_from(self.duration_ms).unwrap_or(u32::MAX),
            client_app: self.client_app,
            client_app_version: self.client_app_version,
            personal,
        })
    }
}

fn json(list: &[String]) -> String {
    serde_json::json!(list).to_string()
}

/// Which rows of a batch were new; the others' ids were taken.
pub type Inserted = Vec<bool>;

impl Store {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Inserts every row in one database transaction: when this answers, all of them are durable.
    pub async fn insert(&self, rows: &[&Row]) -> Result<Inserted, Error> {
        // A taken id must not abort the others, so it is no error of the statement.
        const SQL: &str = "INSERT INTO transactions (id, project_id, api_key_id, session_id, subject_hash, kind, \
                           created_at, http_status, verdict, score, reasons, rules, action_trigger, tags, \
                           durations_json, duration_ms, client_app, client_app_version, sealed) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
                           ON CONFLICT (id) DO NOTHING";
        let mut inserted = Vec::with_capacity(rows.len());
        db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            for row in rows {
                let insert = query(SQL)
                    .bind(&row.id)
                    .bind(&row.project_id)
                    .bind(&row.api_key_id)
                    .bind(&row.session_id)
                    .bind(&row.subject_hash)
                    .bind(&row.kind)
                    .bind(row.created_at)
                    .bind(row.http_status)
                    .bind(&row.verdict)
                    .bind(row.score)
                    .bind(&row.reasons)
                    .bind(&row.rules)
                    .bind(&row.action_trigger)
                    .bind(&row.tags)
                    .bind(&row.durations_json)
                    .bind(row.duration_ms)
                    .bind(&row.client_app)
                    .bind(&row.client_app_version)
                    .bind(&row.sealed);
                inserted.push(insert.execute(&mut *tx).await?.rows_affected() == 1);
            }
            tx.commit().await
        }
        .await)?;
        Ok(inserted)
    }

    /// One transaction of `project`.
    pub async fn find(&self, project: &str, id: &TransactionId) -> Result<Option<Row>, Error> {
        const SQL: &str = "SELECT id, project_id, api_key_id, session_id, subject_hash, kind, created_at, http_status, \
                           verdict, score, reasons, rules, action_trigger, tags, durations_json, duration_ms, \
                           client_app, client_app_version, sealed \
                           FROM transactions WHERE id = $1 AND project_id = $2";
        Ok(db::on!(&self.db, |pool| query_as(SQL)
            .bind(id.as_str())
            .bind(project)
            .fetch_optional(pool)
            .await)?)
    }
}
