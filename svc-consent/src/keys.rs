//! What an operator does with the master keys of this service, where its database is.

use std::collections::BTreeMap;

use anyhow::Context;
use blob::KeyRing;
use db::Db;
use ledger::{KeyUsage, Rewrap, SealedColumn, Sealing, Tables};

use crate::{
    Config, MIGRATIONS,
    entry::Personal,
    journal::{HEAD, MARK, Seals},
    service::{PERSONAL, SUBJECT},
    store::Store,
};

const TABLES: Tables = Tables {
    sample: crate::store::FIND_SEALED,
    columns: &[SealedColumn {
        table: "consent_entries",
        column: "sealed",
        key: &["id"],
        also: None,
        // The hash of an entry is over its sealed bytes.
        sealing: Sealing::Layered(PERSONAL),
        context: ledger::bound_to_key,
    }],
    kept: &[PERSONAL, SUBJECT, MARK, HEAD],
};

/// Opens the database and the master keys.
///
/// # Errors
/// When the database cannot be opened, or a master key is missing or malformed.
pub async fn open(config: &Config) -> anyhow::Result<(Db, KeyRing)> {
    let db = Db::open(&config.db, &MIGRATIONS).await?;
    let ring =
        ledger::open_ring(&db, &config.keys, &TABLES, boot::now_ms()).await.context("the master key")?;
    Ok((db, ring))
}

/// Counts what is under which master key, and returns the ids of the configured keys with it.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn key_usage(config: &Config) -> anyhow::Result<(Vec<String>, Vec<KeyUsage>)> {
    let (db, ring) = open(config).await?;
    let usage = count(&db, &ring).await?;
    db.close().await;
    Ok((ledger::key_names(&ring), usage))
}

async fn count(db: &Db, ring: &KeyRing) -> anyhow::Result<Vec<KeyUsage>> {
    let mut usage = ledger::count_key_usage(db, ring, TABLES.columns).await?;
    let store = Store::new(db.clone());
    let (mut marks, mut heads) = (BTreeMap::new(), BTreeMap::new());
    store.count_keys(&Seals::new(ring.clone()), &mut marks, &mut heads).await?;
    usage.extend(KeyUsage::of("consent_journal.mac", marks));
    usage.extend(KeyUsage::of("consent_heads.seal", heads));
    Ok(usage)
}

/// Brings everything under the sealing key, and returns how much is under which key then.
///
/// # Errors
/// When the database fails, or a journal does not verify: what was changed must not be endorsed.
pub async fn rewrap(config: &Config, rewrap: &mut Rewrap<'_>) -> anyhow::Result<Vec<KeyUsage>> {
    let (db, ring) = open(config).await?;
    ledger::keep_keys(&db, &ring, &TABLES).await?;
    ledger::rewrap_columns(&db, &ring, TABLES.columns, rewrap).await?;
    Store::new(db.clone()).endorse_marks(&Seals::new(ring.clone()), &ring.key_ids()[0], rewrap).await?;
    let usage = count(&db, &ring).await?;
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
    let usage = count(&db, &ring).await?;
    ledger::distrust_unused_key(&db, &ring, &TABLES, key, &usage, boot::now_ms()).await?;
    db.close().await;
    Ok(())
}

/// Returns project and name of every user that has consents.
///
/// # Errors
/// When the database or the master key cannot be opened, or an entry does not open.
pub async fn named_subjects(config: &Config) -> anyhow::Result<Vec<(String, String)>> {
    let (db, ring) = open(config).await?;
    let rows: Vec<(String, String, Vec<u8>)> = db.fetch_all(crate::store::FIRST_ENTRIES, &[]).await?;
    db.close().await;
    let name = |(project, id, sealed): (String, String, Vec<u8>)| {
        let personal = ring.open_layered(PERSONAL, id.as_bytes(), &sealed)?;
        Ok((project, serde_json::from_slice::<Personal>(&personal)?.user_fullname))
    };
    rows.into_iter().map(name).collect()
}
