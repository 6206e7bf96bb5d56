//! `biometry`: every service of the suite in one process, and the verbs an operator needs.
//!
//! `serve` is the composition root: it builds the services in dependency order, hands the gateway its peers and
//! serves. The other verbs talk to the same services through the same transport.

mod audit;
mod bootstrap;
mod calibrate;
mod cli;
mod config;
mod consent;
mod erasure;
mod evaluate;
mod models;
mod owner;
mod serve;
mod sweep;

use std::process::ExitCode;

use clap::Parser;

/// The allocator decides how fast bodies travel in process: the system's costs a millisecond a megabyte.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match cli.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain on one line: an operator reads it in a terminal, a supervisor in a log.
            eprintln!("biometry: {error:#}");
            ExitCode::FAILURE
        }
    }
}
