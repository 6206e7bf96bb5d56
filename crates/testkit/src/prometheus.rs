//! A throw-away Prometheus server.

use std::process::{Child, ChildStdin, Command};

use crate::guard;

/// Makes, runs and removes the server, like the guard of PostgreSQL.
const GUARD: &str = include_str!("prometheus.sh");

/// A running server that scrapes every second; it ends when this is dropped, or with the test process.
pub struct Prometheus {
    url: String,
    guard: Child,
    input: Option<ChildStdin>,
}

impl Prometheus {
    /// Starts a server that scrapes `targets` (`HOST:PORT`).
    ///
    /// # Panics
    /// When it cannot be started; the panic says why.
    pub fn scrape(targets: &[String]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "sh", &targets.join("\", \"")]);
        let (mut guard, url) = guard::started("Prometheus", shell);
        let input = guard.stdin.take();
        Self { url, guard, input }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.guard.wait();
    }
}
