//! The consent service as a separate process.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    boot::restrict_new_files();
    let run = boot::run_service("svc-consent", |config: svc_consent::Config| svc_consent::routes(config));
    boot::exit_code("svc-consent", run.await)
}
