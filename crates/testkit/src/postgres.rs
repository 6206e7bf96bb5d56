//! A throw-away PostgreSQL server.

use std::{
    process::Command,
    sync::{Arc, OnceLock},
};

use crate::guard::Server;

/// Makes, runs and removes the server. It prints the server's folder when ready, then waits for the end of its input,
/// which comes when the test process is gone.
const GUARD: &str = include_str!("postgres.sh");

/// A running server; it stays up until the test process ends.
#[derive(Clone)]
pub struct Postgres {
    url: String,
    // The server ends with the last handle.
    _server: Arc<Server>,
}

/// The server of this test binary, started at the first call.
///
/// # Panics
/// When it cannot be started; the panic says why.
pub fn postgres() -> Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(start).clone()
}

impl Postgres {
    /// `postgres://...`, as its superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The configuration of a service that keeps its tables in `schema` (made when missing).
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

/// PostgreSQL refuses to run as root, so root becomes the user Debian's package made for it.
fn unprivileged_shell() -> Command {
    let id = Command::new("id").arg("-u").output().expect("id can be run");
    if id.stdout.trim_ascii() != b"0" {
        return Command::new("sh");
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "sh"]);
    command
}
