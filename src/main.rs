//! `biometry`: every service of the suite in one process, and the operator commands.
//!
//! `serve` is the composition root: it builds the services in dependency order, hands the gateway its peers and
//! serves. The other verbs talk to the same services through the same transport.

mod api_key;
mod audit;
mod backup;
mod bootstrap;
mod calibrate;
mod cli;
mod config;
mod consent;
mod data_folder;
mod doctor;
mod erasure;
mod evaluate;
mod keys;
mod migrate;
mod models;
mod owner;
mod serve;
mod show_config;
mod status;
mod sweep;
mod webhooks;
mod welcome;

use std::process::ExitCode;

use clap::Parser;

/// The allocator determines how fast bodies travel in process: the system's costs a millisecond per megabyte.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sandbox::run_if_worker();
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    boot::restrict_new_files();
    boot::exit_code("biometry", cli::Cli::parse().run_command().await)
}
