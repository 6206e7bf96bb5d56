//! `biometry migrate`: brings the tables of every service of this installation up to date, or says what is missing.

use std::io::Write;

use anyhow::{Context, bail};
use db::{Db, Migrated};
use sqlx::migrate::Migrator;

use crate::{cli::MigrateArgs, config::Config};

/// # Errors
/// When a database cannot be reached or a migration fails; with `--check` also when one is missing.
pub async fn run(args: MigrateArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let urls = &config.urls;
    let services: [(&str, &Option<String>, &db::Config, &Migrator); 5] = [
        ("projects", &urls.projects, &config.projects.db, &svc_projects::MIGRATIONS),
        ("sessions", &urls.sessions, &config.sessions.db, &svc_sessions::MIGRATIONS),
        ("consent", &urls.consent, &config.consent.db, &svc_consent::MIGRATIONS),
        ("ml", &urls.ml, &config.ml.db, &svc_ml::MIGRATIONS),
        ("transactions", &urls.transactions, &config.transactions.db, &svc_transactions::MIGRATIONS),
    ];
    let mut out = std::io::stdout();
    let mut missing = false;
    for (name, url, db, migrations) in services {
        // What runs elsewhere has a database of its own, which its own configuration names.
        if url.is_some() {
            continue;
        }
        let migrated = Db::migrate(db, migrations, args.check).await.with_context(|| name.to_owned())?;
        writeln!(out, "{name}: {}", describe(migrated, args.check))?;
        missing |= migrated.pending > 0;
    }
    if args.check && missing {
        bail!("migrations are missing: run `biometry migrate`");
    }
    Ok(())
}

fn describe(migrated: Migrated, check_only: bool) -> String {
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
