//! A load balancer before several gateways: HAProxy, which probes the readiness of each.

use std::process::Command;

use crate::{guard::Server, ports::free_ports};

/// Creates, runs and removes the process, like the guard of PostgreSQL.
const GUARD: &str = include_str!("balancer.sh");

/// A running balancer, stopped when this is dropped or the test process ends.
pub struct Balancer(Server);

impl Balancer {
    /// Starts a balancer before `backends` (`HOST:PORT`).
    ///
    /// # Panics
    /// When the balancer cannot be started; the message says why.
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
