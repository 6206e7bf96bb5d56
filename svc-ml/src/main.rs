//! The models service as a process of its own.

/// Decoding allocates and frees megabytes a second on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boot::run_service("svc-ml", |config: svc_ml::Config| svc_ml::routes(config)).await
}
