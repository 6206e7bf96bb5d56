//! SQL is written in `store.rs` and `store/` alone, without macros, and run through this crate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Crates that own tables or connections.
const OWN: [&str; 3] = ["crates/db/", "crates/ledger/", "crates/testkit/"];
const STATEMENTS: [&str; 5] = ["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM ", "\"WITH "];
const CALLS: [&str; 5] = ["sqlx::query", "use sqlx::{query", "QueryBuilder", "raw_sql", "sqlx::Row"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let is_source = !["target", "node_modules", ".git"].iter().any(|name| path.ends_with(name));
            if is_source {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn sql_is_written_in_stores_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let mut files = Vec::new();
    for folder in fs::read_dir(&root).unwrap() {
        let folder = folder.unwrap().path();
        // Tests and examples read tables directly, to compare them with the service's responses.
        let is_code =
            |name: &str| name == "crates" || name == "gateway" || name == "src" || name.starts_with("svc-");
        if folder.file_name().and_then(|name| name.to_str()).is_some_and(is_code) {
            sources(&folder, &mut files);
        }
    }
    let mut stores = 0;
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if OWN.iter().any(|own| name.starts_with(own)) || !name.contains("src/") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for call in CALLS {
            assert!(!text.contains(call), "{name} runs SQL past crates/db: {call}");
        }
        let has_sql = STATEMENTS.iter().any(|statement| text.contains(statement));
        let is_store = name.ends_with("/store.rs") || name.contains("/store/");
        // Unit tests in separate files read tables directly.
        let is_test = name.ends_with("/tests.rs") || name.ends_with("_tests.rs");
        let has_macros = text.contains("macro_rules!") || text.contains("concat!(");
        assert!(
            !has_sql || !has_macros,
            "{name} has macros beside its SQL: use constants and arrays of them"
        );
        assert!(!has_sql || is_store || is_test, "{name} has SQL outside of a store");
        stores += usize::from(has_sql && is_store);
    }
    assert!(stores > 30, "only {stores} files of stores were found");
}
