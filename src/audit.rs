//! `biometry audit verify`: checks whether entries of the audit log were changed or removed in the database.

use std::io::Write;

use serde_json::json;

use crate::{
    cli::VerifyArgs,
    config::Config,
    consent::{print_findings, read_notes},
};

/// Verifies the log of this installation in its database; prints each finding as it is found, then the head.
pub async fn verify_audit_log(args: VerifyArgs<svc_projects::KnownEnd>) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    anyhow::ensure!(
        config.urls.projects.is_none(),
        "the log is verified in its database, not over urls.projects: set projects.db and projects.keys to those of svc-projects"
    );
    let json = args.json;
    let notes = read_notes(&args.note)?;
    let known = svc_projects::Known { ends: args.head, notes };
    let mut found = Vec::new();
    let verified = {
        let mut print = print_findings(json, &mut found);
        svc_projects::verify_audit(config.projects, known, |finding| print(&finding)).await?
    };
    let mut out = std::io::stdout();
    if json {
        let report = json!({"entries": verified.entries, "findings": found, "head": verified.end.to_string(),
                   "checkpoint": verified.checkpoint});
        writeln!(out, "{report}")?;
    } else {
        writeln!(
            out,
            "head {}\n{} entries verified, {} findings",
            verified.end, verified.entries, verified.findings
        )?;
    }
    anyhow::ensure!(verified.findings == 0, "the audit log does not hold");
    Ok(())
}
