//! How many webhook deliveries a second this service makes to a receiver on this machine, both in one process on two
//! threads.
//!
//! `cargo run --release -p svc-transactions --example webhook_rate -- [URL] [DELIVERIES] [ENDPOINTS]`, by default a SQLite
//! file with synced commits in a temporary folder, 5000 deliveries in all, to one endpoint.

use std::{io::Write, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{Router, http::StatusCode, routing::post};
use proto::transactions::{
    CreateWebhookRequest, RecordTransactionRequest, Transaction, UpdateWebhookRequest, WebhookScope,
    WebhookStatus, transactions_client::TransactionsClient, webhooks_client::WebhooksClient,
};
use rpc::Transport;
use tokio::{net::TcpListener, sync::Semaphore, time::Instant};

const PROJECT: &str = "0199f0a0-0000-7000-8000-000000000001";
const KEY: &str = "0199f0a0-0000-7000-8000-000000000002";

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut config = svc_transactions::Config::embedded(folder.path());
    config.samples.folder_is_shared = true;
    config.webhooks.allow_private = true;
    config.webhooks.allow_http = true;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(url) = arguments.first().filter(|url| url.as_str() != "-") {
        config.db = db::Config::url(url, "webhook_rate");
    }
    let number = |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (deliveries, endpoints) =
        (number(1, 5_000).context("DELIVERIES")?, number(2, 1).context("ENDPOINTS")?);

    let arrived = Arc::new(Semaphore::new(0));
    let receiver = receive(Arc::clone(&arrived)).await?;
    let transport = rpc::local(svc_transactions::routes(config).await?, Duration::from_secs(30));
    let hooks = WebhooksClient::new(transport.clone());
    let mut ids = Vec::new();
    for _ in 0..endpoints {
        ids.push(paused(hooks.clone(), &receiver).await?);
    }
    let records = deliveries / endpoints;
    let calls = (0..64)
        .map(|_| tokio::spawn(record(TransactionsClient::new(transport.clone()), records.div_ceil(64))));
    for call in calls.collect::<Vec<_>>() {
        call.await??;
    }
    let expected = records.div_ceil(64) * 64 * endpoints;

    let start = Instant::now();
    for id in ids {
        set_status(hooks.clone(), id, WebhookStatus::Active).await?;
    }
    arrived.acquire_many(u32::try_from(expected)?).await?.forget();
    let took = start.elapsed().as_secs_f64();
    let rate = expected as f64 / took;
    writeln!(
        std::io::stdout(),
        "{expected} deliveries to {endpoints} endpoints in {took:.2} s: {rate:.0} deliveries/s"
    )?;
    Ok(())
}

/// Starts a receiver that accepts everything, and returns its URL.
async fn receive(arrived: Arc<Semaphore>) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let take = move |_: axum::body::Bytes| {
        arrived.add_permits(1);
        std::future::ready(StatusCode::OK)
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(take))).await });
    Ok(url)
}

/// An endpoint whose deliveries stay queued.
async fn paused(mut hooks: WebhooksClient<Transport>, url: &str) -> anyhow::Result<String> {
    let request = CreateWebhookRequest {
        project_id: PROJECT.into(),
        api_key_id: KEY.into(),
        url: url.into(),
        ..CreateWebhookRequest::default()
    };
    let made = hooks.create_webhook(request).await?.into_inner();
    let id = made.webhook.context("an endpoint")?.id;
    set_status(hooks, id.clone(), WebhookStatus::Paused).await?;
    Ok(id)
}

async fn set_status(
    mut hooks: WebhooksClient<Transport>,
    id: String,
    status: WebhookStatus,
) -> anyhow::Result<()> {
    let scope = WebhookScope { project_id: PROJECT.into(), api_key_id: None };
    let status = status.into();
    let request = UpdateWebhookRequest { scope: Some(scope), id, status, ..UpdateWebhookRequest::default() };
    hooks.update_webhook(request).await?;
    Ok(())
}

async fn record(mut client: TransactionsClient<Transport>, count: usize) -> Result<(), tonic::Status> {
    for _ in 0..count {
        let transaction = Transaction {
            id: uuid::Uuid::now_v7().to_string(),
            project_id: PROJECT.into(),
            api_key_id: KEY.into(),
            session_id: Some("sess_0199f0a0-0000-7000-8000-000000000003".into()),
            user_fullname: Some("ada@example.org".into()),
            kind: "process_video".into(),
            created_at_ms: 1_760_000_000_000,
            http_status: 200,
            verdict: proto::transactions::Verdict::Pass.into(),
            score: Some(92.5),
            reasons: vec!["face_match_passed".into(), "voice_match_passed".into(), "liveness_passed".into()],
            rules: Some("default".into()),
            ..Transaction::default()
        };
        client.record_transaction(RecordTransactionRequest { transaction: Some(transaction) }).await?;
    }
    Ok(())
}
