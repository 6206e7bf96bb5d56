//! Transactions that wait for the fraud rules, their neighbours, and their hits.

use db::{Statement, Tx, Value};

use super::{COLUMNS, Row, Store, names, outbox, reviews};
use crate::{error::Error, outbox::Event};

const HIT: &str = "INSERT INTO fraud_hits (id, rule, project_id, created_at, found_at, sealed) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id, rule) DO NOTHING";
const DEVICE: &str = "INSERT INTO transaction_devices (id, project_id, device_hash, created_at) \
                      VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
const FLAG: &str = "UPDATE transactions SET has_fraud = 1 WHERE id = $1";
const SEEN: &str = "INSERT INTO fraud_seen (project_id, subject_hash, trait, value_hash, first_at, last_at) \
                    VALUES ($1, $2, $3, $4, $5, $5) \
                    ON CONFLICT (project_id, subject_hash, trait, value_hash) DO UPDATE SET \
                    first_at = CASE WHEN excluded.first_at < fraud_seen.first_at \
                    THEN excluded.first_at ELSE fraud_seen.first_at END, \
                    last_at = CASE WHEN excluded.last_at > fraud_seen.last_at \
                    THEN excluded.last_at ELSE fraud_seen.last_at END";

/// Neighbours on one side; more distant calls of a user or a session are not about the same moment.
const NEIGHBOURS: i64 = 32;
/// How much later a transaction may begin than another and still be evaluated before it.
const LATE_MS: i64 = 10 * 60 * 1000;

/// The rows before and after one, sorted by time.
#[derive(Debug, Default)]
pub struct Around {
    pub before: Vec<Row>,
    pub after: Vec<Row>,
}

/// A device or country of a user: its name, and its possible keyed hashes, the newest first.
#[derive(Clone, Debug)]
pub struct Trait {
    pub name: &'static str,
    pub hashes: Vec<Vec<u8>>,
}

/// A rule that hit, with its encrypted evidence.
#[derive(Clone, Debug)]
pub struct Found {
    pub rule: &'static str,
    pub sealed: Vec<u8>,
}

/// The result of evaluating a transaction.
#[derive(Clone, Debug)]
pub struct Evaluation {
    pub project_id: String,
    pub subject_hash: Option<Vec<u8>>,
    pub at_ms: i64,
    pub found_at_ms: i64,
    pub hits: Vec<Found>,
    pub traits: Vec<Trait>,
    /// The keyed hash of the device's own id, if it sent one.
    pub device: Option<Vec<u8>>,
    /// Keyed hashes of the prefixes of the user's name.
    pub prefixes: Vec<Vec<u8>>,
    /// Reports the hits.
    pub event: Option<Event>,
}

/// A stored hit.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct HitRow {
    pub id: String,
    pub rule: String,
    pub found_at: i64,
    pub sealed: Vec<u8>,
}

impl Store {
    /// Completes at the next transaction this process records for the rules.
    pub fn fraud_woken(&self) -> tokio::sync::futures::OwnedNotified {
        self.fraud.clone().notified_owned()
    }

    /// Claims up to `most` waiting transactions until `until_ms`. Of two concurrent claims of a row one succeeds: the
    /// second finds it claimed.
    pub async fn claim_pending(&self, now_ms: i64, until_ms: i64, most: u32) -> Result<Vec<Row>, Error> {
        const WAITS: &str =
            "SELECT COUNT(*) FROM (SELECT 1 FROM fraud_pending WHERE claimed_until <= $1 LIMIT 1) AS one";
        const CLAIM: &str = "UPDATE fraud_pending SET claimed_until = $2 WHERE claimed_until <= $1 AND id IN \
                             (SELECT id FROM fraud_pending WHERE claimed_until <= $1 ORDER BY claimed_until, id LIMIT $3) \
                             RETURNING id";
        const READ: [&str; 3] = ["SELECT ", COLUMNS, " FROM transactions WHERE id IN ("];
        // Checking first saves an idle service a write.
        let (waits,): (i64,) = self.db.fetch_one(WAITS, db::params![now_ms]).await?;
        if waits == 0 {
            return Ok(Vec::new());
        }
        let mut tx = self.db.begin().await?;
        let ids: Vec<(String,)> = tx.fetch_all(CLAIM, db::params![now_ms, until_ms, most]).await?;
        tx.commit().await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut read = Statement::new(READ);
        read.bind_list(ids.iter().map(|(id,)| id)).push(") ORDER BY created_at, id").once(true);
        Ok(self.db.fetch_all(read.sql(), read.params()).await?)
    }

    /// Returns the neighbours of `row` of the same user.
    pub async fn around_subject(&self, row: &Row, subjects: &[Vec<u8>]) -> Result<Around, Error> {
        let mut around = Around::default();
        for subject in subjects {
            let (before, after) = self.neighbours(row, "subject_hash", subject.into()).await?;
            around.before.extend(before);
            around.after.extend(after);
        }
        Ok(around.in_order())
    }

    /// Returns the neighbours of `row` within its session.
    pub async fn around_session(&self, row: &Row) -> Result<Around, Error> {
        let Some(session) = &row.session_id else { return Ok(Around::default()) };
        let (before, after) = self.neighbours(row, "session_id", session.into()).await?;
        Ok(Around { before, after }.in_order())
    }

    /// Returns the neighbours with `value` in `column`: those before `row`, and those after it that were evaluated
    /// and not flagged. A waiting row will find this one before itself, and a flagged one is not reported again.
    async fn neighbours(
        &self,
        row: &Row,
        column: &'static str,
        value: Value<'_>,
    ) -> Result<(Vec<Row>, Vec<Row>), Error> {
        const SELECT: [&str; 3] = ["SELECT ", COLUMNS, " FROM transactions WHERE project_id = "];
        let same = |order: &'static str| {
            let mut find = Statement::new(SELECT);
            find.bind(&row.project_id).push(" AND ").push(column).push(" = ").bind(value);
            find.push(order).bind(row.created_at).push(", ").bind(&row.id).push(")");
            find
        };
        let mut before = same(" AND is_test = 0 AND (created_at, id) < (");
        before.push(" ORDER BY created_at DESC, id DESC LIMIT ").bind(NEIGHBOURS);
        let mut after = same(" AND is_test = 0 AND (created_at, id) > (");
        after.push(" AND created_at <= ").bind(row.created_at + LATE_MS);
        after.push(
            " AND NOT EXISTS (SELECT 1 FROM fraud_pending WHERE fraud_pending.id = transactions.id) \
             AND has_fraud = 0 ORDER BY created_at, id LIMIT ",
        );
        after.bind(NEIGHBOURS);
        let before = self.db.fetch_all(before.sql(), before.params()).await?;
        Ok((before, self.db.fetch_all(after.sql(), after.params()).await?))
    }

    /// Whether the user was seen with any value of the kind before `row`, and whether with this one.
    pub async fn seen_before(
        &self,
        row: &Row,
        subjects: &[Vec<u8>],
        one: &Trait,
    ) -> Result<(bool, bool), Error> {
        const ANY: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM fraud_seen WHERE project_id = $1 AND subject_hash = $2 \
                           AND trait = $3 AND first_at < $4 LIMIT 1) AS one";
        const THIS: &str = "SELECT COUNT(*) FROM fraud_seen WHERE project_id = $1 AND subject_hash = $2 \
                            AND trait = $3 AND first_at < $4 AND value_hash = $5";
        let (mut any, mut this) = (0, 0);
        for subject in subjects {
            let seen = db::params![&row.project_id, subject, one.name, row.created_at];
            any += self.db.fetch_one::<(i64,)>(ANY, seen).await?.0;
            for hash in &one.hashes {
                let seen = db::params![&row.project_id, subject, one.name, row.created_at, hash];
                this += self.db.fetch_one::<(i64,)>(THIS, seen).await?.0;
            }
        }
        Ok((any > 0, this > 0))
    }

    /// Writes evaluations of waiting transactions (`None` for unreadable ones), in one database transaction with
    /// their events. If a transaction no longer waits, its subject was erased or another process evaluated it, and
    /// nothing is written.
    pub async fn settle(&self, evaluations: &[(String, Option<Evaluation>)]) -> Result<(), Error> {
        const DONE: &str = "DELETE FROM fraud_pending WHERE id = $1";
        let mut tx = self.db.begin().await?;
        let mut events = Vec::new();
        for (id, evaluation) in evaluations {
            let waited = tx.execute(DONE, db::params![id]).await? == 1;
            if let Some(evaluation) = evaluation.as_ref().filter(|_| waited) {
                add_findings(&mut tx, id, evaluation).await?;
                events.extend(&evaluation.event);
            }
        }
        let queued = outbox::queue_events(&mut tx, &self.outbox, &events).await?;
        tx.commit().await?;
        if queued > 0 {
            self.outbox.wake();
        }
        Ok(())
    }

    /// Returns the hits of these transactions, in the order of their detection.
    pub async fn hits(&self, ids: &[&str]) -> Result<Vec<HitRow>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut find = Statement::new("SELECT id, rule, found_at, sealed FROM fraud_hits WHERE id IN (");
        find.bind_list(ids.iter().copied()).push(") ORDER BY found_at, rule").once(ids.len() > 1);
        Ok(self.db.fetch_all(find.sql(), find.params()).await?)
    }

    /// Deletes the subject's devices and countries, and returns their number.
    pub async fn forget_seen(&self, project: &str, subject: &[u8]) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM fraud_seen WHERE project_id = $1 AND subject_hash = $2";
        Ok(self.db.execute(SQL, db::params![project, subject]).await?)
    }

    /// Deletes devices and countries of the project's users that were last seen before `before_ms`.
    pub async fn forget_unseen(&self, project: &str, before_ms: i64) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM fraud_seen WHERE project_id = $1 AND last_at < $2";
        self.db.execute(SQL, db::params![project, before_ms]).await?;
        Ok(())
    }

    /// Counts the subject's devices and countries.
    pub async fn count_seen(&self, project: &str, subject: &[u8]) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM fraud_seen WHERE project_id = $1 AND subject_hash = $2";
        self.count(SQL, project, subject).await
    }
}

/// Adds the hits of one evaluation, their reviews, and the user's device and country.
async fn add_findings(tx: &mut Tx, id: &str, evaluation: &Evaluation) -> Result<(), Error> {
    let Evaluation { project_id, at_ms, found_at_ms, .. } = evaluation;
    for hit in &evaluation.hits {
        tx.execute(HIT, db::params![id, hit.rule, project_id, *at_ms, *found_at_ms, &hit.sealed]).await?;
    }
    if !evaluation.hits.is_empty() {
        tx.execute(FLAG, db::params![id]).await?;
        tx.execute(reviews::OPEN_FOR_FRAUD, db::params![id, *found_at_ms]).await?;
    }
    if let Some(subject) = &evaluation.subject_hash {
        names::add(tx, id, evaluation, subject).await?;
        tx.execute(reviews::END_WAITING, db::params![id, project_id, subject, *at_ms]).await?;
    }
    if let Some(device) = &evaluation.device {
        tx.execute(DEVICE, db::params![id, project_id, device, *at_ms]).await?;
    }
    for one in &evaluation.traits {
        if let (Some(subject), Some(hash)) = (&evaluation.subject_hash, one.hashes.first()) {
            tx.execute(SEEN, db::params![project_id, subject, one.name, hash, *at_ms]).await?;
        }
    }
    Ok(())
}

impl Around {
    fn in_order(mut self) -> Self {
        for side in [&mut self.before, &mut self.after] {
            side.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        }
        self
    }
}
