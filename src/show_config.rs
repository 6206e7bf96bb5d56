//! `biometry config`: the effective settings, with every secret masked.

use std::io::Write;

use anyhow::Context;
use toml::Value;

use crate::{cli::ConfigArgs, config::Config};

const MASK: &str = "***";

/// Names of settings whose values are secrets.
const SECRETS: [&str; 4] = ["secret", "token", "retired", "idscan_key"];

/// Prints the merged settings as TOML, or only checks them.
///
/// # Errors
/// When a source does not parse or names an unknown setting; the text says which.
pub fn print_config(args: &ConfigArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let mut out = std::io::stdout();
    if args.check {
        writeln!(out, "the configuration can be used")?;
        return Ok(());
    }
    let mut settings = Value::try_from(&config).context("the settings cannot be shown")?;
    mask(&mut settings);
    write!(out, "{}", toml::to_string_pretty(&settings).context("the settings cannot be shown")?)?;
    Ok(())
}

/// Masks the values of secret settings, and the passwords within URLs.
fn mask(settings: &mut Value) {
    match settings {
        Value::Table(table) => {
            for (name, value) in table {
                if is_secret(name) { mask_all(value) } else { mask(value) }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        Value::String(text) => {
            if let Some(masked) = without_password(text) {
                *text = masked;
            }
        }
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| name.contains(secret))
}

fn mask_all(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(mask_all),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| mask_all(value)),
        value => *value = Value::String(MASK.into()),
    }
}

/// Returns `scheme://user:password@host` without the password; `None` when there is none.
fn without_password(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user_info, _) = authority.rsplit_once('@')?;
    let (user, _) = user_info.split_once(':')?;
    Some(format!("{scheme}://{user}:{MASK}{}", &rest[user_info.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_of_a_url_is_masked() {
        let masked = |url| without_password(url).unwrap_or_else(|| url.to_owned());
        assert_eq!(masked("postgres://ada:p@ss@db:5432/x?a=b@c"), "postgres://ada:***@db:5432/x?a=b@c");
        assert_eq!(masked("redis://:secret@host"), "redis://:***@host");
        assert_eq!(masked("https://host/path:a@b"), "https://host/path:a@b");
        assert_eq!(masked("sqlite:///data/x.db"), "sqlite:///data/x.db");
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let text = "service_token = 't1'\n[a]\nretired = ['t2', 't3']\nurl = 'postgres://u:t4@h'\n[a.b]\nsecret_access_key = 't5'\nplain = 'shown'";
        let mut settings: Value = toml::from_str(text).unwrap();
        mask(&mut settings);
        let shown = settings.to_string();
        assert!(shown.contains("shown"), "{shown}");
        for secret in ["t1", "t2", "t3", "t4", "t5"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
