//! The clients generated from `/openapi.json` (`sdk/ts`, `sdk/python`, `sdk/postman`): a customer's code type-checks
//! against them, and the server's responses match their types.

use std::process::Command;

use crate::{
    project::{Project, SPEECH},
    world::{self, fixture, root},
};

#[tokio::test]
async fn the_typescript_client_is_typed_and_the_server_answers_as_typed() {
    let report = run("sdk/ts", "node_modules/openapi-typescript", "node", &["test.mjs"]).await;
    assert!(report.contains("# pass 5\n") && report.contains("# fail 0\n"), "{report}");
}

#[tokio::test]
async fn the_python_client_is_typed_and_the_server_answers_as_typed() {
    let report = run("sdk/python", ".venv/bin/python", ".venv/bin/python", &["test.py"]).await;
    assert!(report.contains("Ran 5 tests") && report.contains("\nOK\n"), "{report}");
}

#[tokio::test]
async fn requests_of_the_postman_collection_are_answered() {
    let report = run(
        "sdk/postman",
        "node_modules/openapi-to-postmanv2",
        "node",
        &["--test", "--test-reporter=tap", "test.mjs"],
    )
    .await;
    assert!(report.contains("# pass 2\n") && report.contains("# fail 0\n"), "{report}");
}

/// Runs a test script in a folder of this repository, with its own project, and returns its output.
async fn run(folder: &str, needed: &str, program: &'static str, arguments: &[&str]) -> String {
    let project = Project::new(world::embedded());
    let folder = root().join(folder);
    assert!(folder.join(needed).exists(), "{} is missing; run `make setup`", folder.join(needed).display());
    let program = if program.contains('/') { folder.join(program) } else { program.into() };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .env("BASE_URL", &project.world.url)
        .env("API_KEY", &project.key)
        .env("VIDEO", fixture("speaker_crop.mp4"))
        .env("PHRASE", SPEECH);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("it runs");
    let report =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{report}");
    report
}
