//! The models service as a process of its own.

use std::process::ExitCode;

/// Decoding allocates and frees megabytes a second on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    boot::restrict_new_files();
    let run = boot::run_service("svc-ml", |config: svc_ml::Config| svc_ml::routes(config));
    boot::exit_code("svc-ml", run.await)
}
