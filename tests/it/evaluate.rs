//! Error rates on files, with the production models and without a server.

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
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && message.contains("needs at least 10 genuine"), "{message}");
}

/// Returns what `evaluate` writes about the items.
fn evaluated(kind: &str, items: &[Value]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let (manifest, out) = (dir.path().join("items.jsonl"), dir.path().join("results.json"));
    std::fs::write(&manifest, items.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")).unwrap();
    let (manifest, out) = (manifest.to_str().unwrap(), out.to_str().unwrap());
    let done = biometry(&["evaluate", "--kind", kind, "--manifest", manifest, "--out", out]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap()
}

#[test]
fn documents_are_judged_by_the_rules_of_serving() {
    let dir = tempfile::tempdir().unwrap();
    let studio = specimens::Studio::with_faces(None).unwrap();
    let drawn = |name: &str, attack: Option<specimens::Attack>| {
        let plan = specimens::Plan::nth(0, specimens::Level::Scan, attack);
        let file = dir.path().join(name);
        std::fs::write(&file, studio.make(4, &plan).unwrap().jpeg).unwrap();
        file
    };
    let zone: specimens::Attack = serde_json::from_value(json!("zone_digits")).unwrap();
    let results = evaluated(
        "document",
        &[
            json!({"id": "genuine", "probe": drawn("genuine.jpg", None), "label": "genuine"}),
            json!({"id": "forged", "probe": drawn("forged.jpg", Some(zone)), "label": "forged", "attack": "zone_digits"}),
            json!({"id": "apple", "probe": fixture("apple.jpg"), "label": "forged"}),
            json!({"id": "text", "probe": root().join("Cargo.toml"), "label": "forged"}),
        ],
    );
    let items = results["items"].as_array().unwrap();
    assert_eq!((&items[0]["verdict"], &items[0]["decision"]), (&json!("pass"), &json!(true)), "{}", items[0]);
    assert_eq!(
        (&items[1]["verdict"], &items[1]["decision"]),
        (&json!("fail"), &json!(false)),
        "{}",
        items[1]
    );
    assert!(items[0]["score"].as_f64() > items[1]["score"].as_f64());
    assert_eq!(results["summary"]["not_judged"], json!({"picture_cannot_be_judged": 1, "unreadable": 1}));
}

#[test]
fn what_is_no_fingerprint_is_counted_and_faces_are_searched_among_each_other() {
    let (apple, obama) = (fixture("apple.jpg"), fixture("obama.jpg"));
    let prints = evaluated(
        "fingerprint",
        &[json!({"id": "1", "probe": apple, "reference": obama, "label": "impostor"})],
    );
    assert_eq!(prints["summary"]["not_judged"], json!({"no_ridges": 1}));

    let (video, others) = (fixture("speaker_crop.mp4"), fixture("thai_people.jpg"));
    let pair = |id: &str, probe: &str, reference: &str, subject: &str, label: &str| {
        json!({"id": id, "probe": fixture(probe),
        "reference": fixture(reference), "subject": subject, "label": label})
    };
    let faces = evaluated(
        "face",
        &[
            pair("1", "obama.jpg", "speaker_crop.mp4", "o", "genuine"),
            pair("2", "obama.jpg", "thai_people.jpg", "o", "impostor"),
            pair("3", "speaker_crop.mp4", "thai_people.jpg", "o", "impostor"),
            json!({"id": "4", "probe": video, "reference": apple, "subject": "o", "label": "impostor"}),
            json!({"id": "5", "probe": others, "reference": obama, "subject": "t", "label": "impostor"}),
        ],
    );
    let found = &faces["summary"]["identification"];
    assert_eq!((&found["searches"], &found["rank_one"]), (&json!(2), &json!(1.0)), "{found}");
    assert_eq!(faces["summary"]["not_judged"], json!({"no_face": 1}));
}

#[test]
fn a_manifest_with_an_error_is_refused_before_anything_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = dir.path().join("items.jsonl");
    std::fs::write(&manifest, r#"{"id":"1","probe":"nothing.mp4","label":"live"}"#).unwrap();
    let (manifest, out) = (manifest.to_str().unwrap(), dir.path().join("r.json"));
    let refused =
        biometry(&["evaluate", "--kind", "liveness", "--manifest", manifest, "--out", out.to_str().unwrap()]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("line 1") && message.contains("nothing.mp4 is no file"), "{message}");
    assert!(!out.exists());
}

#[test]
fn groups_are_compared_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let (manifest, out) = (dir.path().join("items.jsonl"), dir.path().join("results.json"));
    let (speaker, crowd) = (fixture("obama.jpg"), fixture("thai_people.jpg"));
    let item = |id: &str, probe: &std::path::Path, label: &str, group: &str| {
        json!({"id": id, "probe": probe, "reference": speaker, "label": label, "group": group}).to_string()
    };
    let items = [
        item("1", &speaker, "genuine", "men"),
        item("2", &crowd, "impostor", "children"),
        item("3", &crowd, "impostor", "men"),
    ];
    std::fs::write(&manifest, items.join("\n")).unwrap();
    let (manifest, out) = (manifest.to_str().unwrap(), out.to_str().unwrap());
    let done = biometry(&["evaluate", "--kind", "face", "--group", "--manifest", manifest, "--out", out]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let message = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        message.contains("men: 0.00 % of 1; 0.00 % of 1") && message.contains("children: 0.00 % of 1; -"),
        "{message}"
    );
    let results: Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    assert_eq!(results["summary"]["differential"]["groups"]["children"]["false_match"]["trials"], 1);

    std::fs::write(manifest, item("1", &speaker, "genuine", "men")).unwrap();
    let refused = biometry(&["evaluate", "--kind", "face", "--group", "--manifest", manifest, "--out", out]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && message.contains("at least two groups"), "{message}");
}
