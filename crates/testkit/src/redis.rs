//! A throw-away Redis server.

use std::process::Command;

use crate::guard::Server;

/// Creates, runs and removes the server, like the guard of PostgreSQL.
const GUARD: &str = include_str!("redis.sh");

/// A running server, stopped when this is dropped or the test process ends.
pub struct Redis(Server);

impl Redis {
    /// # Panics
    /// When the server cannot be started; the message says why.
    pub fn start() -> Self {
        Self::launch(None)
    }

    /// Stops the server.
    pub fn stop(&mut self) {
        self.0.stop();
    }

    /// Starts the server again, empty, at the same address.
    ///
    /// # Panics
    /// As [`Redis::start`].
    pub fn start_again(&mut self) {
        self.stop();
        let again = Self::launch(Some(self.0.address()));
        *self = again;
    }

    fn launch(folder: Option<&str>) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "sh"]).args(folder);
        Self(Server::start("Redis", shell))
    }

    /// Returns `redis+unix:///...`.
    pub fn url(&self) -> String {
        format!("redis+unix://{}/socket", self.0.address())
    }

    /// Runs a command of `redis-cli` and returns its output.
    ///
    /// # Panics
    /// When the command fails.
    pub fn cli(&self, args: &[&str]) -> String {
        let socket = format!("{}/socket", self.0.address());
        let output =
            Command::new("redis-cli").args(["-s", &socket]).args(args).output().expect("redis-cli runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}
