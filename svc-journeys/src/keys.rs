//! What an operator does with the master keys of this service, where its database is.

use anyhow::Context;
use blob::KeyRing;
use db::Db;
use ledger::{KeyUsage, Rewrap, SealedColumn, Sealing, Tables};

use crate::{
    Config, MIGRATIONS, registrations,
    sealing::{ADDRESS, CODE, SUBJECT, Sealed, Sealer, context},
    store::{self, SealedRow, Store},
    validations::Asked,
};

const TABLES: Tables = Tables {
    sample: store::FIND_SEALED,
    columns: &[
        wrapped("registrations"),
        wrapped("persons"),
        wrapped("validations"),
        wrapped("email_validations"),
    ],
    kept: &[SUBJECT, ADDRESS, CODE],
};

/// Each row has a key of its own, bound to its tenant and id.
const fn wrapped(table: &'static str) -> SealedColumn {
    SealedColumn {
        table,
        column: "wrapped_key",
        key: &["id"],
        also: Some("project_id"),
        sealing: Sealing::Wrapped,
        context: |id, _, project| context(project, id),
    }
}

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
    let usage = ledger::count_key_usage(&db, &ring, TABLES.columns).await?;
    db.close().await;
    Ok((ledger::key_names(&ring), usage))
}

/// Brings everything under the sealing key, and returns how much is under which key then.
///
/// # Errors
/// When the database fails.
pub async fn rewrap(config: &Config, rewrap: &mut Rewrap<'_>) -> anyhow::Result<Vec<KeyUsage>> {
    let (db, ring) = open(config).await?;
    ledger::keep_keys(&db, &ring, &TABLES).await?;
    ledger::rewrap_columns(&db, &ring, TABLES.columns, rewrap).await?;
    let usage = ledger::count_key_usage(&db, &ring, TABLES.columns).await?;
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
    let usage = ledger::count_key_usage(&db, &ring, TABLES.columns).await?;
    ledger::distrust_unused_key(&db, &ring, &TABLES, key, &usage, boot::now_ms()).await?;
    db.close().await;
    Ok(())
}

/// Returns tenant and name of every subject that there are records of.
///
/// # Errors
/// When the database or the master key cannot be opened, or a record does not open.
pub async fn named_subjects(config: &Config) -> anyhow::Result<Vec<(String, String)>> {
    let (db, ring) = open(config).await?;
    let (store, sealer) = (Store::new(db.clone()), Sealer::new(ring));
    let mut named = store.list_person_subjects().await?;
    for (tenant, id) in store.list_registration_ids().await? {
        named.push((tenant, registrations::subject(&id)));
    }
    for row in store.list_sealed_validations().await? {
        let asked: Asked = open_row(&sealer, &row)?;
        named.push((row.project_id, asked.identifier));
    }
    for row in store.list_sealed_addresses().await? {
        let address = open_row(&sealer, &row)?;
        named.push((row.project_id, address));
    }
    db.close().await;
    Ok(named)
}

fn open_row<T: serde::de::DeserializeOwned>(sealer: &Sealer, row: &SealedRow) -> anyhow::Result<T> {
    let sealed = Sealed { wrapped_key: row.wrapped_key.clone(), sealed: row.sealed.clone() };
    Ok(sealer.open(&row.project_id, &row.id, &sealed)?)
}
