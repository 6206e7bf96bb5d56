//! Runs the vendor's unmodified npm client through every method of its class: success and every documented error, in
//! both formats. The tests themselves are `tests/sdk/*.test.mjs`.

mod clients;

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::json;
use specimens::{Fields, Kind, Level, Plan, Studio};

use crate::{
    both_modes,
    project::{Project, SPEECH, answer},
    world::{World, fixture, root},
};

both_modes!(sessions_consents_and_keys, videos, enrollment, matching, documents);

async fn sessions_consents_and_keys(world: &'static World) {
    suite(world, "sessions.test.mjs").await;
}

async fn videos(world: &'static World) {
    suite(world, "process-video.test.mjs").await;
}

async fn enrollment(world: &'static World) {
    suite(world, "enroll.test.mjs").await;
}

async fn matching(world: &'static World) {
    suite(world, "match-faces.test.mjs").await;
}

async fn documents(world: &'static World) {
    suite(world, "documents.test.mjs").await;
}

/// Runs a suite in its own project, with a key for each format.
async fn suite(world: &'static World, file: &str) {
    let project = Project::new(world);
    let asked = json!({"name": "typed", "response_format": "sdk"});
    let typed = answer(project.post("/api-projects/public/apikeys").json(&asked)).await;
    assert_eq!(typed.status, 200, "{}", typed.body);
    let folder = root().join("tests/sdk");
    assert!(folder.join("node_modules/biometry-sdk").is_dir(), "the client is missing; run `make setup`");
    let made = tempfile::tempdir().unwrap();
    portrait_of_another(&made.path().join("other.png"));
    document_nobody_issued(made.path());
    let mut command = Command::new("node");
    command
        .args(["--test", "--test-reporter=spec", file])
        .current_dir(folder)
        .env("BASE_URL", &world.url)
        .env("API_KEY", &project.key)
        .env("SDK_KEY", typed.body["data"].as_str().expect("a key"))
        .env("PHRASE", SPEECH)
        .env("FIXTURES", root().join("fixtures"))
        .env("MADE", made.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("node runs");
    let report = report(&output);
    assert!(output.status.success(), "{report}");
    assert!(report.contains("fail 0") && !report.contains("pass 0"), "{report}");
}

fn report(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Returns a scanned passport and its fields.
fn document_nobody_issued(folder: &Path) {
    let studio = Studio::open().expect("fonts and portraits are there after `make setup`");
    let specimen =
        studio.make(7, &Plan { kind: Kind::Td3, level: Level::Scan, turns: 0, attack: None }).unwrap();
    std::fs::write(folder.join("document.jpg"), &specimen.jpeg).unwrap();
    let Fields { number, birth, zone_surname, .. } = specimen.truth.fields;
    let printed =
        json!({"document_number": number, "birth_date": birth.to_string(), "last_name": zone_surname});
    std::fs::write(folder.join("document.json"), printed.to_string()).unwrap();
}

/// Returns one face from a picture of several.
fn portrait_of_another(to: &Path) {
    let people = fixture("thai_people.jpg");
    let mut cut = Command::new("ffmpeg");
    cut.args(["-v", "error", "-y", "-i"])
        .arg(people)
        .args(["-vf", "crop=205:190:424:25,scale=820:-1"])
        .arg(to);
    let output = cut.output().expect("ffmpeg runs");
    assert!(output.status.success(), "{}", report(&output));
}
