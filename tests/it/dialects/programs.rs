//! Runs the programs of the documentation unchanged, in each of their languages.

use std::{path::Path, process::Command};

use reqwest::Method;
use serde_json::{Value, json};

use super::attesting;
use crate::{
    media,
    project::{Project, answer},
    world::{World, root},
};

const LANGUAGES: [&str; 4] = ["js", "php", "python", "go"];

/// Returns the `at`th program of a page in a language.
fn program(page: &str, language: &str, at: usize) -> String {
    let page = std::fs::read_to_string(root().join("docs/dialects").join(page)).unwrap();
    let code = page.split(&format!("```{language}\n")).nth(at + 1).expect("a program");
    code.split("```").next().unwrap().to_owned()
}

/// Runs a program in `folder` and returns its output.
async fn run(folder: &Path, language: &str, code: &str, settings: &[(&str, &str)]) -> Value {
    let python = root().join("tests/contract/.venv/bin/python");
    let python = python.to_str().unwrap().to_owned();
    let (command, file): (Vec<&str>, _) = match language {
        "js" => (vec!["node"], "program.mjs"),
        "php" => (vec!["php"], "program.php"),
        "python" => (vec![python.as_str()], "program.py"),
        _ => (vec!["go", "run"], "program.go"),
    };
    std::fs::write(folder.join(file), code).unwrap();
    let mut process = Command::new(command[0]);
    process.args(&command[1..]).arg(file).current_dir(folder).envs(settings.iter().copied());
    // `go run` also builds the program.
    process.env("GOCACHE", folder.join("go")).env("GO111MODULE", "off").env("GOFLAGS", "");
    let output = tokio::task::spawn_blocking(move || process.output()).await.unwrap();
    let output = output.unwrap_or_else(|error| panic!("{language} is missing; run `make setup`: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{language}: {printed}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{language}: {error}: {printed}"))
}

async fn made(project: &Project, path: &str, body: &Value) -> Value {
    let made = answer(project.post(path).json(body)).await;
    assert_eq!(made.status, 200, "{path}: {}", made.body);
    made.body["data"].clone()
}

pub async fn the_programs_for_verifik_run_in_four_languages(world: &'static World) {
    let project = attesting(world, "verifik").await;
    let of = made(&project, "/v2/projects", &json!({"name": "p"})).await["_id"].clone();
    let flow = json!({"project": of, "name": "flow", "status": "active", "liveness": {"minScore": 0.52}});
    let flow = made(&project, "/v2/project-flows", &flow).await["_id"].clone();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("face.jpg"), media::file(media::SPEAKER)).unwrap();
    for language in LANGUAGES {
        let body = json!({"project": of, "projectFlow": flow, "email": format!("{language}@example.org"),
                          "fullName": "Ada Lovelace"});
        let registered = made(&project, "/v2/app-registrations", &body).await;
        let id = registered["appRegistration"]["_id"].as_str().unwrap();
        let token = registered["token"].as_str().unwrap();
        let settings = [("BASE_URL", world.url.as_str()), ("VERIFIK_TOKEN", token)];
        let code = program("verifik-programs.md", language, 0);
        let judged = run(folder.path(), language, &code, &settings).await;
        assert_eq!(judged["data"]["_id"], id, "{language}: {judged}");
        assert!(judged["data"]["person"].is_string(), "{language}: {judged}");
        // The next program must find an unknown person.
        let subject = format!("/api-projects/subjects/registration:{id}");
        assert_eq!(answer(project.request(Method::DELETE, &subject)).await.status, 200);

        let (of, flow) = (of.as_str().unwrap(), flow.as_str().unwrap());
        let settings = [
            ("BASE_URL", world.url.as_str()),
            ("VERIFIK_TOKEN", project.key.as_str()),
            ("PROJECT", of),
            ("FLOW", flow),
        ];
        let code = program("verifik-programs.md", language, 1);
        let asked = run(folder.path(), language, &code, &settings).await;
        assert_eq!(
            (&asked["success"], &asked["data"]["status"], &asked["data"]["identifier"]),
            (&true.into(), &"new".into(), &"user@example.com".into()),
            "{language}: {asked}"
        );
    }
}
