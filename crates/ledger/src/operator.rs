//! Operator commands on the master keys of a service, run beside its database.

use anyhow::Context;
use async_trait::async_trait;
use blob::{KeyConfig, KeyRing};
use db::Db;
use sqlx::migrate::Migrator;

use crate::{
    KeyUsage, Rewrap, Tables, count_key_usage, distrust_unused_key, forget_unused_keys, keep_keys, key_names,
    open_ring, rewrap_columns,
};

/// The data that a service seals under its master keys. Implemented by its configuration.
#[async_trait]
pub trait MasterKeys: Sync {
    fn database(&self) -> (&db::Config, &'static Migrator);

    fn keys(&self) -> &KeyConfig;

    fn tables(&self) -> &'static Tables;

    /// Counts data under master keys outside the columns of the tables.
    ///
    /// # Errors
    /// When the database or the storage fails.
    async fn count_others(&self, _: &Opened) -> anyhow::Result<Vec<KeyUsage>> {
        Ok(Vec::new())
    }

    /// Rewraps that data under the active key.
    ///
    /// # Errors
    /// When the database or the storage fails, or a log does not verify: changed entries must not be endorsed.
    async fn rewrap_others(&self, _: &Opened, _: &mut Rewrap<'_>) -> anyhow::Result<()> {
        Ok(())
    }

    /// Records that the master key `_key` is distrusted.
    ///
    /// # Errors
    /// When the database fails.
    async fn record_distrust(&self, _: &Opened, _key: &str) -> anyhow::Result<()> {
        Ok(())
    }
}

/// The database and the master keys of a service.
pub struct Opened {
    pub db: Db,
    pub ring: KeyRing,
    /// The time of opening.
    pub now_ms: i64,
}

impl Opened {
    async fn count(&self, service: &dyn MasterKeys) -> anyhow::Result<Vec<KeyUsage>> {
        let mut usage = count_key_usage(&self.db, &self.ring, service.tables().columns).await?;
        usage.extend(service.count_others(self).await?);
        Ok(usage)
    }
}

/// Opens the database and the master keys.
///
/// # Errors
/// When the database cannot be opened, or a master key is missing or malformed.
pub async fn open(service: &dyn MasterKeys, now_ms: i64) -> anyhow::Result<Opened> {
    let (config, migrations) = service.database();
    let db = Db::open(config, migrations).await?;
    let ring = open_ring(&db, service.keys(), service.tables(), now_ms).await.context("the master key")?;
    Ok(Opened { db, ring, now_ms })
}

/// Counts data by master key, and returns the ids of the configured keys with it.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn key_usage(
    service: &dyn MasterKeys,
    now_ms: i64,
) -> anyhow::Result<(Vec<String>, Vec<KeyUsage>)> {
    let opened = open(service, now_ms).await?;
    let usage = opened.count(service).await?;
    opened.db.close().await;
    Ok((key_names(&opened.ring), usage))
}

/// Rewraps everything under the active key, and returns the counts by key afterwards.
///
/// # Errors
/// When the database or the storage fails, or a log does not verify: changed entries must not be endorsed.
pub async fn rewrap(
    service: &dyn MasterKeys,
    rewrap: &mut Rewrap<'_>,
    now_ms: i64,
) -> anyhow::Result<Vec<KeyUsage>> {
    let opened = open(service, now_ms).await?;
    let Opened { db, ring, .. } = &opened;
    keep_keys(db, ring, service.tables()).await?;
    rewrap_columns(db, ring, service.tables().columns, rewrap).await?;
    service.rewrap_others(&opened, rewrap).await?;
    let usage = opened.count(service).await?;
    forget_unused_keys(db, ring, &usage).await?;
    db.close().await;
    Ok(usage)
}

/// Marks the master key `key` as distrusted.
///
/// # Errors
/// When data is still under it, it is the active key, or the database fails.
pub async fn distrust_master_key(service: &dyn MasterKeys, key: &str, now_ms: i64) -> anyhow::Result<()> {
    let opened = open(service, now_ms).await?;
    let Opened { db, ring, .. } = &opened;
    let usage = opened.count(service).await?;
    distrust_unused_key(db, ring, service.tables(), key, &usage, now_ms).await?;
    service.record_distrust(&opened, key).await?;
    db.close().await;
    Ok(())
}
