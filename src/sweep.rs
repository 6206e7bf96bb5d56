//! `biometry sweep`: what the gateway does every hour, now.

use std::io::Write;

use crate::{
    cli::SweepArgs,
    config::{Config, DEADLINE},
    serve::Peer,
};

/// Applies every project's retention, here or in the services that run elsewhere.
pub async fn run(args: SweepArgs) -> anyhow::Result<()> {
    let Config { urls, service_token, projects, transactions, .. } = Config::load(&args.place)?;
    let peer = |url| Peer { url, deadline: DEADLINE, token: service_token.clone() };
    let projects = peer(urls.projects).or("projects", svc_projects::routes(projects)).await?;
    let transactions =
        peer(urls.transactions).or("transactions", svc_transactions::routes(transactions)).await?;
    let swept = gateway::sweep(projects, transactions, boot::now_ms())
        .await
        .map_err(|status| anyhow::anyhow!("{}", status.message()))?;
    writeln!(
        std::io::stdout(),
        "{} projects: {} samples expired, {} transactions deleted",
        swept.projects,
        swept.samples,
        swept.transactions
    )?;
    Ok(())
}
