//! What the dashboard reads: who may, in which project, and in which shape.

use axum::{body::Body, http::Request};
use proto::{
    accounts::Role,
    ml::{Modality, TemplateInfo},
    subjects::Kept,
    transactions::{StatsBucket, StatsResponse, Transaction},
};
use serde_json::json;

use crate::{
    customer::{ADA, Answer, Customer, Form},
    fakes::PROJECT,
};

const ROLES: [Role; 5] = [Role::Owner, Role::Admin, Role::Developer, Role::FraudAnalyst, Role::Viewer];

/// A request of somebody with this role at the dashboard.
async fn ask(customer: &Customer, role: Role, method: &str, path: &str, body: (&str, Vec<u8>)) -> Answer {
    in_project(customer, role, PROJECT, method, path, body).await
}

async fn in_project(
    customer: &Customer,
    role: Role,
    project: &str,
    method: &str,
    path: &str,
    (content_type, body): (&str, Vec<u8>),
) -> Answer {
    customer.stage.set().role = Some(role);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("cookie", "__Host-biometry-session=the-token-of-a-session")
        .header("x-project-id", project)
        .header("x-csrf-token", "the-token-of-its-pages")
        .header("content-type", content_type);
    customer.raw(request.body(Body::from(body)).unwrap()).await
}

async fn get(customer: &Customer, role: Role, path: &str) -> Answer {
    ask(customer, role, "GET", path, ("", Vec::new())).await
}

/// Which roles may.
async fn allowed(customer: &Customer, path: &str) -> Vec<Role> {
    let mut allowed = Vec::new();
    for role in ROLES {
        match get(customer, role, path).await.status.as_u16() {
            403 => {}
            200 => allowed.push(role),
            other => panic!("{role:?}: {other}"),
        }
    }
    allowed
}

const STATS: &str = "/api-transactions/stats?from=2026-01-31T00:00:00Z&to=2026-02-01T00:00:00Z&bucket=hour";

#[tokio::test]
async fn counts_of_a_project_are_what_the_charts_draw() {
    let customer = Customer::new().await;
    let bucket = StatsBucket {
        at_ms: 1_769_817_600_000,
        total: 4,
        pass: 2,
        fail: 1,
        refer: 0,
        errors: 1,
        p50_ms: Some(120.0),
        p95_ms: None,
        reasons: [("face_match_failed".to_owned(), 1)].into(),
    };
    customer.stage.set().stats = StatsResponse { buckets: vec![bucket], reasons_complete: true };
    let answer = get(&customer, Role::Viewer, STATS).await;
    assert_eq!(
        answer.body,
        json!({"buckets": [{"at": "2026-01-31T00:00:00Z", "total": 4, "pass": 2, "fail": 1, "refer": 0, "errors": 1,
            "p50_ms": 120.0, "p95_ms": null, "reasons": {"face_match_failed": 1}}], "reasons_complete": true})
    );
    let asked = customer.stage.set().counted[0].clone();
    assert_eq!(
        (asked.project_id.as_str(), asked.from_ms, asked.until_ms, asked.bucket_ms),
        (PROJECT, 1_769_817_600_000, 1_769_904_000_000, 3_600_000)
    );
    assert_eq!(customer.get(STATS).await.status, 200, "a key counts its project too");
    for (query, sentence) in [
        ("", "from, to and bucket are required"),
        ("?from=0&to=1&bucket=week", "bucket must be hour or day"),
        ("?from=x&to=1&bucket=day", "from must be an RFC 3339 time or milliseconds since 1970"),
    ] {
        let refused = customer.get(&format!("/api-transactions/stats{query}")).await;
        assert_eq!(refused.error(), (400, sentence));
        assert_eq!(refused.body["message"], sentence);
    }
}

#[tokio::test]
async fn nobody_reads_a_project_that_is_not_theirs() {
    let customer = Customer::new().await;
    for path in [
        STATS,
        "/api-transactions/live",
        "/api-transactions/transactions/x/related",
        "/api-projects/subjects/ada",
    ] {
        let refused = in_project(&customer, Role::Owner, "project-2", "GET", path, ("", Vec::new())).await;
        assert_eq!(refused.error(), (404, "project not found"), "{path}");
    }
    assert!(customer.stage.set().counted.is_empty());
}

#[tokio::test]
async fn reads_in_a_session_leave_no_transaction_and_reads_with_a_key_do() {
    let customer = Customer::new().await;
    let path = "/api-consent/consent/ada%40example.org";
    let looked = get(&customer, Role::Admin, path).await;
    assert!([200, 404].contains(&looked.status.as_u16()), "{}", looked.body);
    assert!(customer.stage.set().records.is_empty());
    customer.get(path).await;
    assert_eq!(customer.last_record().kind, "consent_read");
}

#[tokio::test]
async fn related_transactions_name_their_relation() {
    let customer = Customer::new().await;
    let record =
        |id: &str| Transaction { id: id.into(), project_id: PROJECT.into(), ..Transaction::default() };
    customer.stage.set().records = vec![record("a"), record("b")];
    let found = get(&customer, Role::Viewer, "/api-transactions/transactions/a/related").await;
    assert_eq!(
        (&found.body["data"][0]["id"], &found.body["data"][0]["related_by"]),
        (&json!("b"), &json!(["user"]))
    );
    let unknown = get(&customer, Role::Viewer, "/api-transactions/transactions/c/related").await;
    assert_eq!(unknown.error(), (404, "transaction not found"));
}

#[tokio::test]
async fn operations_are_for_owners_and_admins() {
    let customer = Customer::new().await;
    customer.stage.set().stats = StatsResponse {
        buckets: vec![StatsBucket { total: 200, errors: 1, ..StatsBucket::default() }],
        reasons_complete: true,
    };
    let path = "/api-gateway/operations";
    assert_eq!(allowed(&customer, path).await, [Role::Owner, Role::Admin]);
    let data = get(&customer, Role::Owner, path).await.body["data"].take();
    assert_eq!(data["errors"], json!({"total": 200, "failed": 1, "rate": 0.005, "minutes": 60}));
    assert_eq!(
        data["queue"],
        json!({"name": "all", "depth": 3, "capacity": 16, "working": 2, "workers": 2}),
        "the documents' service does not say"
    );
    assert_eq!(data["model_pack"]["models"][0]["licence"], "MIT");
    let names: Vec<_> =
        data["services"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["projects", "sessions", "consent", "ml", "transactions", "docauth", "journeys"]);
    assert_eq!(customer.get(path).await.status, 401, "a key is nobody who runs the server");
}

#[tokio::test]
async fn queues_are_shown_to_operators_only() {
    let config =
        gateway::Config { operators: vec!["another organisation".into()], ..gateway::Config::default() };
    let customer = Customer::with(config).await;
    let data = get(&customer, Role::Owner, "/api-gateway/operations").await.body["data"].take();
    assert_eq!((&data["queue"], &data["queues"]), (&json!(null), &json!([])));
    assert!(data["services"].is_array());
}

#[tokio::test]
async fn stored_data_of_a_user_are_listed_without_their_content() {
    let customer = Customer::new().await;
    let path = format!("/api-projects/subjects/{ADA}");
    let unknown = get(&customer, Role::Owner, &path).await;
    assert_eq!(unknown.error(), (404, "no data stored for this user"));
    customer.consents(ADA, true, false);
    {
        let mut stage = customer.stage.set();
        let kept = |kind: &str, count| vec![Kept { kind: kind.into(), count }];
        stage.kept.insert("ml", kept("face_template", 1));
        stage.kept.insert("transactions", kept("transaction", 7));
        stage.templates = vec![TemplateInfo {
            modality: Modality::Face.into(),
            model: "sface 2021dec".into(),
            current: true,
            created_at_ms: 1_769_817_600_000,
            samples: 3,
            usable: true,
        }];
    }
    assert_eq!(allowed(&customer, &path).await, [Role::Owner, Role::Admin, Role::FraudAnalyst]);
    let data = get(&customer, Role::FraudAnalyst, &path).await.body["data"].take();
    assert_eq!(
        data["templates"],
        json!([{"kind": "face", "model": "sface 2021dec", "created_at": "2026-01-31T00:00:00Z", "samples": 3,
                "usable": true, "current": true}])
    );
    assert_eq!(data["consent"], json!({"authorization": true, "storage": false}));
    assert_eq!((&data["transactions"], &data["user_fullname"]), (&json!(7), &json!(ADA)));
    assert_eq!(
        customer.get(&path).await.error(),
        (403, "this call needs a key with the scope project.admin")
    );
}

#[tokio::test]
async fn measured_tables_are_for_those_who_try_rules() {
    let customer = Customer::new().await;
    let path = "/api-projects/calibration";
    assert_eq!(
        allowed(&customer, path).await,
        [Role::Owner, Role::Admin, Role::Developer, Role::FraudAnalyst]
    );
    let tables = get(&customer, Role::Developer, path).await.body["data"].take();
    assert!(
        tables
            .as_array()
            .unwrap()
            .iter()
            .any(|t| t["service"] == "voice_recognition" && t["genuine"] == 1606)
    );
}

#[tokio::test]
async fn reasons_are_explained_to_everybody_in_their_language() {
    let customer = Customer::new().await;
    let title = async |lang: &str| {
        let answer = customer.get(&format!("/api-projects/reasons{lang}")).await;
        let reasons = answer.body["data"].as_array().unwrap_or(&Vec::new()).clone();
        let found = reasons.into_iter().find(|reason| reason["code"] == "not_expired_failed");
        (answer.status.as_u16(), found.map(|reason| (reason["title"].clone(), reason["severity"].clone())))
    };
    let expired = |title: &str| (200, Some((title.into(), "critical".into())));
    assert_eq!(title("").await, expired("Document has expired"));
    assert_eq!(title("?lang=de").await, expired("Dokument ist abgelaufen"));
    assert_eq!(title("?lang=es").await, expired("Documento caducado"));
    assert_eq!(title("?lang=fr").await, (400, None));
}

fn try_it(consent: &str, storage: &str) -> (&'static str, Vec<u8>) {
    let form =
        Form::video().text("user_fullname", ADA).text("consent", consent).text("storage_consent", storage);
    (Form::TYPE, form.end())
}

#[tokio::test]
async fn a_tried_video_is_decided_like_a_video_of_the_project() {
    let customer = Customer::new().await;
    let path = "/api-projects/try-it";
    let answer = ask(&customer, Role::Developer, "POST", path, try_it("true", "false")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body["decision_reasons"].is_array());
    let entries = customer.stage.set().consent_entries.clone();
    assert_eq!(entries.len(), 1, "only what differs is written down");
    let visitor = format!("try-it:{ADA}");
    assert!(entries[0].given && entries[0].user_fullname == visitor, "no customer's consent is written");
    let analyzed = customer.stage.set().analyzed[0].0.clone();
    assert_eq!(
        (analyzed.user_fullname.as_str(), analyzed.project_id.as_str(), analyzed.services.len()),
        (visitor.as_str(), PROJECT, 5)
    );
    let record = customer.last_record();
    assert_eq!(
        (record.kind.as_str(), record.tags.as_slice(), record.api_key_id.as_str()),
        ("process_video", &["try-it".to_owned()][..], "0199f0a0-0000-7000-8000-000000000001")
    );
    assert_eq!(answer.header("x-request-id"), Some(record.id.as_str()));
    assert!(customer.stage.set().samples.is_empty(), "nothing is kept without that consent");

    customer.consents(&visitor, true, false);
    // Ticked otherwise the next time: withdrawn, and nobody is recognised.
    let again = ask(&customer, Role::Developer, "POST", path, try_it("false", "false")).await;
    assert_eq!(again.header("x-removed-services"), Some("true"));
    assert!(!customer.stage.set().consent_entries[1].given);
}

#[tokio::test]
async fn trying_it_writes_nothing_before_the_video_is_known_to_be_one() {
    let customer = Customer::new().await;
    customer.stage.set().seen = Some(Err(tonic::Status::invalid_argument("the file is no video")));
    let refused =
        ask(&customer, Role::Developer, "POST", "/api-projects/try-it", try_it("true", "true")).await;
    assert_eq!(refused.error(), (400, "the file is no video"));
    assert!(customer.stage.set().consent_entries.is_empty());
}

#[tokio::test]
async fn the_dashboards_user_names_are_reserved() {
    let customer = Customer::new().await;
    let reserved = "identifiers that begin with try-it: are reserved for the dashboard";
    let name = ("x-user-fullname", "Try-It:ada");
    let refused = customer.post("/api-gateway/sessions/start", &[name], "").await;
    assert_eq!(refused.error(), (400, reserved));
    let consent = r#"{"is_consent_given":true,"user_fullname":"try-it:ada"}"#;
    assert_eq!(customer.post("/api-consent/consent", &[], consent).await.error(), (400, reserved));
    assert!(customer.stage.set().consent_entries.is_empty());
}

#[tokio::test]
async fn try_it_requires_its_permission_and_a_complete_form() {
    let customer = Customer::new().await;
    let path = "/api-projects/try-it";
    for role in [Role::FraudAnalyst, Role::Viewer] {
        let refused = ask(&customer, role, "POST", path, try_it("true", "true")).await;
        assert_eq!(refused.error(), (403, "your role does not allow this"));
    }
    let maybe = ask(&customer, Role::Owner, "POST", path, try_it("maybe", "true")).await;
    assert_eq!(maybe.error(), (400, "'consent' form value must be true or false"));
    let nobody = ask(&customer, Role::Owner, "POST", path, (Form::TYPE, Form::video().end())).await;
    assert_eq!(nobody.error(), (400, "'user_fullname' form value is required"));
    assert!(customer.stage.set().consent_entries.is_empty());
    assert!(customer.stage.set().analyzed.is_empty());
}
