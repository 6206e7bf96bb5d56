//! `biometry migrate`: applies missing migrations in the databases of this installation, or lists them.

use std::io::Write;

use anyhow::{Context, bail};
use db::{Db, Migrated};
use sqlx::migrate::Migrator;

use crate::{cli::MigrateArgs, config::Config};

/// # Errors
/// When a database cannot be reached or a migration fails; with `--check` also when one is missing.
pub async fn migrate_services(args: MigrateArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let mut out = std::io::stdout();
    let mut missing = false;
    for (name, db, migrations) in local_databases(&config) {
        let migrated = Db::migrate(db, migrations, args.check).await.with_context(|| name.to_owned())?;
        writeln!(out, "{name}: {}", describe(migrated, args.check))?;
        missing |= migrated.pending > 0;
    }
    if args.check && missing {
        bail!("migrations are missing: run `biometry migrate`");
    }
    Ok(())
}

/// Returns the databases of the services in this process, with their migrations. Remote services have their own
/// configuration and database.
pub fn local_databases(
    config: &Config,
) -> impl Iterator<Item = (&'static str, &db::Config, &'static Migrator)> {
    let urls = &config.urls;
    let services: [(&Option<String>, &'static str, &db::Config, &'static Migrator); 6] = [
        (&urls.projects, "projects", &config.projects.db, &svc_projects::MIGRATIONS),
        (&urls.sessions, "sessions", &config.sessions.db, &svc_sessions::MIGRATIONS),
        (&urls.consent, "consent", &config.consent.db, &svc_consent::MIGRATIONS),
        (&urls.ml, "ml", &config.ml.db, &svc_ml::MIGRATIONS),
        (&urls.journeys, "journeys", &config.journeys.db, &svc_journeys::MIGRATIONS),
        (&urls.transactions, "transactions", &config.transactions.db, &svc_transactions::MIGRATIONS),
    ];
    let local = services.into_iter().filter(|(url, ..)| url.is_none());
    local.map(|(_, name, db, migrations)| (name, db, migrations))
}

/// Describes the result of [`Db::migrate`].
pub fn describe(migrated: Migrated, check_only: bool) -> String {
    let newer = match migrated.newer {
        0 => String::new(),
        newer => format!(", {newer} of a newer program"),
    };
    match (migrated.pending, check_only) {
        (0, _) => format!("up to date{newer}"),
        (pending, true) => format!("{pending} missing{newer}"),
        (pending, false) => format!("{pending} applied{newer}"),
    }
}
