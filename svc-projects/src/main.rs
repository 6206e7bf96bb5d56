//! The projects service as a separate process.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    boot::restrict_new_files();
    let run = boot::run_service("svc-projects", |config: svc_projects::Config| svc_projects::routes(config));
    boot::exit_code("svc-projects", run.await)
}
