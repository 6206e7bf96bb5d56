//! `biometry api-key`: API keys of a project, created on the machine of the installation.

use std::io::Write;

use anyhow::Context;
use proto::projects::{
    ApiKeyState, CreateApiKeyRequest, ListApiKeysRequest, projects_client::ProjectsClient,
};
use serde_json::json;

use crate::{
    cli::{CreateApiKeyArgs, ListApiKeysArgs},
    config::{Config, DEADLINE},
    serve::Credentials,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Asks the projects service of this installation, running here or elsewhere, and prints the key once.
pub async fn create_api_key(args: CreateApiKeyArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let projects = Credentials::of(&config)?.peer(config.urls.projects, DEADLINE);
    let transport = projects.or("projects", svc_projects::routes(config.projects)).await?;
    let request = CreateApiKeyRequest {
        project_id: args.project,
        name: args.name,
        scopes: args.scopes,
        selected_services: args.services,
        is_test: args.test,
        expires_at_ms: args.expires_in_days.map(|days| boot::now_ms() + i64::from(days) * DAY_MS),
        ..CreateApiKeyRequest::default()
    };
    let made = ProjectsClient::new(transport)
        .create_api_key(request)
        .await
        .map_err(|status| anyhow::anyhow!("{}", status.message()))?;
    let made = made.into_inner();
    let key = made.key.unwrap_or_default();
    let mut out = std::io::stdout();
    let written = if args.json {
        writeln!(
            out,
            "{}",
            json!({"id": key.id, "api_key": made.jwt, "scopes": key.scopes, "test": key.is_test})
        )
    } else {
        let scopes = key.scopes.join(", ");
        writeln!(
            out,
            "id       {}\nscopes   {scopes}\napi key  {}\n\nThe key is not shown again.",
            key.id, made.jwt
        )
    };
    written.context("the key could not be printed; revoke it and make another one")
}

/// Prints the keys of a project, never their tokens, which only their holders have.
pub async fn list_api_keys(args: ListApiKeysArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let projects = Credentials::of(&config)?.peer(config.urls.projects, DEADLINE);
    let mut projects =
        ProjectsClient::new(projects.or("projects", svc_projects::routes(config.projects)).await?);
    let mut out = std::io::stdout();
    let mut request = ListApiKeysRequest { project_id: args.project, ..ListApiKeysRequest::default() };
    loop {
        let page = projects.list_api_keys(request.clone()).await;
        let page = page.map_err(|status| anyhow::anyhow!("{}", status.message()))?.into_inner();
        for key in page.keys {
            let state = match key.state() {
                ApiKeyState::Active => "active",
                ApiKeyState::Expired => "expired",
                ApiKeyState::Revoked | ApiKeyState::Unspecified => "revoked",
            };
            let mode = if key.is_test { "test" } else { "live" };
            if args.json {
                let line = json!({"id": key.id, "name": key.name, "state": state, "mode": mode, "scopes": key.scopes});
                writeln!(out, "{line}")?;
            } else {
                writeln!(out, "{}  {state:8} {mode}  {}  ({})", key.id, key.name, key.scopes.join(", "))?;
            }
        }
        if page.next_cursor.is_empty() {
            return Ok(());
        }
        request.cursor = page.next_cursor;
    }
}
