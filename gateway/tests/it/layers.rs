//! The layers of the gateway, read from its sources: dialects over http over core, no arrow upward, no circle of folders,
//! at most seven levels, and calls to services in core alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const MAX_LEVELS: usize = 7;

/// A folder of modules, `dialects/biometry_v1`; a file of the top level is a room of its own.
type Room = String;

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The text without its unit tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned()
}

/// The room of a module: the first segment, and for dialects the second as well.
fn room<'a>(mut segments: impl Iterator<Item = &'a str>) -> Option<Room> {
    match (segments.next()?, segments.next()) {
        ("dialects", Some(dialect)) => Some(format!("dialects/{dialect}")),
        (top, _) => Some(top.to_owned()),
    }
}

/// Paths that begin with `crate::`, with use trees written out.
fn crate_paths(code: &str) -> Vec<Vec<String>> {
    let code: String =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        expand(&code[at + "crate::".len()..], &mut Vec::new(), &mut paths);
    }
    paths
}

/// Reads one branch of a use tree or a path; returns how much of the text it is.
fn expand(text: &str, prefix: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> usize {
    let trimmed = text.trim_start();
    let skipped = text.len() - trimmed.len();
    if let Some(inside) = trimmed.strip_prefix('{') {
        let mut at = 0;
        loop {
            let rest = inside[at..].trim_start_matches([' ', '\n', ',']);
            at = inside.len() - rest.len();
            if rest.starts_with('}') || rest.is_empty() {
                return skipped + 1 + at + 1;
            }
            at += expand(rest, prefix, paths);
        }
    }
    let name: String = trimmed.chars().take_while(|c| c.is_alphanumeric() || "_*".contains(*c)).collect();
    let mut used = skipped + name.len();
    prefix.push(name);
    let rest = &text[used..];
    if let Some(rest) = rest.strip_prefix("::") {
        used += 2 + expand(rest, prefix, paths);
    } else {
        paths.push(prefix.clone());
        let alias = rest
            .strip_prefix(" as ")
            .map_or(0, |rest| 4 + rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').count());
        used += alias;
    }
    prefix.pop();
    used
}

/// What each room uses, without itself.
fn arrows() -> BTreeMap<Room, BTreeSet<Room>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut arrows: BTreeMap<Room, BTreeSet<Room>> = BTreeMap::new();
    for file in files {
        let relative = file.strip_prefix(&root).unwrap().with_extension("");
        let segments: Vec<&str> = relative.iter().map(|part| part.to_str().unwrap()).collect();
        // The crate's root and the list of dialects only declare modules.
        if ["lib", "main", "dialects"].contains(&relative.to_str().unwrap()) {
            continue;
        }
        let from = room(segments.into_iter()).unwrap();
        let uses = arrows.entry(from.clone()).or_default();
        for path in crate_paths(&code(&file)) {
            uses.extend(room(path.iter().map(String::as_str)).filter(|to| *to != from));
        }
    }
    arrows
}

fn layer(room: &str) -> usize {
    match room {
        "config" => 1,
        "core" => 2,
        "http" => 3,
        _ if room.starts_with("dialects/") => 4,
        "app" => 5,
        other => panic!("{other} is in no layer"),
    }
}

#[test]
fn arrows_go_down_only_and_no_dialect_knows_another() {
    for (from, uses) in arrows() {
        for to in uses {
            assert!(layer(&to) < layer(&from), "{from} uses {to}");
        }
    }
}

#[test]
fn the_gateway_has_at_most_seven_levels_and_no_circle() {
    let arrows = arrows();
    let mut levels: BTreeMap<&str, usize> = BTreeMap::new();
    while levels.len() < arrows.len() {
        let known = levels.len();
        for (room, uses) in &arrows {
            let below: Option<Vec<usize>> = uses.iter().map(|to| levels.get(to.as_str()).copied()).collect();
            if let Some(below) = below {
                levels.insert(room, 1 + below.into_iter().max().unwrap_or(0));
            }
        }
        assert!(levels.len() > known, "a circle among {:?}", arrows.keys().collect::<Vec<_>>());
    }
    assert!(levels.values().all(|level| *level <= MAX_LEVELS), "{levels:?}");
    assert!(arrows.len() >= 8, "{levels:?}");
}

/// The files above core that may not call services. A dialect translates; it reaches services through core.
#[test]
fn dialects_and_http_call_no_service() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root.join("http"), &mut files);
    sources(&root.join("dialects"), &mut files);
    assert!(files.len() > 50);
    for file in files {
        let code = code(&file);
        for forbidden in ["_client::", "rpc::Transport", ".services()", "Client::new"] {
            assert!(!code.contains(forbidden), "{} has {forbidden}", file.display());
        }
    }
}

/// Only the recording middleware begins a record, so that every operation that takes one is recorded.
#[test]
fn a_transaction_record_begins_in_the_recording_middleware_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let begin = files.iter().filter(|file| code(file).contains("TransactionRecord::begin("));
    let begin: Vec<_> = begin.map(|file| file.strip_prefix(&root).unwrap().to_str().unwrap()).collect();
    assert_eq!(begin, ["http/recording.rs"]);
}
