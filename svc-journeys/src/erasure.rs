//! Erasure of a subject's records, including their remains in the files of the database.

use std::collections::BTreeMap;

use proto::subjects::{Kept, Remains, Subject};

use crate::{
    error::Error,
    service::Journeys,
    store::{PERSONAL, Secrets},
};

impl Journeys {
    pub(crate) async fn remains(&self, subject: &Subject) -> Result<Remains, Error> {
        Ok(counted(&self.rows_of(subject).await?))
    }

    pub(crate) async fn erase(&self, subject: &Subject) -> Result<Remains, Error> {
        let rows = self.rows_of(subject).await?;
        let hashes = self.sealer.subject_hashes(&subject.project_id, &subject.user_fullname)?;
        for hash in &hashes {
            self.store.delete_of(&subject.project_id, hash).await?;
        }
        // Also without rows: an interrupted call may have deleted the rows without clearing the files.
        let secrets = rows
            .iter()
            .flat_map(|(_, row)| [row.wrapped_key.clone(), row.sealed.clone(), row.subject_hash.clone()]);
        self.store.purge(secrets.chain(hashes.iter().cloned()).collect()).await?;
        Ok(counted(&rows))
    }

    pub(crate) async fn erase_tenant(&self, project: &str) -> Result<Remains, Error> {
        let gone = self.store.delete_tenant(project).await?;
        let kept = gone.into_iter().filter(|(_, count)| *count > 0);
        let kept: Vec<Kept> = kept.map(|(kind, count)| Kept { kind: kind.to_owned(), count }).collect();
        if !kept.is_empty() {
            self.store.purge(Vec::new()).await?;
        }
        Ok(Remains { kept })
    }

    async fn rows_of(&self, subject: &Subject) -> Result<Vec<(&'static str, Secrets)>, Error> {
        let mut rows = Vec::new();
        for hash in self.sealer.subject_hashes(&subject.project_id, &subject.user_fullname)? {
            rows.extend(self.store.rows_of(&subject.project_id, &hash).await?);
        }
        Ok(rows)
    }
}

fn counted(rows: &[(&'static str, Secrets)]) -> Remains {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, _) in rows {
        *counts.entry(kind).or_default() += 1;
    }
    let kinds = PERSONAL.iter().filter_map(|(kind, _)| Some((*kind, *counts.get(kind)?)));
    Remains { kept: kinds.map(|(kind, count)| Kept { kind: kind.to_owned(), count }).collect() }
}
