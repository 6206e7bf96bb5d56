//! Reads generated documents, or the pictures of a folder, and writes what was read beside the truth, one JSON object a
//! line: `accuracy OUT genuine|attacks|codes|ATTACK FIRST_SEED COUNT` or `accuracy OUT pictures FOLDER`; ATTACK is one of them by
//! its name, photographed in every light; `codes` are badly photographed licences and backs of cards.
//!
//! Documents that a seed already has in OUT are left out, so a run that was stopped goes on. `tests/accuracy/documents.py`
//! makes tables of it.

use std::{
    collections::HashSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use document::{Engine, Mrz, Report};
use models::{Pack, Runtime};
use serde_json::{Value, json};
use specimens::{Attack, Kind, Level, Plan, Studio, TODAY};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Engines that work side by side, where the environment's WORKERS says nothing else.
const WORKERS: usize = 2;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [out, "pictures", folder] => pictures(Path::new(out), Path::new(folder)),
        [out, set, first, count] => {
            generated(Path::new(out), Set::named(set)?, first.parse()?, count.parse()?)
        }
        _ => Err(
            "usage: accuracy OUT genuine|attacks|codes|ATTACK FIRST_SEED COUNT, or accuracy OUT pictures FOLDER"
                .into(),
        ),
    }
}

/// The specimens to generate.
#[derive(Clone, Copy)]
enum Set {
    Genuine,
    /// Every attack in turn, photographed with care.
    Attacks,
    /// Badly photographed documents with a barcode.
    Codes,
    One(Attack),
}

impl Set {
    fn named(name: &str) -> Result<Self, serde_json::Error> {
        Ok(match name {
            "genuine" => Self::Genuine,
            "attacks" => Self::Attacks,
            "codes" => Self::Codes,
            attack => Self::One(serde_json::from_value(json!(attack))?),
        })
    }
}

/// Of ten documents six are photographed with care, two scanned, two photographed badly.
fn plan(index: u64, set: Set) -> Plan {
    if let Set::Attacks = set {
        let attack = Attack::ALL[(index % Attack::ALL.len() as u64) as usize];
        // Only what has a zone and a portrait can be forged in all these ways.
        let index = index / Attack::ALL.len() as u64;
        let front = Kind::ALL[(index % 3) as usize];
        return Plan {
            kind: if attack == Attack::BarcodeOther { Kind::CardBack } else { front },
            ..Plan::nth(index, Level::Moderate, Some(attack))
        };
    }
    if let Set::Codes = set {
        let kind = if index.is_multiple_of(2) { Kind::Licence } else { Kind::CardBack };
        return Plan { kind, ..Plan::nth(index, Level::Hard, None) };
    }
    // Every kind in every light: the light changes when each kind had it.
    let level = match index / Kind::ALL.len() as u64 % 10 {
        2 | 7 => Level::Scan,
        4 | 9 => Level::Hard,
        _ => Level::Moderate,
    };
    let Set::One(attack) = set else { return Plan::nth(index, level, None) };
    Plan { attack: Some(attack), ..Plan::nth(index, level, None) }
}

fn generated(out: &Path, set: Set, first: u64, count: u64) -> Result<(), Failure> {
    let faces = std::env::var_os("FACES").map(PathBuf::from);
    let studio = Studio::with_faces(faces.as_deref())?;
    let runtime = Runtime::load(&Pack::open(None)?)?;
    let first_engine = Engine::load(&runtime)?;
    let workers = std::env::var("WORKERS").map_or(Ok(WORKERS), |text| text.parse())?;
    let done = seeds(out);
    let file = Mutex::new(fs::File::options().create(true).append(true).open(out)?);
    let next = AtomicU64::new(0);
    let work = || -> Result<(), Failure> {
        let mut engine = first_engine.twin(&runtime)?;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok(());
            }
            if done.contains(&(first + index)) {
                continue;
            }
            let made = studio.make(first + index, &plan(index, set))?;
            let started = cpu_ms();
            let read = engine.inspect(&made.jpeg, TODAY);
            let line =
                json!({"truth": made.truth, "read": describe_report(read), "cpu_ms": cpu_ms() - started});
            let mut file = file.lock().map_err(|_| "another worker failed")?;
            writeln!(file, "{line}")?;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|w| w.join().map_err(|_| "a worker panicked")?)
    })
}

/// Processor time of this thread, as Linux counts it; reading starts no other thread.
fn cpu_ms() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0) / 1_000_000
}

fn seeds(out: &Path) -> HashSet<u64> {
    let text = fs::read_to_string(out).unwrap_or_default();
    let lines = text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    lines.filter_map(|l| l["truth"]["seed"].as_u64()).collect()
}

fn pictures(out: &Path, folder: &Path) -> Result<(), Failure> {
    let mut engine = Engine::load(&Runtime::load(&Pack::open(None)?)?)?;
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    let mut file = fs::File::create(out)?;
    for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "jpg" || e == "png")) {
        let bytes = fs::read(path)?;
        let started = cpu_ms();
        let read = engine.inspect(&bytes, TODAY);
        let took = cpu_ms() - started;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        writeln!(file, "{}", json!({"file": name, "read": describe_report(read), "cpu_ms": took}))?;
    }
    Ok(())
}

fn describe_report(read: Result<Report, document::Error>) -> Value {
    match read {
        Err(error) => json!({"error": error.to_string()}),
        Ok(report) => json!({
            "kind": report.kind,
            "turned": report.turned,
            "fields": report.fields,
            "zone": report.mrz.as_ref().map(|m| &m.lines),
            "digits_right": report.mrz.as_ref().map(|m| m.check_digits.iter().all(|(_, right)| *right)),
            "field_confidence": report.mrz.as_ref().map(field_confidence),
            "checks": report.checks,
            "signals": report.signals,
            "cannot_judge": report.cannot_judge,
            "outline": report.outline,
            "portrait": report.portrait.is_some(),
            "ghost": report.ghost.is_some(),
        }),
    }
}

/// The confidence of each field, and the doubts about it.
fn field_confidence(mrz: &Mrz) -> Value {
    const UNCHECKED: [&str; 4] = ["issuing state", "nationality", "sex", "names"];
    let all = mrz.check_digits.iter().map(|(name, _)| *name).chain(UNCHECKED);
    let zone_field = |name: &str| json!({"least": mrz.field_confidence(name), "doubt": mrz.doubt(name)});
    all.map(|name| (name.to_owned(), zone_field(name))).collect()
}
