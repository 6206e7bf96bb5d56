//! What an operator does with the master keys of this service, where its database is.

use anyhow::Context;
use blob::{KeyRing, Store};
use db::Db;
use ledger::{KeyUsage, Rewrap, SealedColumn, Sealing, Tables};

use crate::{
    Config, MIGRATIONS,
    outbox::PAYLOAD,
    record::Personal,
    seal::{EVIDENCE, NOTE, PERSONAL, PREFIX, REVIEWERS, SUBJECT, TRAIT},
    webhooks::{LOG, SECRETS, TARGET},
};

const TABLES: Tables = Tables {
    sample: crate::store::FIND_SEALED,
    columns: &[
        SealedColumn {
            table: "transactions",
            column: "sealed",
            key: &["id"],
            also: Some("project_id"),
            sealing: Sealing::Sealed(PERSONAL),
            context: bound_to_record,
        },
        SealedColumn {
            table: "fraud_hits",
            column: "sealed",
            key: &["id", "rule"],
            also: Some("project_id"),
            sealing: Sealing::Sealed(EVIDENCE),
            context: bound_to_record,
        },
        SealedColumn {
            table: "reviews",
            column: "sealed_names",
            key: &["id"],
            also: Some("project_id"),
            sealing: Sealing::Sealed(REVIEWERS),
            context: bound_to_record,
        },
        SealedColumn {
            table: "review_steps",
            column: "sealed",
            key: &["id", "CAST(step AS TEXT)"],
            also: Some("(SELECT r.project_id FROM reviews r WHERE r.id = review_steps.id)"),
            sealing: Sealing::Sealed(NOTE),
            context: |id, step, project| format!("{project}\0{id}\0{step}").into_bytes(),
        },
        SealedColumn {
            table: "webhook_endpoints",
            column: "sealed_target",
            key: &["id"],
            also: None,
            sealing: Sealing::Sealed(TARGET),
            context: ledger::bound_to_key,
        },
        SealedColumn {
            table: "webhook_endpoints",
            column: "sealed_secrets",
            key: &["id"],
            also: None,
            sealing: Sealing::Sealed(SECRETS),
            context: ledger::bound_to_key,
        },
        SealedColumn {
            table: "webhook_deliveries",
            column: "sealed",
            key: &["id"],
            also: None,
            sealing: Sealing::Sealed(PAYLOAD),
            context: ledger::bound_to_key,
        },
        SealedColumn {
            table: "webhook_deliveries",
            column: "sealed_log",
            key: &["id"],
            also: None,
            sealing: Sealing::Sealed(LOG),
            context: ledger::bound_to_key,
        },
    ],
    kept: &[SUBJECT, TRAIT, PREFIX],
};

fn bound_to_record(id: &str, _: &str, project: &str) -> Vec<u8> {
    format!("{project}\0{id}").into_bytes()
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
    let usage = count(config, &db, &ring).await?;
    db.close().await;
    Ok((ledger::key_names(&ring), usage))
}

async fn count(config: &Config, db: &Db, ring: &KeyRing) -> anyhow::Result<Vec<KeyUsage>> {
    let mut usage = ledger::count_key_usage(db, ring, TABLES.columns).await?;
    let blobs = Store::open_with(&config.blobs(), ring.clone())?.count_keys().await?;
    usage.extend(KeyUsage::of("samples", blobs.into_iter().map(|(key, blobs)| (Some(key), blobs))));
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
    Store::open_with(&config.blobs(), ring.clone())?.rewrap(|done| (rewrap.report)("samples", done)).await?;
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

/// Returns project and name of every user that there are transactions of.
///
/// # Errors
/// When the database or the master key cannot be opened, or a record does not open.
pub async fn named_subjects(config: &Config) -> anyhow::Result<Vec<(String, String)>> {
    let (db, ring) = open(config).await?;
    let rows: Vec<(String, String, Vec<u8>)> = db.fetch_all(crate::store::ONE_OF_EACH_SUBJECT, &[]).await?;
    db.close().await;
    let mut named = Vec::with_capacity(rows.len());
    for (project, id, sealed) in rows {
        let json = ring.open_sealed(PERSONAL, &bound_to_record(&id, "", &project), &sealed)?;
        let personal: Personal = serde_json::from_slice(&json)?;
        named.extend(personal.user_fullname.map(|name| (project, name)));
    }
    Ok(named)
}
