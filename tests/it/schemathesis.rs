//! The API's description as a contract: schemathesis makes valid and invalid requests from `/openapi.json`, and checks
//! every response against the description.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

use crate::{
    accounts::Organisation,
    project::Project,
    world::{self, World, root},
};

/// The checks of schemathesis that concern the description. Authorization has its own tests.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,missing_required_header";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// A response that does not end; it has its own scenarios.
const ENDLESS: &str = "stream_transactions";
/// Calls that can end the session they are made in: they end a session, remove a user or change their role.
const ENDING: [&str; 3] = ["remove_user", "revoke_session", "set_user_role"];
/// Number of tests that share the operations of the API, so that they run in parallel.
const PARTS: usize = 4;

/// Returns the names of operations, and whether each accepts only a dashboard session.
async fn operations(world: &World) -> Vec<(String, bool)> {
    let url = format!("{}/openapi.json", world.url);
    let described: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let paths = described["paths"].as_object().expect("paths").values();
    let operations = paths.flat_map(|path| METHODS.iter().filter_map(|method| path.get(method)));
    let described = operations.map(|operation| {
        let id = operation["operationId"].as_str().expect("an id").to_owned();
        let ways = operation["security"].as_array().expect("ways to authenticate");
        (id, ways.iter().all(|way| way.get("dashboard").is_some()))
    });
    let found: Vec<_> = described.filter(|(id, _)| id != ENDLESS).collect();
    let names: BTreeSet<_> = found.iter().map(|(id, _)| id).collect();
    assert_eq!((names.len(), found.len()), (194, 194));
    found
}

/// Runs schemathesis on these operations with these headers, and asserts that it called each of them.
async fn check(world: &World, operations: Vec<String>, headers: Vec<(&str, String)>) {
    let folder = root().join("tests/contract");
    let program = folder.join(".venv/bin/schemathesis");
    assert!(program.is_file(), "{} is missing; run `make setup`", program.display());
    let reports = tempfile::tempdir().unwrap();
    let file = reports.path().join("report.json");
    let mut command = Command::new(program);
    command
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", "--no-color", "--checks", CHECKS, "--report", "json", "--report-json-path"])
        .arg(&file)
        .args(operations.iter().flat_map(|id| ["--include-operation-id", id]))
        .args(headers.iter().flat_map(|(name, value)| ["--header".to_owned(), format!("{name}: {value}")]))
        .arg(format!("{}/openapi.json", world.url))
        .current_dir(reports.path());
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("schemathesis runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    // A run without calls would succeed too.
    let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).expect("a report");
    let counts = ["selected", "tested", "errored", "skipped"].map(|name| report["operations"][name].as_u64());
    let called = u64::try_from(operations.len()).unwrap();
    assert_eq!(counts, [called, called, 0, 0].map(Some), "{text}");
}

/// Runs every `PARTS`th operation that accepts an API key, a token made with one, or no authentication.
async fn check_part(number: usize) {
    let project = Project::new(world::embedded());
    let all = operations(project.world).await;
    let with_key = all.into_iter().filter(|(_, takes_session)| !takes_session);
    let part = with_key.map(|(id, _)| id).skip(number).step_by(PARTS).collect();
    check(project.world, part, vec![("Authorization", format!("Bearer {}", project.key))]).await;
}

#[tokio::test]
async fn with_an_api_key_the_server_keeps_its_contract_part_1() {
    check_part(0).await;
}

#[tokio::test]
async fn with_an_api_key_the_server_keeps_its_contract_part_2() {
    check_part(1).await;
}

#[tokio::test]
async fn with_an_api_key_the_server_keeps_its_contract_part_3() {
    check_part(2).await;
}

#[tokio::test]
async fn with_an_api_key_the_server_keeps_its_contract_part_4() {
    check_part(3).await;
}

#[tokio::test]
async fn with_a_session_the_server_keeps_its_contract() {
    let owner = Organisation::new(world::embedded()).owner().await;
    let all = operations(world::embedded()).await;
    let with_session = all.into_iter().filter(|(_, takes_session)| *takes_session).map(|(id, _)| id);
    let (ending, others): (Vec<_>, Vec<_>) = with_session.partition(|id| ENDING.contains(&id.as_str()));
    assert!(ending.len() == ENDING.len() && others.len() > 20, "{ending:?} {others:?}");
    check(world::embedded(), others, owner.headers()).await;
    assert_eq!(owner.get("/api-auth/me").await.status, 200, "the session lasted to the end");
    for id in ending {
        let owner = Organisation::new(world::embedded()).owner().await;
        check(world::embedded(), vec![id], owner.headers()).await;
    }
}
