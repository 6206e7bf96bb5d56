//! The command line without a server.

use std::process::{Command, Output};

use crate::world::root;

fn biometry(args: &[&str], models: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
    command.args(args).env("BIOMETRY_MODELS", models).current_dir(std::env::temp_dir());
    command.output().expect("the CLI runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn models_lists_every_file_of_a_whole_pack_with_its_licence() {
    let output = biometry(&["models"], root().join("models").to_str().expect("UTF-8"));
    let listed = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let manifest = std::fs::read(root().join("models/manifest.json")).expect("the pack is made by set-up");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    for file in manifest["files"].as_array().expect("files") {
        let (name, licence) =
            (file["name"].as_str().expect("a name"), file["licence"].as_str().expect("one"));
        assert!(
            listed.lines().any(|l| l.starts_with(name) && l.contains(licence)),
            "{name} is not in {listed}"
        );
    }
}

#[test]
fn a_models_folder_that_was_named_is_the_only_one_tried() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let named = folder.path().join("nowhere").display().to_string();
    for verb in [vec!["models"], vec!["serve", "--listen", "127.0.0.1:0"]] {
        let data = folder.path().join("data").display().to_string();
        let mut args = verb.clone();
        if verb[0] == "serve" {
            args.extend(["--data-dir", &data]);
        }
        let output = biometry(&args, &named);
        let error = text(&output.stderr);
        assert!(
            !output.status.success() && error.contains(&named) && error.contains("make models"),
            "{error}"
        );
    }
}

#[test]
fn a_changed_model_file_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let manifest = r#"{"version":"1","files":[{"name":"a","file":"a.onnx","version":"1","source":"test",
        "licence":"MIT","sha256":"00"}]}"#;
    std::fs::write(folder.path().join("manifest.json"), manifest).expect("writable");
    std::fs::write(folder.path().join("a.onnx"), "changed").expect("writable");
    let output = biometry(&["models"], folder.path().to_str().expect("UTF-8"));
    let error = text(&output.stderr);
    assert!(!output.status.success() && error.contains("a.onnx") && error.contains("sha256"), "{error}");
}

/// Returns an empty data folder, and a CLI command that uses it with the models of set-up.
fn on_folder(folder: &std::path::Path, verb: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
    command
        .args(verb)
        .arg("--data-dir")
        .arg(folder.join("data"))
        .env("BIOMETRY_MODELS", root().join("models"));
    command
}

#[test]
fn config_prints_what_is_in_force_and_no_secret() {
    const SECRET: &str = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("biometry.toml");
    std::fs::write(&file, "listen = '127.0.0.1:9999'").expect("writable");
    let output = on_folder(folder.path(), &["config"])
        .arg("--config")
        .arg(&file)
        .env("BIOMETRY_SERVICE_TOKEN", SECRET)
        .env("BIOMETRY_CONSENT__KEYS__SECRET", SECRET)
        .env("BIOMETRY_ML__KEYS__RETIRED", format!("[\"{SECRET}\"]"))
        .env("BIOMETRY_DOCAUTH__IDSCAN_KEY", SECRET)
        .env("BIOMETRY_TRANSACTIONS__DB__URL", format!("postgres://biometry:{SECRET}@db/biometry"))
        .env("BIOMETRY_GATEWAY__REDIS_URL", format!("redis://:{SECRET}@redis"))
        .output()
        .expect("the CLI runs");
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        shown.contains("127.0.0.1:9999") && shown.contains("postgres://biometry:***@db/biometry"),
        "{shown}"
    );
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn config_check_names_a_setting_that_does_not_exist() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = on_folder(folder.path(), &["config", "--check"]).env("BIOMETRY_ML__WORKRES", "2").output();
    let output = output.expect("the CLI runs");
    assert!(!output.status.success() && text(&output.stderr).contains("workres"), "{}", text(&output.stderr));
}

#[test]
fn doctor_is_content_with_a_fresh_folder_and_names_what_is_broken() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = on_folder(folder.path(), &["doctor"]).output().expect("the CLI runs");
    let seen = text(&output.stdout);
    assert!(output.status.success(), "{seen}{}", text(&output.stderr));
    for part in ["configuration", "model pack", "master key", "database of ml"] {
        assert!(seen.lines().any(|line| line.starts_with("ok") && line.contains(part)), "{part}: {seen}");
    }
    let closed = "http://127.0.0.1:1";
    let mut command = on_folder(folder.path(), &["doctor"]);
    command.env("BIOMETRY_URLS__ML", closed).env("BIOMETRY_MODELS", folder.path());
    let output = command.output().expect("the CLI runs");
    let seen = text(&output.stdout);
    assert!(!output.status.success(), "{seen}");
    for part in [closed, "make models"] {
        assert!(seen.lines().any(|line| line.starts_with("FAILED") && line.contains(part)), "{part}: {seen}");
    }
}

#[test]
fn two_servers_on_one_data_folder_are_refused() {
    let data_dir = &crate::world::embedded().data_dir;
    let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
    let output = command.output().expect("the CLI runs");
    let error = text(&output.stderr);
    assert!(!output.status.success() && error.contains("another server uses the data folder"), "{error}");
}

#[test]
fn status_says_whether_a_server_works() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let status = |url: &str| {
        on_folder(folder.path(), &["status", "--json", "--url", url]).output().expect("the CLI runs")
    };
    let running = status(&crate::world::embedded().url);
    let seen: serde_json::Value = serde_json::from_slice(&running.stdout).expect("JSON");
    assert!(running.status.success(), "{}", text(&running.stderr));
    assert_eq!((&seen["ready"], &seen["services"]["ml"]), (&true.into(), &true.into()), "{seen}");
    let away = status("http://127.0.0.1:1");
    assert!(
        !away.status.success() && text(&away.stderr).contains("no server answers"),
        "{}",
        text(&away.stderr)
    );
}

#[test]
fn test_keys_are_made_and_keys_are_listed_with_their_mode() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |verb: &[&str]| {
        let output = on_folder(folder.path(), verb).output().expect("the CLI runs");
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (_, made, error) = run(&["bootstrap", "--json"]);
    let made: serde_json::Value = serde_json::from_str(&made).unwrap_or_else(|_| panic!("{error}"));
    let project = made["project_id"].as_str().expect("an id");
    let (ok, key, error) =
        run(&["api-key", "create", "--project", project, "--name", "ci", "--test", "--json"]);
    assert!(ok && key.contains("\"test\":true"), "{key}{error}");
    let reading = ["--test", "--scope", "records.read"];
    let (ok, _, error) =
        run(&[&["api-key", "create", "--project", project, "--name", "ci"], &reading[..]].concat());
    assert!(!ok && error.contains("a test key may have the scopes"), "{error}");
    let (ok, listed, error) = run(&["api-keys", "list", "--project", project, "--json"]);
    assert!(ok, "{error}");
    let modes: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect();
    let modes: Vec<_> = modes.iter().map(|key| (key["name"].as_str(), key["mode"].as_str())).collect();
    assert_eq!(modes, [(Some("ci"), Some("test")), (Some("first key"), Some("live"))]);
}

#[test]
fn shells_are_given_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let output = biometry(&["completions", shell], "");
        let script = text(&output.stdout);
        assert!(
            output.status.success() && script.contains("doctor") && script.contains("webhooks"),
            "{script}"
        );
    }
}

#[tokio::test]
async fn a_triggered_event_is_one_the_published_verifier_accepts() {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
    let mut receiver = testkit::Receiver::new().await;
    let url = receiver.url.clone();
    let trigger = move |event: &str| {
        let args = ["webhooks", "trigger", "--url", &url, "--secret", SECRET, "--event", event];
        biometry(&args, "")
    };
    let output = tokio::task::spawn_blocking(move || (trigger("fraud.flagged"), trigger("no.such.event")));
    let (sent, unknown) = output.await.expect("both ran");
    assert!(sent.status.success(), "{}", text(&sent.stderr));
    assert!(!unknown.status.success() && text(&unknown.stderr).contains("the events are session.completed"));
    let hook = receiver.next().await;
    assert!(crate::webhooks::verifies(SECRET, &hook), "{:?}", hook.headers);
    assert_eq!(hook.json()["type"], "fraud.flagged");
}
