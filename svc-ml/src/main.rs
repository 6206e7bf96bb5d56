//! The models service as a separate process.

use std::process::ExitCode;

/// Decoding allocates and frees megabytes per second on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sandbox::run_if_worker();
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    boot::restrict_new_files();
    let served = boot::run_service("svc-ml", |config: svc_ml::Config| svc_ml::routes(config));
    boot::exit_code("svc-ml", served.await)
}
