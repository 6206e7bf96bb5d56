//! Opens the master keys of a service together with the record of its tables about them.
//!
//! `known_master_keys` names every key that wrote into the tables and may still be in use (`in_use`), and the
//! distrusted keys. `kept_keys` holds keys of single purposes that outlive their master key (see [`blob::KeptKey`]).

use blob::{KeptKey, KeyConfig, KeyId, KeyRing, Purpose};
use db::Db;

use crate::{
    Error, KeyUsage, SealedColumn,
    canary::{check_id, check_master_key},
};

const KNOWN: &str = "SELECT key_id, state FROM known_master_keys ORDER BY key_id";
const NOTE: &str = "INSERT INTO known_master_keys (key_id, state, since) VALUES ($1, 'in_use', $2) \
    ON CONFLICT (key_id) DO NOTHING";
const DISTRUST: &str = "INSERT INTO known_master_keys (key_id, state, since) VALUES ($1, 'distrusted', $2) \
    ON CONFLICT (key_id) DO UPDATE SET state = 'distrusted', since = $2";
const FORGET: &str = "DELETE FROM known_master_keys WHERE state = 'in_use' AND key_id <> $1";
const KEPT: &str = "SELECT key_id, purpose, wrapped FROM kept_keys";
const KEEP: &str = "INSERT INTO kept_keys (key_id, purpose, wrapped) VALUES ($1, $2, $3) \
    ON CONFLICT (key_id, purpose) DO UPDATE SET wrapped = $3";

const DISTRUSTED: &str = "distrusted";

/// How the tables of a service use master keys.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// A query for one sealed value, which identifies the key of tables from before canaries.
    pub sample: &'static str,
    pub columns: &'static [SealedColumn],
    /// Purposes whose keys outlive their master key.
    pub kept: &'static [Purpose],
}

/// Opens the configured master keys for these tables.
///
/// # Errors
/// When a key that the tables still need is not configured, the active key is distrusted, or the database fails.
pub async fn open_ring(db: &Db, config: &KeyConfig, tables: &Tables, now_ms: i64) -> Result<KeyRing, Error> {
    let ring = KeyRing::open(config)?;
    let known: Vec<(String, String)> = db.fetch_all(KNOWN, &[]).await?;
    let mut distrusted = Vec::new();
    for (name, state) in &known {
        let id = parse(name)?;
        match state.as_str() {
            DISTRUSTED => distrusted.push(id),
            _ => check_id(&ring, id)?,
        }
    }
    let ring = ring.distrusting(distrusted);
    let active = ring.key_ids()[0];
    if ring.is_distrusted(&active) {
        return Err(Error::Distrusted { key: hex::encode(active) });
    }
    check_master_key(db, &ring, tables.sample).await?;
    db.execute(NOTE, db::params![&hex::encode(active), now_ms]).await?;
    let kept = kept_keys(db, &ring, tables.kept).await?;
    Ok(ring.with_kept(kept))
}

async fn kept_keys(db: &Db, ring: &KeyRing, purposes: &[Purpose]) -> Result<Vec<KeptKey>, Error> {
    let rows: Vec<(String, String, Vec<u8>)> = db.fetch_all(KEPT, &[]).await?;
    let mut kept = Vec::new();
    for (id, name, wrapped) in rows {
        // Possibly of a newer program.
        let Some(purpose) = purposes.iter().find(|purpose| purpose.0 == name) else { continue };
        check_id(ring, KeyRing::key_id(&wrapped).ok_or(Error::Damaged)?)?;
        kept.push(KeptKey::open(ring, *purpose, parse(&id)?, &wrapped).map_err(|_| Error::Damaged)?);
    }
    Ok(kept)
}

/// Stores the keys that outlive their master keys, all wrapped under the active key.
///
/// # Errors
/// When the database fails.
pub async fn keep_keys(db: &Db, ring: &KeyRing, tables: &Tables) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    for purpose in tables.kept {
        for (id, wrapped) in ring.keep(*purpose)? {
            tx.execute(KEEP, db::params![&hex::encode(id), purpose.0, &wrapped]).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Records that the tables need only the active key, if `usage` confirms it.
///
/// # Errors
/// When the database fails.
pub async fn forget_unused_keys(db: &Db, ring: &KeyRing, usage: &[KeyUsage]) -> Result<(), Error> {
    let active = hex::encode(ring.key_ids()[0]);
    if usage.iter().all(|usage| usage.key_id == active) {
        crate::canary::renew(db, ring).await?;
        db.execute(FORGET, db::params![&active]).await?;
    }
    Ok(())
}

/// Marks `key` (hex) as distrusted.
///
/// # Errors
/// [`Error::StillUsed`], [`Error::Seals`]; when `key` is not a key id or the database fails.
pub async fn distrust_unused_key(
    db: &Db,
    ring: &KeyRing,
    tables: &Tables,
    key: &str,
    usage: &[KeyUsage],
    now_ms: i64,
) -> Result<(), Error> {
    if parse(key)? == ring.key_ids()[0] {
        return Err(Error::Seals { key: key.to_owned() });
    }
    if let Some(used) = usage.iter().find(|usage| usage.key_id == key && usage.rows > 0) {
        return Err(Error::StillUsed { key: key.to_owned(), rows: used.rows, column: used.column.clone() });
    }
    // Lookups of rows under it keep working.
    keep_keys(db, ring, tables).await?;
    db.execute(DISTRUST, db::params![key, now_ms]).await?;
    Ok(())
}

fn parse(name: &str) -> Result<KeyId, Error> {
    let mut id = KeyId::default();
    hex::decode_to_slice(name, &mut id).map_err(|_| Error::Damaged)?;
    Ok(id)
}
