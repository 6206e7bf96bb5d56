//! What an operator does with the master keys of this service, where its database is.

use anyhow::Context;
use blob::{KeyRing, Store};
use db::Db;
use ledger::{KeyUsage, Rewrap, SealedColumn, Sealing, Tables};

use crate::{
    Config, MIGRATIONS,
    challenge::PHRASE,
    sim_swaps::SETTINGS,
    subjects::{COMPARE, NAME},
};

const TABLES: Tables = Tables {
    sample: crate::store::FIND_SEALED,
    columns: &[
        SealedColumn {
            table: "sessions",
            column: "user_sealed",
            key: &["id"],
            also: None,
            sealing: Sealing::Sealed(NAME),
            context: ledger::bound_to_key,
        },
        SealedColumn {
            table: "sessions",
            column: "challenge_sealed",
            key: &["id"],
            also: None,
            sealing: Sealing::Sealed(PHRASE),
            context: ledger::bound_to_key,
        },
        SealedColumn {
            table: "sim_swap_settings",
            column: "sealed",
            key: &["project_id"],
            also: None,
            sealing: Sealing::Sealed(SETTINGS),
            context: ledger::bound_to_key,
        },
    ],
    kept: &[COMPARE],
};

/// Opens the database and the master keys.
///
/// # Errors
/// When the database cannot be opened, or a master key is missing or malformed.
pub async fn open(config: &Config) -> anyhow::Result<(Db, KeyRing)> {
    let db = Db::open(&config.db, &MIGRATIONS).await?;
    let ring =
        ledger::open_ring(&db, &config.blob.keys, &TABLES, boot::now_ms()).await.context("the master key")?;
    Ok((db, ring))
}

/// Counts what is under which master key, and returns the ids of the configured keys with it.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn key_usage(config: &Config) -> anyhow::Result<(Vec<String>, Vec<KeyUsage>)> {
    let (db, ring) = open(config).await?;
    let usage = count(config, &db, &ring).await?;
    db.close().await;
    Ok((ledger::key_names(&ring), usage))
}

async fn count(config: &Config, db: &Db, ring: &KeyRing) -> anyhow::Result<Vec<KeyUsage>> {
    let mut usage = ledger::count_key_usage(db, ring, TABLES.columns).await?;
    let blobs = Store::open_with(&config.blob, ring.clone())?.count_keys().await?;
    usage.extend(KeyUsage::of("session videos", blobs.into_iter().map(|(key, blobs)| (Some(key), blobs))));
    Ok(usage)
}

/// Brings everything under the sealing key, and returns how much is under which key then.
///
/// # Errors
/// When the database or the storage fails.
pub async fn rewrap(config: &Config, rewrap: &mut Rewrap<'_>) -> anyhow::Result<Vec<KeyUsage>> {
    let (db, ring) = open(config).await?;
    ledger::keep_keys(&db, &ring, &TABLES).await?;
    ledger::rewrap_columns(&db, &ring, TABLES.columns, rewrap).await?;
    Store::open_with(&config.blob, ring.clone())?
        .rewrap(|done| (rewrap.report)("session videos", done))
        .await?;
    let usage = count(config, &db, &ring).await?;
    ledger::forget_unused_keys(&db, &ring, &usage).await?;
    db.close().await;
    Ok(usage)
}

/// Notes that nothing under the master key `key` counts any more.
///
/// # Errors
/// When something is under it, it is the sealing key, or the database fails.
pub async fn distrust_master_key(config: &Config, key: &str) -> anyhow::Result<()> {
    let (db, ring) = open(config).await?;
    let usage = count(config, &db, &ring).await?;
    ledger::distrust_unused_key(&db, &ring, &TABLES, key, &usage, boot::now_ms()).await?;
    db.close().await;
    Ok(())
}

/// Returns project and name of every user that a session is bound to.
///
/// # Errors
/// When the database or the master key cannot be opened, or a name does not open.
pub async fn named_subjects(config: &Config) -> anyhow::Result<Vec<(String, String)>> {
    let (db, ring) = open(config).await?;
    let rows: Vec<(String, String, Vec<u8>)> = db.fetch_all(crate::store::BOUND_USERS, &[]).await?;
    db.close().await;
    let name = |(project, id, sealed): (String, String, Vec<u8>)| {
        let name = ring.open_sealed(NAME, id.as_bytes(), &sealed)?;
        Ok((project, String::from_utf8(name.to_vec())?))
    };
    rows.into_iter().map(name).collect()
}
