//! Operator commands on the master keys of this service, run beside its database.

use std::sync::Arc;

use async_trait::async_trait;
use blob::KeyConfig;
use ledger::{KeyUsage, MasterKeys, Opened, Rewrap, SealedColumn, Sealing, Tables};
use sqlx::migrate::Migrator;

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
    kept: &[
        EMAIL,
        RECOVERY,
        audit::MARK,
        audit::HEAD,
        audit::CONTENT,
        audit::tree::SIGN,
        ledger::MASTER_KEY_OF_ROWS,
        TOMBSTONE,
    ],
};

/// Columns covered by MACs: resealed together with their MACs.
const MACED: [(&str, &str); 4] = [
    ("users", "sealed_password"),
    ("users", "sealed_totp"),
    ("invitations", "sealed"),
    ("audit_entries", "sealed"),
];

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
        let mut usage = Vec::new();
        for (table, column) in MACED {
            usage.extend(ledger::count_column(&opened.db, &opened.ring, table, column).await?);
        }
        usage.extend(store(opened).count_keys().await?);
        usage.extend(ledger::tree::count_node_keys(&opened.db, &opened.ring).await?);
        Ok(usage)
    }

    async fn rewrap_others(&self, opened: &Opened, rewrap: &mut Rewrap<'_>) -> anyhow::Result<()> {
        let store = store(opened);
        store.make_missing_macs(opened.now_ms).await?;
        store.rewrap_rows(&opened.ring, rewrap).await?;
        store.endorse_audit(&opened.ring.key_ids()[0], rewrap).await?;
        Ok(ledger::tree::rewrap_nodes(&opened.db, &opened.ring, rewrap).await?)
    }

    async fn record_distrust(&self, opened: &Opened, key: &str) -> anyhow::Result<()> {
        store(opened).append_audit(Change::new("", "master_key.distrusted", key)).await?;
        Ok(())
    }
}

fn store(Opened { db, ring, .. }: &Opened) -> Store {
    Store::new(db.clone(), Log::new(ring.clone(), Arc::new(boot::now_ms)), ledger::RowMacs::new(ring.clone()))
}
