//! Counts the master keys of MACs and heads, and moves them to a new one.
//!
//! Only verified entries are endorsed. A batch is one transaction, and an interrupted rewrap continues where it ended.

use std::collections::BTreeMap;

use anyhow::bail;
use blob::KeyId;
use ledger::Rewrap;

use super::Store;
use crate::{
    error::Error,
    journal::{Head, Mark, Seals},
};

const HEADS: &str = "SELECT project_id, seq, mac, seal FROM consent_heads WHERE seq > 0 ORDER BY project_id";
const PAGE: u32 = 1_000;

/// The journal and the last mark read.
#[derive(Default)]
struct Place {
    project: String,
    seq: i64,
    mac: String,
}

impl Place {
    /// Advances to `mark`; returns the trusted key by which it follows.
    fn step(&mut self, seals: &Seals, mark: &Mark) -> Result<Option<KeyId>, Error> {
        if mark.project_id != self.project {
            *self = Self { project: mark.project_id.clone(), ..Self::default() };
        }
        let key = match mark.seq == self.seq + 1 {
            true => seals.vouched_by((self.seq, &self.mac), mark)?,
            false => None,
        };
        (self.seq, self.mac) = (mark.seq, mark.mac.clone());
        Ok(key)
    }
}

impl Store {
    /// Counts the marks and the heads by the trusted key that makes each valid; `None`: it does not verify.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_keys(
        &self,
        seals: &Seals,
        marks: &mut BTreeMap<Option<KeyId>, u64>,
        heads: &mut BTreeMap<Option<KeyId>, u64>,
    ) -> Result<(), Error> {
        let mut at = Place::default();
        loop {
            let page = self.next_marks(&at, PAGE).await?;
            for mark in &page {
                *marks.entry(at.step(seals, mark)?).or_default() += 1;
            }
            if page.is_empty() {
                break;
            }
        }
        for head in self.db.fetch_all::<Head>(HEADS, &[]).await? {
            *heads.entry(seals.sealed_by(&head)?).or_default() += 1;
        }
        Ok(())
    }

    /// Endorses every mark that is not valid by the key `active`, and reseals the heads under it.
    ///
    /// # Errors
    /// When the database fails, or a journal does not verify.
    pub async fn endorse_marks(
        &self,
        seals: &Seals,
        active: &KeyId,
        rewrap: &mut Rewrap<'_>,
    ) -> anyhow::Result<()> {
        const ENDORSE: &str = "UPDATE consent_journal SET endorsement = $4 \
            WHERE project_id = $1 AND seq = $2 AND mac = $3";
        const SEAL: &str =
            "UPDATE consent_heads SET seal = $4 WHERE project_id = $1 AND seq = $2 AND mac = $3";
        let (mut at, mut done) = (Place::default(), 0);
        loop {
            let page = self.next_marks(&at, rewrap.batch.max(1)).await?;
            if page.is_empty() {
                break;
            }
            let (mut tx, before) = (self.db.begin().await?, done);
            for mark in &page {
                let (project, seq) = (&mark.project_id, mark.seq);
                let Some(key) = at.step(seals, mark)? else {
                    bail!(
                        "project {project}: mark {seq} of the journal does not verify: see `biometry consent verify`"
                    );
                };
                if key != *active {
                    let endorsement = seals.endorse(mark)?;
                    done += tx.execute(ENDORSE, db::params![project, seq, &mark.mac, &endorsement]).await?;
                }
            }
            tx.commit().await?;
            if done > before {
                (rewrap.report)("consent_journal.endorsement", done);
            }
        }
        for head in self.db.fetch_all::<Head>(HEADS, &[]).await? {
            let Some(key) = seals.sealed_by(&head)? else {
                bail!(
                    "project {}: the head of the journal is not sealed: see `biometry consent verify`",
                    head.project_id
                );
            };
            if key != *active {
                // A head that changed meanwhile has a new seal.
                let seal = seals.seal(&head)?;
                self.db.execute(SEAL, db::params![&head.project_id, head.seq, &head.mac, &seal]).await?;
            }
        }
        Ok(())
    }

    async fn next_marks(&self, at: &Place, limit: u32) -> Result<Vec<Mark>, Error> {
        const MARKS: &str = "SELECT project_id, seq, event, chain, chain_seq, chain_hash, marked_at, mac, endorsement \
            FROM consent_journal WHERE (project_id, seq) > ($1, $2) ORDER BY project_id, seq LIMIT $3";
        Ok(self.db.fetch_all(MARKS, db::params![&at.project, at.seq, limit]).await?)
    }
}
