//! Reviews, the steps of their decisions, and each project's settings.

use db::{Statement, Tx, Value};

use super::{Row, Store, outbox};
use crate::{
    error::Error,
    outbox::Event,
    record::{TransactionId, Verdict},
    reviews::Settings,
};

/// Reviewable transactions: decisions and enrollments.
const REVIEWABLE: &str = "(verdict IS NOT NULL OR kind LIKE '%enroll%')";

/// A hit of a fraud rule, found at $2, opens a review of $1 or adds its cause.
pub(super) const OPEN_FOR_FRAUD: [&str; 3] = [
    "INSERT INTO reviews (id, project_id, subject_hash, kind, created_at, opened_at, fraud, status, queue) \
     SELECT id, project_id, subject_hash, kind, created_at, $2, 1, 'open', 'open' FROM transactions \
     WHERE id = $1 AND ",
    REVIEWABLE,
    " ON CONFLICT (id) DO UPDATE SET fraud = 1",
];
/// The transaction $1 of the user $3 in $2, made at $4, is the awaited new capture.
pub(super) const END_WAITING: &str = "UPDATE reviews SET queue = 'done' WHERE project_id = $2 AND subject_hash = $3 AND status = 'new_capture' \
     AND queue = 'waiting' AND decided_at <= $4 \
     AND kind = (SELECT kind FROM transactions WHERE id = $1 AND verdict IS NOT NULL)";

const SELECT: &str = "SELECT r.id, r.project_id, r.opened_at, r.referred, r.fraud, r.duplicate, r.requested, \
     r.status, r.queue, r.claimed_by, r.claimed_until, r.first_by, r.first_decision, r.reason, r.decided_by, \
     r.decided_at, r.sealed_names, r.version, s.target_minutes FROM reviews r LEFT JOIN review_settings s ON \
     s.project_id = r.project_id WHERE ";

/// A stored review.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ReviewRow {
    pub id: String,
    pub project_id: String,
    pub opened_at: i64,
    pub referred: i64,
    pub fraud: i64,
    pub duplicate: i64,
    pub requested: i64,
    pub status: String,
    pub queue: String,
    pub claimed_by: Option<String>,
    pub claimed_until: Option<i64>,
    pub first_by: Option<String>,
    pub first_decision: Option<String>,
    pub reason: Option<String>,
    pub decided_by: Option<String>,
    pub decided_at: Option<i64>,
    pub sealed_names: Option<Vec<u8>>,
    pub version: i64,
    /// `None`: the default.
    pub target_minutes: Option<i64>,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StepRow {
    pub step: i64,
    pub made_at: i64,
    pub made_by: String,
    pub decision: String,
    pub reason: String,
    pub sealed: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct SettingsRow {
    four_eyes: i64,
    target_minutes: i64,
    lease_minutes: i64,
    updated_at: i64,
}

/// A part of the queue, for one reviewer at one time.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    Unassigned,
    Mine(&'a str),
    Waiting,
    Done,
}

#[derive(Debug, sqlx::FromRow)]
pub struct Counts {
    pub unassigned: i64,
    pub mine: i64,
    pub waiting: i64,
    pub claimed: i64,
    pub overdue: i64,
}

/// Opens a review of each new row that needs one.
pub(super) async fn open<'a>(tx: &mut Tx, rows: impl Iterator<Item = &'a Row>) -> Result<(), Error> {
    let for_people: Vec<_> = rows.filter_map(|row| Some((row, causes(row)?))).collect();
    if for_people.is_empty() {
        return Ok(());
    }
    let mut open = Statement::new(
        "INSERT INTO reviews (id, project_id, subject_hash, kind, created_at, opened_at, referred, duplicate, status, \
         queue) ",
    );
    open.bind_rows(for_people.iter().map(|(row, (referred, duplicate))| {
        [
            Value::from(&row.id),
            (&row.project_id).into(),
            (&row.subject_hash).into(),
            (&row.kind).into(),
            row.created_at.into(),
            (row.created_at + row.duration_ms).into(),
            (*referred).into(),
            (*duplicate).into(),
            "open".into(),
            "open".into(),
        ]
    }));
    open.once(for_people.len() > 1);
    tx.execute(open.sql(), open.params()).await?;
    Ok(())
}

/// Returns why a row needs a review, by its verdict and reasons.
fn causes(row: &Row) -> Option<(bool, bool)> {
    let referred = row.verdict.as_deref() == Some(Verdict::Refer.as_str());
    let duplicate = row.reasons.0.iter().any(|reason| reason == "duplicate_identity");
    (referred || duplicate).then_some((referred, duplicate))
}

impl Store {
    pub async fn find_review(&self, project: &str, id: &TransactionId) -> Result<Option<ReviewRow>, Error> {
        const SQL: [&str; 2] = [SELECT, "r.id = $1 AND r.project_id = $2"];
        Ok(self.db.fetch_optional(SQL, db::params![id.as_str(), project]).await?)
    }

    /// Returns the existing reviews of these transactions.
    pub async fn reviews_of(&self, ids: &[&str]) -> Result<Vec<ReviewRow>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut find = Statement::new([SELECT, "r.id IN ("]);
        find.bind_list(ids.iter().copied()).push(")");
        Ok(self.db.fetch_all(find.sql(), find.params()).await?)
    }

    /// Opens a review of a transaction that needed none. False: there is no such transaction.
    pub async fn open_review(&self, project: &str, id: &TransactionId, now: i64) -> Result<bool, Error> {
        const SQL: [&str; 3] = [
            "INSERT INTO reviews (id, project_id, subject_hash, kind, created_at, opened_at, requested, status, queue) \
             SELECT id, project_id, subject_hash, kind, created_at, $3, 1, 'open', 'open' FROM transactions \
             WHERE id = $1 AND project_id = $2 AND ",
            REVIEWABLE,
            " ON CONFLICT (id) DO NOTHING",
        ];
        Ok(self.db.execute(SQL, db::params![id.as_str(), project, now]).await? > 0)
    }

    pub async fn review_steps(&self, id: &str) -> Result<Vec<StepRow>, Error> {
        const SQL: &str = "SELECT step, made_at, made_by, decision, reason, sealed FROM review_steps WHERE id = $1 \
                           ORDER BY step";
        Ok(self.db.fetch_all(SQL, db::params![id]).await?)
    }

    /// Stores `row`, which was read as `row.version`, with its step and its event.
    ///
    /// # Errors
    /// [`Error::ReviewChanged`] after a concurrent change.
    pub async fn save_review(
        &self,
        row: &ReviewRow,
        step: Option<&StepRow>,
        event: Option<&Event>,
    ) -> Result<(), Error> {
        const SAVE: &str = "UPDATE reviews SET status = $4, queue = $5, claimed_by = $6, claimed_until = $7, \
             first_by = $8, first_decision = $9, reason = $10, decided_by = $11, decided_at = $12, sealed_names = $13, \
             version = version + 1 WHERE id = $1 AND project_id = $2 AND version = $3";
        const STEP: &str = "INSERT INTO review_steps (id, step, made_at, made_by, decision, reason, sealed) \
                            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let params = db::params![
            &row.id,
            &row.project_id,
            row.version,
            &row.status,
            &row.queue,
            &row.claimed_by,
            row.claimed_until,
            &row.first_by,
            &row.first_decision,
            &row.reason,
            &row.decided_by,
            row.decided_at,
            &row.sealed_names,
        ];
        let mut tx = self.db.begin().await?;
        if tx.execute(SAVE, params).await? == 0 {
            return Err(Error::ReviewChanged);
        }
        if let Some(step) = step {
            let StepRow { step, made_at, made_by, decision, reason, sealed } = step;
            let params = db::params![&row.id, *step, *made_at, made_by, decision, reason, sealed];
            tx.execute(STEP, params).await?;
        }
        let queued = match event {
            Some(event) => outbox::queue_events(&mut tx, &self.outbox, &[event]).await?,
            None => 0,
        };
        tx.commit().await?;
        if queued > 0 {
            self.outbox.wake();
        }
        Ok(())
    }

    /// Returns up to `most` reviews of a part of the queue at `now`, after the one in `after` (its time and id).
    pub async fn list_reviews(
        &self,
        project: &str,
        part: Part<'_>,
        now: i64,
        after: Option<(i64, &str)>,
        most: u32,
    ) -> Result<Vec<ReviewRow>, Error> {
        const UNASSIGNED: [&str; 2] = [
            SELECT,
            "r.project_id = $1 AND r.queue = 'open' AND (r.claimed_until IS NULL OR r.claimed_until <= $2) \
             AND (r.opened_at, r.id) > ($3, $4) ORDER BY r.opened_at, r.id LIMIT $5",
        ];
        const MINE: [&str; 2] = [
            SELECT,
            "r.project_id = $1 AND r.claimed_by = $6 AND r.claimed_until > $2 \
             AND (r.opened_at, r.id) > ($3, $4) ORDER BY r.opened_at, r.id LIMIT $5",
        ];
        const WAITING: [&str; 2] = [
            SELECT,
            "r.project_id = $1 AND r.queue = 'waiting' \
             AND (r.opened_at, r.id) > ($2, $3) ORDER BY r.opened_at, r.id LIMIT $4",
        ];
        const DONE: [&str; 2] = [
            SELECT,
            "r.project_id = $1 AND r.queue = 'done' \
             AND (r.decided_at, r.id) < ($2, $3) ORDER BY r.decided_at DESC, r.id DESC LIMIT $4",
        ];
        let (at, id) = after.unwrap_or((i64::MIN, ""));
        Ok(match part {
            Part::Unassigned => {
                self.db.fetch_all(UNASSIGNED, db::params![project, now, at, id, most]).await?
            }
            Part::Mine(reviewer) => {
                self.db.fetch_all(MINE, db::params![project, now, at, id, most, reviewer]).await?
            }
            Part::Waiting => self.db.fetch_all(WAITING, db::params![project, at, id, most]).await?,
            Part::Done => {
                let (at, id) = after.unwrap_or((i64::MAX, ""));
                self.db.fetch_all(DONE, db::params![project, at, id, most]).await?
            }
        })
    }

    /// Counts open reviews; those opened before `due_before` are overdue at `now`.
    pub async fn count_reviews(
        &self,
        project: &str,
        reviewer: &str,
        now: i64,
        due_before: i64,
    ) -> Result<Counts, Error> {
        const SQL: &str = "SELECT \
             CAST(COALESCE(SUM(CASE WHEN queue = 'open' AND (claimed_until IS NULL OR claimed_until <= $2) \
                  THEN 1 ELSE 0 END), 0) AS BIGINT) AS unassigned, \
             CAST(COALESCE(SUM(CASE WHEN claimed_by = $3 AND claimed_until > $2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS mine, \
             CAST(COALESCE(SUM(CASE WHEN queue = 'waiting' THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting, \
             CAST(COALESCE(SUM(CASE WHEN claimed_until > $2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS claimed, \
             CAST(COALESCE(SUM(CASE WHEN queue = 'open' AND opened_at <= $4 THEN 1 ELSE 0 END), 0) AS BIGINT) AS overdue \
             FROM reviews WHERE project_id = $1 AND queue IN ('open', 'waiting')";
        Ok(self.db.fetch_one(SQL, db::params![project, now, reviewer, due_before]).await?)
    }

    pub async fn review_settings(&self, project: &str) -> Result<Settings, Error> {
        const SQL: &str = "SELECT four_eyes, target_minutes, lease_minutes, updated_at FROM review_settings \
                           WHERE project_id = $1";
        let row: Option<SettingsRow> = self.db.fetch_optional(SQL, db::params![project]).await?;
        Ok(row.map(Settings::from).unwrap_or_default())
    }

    pub async fn put_review_settings(
        &self,
        project: &str,
        settings: &Settings,
        now: i64,
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO review_settings (project_id, four_eyes, target_minutes, lease_minutes, updated_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (project_id) DO UPDATE SET four_eyes = excluded.four_eyes, \
             target_minutes = excluded.target_minutes, lease_minutes = excluded.lease_minutes, \
             updated_at = excluded.updated_at";
        let Settings { four_eyes, target_minutes, lease_minutes, .. } = *settings;
        let params = db::params![project, four_eyes, target_minutes, lease_minutes, now];
        self.db.execute(SQL, params).await?;
        Ok(())
    }

    pub async fn delete_review_settings(&self, project: &str) -> Result<(), Error> {
        self.db.execute("DELETE FROM review_settings WHERE project_id = $1", db::params![project]).await?;
        Ok(())
    }
}

impl From<SettingsRow> for Settings {
    fn from(row: SettingsRow) -> Self {
        let minutes = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
        Self {
            four_eyes: row.four_eyes != 0,
            target_minutes: minutes(row.target_minutes),
            lease_minutes: minutes(row.lease_minutes),
            updated_at: Some(row.updated_at),
        }
    }
}
