//! Subjects by prefix of their name.

use db::{Statement, Tx};

use super::{Evaluation, Store};
use crate::error::Error;

/// The newest transaction of a subject that is searchable already.
const RENEW: &str = "UPDATE subject_names SET last_at = $3, transaction_id = $4 \
     WHERE project_id = $1 AND subject_hash = $2 AND last_at <= $3";
const ADD: &str = "INSERT INTO subject_names (project_id, subject_hash, last_at, transaction_id) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (project_id, subject_hash) DO NOTHING";
const ADD_PREFIX: &str = "INSERT INTO subject_prefixes (project_id, prefix_hash, subject_hash) \
     VALUES ($1, $2, $3) ON CONFLICT (project_id, prefix_hash, subject_hash) DO NOTHING";

/// A subject found, with their newest transaction.
#[derive(Debug, sqlx::FromRow)]
pub struct FoundName {
    pub transaction_id: String,
    pub last_at: i64,
}

/// Makes the subject of a transaction searchable, or updates their newest transaction.
pub(super) async fn add(tx: &mut Tx, id: &str, evaluation: &Evaluation, subject: &[u8]) -> sqlx::Result<()> {
    let project = &evaluation.project_id;
    let params = db::params![project, subject, evaluation.at_ms, id];
    if tx.execute(RENEW, params).await? > 0 || tx.execute(ADD, params).await? == 0 {
        return Ok(());
    }
    for prefix in &evaluation.prefixes {
        tx.execute(ADD_PREFIX, db::params![project, prefix, subject]).await?;
    }
    Ok(())
}

impl Store {
    /// Returns subjects with one of these prefixes, the latest first.
    pub async fn find_names(
        &self,
        project: &str,
        prefixes: &[Vec<u8>],
        most: u32,
    ) -> Result<Vec<FoundName>, Error> {
        let mut find = Statement::new(
            "SELECT DISTINCT n.transaction_id, n.last_at FROM subject_prefixes p JOIN subject_names n \
             ON n.project_id = p.project_id AND n.subject_hash = p.subject_hash WHERE p.project_id = ",
        );
        find.bind(project).push(" AND p.prefix_hash IN (").bind_list(prefixes);
        find.push(") ORDER BY n.last_at DESC LIMIT ").push_number(most.into());
        Ok(self.db.fetch_all(find.sql(), find.params()).await?)
    }

    /// Makes a subject unsearchable.
    pub async fn forget_name(&self, project: &str, subject: &[u8]) -> Result<(), Error> {
        const PREFIXES: &str = "DELETE FROM subject_prefixes WHERE project_id = $1 AND subject_hash = $2";
        const NAME: &str = "DELETE FROM subject_names WHERE project_id = $1 AND subject_hash = $2";
        let mut tx = self.db.begin().await?;
        tx.execute(PREFIXES, db::params![project, subject]).await?;
        tx.execute(NAME, db::params![project, subject]).await?;
        Ok(tx.commit().await?)
    }

    /// Makes up to `most` subjects of the project without transactions since `before_ms` unsearchable, and returns
    /// how many.
    pub async fn forget_old_names(&self, project: &str, before_ms: i64, most: u32) -> Result<u64, Error> {
        const PREFIXES: &str = "DELETE FROM subject_prefixes WHERE project_id = $1 AND subject_hash IN \
             (SELECT subject_hash FROM subject_names WHERE project_id = $1 AND last_at < $2 \
              ORDER BY last_at, subject_hash LIMIT $3)";
        const NAMES: &str = "DELETE FROM subject_names WHERE project_id = $1 AND subject_hash IN \
             (SELECT subject_hash FROM subject_names WHERE project_id = $1 AND last_at < $2 \
              ORDER BY last_at, subject_hash LIMIT $3)";
        let mut tx = self.db.begin().await?;
        tx.execute(PREFIXES, db::params![project, before_ms, most]).await?;
        let forgotten = tx.execute(NAMES, db::params![project, before_ms, most]).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
