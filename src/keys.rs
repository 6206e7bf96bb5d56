//! `biometry keys`: the keys of this installation, and their rotation, retirement and revocation.

use std::io::Write;

use anyhow::{Context, bail, ensure};
use ledger::{KeyUsage, MasterKeys, Rewrap};

use crate::{
    cli::{DistrustArgs, KeysArgs, RewrapArgs},
    config::Config,
};

/// Number of digits of a master key id; that of a signing key is a UUID.
const MASTER_KEY_ID_DIGITS: usize = 16;

/// Returns the services with databases of this process.
fn local_services(config: &Config) -> Vec<(&'static str, &dyn MasterKeys)> {
    let Config { urls, .. } = config;
    let all: [(&str, bool, &dyn MasterKeys); 6] = [
        ("projects", urls.projects.is_none(), &config.projects),
        ("sessions", urls.sessions.is_none(), &config.sessions),
        ("consent", urls.consent.is_none(), &config.consent),
        ("ml", urls.ml.is_none(), &config.ml),
        ("journeys", urls.journeys.is_none(), &config.journeys),
        ("transactions", urls.transactions.is_none(), &config.transactions),
    ];
    all.into_iter().filter(|(_, is_local, _)| *is_local).map(|(name, _, service)| (name, service)).collect()
}

/// Prints the configured master keys, the number of values under each, and the signing keys.
///
/// # Errors
/// When a database or a master key cannot be opened.
pub async fn print_key_status(args: KeysArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let mut out = std::io::stdout();
    for (name, service) in local_services(&config) {
        let (keys, usage) = ledger::key_usage(service, boot::now_ms()).await.context(name)?;
        for (at, key) in keys.iter().enumerate() {
            writeln!(out, "{name}: master key {key} {}", if at == 0 { "seals" } else { "opens" })?;
        }
        for used in usage {
            let unknown = if keys.contains(&used.key_id) { "" } else { " (not configured)" };
            writeln!(out, "{}{unknown}", describe(name, &used))?;
        }
    }
    if config.urls.projects.is_none() {
        for key in svc_projects::signing_keys(&config.projects).await? {
            writeln!(out, "signing key {}: {}", key.kid, key.state)?;
        }
    }
    Ok(())
}

/// Rewraps everything under the active master key of each service. Can be interrupted and run again, also while
/// services with the same configuration run.
///
/// # Errors
/// When a database or a master key cannot be opened, or data stays under another key.
pub async fn rewrap_sealed_data(args: RewrapArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let mut out = std::io::stdout();
    let mut is_left = false;
    for (name, service) in local_services(&config) {
        // A closed standard output does not stop it.
        let mut report =
            |what: &str, done: u64| _ = writeln!(std::io::stdout(), "{name}: {what}: {done} done");
        let mut rewrap = Rewrap { batch: args.batch, report: &mut report };
        let usage = ledger::rewrap(service, &mut rewrap, boot::now_ms()).await.context(name)?;
        let (keys, _) = ledger::key_usage(service, boot::now_ms()).await.context(name)?;
        let left: Vec<_> = usage.iter().filter(|used| keys.first() != Some(&used.key_id)).collect();
        if let (true, Some(key)) = (left.is_empty(), keys.first()) {
            writeln!(out, "{name}: everything is under {key}")?;
        }
        for used in left {
            is_left = true;
            writeln!(out, "{} still", describe(name, used))?;
        }
    }
    ensure!(
        !is_left,
        "something stays under another key: it was changed, or its master key is not configured"
    );
    Ok(())
}

fn describe(service: &str, used: &KeyUsage) -> String {
    let KeyUsage { column, key_id, rows } = used;
    if key_id.is_empty() {
        return format!("{service}: {column}: {rows} that do not verify");
    }
    format!("{service}: {column}: {rows} under {key_id}")
}

/// Rotates the key that signs API keys and receipts.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn rotate_signing(args: KeysArgs) -> anyhow::Result<()> {
    let config = here(Config::load(&args.place)?)?;
    let kid = svc_projects::rotate_signing_key(&config.projects).await?;
    writeln!(std::io::stdout(), "signing key {kid}: signs")?;
    Ok(())
}

/// Distrusts a stolen signing key or master key.
///
/// # Errors
/// When there is no such key, or it is still used.
pub async fn distrust_key(args: DistrustArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    if is_master_key(&args.id) {
        return distrust_master_key(&config, &args.id).await;
    }
    let config = here(config)?;
    let revoked = svc_projects::distrust_signing_key(&config.projects, &args.id).await?;
    writeln!(std::io::stdout(), "signing key {}: distrusted, {revoked} API keys revoked", args.id)?;
    Ok(())
}

fn is_master_key(id: &str) -> bool {
    id.len() == MASTER_KEY_ID_DIGITS && id.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
}

/// In every service or in none: every service is checked before the first is changed.
async fn distrust_master_key(config: &Config, key: &str) -> anyhow::Result<()> {
    for (name, service) in local_services(config) {
        let (keys, usage) = ledger::key_usage(service, boot::now_ms()).await.context(name)?;
        ensure!(
            keys.first().is_none_or(|seals| seals != key),
            "{name}: the master key {key} seals: configure another one as keys.secret or keys.file first"
        );
        if let Some(used) = usage.iter().find(|used| used.key_id == key) {
            bail!("{}: run `biometry keys rewrap` first", describe(name, used));
        }
    }
    for (name, service) in local_services(config) {
        ledger::distrust_master_key(service, key, boot::now_ms()).await.context(name)?;
        writeln!(std::io::stdout(), "{name}: master key {key}: distrusted; remove it from keys.retired")?;
    }
    Ok(())
}

fn here(config: Config) -> anyhow::Result<Config> {
    ensure!(
        config.urls.projects.is_none(),
        "signing keys are changed where their database is: set projects.db and projects.keys to those of svc-projects"
    );
    Ok(config)
}
