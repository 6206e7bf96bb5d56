//! The two deployments under test, each started once for the whole run and used by every scenario side by side.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use specimens::chip::{Issuer, Validity};
use tempfile::TempDir;

const TOKEN: &str = "a-token-only-these-tests-use";

/// The receivers of these tests are on this machine, and nobody waits for their retries.
const WEBHOOKS: [(&str, &str); 5] = [
    ("ALLOW_PRIVATE", "true"),
    ("ALLOW_HTTP", "true"),
    ("MAX_RETRIES", "5"),
    ("INITIAL_DELAY_MS", "50"),
    ("MAX_DELAY_MS", "200"),
];

/// A running deployment.
pub struct World {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// Settings under which the CLI reaches this deployment.
    admin: Vec<(String, String)>,
    pub data_dir: PathBuf,
    /// Where the processes serve their metrics.
    pub metrics: Vec<String>,
    processes: Vec<Child>,
    _dir: TempDir,
    _postgres: Option<testkit::Postgres>,
    _redis: Option<testkit::Redis>,
}

pub fn embedded() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| start_embedded(&[]))
}

pub fn split() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(start_split)
}

/// A file of the repository root, made by set-up.
pub fn fixture(name: &str) -> PathBuf {
    let path = root().join("fixtures").join(name);
    assert!(path.is_file(), "{} is missing; run `make setup`", path.display());
    path
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl World {
    /// A command of the CLI against this deployment.
    pub fn biometry(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
        command.args(args).env("BIOMETRY_DATA_DIR", &self.data_dir).envs(self.admin.iter().cloned());
        command
    }

    /// `biometry audit verify --json`, at the log's own database.
    pub fn audit_verify(&self) -> Command {
        let mut command = self.biometry(&["audit", "verify", "--json"]);
        if let Some((_, url)) = self.admin.iter().find(|(name, _)| name == "BIOMETRY_CONSENT__DB__URL") {
            command.env_remove("BIOMETRY_URLS__PROJECTS");
            command.env("BIOMETRY_PROJECTS__DB__URL", url).env("BIOMETRY_PROJECTS__DB__SCHEMA", "projects");
        }
        command
    }

    /// The shell that was started first; the server is its child.
    pub fn first_process(&self) -> u32 {
        self.processes[0].id()
    }

    /// The consent ledger's own database.
    pub fn consent_db(&self) -> db::Config {
        let setting =
            |wanted: &str| self.admin.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        match setting("BIOMETRY_CONSENT__DB__URL") {
            Some(url) => db::Config::url(url, "consent"),
            None => db::Config::sqlite(&self.data_dir.join("consent.db")),
        }
    }

    /// The projects service of the split deployment.
    pub fn projects(&self) -> rpc::Transport {
        let url = self.admin.iter().find(|(name, _)| name == "BIOMETRY_URLS__PROJECTS").map(|(_, url)| url);
        let url = url.expect("only the split deployment has its services on sockets");
        rpc::remote(url, std::time::Duration::from_secs(5), Some(TOKEN.into())).expect("an address")
    }
}

/// An embedded deployment for one test alone, with settings of its own.
pub fn alone(settings: &[(&str, &str)]) -> &'static World {
    Box::leak(Box::new(start_embedded(settings)))
}

fn start_embedded(settings: &[(&str, &str)]) -> World {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data_dir = dir.path().join("data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
    command.envs(places(dir.path())).envs(this_machine("SESSIONS"));
    command.envs(WEBHOOKS.map(|(name, value)| (format!("BIOMETRY_TRANSACTIONS__WEBHOOKS__{name}"), value)));
    command.env("BIOMETRY_DOCAUTH__CHIP_AUTHORITIES", trusted_authority(dir.path()));
    command.envs(settings.iter().copied());
    let (child, address, metrics) = start(&command, dir.path());
    World {
        url: format!("http://{address}"),
        admin: Vec::new(),
        data_dir,
        metrics: vec![metrics],
        processes: vec![child],
        _dir: dir,
        _postgres: None,
        _redis: None,
    }
}

/// Every service in a process of its own, on PostgreSQL and Redis, with one master key and one service token.
fn start_split() -> World {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let postgres = testkit::postgres();
    let data_dir = dir.path().join("data");
    let (mut processes, mut metrics) = (Vec::new(), Vec::new());
    let mut urls = Vec::new();
    for name in ["projects", "sessions", "consent", "ml", "docauth", "transactions"] {
        let mut command = service(&format!("svc-{name}"), dir.path());
        // Each has one replica: nobody would notice that it drains.
        command.env("BIOMETRY_DRAIN_MS", "0");
        if name == "docauth" {
            command.env("BIOMETRY_SERVICE__CHIP_AUTHORITIES", trusted_authority(dir.path()));
        } else {
            command
                .env("BIOMETRY_SERVICE__DB__URL", postgres.url())
                .env("BIOMETRY_SERVICE__DB__SCHEMA", name);
        }
        if name == "sessions" {
            command.envs(this_machine("SERVICE"));
        }
        if name == "transactions" {
            command
                .envs(WEBHOOKS.map(|(name, value)| (format!("BIOMETRY_SERVICE__WEBHOOKS__{name}"), value)));
        }
        let (child, address, observed) = start(&command, dir.path());
        processes.push(child);
        metrics.push(observed);
        urls.push((name, format!("http://{address}")));
    }
    let redis = testkit::Redis::start();
    let mut gateway = service("gateway", dir.path());
    gateway.env("BIOMETRY_GATEWAY__REDIS_URL", redis.url());
    gateway.envs(places(dir.path()));
    for (name, url) in &urls {
        gateway.env(format!("BIOMETRY_URLS__{}", name.to_uppercase()), url);
    }
    let (child, address, observed) = start(&gateway, dir.path());
    processes.push(child);
    metrics.push(observed);
    let mut admin = vec![("BIOMETRY_SERVICE_TOKEN".to_owned(), TOKEN.to_owned())];
    admin.extend(
        urls.iter().map(|(name, url)| (format!("BIOMETRY_URLS__{}", name.to_uppercase()), url.clone())),
    );
    admin.extend([
        // The ledger is verified in its database.
        ("BIOMETRY_CONSENT__DB__URL".to_owned(), postgres.url().to_owned()),
        ("BIOMETRY_CONSENT__DB__SCHEMA".to_owned(), "consent".to_owned()),
    ]);
    World {
        url: format!("http://{address}"),
        admin,
        data_dir,
        metrics,
        processes,
        _dir: dir,
        _postgres: Some(postgres),
        _redis: Some(redis),
    }
}

/// Settings of a gateway that knows where 198.51.100.0/24 is, and believes what a proxy of this machine says.
fn places(dir: &Path) -> [(&'static str, String); 3] {
    let position = Some((48.2, 16.4));
    let vienna = testkit::Place { network: "198.51.100.0/24", country: "AT", city: "Vienna", position };
    let file = dir.join("places.mmdb");
    std::fs::write(&file, testkit::mmdb(&[vienna])).expect("the temporary folder is writable");
    [
        ("BIOMETRY_GATEWAY__GEOIP_FILE", file.display().to_string()),
        ("BIOMETRY_GATEWAY__TRUSTED_PROXIES", r#"["127.0.0.0/8"]"#.to_owned()),
        // No call here lasts long.
        ("BIOMETRY_GATEWAY__DELETION_QUIET_SECONDS", "2".to_owned()),
    ]
}

/// The certificate of the authority whose chips of documents are trusted.
fn trusted_authority(dir: &Path) -> PathBuf {
    let file = dir.join("authority.der");
    std::fs::write(&file, Issuer::authority(1, Validity::NOW).certificate)
        .expect("the temporary folder is writable");
    file
}

/// Settings under which the `section` of the sessions service calls mobile operators on this machine.
fn this_machine(section: &str) -> [(String, &'static str); 2] {
    [
        (format!("BIOMETRY_{section}__EGRESS__ALLOW"), r#"["127.0.0.0/8"]"#),
        (format!("BIOMETRY_{section}__EGRESS__ALLOW_HTTP"), "true"),
    ]
}

/// A service's own binary, which `cargo build --workspace` puts beside the one under test.
fn service(name: &str, dir: &Path) -> Command {
    let file = Path::new(env!("CARGO_BIN_EXE_biometry")).with_file_name(name);
    assert!(file.is_file(), "{} is missing; run `cargo build --workspace --bins`", file.display());
    let mut command = Command::new(file);
    command
        .env("BIOMETRY_LISTEN", "127.0.0.1:0")
        .env("BIOMETRY_SERVICE_TOKEN", TOKEN)
        .env("BIOMETRY_MODELS", root().join("models"))
        .current_dir(dir);
    command
}

/// Settings under which a process shows what it does: metrics on a port of its own, and the traces that a test begins.
fn telemetry() -> [(&'static str, String); 3] {
    [
        ("BIOMETRY_TELEMETRY__METRICS_LISTEN", "127.0.0.1:0".to_owned()),
        ("BIOMETRY_TELEMETRY__OTLP_ENDPOINT", format!("http://{}", crate::traces::collector())),
        ("BIOMETRY_TELEMETRY__TRACE_RATIO", "0".to_owned()),
    ]
}

/// Starts `command` and waits for its ready line; returns where it serves, and where its metrics. The shell around it holds
/// our pipe: when this process ends, however it ends, the shell reads the end of the pipe and ends the server too. A server that
/// ends early ends the shell, and so its ready line.
fn start(command: &Command, dir: &Path) -> (Child, String, String) {
    const WATCH: &str = r#"exec 3<&0
        "$@" 3<&- & pid=$!
        { read -r _ <&3; kill "$pid"; } >/dev/null 2>&1 &
        wait "$pid""#;
    let name = Path::new(command.get_program())
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let log = std::fs::File::create(dir.join(format!("{name}.log"))).expect("a log file");
    let mut watched = Command::new("sh");
    watched.args(["-c", WATCH, "sh"]).arg(command.get_program()).args(command.get_args());
    watched.envs(telemetry());
    for (key, value) in command.get_envs() {
        watched.env(key, value.expect("only set variables"));
    }
    watched.current_dir(command.get_current_dir().unwrap_or(root()));
    let mut child =
        watched.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().expect("sh starts");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let ready = lines.next().and_then(Result::ok);
    let log = std::fs::read_to_string(dir.join(format!("{name}.log"))).unwrap_or_default();
    let ready = ready.unwrap_or_else(|| panic!("{name} ended before it was ready:\n{log}"));
    let address = ready.split_once("listening on ").map(|(_, a)| a.trim_start_matches("http://").to_owned());
    let address = address.unwrap_or_else(|| panic!("{name} printed no address: {ready}"));
    (child, address, metrics_address(&log).unwrap_or_else(|| panic!("{name} serves no metrics:\n{log}")))
}

fn metrics_address(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("metrics are served at /metrics"))?;
    line.split_once("address=").map(|(_, address)| address.trim().to_owned())
}
