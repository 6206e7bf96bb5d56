//! Applies migrations. The rules for writing them are in `migrations/README.md`.

use std::{borrow::Cow, collections::HashSet};

use sqlx::migrate::{MigrateError, Migrator};

use crate::{Config, Db, Error};

/// The result of [`Db::migrate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Migrations of this program that were not applied before.
    pub pending: usize,
    /// Migrations of a newer program.
    pub newer: usize,
}

impl Db {
    /// Applies missing migrations, or only counts them with `check_only`.
    ///
    /// # Errors
    /// When the database is not reachable or a migration fails.
    pub async fn migrate(
        config: &Config,
        migrations: &Migrator,
        check_only: bool,
    ) -> Result<Migrated, Error> {
        let db = Self::connect(config).await?;
        let applied = db.applied_migrations().await?;
        let known: HashSet<i64> = migrations.iter().map(|migration| migration.version).collect();
        let migrated = Migrated {
            pending: known.difference(&applied).count(),
            newer: applied.difference(&known).count(),
        };
        if !check_only && migrated.pending > 0 {
            db.run_migrations(migrations).await?;
        }
        db.close().await;
        Ok(migrated)
    }

    /// Counts the migrations of this program that are not applied yet.
    pub(crate) async fn pending_migrations(&self, migrations: &Migrator) -> Result<usize, Error> {
        let applied = self.applied_migrations().await?;
        Ok(migrations.iter().filter(|migration| !applied.contains(&migration.version)).count())
    }

    async fn applied_migrations(&self) -> Result<HashSet<i64>, Error> {
        const TABLE: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
        const PG_TABLE: &str = "SELECT 1 FROM information_schema.tables \
            WHERE table_schema = current_schema() AND table_name = '_sqlx_migrations'";
        const APPLIED: &str = "SELECT version FROM _sqlx_migrations";
        let table = if matches!(self, Self::Pg(_)) { PG_TABLE } else { TABLE };
        let table: Option<(i32,)> = self.fetch_optional(table, &[]).await.map_err(Error::Open)?;
        if table.is_none() {
            return Ok(HashSet::new());
        }
        let applied: Vec<(i64,)> = self.fetch_all(APPLIED, &[]).await.map_err(Error::Open)?;
        Ok(applied.into_iter().map(|(version,)| version).collect())
    }

    /// PostgreSQL lets one process migrate at a time. SQLite does not: of two processes that start together one
    /// fails, because the other has just created the same tables. Each migration is atomic, so a retry finds them.
    pub(crate) async fn run_migrations(&self, migrations: &Migrator) -> Result<(), Error> {
        let migrations = Migrator {
            migrations: Cow::Owned(migrations.migrations.to_vec()),
            // Of a newer program, which stays compatible with this one.
            ignore_missing: true,
            ..Migrator::DEFAULT
        };
        let again = if matches!(self, Self::Lite(_)) { migrations.iter().count() } else { 0 };
        for _ in 0..again {
            if self.run_once(&migrations).await.is_ok() {
                return Ok(());
            }
        }
        self.run_once(&migrations).await.map_err(Error::Migrate)
    }

    async fn run_once(&self, migrations: &Migrator) -> Result<(), MigrateError> {
        match self {
            Self::Pg(pool) => migrations.run(pool).await,
            Self::Lite(lite) => migrations.run(&lite.pool).await,
        }
    }
}
