//! The transactions service as a separate process.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    boot::restrict_new_files();
    let run = boot::run_service("svc-transactions", |config: svc_transactions::Config| {
        svc_transactions::routes(config)
    });
    boot::exit_code("svc-transactions", run.await)
}
