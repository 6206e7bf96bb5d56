//! Arguments of the commands that verify the ledgers and erasures.

use std::{error::Error, path::PathBuf, str::FromStr};

use clap::Args;

use super::InstallationArgs;

/// Arguments for a ledger with earlier heads as `Head`: `NUMBER:MAC` of the audit log, `PROJECT:NUMBER:MAC` of consents.
#[derive(Debug, Args)]
pub struct VerifyArgs<Head>
where
    Head: FromStr<Err: Into<Box<dyn Error + Send + Sync>>> + Clone + Send + Sync + 'static,
{
    /// A head printed earlier, which the ledger must still hold; may be repeated
    #[arg(long)]
    pub head: Vec<Head>,
    /// File with a signed checkpoint or promise that the ledger must match; may be repeated
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
    /// Also check that this receipt signature is of this installation and about this user
    #[arg(long)]
    pub receipt: Option<String>,
    #[command(flatten)]
    pub place: InstallationArgs,
}
