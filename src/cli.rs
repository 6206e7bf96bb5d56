//! The command line.

mod access;
mod evaluation;
mod installation;
mod ledgers;

use clap::{CommandFactory, Parser, Subcommand};

pub use access::*;
pub use evaluation::*;
pub use installation::*;
pub use ledgers::*;

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
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the gateway and every service in this process
    Serve(ServeArgs),
    /// Create the first organisation, project and API key; the key is shown once
    Bootstrap(BootstrapArgs),
    /// Create a link for the first owner to sign in to the dashboard, or for a user who lost password or second factor
    Owner(OwnerArgs),
    /// Create and list API keys of a project
    #[command(subcommand, name = "api-key", alias = "api-keys")]
    ApiKey(ApiKeyCommand),
    /// Verify the model pack and list its files
    Models(ModelsArgs),
    /// Measure error rates on your own files, judged exactly as when serving
    Evaluate(EvaluateArgs),
    /// Turn evaluated scores into a calibration and a threshold for a false match rate
    Calibrate(CalibrateArgs),
    /// Inspect the consent ledger
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// Inspect the audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Prove that a user was erased
    #[command(subcommand)]
    Erasure(ErasureCommand),
    /// Delete records past their retention period
    Sweep(SweepArgs),
    /// Inspect, rotate and distrust keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Copy all data of an embedded installation into a folder; the server may run
    Backup(BackupArgs),
    /// Restore a copy made by `backup` into an empty data folder
    Restore(RestoreArgs),
    /// Apply missing migrations in the databases of every service
    Migrate(MigrateArgs),
    /// Print the effective settings as TOML, with secrets masked
    Config(ConfigArgs),
    /// Check the requirements of a start: settings, models, keys, disk, databases, services; exits with 1 on a problem
    Doctor(DoctorArgs),
    /// Report whether a server runs and works; exits with 1 if not
    Status(StatusArgs),
    /// Test webhook receivers
    #[command(subcommand)]
    Webhooks(WebhooksCommand),
    /// Print shell completions, e.g. `biometry completions bash > /etc/bash_completion.d/biometry`
    Completions(CompletionsArgs),
}

#[derive(Debug, Subcommand)]
enum ApiKeyCommand {
    /// Create a key and print it once
    Create(CreateApiKeyArgs),
    /// List the keys of a project, newest first
    List(ListApiKeysArgs),
}

#[derive(Debug, Subcommand)]
enum WebhooksCommand {
    /// Send an event to your address, signed as the server signs it
    Trigger(TriggerArgs),
}

#[derive(Debug, Subcommand)]
enum ConsentCommand {
    /// Verify every consent against its chain and its project's journal; exits with 1 on a finding
    Verify(VerifyArgs<svc_consent::KnownHead>),
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Verify every entry of the audit log against its predecessor; exits with 1 on a finding
    Verify(VerifyArgs<svc_projects::KnownEnd>),
}

#[derive(Debug, Subcommand)]
enum ErasureCommand {
    /// Search a user in every store of this installation; exits with 1 when any data is left
    Verify(VerifyErasureArgs),
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// List the master keys, the number of values sealed under each, and the signing keys
    Status(KeysArgs),
    /// Rotate the key that signs API keys and receipts; signatures of earlier keys stay valid
    RotateSigning(KeysArgs),
    /// Rewrap everything that is sealed under earlier master keys under the active one
    Rewrap(RewrapArgs),
    /// Distrust an earlier signing key, and revoke the API keys it signed; or distrust an earlier master key, once
    /// nothing is sealed under it
    Distrust(DistrustArgs),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// The error that stopped the command, with its cause.
    pub async fn run_command(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve(args) => serve::serve_until_shutdown(args).await,
            Command::Bootstrap(args) => bootstrap::create_first_project(args).await,
            Command::Owner(args) => owner::create_owner_link(args).await,
            Command::ApiKey(ApiKeyCommand::Create(args)) => api_key::create_api_key(args).await,
            Command::ApiKey(ApiKeyCommand::List(args)) => api_key::list_api_keys(args).await,
            Command::Status(args) => status::print_status(args).await,
            Command::Webhooks(WebhooksCommand::Trigger(args)) => webhooks::send_test_event(args).await,
            Command::Completions(CompletionsArgs { shell }) => {
                clap_complete::generate(shell, &mut Self::command(), "biometry", &mut std::io::stdout());
                Ok(())
            }
            Command::Models(args) => models::list_models(&args),
            Command::Consent(ConsentCommand::Verify(args)) => consent::verify_ledger(args).await,
            Command::Audit(AuditCommand::Verify(args)) => audit::verify_audit_log(args).await,
            Command::Evaluate(args) => evaluate::evaluate_manifest(args).await,
            Command::Calibrate(args) => calibrate::write_calibration(&args),
            Command::Erasure(ErasureCommand::Verify(args)) => erasure::verify_erasure(args).await,
            Command::Sweep(args) => sweep::sweep_expired(args).await,
            Command::Backup(args) => backup::backup(args).await,
            Command::Restore(args) => backup::restore(args).await,
            Command::Migrate(args) => migrate::migrate_services(args).await,
            Command::Config(args) => show_config::print_config(&args),
            Command::Doctor(args) => doctor::check_installation(args).await,
            Command::Keys(KeysCommand::Status(args)) => keys::print_key_status(args).await,
            Command::Keys(KeysCommand::RotateSigning(args)) => keys::rotate_signing(args).await,
            Command::Keys(KeysCommand::Rewrap(args)) => keys::rewrap_sealed_data(args).await,
            Command::Keys(KeysCommand::Distrust(args)) => keys::distrust_key(args).await,
        }
    }
}
