//! `biometry status`: probes a running server like a load balancer.

use std::{io::Write, time::Duration};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::{cli::StatusArgs, config::Config};

/// A slower server does not work.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// # Errors
/// When no server responds, or it responds that it is not ready.
pub async fn print_status(args: StatusArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let url = args.url.unwrap_or_else(|| format!("http://{}", config.listen));
    let url = url.trim_end_matches('/');
    let client = reqwest::Client::builder().timeout(RESPONSE_TIMEOUT).build()?;
    let answer = client.get(format!("{url}/readyz")).send().await;
    let answer =
        answer.with_context(|| format!("no server answers at {url}; start one with `biometry serve`"))?;
    let is_ready = answer.status().is_success();
    let body: Value = answer.json().await.with_context(|| format!("{url} is not a Biometry server"))?;
    let services = body["services"].as_object().with_context(|| format!("{url} is not a Biometry server"))?;
    let mut out = std::io::stdout();
    if args.json {
        writeln!(out, "{}", json!({ "url": url, "ready": is_ready, "services": services }))?;
    } else {
        writeln!(out, "server     {url}\nready      {}", if is_ready { "yes" } else { "no" })?;
        for (name, healthy) in services {
            writeln!(out, "{name:10} {}", if *healthy == true { "ok" } else { "does not answer" })?;
        }
        writeln!(out, "dashboard  {url}/dashboard\ndocs       {url}/docs")?;
    }
    ensure!(is_ready, "the server cannot work: {}", body["error"].as_str().unwrap_or("it says no more"));
    Ok(())
}
