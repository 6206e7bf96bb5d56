//! The rows of galleries: the templates of a project, and its change log.

use std::collections::BTreeSet;

use db::Tx;

use super::Store;
use crate::error::Error;

/// Templates per lookup statement.
pub const LOOKED_UP: usize = 8;
/// Fewest changes kept per project, and how often older ones are deleted.
const KEPT_CHANGES: i64 = 20_000;
const PRUNE_EVERY: i64 = 1_000;

/// A template with the key that opens it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct GalleryRow {
    pub id: String,
    pub subject_id: String,
    pub modality: String,
    pub model: String,
    pub sealed: Vec<u8>,
    pub transaction_id: String,
    pub wrapped_key: Vec<u8>,
}

/// Added and removed templates, in order of their ids within a revision.
#[derive(Debug, Default)]
pub struct Changes {
    /// Removed, or unknown because only the id is in the log.
    pub removed: Vec<String>,
    pub added: Vec<GalleryRow>,
    /// False: a revision has no entry, so changes may be missing.
    pub is_complete: bool,
}

impl Store {
    /// Returns the revision of a project's templates, which grows with every change.
    pub async fn revision(&self, project: &str) -> Result<i64, Error> {
        const SQL: &str = "SELECT revision FROM galleries WHERE project_id = $1";
        let found: Option<(i64,)> = self.db.fetch_optional(SQL, db::params![project]).await?;
        Ok(found.map_or(0, |(revision,)| revision))
    }

    /// Returns the changes after the revision `from`, up to `to`.
    pub async fn changes(&self, project: &str, from: i64, to: i64) -> Result<Changes, Error> {
        const LIST: &str = "SELECT seq, template_id FROM template_changes \
            WHERE project_id = $1 AND seq > $2 AND seq <= $3";
        const ADDED: &str = "SELECT t.id, t.subject_id, t.modality, t.model, t.sealed, t.transaction_id, s.wrapped_key \
            FROM template_changes c JOIN templates t ON t.id = c.template_id JOIN subjects s ON s.id = t.subject_id \
            WHERE c.project_id = $1 AND c.seq > $2 AND c.seq <= $3";
        let params = db::params![project, from, to];
        // Changes between the two statements have a later revision and are read with it.
        let listed: Vec<(i64, String)> = self.db.fetch_all(LIST, params).await?;
        let added: Vec<GalleryRow> = self.db.fetch_all(ADDED, params).await?;
        let numbers: BTreeSet<i64> = listed.iter().map(|(seq, _)| *seq).collect();
        let there: BTreeSet<&str> = added.iter().map(|row| row.id.as_str()).collect();
        let is_complete = i64::try_from(numbers.len()) == Ok(to - from);
        let removed = listed.into_iter().map(|(_, id)| id).filter(|id| !there.contains(id.as_str()));
        Ok(Changes { removed: removed.collect(), is_complete, added })
    }

    /// Returns up to `count` searchable templates of a project, in order of their ids, from the one after `after`.
    pub async fn gallery_page(
        &self,
        project: &str,
        after: &str,
        count: u32,
    ) -> Result<Vec<GalleryRow>, Error> {
        const SQL: &str = "SELECT t.id, t.subject_id, t.modality, t.model, t.sealed, t.transaction_id, s.wrapped_key \
            FROM templates t JOIN subjects s ON s.id = t.subject_id \
            WHERE t.project_id = $1 AND t.id > $2 AND t.modality IN ('face', 'voice') ORDER BY t.id LIMIT $3";
        Ok(self.db.fetch_all(SQL, db::params![project, after, count]).await?)
    }

    /// Returns the existing ones of up to [`LOOKED_UP`] templates.
    pub async fn templates_by_id(&self, project: &str, ids: &[String]) -> Result<Vec<GalleryRow>, Error> {
        const SQL: &str = "SELECT t.id, t.subject_id, t.modality, t.model, t.sealed, t.transaction_id, s.wrapped_key \
            FROM templates t JOIN subjects s ON s.id = t.subject_id \
            WHERE t.project_id = $1 AND t.id IN ($2, $3, $4, $5, $6, $7, $8, $9)";
        let id = |i: usize| ids.get(i).map_or("", String::as_str);
        let params = db::params![project, id(0), id(1), id(2), id(3), id(4), id(5), id(6), id(7)];
        Ok(self.db.fetch_all(SQL, params).await?)
    }

    /// Deletes a project's change log: galleries in memory are then read completely again.
    pub async fn delete_changes(&self, project: &str) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM template_changes WHERE project_id = $1";
        self.db.execute(SQL, db::params![project]).await?;
        Ok(())
    }
}

/// Logs added and removed templates of faces and voices under the project's next revision. The row of the revision is
/// locked until the commit, so revisions become visible in order.
pub async fn record_changes(tx: &mut Tx, project: &str, templates: &[String]) -> Result<(), Error> {
    const NEXT: &str = "INSERT INTO galleries (project_id, revision) VALUES ($1, 1) \
        ON CONFLICT (project_id) DO UPDATE SET revision = galleries.revision + 1 RETURNING revision";
    const LIST: &str = "INSERT INTO template_changes (project_id, seq, template_id) VALUES ($1, $2, $3)";
    const PRUNE: &str = "DELETE FROM template_changes WHERE project_id = $1 AND seq <= $2";
    if templates.is_empty() {
        return Ok(());
    }
    let (seq,): (i64,) = tx.fetch_one(NEXT, db::params![project]).await?;
    for id in templates {
        tx.execute(LIST, db::params![project, seq, id]).await?;
    }
    if seq % PRUNE_EVERY == 0 {
        tx.execute(PRUNE, db::params![project, seq - KEPT_CHANGES]).await?;
    }
    Ok(())
}
