//! Erasure of what identifies a person from the rows of a subject.

use super::Store;
use crate::{error::Error, record::TransactionId};

/// Master key id, nonce, and the first sealed bytes.
const NONCE_END: usize = 48;

impl Store {
    /// Counts the subject's rows.
    pub async fn count_subject(&self, project: &str, subject: &[u8]) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM transactions WHERE project_id = $1 AND subject_hash = $2";
        self.count(SQL, project, subject).await
    }

    /// Counts the webhook deliveries about the subject.
    pub async fn count_deliveries(&self, project: &str, subject: &[u8]) -> Result<u64, Error> {
        const SQL: &str =
            "SELECT COUNT(*) FROM webhook_deliveries WHERE project_id = $1 AND subject_hash = $2";
        self.count(SQL, project, subject).await
    }

    pub(super) async fn count(
        &self,
        sql: impl Into<db::Sql>,
        project: &str,
        subject: &[u8],
    ) -> Result<u64, Error> {
        let (count,): (i64,) = self.db.fetch_one(sql, db::params![project, subject]).await?;
        Ok(count.unsigned_abs())
    }

    /// Deletes the deliveries about the subject, sent or not, and returns how many there were.
    pub async fn delete_deliveries(&self, project: &str, subject: &[u8]) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM webhook_deliveries WHERE project_id = $1 AND subject_hash = $2";
        Ok(self.db.execute(SQL, db::params![project, subject]).await?)
    }

    /// Returns the values that must be in no file once the subject is erased: the start of every sealed value, which
    /// has the nonce without which the rest is noise.
    pub async fn secrets(&self, project: &str, subject: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        const SEALED: [&str; 7] = [
            "SELECT sealed FROM transactions WHERE project_id = $1 AND subject_hash = $2",
            "SELECT h.sealed FROM fraud_hits h JOIN transactions t ON t.id = h.id \
             WHERE t.project_id = $1 AND t.subject_hash = $2",
            "SELECT s.sealed FROM review_steps s JOIN transactions t ON t.id = s.id \
             WHERE t.project_id = $1 AND t.subject_hash = $2",
            "SELECT l.sealed FROM transaction_links l JOIN transactions t ON t.id = l.id \
             WHERE t.project_id = $1 AND t.subject_hash = $2 AND l.sealed IS NOT NULL",
            "SELECT sealed FROM blocklist WHERE project_id = $1 AND (subject_hash = $2 OR (kind = 'face' AND value_hash = $2))",
            "SELECT sealed FROM webhook_deliveries WHERE project_id = $1 AND subject_hash = $2",
            "SELECT sealed_log FROM webhook_deliveries WHERE project_id = $1 AND subject_hash = $2 \
             AND sealed_log IS NOT NULL",
        ];
        let mut secrets = vec![subject.to_vec()];
        for sql in SEALED {
            let rows: Vec<(Vec<u8>,)> = self.db.fetch_all(sql, db::params![project, subject]).await?;
            secrets.extend(rows.into_iter().map(|(mut sealed,)| {
                sealed.truncate(NONCE_END);
                sealed
            }));
        }
        Ok(secrets)
    }

    /// Removes deleted rows from the database's files.
    ///
    /// # Errors
    /// When the files cannot be cleaned: repeat the call.
    pub async fn purge(&self, secrets: Vec<Vec<u8>>) -> Result<(), Error> {
        Ok(self.db.purge(secrets).await?)
    }

    /// Returns the ids of up to `most` rows of the subject.
    pub async fn of_subject(
        &self,
        project: &str,
        subject: &[u8],
        most: u32,
    ) -> Result<Vec<TransactionId>, Error> {
        const SQL: &str = "SELECT id FROM transactions WHERE project_id = $1 AND subject_hash = $2 LIMIT $3";
        let ids: Vec<(String,)> = self.db.fetch_all(SQL, db::params![project, subject, most]).await?;
        ids.iter().map(|(id,)| TransactionId::parse(id)).collect()
    }

    /// Anonymises these rows of the project, in one database transaction: `sealed` replaces the personal data; the
    /// user's hash, the session, the trigger, the tags, the device's hash, the evidence of fraud and the notes of
    /// reviewers are removed too. Returns how many existed.
    pub async fn anonymise(
        &self,
        project: &str,
        rows: impl Iterator<Item = (&TransactionId, Vec<u8>)>,
    ) -> Result<u64, Error> {
        const EMPTY: &str = "UPDATE transactions SET subject_hash = NULL, session_id = NULL, action_trigger = NULL, \
                             tags = '[]', sealed = $3 WHERE id = $1 AND project_id = $2";
        const UNTAG: &str = "DELETE FROM transaction_tags WHERE id = $1";
        // Results of a running evaluation are written only while the row waits; it locks this row first, too.
        const UNWAIT: &str = "DELETE FROM fraud_pending WHERE id = $1";
        const UNDEVICE: &str = "DELETE FROM transaction_devices WHERE id = $1";
        const UNLINK: &str = "DELETE FROM transaction_links WHERE id = $1";
        // Open reviews are removed.
        const UNASK: &str = "DELETE FROM reviews WHERE id = $1 AND status IN ('open', 'second_review')";
        const UNNOTE: &str = "UPDATE review_steps SET sealed = $2 WHERE id = $1";
        const UNREVIEW: &str =
            "UPDATE reviews SET subject_hash = NULL, queue = 'done', version = version + 1 WHERE id = $1";
        const UNPROVE: &str = "UPDATE fraud_hits SET sealed = $2 WHERE id = $1";
        let nothing: &[u8] = &[];
        let rows: Vec<_> = rows.collect();
        let mut tx = self.db.begin().await?;
        let mut emptied = 0;
        for (id, sealed) in &rows {
            let id = id.as_str();
            tx.execute(UNWAIT, db::params![id]).await?;
            emptied += tx.execute(EMPTY, db::params![id, project, sealed]).await?;
            tx.execute(UNTAG, db::params![id]).await?;
            tx.execute(UNDEVICE, db::params![id]).await?;
            tx.execute(UNLINK, db::params![id]).await?;
            tx.execute(UNASK, db::params![id]).await?;
            tx.execute(UNNOTE, db::params![id, nothing]).await?;
            tx.execute(UNREVIEW, db::params![id]).await?;
            tx.execute(UNPROVE, db::params![id, nothing]).await?;
        }
        tx.commit().await?;
        Ok(emptied)
    }
}
