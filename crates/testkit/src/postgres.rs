//! A throw-away PostgreSQL server.

use std::{
    process::Command,
    sync::{Arc, OnceLock},
};

use crate::guard::Server;

/// Creates, runs and removes the server. Prints the server's folder when ready, then waits for the end of its input,
/// which comes when the test process ends.
const GUARD: &str = include_str!("postgres.sh");

/// A running server that stops when the test process ends.
#[derive(Clone)]
pub struct Postgres {
    url: String,
    // The server stops with the last handle.
    _server: Arc<Server>,
}

/// Returns the server of this test binary; the first call starts it.
///
/// # Panics
/// When the server cannot be started; the message says why.
pub fn postgres() -> Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(start).clone()
}

impl Postgres {
    /// Returns `postgres://...` for its superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the configuration of a service with its tables in `schema`, which is created if missing.
    pub fn config(&self, schema: &str) -> db::Config {
        db::Config::url(&self.url, schema)
    }
}

fn start() -> Postgres {
    let mut shell = unprivileged_shell();
    shell.args(["-c", GUARD]);
    let server = Server::start("PostgreSQL", shell);
    let url = format!("postgres://postgres@localhost/postgres?host={}", server.address());
    Postgres { url, _server: Arc::new(server) }
}

/// PostgreSQL does not run as root, so root switches to the user that Debian's package creates.
fn unprivileged_shell() -> Command {
    let id = Command::new("id").arg("-u").output().expect("id can be run");
    if id.stdout.trim_ascii() != b"0" {
        return Command::new("sh");
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "sh"]);
    command
}
