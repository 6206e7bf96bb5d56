//! Arguments of the commands about organisations, API keys, and master and signing keys.

use clap::Args;

use super::InstallationArgs;

#[derive(Debug, Args)]
pub struct ListApiKeysArgs {
    /// Id of the project
    #[arg(long)]
    pub project: String,
    /// Print one JSON object per line instead of a table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct CreateApiKeyArgs {
    /// Id of the project
    #[arg(long)]
    pub project: String,
    /// Name of the key
    #[arg(long)]
    pub name: String,
    /// Scopes of the key (docs/API.md, Scopes); may be repeated. Default: capture and consent.write
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// Services of its calls; may be repeated. Default: those of the project
    #[arg(long = "service", value_name = "SERVICE")]
    pub services: Vec<String>,
    /// Create a test key: its calls return sandbox responses (docs/TESTING.md) and are not counted as live
    #[arg(long)]
    pub test: bool,
    /// Days until it expires. Default: never
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub expires_in_days: Option<u32>,
    /// Print {"id","api_key","scopes"} instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct RewrapArgs {
    /// Rows per transaction; other writers wait for it
    #[arg(long, default_value_t = 500)]
    pub batch: u32,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct DistrustArgs {
    /// Id of the signing key or master key, as `keys status` prints it
    pub id: String,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
pub struct BootstrapArgs {
    /// Name of the organisation
    #[arg(long, default_value = "My organisation")]
    pub organisation: String,
    /// Name of the project
    #[arg(long, default_value = "My project")]
    pub project: String,
    /// Effect of replayed recordings in the project: fail, refer, report or off. For trials that send one clip many
    /// times; the default is fail
    #[arg(long)]
    pub replays: Option<String>,
    /// Print {"organisation_id","project_id","api_key"} instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: InstallationArgs,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["email", "reset"]))]
pub struct OwnerArgs {
    /// Address of the new owner
    #[arg(long)]
    pub email: Option<String>,
    /// E-mail address of a user who must choose a new password; their second factor and sessions end
    #[arg(long, value_name = "EMAIL")]
    pub reset: Option<String>,
    /// Id of the organisation. Default: the only one
    #[arg(long)]
    pub organisation_id: Option<String>,
    /// Name of the organisation created when there is none
    #[arg(long, default_value = "My organisation")]
    pub organisation: String,
    /// Base URL of this installation for browsers. Default: gateway.public_url or the listening address
    #[arg(long)]
    pub url: Option<String>,
    /// Print {"organisation_id","email","accept_url","token"} instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: InstallationArgs,
}
