//! Anchors: heads of ledgers, noted outside their databases.
//!
//! A chain with its newest entries removed, or a restored old database, still verifies against itself. It does not
//! verify against a head noted where the database's writer cannot write: an append-only file or a file on another
//! machine, or an HTTP receiver.

use std::{
    fs::OpenOptions,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Where and how often the heads of a service's ledger are noted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnchorConfig {
    /// A file to append to, one JSON object per line; verification reads it.
    pub file: Option<PathBuf>,
    /// The operator's HTTP receiver of each line.
    pub url: Option<String>,
    /// Seconds between checks; unchanged heads are not noted again.
    pub every_seconds: u64,
}

impl Default for AnchorConfig {
    fn default() -> Self {
        Self { file: None, url: None, every_seconds: 3600 }
    }
}

/// Heads of one ledger at one time: a line of the file, and the body sent to the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    pub ledger: String,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// In the form that the ledger's verification reads and prints.
    pub heads: Vec<String>,
    /// Signed checkpoints (C2SP tlog-checkpoint). Lines of earlier releases have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<String>,
}

/// The current heads of a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    pub heads: Vec<String>,
    /// Signed; identical while the log does not grow.
    pub checkpoints: Vec<String>,
}

impl Ends {
    /// Returns the entries that `noted` lacks.
    fn since(&self, noted: &Self) -> Self {
        let new = |now: &[String], noted: &[String]| {
            now.iter().filter(|text| !noted.contains(text)).cloned().collect::<Vec<_>>()
        };
        Self {
            heads: new(&self.heads, &noted.heads),
            checkpoints: new(&self.checkpoints, &noted.checkpoints),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    #[error("{path}: line {line} is not an anchor")]
    Malformed { path: PathBuf, line: usize },
    #[error("cannot use the anchor file")]
    File(#[from] io::Error),
    #[error("the anchor receiver failed")]
    Receiver(#[from] reqwest::Error),
}

/// Returns every head of `ledger` in the file, oldest first. Without a file there is none.
///
/// # Errors
/// When the file cannot be read, or has a line that is not an anchor: it was changed.
pub fn noted_heads(config: &AnchorConfig, ledger: &str) -> Result<Vec<String>, AnchorError> {
    Ok(read_anchors(config, ledger)?.into_iter().flat_map(|anchor| anchor.heads).collect())
}

/// Returns every signed checkpoint of `ledger` in the file, oldest first.
///
/// # Errors
/// As [`noted_heads`].
pub fn noted_checkpoints(config: &AnchorConfig, ledger: &str) -> Result<Vec<String>, AnchorError> {
    Ok(read_anchors(config, ledger)?.into_iter().flat_map(|anchor| anchor.checkpoints).collect())
}

fn read_anchors(config: &AnchorConfig, ledger: &str) -> Result<Vec<Anchor>, AnchorError> {
    let Some(path) = &config.file else { return Ok(Vec::new()) };
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let mut anchors = Vec::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let malformed = |_| AnchorError::Malformed { path: path.clone(), line: index + 1 };
        let anchor: Anchor = serde_json::from_str(&line?).map_err(malformed)?;
        if anchor.ledger == ledger {
            anchors.push(anchor);
        }
    }
    Ok(anchors)
}

/// Notes the heads of `ledger` now and periodically; `read` returns them. `None` when no anchor is configured. The
/// task ends with the handle.
pub fn start_anchoring<R, F, E>(
    config: &AnchorConfig,
    ledger: &'static str,
    now_ms: fn() -> i64,
    read: R,
) -> Option<AbortOnDropHandle<()>>
where
    R: Fn() -> F + Send + 'static,
    F: Future<Output = Result<Ends, E>> + Send,
    E: std::fmt::Display,
{
    if config.file.is_none() && config.url.is_none() {
        return None;
    }
    let config = config.clone();
    let task = tokio::spawn(async move {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build().unwrap_or_default();
        let mut interval = tokio::time::interval(Duration::from_secs(config.every_seconds.max(1)));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut noted = Ends::default();
        loop {
            interval.tick().await;
            let ends = match read().await {
                Ok(ends) => ends,
                Err(error) => {
                    tracing::error!(ledger, %error, "cannot read the heads of a ledger to anchor them");
                    continue;
                }
            };
            let moved = ends.since(&noted);
            if moved == Ends::default() {
                continue;
            }
            let Ends { heads, checkpoints } = moved;
            let anchor = Anchor { ledger: ledger.to_owned(), at_ms: now_ms(), heads, checkpoints };
            match note(&config, &http, &anchor).await {
                Ok(()) => noted = ends,
                Err(error) => tracing::error!(ledger, %error, "cannot anchor the heads of a ledger"),
            }
        }
    });
    Some(AbortOnDropHandle::new(task))
}

async fn note(config: &AnchorConfig, http: &reqwest::Client, anchor: &Anchor) -> Result<(), AnchorError> {
    if let Some(path) = &config.file {
        append(path, anchor)?;
    }
    if let Some(url) = &config.url {
        http.post(url).json(anchor).send().await?.error_for_status()?;
    }
    Ok(())
}

/// Appends a line; it is on disk when this returns.
fn append(path: &Path, anchor: &Anchor) -> io::Result<()> {
    let mut line = serde_json::to_vec(anchor)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(&line)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    async fn until(so: impl Fn() -> bool) {
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while !so() {
            assert!(std::time::Instant::now() < deadline, "the condition did not become true");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn heads_are_noted_as_they_move() {
        let folder = tempfile::tempdir().unwrap();
        let config = AnchorConfig {
            file: Some(folder.path().join("anchors")),
            every_seconds: 1,
            ..AnchorConfig::default()
        };
        let now = Arc::new(Mutex::new(vec!["a:1:x".to_owned(), "b:1:y".to_owned()]));
        let read = {
            let now = now.clone();
            move || {
                let heads = now.lock().unwrap().clone();
                let checkpoints = heads.iter().map(|head| format!("signed {head}")).collect();
                std::future::ready(Ok::<_, String>(Ends { heads, checkpoints }))
            }
        };
        let task = start_anchoring(&config, "consent", || 7, read).unwrap();
        until(|| noted_heads(&config, "consent").unwrap().len() == 2).await;
        *now.lock().unwrap() = vec!["a:2:z".to_owned(), "b:1:y".to_owned()];
        until(|| noted_heads(&config, "consent").unwrap().len() == 3).await;
        drop(task);
        assert_eq!(noted_heads(&config, "consent").unwrap(), ["a:1:x", "b:1:y", "a:2:z"], "b did not move");
        let signed = ["signed a:1:x", "signed b:1:y", "signed a:2:z"];
        assert_eq!(noted_checkpoints(&config, "consent").unwrap(), signed);
        assert!(noted_heads(&config, "audit").unwrap().is_empty());

        let file = config.file.clone().unwrap();
        std::fs::write(&file, "{}\n").unwrap();
        let refused = noted_heads(&config, "consent").unwrap_err().to_string();
        assert!(refused.ends_with("line 1 is not an anchor"), "{refused}");
    }

    #[tokio::test]
    async fn nothing_is_done_where_nowhere_is_configured() {
        let read = || std::future::ready(Ok::<_, String>(Ends::default()));
        assert!(start_anchoring(&AnchorConfig::default(), "audit", || 7, read).is_none());
        assert!(noted_heads(&AnchorConfig::default(), "audit").unwrap().is_empty());
    }
}
