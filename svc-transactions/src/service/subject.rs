//! Stored data of a subject, and their erasure.

use proto::subjects::{self as wire, Kept, Remains};

use super::Transactions;
use crate::{
    error::Error,
    record::{Personal, text},
    seal,
};

/// Records per database transaction: bounds how long it holds the database.
const BATCH: u32 = 200;

/// A subject of a project, within the limits of a record's user.
pub struct Subject {
    project_id: String,
    user_fullname: String,
}

impl TryFrom<wire::Subject> for Subject {
    type Error = Error;

    fn try_from(wire: wire::Subject) -> Result<Self, Error> {
        Ok(Self {
            project_id: text("project_id", wire.project_id)?,
            user_fullname: text("user_fullname", wire.user_fullname)?,
        })
    }
}

impl Transactions {
    pub(super) async fn find_subject(&self, subject: &Subject) -> Result<Remains, Error> {
        let (mut transactions, mut samples, mut seen, mut deliveries, mut blocked) = (0, 0, 0, 0, 0);
        for hash in self.hashes(subject)? {
            samples += self.store.count_samples(&subject.project_id, &hash).await?;
            transactions += self.store.count_subject(&subject.project_id, &hash).await?;
            seen += self.store.count_seen(&subject.project_id, &hash).await?;
            deliveries += self.store.count_deliveries(&subject.project_id, &hash).await?;
            blocked += self.store.count_blocked(&subject.project_id, &hash).await?;
        }
        Ok(remains([
            ("transaction", transactions),
            ("sample", samples),
            ("device_or_country_seen", seen),
            ("webhook_delivery", deliveries),
            ("blocklist_entry", blocked),
        ]))
    }

    /// Erases all personal data from the subject's records. Each step is a separate database transaction, so that an
    /// interrupted call is completed by the next one.
    pub(super) async fn erase_subject(&self, subject: &Subject) -> Result<Remains, Error> {
        let (mut transactions, mut samples, mut seen, mut deliveries, mut blocked) = (0, 0, 0, 0, 0);
        let mut secrets = Vec::new();
        for hash in self.hashes(subject)? {
            secrets.extend(self.store.secrets(&subject.project_id, &hash).await?);
            samples += self.destroy_samples(&subject.project_id, &hash).await?;
            transactions += self.anonymise(&subject.project_id, &hash).await?;
            seen += self.store.forget_seen(&subject.project_id, &hash).await?;
            self.store.forget_name(&subject.project_id, &hash).await?;
            self.store.forget_face(&subject.project_id, &hash).await?;
            blocked += self.store.delete_blocked_of(&subject.project_id, &hash).await?;
            deliveries += self.store.delete_deliveries(&subject.project_id, &hash).await?;
        }
        self.store.purge(secrets).await?;
        tracing::info!(transactions, samples, deliveries, "erased a subject from the records");
        Ok(remains([
            ("transaction", transactions),
            ("sample", samples),
            ("device_or_country_seen", seen),
            ("webhook_delivery", deliveries),
            ("blocklist_entry", blocked),
        ]))
    }

    /// The bytes first: they are found by their row.
    async fn destroy_samples(&self, project: &str, hash: &[u8]) -> Result<u64, Error> {
        let mut destroyed = 0;
        loop {
            let samples = self.store.samples_of_subject(project, hash, BATCH).await?;
            if samples.is_empty() {
                return Ok(destroyed);
            }
            for sample in samples {
                self.samples.delete(&sample).await?;
                self.store.delete_sample(&sample.id).await?;
                destroyed += 1;
            }
        }
    }

    async fn anonymise(&self, project: &str, hash: &[u8]) -> Result<u64, Error> {
        let mut erased = 0;
        loop {
            let ids = self.store.of_subject(project, hash, BATCH).await?;
            if ids.is_empty() {
                return Ok(erased);
            }
            let nothing = |id| seal::seal(&self.ring, project, id, &Personal::default());
            let sealed = ids.iter().map(nothing).collect::<Result<Vec<_>, _>>()?;
            erased += self.store.anonymise(project, ids.iter().zip(sealed)).await?;
        }
    }

    fn hashes(&self, subject: &Subject) -> Result<Vec<Vec<u8>>, Error> {
        seal::subject_hashes(&self.ring, &subject.project_id, &subject.user_fullname)
    }
}

pub(super) fn remains<const N: usize>(kept: [(&str, u64); N]) -> Remains {
    let some = kept.into_iter().filter(|(_, count)| *count > 0);
    Remains { kept: some.map(|(kind, count)| Kept { kind: kind.into(), count }).collect() }
}
