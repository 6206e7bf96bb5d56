//! The rows of stored media.

use super::Store;
use crate::{error::Error, samples::Sample};

pub(super) const SAMPLE_COLUMNS: &str =
    "id, project_id, transaction_id, subject_hash, name, content_type, bytes, created_at, expires_at";

impl Store {
    /// Adds the row of a sample before its bytes, so that bytes never exist without a row.
    pub async fn begin_sample(&self, sample: &Sample) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO samples (id, project_id, transaction_id, subject_hash, name, created_at, \
                           expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let begin = db::params![
            &sample.id,
            &sample.project_id,
            &sample.transaction_id,
            &sample.subject_hash,
            &sample.name,
            sample.created_at,
            sample.expires_at,
        ];
        self.db.execute(SQL, begin).await?;
        Ok(())
    }

    /// Records that the bytes are stored; false when the row was deleted meanwhile.
    pub async fn finish_sample(&self, id: &str, content_type: &str, bytes: i64) -> Result<bool, Error> {
        const SQL: &str = "UPDATE samples SET content_type = $2, bytes = $3 WHERE id = $1";
        Ok(self.db.execute(SQL, db::params![id, content_type, bytes]).await? == 1)
    }

    pub async fn delete_sample(&self, id: &str) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM samples WHERE id = $1";
        self.db.execute(SQL, db::params![id]).await?;
        Ok(())
    }

    /// Returns one sample, complete or not, of any project.
    pub async fn sample(&self, id: &str) -> Result<Option<Sample>, Error> {
        const SQL: [&str; 3] = ["SELECT ", SAMPLE_COLUMNS, " FROM samples WHERE id = $1"];
        Ok(self.db.fetch_optional(SQL, db::params![id]).await?)
    }

    /// Returns the complete samples of a transaction that have not expired, oldest first, a hundred at most.
    pub async fn samples_of(
        &self,
        project: &str,
        transaction_id: &str,
        now_ms: i64,
    ) -> Result<Vec<Sample>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            SAMPLE_COLUMNS,
            " FROM samples WHERE project_id = $1 AND transaction_id = $2 AND expires_at > $3 \
             AND content_type IS NOT NULL ORDER BY id LIMIT 100",
        ];
        Ok(self.db.fetch_all(SQL, db::params![project, transaction_id, now_ms]).await?)
    }

    /// Returns up to `most` samples of a subject, complete or not.
    pub async fn samples_of_subject(
        &self,
        project: &str,
        subject: &[u8],
        most: u32,
    ) -> Result<Vec<Sample>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            SAMPLE_COLUMNS,
            " FROM samples WHERE project_id = $1 AND subject_hash = $2 ORDER BY id LIMIT $3",
        ];
        Ok(self.db.fetch_all(SQL, db::params![project, subject, most]).await?)
    }

    /// Counts the subject's samples.
    pub async fn count_samples(&self, project: &str, subject: &[u8]) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM samples WHERE project_id = $1 AND subject_hash = $2";
        self.count(SQL, project, subject).await
    }

    /// Returns up to `most` expired samples.
    pub async fn expired_samples(&self, now_ms: i64, most: u32) -> Result<Vec<Sample>, Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            SAMPLE_COLUMNS,
            " FROM samples WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2",
        ];
        Ok(self.db.fetch_all(SQL, db::params![now_ms, most]).await?)
    }
}
