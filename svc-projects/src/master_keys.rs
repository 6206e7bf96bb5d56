//! What an operator does with the master keys of this service, where its database is.

use anyhow::Context;
use blob::KeyRing;
use db::Db;
use ledger::{KeyUsage, Rewrap, SealedColumn, Sealing, Tables};

use crate::{
    Config, MIGRATIONS,
    accounts::{CLIENT, EMAIL, PERSON, RECOVERY, TOTP},
    audit::{self, Change, Log},
    signing::SIGNING,
    store::Store,
    tombstones::TOMBSTONE,
};

const TABLES: Tables = Tables {
    sample: crate::store::FIND_SEALED,
    columns: &[
        SealedColumn {
            table: "signing_keys",
            column: "sealed_private_key",
            key: &["kid"],
            also: None,
            sealing: Sealing::Sealed(SIGNING),
            context: ledger::bound_to_key,
        },
        SealedColumn {
            table: "users",
            column: "sealed",
            key: &["id"],
            also: None,
            sealing: Sealing::Sealed(PERSON),
            context: ledger::bound_to_key,
        },
        SealedColumn {
            table: "users",
            column: "pending_totp",
            key: &["id"],
            also: None,
            sealing: Sealing::Sealed(TOTP),
            context: ledger::bound_to_key,
        },
        SealedColumn {
            table: "dashboard_sessions",
            column: "sealed",
            key: &["id"],
            also: None,
            sealing: Sealing::Sealed(CLIENT),
            context: ledger::bound_to_key,
        },
    ],
    kept: &[EMAIL, RECOVERY, audit::MARK, audit::HEAD, audit::CONTENT, ledger::MASTER_KEY_OF_ROWS, TOMBSTONE],
};

/// Columns that MACs are over: sealed anew together with their MACs.
const MACED: [(&str, &str); 4] = [
    ("users", "sealed_password"),
    ("users", "sealed_totp"),
    ("invitations", "sealed"),
    ("audit_entries", "sealed"),
];

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

fn store(db: &Db, ring: &KeyRing) -> Store {
    Store::new(db.clone(), Log::new(ring.clone()), ledger::RowMacs::new(ring.clone()))
}

async fn count(db: &Db, ring: &KeyRing) -> anyhow::Result<Vec<KeyUsage>> {
    let mut usage = ledger::count_key_usage(db, ring, TABLES.columns).await?;
    for (table, column) in MACED {
        usage.extend(ledger::count_column(db, ring, table, column).await?);
    }
    usage.extend(store(db, ring).count_keys().await?);
    Ok(usage)
}

/// Brings everything under the sealing key, and returns how much is under which key then.
///
/// # Errors
/// When the database fails, or the audit log does not verify: what was changed must not be endorsed.
pub async fn rewrap(config: &Config, rewrap: &mut Rewrap<'_>) -> anyhow::Result<Vec<KeyUsage>> {
    let (db, ring) = open(config).await?;
    ledger::keep_keys(&db, &ring, &TABLES).await?;
    ledger::rewrap_columns(&db, &ring, TABLES.columns, rewrap).await?;
    let store = store(&db, &ring);
    store.make_missing_macs(boot::now_ms()).await?;
    store.rewrap_rows(&ring, rewrap).await?;
    store.endorse_audit(&ring.key_ids()[0], rewrap).await?;
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
    let now_ms = boot::now_ms();
    ledger::distrust_unused_key(&db, &ring, &TABLES, key, &usage, now_ms).await?;
    store(&db, &ring).append_audit(Change::new("", "master_key.distrusted", key)).await?;
    db.close().await;
    Ok(())
}
