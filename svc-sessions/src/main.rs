//! The sessions service as a process of its own.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boot::run_service("svc-sessions", |config: svc_sessions::Config| svc_sessions::routes(config)).await
}
