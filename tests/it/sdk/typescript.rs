//! A TypeScript client that is generated from `/openapi.json`: its use type-checks, and a server answers as typed
//! (`tests/typescript`).

use std::process::Command;

use crate::{
    project::{Project, SPEECH},
    world::{self, fixture, root},
};

#[tokio::test]
async fn a_generated_client_is_typed_and_the_server_answers_as_typed() {
    let project = Project::new(world::embedded());
    let folder = root().join("tests/typescript");
    assert!(
        folder.join("node_modules/openapi-typescript").is_dir(),
        "the generator is missing; run `npm ci` in tests/typescript"
    );
    let mut command = Command::new("node");
    command
        .arg("run.mjs")
        .current_dir(folder)
        .env("BASE_URL", &project.world.url)
        .env("API_KEY", &project.key)
        .env("VIDEO", fixture("speaker_crop.mp4"))
        .env("PHRASE", SPEECH);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("node runs");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    assert!(report.contains("# pass 4\n") && report.contains("# fail 0\n"), "{report}");
}
