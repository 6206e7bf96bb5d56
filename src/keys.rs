//! `biometry keys`: which keys this installation uses, and what to do when one is to be replaced or was stolen.

use std::io::Write;

use anyhow::{Context, bail, ensure};
use ledger::{KeyUsage, Rewrap};

use crate::{
    cli::{DistrustArgs, KeysArgs, RewrapArgs},
    config::Config,
};

/// Digits of the id of a master key; that of a signing key is a UUID.
const MASTER_KEY_ID_DIGITS: usize = 16;

/// Runs a block for each service whose database this process has, with its name, its crate and its configuration.
macro_rules! for_each_local_service {
    ($config:expr, |$name:ident, $service:ident, $settings:ident| $body:block) => {
        for_each_local_service!(@one $config, projects, svc_projects, |$name, $service, $settings| $body);
        for_each_local_service!(@one $config, sessions, svc_sessions, |$name, $service, $settings| $body);
        for_each_local_service!(@one $config, consent, svc_consent, |$name, $service, $settings| $body);
        for_each_local_service!(@one $config, ml, svc_ml, |$name, $service, $settings| $body);
        for_each_local_service!(@one $config, journeys, svc_journeys, |$name, $service, $settings| $body);
        for_each_local_service!(@one $config, transactions, svc_transactions, |$name, $service, $settings| $body);
    };
    (@one $config:expr, $field:ident, $crate_name:ident, |$name:ident, $service:ident, $settings:ident| $body:block) => {
        if $config.urls.$field.is_none() {
            use $crate_name as $service;
            let ($name, $settings) = (stringify!($field), &$config.$field);
            $body
        }
    };
}

/// Prints the configured master keys, how much is under each, and the signing keys.
///
/// # Errors
/// When a database or a master key cannot be opened.
pub async fn status(args: KeysArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let mut out = std::io::stdout();
    for_each_local_service!(config, |name, service, settings| {
        let (keys, usage) = service::key_usage(settings).await.context(name)?;
        for (at, key) in keys.iter().enumerate() {
            writeln!(out, "{name}: master key {key} {}", if at == 0 { "seals" } else { "opens" })?;
        }
        for used in usage {
            let unknown = if keys.contains(&used.key_id) { "" } else { " (not configured)" };
            writeln!(out, "{}{unknown}", describe(name, &used))?;
        }
    });
    if config.urls.projects.is_none() {
        for key in svc_projects::signing_keys(&config.projects).await? {
            writeln!(out, "signing key {}: {}", key.kid, key.state)?;
        }
    }
    Ok(())
}

/// Brings everything under the sealing master key of each service. It may be broken off and run again, also while services
/// that have the same configuration run.
///
/// # Errors
/// When a database or a master key cannot be opened, or something stays under another key.
pub async fn rewrap(args: RewrapArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let mut out = std::io::stdout();
    let mut is_left = false;
    for_each_local_service!(config, |name, service, settings| {
        // Progress that nobody reads is no reason to stop.
        let mut report =
            |what: &str, done: u64| _ = writeln!(std::io::stdout(), "{name}: {what}: {done} done");
        let mut rewrap = Rewrap { batch: args.batch, report: &mut report };
        let usage = service::rewrap(settings, &mut rewrap).await.context(name)?;
        let (keys, _) = service::key_usage(settings).await.context(name)?;
        let left: Vec<_> = usage.iter().filter(|used| keys.first() != Some(&used.key_id)).collect();
        if let (true, Some(key)) = (left.is_empty(), keys.first()) {
            writeln!(out, "{name}: everything is under {key}")?;
        }
        for used in left {
            is_left = true;
            writeln!(out, "{} still", describe(name, used))?;
        }
    });
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

/// Ends the trust in a signing key or a master key that was stolen.
///
/// # Errors
/// When there is no such key, or it is still used.
pub async fn distrust(args: DistrustArgs) -> anyhow::Result<()> {
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

/// In every service or in none: every service is asked before the first is changed.
async fn distrust_master_key(config: &Config, key: &str) -> anyhow::Result<()> {
    for_each_local_service!(config, |name, service, settings| {
        let (keys, usage) = service::key_usage(settings).await.context(name)?;
        ensure!(
            keys.first().is_none_or(|seals| seals != key),
            "{name}: the master key {key} seals: configure another one as keys.secret or keys.file first"
        );
        if let Some(used) = usage.iter().find(|used| used.key_id == key) {
            bail!("{}: run `biometry keys rewrap` first", describe(name, used));
        }
    });
    for_each_local_service!(config, |name, service, settings| {
        service::distrust_master_key(settings, key).await.context(name)?;
        writeln!(std::io::stdout(), "{name}: master key {key}: distrusted; remove it from keys.retired")?;
    });
    Ok(())
}

fn here(config: Config) -> anyhow::Result<Config> {
    ensure!(
        config.urls.projects.is_none(),
        "signing keys are changed where their database is: set projects.db and projects.keys to those of svc-projects"
    );
    Ok(config)
}
