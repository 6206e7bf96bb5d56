//! A load balancer before several gateways: HAProxy, which asks each for its readiness.

use std::process::Command;

use crate::{guard::Server, ports::free_ports};

/// Makes, runs and removes the process, like the guard of PostgreSQL.
const GUARD: &str = include_str!("balancer.sh");

/// A running balancer; it ends when this is dropped, or with the test process.
pub struct Balancer(Server);

impl Balancer {
    /// Starts a balancer before `backends` (`HOST:PORT`).
    ///
    /// # Panics
    /// When it cannot be started; the panic says why.
    pub fn start(backends: &[String]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "sh"]).args(free_ports(1)).args(backends);
        Self(Server::start("HAProxy", shell))
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        self.0.address()
    }
}
