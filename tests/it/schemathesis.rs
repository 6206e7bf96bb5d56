//! The API's own description as a contract: requests made from `/openapi.json` by schemathesis, well-formed and broken,
//! and every answer held against what the description promises of it.

use std::process::Command;

use crate::{
    project::Project,
    world::{self, root},
};

/// Of the checks schemathesis has, those of the description. (Whether a key may do what it asks has tests of its own.)
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,missing_required_header";

#[tokio::test]
async fn the_server_keeps_the_contract_it_describes() {
    let project = Project::new(world::embedded());
    let folder = root().join("tests/contract");
    let program = folder.join(".venv/bin/schemathesis");
    assert!(program.is_file(), "{} is missing; run `make setup`", program.display());
    let mut command = Command::new(program);
    command
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", "--no-color", "--checks", CHECKS])
        // An answer without an end: it has scenarios of its own.
        .args(["--exclude-path", "/api-transactions/live"])
        .args(["--header", &format!("Authorization: Bearer {}", project.key)])
        .arg(format!("{}/openapi.json", project.world.url))
        .current_dir(std::env::temp_dir());
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("schemathesis runs");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    // A run that found nothing to call would pass as well.
    assert!(report.contains("Selected: ") || report.contains("operations"), "{report}");
}
