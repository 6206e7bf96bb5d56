//! What every process does first and last: it creates files for its owner alone, and says in one line why it failed.

use std::{io::Write, process::ExitCode};

use rustix::{fs::Mode, process::umask};

/// Files and folders this process creates from now on are readable by its owner alone, whatever umask it was started with.
pub fn restrict_new_files() {
    umask(Mode::RWXG | Mode::RWXO);
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
