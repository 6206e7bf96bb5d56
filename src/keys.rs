//! `biometry keys`: which keys this installation uses, and what to do when one is to be replaced or was stolen.

use std::io::Write;

use anyhow::{Context, ensure};
use ledger::KeyUsage;

use crate::{
    cli::{DistrustArgs, KeysArgs},
    config::Config,
};

/// Prints the configured master keys, what is sealed under each, and the signing keys.
///
/// # Errors
/// When a database or a master key cannot be opened.
pub async fn status(args: KeysArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let urls = &config.urls;
    let mut out = std::io::stdout();
    let mut print = |name: &str, (keys, usage): (Vec<String>, Vec<KeyUsage>)| -> std::io::Result<()> {
        for (at, key) in keys.iter().enumerate() {
            writeln!(out, "{name}: master key {key} {}", if at == 0 { "seals" } else { "opens" })?;
        }
        for KeyUsage { column, key_id, rows } in usage {
            let unknown = if keys.contains(&key_id) { "" } else { " (not configured)" };
            writeln!(out, "{name}: {column}: {rows} under {key_id}{unknown}")?;
        }
        Ok(())
    };
    if urls.projects.is_none() {
        print("projects", svc_projects::key_usage(&config.projects).await.context("projects")?)?;
    }
    if urls.sessions.is_none() {
        print("sessions", svc_sessions::key_usage(&config.sessions).await.context("sessions")?)?;
    }
    if urls.consent.is_none() {
        print("consent", svc_consent::key_usage(&config.consent).await.context("consent")?)?;
    }
    if urls.ml.is_none() {
        print("ml", svc_ml::key_usage(&config.ml).await.context("ml")?)?;
    }
    if urls.transactions.is_none() {
        let usage = svc_transactions::key_usage(&config.transactions).await.context("transactions")?;
        print("transactions", usage)?;
    }
    if urls.projects.is_none() {
        for key in svc_projects::signing_keys(&config.projects).await? {
            writeln!(out, "signing key {}: {}", key.kid, key.state)?;
        }
    }
    Ok(())
}

/// Makes another key sign API keys and receipts.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn rotate_signing(args: KeysArgs) -> anyhow::Result<()> {
    let config = here(Config::load(&args.place)?)?;
    let kid = svc_projects::rotate_signing_key(&config.projects).await?;
    writeln!(std::io::stdout(), "signing key {kid}: signs")?;
    Ok(())
}

/// Ends the trust in a signing key that was stolen.
///
/// # Errors
/// When there is no such key, or it still signs.
pub async fn distrust(args: DistrustArgs) -> anyhow::Result<()> {
    let config = here(Config::load(&args.place)?)?;
    let revoked = svc_projects::distrust_signing_key(&config.projects, &args.kid).await?;
    writeln!(std::io::stdout(), "signing key {}: distrusted, {revoked} API keys revoked", args.kid)?;
    Ok(())
}

fn here(config: Config) -> anyhow::Result<Config> {
    ensure!(
        config.urls.projects.is_none(),
        "signing keys are changed where their database is: set projects.db and projects.keys to those of svc-projects"
    );
    Ok(config)
}
