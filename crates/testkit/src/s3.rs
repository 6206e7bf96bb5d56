//! A throw-away S3 server: SeaweedFS, from the Python package that set-up installs.

use std::{path::Path, process::Command};

use crate::{guard::Server, ports::free_ports};

/// Creates, runs and removes the server, like the guard of PostgreSQL.
const GUARD: &str = include_str!("s3.sh");
/// The path of the program that set-up installs, from the root of the repository.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/contract/.venv/bin/weed");

/// A running server with the bucket [`Self::BUCKET`], stopped when this is dropped or the test process ends.
pub struct S3(Server);

impl S3 {
    pub const BUCKET: &str = "biometry";
    pub const ACCESS_KEY_ID: &str = "test";
    pub const SECRET_ACCESS_KEY: &str = "test-secret";

    /// # Panics
    /// When the server cannot be started; the message says why.
    pub fn start() -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "sh"]).arg(Path::new(PROGRAM)).args(free_ports(8));
        Self(Server::start("SeaweedFS", shell))
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        self.0.address()
    }
}
