//! Links between transactions.

use db::{Statement, Tx, Value};

use super::{Row, Store};
use crate::{
    error::Error,
    links::{Kind, Link},
};

/// Links per statement, six values each.
const AT_ONCE: usize = 1000;

/// A stored link.
#[derive(Clone, Debug)]
pub struct StoredLink {
    pub kind: Kind,
    pub value_hash: Vec<u8>,
    pub sealed: Option<Vec<u8>>,
}

/// Adds the links of new rows.
pub(super) async fn add(tx: &mut Tx, linked: &[(&Row, &StoredLink)]) -> Result<(), Error> {
    for linked in linked.chunks(AT_ONCE) {
        let mut add = Statement::new(
            "INSERT INTO transaction_links (id, kind, project_id, value_hash, created_at, sealed) ",
        );
        add.bind_rows(linked.iter().map(|(row, link)| {
            [
                Value::from(&row.id),
                link.kind.as_str().into(),
                (&row.project_id).into(),
                (&link.value_hash).into(),
                row.created_at.into(),
                (&link.sealed).into(),
            ]
        }));
        add.push(" ON CONFLICT (id, kind) DO NOTHING").once(true);
        tx.execute(add.sql(), add.params()).await?;
    }
    Ok(())
}

impl Store {
    /// Returns the links of a transaction, without labels.
    pub async fn stored_links(&self, id: &str) -> Result<Vec<Link>, Error> {
        const SQL: &str = "SELECT kind, value_hash FROM transaction_links WHERE id = $1 ORDER BY kind";
        let rows: Vec<(String, Vec<u8>)> = self.db.fetch_all(SQL, db::params![id]).await?;
        let link = |(kind, hash): (String, Vec<u8>)| {
            Ok(Link { kind: Kind::from_stored(&kind)?, hashes: vec![hash], label: None })
        };
        rows.into_iter().map(link).collect()
    }

    /// Returns the label of a transaction's link; `None` if there is no such link, or for a face.
    pub async fn sealed_label(&self, id: &str, kind: Kind) -> Result<Option<Vec<u8>>, Error> {
        const SQL: &str =
            "SELECT sealed FROM transaction_links WHERE id = $1 AND kind = $2 AND sealed IS NOT NULL";
        let found: Option<(Vec<u8>,)> = self.db.fetch_optional(SQL, db::params![id, kind.as_str()]).await?;
        Ok(found.map(|(sealed,)| sealed))
    }

    /// Removes the links to the subject's face from all transactions.
    pub async fn forget_face(&self, project: &str, subject: &[u8]) -> Result<(), Error> {
        const SQL: &str =
            "DELETE FROM transaction_links WHERE project_id = $1 AND kind = 'face' AND value_hash = $2";
        self.db.execute(SQL, db::params![project, subject]).await?;
        Ok(())
    }

    /// Returns the newest transaction of each of these subjects, which has their name.
    pub async fn newest_of(&self, project: &str, subjects: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, Row)>, Error> {
        if subjects.is_empty() {
            return Ok(Vec::new());
        }
        let mut find =
            Statement::new("SELECT subject_hash, transaction_id FROM subject_names WHERE project_id = ");
        find.bind(project).push(" AND subject_hash IN (").bind_list(subjects).push(")").once(true);
        let names: Vec<(Vec<u8>, String)> = self.db.fetch_all(find.sql(), find.params()).await?;
        let ids: Vec<String> = names.iter().map(|(_, id)| id.clone()).collect();
        let rows = self.rows(project, &ids).await?;
        let hash_of = |row: &Row| names.iter().find(|(_, id)| *id == row.id).map(|(hash, _)| hash.clone());
        Ok(rows.into_iter().filter_map(|row| Some((hash_of(&row)?, row))).collect())
    }
}
