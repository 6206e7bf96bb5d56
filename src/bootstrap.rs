//! `biometry bootstrap`: the first organisation, project and API key.

use std::io::Write;

use anyhow::Context;
use proto::{
    Word,
    projects::{BootstrapRequest, ReplayRule, projects_client::ProjectsClient},
};
use serde_json::json;

use crate::{
    cli::BootstrapArgs,
    config::{Config, DEADLINE},
    serve::Credentials,
};

/// Asks the projects service of this installation, running here or elsewhere, and prints the key once.
pub async fn create_first_project(args: BootstrapArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let projects = Credentials::of(&config)?.peer(config.urls.projects, DEADLINE);
    let transport = projects.or("projects", svc_projects::routes(config.projects)).await?;
    let replays = args.replays.map(|word| {
        ReplayRule::from_word(&word).with_context(|| format!("replays must be {}", ReplayRule::list_words()))
    });
    let replays = replays.transpose()?;
    let request = BootstrapRequest {
        organisation_name: args.organisation,
        project_name: args.project,
        selected_services: Vec::new(),
        replays: replays.unwrap_or_default().into(),
    };
    let made = ProjectsClient::new(transport)
        .bootstrap(request)
        .await
        .map_err(|status| anyhow::anyhow!("{}", status.message()))?;
    let made = made.into_inner();
    let mut out = std::io::stdout();
    if args.json {
        let ids = json!({"organisation_id": made.organisation_id, "project_id": made.project_id, "api_key": made.api_key});
        writeln!(out, "{ids}")?;
    } else {
        writeln!(
            out,
            "organisation {}\nproject      {}\napi key      {}",
            made.organisation_id, made.project_id, made.api_key
        )?;
        writeln!(
            out,
            "\nThe key is not shown again: keep it in a secret store. Try it with\n  curl -X POST -H 'Authorization: Bearer <key>' http://127.0.0.1:8080/api-gateway/sessions/start"
        )?;
    }
    Ok(())
}
