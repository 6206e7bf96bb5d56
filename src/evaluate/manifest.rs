//! The manifest of an evaluation: one JSON object per line.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use svc_ml::{Calibrated, judge::Question};

/// The kind of evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Compare the face of the probe with the reference (pictures or videos)
    Face,
    /// Compare the voice of the probe with the reference (sound or videos)
    Voice,
    /// Judge the liveness of the video's face
    Liveness,
    /// Judge whether the video was filmed rather than generated
    MediaAuthenticity,
    /// Judge whether the face of the video speaks
    ActiveSpeaker,
    /// Judge whether the lips show the phrase
    VisualSpeech,
    /// Judge whether the phrase was spoken
    Phrase,
    /// Check the document, and decide by the rules (a picture)
    Document,
    /// Compare the fingerprint of the probe with the reference (pictures)
    Fingerprint,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match (self, self.calibrated()) {
            (_, Some(calibrated)) => calibrated.as_str(),
            (Self::Fingerprint, None) => "fingerprint",
            (_, None) => "document",
        }
    }

    /// Returns its calibrated kind in the models service, if any.
    pub fn calibrated(self) -> Option<Calibrated> {
        Some(match self {
            Self::Face => Calibrated::Face,
            Self::Voice => Calibrated::Voice,
            Self::Liveness => Calibrated::Liveness,
            Self::MediaAuthenticity => Calibrated::MediaAuthenticity,
            Self::ActiveSpeaker => Calibrated::ActiveSpeaker,
            Self::VisualSpeech => Calibrated::VisualSpeech,
            Self::Phrase => Calibrated::Phrase,
            Self::Document | Self::Fingerprint => return None,
        })
    }

    pub fn compares(self) -> bool {
        matches!(self, Self::Face | Self::Voice | Self::Fingerprint)
    }

    fn is_about_words(self) -> bool {
        matches!(self, Self::VisualSpeech | Self::Phrase)
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub id: String,
    pub probe: PathBuf,
    #[serde(default)]
    pub reference: Option<PathBuf>,
    /// The expected phrase.
    #[serde(default)]
    pub phrase: Option<String>,
    /// The spoken words, if different from `phrase` (an impostor's), for the word error rate.
    #[serde(default)]
    pub said: Option<String>,
    /// The subject of the probe, the bootstrap unit. Without one, every item counts as its own subject.
    #[serde(default)]
    pub subject: Option<String>,
    /// genuine, live, bona_fide, expected: should be accepted; everything else (impostor, attack, ...) should be
    /// rejected.
    pub label: String,
    /// The species of an attack.
    #[serde(default)]
    pub attack: Option<String>,
    #[serde(default)]
    pub group: Option<String>,
}

#[derive(Debug)]
pub struct Manifest {
    pub items: Vec<Item>,
}

impl Manifest {
    /// Parses and checks every line before anything is judged, so that a typo costs no time. Paths are relative to
    /// the manifest.
    ///
    /// # Errors
    /// Names the line and the error.
    pub fn read(path: &Path, kind: Kind) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut items = Vec::new();
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        for (number, line) in lines {
            let item = item(line, folder, kind);
            items.push(item.with_context(|| format!("{} line {}", path.display(), number + 1))?);
        }
        ensure!(!items.is_empty(), "{} holds no item", path.display());
        let mut ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            bail!("the id {} stands twice", twice[0]);
        }
        Ok(Self { items })
    }

    /// Checks that its items have several groups, which a comparison of groups requires.
    ///
    /// # Errors
    /// When they do not.
    pub fn check_groups(&self) -> anyhow::Result<()> {
        let mut groups: Vec<&str> = self.items.iter().filter_map(|item| item.group.as_deref()).collect();
        groups.sort_unstable();
        groups.dedup();
        ensure!(groups.len() > 1, "--group needs items of at least two groups: give each item its \"group\"");
        Ok(())
    }
}

fn item(line: &str, folder: &Path, kind: Kind) -> anyhow::Result<Item> {
    let mut item: Item = serde_json::from_str(line)?;
    ensure!(!kind.compares() || item.reference.is_some(), "kind {} needs a \"reference\"", kind.as_str());
    ensure!(!kind.is_about_words() || item.phrase.is_some(), "kind {} needs a \"phrase\"", kind.as_str());
    for path in std::iter::once(&mut item.probe).chain(&mut item.reference) {
        *path = folder.join(&*path);
        ensure!(path.is_file(), "{} is no file", path.display());
    }
    Ok(item)
}

/// The evaluation of the item's probe.
///
/// # Errors
/// When a required field is missing, or the kind is not one of the models service.
pub fn question(kind: Kind, item: &Item) -> anyhow::Result<Question> {
    let reference = || item.reference.clone().context("a reference is needed");
    let phrase = || item.phrase.clone().context("a phrase is needed");
    Ok(match kind {
        Kind::Face => Question::Face { reference: reference()? },
        Kind::Voice => Question::Voice { reference: reference()? },
        Kind::Liveness => Question::Liveness,
        Kind::MediaAuthenticity => Question::MediaAuthenticity,
        Kind::ActiveSpeaker => Question::ActiveSpeaker,
        Kind::VisualSpeech => Question::VisualSpeech { phrase: phrase()? },
        Kind::Phrase => Question::Phrase { phrase: phrase()? },
        Kind::Document | Kind::Fingerprint => bail!("kind {} is no question of media", kind.as_str()),
    })
}

/// Returns the wrong words and all words, compared with the spoken ones.
pub fn word_errors(kind: Kind, item: &Item, words: Option<&str>) -> Option<(usize, usize)> {
    let truth = item.said.as_ref().or(item.phrase.as_ref()).filter(|_| kind.is_about_words())?;
    let truth = svc_ml::judge::normal_words(truth);
    let truth: Vec<&str> = truth.iter().map(String::as_str).collect();
    let words: Vec<&str> = words?.split_whitespace().collect();
    Some((trials::words::errors(&truth, &words), truth.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str, kind: Kind) -> Result<Manifest, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.mp4"), b"x").unwrap();
        let path = dir.path().join("m.jsonl");
        std::fs::write(&path, lines).unwrap();
        Manifest::read(&path, kind).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn paths_are_relative_to_the_manifest() {
        let read = read("{\"id\":\"1\",\"probe\":\"a.mp4\",\"label\":\"live\"}\n\n", Kind::Liveness).unwrap();
        assert!(read.items[0].probe.ends_with("a.mp4") && read.items[0].probe.is_absolute());
    }

    #[test]
    fn an_error_is_reported_with_its_line() {
        let live = r#"{"id":"1","probe":"a.mp4","label":"live"}"#;
        let cases = [
            (String::new(), Kind::Liveness, "holds no item"),
            (format!("{live}\n{live}"), Kind::Liveness, "the id 1 stands twice"),
            (format!("{live}\n{{}}"), Kind::Liveness, "line 2: missing field"),
            (live.replace("a.mp4", "b.mp4"), Kind::Liveness, "b.mp4 is no file"),
            (live.to_owned(), Kind::Face, "kind face needs a \"reference\""),
            (live.to_owned(), Kind::Phrase, "kind phrase needs a \"phrase\""),
            (live.replace("label", "labl"), Kind::Liveness, "unknown field `labl`"),
        ];
        for (lines, kind, expected) in cases {
            let error = read(&lines, kind).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
