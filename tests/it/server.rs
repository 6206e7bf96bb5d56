//! One process under test: started, awaited, stopped, killed, and restarted at its address.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use crate::world::root;

/// The shell around a server holds a pipe of this process: when this process ends in any way, the shell reads the end
/// of the pipe and stops the server too. A server that exits early ends the shell, and with it the wait for its ready
/// line.
const WATCH: &str = r#"exec 3<&0
    "$@" 3<&- & pid=$!
    echo "$pid" >"$0.pid"
    { read -r _ <&3; kill "$pid"; } >/dev/null 2>&1 &
    wait "$pid""#;

/// A running server. It stops with this process, or when its shell's input is closed.
pub struct Server {
    /// `HOST:PORT`
    pub address: String,
    /// The address of its metrics.
    pub metrics: String,
    shell: Child,
    command: Command,
    /// The path of its log and process id files, without their extensions.
    place: PathBuf,
}

/// Starts `command` and waits for its ready line.
pub fn start(command: Command, place: &Path) -> Server {
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let log = std::fs::File::create(place.with_extension("log")).expect("a log file");
    let mut watched = Command::new("sh");
    watched.args(["-c", WATCH]).arg(place).arg(command.get_program()).args(command.get_args());
    watched.envs(telemetry());
    for (key, value) in command.get_envs() {
        watched.env(key, value.expect("only set variables"));
    }
    watched.current_dir(command.get_current_dir().unwrap_or(root()));
    let mut shell =
        watched.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().expect("sh starts");
    let mut lines = BufReader::new(shell.stdout.take().expect("stdout is piped")).lines();
    let ready = lines.next().and_then(Result::ok);
    let log = std::fs::read_to_string(place.with_extension("log")).unwrap_or_default();
    let ready = ready.unwrap_or_else(|| panic!("{name} ended before it was ready:\n{log}"));
    let address = ready.split_once("listening on ").map(|(_, a)| a.trim_start_matches("http://").to_owned());
    let address = address.unwrap_or_else(|| panic!("{name} printed no address: {ready}"));
    let metrics = metrics_address(&log).unwrap_or_else(|| panic!("{name} serves no metrics:\n{log}"));
    Server { address, metrics, shell, command, place: place.to_owned() }
}

impl Server {
    pub fn process_id(&self) -> u32 {
        let id = std::fs::read_to_string(self.place.with_extension("pid")).expect("its process id");
        id.trim().parse().expect("a number")
    }

    /// Returns the name of its log: service and number.
    pub fn name(&self) -> String {
        self.place.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Asks it to stop, as an init system does, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        drop(self.shell.stdin.take());
        self.shell.wait().expect("its shell ends")
    }

    /// Kills it, like the system when memory runs out.
    pub fn kill(&mut self) {
        let done = Command::new("kill").args(["-9", &self.process_id().to_string()]).status();
        assert!(done.expect("kill runs").success(), "{} had ended", self.name());
        self.shell.wait().expect("its shell ends");
    }

    /// Starts it again at its address, after it has ended.
    pub fn start_again(&mut self) {
        let mut command = Command::new(self.command.get_program());
        command.args(self.command.get_args());
        for (key, value) in self.command.get_envs() {
            command.env(key, value.expect("only set variables"));
        }
        command.current_dir(self.command.get_current_dir().unwrap_or(root()));
        command.env("BIOMETRY_LISTEN", &self.address);
        *self = start(command, &self.place);
    }
}

/// Settings for observability: metrics on a separate port, and traces of the test's requests.
fn telemetry() -> [(&'static str, String); 3] {
    [
        ("BIOMETRY_TELEMETRY__METRICS_LISTEN", "127.0.0.1:0".to_owned()),
        ("BIOMETRY_TELEMETRY__OTLP_ENDPOINT", format!("http://{}", crate::traces::collector())),
        ("BIOMETRY_TELEMETRY__TRACE_RATIO", "0".to_owned()),
    ]
}

fn metrics_address(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("metrics are served at /metrics"))?;
    line.split_once("address=").map(|(_, address)| address.trim().to_owned())
}
