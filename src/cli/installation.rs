//! Arguments of the commands that serve, inspect and maintain an installation.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

#[derive(Debug, Args)]
pub struct TriggerArgs {
    /// Where your receiver listens
    #[arg(long)]
    pub url: String,
    /// The endpoint's secret, `whsec_...`; any of your own while you write the receiver
    #[arg(long, env = "BIOMETRY_WEBHOOK_SECRET", hide_env_values = true)]
    pub secret: String,
    /// Which event (docs/API.md, Webhooks)
    #[arg(long, default_value = "video.processed")]
    pub event: String,
    /// As of a call with a test key
    #[arg(long)]
    pub test: bool,
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Where the server is; without it, the listening address of the settings
    #[arg(long)]
    pub url: Option<String>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Folder to copy into; made when missing, refused when it holds anything. The master key is not copied
    pub folder: PathBuf,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Folder that `backup` made
    pub folder: PathBuf,
    /// File of `projects.tombstones`: what was erased since the copy is erased again
    #[arg(long)]
    pub erasures: Option<PathBuf>,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Change nothing; exit with 1 when a migration is missing
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Print nothing but whether the settings can be used
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct SweepArgs {
    #[command(flatten)]
    pub place: InstallationArgs,
}

/// The data folder and settings of this installation.
#[derive(Debug, Args)]
pub struct InstallationArgs {
    /// Folder for databases, encrypted media and keys; made when missing
    #[arg(long, env = "BIOMETRY_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// TOML file with settings; `BIOMETRY_<SECTION>__<FIELD>` variables override it
    #[arg(long, env = "BIOMETRY_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address to serve HTTP on; port 0 takes a free one, and the ready line names it
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    #[command(flatten)]
    pub place: InstallationArgs,
}
