//! Error rates on files, with the models of serving and without a server.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::{
    project::SPEECH,
    world::{fixture, root},
};

fn biometry(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
    command.args(args).env("BIOMETRY_MODELS", root().join("models")).output().expect("the CLI runs")
}

#[test]
fn phrases_are_judged_summarised_and_never_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let (manifest, out) = (dir.path().join("items.jsonl"), dir.path().join("results.json"));
    let speech = fixture("speaker_crop.mp4");
    let items = [
        json!({"id": "said", "probe": speech, "phrase": SPEECH, "label": "genuine"}),
        json!({"id": "other", "probe": speech, "phrase": "one two three four", "said": SPEECH, "label": "impostor"}),
        json!({"id": "broken", "probe": root().join("Cargo.toml"), "phrase": "one", "label": "genuine"}),
    ];
    std::fs::write(&manifest, items.map(|item| item.to_string()).join("\n")).unwrap();
    let (manifest, out) = (manifest.to_str().unwrap(), out.to_str().unwrap());
    let done = biometry(&["evaluate", "--kind", "phrase", "--manifest", manifest, "--out", out]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let results: Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    let decisions: Vec<&Value> =
        results["items"].as_array().unwrap().iter().map(|i| &i["decision"]).collect();
    assert_eq!(decisions, [&json!(true), &json!(false), &Value::Null]);
    assert_eq!(results["summary"]["not_judged"], json!({"unreadable": 1}));
    assert_eq!(results["summary"]["apcer"]["impostor"]["rate"], 0.0);
    assert_eq!(results["summary"]["items"], 3);

    let refused = biometry(&["calibrate", "--results", out, "--out", out]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("needs at least 10 genuine"), "{told}");
}

#[test]
fn a_manifest_with_an_error_is_refused_before_anything_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = dir.path().join("items.jsonl");
    std::fs::write(&manifest, r#"{"id":"1","probe":"nothing.mp4","label":"live"}"#).unwrap();
    let (manifest, out) = (manifest.to_str().unwrap(), dir.path().join("r.json"));
    let refused =
        biometry(&["evaluate", "--kind", "liveness", "--manifest", manifest, "--out", out.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("line 1") && told.contains("nothing.mp4 is no file"), "{told}");
    assert!(!out.exists());
}
