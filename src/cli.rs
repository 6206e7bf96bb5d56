//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{
    api_key, audit, backup, bootstrap, calibrate, consent, doctor, erasure, evaluate, keys, migrate, models,
    owner, serve, show_config, status, sweep, webhooks,
};

/// Identity verification that you run yourself.
///
/// Decides from a short video whether this is a live person, the right person, saying the right phrase, with consent.
#[derive(Debug, Parser)]
#[command(
    name = "biometry",
    version,
    after_help = "First steps:\n  biometry bootstrap      make an organisation, a project and an API key\n  biometry owner --email YOU@EXAMPLE.ORG   make the link to sign in to /dashboard with\n  biometry serve          start everything on http://127.0.0.1:8080\n\nThe API is described at http://127.0.0.1:8080/docs once the server runs."
)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start the gateway and every service in this process
    Serve(ServeArgs),
    /// Make the first organisation, project and API key; the key is shown this once
    Bootstrap(BootstrapArgs),
    /// Make the link by which the first owner signs in to the dashboard, or somebody who lost password or second factor
    Owner(OwnerArgs),
    /// Make and list API keys of a project
    #[command(subcommand, name = "api-key", alias = "api-keys")]
    ApiKey(ApiKeyVerb),
    /// Verify the model pack and list what is in it
    Models(ModelsArgs),
    /// Measure error rates on your own files, judged exactly as serving judges
    Evaluate(EvaluateArgs),
    /// Turn evaluated scores into a calibration and a threshold for a false match rate
    Calibrate(CalibrateArgs),
    /// Inspect the consent ledger
    #[command(subcommand)]
    Consent(ConsentVerb),
    /// Inspect the audit log
    #[command(subcommand)]
    Audit(AuditVerb),
    /// Prove that a user was erased
    #[command(subcommand)]
    Erasure(ErasureVerb),
    /// Delete records past their retention period
    Sweep(SweepArgs),
    /// Inspect, rotate and distrust keys
    #[command(subcommand)]
    Keys(KeysVerb),
    /// Copy everything an embedded installation keeps into a folder; the server may run
    Backup(BackupArgs),
    /// Put a copy that `backup` made into an empty data folder
    Restore(RestoreArgs),
    /// Bring the tables of every service up to date
    Migrate(MigrateArgs),
    /// Print the settings in force as TOML, secrets masked
    Config(ConfigArgs),
    /// Check everything a start needs: settings, models, keys, disk, databases, services; exits with 1 when something is wrong
    Doctor(DoctorArgs),
    /// Say whether a server runs and works; exits with 1 when it does not
    Status(StatusArgs),
    /// Try webhook receivers
    #[command(subcommand)]
    Webhooks(WebhooksVerb),
    /// Print the completions of a shell, as `biometry completions bash > /etc/bash_completion.d/biometry`
    Completions(CompletionsArgs),
}

#[derive(Debug, Subcommand)]
enum ApiKeyVerb {
    /// Make a key and print it; it is shown this once
    Create(CreateApiKeyArgs),
    /// List the keys of a project, newest first
    List(ListApiKeysArgs),
}

#[derive(Debug, Args)]
pub struct ListApiKeysArgs {
    /// Id of the project
    #[arg(long)]
    pub project: String,
    /// Print a JSON object a line instead of a table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Subcommand)]
enum WebhooksVerb {
    /// Send an event to an address of yours, signed as the server signs it
    Trigger(TriggerArgs),
}

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
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
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
    pub place: Place,
}

#[derive(Debug, Subcommand)]
enum ConsentVerb {
    /// Verify every consent against its chain and its project's journal; exit code 1 when something does not hold
    Verify(ConsentVerifyArgs),
}

#[derive(Debug, Subcommand)]
enum AuditVerb {
    /// Verify every entry of the audit log against the one before it; exit code 1 when something does not hold
    Verify(AuditVerifyArgs),
}

#[derive(Debug, Args)]
pub struct AuditVerifyArgs {
    /// A head printed earlier, which the log must still hold; may be repeated
    #[arg(long, value_name = "NUMBER:MAC")]
    pub head: Vec<svc_projects::KnownEnd>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Subcommand)]
enum ErasureVerb {
    /// Look for a user in every store of this installation; exits with 1 when anything is left
    Verify(VerifyErasureArgs),
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
    pub place: Place,
}

#[derive(Debug, Subcommand)]
enum KeysVerb {
    /// List the master keys, how much is sealed under each, and the signing keys
    Status(KeysArgs),
    /// Make another key sign API keys and receipts; earlier ones go on verifying
    RotateSigning(KeysArgs),
    /// Bring everything that an earlier master key sealed under the one that seals now
    Rewrap(RewrapArgs),
    /// Stop believing what an earlier signing key signed, and revoke the API keys it signed; or what an earlier master key
    /// sealed, once nothing is under it
    Distrust(DistrustArgs),
}

#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct RewrapArgs {
    /// Rows of one transaction; others that write wait for it
    #[arg(long, default_value_t = 500)]
    pub batch: u32,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct DistrustArgs {
    /// Id of the signing key or master key, as `keys status` prints it
    pub id: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Folder to copy into; made when missing, refused when it holds anything. The master key is not copied
    pub folder: PathBuf,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Folder that `backup` made
    pub folder: PathBuf,
    /// File of `projects.tombstones`: what was erased since the copy is erased again
    #[arg(long)]
    pub erasures: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Change nothing; exit with 1 when a migration is missing
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Print nothing but whether the settings can be used
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct SweepArgs {
    #[command(flatten)]
    pub place: Place,
}

/// Where this installation lives.
#[derive(Debug, Args)]
pub struct Place {
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
    pub place: Place,
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
    pub place: Place,
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
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct ConsentVerifyArgs {
    /// A head printed earlier, which the ledger must still hold; may be repeated
    #[arg(long, value_name = "PROJECT:NUMBER:MAC")]
    pub head: Vec<svc_consent::KnownHead>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Folder of the model pack; without it, where packs usually are
    #[arg(long, env = "BIOMETRY_MODELS")]
    pub models_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = r#"A line of the manifest (paths are relative to it):
  {"id":"1","probe":"ada-2.mp4","reference":"ada-1.jpg","subject":"ada","label":"genuine"}
Labels genuine, live, bona_fide and expected are to be accepted, all others refused; "attack" names the species,
"group" what is told apart, "phrase" what was to be said, "said" what was said if it was something else."#)]
pub struct EvaluateArgs {
    #[arg(long, value_enum)]
    pub kind: evaluate::Kind,
    /// JSON Lines, one item a line
    #[arg(long)]
    pub manifest: PathBuf,
    /// Where to write {"kind","items","summary"}
    #[arg(long)]
    pub out: PathBuf,
    /// Where to draw the detection error trade-off, SVG
    #[arg(long)]
    pub det: Option<PathBuf>,
    /// Compare the error rates of the items' groups ("group" of the manifest) at the shipped threshold
    #[arg(long)]
    pub group: bool,
    /// Files judged at a time; without it, one for each core
    #[arg(long)]
    pub threads: Option<usize>,
    /// Folder of the model pack; without it, where packs usually are
    #[arg(long, env = "BIOMETRY_MODELS")]
    pub models_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// What `biometry evaluate` wrote
    #[arg(long)]
    pub results: PathBuf,
    /// The false match rate (attacks: APCER) to choose the threshold for, 0 to 1
    #[arg(long, default_value_t = 0.01)]
    pub target_fmr: f64,
    /// What the data are, in words, for the calibration's provenance; without it, the name of the results
    #[arg(long)]
    pub data: Option<String>,
    /// Where to write it; `serve` reads every *.json of the folder that `ml.calibrations` names
    #[arg(long)]
    pub out: PathBuf,
}

impl Cli {
    /// # Errors
    /// Whatever stops the verb, with its cause.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.verb {
            Verb::Serve(args) => serve::run(args).await,
            Verb::Bootstrap(args) => bootstrap::run(args).await,
            Verb::Owner(args) => owner::run(args).await,
            Verb::ApiKey(ApiKeyVerb::Create(args)) => api_key::create(args).await,
            Verb::ApiKey(ApiKeyVerb::List(args)) => api_key::list(args).await,
            Verb::Status(args) => status::run(args).await,
            Verb::Webhooks(WebhooksVerb::Trigger(args)) => webhooks::trigger(args).await,
            Verb::Completions(CompletionsArgs { shell }) => {
                clap_complete::generate(shell, &mut Self::command(), "biometry", &mut std::io::stdout());
                Ok(())
            }
            Verb::Models(args) => models::run(&args),
            Verb::Consent(ConsentVerb::Verify(args)) => consent::verify(args).await,
            Verb::Audit(AuditVerb::Verify(args)) => audit::verify(args).await,
            Verb::Evaluate(args) => evaluate::run(args).await,
            Verb::Calibrate(args) => calibrate::run(&args),
            Verb::Erasure(ErasureVerb::Verify(args)) => erasure::verify(args).await,
            Verb::Sweep(args) => sweep::run(args).await,
            Verb::Backup(args) => backup::backup(args).await,
            Verb::Restore(args) => backup::restore(args).await,
            Verb::Migrate(args) => migrate::run(args).await,
            Verb::Config(args) => show_config::run(&args),
            Verb::Doctor(args) => doctor::run(args).await,
            Verb::Keys(KeysVerb::Status(args)) => keys::status(args).await,
            Verb::Keys(KeysVerb::RotateSigning(args)) => keys::rotate_signing(args).await,
            Verb::Keys(KeysVerb::Rewrap(args)) => keys::rewrap(args).await,
            Verb::Keys(KeysVerb::Distrust(args)) => keys::distrust(args).await,
        }
    }
}
