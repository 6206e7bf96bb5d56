//! Fuzz targets: one function for each parser of bytes that clients send.
//!
//! A target takes any bytes and must return; it asserts what must hold besides. The same functions run for some seconds
//! in the tests (`tests/briefly.rs`: the corpus in `fuzz/corpus` and mutations of it) and for as long as one likes under
//! libFuzzer, which looks for new paths (`fuzz/`, `make fuzz`).

mod media_files;
mod mutation;

use std::path::PathBuf;

use document::{Mrz, Page, forensics};
use emrtd::{ChipFiles, IssuerStatus, TrustStore};
use scoring::{DocumentEvidence, Outcome, Rules, Verdict};

pub use media_files::{demux, sound, still};
pub use mutation::Mutations;

/// A fuzz target: takes any bytes and does not panic.
pub type Target = fn(&[u8]);

/// All targets, by the names of their corpora.
pub const TARGETS: [(&str, Target); 12] = [
    ("decode", decode),
    ("zone", zone),
    ("rules", rules),
    ("chip", chip),
    ("demux", demux),
    ("sound", sound),
    ("still", still),
    ("print", print),
    ("form", form),
    ("headers", headers),
    ("token", token),
    ("chunks", chunks),
];

/// The public key whose tokens are in the corpus.
pub const TOKEN_KEY: [u8; 32] = *include_bytes!("token_key.bin");

/// Bytes as the picture of a document.
pub fn decode(bytes: &[u8]) {
    let _ = forensics::editor(bytes);
    if let Ok(page) = Page::decode(bytes) {
        assert!(page.width() > 0 && page.height() > 0, "a page without pixels");
        assert_eq!(page.rgb.as_raw().len(), page.width() as usize * page.height() as usize * 3);
    }
}

/// Bytes as the pixels of a print, 120 a row and repeated to 120 rows at least, and as minutiae.
pub fn print(bytes: &[u8]) {
    const SIDE: usize = 120;
    /// More pixels only take longer.
    const MAX_ROWS: usize = 300;
    if let Some(print) = fingerprint::Print::from_bytes(bytes) {
        assert!(print.compare(&print).is_ok(), "a comparison that fails");
        assert_eq!(print.to_bytes().as_deref(), Some(bytes), "minutiae that are not as they were sent");
    }
    if let Ok(template) = fingerprint::Template::from_bytes(bytes) {
        assert!(template.compare(&template).is_ok(), "a comparison that fails");
    }
    if bytes.is_empty() {
        return;
    }
    let rows = (bytes.len() / SIDE).clamp(SIDE, MAX_ROWS);
    let pixels: Vec<u8> = bytes.iter().copied().cycle().take(rows * SIDE).collect();
    let height = u32::try_from(rows).unwrap_or(u32::MAX);
    let done = fingerprint::Print::try_pixels(&pixels, SIDE as u32, height);
    assert!(!matches!(done, Err(fingerprint::Error::Media(_))), "no picture is decoded here");
}

/// Text as the lines of a machine readable zone.
pub fn zone(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<String> = text.lines().take(4).map(str::to_owned).collect();
    if let Some(zone) = Mrz::parse_lines(&lines) {
        assert!(zone.lines.iter().all(|line| line.is_ascii()), "a zone is of A-Z, 0-9 and <");
        let _ = zone.all_digits_right();
    }
}

/// A line of scoring rules and one of what a document gave.
pub fn rules(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (rules, evidence) = text.split_once('\n').unwrap_or((&text, ""));
    let Ok(rules) = Rules::parse(rules) else { return };
    let written = serde_json::to_string(&rules).unwrap_or_default();
    assert_eq!(Rules::parse(&written).ok().as_ref(), Some(&rules), "rules that cannot be read back");
    let Ok(evidence) = serde_json::from_str::<DocumentEvidence>(evidence) else { return };
    let decision = scoring::decide_document(&rules.documents, &evidence);
    let failed = |c: &scoring::DocumentCheck| c.outcome == Outcome::Failed;
    let digits = evidence.checks.iter().any(|c| c.name == "mrz_check_digits" && failed(c));
    assert!(!digits || decision.verdict == Verdict::Fail, "wrong check digits that do not fail");
    assert!((0.0..=100.0).contains(&decision.score), "a score of {}", decision.score);
}

/// Bytes as each file of a chip, and as a file of the operator's authorities.
pub fn chip(bytes: &[u8]) {
    let files = ChipFiles { security_object: bytes.to_vec(), groups: [(1, b"one".to_vec())].into() };
    // A day in the validity of the corpus's certificates.
    let today = time::macros::date!(2027 - 01 - 01);
    if let Ok(found) = emrtd::authenticate(&files, &TrustStore::default(), today) {
        assert_eq!(found.issuer, IssuerStatus::NoAuthorities, "trusted without an authority");
    }
    let _ = TrustStore::default().add_file(bytes);
    if let Ok(lines) = emrtd::read_mrz(bytes) {
        assert!(lines.iter().all(|line| line.is_ascii()), "a zone is of A-Z, 0-9 and <");
    }
    if let Ok(portrait) = emrtd::read_portrait(bytes) {
        assert!(portrait.jpeg.starts_with(b"\xff\xd8"), "a portrait that is no JPEG");
    }
}

/// Bytes as the body of an upload.
pub fn form(bytes: &[u8]) {
    let _ = gateway::fuzzing::form(bytes);
}

/// Lines as the headers of a request.
pub fn headers(bytes: &[u8]) {
    let _ = gateway::fuzzing::headers(bytes);
}

/// Plain bytes, sealed as the chunks of a stored object and changed.
pub fn chunks(bytes: &[u8]) {
    blob::fuzzing::chunks(bytes);
}

/// Text as the token of an API key.
pub fn token(bytes: &[u8]) {
    if let Some(id) = gateway::fuzzing::token(bytes, &TOKEN_KEY) {
        assert_eq!(id, "key-1", "a token nobody signed");
    }
}

/// The seeds of a target, kept in the repository; a few hundred bytes each.
///
/// # Errors
/// The folder cannot be read.
pub fn corpus(name: &str) -> std::io::Result<Vec<Vec<u8>>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    files.iter().map(std::fs::read).collect()
}
