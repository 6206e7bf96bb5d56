//! `biometry doctor`: checks the requirements of a start, and how to fix each problem.

use std::{io::Write, path::Path, time::Duration};

use anyhow::{Context, bail, ensure};
use blob::KeyRing;
use db::Db;
use models::Pack;
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::{cli::DoctorArgs, config::Config, data_folder, migrate};

/// With less free space, media soon find no room.
const LEAST_FREE_BYTES: u64 = 2 << 30;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The year this code was written: an earlier clock is wrong.
const EARLIEST_YEAR: i32 = 2026;

/// Checks each part and prints a line for it.
///
/// # Errors
/// When a check fails.
pub async fn check_installation(args: DoctorArgs) -> anyhow::Result<()> {
    let mut report = Report::default();
    let config = Config::load(&args.place);
    report.add(
        "configuration",
        &config.as_ref().map(|_| "can be used".to_owned()).map_err(|error| format!("{error:#}")),
    )?;
    let Ok(config) = config else { return report.end() };
    let data_dir = &args.place.data_dir;
    report.result("clock", clock())?;
    report.result("model pack", model_pack(&config))?;
    report.result("disk", free_space(data_dir))?;
    report.result("data folder", data_folder_use(data_dir))?;
    report.result("master key", master_key(&config))?;
    report.result("address", address(&config).await)?;
    for (name, db, migrations) in migrate::local_databases(&config) {
        let state = Db::migrate(db, migrations, true).await.map_err(anyhow::Error::from);
        report.result(&format!("database of {name}"), state.map(|state| migrate::describe(state, true)))?;
    }
    for (name, url) in remote_services(&config) {
        report.result(&format!("service {name}"), reach(&url).await)?;
    }
    report.end()
}

/// The results, printed line by line.
#[derive(Default)]
struct Report {
    failed: usize,
}

impl Report {
    fn result(&mut self, part: &str, found: anyhow::Result<String>) -> anyhow::Result<()> {
        self.add(part, &found.map_err(|error| format!("{error:#}")))
    }

    fn add(&mut self, part: &str, found: &Result<String, String>) -> anyhow::Result<()> {
        let (state, text) = match found {
            Ok(text) => ("ok", text),
            Err(text) => ("FAILED", text),
        };
        self.failed += usize::from(found.is_err());
        writeln!(std::io::stdout(), "{state:7} {part}: {text}")?;
        Ok(())
    }

    fn end(&self) -> anyhow::Result<()> {
        match self.failed {
            0 => Ok(()),
            1 => bail!("one check failed"),
            failed => bail!("{failed} checks failed"),
        }
    }
}

fn clock() -> anyhow::Result<String> {
    let today = boot::timestamp::date(boot::now_ms());
    ensure!(today.year() >= EARLIEST_YEAR, "the clock says {today}; set it (timedatectl set-ntp true)");
    Ok(format!("{today} UTC"))
}

fn model_pack(config: &Config) -> anyhow::Result<String> {
    let pack = Pack::open(config.ml.models.as_deref())?;
    pack.verify()?;
    Ok(format!("{} files in {}, all checksums right", pack.manifest().files.len(), pack.dir().display()))
}

fn free_space(data_dir: &Path) -> anyhow::Result<String> {
    let disk = rustix::fs::statvfs(data_dir).context("the data folder's disk cannot be read")?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let gib = free >> 30;
    ensure!(free >= LEAST_FREE_BYTES, "{gib} GiB free for {}; make room for at least 2", data_dir.display());
    Ok(format!("{gib} GiB free for {}", data_dir.display()))
}

fn data_folder_use(data_dir: &Path) -> anyhow::Result<String> {
    Ok(match data_folder::is_in_use(data_dir)? {
        true => format!("{} is used by a running server", data_dir.display()),
        false => format!("{} is free", data_dir.display()),
    })
}

fn master_key(config: &Config) -> anyhow::Result<String> {
    let keys = &config.consent.keys;
    if keys.secret.is_none() && !keys.file.exists() {
        return Ok(format!("none yet; the first start makes {}", keys.file.display()));
    }
    let ring = KeyRing::open(keys)?;
    Ok(format!("id {}", ledger::key_names(&ring).first().map_or("unknown", String::as_str)))
}

async fn address(config: &Config) -> anyhow::Result<String> {
    let listen = config.listen;
    match TcpListener::bind(listen).await {
        Ok(_) => Ok(format!("{listen} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Ok(format!("{listen} is in use, by this server if it runs"))
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {listen}")),
    }
}

fn remote_services(config: &Config) -> Vec<(&'static str, String)> {
    let urls = &config.urls;
    let services = [
        ("projects", &urls.projects),
        ("sessions", &urls.sessions),
        ("consent", &urls.consent),
        ("ml", &urls.ml),
        ("docauth", &urls.docauth),
        ("transactions", &urls.transactions),
        ("journeys", &urls.journeys),
    ];
    let addresses = |(name, urls): (&'static str, &Option<String>)| {
        let urls = urls.as_deref().unwrap_or_default();
        urls.split(',')
            .filter(|url| !url.is_empty())
            .map(|url| (name, url.trim().to_owned()))
            .collect::<Vec<_>>()
    };
    services.into_iter().flat_map(addresses).collect()
}

async fn reach(url: &str) -> anyhow::Result<String> {
    let uri: tonic::transport::Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let host = uri.host().with_context(|| format!("{url} names no host"))?;
    let default_port = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let port = uri.port_u16().unwrap_or(default_port);
    timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port)))
        .await
        .with_context(|| format!("{url} does not answer"))?
        .with_context(|| format!("{url} cannot be reached"))?;
    Ok(format!("{url} accepts connections"))
}
