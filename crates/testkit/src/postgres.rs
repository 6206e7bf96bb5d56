//! A throw-away PostgreSQL server.

use std::{
    process::{Child, Command},
    sync::{Arc, OnceLock},
};

use crate::guard;

/// Makes, runs and removes the server. It prints the server's folder when ready, then waits for the end of its input,
/// which comes when the test process is gone.
const GUARD: &str = include_str!("postgres.sh");

/// A running server; it stays up until the test process ends.
#[derive(Clone)]
pub struct Postgres {
    url: String,
    // The guard's input closes with the last handle, and the server ends.
    _guard: Arc<Child>,
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
    let (guard, folder) = guard::started("PostgreSQL", shell);
    let url = format!("postgres://postgres@localhost/postgres?host={folder}");
    Postgres { url, _guard: Arc::new(guard) }
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
