//! `biometry consent verify`: checks whether consents were changed or removed in the database.

use std::{fmt::Display, io::Write, path::PathBuf};

use anyhow::Context;
use serde_json::json;

use crate::{cli::VerifyArgs, config::Config};

/// Verifies the ledger of this installation in its database; prints each finding as it is found, then the heads of the
/// journals.
pub async fn verify_ledger(args: VerifyArgs<svc_consent::KnownHead>) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    anyhow::ensure!(
        config.urls.consent.is_none(),
        "the ledger is verified in its database, not over urls.consent: set consent.db and consent.keys to those of svc-consent"
    );
    let json = args.json;
    let known = svc_consent::Known { heads: args.head, notes: read_notes(&args.note)? };
    let mut found = Vec::new();
    let audit = svc_consent::verify(config.consent, known, print_findings(json, &mut found)).await?;
    let heads: Vec<_> = audit.heads.iter().map(ToString::to_string).collect();
    let mut out = std::io::stdout();
    if json {
        let report = json!({
            "entries": audit.entries, "marks": audit.marks, "erased_chains": audit.erased_chains,
            "findings": found, "heads": heads, "checkpoints": audit.checkpoints,
        });
        writeln!(out, "{report}")?;
    } else {
        heads.iter().try_for_each(|head| writeln!(out, "head {head}"))?;
        writeln!(
            out,
            "{} consents and {} marks verified, {} subjects erased, {} findings",
            audit.entries, audit.marks, audit.erased_chains, audit.findings
        )?;
    }
    anyhow::ensure!(audit.findings == 0, "the consent ledger does not hold");
    Ok(())
}

/// Prints each finding at once, or with `json` collects them in `found`.
pub fn print_findings<F: Display>(json: bool, found: &mut Vec<String>) -> impl FnMut(&F) + Send {
    move |finding: &F| {
        if json {
            found.push(finding.to_string());
        } else {
            // A closed standard output does not stop the verification: the exit code reports the result.
            let _ = writeln!(std::io::stdout(), "BROKEN {finding}");
        }
    }
}

/// Reads the signed notes of these files.
///
/// # Errors
/// When one cannot be read.
pub fn read_notes(files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let read = |file: &PathBuf| {
        std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
    };
    files.iter().map(read).collect()
}
