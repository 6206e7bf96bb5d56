//! Operator commands on the master keys of this service, run beside its database.

use async_trait::async_trait;
use blob::{KeyConfig, Store};
use ledger::{KeyUsage, MasterKeys, Opened, Rewrap, SealedColumn, Sealing, Tables};
use sqlx::migrate::Migrator;

use crate::{
    Config, MIGRATIONS,
    challenge::PHRASE,
    checks::RESULT,
    sim_swaps::SETTINGS,
    subjects::{COMPARE, NAME},
};

/// The name of the blobs in a report.
const VIDEOS: &str = "session videos";

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
            table: "deepfake_checks",
            column: "result_sealed",
            key: &["id"],
            also: None,
            sealing: Sealing::Sealed(RESULT),
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

#[async_trait]
impl MasterKeys for Config {
    fn database(&self) -> (&db::Config, &'static Migrator) {
        (&self.db, &MIGRATIONS)
    }

    fn keys(&self) -> &KeyConfig {
        &self.blob.keys
    }

    fn tables(&self) -> &'static Tables {
        &TABLES
    }

    async fn count_others(&self, opened: &Opened) -> anyhow::Result<Vec<KeyUsage>> {
        let blobs = Store::open_with(&self.blob, opened.ring.clone())?.count_keys().await?;
        Ok(KeyUsage::of(VIDEOS, blobs.into_iter().map(|(key, blobs)| (Some(key), blobs))))
    }

    async fn rewrap_others(&self, opened: &Opened, rewrap: &mut Rewrap<'_>) -> anyhow::Result<()> {
        let store = Store::open_with(&self.blob, opened.ring.clone())?;
        store.rewrap(|done| (rewrap.report)(VIDEOS, done)).await?;
        Ok(())
    }
}

/// Returns project and name of every user that a session is locked to.
///
/// # Errors
/// When the database or the master key cannot be opened, or a name does not open.
pub async fn named_subjects(config: &Config) -> anyhow::Result<Vec<(String, String)>> {
    let Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    let rows: Vec<(String, String, Vec<u8>)> = db.fetch_all(crate::store::BOUND_USERS, &[]).await?;
    db.close().await;
    let name = |(project, id, sealed): (String, String, Vec<u8>)| {
        let name = ring.open_sealed(NAME, id.as_bytes(), &sealed)?;
        Ok((project, String::from_utf8(name.to_vec())?))
    };
    rows.into_iter().map(name).collect()
}
