//! The document service as a process of its own.

/// Decoding allocates and frees megabytes a picture.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boot::run_service("svc-docauth", |config: svc_docauth::Config| svc_docauth::routes(config)).await
}
