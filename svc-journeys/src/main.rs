//! The journeys service as a process of its own.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    boot::restrict_new_files();
    let run = boot::run_service("svc-journeys", |config: svc_journeys::Config| svc_journeys::routes(config));
    boot::exit_code("svc-journeys", run.await)
}
