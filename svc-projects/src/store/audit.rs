//! The audit log. A change and its entry are one database transaction, which begins by locking the log's head:
//! changes are serialised, so values read within a change stay valid until it commits.

use db::{Db, Tx};

use super::Store;
use crate::{
    audit::{Change, Entry, Head},
    error::Error,
};

/// Failed attempts on one account are logged once in this time.
const REFUSALS_EVERY_MS: i64 = 60 * 60 * 1000;

/// Filter of entries; empty text means all.
#[derive(Debug, Default)]
pub struct Asked {
    pub project: String,
    /// An action, or its prefix up to a dot.
    pub action: String,
}

/// Makes the database reject changes, per statement. `rewrap.rs` lifts it within a transaction.
pub(super) const LITE_NO_UPDATE: &str = "
    CREATE TRIGGER IF NOT EXISTS audit_entries_no_update BEFORE UPDATE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;";
const LITE_NO_DELETE: &str = "
    CREATE TRIGGER IF NOT EXISTS audit_entries_no_delete BEFORE DELETE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;";
/// The lock lets one process at a time define the triggers.
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
    /// Begins a change. Its transaction holds the head of the log, which [`Store::commit_audited`] advances; dropping
    /// it rolls back.
    pub(super) async fn begin_audited(&self) -> Result<(Tx, Head), Error> {
        // Changes nothing; it only locks.
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

    /// Makes the database itself reject changes or removals of entries. Triggers are not portable, so this is not a
    /// migration.
    pub async fn guard_audit(&self) -> Result<(), Error> {
        if matches!(self.db, Db::Pg(_)) {
            return Ok(self.db.run_script(PG).await?);
        }
        self.db.run_script(LITE_NO_UPDATE).await?;
        Ok(self.db.run_script(LITE_NO_DELETE).await?)
    }

    /// Writes an entry of a change made elsewhere. The organisation is the project's.
    pub async fn append_audit(&self, change: Change) -> Result<(), Error> {
        let (tx, head) = self.begin_audited().await?;
        self.commit_audited(tx, &head, &change).await
    }

    pub async fn audit_head(&self) -> Result<Option<Head>, Error> {
        const SQL: &str = "SELECT seq, mac, seal FROM audit_head WHERE one = 1";
        Ok(self.db.fetch_optional(SQL, &[]).await?)
    }

    /// Counts the stored hashes of the log's tree.
    pub async fn audit_nodes(&self) -> Result<Vec<(i64, Vec<u8>)>, Error> {
        const SQL: &str = "SELECT position, hash FROM log_nodes ORDER BY position";
        Ok(self.db.fetch_all(SQL, &[]).await?)
    }

    /// Returns the next `limit` entries after `after`, oldest first, of every organisation.
    pub async fn audit_page(&self, after: i64, limit: i64) -> Result<Vec<Entry>, Error> {
        const SQL: &str = "SELECT seq, organisation_id, project_id, actor, action, target, sealed, happened_at, mac, \
                           endorsement \
                           FROM audit_entries WHERE seq > $1 ORDER BY seq LIMIT $2";
        Ok(self.db.fetch_all(SQL, db::params![after, limit]).await?)
    }

    /// Returns up to `limit` entries of an organisation before `before`, newest first.
    pub async fn list_audit(
        &self,
        organisation: &str,
        asked: &Asked,
        before: i64,
        limit: u32,
    ) -> Result<Vec<Entry>, Error> {
        const SQL: &str = "SELECT seq, organisation_id, project_id, actor, action, target, sealed, happened_at, mac, \
                           endorsement \
                           FROM audit_entries WHERE organisation_id = $1 AND seq < $3 \
                           AND (project_id = $2 OR $2 = '') \
                           AND ($5 = '' OR action = $5 OR substr(action, 1, length($5) + 1) = $5 || '.') \
                           ORDER BY seq DESC LIMIT $4";
        let params = db::params![organisation, &asked.project, before, limit, &asked.action];
        Ok(self.db.fetch_all(SQL, params).await?)
    }

    /// Writes an entry about a failed attempt on an account, unless there is one of its kind within the hour:
    /// repeated attempts cannot fill the log.
    pub async fn log_failure(&self, user: &str, change: Change) -> Result<(), Error> {
        const RECENT: &str =
            "SELECT noted_at FROM refusals_noted WHERE user_id = $1 AND action = $2 AND noted_at > $3";
        const NOTE: &str = "INSERT INTO refusals_noted (user_id, action, noted_at) VALUES ($1, $2, $3) \
                            ON CONFLICT (user_id, action) DO UPDATE SET noted_at = $3 \
                            WHERE refusals_noted.noted_at <= $4";
        let now_ms = self.now_ms();
        let an_hour_ago = now_ms - REFUSALS_EVERY_MS;
        // Most are logged already; only the others lock the log's head.
        let recent = db::params![user, &change.action, an_hour_ago];
        let recent: Option<(i64,)> = self.db.fetch_optional(RECENT, recent).await?;
        if recent.is_some() {
            return Ok(());
        }
        let (mut tx, head) = self.begin_audited().await?;
        let note = db::params![user, &change.action, now_ms, an_hour_ago];
        if tx.execute(NOTE, note).await? > 0 {
            self.commit_audited(tx, &head, &change).await?;
        }
        Ok(())
    }
}
