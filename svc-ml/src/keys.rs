//! Operator commands on the master keys of this service, run beside its database.

use blob::KeyConfig;
use ledger::{MasterKeys, Opened, SealedColumn, Sealing, Tables};
use sqlx::migrate::Migrator;

use crate::{
    Config, MIGRATIONS,
    replay::MARKS,
    templates::{NAME, key_context, name_context},
};

const TABLES: Tables = Tables {
    sample: crate::store::FIND_SEALED,
    columns: &[SealedColumn {
        table: "subjects",
        column: "wrapped_key",
        key: &["id"],
        also: Some("project_id"),
        sealing: Sealing::Wrapped,
        context: |id, _, project| key_context(project, id),
    }],
    kept: &[NAME, MARKS],
};

impl MasterKeys for Config {
    fn database(&self) -> (&db::Config, &'static Migrator) {
        (&self.db, &MIGRATIONS)
    }

    fn keys(&self) -> &KeyConfig {
        &self.keys
    }

    fn tables(&self) -> &'static Tables {
        &TABLES
    }
}

/// Returns project and name of every enrolled subject.
///
/// # Errors
/// When the database or the master key cannot be opened, or a name does not open.
pub async fn named_subjects(config: &Config) -> anyhow::Result<Vec<(String, String)>> {
    let Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    let rows: Vec<(String, String, Vec<u8>, Vec<u8>)> =
        db.fetch_all(crate::store::SUBJECT_NAMES, &[]).await?;
    db.close().await;
    let name = |(project, id, wrapped, sealed): (String, String, Vec<u8>, Vec<u8>)| {
        let key = ring.unwrap_key(&key_context(&project, &id), &wrapped)?;
        let name = key.open(&name_context(&id), &sealed)?;
        Ok((project, String::from_utf8(name.to_vec())?))
    };
    rows.into_iter().map(name).collect()
}
