//! The command line alone: what an operator runs before anything serves.

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
