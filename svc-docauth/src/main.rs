//! The document service as a process of its own.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boot::run_service("svc-docauth", |config: svc_docauth::Config| svc_docauth::routes(config)).await
}
