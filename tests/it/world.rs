//! The deployments under test: each is started once per run and shared by all scenarios.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, OnceLock},
};

use specimens::chip::{Issuer, Validity};
use tempfile::TempDir;

use crate::server::{Server, start};

const SERVICES: [&str; 7] = ["projects", "sessions", "consent", "ml", "docauth", "transactions", "journeys"];
/// Processes of each service in the split deployment; `make replicas` runs every scenario with 2.
const REPLICAS: &str = "TEST_REPLICAS";
const TOKEN: &str = "a-token-only-these-tests-use";

/// Webhook receivers of the tests are on this machine, and retries are short.
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
    /// Settings with which the CLI uses this deployment.
    admin: Vec<(String, String)>,
    pub data_dir: PathBuf,
    servers: Mutex<Vec<Server>>,
    _dir: TempDir,
    parts: Option<Parts>,
}

/// The settings of the services of a split deployment.
struct Parts {
    /// Several deployments share the database server; each has its own schemas.
    schemas: String,
    postgres: testkit::Postgres,
    redis: testkit::Redis,
    s3: Option<testkit::S3>,
    balancer: Option<testkit::Balancer>,
}

pub fn embedded() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| start_embedded(&[]))
}

pub fn split() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    let replicas = std::env::var(REPLICAS).map_or(1, |count| count.parse().expect("a number of replicas"));
    WORLD.get_or_init(|| start_split(Replicas { models: replicas, others: replicas }))
}

/// Starts a split deployment for one test, with two processes of each service.
pub fn replicated() -> World {
    start_split(Replicas { models: 2, others: 2 })
}

/// Starts a split deployment for one test, with one process of each service except svc-ml.
pub fn with_models_services(models: usize) -> World {
    start_split(Replicas { models, others: 1 })
}

/// Returns the number of processes of a service.
struct Replicas {
    models: usize,
    others: usize,
}

/// Returns a file of the repository root, made by set-up.
pub fn fixture(name: &str) -> PathBuf {
    let path = root().join("fixtures").join(name);
    assert!(path.is_file(), "{} is missing; run `make setup`", path.display());
    path
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl World {
    /// Returns a CLI command that uses this deployment.
    pub fn biometry(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
        command.args(args).env("BIOMETRY_DATA_DIR", &self.data_dir).envs(self.admin.iter().cloned());
        command
    }

    /// Returns `biometry consent verify` on the ledger's database.
    pub fn consent_verify(&self) -> Command {
        let mut command = self.biometry(&["consent", "verify"]);
        command.env_remove("BIOMETRY_URLS__CONSENT");
        command
    }

    /// Returns `biometry audit verify --json` on the log's database.
    pub fn audit_verify(&self) -> Command {
        let mut command = self.biometry(&["audit", "verify", "--json"]);
        if let (Some((_, url)), Some(parts)) =
            (self.admin.iter().find(|(name, _)| name == "BIOMETRY_CONSENT__DB__URL"), &self.parts)
        {
            command.env_remove("BIOMETRY_URLS__PROJECTS");
            command
                .env("BIOMETRY_PROJECTS__DB__URL", url)
                .env("BIOMETRY_PROJECTS__DB__SCHEMA", parts.schema("projects"));
        }
        command
    }

    /// Returns the server that was started first.
    pub fn first_process(&self) -> u32 {
        self.lock_servers()[0].process_id()
    }

    pub fn lock_servers(&self) -> MutexGuard<'_, Vec<Server>> {
        self.servers.lock().expect("no test failed while it held the servers")
    }

    /// Returns the addresses of the processes' metrics.
    pub fn metrics(&self) -> Vec<String> {
        self.lock_servers().iter().map(|server| server.metrics.clone()).collect()
    }

    /// Returns the database of the consent ledger.
    pub fn consent_db(&self) -> db::Config {
        let setting =
            |wanted: &str| self.admin.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        match (setting("BIOMETRY_CONSENT__DB__URL"), setting("BIOMETRY_CONSENT__DB__SCHEMA")) {
            (Some(url), Some(schema)) => db::Config::url(url, schema),
            _ => db::Config::sqlite(&self.data_dir.join("consent.db")),
        }
    }

    /// Returns the settings of PostgreSQL, Redis and S3 of a replicated deployment.
    pub fn engine_urls(&self) -> [String; 3] {
        let Some(Parts { postgres, redis, s3: Some(s3), .. }) = &self.parts else {
            panic!("only a replicated deployment has all three")
        };
        [postgres.url().to_owned(), redis.url(), s3.url().to_owned()]
    }

    /// Returns a client of the projects service of the split deployment.
    pub fn projects(&self) -> rpc::Transport {
        let url = self.admin.iter().find(|(name, _)| name == "BIOMETRY_URLS__PROJECTS").map(|(_, url)| url);
        let url = url.expect("only the split deployment has its services on sockets");
        rpc::remote(url, std::time::Duration::from_secs(5), Some(TOKEN.into())).expect("an address")
    }
}

/// Starts an embedded deployment for one test, with the given settings.
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
    let server = start(command, &dir.path().join("biometry"));
    World {
        url: format!("http://{}", server.address),
        admin: Vec::new(),
        data_dir,
        servers: Mutex::new(vec![server]),
        _dir: dir,
        parts: None,
    }
}

impl Parts {
    /// Returns the schema of a service.
    fn schema(&self, service: &str) -> String {
        format!("{}_{service}", self.schemas)
    }
}

/// Starts every service in separate processes, on PostgreSQL and Redis, with one master key and one service token. With
/// several of each, media are in S3 and a balancer is in front of the gateways.
fn start_split(Replicas { models, others }: Replicas) -> World {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut parts = Parts {
        schemas: testkit::unique_schema(),
        postgres: testkit::postgres(),
        redis: testkit::Redis::start(),
        s3: (others > 1).then(testkit::S3::start),
        balancer: None,
    };
    let (mut servers, mut urls) = (Vec::new(), Vec::new());
    for name in SERVICES {
        let mut addresses = Vec::new();
        let count = if name == "ml" { models } else { others };
        for replica in 0..count {
            let mut command = split_service(name, dir.path(), &parts);
            if replica > 0 && ["sessions", "transactions"].contains(&name) {
                command.envs(wrong_clock());
            }
            // A single process need not wait until its callers have noticed that it drains.
            command.env("BIOMETRY_DRAIN_MS", if others > 1 { "2000" } else { "0" });
            let server = start(command, &dir.path().join(format!("{name}-{replica}")));
            addresses.push(format!("http://{}", server.address));
            servers.push(server);
        }
        urls.push((format!("BIOMETRY_URLS__{}", name.to_uppercase()), addresses.join(",")));
    }
    let mut gateways = Vec::new();
    for replica in 0..others {
        let mut gateway = service("gateway", dir.path());
        gateway.env("BIOMETRY_GATEWAY__REDIS_URL", parts.redis.url()).envs(places(dir.path()));
        gateway.envs(urls.iter().cloned());
        let server = start(gateway, &dir.path().join(format!("gateway-{replica}")));
        gateways.push(server.address.clone());
        servers.push(server);
    }
    parts.balancer = (others > 1).then(|| testkit::Balancer::start(&gateways));
    let mut admin = vec![("BIOMETRY_SERVICE_TOKEN".to_owned(), TOKEN.to_owned())];
    admin.extend(urls);
    admin.extend([
        // The ledger is verified directly in its database.
        ("BIOMETRY_CONSENT__DB__URL".to_owned(), parts.postgres.url().to_owned()),
        ("BIOMETRY_CONSENT__DB__SCHEMA".to_owned(), parts.schema("consent")),
    ]);
    World {
        url: parts
            .balancer
            .as_ref()
            .map_or_else(|| format!("http://{}", gateways[0]), |b| b.url().to_owned()),
        admin,
        data_dir: dir.path().join("data"),
        servers: Mutex::new(servers),
        _dir: dir,
        parts: Some(parts),
    }
}

/// Settings under which a program's clock is 90 seconds ahead, longer than leases last.
fn wrong_clock() -> [(&'static str, String); 3] {
    let library = format!("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH);
    assert!(Path::new(&library).is_file(), "faketime is not installed: run `make setup`");
    [
        ("LD_PRELOAD", library),
        ("FAKETIME", "+90s".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

/// Returns a process of one service, on its own schema of the database.
fn split_service(name: &str, dir: &Path, parts: &Parts) -> Command {
    let mut command = service(&format!("svc-{name}"), dir);
    if name == "docauth" {
        command.env("BIOMETRY_SERVICE__CHIP_AUTHORITIES", trusted_authority(dir));
    } else {
        command.env("BIOMETRY_SERVICE__DB__URL", parts.postgres.url());
        command.env("BIOMETRY_SERVICE__DB__SCHEMA", parts.schema(name));
    }
    match name {
        "sessions" => {
            command.envs(this_machine("SERVICE"));
            command.envs(media_place("BLOB", parts.s3.as_ref()));
        }
        "transactions" => {
            command
                .envs(WEBHOOKS.map(|(name, value)| (format!("BIOMETRY_SERVICE__WEBHOOKS__{name}"), value)));
            command.envs(media_place("SAMPLES", parts.s3.as_ref()));
        }
        _ => {}
    }
    command
}

/// Settings for the media of a service's `section`: in S3, or in a folder that only one replica uses.
fn media_place(section: &str, s3: Option<&testkit::S3>) -> Vec<(String, String)> {
    let prefix = section.to_lowercase();
    let settings = match s3 {
        None => vec![("FOLDER_IS_SHARED", "true")],
        Some(s3) => vec![
            ("S3__BUCKET", testkit::S3::BUCKET),
            ("S3__PREFIX", &prefix),
            ("S3__ENDPOINT", s3.url()),
            ("S3__ACCESS_KEY_ID", testkit::S3::ACCESS_KEY_ID),
            ("S3__SECRET_ACCESS_KEY", testkit::S3::SECRET_ACCESS_KEY),
        ],
    };
    let setting =
        |(name, value): (&str, &str)| (format!("BIOMETRY_SERVICE__{section}__{name}"), value.to_owned());
    settings.into_iter().map(setting).collect()
}

/// Settings of a gateway that locates 198.51.100.0/24 and trusts the headers of a local proxy.
fn places(dir: &Path) -> [(&'static str, String); 3] {
    let position = Some((48.2, 16.4));
    let vienna = testkit::Place { network: "198.51.100.0/24", country: "AT", city: "Vienna", position };
    let file = dir.join("places.mmdb");
    std::fs::write(&file, testkit::mmdb(&[vienna])).expect("the temporary folder is writable");
    [
        ("BIOMETRY_GATEWAY__GEOIP_FILE", file.display().to_string()),
        ("BIOMETRY_GATEWAY__TRUSTED_PROXIES", r#"["127.0.0.0/8"]"#.to_owned()),
        // No call of these tests takes long.
        ("BIOMETRY_GATEWAY__DELETION_QUIET_SECONDS", "2".to_owned()),
    ]
}

/// The certificate of the authority that issues the chips of the test documents.
fn trusted_authority(dir: &Path) -> PathBuf {
    let file = dir.join("authority.der");
    std::fs::write(&file, Issuer::authority(1, Validity::NOW).certificate)
        .expect("the temporary folder is writable");
    file
}

/// Settings with which the `section` of the sessions service may call operators on this machine.
fn this_machine(section: &str) -> [(String, &'static str); 2] {
    [
        (format!("BIOMETRY_{section}__EGRESS__ALLOW"), r#"["127.0.0.0/8"]"#),
        (format!("BIOMETRY_{section}__EGRESS__ALLOW_HTTP"), "true"),
    ]
}

/// Returns a service's own binary, which `cargo build --workspace` places beside the one under test.
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
