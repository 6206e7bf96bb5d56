//! The vendor's own npm client, unmodified, against this server.

use std::process::Command;

use crate::{
    both_modes,
    project::{ADA, Project, SPEECH},
    world::{World, fixture, root},
};

both_modes!(the_vendors_client_runs_the_main_story);

async fn the_vendors_client_runs_the_main_story(world: &'static World) {
    let project = Project::new(world);
    let folder = root().join("tests/sdk");
    assert!(
        folder.join("node_modules/biometry-sdk").is_dir(),
        "the client is missing; run `npm ci` in tests/sdk"
    );
    let mut command = Command::new("node");
    command
        .arg("story.mjs")
        .current_dir(folder)
        .env("BASE_URL", &world.url)
        .env("API_KEY", &project.key)
        .env("USER_FULLNAME", ADA)
        .env("PHRASE", SPEECH)
        .env("VIDEO", fixture("speaker_crop.mp4"));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("node runs");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
