//! Hashes over whole groups of leaves, stored with a MAC. They only save work: a missing or changed one is recomputed
//! from the entries.

use std::collections::BTreeMap;

use blob::KeyRing;
use db::{Db, Value};
use tlog_tiles::{Hash, split_stored_hash_index, stored_hash_index};

use super::TreeError;
use crate::{KeyUsage, Rewrap, RowMacs};

const TABLE: &str = "log_nodes";
const PAGE: i64 = 1_000;

/// A row: log, position, hash, MAC.
type Row = (String, i64, Vec<u8>, String);

#[derive(Clone)]
pub struct Nodes {
    db: Db,
    macs: RowMacs,
}

impl Nodes {
    pub fn new(db: Db, ring: KeyRing) -> Self {
        Self { db, macs: RowMacs::new(ring) }
    }

    /// Returns how many groups of a log are stored.
    pub async fn groups(&self, log: &str) -> sqlx::Result<u64> {
        const LAST: &str = "SELECT MAX(position) FROM log_nodes WHERE log = $1";
        let (last,): (Option<i64>,) = self.db.fetch_one(LAST, db::params![log]).await?;
        let Some(last) = last.and_then(|last| u64::try_from(last).ok()) else { return Ok(0) };
        // The last stored hash completed this group.
        let (level, number) = split_stored_hash_index(last);
        Ok((number + 1) << level)
    }

    pub async fn find_hash(&self, log: &str, position: u64) -> Result<Option<Hash>, TreeError> {
        const FIND: &str = "SELECT hash, mac FROM log_nodes WHERE log = $1 AND position = $2";
        let at = signed(position)?;
        let row: Option<(Vec<u8>, String)> = self.db.fetch_optional(FIND, db::params![log, at]).await?;
        let Some((hash, mac)) = row else { return Ok(None) };
        let is_own =
            self.macs.check_mac(TABLE, &format!("{log} {at}"), &columns(log, at, &hash), &mac).is_ok();
        Ok(hash.try_into().ok().map(Hash).filter(|_| is_own))
    }

    /// Adds the hashes that group number `group` completes.
    pub async fn add_hashes(&self, log: &str, group: u64, hashes: &[Hash]) -> Result<(), TreeError> {
        const ADD: &str = "INSERT INTO log_nodes (log, position, hash, mac) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (log, position) DO NOTHING";
        let mut tx = self.db.begin().await?;
        for (position, hash) in (stored_hash_index(0, group)..).zip(hashes) {
            let at = signed(position)?;
            let mac = self.macs.make_mac(TABLE, &columns(log, at, &hash.0))?;
            tx.execute(ADD, db::params![log, at, &hash.0, &mac]).await?;
        }
        Ok(tx.commit().await?)
    }
}

fn columns<'a>(log: &'a str, position: i64, hash: &'a [u8]) -> [Value<'a>; 3] {
    [log.into(), position.into(), hash.into()]
}

fn signed(position: u64) -> Result<i64, TreeError> {
    i64::try_from(position).map_err(|_| TreeError::OutOfRange)
}

async fn next_rows(db: &Db, after: &(String, i64)) -> sqlx::Result<Vec<Row>> {
    const NEXT: &str = "SELECT log, position, hash, mac FROM log_nodes WHERE (log, position) > ($1, $2) \
        ORDER BY log, position LIMIT $3";
    db.fetch_all(NEXT, db::params![&after.0, after.1, PAGE]).await
}

/// Counts the stored hashes of the logs by the trusted key of their MAC.
///
/// # Errors
/// When the database fails.
pub async fn count_node_keys(db: &Db, ring: &KeyRing) -> sqlx::Result<Vec<KeyUsage>> {
    let (macs, mut counts) = (RowMacs::new(ring.clone()), BTreeMap::new());
    let mut after = (String::new(), -1);
    loop {
        let rows = next_rows(db, &after).await?;
        let Some(last) = rows.last() else { break };
        after = (last.0.clone(), last.1);
        for (log, position, hash, mac) in &rows {
            let key = macs.key_of(TABLE, &columns(log, *position, hash), mac);
            *counts.entry(key).or_default() += 1;
        }
    }
    Ok(KeyUsage::of("log_nodes.mac", counts))
}

/// Renews the MACs of stored hashes under the active key. One that does not verify stays unchanged.
///
/// # Errors
/// When the database fails.
pub async fn rewrap_nodes(db: &Db, ring: &KeyRing, rewrap: &mut Rewrap<'_>) -> Result<(), TreeError> {
    const RENEW: &str = "UPDATE log_nodes SET mac = $4 WHERE log = $1 AND position = $2 AND mac = $3";
    let (macs, active) = (RowMacs::new(ring.clone()), ring.key_ids().into_iter().next());
    let (mut after, mut done) = ((String::new(), -1), 0);
    loop {
        let rows = next_rows(db, &after).await?;
        let Some(last) = rows.last() else { break };
        after = (last.0.clone(), last.1);
        let (mut tx, before) = (db.begin().await?, done);
        for (log, position, hash, mac) in &rows {
            let key = macs.key_of(TABLE, &columns(log, *position, hash), mac);
            if key.is_some() && key != active {
                let renewed = macs.make_mac(TABLE, &columns(log, *position, hash))?;
                done += tx.execute(RENEW, db::params![log, *position, mac, &renewed]).await?;
            }
        }
        tx.commit().await?;
        if done > before {
            (rewrap.report)("log_nodes.mac", done);
        }
    }
    Ok(())
}
