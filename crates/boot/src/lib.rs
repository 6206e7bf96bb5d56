//! The lifecycle of a process: configuration, clock, logs, traces, metrics, signals, serving. Knows no service.
//!
//! A service's `main` calls [`run_service`]: load the configuration, start telemetry, build, serve, wait for SIGTERM
//! or SIGINT, finish the calls in progress.

mod clock;
mod config;
mod metrics;
mod process;
mod start;
mod telemetry;
pub mod timestamp;

pub use clock::{Clock, now_ms};
pub use config::{ConfigError, load};
pub use process::{Process, announce, expose, run_service, shutdown_signal};
pub use start::{exit_code, raise_open_file_limit, restrict_new_files};
pub use telemetry::{Telemetry, TelemetryConfig};
