//! Operator commands on the master keys of this service, run beside its database.

use std::collections::BTreeMap;

use async_trait::async_trait;
use blob::KeyConfig;
use ledger::{KeyUsage, MasterKeys, Opened, Rewrap, SealedColumn, Sealing, Tables};
use sqlx::migrate::Migrator;

use crate::{
    Config, MIGRATIONS,
    entry::Personal,
    journal::{HEAD, MARK, Seals},
    log::SIGN,
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
    kept: &[PERSONAL, SUBJECT, MARK, HEAD, SIGN],
};

#[async_trait]
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

    async fn count_others(&self, opened: &Opened) -> anyhow::Result<Vec<KeyUsage>> {
        let (mut marks, mut heads) = (BTreeMap::new(), BTreeMap::new());
        let store = Store::new(opened.db.clone());
        store.count_keys(&Seals::new(opened.ring.clone()), &mut marks, &mut heads).await?;
        let mut usage = KeyUsage::of("consent_journal.mac", marks);
        usage.extend(KeyUsage::of("consent_heads.seal", heads));
        usage.extend(ledger::tree::count_node_keys(&opened.db, &opened.ring).await?);
        Ok(usage)
    }

    async fn rewrap_others(&self, opened: &Opened, rewrap: &mut Rewrap<'_>) -> anyhow::Result<()> {
        let Opened { db, ring, .. } = opened;
        Store::new(db.clone()).endorse_marks(&Seals::new(ring.clone()), &ring.key_ids()[0], rewrap).await?;
        Ok(ledger::tree::rewrap_nodes(db, ring, rewrap).await?)
    }
}

/// Returns project and name of every user with consents.
///
/// # Errors
/// When the database or the master key cannot be opened, or an entry does not open.
pub async fn named_subjects(config: &Config) -> anyhow::Result<Vec<(String, String)>> {
    let Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    let rows: Vec<(String, String, Vec<u8>)> = db.fetch_all(crate::store::FIRST_ENTRIES, &[]).await?;
    db.close().await;
    let name = |(project, id, sealed): (String, String, Vec<u8>)| {
        let personal = ring.open_layered(PERSONAL, id.as_bytes(), &sealed)?;
        Ok((project, serde_json::from_slice::<Personal>(&personal)?.user_fullname))
    };
    rows.into_iter().map(name).collect()
}
