//! The consent service as a process of its own.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boot::run_service("svc-consent", |config: svc_consent::Config| svc_consent::routes(config)).await
}
