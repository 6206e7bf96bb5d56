//! Arguments of the commands that verify the ledgers and erasures.

use std::path::PathBuf;

use clap::Args;

use super::InstallationArgs;

#[derive(Debug, Args)]
pub struct AuditVerifyArgs {
    /// A head printed earlier, which the log must still hold; may be repeated
    #[arg(long, value_name = "NUMBER:MAC")]
    pub head: Vec<svc_projects::KnownEnd>,
    /// File with a signed checkpoint that the log must match; may be repeated
    #[arg(long, value_name = "FILE")]
    pub note: Vec<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct VerifyErasureArgs {
    /// Id of the project
    #[arg(long)]
    pub project: String,
    /// The user, as in X-User-Fullname
    #[arg(long)]
    pub user: String,
    /// Also check that this signature of a receipt is this installation's, and about this user
    #[arg(long)]
    pub receipt: Option<String>,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct ConsentVerifyArgs {
    /// A head printed earlier, which the ledger must still hold; may be repeated
    #[arg(long, value_name = "PROJECT:NUMBER:MAC")]
    pub head: Vec<svc_consent::KnownHead>,
    /// File with a signed checkpoint or promise that the ledger must match; may be repeated
    #[arg(long, value_name = "FILE")]
    pub note: Vec<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: InstallationArgs,
}
