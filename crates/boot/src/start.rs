//! What every process does first and last: it creates files for its owner alone, may open as many as the system lets it, and
//! says in one line why it failed.

use std::{io::Write, process::ExitCode};

use rustix::{
    fs::Mode,
    process::{Resource, Rlimit, getrlimit, setrlimit, umask},
};

/// Files and folders this process creates from now on are readable by its owner alone, whatever umask it was started with.
pub fn restrict_new_files() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Lets this process open as many files and connections as the system allows it; many are started with a limit of 1,024,
/// which is kept for programs that use select(2).
pub fn raise_open_file_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Turns the result of a process into its exit code; an error is printed on one line, with its causes.
pub fn exit_code(name: &str, result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    // The chain on one line: an operator reads it in a terminal, a supervisor in a log.
    let line = format!("{name}: {error:#}").replace('\n', " ");
    // Without standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
    ExitCode::FAILURE
}
