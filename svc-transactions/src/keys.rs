//! Operator commands on the master keys of this service, run beside its database.

use async_trait::async_trait;
use blob::{KeyConfig, Store};
use ledger::{KeyUsage, MasterKeys, Opened, Rewrap, SealedColumn, Sealing, Tables};
use sqlx::migrate::Migrator;

use crate::{
    Config, MIGRATIONS,
    outbox::PAYLOAD,
    record::Personal,
    seal::{BLOCKED, EVIDENCE, LABEL, LINK, NOTE, PERSONAL, PREFIX, REVIEWERS, SUBJECT, TRAIT},
    webhooks::{LOG, SECRETS, TARGET},
};

/// The name of the blobs in a report.
const SAMPLES: &str = "samples";

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
            table: "transaction_links",
            column: "sealed",
            key: &["id", "kind"],
            also: Some("project_id"),
            sealing: Sealing::Sealed(LABEL),
            context: |id, kind, project| format!("{project}\0{id}\0{kind}").into_bytes(),
        },
        SealedColumn {
            table: "blocklist",
            column: "sealed",
            key: &["id"],
            also: Some("project_id"),
            sealing: Sealing::Sealed(BLOCKED),
            context: bound_to_record,
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
    kept: &[SUBJECT, TRAIT, PREFIX, LINK],
};

fn bound_to_record(id: &str, _: &str, project: &str) -> Vec<u8> {
    format!("{project}\0{id}").into_bytes()
}

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
        let blobs = Store::open_with(&self.blobs(), opened.ring.clone())?.count_keys().await?;
        Ok(KeyUsage::of(SAMPLES, blobs.into_iter().map(|(key, blobs)| (Some(key), blobs))))
    }

    async fn rewrap_others(&self, opened: &Opened, rewrap: &mut Rewrap<'_>) -> anyhow::Result<()> {
        let store = Store::open_with(&self.blobs(), opened.ring.clone())?;
        store.rewrap(|done| (rewrap.report)(SAMPLES, done)).await?;
        Ok(())
    }
}

/// Returns project and name of every user with transactions.
///
/// # Errors
/// When the database or the master key cannot be opened, or a record does not open.
pub async fn named_subjects(config: &Config) -> anyhow::Result<Vec<(String, String)>> {
    let Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
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
