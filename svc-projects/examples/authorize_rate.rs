//! How many calls a second this service authorises, over its own wire in process.
//!
//! `cargo run --release -p svc-projects --example authorize_rate -- [URL] [CALLS] [CALLERS]`, by default a SQLite file in a
//! temporary folder, 50000 calls, 64 callers.

use std::{io::Write, time::Duration};

use anyhow::Context;
use proto::projects::{AuthorizeApiKeyRequest, BootstrapRequest, projects_client::ProjectsClient};
use tokio::time::Instant;

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut config = svc_projects::Config::embedded(folder.path());
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(url) = arguments.first().filter(|url| url.as_str() != "-") {
        config.db = db::Config::url(url, "authorize_rate");
    }
    let number = |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (calls, callers) = (number(1, 50_000).context("CALLS")?, number(2, 64).context("CALLERS")?);

    let mut client =
        ProjectsClient::new(rpc::local(svc_projects::routes(config).await?, Duration::from_secs(10)));
    let request = BootstrapRequest {
        organisation_name: "bench".into(),
        project_name: "bench".into(),
        selected_services: Vec::new(),
        replays: 0,
    };
    let made = client.bootstrap(request).await?.into_inner();
    let ask = AuthorizeApiKeyRequest { api_key_id: made.api_key_id, project_id: made.project_id };
    let start = Instant::now();
    let callers_running =
        (0..callers).map(|_| tokio::spawn(call(client.clone(), ask.clone(), calls / callers)));
    for caller in callers_running.collect::<Vec<_>>() {
        caller.await??;
    }
    let rate = (calls / callers * callers) as f64 / start.elapsed().as_secs_f64();
    writeln!(std::io::stdout(), "{calls} calls, {callers} callers: {rate:.0} calls/s")?;
    Ok(())
}

async fn call(
    mut client: ProjectsClient<rpc::Transport>,
    ask: AuthorizeApiKeyRequest,
    count: usize,
) -> Result<(), tonic::Status> {
    for _ in 0..count {
        client.authorize_api_key(ask.clone()).await?;
    }
    Ok(())
}
