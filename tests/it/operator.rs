//! An operator's work on the command line: migrate separately, inspect keys, start a service by hand, find out why it
//! failed.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
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

/// The services with a master key, and the prefix of its settings.
const KEYED: [(&str, &str); 5] = [
    ("projects", "BIOMETRY_PROJECTS__KEYS"),
    ("sessions", "BIOMETRY_SESSIONS__BLOB__KEYS"),
    ("consent", "BIOMETRY_CONSENT__KEYS"),
    ("ml", "BIOMETRY_ML__KEYS"),
    ("transactions", "BIOMETRY_TRANSACTIONS__KEYS"),
];

/// Settings with which every service seals under `secret` and opens values sealed under `retired`.
fn keyed(tables: &[(String, String)], secret: &str, retired: Option<&str>) -> Vec<(String, String)> {
    let mut settings = tables.to_vec();
    for (_, prefix) in KEYED {
        settings.push((format!("{prefix}__SECRET"), secret.repeat(32)));
        if let Some(retired) = retired {
            settings.push((format!("{prefix}__RETIRED"), format!("[\"{}\"]", retired.repeat(32))));
        }
    }
    settings
}

fn run(data_dir: &Path, args: &[&str], settings: &[(String, String)]) -> Output {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    biometry(data_dir, args, &settings)
}

/// Records consents of many people, so that a rewrap takes some time.
fn record_consents(db: db::Config, secret: &str) {
    use proto::consent::{ConsentKind, RecordConsentRequest, consent_client::ConsentClient};
    let keys = blob::KeyConfig { secret: Some(secret.repeat(32).into()), ..blob::KeyConfig::default() };
    let config = svc_consent::Config { db, keys, anchor: ledger::AnchorConfig::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let routes = svc_consent::routes(config).await.unwrap();
        let client = ConsentClient::new(rpc::local(routes, std::time::Duration::from_secs(60)));
        let record = |number: u32| {
            let request = RecordConsentRequest {
                project_id: "p1".into(),
                user_fullname: format!("user {number}"),
                kind: ConsentKind::Storage.into(),
                given: true,
                ..RecordConsentRequest::default()
            };
            let mut client = client.clone();
            async move { client.record_consent(request).await.map(drop).unwrap() }
        };
        for first in (0..400).step_by(50) {
            futures::future::join_all((first..first + 50).map(record)).await;
        }
    });
}

/// Kills a rewrap as soon as some consents are done.
fn kill_a_rewrap(data_dir: &Path, settings: &[(String, String)]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
    command.args(["keys", "rewrap", "--batch", "1"]).env("BIOMETRY_DATA_DIR", data_dir);
    let settings = settings.iter().map(|(name, value)| (name, value));
    let mut child = command.envs(settings).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.any(|line| line == "consent: consent_entries.sealed: 5 done"), "it was done too early");
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
}

/// Returns how many lines of `keys status` name a key other than the sealing key.
fn under_others(status: &str, key: &str) -> usize {
    status.lines().filter(|line| line.contains(" under ") && !line.contains(key)).count()
}

fn a_new_master_key_takes_over(data_dir: &Path, tables: &[(String, String)], consents: db::Config) {
    let old = keyed(tables, "07", None);
    let made = run(data_dir, &["bootstrap"], &old);
    assert!(made.status.success(), "{}", text(&made));
    let status = text(&run(data_dir, &["keys", "status"], &old));
    let old_id = status.lines().find(|line| line.contains("seals")).and_then(|line| line.split(' ').nth(3));
    let old_id = old_id.expect("a key seals").to_owned();
    record_consents(consents, "07");

    let both = keyed(tables, "08", Some("07"));
    let early = run(data_dir, &["keys", "distrust", &old_id], &both);
    assert!(!early.status.success() && text(&early).contains("keys rewrap"), "{}", text(&early));
    kill_a_rewrap(data_dir, &both);
    let status = text(&run(data_dir, &["keys", "status"], &both));
    assert!(under_others(&status, &old_id) > 0 && status.contains(&format!(" under {old_id}")), "{status}");
    let alone = keyed(tables, "08", None);
    let refused = run(data_dir, &["consent", "verify"], &alone);
    let line = text(&refused);
    assert!(!refused.status.success() && line.contains("list it in keys.retired"), "{line}");
    assert_eq!(line.trim_end().lines().count(), 1, "one line: {line}");

    let done = run(data_dir, &["keys", "rewrap"], &both);
    let output = text(&done);
    assert!(done.status.success(), "{output}");
    for (service, _) in KEYED {
        assert!(output.contains(&format!("{service}: everything is under ")), "{output}");
    }
    let status = text(&run(data_dir, &["keys", "status"], &alone));
    assert!(!status.contains(&old_id) && !status.contains("not configured"), "{status}");
    for verify in [["consent", "verify"], ["audit", "verify"]] {
        let verified = run(data_dir, &verify, &alone);
        assert!(verified.status.success(), "{}", text(&verified));
    }
    let distrusted = run(data_dir, &["keys", "distrust", &old_id], &both);
    assert!(distrusted.status.success(), "{}", text(&distrusted));
    let refused = run(data_dir, &["consent", "verify"], &keyed(tables, "07", Some("08")));
    assert!(text(&refused).contains("is distrusted and seals nothing"), "{}", text(&refused));
    let made = run(data_dir, &["bootstrap"], &alone);
    assert!(made.status.success(), "{}", text(&made));
}

#[test]
fn a_new_master_key_takes_over_though_a_rewrap_is_killed_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let consents = db::Config::sqlite(&dir.path().join("consent.db"));
    a_new_master_key_takes_over(dir.path(), &[], consents);
}

#[test]
fn a_new_master_key_takes_over_though_a_rewrap_is_killed_on_postgresql() {
    let (dir, postgres) = (tempfile::tempdir().unwrap(), testkit::postgres());
    let schema = |service: &str| format!("{}_{service}", testkit::unique_schema());
    let mut tables = Vec::new();
    let mut consents = None;
    for (service, _) in KEYED {
        let (prefix, schema) = (format!("BIOMETRY_{}__DB", service.to_uppercase()), schema(service));
        tables.push((format!("{prefix}__URL"), postgres.url().to_owned()));
        if service == "consent" {
            consents = Some(postgres.config(&schema));
        }
        tables.push((format!("{prefix}__SCHEMA"), schema));
    }
    a_new_master_key_takes_over(dir.path(), &tables, consents.expect("consents have a database"));
}

/// Started with a permissive umask, by mistake of an operator.
#[test]
fn files_are_private_to_their_owner_under_any_umask() {
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
