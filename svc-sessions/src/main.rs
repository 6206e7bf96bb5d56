//! The sessions service as a separate process.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    boot::restrict_new_files();
    let run = boot::run_service("svc-sessions", |config: svc_sessions::Config| svc_sessions::routes(config));
    boot::exit_code("svc-sessions", run.await)
}
