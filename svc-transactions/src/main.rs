//! The transactions service as a process of its own.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boot::run_service("svc-transactions", |config: svc_transactions::Config| svc_transactions::routes(config))
        .await
}
