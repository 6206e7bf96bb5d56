//! The projects service as a process of its own.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boot::run_service("svc-projects", |config: svc_projects::Config| svc_projects::routes(config)).await
}
