//! `biometry backup` and `biometry restore`: a consistent copy of all data of an embedded installation, and its restore.
//!
//! A copy is a folder: each database as SQLite copies it while others write, the media, and `manifest.json`, which is
//! written last: a copy without it is incomplete. The master key is not in it.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use db::Db;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    cli::{BackupArgs, RestoreArgs},
    config::Config,
    data_folder, erasure, migrate,
};

const MANIFEST: &str = "manifest.json";
const FORMAT: u32 = 1;
/// The only file that may be in a data folder before a restore.
const MASTER_KEY: &str = "master.key";

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    version: String,
    /// When the copy began: later erasures must be repeated after a restore.
    began_at_ms: i64,
    /// The heads of the ledgers at that time, as their verification reads and prints them.
    consent_heads: Vec<String>,
    audit_heads: Vec<String>,
    files: Vec<CopiedFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct CopiedFile {
    /// Relative to the folder of the copy.
    path: PathBuf,
    bytes: u64,
    /// Hex.
    sha256: String,
}

/// The parts of an installation, by their names in a copy.
struct Layout {
    databases: Vec<(PathBuf, PathBuf)>,
    folders: Vec<(PathBuf, PathBuf)>,
}

/// Copies everything into a new folder. The server may run meanwhile.
///
/// # Errors
/// When data is not in files of this installation, the ledgers do not verify, or a file cannot be written.
pub async fn backup(args: BackupArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let layout = Layout::of(&config)?;
    let to = args.folder;
    ensure!(is_empty(&to, &[])?, "{} is not empty", to.display());
    fs::create_dir_all(to.join("databases")).with_context(|| to.display().to_string())?;
    let began_at_ms = boot::now_ms();
    let (consent_heads, audit_heads) = heads(&config, &[], &[]).await?;
    let mut files = Vec::new();
    for (name, db, migrations) in migrate::local_databases(&config) {
        let path = Path::new("databases").join(format!("{name}.db"));
        copy_database(db, migrations, &to.join(&path)).await.with_context(|| name.to_owned())?;
        files.push(describe(&to, path)?);
    }
    for (name, folder) in &layout.folders {
        copy_tree(folder, &to, name, &mut files)?;
    }
    let count = files.len();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, version, began_at_ms, consent_heads, audit_heads, files };
    write_synced(&to.join(MANIFEST), &serde_json::to_vec_pretty(&manifest)?)?;
    writeln!(std::io::stdout(), "{count} files copied to {}", to.display())?;
    Ok(())
}

/// Restores a copy into an empty data folder, repeats later erasures, and verifies the ledgers.
///
/// # Errors
/// When the data folder has anything but the master key, the copy is incomplete, or the ledgers do not verify.
pub async fn restore(args: RestoreArgs) -> anyhow::Result<()> {
    let from = args.folder;
    let manifest = fs::read(from.join(MANIFEST)).context("the copy has no manifest: it is not whole")?;
    let manifest: Manifest = serde_json::from_slice(&manifest).context("the manifest")?;
    ensure!(
        manifest.format == FORMAT,
        "the copy has format {}, this program reads {FORMAT}",
        manifest.format
    );
    for file in &manifest.files {
        check_file(&from, file).with_context(|| file.path.display().to_string())?;
    }
    let data_dir = &args.place.data_dir;
    ensure!(
        is_empty(data_dir, &[MASTER_KEY])?,
        "{} holds more than the master key: restore into an empty folder",
        data_dir.display()
    );
    let config = Config::load(&args.place)?;
    let layout = Layout::of(&config)?;
    let lock = data_folder::lock(data_dir)?;
    for file in &manifest.files {
        let to = layout.place_of(&file.path)?;
        ensure!(!to.exists(), "{} exists", to.display());
        copy_file(&from.join(&file.path), &to).with_context(|| to.display().to_string())?;
    }
    let mut out = std::io::stdout();
    writeln!(out, "{} files restored", manifest.files.len())?;
    let erased = match &args.erasures {
        Some(file) => erase_again(&args.place, file, manifest.began_at_ms).await?,
        None => 0,
    };
    writeln!(out, "{erased} users erased again")?;
    heads(&config, &manifest.consent_heads, &manifest.audit_heads).await?;
    writeln!(out, "the ledgers hold against their heads of the copy")?;
    drop(lock);
    Ok(())
}

impl Layout {
    fn of(config: &Config) -> anyhow::Result<Self> {
        let urls = &config.urls;
        let remote =
            [&urls.projects, &urls.sessions, &urls.consent, &urls.ml, &urls.transactions, &urls.journeys];
        ensure!(
            remote.iter().all(|url| url.is_none()),
            "a service runs elsewhere: its database is copied there, as OPERATIONS.md says"
        );
        let (sessions, samples) = (&config.sessions.blob, &config.transactions.samples);
        ensure!(
            sessions.s3.is_none() && samples.s3.is_none(),
            "media lie in S3: they are copied there, as OPERATIONS.md says"
        );
        let mut databases = Vec::new();
        for (name, db, _) in migrate::local_databases(config) {
            let file = db.url.expose_secret().strip_prefix("sqlite://").with_context(|| {
                format!("{name} does not lie in a SQLite file: it is copied as OPERATIONS.md says")
            })?;
            databases.push((Path::new("databases").join(format!("{name}.db")), file.into()));
        }
        let folders = vec![
            ("session-videos".into(), sessions.folder.clone()),
            ("samples".into(), samples.folder.clone()),
        ];
        Ok(Self { databases, folders })
    }

    /// Returns the destination of a file of a copy.
    fn place_of(&self, path: &Path) -> anyhow::Result<PathBuf> {
        if let Some((_, file)) = self.databases.iter().find(|(name, _)| name == path) {
            return Ok(file.clone());
        }
        let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let found = self.folders.iter().filter(|_| is_plain);
        let mut found = found.filter_map(|(name, folder)| Some(folder.join(path.strip_prefix(name).ok()?)));
        found.next().with_context(|| format!("the manifest names {}, which has no place", path.display()))
    }
}

/// Verifies both ledgers, including the earlier `consent` and `audit` heads, and returns their heads.
async fn heads(
    config: &Config,
    consent: &[String],
    audit: &[String],
) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let mut findings = Vec::new();
    let known: Result<Vec<_>, &str> = consent.iter().map(|head| head.parse()).collect();
    let known = known.map_err(anyhow::Error::msg)?;
    let verified =
        svc_consent::verify(config.consent.clone(), known, |found| findings.push(found.to_string()));
    let consent = verified.await?.heads.iter().filter(|head| head.seq > 0).map(ToString::to_string).collect();
    let known: Result<Vec<_>, &str> = audit.iter().map(|head| head.parse()).collect();
    let known = known.map_err(anyhow::Error::msg)?;
    let verified =
        svc_projects::verify_audit(config.projects.clone(), &known, |found| findings.push(found.to_string()));
    let end = verified.await?.end;
    if let Some(first) = findings.first() {
        bail!("the ledgers do not hold ({} findings): {first}", findings.len());
    }
    Ok((consent, Some(end).filter(|end| end.seq > 0).iter().map(ToString::to_string).collect()))
}

/// Repeats the erasures since the copy began, for users that are in the copy.
async fn erase_again(
    place: &crate::cli::InstallationArgs,
    file: &Path,
    since_ms: i64,
) -> anyhow::Result<usize> {
    let config = Config::load(place)?;
    let tombstones = svc_projects::read_tombstones(&config.projects, file).await?;
    let since: Vec<_> = tombstones.into_iter().filter(|erased| erased.erased_at_ms >= since_ms).collect();
    if since.is_empty() {
        return Ok(0);
    }
    let mut known = std::collections::BTreeSet::new();
    known.extend(svc_consent::named_subjects(&config.consent).await?);
    known.extend(svc_sessions::named_subjects(&config.sessions).await?);
    known.extend(svc_ml::named_subjects(&config.ml).await?);
    known.extend(svc_transactions::named_subjects(&config.transactions).await?);
    known.extend(svc_journeys::named_subjects(&config.journeys).await?);
    let was_erased =
        |(project, user): &(String, String)| since.iter().any(|erased| erased.is_about(project, user));
    let again: Vec<_> = known.into_iter().filter(was_erased).collect();
    let erased = again.len();
    erasure::erase_all(config, again).await?;
    Ok(erased)
}

async fn copy_database(
    config: &db::Config,
    migrations: &'static sqlx::migrate::Migrator,
    to: &Path,
) -> anyhow::Result<()> {
    let Db::Lite(lite) = Db::open(config, migrations).await? else { bail!("does not lie in a SQLite file") };
    let copied = lite.copy_to(to).await;
    lite.pool().close().await;
    copied?;
    File::open(to)?.sync_all()?;
    Ok(())
}

/// Skips files that are deleted meanwhile, and files being written.
fn copy_tree(from: &Path, to: &Path, name: &Path, files: &mut Vec<CopiedFile>) -> anyhow::Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| from.display().to_string())?,
    };
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_tree(&path, to, &name, files)?;
        } else if !name.to_string_lossy().contains('#') {
            match copy_file(&path, &to.join(&name)) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                copied => copied.with_context(|| path.display().to_string())?,
            }
            files.push(describe(to, name)?);
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut source = File::open(from)?;
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut copy = File::create_new(to)?;
    std::io::copy(&mut source, &mut copy)?;
    copy.sync_all()
}

fn describe(folder: &Path, path: PathBuf) -> anyhow::Result<CopiedFile> {
    let (bytes, sha256) = digest(&folder.join(&path))?;
    Ok(CopiedFile { path, bytes, sha256 })
}

fn check_file(folder: &Path, file: &CopiedFile) -> anyhow::Result<()> {
    let (bytes, sha256) = digest(&folder.join(&file.path))?;
    ensure!(bytes == file.bytes && sha256 == file.sha256, "the copy was changed or is not whole");
    Ok(())
}

fn digest(path: &Path) -> anyhow::Result<(u64, String)> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hex::encode(hash.finalize())));
        }
        bytes += read as u64;
        hash.update(&buffer[..read]);
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}

/// Whether a folder is missing or has only `allowed`.
fn is_empty(folder: &Path, allowed: &[&str]) -> anyhow::Result<bool> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        entries => {
            for entry in entries.with_context(|| folder.display().to_string())? {
                let name = entry?.file_name();
                if !allowed.iter().any(|allowed| name == *allowed) {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}
