//! `biometry sweep`: runs the hourly sweep of the gateway now.

use std::io::Write;

use crate::{
    cli::SweepArgs,
    config::{Config, DEADLINE},
    serve::Credentials,
};

/// Applies the retention of every project, in local and remote services.
pub async fn sweep_expired(args: SweepArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let credentials = Credentials::of(&config)?;
    let peer = |url| credentials.peer(url, DEADLINE);
    let Config { urls, projects, transactions, ml, .. } = config;
    let projects = peer(urls.projects).or("projects", svc_projects::routes(projects)).await?;
    let transactions =
        peer(urls.transactions).or("transactions", svc_transactions::routes(transactions)).await?;
    let ml = peer(urls.ml).or("ml", svc_ml::routes(ml)).await?;
    let swept = gateway::sweep(projects, transactions, ml, boot::now_ms())
        .await
        .map_err(|status| anyhow::anyhow!("{}", status.message()))?;
    writeln!(
        std::io::stdout(),
        "{} projects: {} samples expired, {} transactions and {} fingerprints of recordings deleted",
        swept.projects,
        swept.samples,
        swept.transactions,
        swept.recordings
    )?;
    Ok(())
}
