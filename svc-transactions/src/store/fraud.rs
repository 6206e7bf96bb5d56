//! Transactions that wait for the fraud rules, their neighbours, and what was found.

use sqlx::{QueryBuilder, query, query_as, query_scalar};

use super::{Row, Store, reviews};
use crate::{
    error::Error,
    outbox::{self, Event},
};

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

/// Adds the hits of one evaluation, what people have to do about them and what the user was seen with, inside whichever transaction `$tx` is.
macro_rules! add_findings {
    ($tx:ident, $id:expr, $evaluation:expr) => {
        for hit in &$evaluation.hits {
            let insert = query(HIT).bind($id).bind(hit.rule).bind(&$evaluation.project_id);
            let insert = insert.bind($evaluation.at_ms).bind($evaluation.found_at_ms).bind(&hit.sealed);
            insert.execute(&mut *$tx).await?;
        }
        if !$evaluation.hits.is_empty() {
            query(FLAG).bind($id).execute(&mut *$tx).await?;
            let open = query(reviews::OPEN_FOR_FRAUD).bind($id).bind($evaluation.found_at_ms);
            open.execute(&mut *$tx).await?;
        }
        if let Some(subject) = &$evaluation.subject_hash {
            let end = query(reviews::END_WAITING).bind($id).bind(&$evaluation.project_id).bind(subject);
            end.bind($evaluation.at_ms).execute(&mut *$tx).await?;
        }
        if let Some(device) = &$evaluation.device {
            let made = query(DEVICE).bind($id).bind(&$evaluation.project_id).bind(device);
            made.bind($evaluation.at_ms).execute(&mut *$tx).await?;
        }
        for one in &$evaluation.traits {
            let (Some(subject), Some(hash)) = (&$evaluation.subject_hash, one.hashes.first()) else {
                continue;
            };
            let seen = query(SEEN).bind(&$evaluation.project_id).bind(subject).bind(one.name);
            seen.bind(hash).bind($evaluation.at_ms).execute(&mut *$tx).await?;
        }
    };
}

/// The statements that read a row's neighbours of the same `$column`: those before it, and those after it that have been
/// looked at and not flagged. What waits will see the row before itself, and what is flagged need not be told again.
macro_rules! around {
    ($column:literal) => {
        [
            concat!(
                "SELECT ",
                columns!(),
                " FROM transactions WHERE project_id = $1 AND ",
                $column,
                " = $2 AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT $5"
            ),
            concat!(
                "SELECT ",
                columns!(),
                " FROM transactions WHERE project_id = $1 AND ",
                $column,
                " = $2 AND (created_at, id) > ($3, $4) AND created_at <= $6 AND NOT EXISTS \
                 (SELECT 1 FROM fraud_pending WHERE fraud_pending.id = transactions.id) \
                 AND has_fraud = 0 ORDER BY created_at, id LIMIT $5"
            ),
        ]
    };
}

/// Neighbours of one side: a user's or a session's calls beyond them tell nothing of a moment.
const NEIGHBOURS: i64 = 32;
/// How much later than another a transaction may begin and yet have been looked at before it.
const LATE_MS: i64 = 10 * 60 * 1000;

/// The rows before and after one, in the order of time.
#[derive(Debug, Default)]
pub struct Around {
    pub before: Vec<Row>,
    pub after: Vec<Row>,
}

/// Something a user was seen with: its name, and the keyed hashes it may have, the newest first.
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

/// What looking at a transaction has brought.
#[derive(Clone, Debug)]
pub struct Evaluation {
    pub project_id: String,
    pub subject_hash: Option<Vec<u8>>,
    pub at_ms: i64,
    pub found_at_ms: i64,
    pub hits: Vec<Found>,
    pub traits: Vec<Trait>,
    /// The keyed hash of the device's own id, if it told one.
    pub device: Option<Vec<u8>>,
    /// Tells of the hits.
    pub event: Option<Event>,
}

/// A hit as the database has it.
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

    /// Claims up to `most` waiting transactions until `until_ms`. A row that two ask for at once is one's alone: the
    /// second finds it claimed when it gets to it.
    pub async fn claim_pending(&self, now_ms: i64, until_ms: i64, most: u32) -> Result<Vec<Row>, Error> {
        const WAITS: &str =
            "SELECT COUNT(*) FROM (SELECT 1 FROM fraud_pending WHERE claimed_until <= $1 LIMIT 1) AS one";
        const CLAIM: &str = "UPDATE fraud_pending SET claimed_until = $2 WHERE claimed_until <= $1 AND id IN \
                             (SELECT id FROM fraud_pending WHERE claimed_until <= $1 ORDER BY claimed_until, id LIMIT $3) \
                             RETURNING id";
        const READ: &str = concat!("SELECT ", columns!(), " FROM transactions WHERE id IN (");
        Ok(db::on!(&self.db, |pool| async {
            // Asking first spares an idle service a write.
            let waits: i64 = query_scalar(WAITS).bind(now_ms).fetch_one(pool).await?;
            if waits == 0 {
                return Ok(Vec::new());
            }
            let claim = query_scalar(CLAIM).bind(now_ms).bind(until_ms).bind(i64::from(most));
            let ids: Vec<String> = claim.fetch_all(pool).await?;
            let mut sql = QueryBuilder::new(READ);
            let mut list = sql.separated(", ");
            ids.iter().for_each(|id| _ = list.push_bind(id));
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            sql.push(") ORDER BY created_at, id");
            sql.build_query_as::<Row>().persistent(false).fetch_all(pool).await
        }
        .await)?)
    }

    /// The neighbours of `row` among those of its user.
    pub async fn around_subject(&self, row: &Row, subjects: &[Vec<u8>]) -> Result<Around, Error> {
        let mut around = Around::default();
        for subject in subjects {
            let (before, after) = self.around(row, subject, around!("subject_hash")).await?;
            around.before.extend(before);
            around.after.extend(after);
        }
        Ok(around.in_order())
    }

    /// The neighbours of `row` within its session.
    pub async fn around_session(&self, row: &Row) -> Result<Around, Error> {
        let Some(session) = &row.session_id else { return Ok(Around::default()) };
        let (before, after) = self.around(row, session, around!("session_id")).await?;
        Ok(Around { before, after }.in_order())
    }

    async fn around<T>(
        &self,
        row: &Row,
        key: T,
        [before, after]: [&'static str; 2],
    ) -> Result<(Vec<Row>, Vec<Row>), Error>
    where
        T: Copy
            + for<'q> sqlx::Encode<'q, sqlx::Postgres>
            + sqlx::Type<sqlx::Postgres>
            + for<'q> sqlx::Encode<'q, sqlx::Sqlite>
            + sqlx::Type<sqlx::Sqlite>
            + Send
            + Sync,
    {
        Ok(db::on!(&self.db, |pool| async {
            let side = |sql| query_as::<_, Row>(sql).bind(&row.project_id).bind(key).bind(row.created_at);
            let before = side(before).bind(&row.id).bind(NEIGHBOURS).fetch_all(pool).await?;
            let after = side(after).bind(&row.id).bind(NEIGHBOURS).bind(row.created_at + LATE_MS);
            Ok::<_, sqlx::Error>((before, after.fetch_all(pool).await?))
        }
        .await)?)
    }

    /// Whether the user was seen with anything of the kind before `row`, and whether with this.
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
            db::on!(&self.db, |pool| {
                let ask = |sql| {
                    query_scalar::<_, i64>(sql)
                        .bind(&row.project_id)
                        .bind(subject)
                        .bind(one.name)
                        .bind(row.created_at)
                };
                any += ask(ANY).fetch_one(pool).await?;
                for hash in &one.hashes {
                    this += ask(THIS).bind(hash).fetch_one(pool).await?;
                }
            });
        }
        Ok((any > 0, this > 0))
    }

    /// Writes what looking at transactions has brought (nothing, where one cannot be read) and takes them from those that
    /// wait, in one database transaction with the events that tell of it. Where one does not wait any more, its subject was
    /// erased or another process has settled it, and nothing is written of it.
    pub async fn settle(&self, evaluations: &[(String, Option<Evaluation>)]) -> Result<(), Error> {
        const DONE: &str = "DELETE FROM fraud_pending WHERE id = $1";
        let queued = db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            let mut events = Vec::new();
            for (id, evaluation) in evaluations {
                let waited = query(DONE).bind(id).execute(&mut *tx).await?.rows_affected() == 1;
                if let Some(evaluation) = evaluation.as_ref().filter(|_| waited) {
                    add_findings!(tx, id, evaluation);
                    events.extend(&evaluation.event);
                }
            }
            let queued = outbox::add!(tx, self.outbox, &events);
            tx.commit().await?;
            Ok::<_, Error>(queued)
        }
        .await)?;
        if queued > 0 {
            self.outbox.wake();
        }
        Ok(())
    }

    /// What was found in these transactions, in the order it was.
    pub async fn hits(&self, ids: &[&str]) -> Result<Vec<HitRow>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(db::on!(&self.db, |pool| {
            let mut sql =
                QueryBuilder::new("SELECT id, rule, found_at, sealed FROM fraud_hits WHERE id IN (");
            let mut list = sql.separated(", ");
            ids.iter().for_each(|id| _ = list.push_bind((*id).to_owned()));
            sql.push(") ORDER BY found_at, rule");
            sql.build_query_as().persistent(ids.len() == 1).fetch_all(pool).await
        })?)
    }

    /// Forgets what the subject was seen with, and answers how much that was.
    pub async fn forget_seen(&self, project: &str, subject: &[u8]) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM fraud_seen WHERE project_id = $1 AND subject_hash = $2";
        Ok(db::on!(&self.db, |pool| {
            query(SQL).bind(project).bind(subject).execute(pool).await.map(|done| done.rows_affected())
        })?)
    }

    /// Forgets what the users of the project were seen with before `before_ms` and not since.
    pub async fn forget_unseen(&self, project: &str, before_ms: i64) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM fraud_seen WHERE project_id = $1 AND last_at < $2";
        Ok(db::on!(&self.db, |pool| {
            query(SQL).bind(project).bind(before_ms).execute(pool).await.map(drop)
        })?)
    }

    /// How much the subject was seen with.
    pub async fn count_seen(&self, project: &str, subject: &[u8]) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM fraud_seen WHERE project_id = $1 AND subject_hash = $2";
        self.count(SQL, project, subject).await
    }
}

impl Around {
    fn in_order(mut self) -> Self {
        for side in [&mut self.before, &mut self.after] {
            side.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        }
        self
    }
}
