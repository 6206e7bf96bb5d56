//! Arguments of the commands that serve, inspect and maintain an installation.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

#[derive(Debug, Args)]
pub struct TriggerArgs {
    /// URL of your receiver
    #[arg(long)]
    pub url: String,
    /// The endpoint's secret, `whsec_...`; any secret while you develop the receiver
    #[arg(long, env = "BIOMETRY_WEBHOOK_SECRET", hide_env_values = true)]
    pub secret: String,
    /// Name of the event (docs/API.md, Webhooks)
    #[arg(long, default_value = "video.processed")]
    pub event: String,
    /// Send the event of a call with a test key
    #[arg(long)]
    pub test: bool,
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// URL of the server. Default: the listening address of the settings
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
    /// Name of the shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Folder of the copy; created when missing, rejected when not empty. The master key is not copied
    pub folder: PathBuf,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Folder made by `backup`
    pub folder: PathBuf,
    /// File of `projects.tombstones`: erasures since the copy are repeated
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
    /// Print nothing, only check whether the settings are valid
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
    /// Folder of databases, encrypted media and keys; created when missing
    #[arg(long, env = "BIOMETRY_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// TOML file with settings; `BIOMETRY_<SECTION>__<FIELD>` variables override it
    #[arg(long, env = "BIOMETRY_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address to serve HTTP on; port 0 takes a free port, printed in the ready line
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    #[command(flatten)]
    pub place: InstallationArgs,
}
