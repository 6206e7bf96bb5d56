//! The audit log. A change and its entry are one database transaction, which begins by taking the log's head: whoever
//! changes anything next waits for it, so what a change looked at before it wrote still holds.

use db::{Db, Tx};
use sqlx::{query, query_as, query_scalar};

use super::Store;
use crate::{
    audit::{Change, Entry, Head},
    error::Error,
};

/// One entry in so long says that somebody does not get into an account.
const REFUSALS_EVERY_MS: i64 = 60 * 60 * 1000;

/// Which entries; empty text asks for all.
#[derive(Debug, Default)]
pub struct Asked {
    pub project: String,
    /// An action, or what its name begins with up to a dot.
    pub action: String,
}

/// Takes the end of the log within `$tx`.
macro_rules! take_head {
    ($tx:ident) => {{
        // Changes nothing; it is the lock.
        const TAKE: &str = "UPDATE audit_head SET seq = seq WHERE one = 1 RETURNING seq, mac, seal";
        sqlx::query_as::<_, crate::audit::Head>(TAKE).fetch_one(&mut *$tx).await?
    }};
}
pub(crate) use take_head;

/// Writes `$change` after `$head`.
macro_rules! append {
    ($tx:ident, $log:expr, $head:expr, $change:expr) => {{
        const ADD: &str = "INSERT INTO audit_entries (seq, organisation_id, project_id, actor, action, target, sealed, \
                           happened_at, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        const MOVE: &str = "UPDATE audit_head SET seq = $1, mac = $2, seal = $3 WHERE one = 1";
        let (entry, head) = $log.extend($head, $change)?;
        let add = sqlx::query(ADD).bind(entry.seq).bind(&entry.organisation_id).bind(&entry.project_id);
        let add = add.bind(&entry.actor).bind(&entry.action).bind(&entry.target).bind(&entry.sealed);
        add.bind(entry.happened_at).bind(&entry.mac).execute(&mut *$tx).await?;
        sqlx::query(MOVE).bind(head.seq).bind(&head.mac).bind(&head.seal).execute(&mut *$tx).await?;
        head
    }};
}
pub(crate) use append;

/// Runs `$work` and writes the change it answers, `(result, Option<Change>)`, in one transaction; without a change,
/// nothing is kept of it.
macro_rules! audited {
    ($self:expr, |$tx:ident| $work:block) => {
        db::on!(&$self.db, |pool| async {
            let mut $tx = pool.begin().await?;
            let head = $crate::store::audit::take_head!($tx);
            let (result, change) = $work;
            if let Some(change) = change {
                $crate::store::audit::append!($tx, $self.log, &head, &change);
                $tx.commit().await?;
            }
            Ok::<_, $crate::error::Error>(result)
        }
        .await)
    };
}
pub(crate) use audited;

const LITE: &str = "
    CREATE TRIGGER IF NOT EXISTS audit_entries_no_update BEFORE UPDATE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;
    CREATE TRIGGER IF NOT EXISTS audit_entries_no_delete BEFORE DELETE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;";
/// The lock lets one process at a time define them: two at once would stumble over each other.
const PG: &str = "
    BEGIN;
    SELECT pg_advisory_xact_lock(7240517312);
    CREATE OR REPLACE FUNCTION audit_entries_refuse() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RAISE EXCEPTION ''the audit log is append only''; END';
    CREATE OR REPLACE TRIGGER audit_entries_no_change BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_entries_refuse();
    CREATE OR REPLACE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse();
    COMMIT;";

impl Store {
    /// Begins a change. Its transaction holds the end of the log, which [`Store::commit_audited`] writes after; dropped, it
    /// leaves nothing.
    pub(super) async fn begin_audited(&self) -> Result<(Tx, Head), Error> {
        // Changes nothing; it is the lock.
        const TAKE: &str = "UPDATE audit_head SET seq = seq WHERE one = 1 RETURNING seq, mac, seal";
        let mut tx = self.db.begin().await?;
        let head = tx.fetch_one(TAKE, &[]).await?;
        Ok((tx, head))
    }

    /// Writes the entry of a change after `head` and commits both.
    pub(super) async fn commit_audited(&self, mut tx: Tx, head: &Head, change: &Change) -> Result<(), Error> {
        const ADD: &str = "INSERT INTO audit_entries (seq, organisation_id, project_id, actor, action, target, sealed, \
                           happened_at, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        const MOVE: &str = "UPDATE audit_head SET seq = $1, mac = $2, seal = $3 WHERE one = 1";
        let (e, head) = self.log.extend(head, change)?;
        let entry = db::params![
            e.seq,
            &e.organisation_id,
            &e.project_id,
            &e.actor,
            &e.action,
            &e.target,
            &e.sealed,
            e.happened_at,
            &e.mac,
        ];
        tx.execute(ADD, entry).await?;
        tx.execute(MOVE, db::params![head.seq, &head.mac, &head.seal]).await?;
        Ok(tx.commit().await?)
    }

    /// Makes the database itself refuse to change or remove an entry. Triggers are not portable, so no migration.
    pub async fn guard_audit(&self) -> Result<(), Error> {
        match &self.db {
            Db::Lite(lite) => sqlx::raw_sql(LITE).execute(lite.pool()).await.map(drop)?,
            Db::Pg(pool) => sqlx::raw_sql(PG).execute(pool).await.map(drop)?,
        }
        Ok(())
    }

    /// Writes an entry of a change made elsewhere. The organisation is the project's.
    pub async fn append_audit(&self, change: Change) -> Result<(), Error> {
        audited!(self, |_tx| { ((), Some(change.clone())) })
    }

    pub async fn audit_head(&self) -> Result<Option<Head>, Error> {
        const SQL: &str = "SELECT seq, mac, seal FROM audit_head WHERE one = 1";
        Ok(db::on!(&self.db, |pool| query_as(SQL).fetch_optional(pool).await)?)
    }

    /// The next `limit` entries after `after`, oldest first, of every organisation.
    pub async fn audit_page(&self, after: i64, limit: i64) -> Result<Vec<Entry>, Error> {
        const SQL: &str = "SELECT seq, organisation_id, project_id, actor, action, target, sealed, happened_at, mac \
                           FROM audit_entries WHERE seq > $1 ORDER BY seq LIMIT $2";
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(after).bind(limit).fetch_all(pool).await)?)
    }

    /// Up to `limit` entries of an organisation before `before`, newest first.
    pub async fn list_audit(
        &self,
        organisation: &str,
        asked: &Asked,
        before: i64,
        limit: u32,
    ) -> Result<Vec<Entry>, Error> {
        const SQL: &str = "SELECT seq, organisation_id, project_id, actor, action, target, sealed, happened_at, mac \
                           FROM audit_entries WHERE organisation_id = $1 AND seq < $3 \
                           AND (project_id = $2 OR $2 = '') \
                           AND ($5 = '' OR action = $5 OR substr(action, 1, length($5) + 1) = $5 || '.') \
                           ORDER BY seq DESC LIMIT $4";
        Ok(db::on!(&self.db, |pool| query_as(SQL)
            .bind(organisation)
            .bind(&asked.project)
            .bind(before)
            .bind(i64::from(limit))
            .bind(&asked.action)
            .fetch_all(pool)
            .await)?)
    }

    /// Writes an entry about somebody who did not get into an account, unless there is one of its kind within the hour:
    /// whoever keeps trying cannot fill the log.
    pub async fn note_refusal(&self, user: &str, change: Change) -> Result<(), Error> {
        const LATELY: &str =
            "SELECT noted_at FROM refusals_noted WHERE user_id = $1 AND action = $2 AND noted_at > $3";
        const NOTE: &str = "INSERT INTO refusals_noted (user_id, action, noted_at) VALUES ($1, $2, $3) \
                            ON CONFLICT (user_id, action) DO UPDATE SET noted_at = $3 \
                            WHERE refusals_noted.noted_at <= $4";
        let an_hour_ago = change.at_ms - REFUSALS_EVERY_MS;
        // Most are told already; only the others take the log's head.
        let lately: Option<i64> = db::on!(&self.db, |pool| query_scalar(LATELY)
            .bind(user)
            .bind(&change.action)
            .bind(an_hour_ago)
            .fetch_optional(pool)
            .await)?;
        if lately.is_some() {
            return Ok(());
        }
        audited!(self, |tx| {
            let note = query(NOTE).bind(user).bind(&change.action).bind(change.at_ms).bind(an_hour_ago);
            let first = note.execute(&mut *tx).await?.rows_affected() > 0;
            ((), first.then(|| change.clone()))
        })
    }
}
