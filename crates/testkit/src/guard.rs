//! Servers that stop with their test.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
};

/// A server, stopped when this is dropped or the test process ends.
pub struct Server {
    guard: Child,
    input: Option<ChildStdin>,
    address: String,
}

impl Server {
    /// Runs a shell script that starts the server `name`, prints its address or folder when it is ready, and stops it
    /// at the end of the script's input, which comes when this is dropped or the test process ends.
    ///
    /// # Panics
    /// When the server cannot be started; the message says why.
    pub fn start(name: &str, mut shell: Command) -> Self {
        let mut guard = shell
            .current_dir("/")
            // An interrupt at the terminal reaches only the tests; the guard ends after them.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell can be started");
        let input = guard.stdin.take();
        let mut address = String::new();
        let ready = guard.stdout.take().expect("stdout is piped");
        BufReader::new(ready).read_line(&mut address).expect("the guard's output can be read");
        if address.is_empty() {
            let mut reason = String::new();
            let _ = guard.stderr.take().expect("stderr is piped").read_to_string(&mut reason);
            panic!("{name} could not be started: {reason}");
        }
        Self { guard, input, address: address.trim().to_owned() }
    }

    /// Returns the output of the script.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Stops the server and waits for its end.
    pub fn stop(&mut self) {
        drop(self.input.take());
        let _ = self.guard.wait();
    }
}

impl Drop for Server {
    /// Waits for the server's end, so that a test can run without it.
    fn drop(&mut self) {
        self.stop();
    }
}
