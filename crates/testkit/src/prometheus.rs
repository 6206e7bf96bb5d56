//! A throw-away Prometheus server.

use std::process::Command;

use crate::guard::Server;

/// Creates, runs and removes the server, like the guard of PostgreSQL.
const GUARD: &str = include_str!("prometheus.sh");

/// A running server that scrapes every second, stopped when this is dropped or the test process ends.
pub struct Prometheus(Server);

impl Prometheus {
    /// Starts a server that scrapes `targets` (`HOST:PORT`).
    ///
    /// # Panics
    /// When the server cannot be started; the message says why.
    pub fn scrape(targets: &[String]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "sh", &targets.join("\", \"")]);
        Self(Server::start("Prometheus", shell))
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        self.0.address()
    }
}
