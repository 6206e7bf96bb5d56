//! What an operator does on the command line: migrate apart, look at keys, start a service by hand, read why it failed.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

fn biometry(data_dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
    command.args(args).env("BIOMETRY_DATA_DIR", data_dir).envs(env.iter().copied());
    command.output().expect("the CLI runs")
}

fn text(output: &Output) -> String {
    [output.stdout.as_slice(), output.stderr.as_slice()].map(String::from_utf8_lossy).concat()
}

#[test]
fn tables_are_made_and_checked_apart_from_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let check = biometry(&data, &["migrate", "--check"], &[]);
    assert_eq!(check.status.code(), Some(1), "{}", text(&check));
    let never = ("BIOMETRY_PROJECTS__DB__MIGRATE", "never");
    let refused = biometry(&data, &["bootstrap"], &[never]);
    let line = text(&refused);
    assert!(!refused.status.success() && line.contains("run `biometry migrate`"), "{line}");
    assert_eq!(line.trim_end().lines().count(), 1, "one line: {line}");

    let made = biometry(&data, &["migrate"], &[]);
    assert!(made.status.success(), "{}", text(&made));
    let check = biometry(&data, &["migrate", "--check"], &[]);
    assert!(check.status.success() && text(&check).contains("projects: up to date"), "{}", text(&check));
    let made = biometry(&data, &["bootstrap"], &[never]);
    assert!(made.status.success(), "{}", text(&made));
}

#[test]
fn another_master_key_is_one_line_and_the_retired_one_opens() {
    let dir = tempfile::tempdir().unwrap();
    let made = biometry(dir.path(), &["bootstrap"], &[]);
    assert!(made.status.success(), "{}", text(&made));
    let old = std::fs::read_to_string(dir.path().join("master.key")).unwrap();
    let new = "09".repeat(32);
    let secret = ("BIOMETRY_PROJECTS__KEYS__SECRET", new.as_str());
    let refused = biometry(dir.path(), &["bootstrap"], &[secret]);
    let line = text(&refused);
    assert!(
        !refused.status.success() && line.contains("is not the one these tables were written under"),
        "{line}"
    );
    assert_eq!(line.trim_end().lines().count(), 1, "one line: {line}");
    let retired = format!("[\"{}\"]", old.trim());
    let retired = ("BIOMETRY_PROJECTS__KEYS__RETIRED", retired.as_str());
    let made = biometry(dir.path(), &["bootstrap"], &[secret, retired]);
    assert!(made.status.success(), "{}", text(&made));
}

#[test]
fn keys_are_listed_rotated_and_distrusted() {
    let dir = tempfile::tempdir().unwrap();
    assert!(biometry(dir.path(), &["bootstrap"], &[]).status.success());
    let listed = text(&biometry(dir.path(), &["keys", "status"], &[]));
    let signs = |listed: &str| {
        let line = listed.lines().find(|line| line.ends_with(": signs")).expect("one key signs").to_owned();
        line.trim_start_matches("signing key ").trim_end_matches(": signs").to_owned()
    };
    let first = signs(&listed);
    assert!(
        listed.contains("projects: master key") && listed.contains("signing_keys.sealed_private_key: 1"),
        "{listed}"
    );
    let early = biometry(dir.path(), &["keys", "distrust", &first], &[]);
    assert!(!early.status.success() && text(&early).contains("rotate first"), "{}", text(&early));
    assert!(biometry(dir.path(), &["keys", "rotate-signing"], &[]).status.success());
    let done = biometry(dir.path(), &["keys", "distrust", &first], &[]);
    assert!(done.status.success() && text(&done).contains("1 API keys revoked"), "{}", text(&done));
    let listed = text(&biometry(dir.path(), &["keys", "status"], &[]));
    assert!(
        listed.contains(&format!("signing key {first}: distrusted")) && signs(&listed) != first,
        "{listed}"
    );
    let verified = biometry(dir.path(), &["audit", "verify"], &[]);
    assert!(verified.status.success(), "{}", text(&verified));
}

/// As an operator with a careless umask starts it.
#[test]
fn files_are_their_owners_alone_whatever_the_umask() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 000; exec \"$0\" bootstrap", env!("CARGO_BIN_EXE_biometry")]);
    assert!(shell.env("BIOMETRY_DATA_DIR", &data).status().unwrap().success());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}
