//! Deletion of a project's data.

use super::{Store, samples::SAMPLE_COLUMNS};
use crate::{error::Error, samples::Sample};

impl Store {
    /// Returns up to `most` samples of a project, including expired ones.
    pub async fn some_samples(&self, project: &str, most: u32) -> Result<Vec<Sample>, Error> {
        const SQL: [&str; 3] =
            ["SELECT ", SAMPLE_COLUMNS, " FROM samples WHERE project_id = $1 ORDER BY id LIMIT $2"];
        Ok(self.db.fetch_all(SQL, db::params![project, most]).await?)
    }

    /// Deletes the webhooks of a project, and returns their number.
    pub async fn delete_endpoints(&self, project: &str) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM webhook_endpoints WHERE project_id = $1";
        Ok(self.db.execute(SQL, db::params![project]).await?)
    }

    /// Deletes up to `most` devices and countries from the fraud rules' history.
    pub async fn forget_some_seen(&self, project: &str, most: u32) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM fraud_seen WHERE project_id = $1 AND (subject_hash, trait, value_hash) IN \
                           (SELECT subject_hash, trait, value_hash FROM fraud_seen WHERE project_id = $1 LIMIT $2)";
        Ok(self.db.execute(SQL, db::params![project, most]).await?)
    }
}
