//! A throw-away Redis server.

use std::process::{Child, ChildStdin, Command};

use crate::guard;

/// Makes, runs and removes the server, like the guard of PostgreSQL.
const GUARD: &str = include_str!("redis.sh");

/// A running server of the caller's own; it ends when this is dropped, or with the test process.
pub struct Redis {
    folder: String,
    guard: Child,
    input: Option<ChildStdin>,
}

impl Redis {
    /// # Panics
    /// When it cannot be started; the panic says why.
    pub fn start() -> Self {
        Self::launch(None)
    }

    /// Ends the server.
    pub fn stop(&mut self) {
        drop(self.input.take());
        let _ = self.guard.wait();
    }

    /// Starts it again, empty, at the same address.
    ///
    /// # Panics
    /// As [`Redis::start`].
    pub fn start_again(&mut self) {
        self.stop();
        let again = Self::launch(Some(&self.folder));
        *self = again;
    }

    fn launch(folder: Option<&str>) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "sh"]).args(folder);
        let (mut guard, folder) = guard::started("Redis", shell);
        let input = guard.stdin.take();
        Self { folder, guard, input }
    }

    /// `redis+unix:///...`
    pub fn url(&self) -> String {
        format!("redis+unix://{}/socket", self.folder)
    }

    /// What a command of `redis-cli` prints.
    ///
    /// # Panics
    /// When the command fails.
    pub fn cli(&self, args: &[&str]) -> String {
        let socket = format!("{}/socket", self.folder);
        let output =
            Command::new("redis-cli").args(["-s", &socket]).args(args).output().expect("redis-cli runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Redis {
    /// Waits for its end, so that a test can see what is done without it.
    fn drop(&mut self) {
        self.stop();
    }
}
