//! Operator commands on the master keys of this service, run beside its database.

use blob::KeyConfig;
use ledger::{MasterKeys, Opened, SealedColumn, Sealing, Tables};
use sqlx::migrate::Migrator;

use crate::{
    Config, MIGRATIONS,
    links::Holder,
    registrations,
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
        wrapped("links"),
    ],
    kept: &[SUBJECT, ADDRESS, CODE],
};

/// Each row has its own key, bound to its tenant and id.
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

/// Returns tenant and name of every subject with records.
///
/// # Errors
/// When the database or the master key cannot be opened, or a record does not open.
pub async fn named_subjects(config: &Config) -> anyhow::Result<Vec<(String, String)>> {
    let Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    let (store, sealer) = (Store::new(db.clone()), Sealer::new(ring));
    let mut named = store.list_person_subjects().await?;
    for (tenant, id) in store.list_registration_ids().await? {
        named.push((tenant, registrations::subject(&id)));
    }
    for row in store.list_sealed_validations().await? {
        let asked: Asked = open_row(&sealer, &row)?;
        named.push((row.project_id, asked.identifier));
    }
    for row in store.list_sealed_links().await? {
        let holder: Holder = open_row(&sealer, &row)?;
        named.push((row.project_id, holder.identifier));
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
