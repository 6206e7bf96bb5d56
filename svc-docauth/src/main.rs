//! The document service as a separate process.

use std::process::ExitCode;

/// Decoding allocates and frees megabytes per picture.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sandbox::run_if_worker();
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    boot::restrict_new_files();
    let served = boot::run_service("svc-docauth", |config: svc_docauth::Config| svc_docauth::routes(config));
    boot::exit_code("svc-docauth", served.await)
}
