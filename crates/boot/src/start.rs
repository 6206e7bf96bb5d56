//! Start and end of every process: restricts file permissions, raises the limit of open files, and prints the cause
//! of a failure on one line.

use std::{io::Write, process::ExitCode};

use rustix::{
    fs::Mode,
    process::{Resource, Rlimit, getrlimit, setrlimit, umask},
};

/// Makes new files and folders of this process readable by its owner only, whatever its umask.
pub fn restrict_new_files() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Raises the limit of open files and connections to the maximum; many processes start with 1,024, the limit of
/// select(2).
pub fn raise_open_file_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}

/// Converts the result of a process into its exit code; prints an error with its causes on one line.
pub fn exit_code(name: &str, result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    // The chain on one line: operators read it in a terminal, supervisors in a log.
    let line = format!("{name}: {error:#}").replace('\n', " ");
    // Without standard error the message cannot be reported.
    let _ = writeln!(std::io::stderr(), "{line}");
    ExitCode::FAILURE
}
