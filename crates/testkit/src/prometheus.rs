//! A throw-away Prometheus server.

use std::process::Command;

use crate::guard::Server;

/// Makes, runs and removes the server, like the guard of PostgreSQL.
const GUARD: &str = include_str!("prometheus.sh");

/// A running server that scrapes every second; it ends when this is dropped, or with the test process.
pub struct Prometheus(Server);

impl Prometheus {
    /// Starts a server that scrapes `targets` (`HOST:PORT`).
    ///
    /// # Panics
    /// When it cannot be started; the panic says why.
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
