//! Servers that end with their test.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

/// Runs a shell script that starts `server`, prints its folder when it is ready, and ends it at the end of the script's
/// input, which comes when the child is dropped or the test process is gone. Answers the script and the folder.
///
/// # Panics
/// When the server cannot be started; the panic says why.
pub fn started(server: &str, mut shell: Command) -> (Child, String) {
    let mut guard = shell
        .current_dir("/")
        // An interrupt at the terminal reaches the tests alone, and the guard ends after them.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell can be started");
    let mut folder = String::new();
    let ready = guard.stdout.take().expect("stdout is piped");
    BufReader::new(ready).read_line(&mut folder).expect("the guard's output can be read");
    if folder.is_empty() {
        let mut reason = String::new();
        let _ = guard.stderr.take().expect("stderr is piped").read_to_string(&mut reason);
        panic!("{server} could not be started: {reason}");
    }
    (guard, folder.trim().to_owned())
}
