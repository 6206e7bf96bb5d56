//! The consent ledger from a customer's point of view.

use serde_json::json;

use crate::{
    both_modes,
    project::{ADA, Project, answer},
    world::World,
};

both_modes!(
    consent_is_answered_in_both_shapes,
    the_newest_entry_counts_and_all_are_kept,
    consent_stays_in_its_project,
    wrong_shapes_are_refused,
    the_ledger_is_listed_and_exported,
    the_log_is_proved_to_a_program_that_does_not_trust_the_server,
    a_changed_ledger_is_found_by_the_cli
);

async fn consent_is_answered_in_both_shapes(world: &'static World) {
    let project = Project::new(world);
    for path in ["consent", "strg-consent"] {
        let given = project.consent(path, ADA, true).await;
        assert_eq!(given.status, 200, "{}", given.body);
        for part in [&given.body, &given.body["data"]] {
            assert_eq!(part["is_consent_given"], true);
            assert_eq!(part["user_fullname"], ADA);
        }
    }
}

async fn the_newest_entry_counts_and_all_are_kept(world: &'static World) {
    let project = Project::new(world);
    project.both_consents(ADA).await;
    project.consent("strg-consent", ADA, false).await;

    let state = project.get(&format!("/api-consent/consent/{ADA}")).await;
    assert_eq!(state.status, 200, "{}", state.body);
    let text = state.body.to_string();
    assert_eq!(text.matches("\"recorded_at\"").count(), 3, "{text}");
    assert_eq!(state.body["data"]["authorization"], true, "{text}");
    assert_eq!(state.body["data"]["storage"], false, "{text}");
}

async fn consent_stays_in_its_project(world: &'static World) {
    let (mine, theirs) = (Project::new(world), Project::new(world));
    theirs.both_consents(ADA).await;
    assert_eq!(mine.get(&format!("/api-consent/consent/{ADA}")).await.status, 404);
}

async fn wrong_shapes_are_refused(world: &'static World) {
    let project = Project::new(world);
    let bodies = [
        json!({}),
        json!([]),
        json!({"is_consent_given": "yes", "user_fullname": ADA}),
        json!({"is_consent_given": true, "user_fullname": ""}),
    ];
    for body in bodies {
        let refused = answer(project.post("/api-consent/consent").json(&body)).await;
        assert!(refused.status.is_client_error(), "{body} was answered {}", refused.status);
        assert!(!refused.error().is_empty());
    }
    assert_eq!(project.get(&format!("/api-consent/consent/{ADA}")).await.status, 404, "nothing was recorded");
}

async fn the_ledger_is_listed_and_exported(world: &'static World) {
    let project = Project::new(world);
    project.both_consents(ADA).await;
    project.consent("consent", "bob@example.org", false).await;

    let first = project.get("/api-consent/consents?limit=2").await;
    assert_eq!(first.status, 200, "{}", first.body);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let rest = project.get(&format!("/api-consent/consents?limit=2&cursor={cursor}")).await;
    assert_eq!(
        (first.body["data"][1]["kind"].as_str(), &rest.body["next_cursor"]),
        (Some("storage"), &json!(""))
    );
    assert_eq!(rest.body["data"][0]["user_fullname"], "bob@example.org");

    let export = project.request(reqwest::Method::GET, "/api-consent/consents/export?format=ndjson");
    let lines = export.send().await.unwrap().text().await.unwrap();
    assert_eq!(lines.lines().count(), 3);
    let bobs: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&bobs["user_fullname"], &bobs["is_consent_given"]),
        (&json!("bob@example.org"), &json!(false))
    );
    let export = project.request(reqwest::Method::GET, "/api-consent/consents/export?format=csv");
    let table = export.send().await.unwrap().text().await.unwrap();
    assert_eq!(table.lines().count(), 4);
    assert!(
        table.lines().nth(3).unwrap().contains("\"bob@example.org\",\"authorization\",\"false\","),
        "{table}"
    );
}

async fn the_log_is_proved_to_a_program_that_does_not_trust_the_server(world: &'static World) {
    let (project, other) = (Project::new(world), Project::new(world));
    assert_eq!(project.get("/api-consent/log/checkpoint").await.status, 404);
    project.consent("consent", ADA, true).await;
    let keys = project.get("/api-consent/log/keys").await.body;
    let early = project.get("/api-consent/log/checkpoint").await.body;
    let body = json!({"is_consent_given": false, "user_fullname": ADA});
    let withdrawn = project.post("/api-consent/consent").json(&body).send().await.unwrap();
    let promise = withdrawn.headers()["consent-promise"].to_str().unwrap().to_owned();
    let history = project.get(&format!("/api-consent/consent/{ADA}")).await.body;
    let id = history["data"]["history"][1]["id"].as_str().unwrap();
    let path = format!("/api-consent/log/inclusion?entry={id}");
    let entry = project.get(&path).await.body;
    let leaf = entry["data"]["leaf"].as_str().unwrap();
    assert!(leaf.contains(history["data"]["history"][1]["hash"].as_str().unwrap()), "{leaf}");
    let grown = project.get("/api-consent/log/consistency?from=1").await.body;

    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (at, body) in [keys, early, json!({"promise": promise}), entry, grown].iter().enumerate() {
        files.push(folder.path().join(at.to_string()));
        std::fs::write(&files[at], body.to_string()).unwrap();
    }
    let program = crate::world::root().join("examples/consent-log/verify.mjs");
    let output = std::process::Command::new("node").arg(program).args(&files).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        said.lines().last(),
        Some("ok: the log of 1 grew to 2"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );

    assert_eq!(other.get(&path).await.status, 404, "an entry of another project");
    for bad in [
        "inclusion",
        "inclusion?entry=a&index=1",
        "consistency",
        "consistency?from=0",
        "consistency?from=1&to=9",
    ] {
        assert_eq!(project.get(&format!("/api-consent/log/{bad}")).await.status, 400, "{bad}");
    }
}

/// Both in one scenario, because all scenarios share the ledger.
async fn a_changed_ledger_is_found_by_the_cli(world: &'static World) {
    let project = Project::new(world);
    project.both_consents(ADA).await;
    let verify = |arguments: &[&str]| {
        let output = world.consent_verify().args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = verify(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.ends_with(" 0 findings\n") && !text.contains(ADA), "{text}");
    let head = text
        .lines()
        .find_map(|line| line.strip_prefix("head ").filter(|h| h.starts_with(&project.id)))
        .unwrap();
    let head = head.to_owned();
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("checkpoint");
    let checkpoint = project.get("/api-consent/log/checkpoint").await.body;
    std::fs::write(&note, checkpoint["data"]["note"].as_str().unwrap()).unwrap();
    let note = note.to_str().unwrap();

    project.consent("consent", ADA, false).await;
    assert_eq!(verify(&["--head", &head]).0, Some(0), "the ledger has only grown");
    assert_eq!(verify(&["--note", note]).0, Some(0), "and its log as well");
    std::fs::write(note, checkpoint["data"]["note"].as_str().unwrap().replacen("\n2\n", "\n3\n", 1)).unwrap();
    assert_eq!(verify(&["--note", note]).0, Some(1), "nobody signed that");
    let unknown = format!("{}:99:00", project.id);
    assert_eq!(verify(&["--head", &unknown]).0, Some(1));

    static NONE: sqlx::migrate::Migrator = sqlx::migrate!("svc-consent/migrations");
    let db = db::Db::open(&world.consent_db(), &NONE).await.unwrap();
    const WITHDRAWAL: &str = "DELETE FROM consent_entries WHERE project_id = $1 AND given = 0";
    db.execute(WITHDRAWAL, db::params![&project.id]).await.unwrap();
    let (code, text) = verify(&["--json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, Some(1));
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{text}");
    let finding = findings[0].as_str().unwrap();
    assert!(finding.starts_with(&format!("project {}: entry 3 of chain", project.id)), "{finding}");
}
