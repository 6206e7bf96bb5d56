//! Arguments of the commands about organisations, API keys, and master and signing keys.

use clap::Args;

use super::InstallationArgs;

#[derive(Debug, Args)]
pub struct ListApiKeysArgs {
    /// Id of the project
    #[arg(long)]
    pub project: String,
    /// Print a JSON object a line instead of a table
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
    /// Where it is used
    #[arg(long)]
    pub name: String,
    /// What it may do (docs/API.md, Scopes); may be repeated. Without it: capture and consent.write
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// Services its calls run; may be repeated. Without it: those of the project
    #[arg(long = "service", value_name = "SERVICE")]
    pub services: Vec<String>,
    /// A test key: its calls are answered without models (docs/TESTING.md) and never count as live ones
    #[arg(long)]
    pub test: bool,
    /// Days after which it ends; without it, never
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
    /// Rows of one transaction; others that write wait for it
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
    /// What a recording that was used before means in the project: fail, refer, report or off. For trials that send one
    /// clip many times; the default is fail
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
    /// Address of somebody who is to choose a new password; their second factor and sessions end
    #[arg(long, value_name = "EMAIL")]
    pub reset: Option<String>,
    /// Which organisation; without it, the only one there is
    #[arg(long)]
    pub organisation_id: Option<String>,
    /// Name of the organisation that is made when there is none
    #[arg(long, default_value = "My organisation")]
    pub organisation: String,
    /// Where browsers reach this installation; without it, gateway.public_url or the listening address
    #[arg(long)]
    pub url: Option<String>,
    /// Print {"organisation_id","email","accept_url","token"} instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: InstallationArgs,
}
