//! Erasure and retention: stored data are deleted in every store, and a receipt proves it.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    both_modes,
    project::{Answer, Project, SPEECH, answer},
    world::World,
};

both_modes!(
    an_erased_user_is_gone_and_the_receipt_proves_it,
    erasure_is_the_administrators_and_stays_in_its_project,
    expired_entries_are_deleted_by_the_next_sweep,
);

const GRACE: &str = "grace.hopper@example.org";

async fn erase(project: &Project, user: &str) -> Answer {
    answer(project.request(Method::DELETE, &format!("/api-projects/subjects/{user}"))).await
}

/// Returns exit code and output of `biometry erasure verify`.
fn verify(project: &Project, user: &str, receipt: Option<&str>) -> (Option<i32>, String) {
    let mut command =
        project.world.biometry(&["erasure", "verify", "--project", &project.id, "--user", user]);
    if let Some(receipt) = receipt {
        command.args(["--receipt", receipt]);
    }
    let output = command.output().expect("the CLI runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// Verifies a receipt with only the published keys.
async fn signed(project: &Project, jws: &str) -> Value {
    let keys = reqwest::get(format!("{}/api-projects/keys", project.world.url)).await.unwrap();
    let keys: Value = keys.json().await.unwrap();
    let kid = jsonwebtoken::decode_header(jws).unwrap().kid.unwrap();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *kid).expect("published");
    let key = DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    jsonwebtoken::decode(jws, &key, &rules).expect("the signature verifies").claims
}

async fn an_erased_user_is_gone_and_the_receipt_proves_it(world: &'static World) {
    let project = Project::new(world);
    project.both_consents(GRACE).await;
    let seen = answer(project.video(GRACE, "speaker_crop.mp4", SPEECH)).await;
    assert_eq!(seen.header("x-auto-enroll"), Some("true"), "{:#}", seen.body);
    let (code, report) = verify(&project, GRACE, None);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("ml: ") && report.contains("something is left of this user"), "{report}");

    let database = world.data_dir.join("ml.db");
    let before = [std::fs::read(&database), std::fs::read(database.with_extension("db-wal"))];
    let erased = erase(&project, GRACE).await;
    assert_eq!(erased.status, 200, "{:#}", erased.body);
    let receipt = &erased.body["data"];
    let destroyed = receipt["destroyed"].as_array().unwrap();
    for service in ["consent", "ml", "transactions"] {
        assert!(destroyed.iter().any(|line| line["service"] == service), "{service}: {receipt:#}");
    }
    let fingerprints = destroyed.iter().find(|line| line["kind"] == "recording_fingerprint");
    assert_eq!(fingerprints.map(|line| &line["count"]), Some(&json!(1)), "{receipt:#}");
    assert!(!receipt.to_string().contains("grace"), "a receipt holds no name: {receipt:#}");
    let jws = receipt["signature"].as_str().unwrap();
    let signed = signed(&project, jws).await;
    for field in ["receipt_id", "project_id", "subject", "erased_at", "destroyed", "verified"] {
        assert_eq!(signed[field], receipt[field], "{field}");
    }
    let (code, report) = verify(&project, GRACE, Some(jws));
    assert_eq!(code, Some(0), "{report}");
    assert!(
        report.contains("is genuine and about this user") && report.contains("nothing is left"),
        "{report}"
    );
    // In the split deployment, services have separate files; here a copy of the template database still contains the
    // erased row.
    if let [Ok(database), Ok(log)] = before {
        let copy = world.data_dir.join("ml.db.copy");
        std::fs::write(&copy, [database, log].concat()).unwrap();
        let (code, report) = verify(&project, GRACE, None);
        std::fs::remove_file(&copy).unwrap();
        assert_eq!(code, Some(1), "{report}");
        assert!(report.contains("left in a file") && report.contains("ml.db.copy"), "{report}");
    }
    let (code, report) = verify(&project, "someone@example.org", Some(jws));
    assert_eq!(code, Some(1), "a receipt of another user proves nothing: {report}");

    let read =
        project.get(&format!("/api-projects/erasures/{}", receipt["receipt_id"].as_str().unwrap())).await;
    assert_eq!(&read.body["data"], receipt);
    assert_eq!(project.get(&format!("/api-consent/consent/{GRACE}")).await.status, 404);
    let record = seen.header("x-request-id").unwrap();
    let record = project.get(&format!("/api-transactions/transactions/{record}")).await;
    assert_eq!(
        (&record.body["data"]["user_fullname"], &record.body["data"]["verdict"]),
        (&Value::Null, &json!("pass"))
    );
    project.consent("consent", GRACE, true).await;
    let again = answer(project.video(GRACE, "speaker_crop.mp4", SPEECH)).await;
    assert!(again.reasons().contains(&"face_match_not_enrolled"), "{:?}", again.reasons());
}

async fn erasure_is_the_administrators_and_stays_in_its_project(world: &'static World) {
    let (mine, theirs) = (Project::new(world), Project::new(world));
    let plain = mine.mint(json!({"name": "plain"})).await;
    let refused = erase(&plain, GRACE).await;
    assert_eq!(
        (refused.status.as_u16(), refused.error()),
        (403, "this call needs a key with the scope project.admin")
    );

    theirs.both_consents(GRACE).await;
    let nothing = erase(&mine, GRACE).await;
    assert_eq!((nothing.status.as_u16(), &nothing.body["data"]["destroyed"]), (200, &json!([])));
    assert_eq!(theirs.get(&format!("/api-consent/consent/{GRACE}")).await.status, 200);
    let receipt = nothing.body["data"]["receipt_id"].as_str().unwrap();
    let foreign = theirs.get(&format!("/api-projects/erasures/{receipt}")).await;
    assert_eq!((foreign.status.as_u16(), foreign.error()), (404, "erasure not found"));
}

async fn expired_entries_are_deleted_by_the_next_sweep(world: &'static World) {
    let (short, long) = (Project::new(world), Project::new(world));
    let path = "/api-projects/retention";
    let put = async |periods: Value| answer(short.request(Method::PUT, path).json(&periods)).await;
    assert_eq!(put(json!({"samples_days": 2, "transactions_days": 1})).await.status, 400);
    assert_eq!(short.get(path).await.body["data"]["transactions_days"], 365);

    let mut records = Vec::new();
    for project in [&short, &long] {
        let started = answer(project.post("/api-gateway/sessions/start")).await;
        let record = format!("/api-transactions/transactions/{}", started.header("x-request-id").unwrap());
        assert_eq!(project.get(&record).await.status, 200);
        records.push(record);
    }
    assert_eq!(put(json!({"samples_days": 0, "transactions_days": 0})).await.status, 200);
    let output = world.biometry(&["sweep"]).output().expect("the CLI runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(short.get(&records[0]).await.status, 404);
    assert_eq!(long.get(&records[1]).await.status, 200, "by the defaults it is kept for a year");
}
