//! `biometry owner`: a link for the first owner of an organisation, or for a user who lost password or second factor.

use std::io::Write;

use anyhow::Context;
use proto::accounts::{InviteOwnerRequest, ResetAccountRequest, accounts_client::AccountsClient};
use serde_json::json;

use crate::{
    cli::OwnerArgs,
    config::{Config, DEADLINE},
    serve::Credentials,
};

/// Asks the projects service of this installation, running here or elsewhere, and prints the link once.
pub async fn create_owner_link(args: OwnerArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let credentials = Credentials::of(&config)?;
    let url = args.url.or(config.gateway.public_url).unwrap_or_else(|| format!("http://{}", config.listen));
    let projects = credentials.peer(config.urls.projects, DEADLINE);
    let transport = projects.or("projects", svc_projects::routes(config.projects)).await?;
    let mut accounts = AccountsClient::new(transport);
    let answer = match (args.email, args.reset) {
        (Some(email), None) => {
            let request = InviteOwnerRequest {
                email,
                organisation_id: args.organisation_id.unwrap_or_default(),
                organisation_name: args.organisation,
            };
            accounts.invite_owner(request).await
        }
        (None, Some(email)) => {
            let organisation_id = args.organisation_id.unwrap_or_default();
            accounts.reset_account(ResetAccountRequest { email, organisation_id }).await
        }
        _ => anyhow::bail!("give either --email or --reset"),
    };
    let made = answer.map_err(|status| anyhow::anyhow!("{}", status.message()))?.into_inner();
    // In the fragment, so that no server logs it.
    let link = format!("{}/dashboard/accept#{}", url.trim_end_matches('/'), made.token);
    let mut out = std::io::stdout();
    let written = if args.json {
        let ids = json!({"organisation_id": made.organisation_id, "email": made.email, "accept_url": link, "token": made.token});
        writeln!(out, "{ids}")
    } else {
        writeln!(
            out,
            "organisation {}\nemail        {}\nlink         {link}\n\nThe link works once and is not shown again; open it in a browser to choose a password.",
            made.organisation_id, made.email
        )
    };
    written.context("the link could not be printed; run this again for another one")
}
