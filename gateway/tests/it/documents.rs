//! The documented answer of a document check.

use proto::{
    docauth::{
        CheckDocumentResponse, CheckOutcome, DocumentCheck, DocumentField, DocumentType, FieldSource,
        MrzFormat, MrzReading,
    },
    ml::{MatchFacesResponse, Outcome},
    sessions::{VideoLiveness, video_liveness},
    transactions::Verdict,
};
use serde_json::{Value, json};

use crate::{
    customer::{ADA, Answer, Customer, Form},
    fakes::{KEY, outcome},
    projects::administrator,
};

const USER: (&str, &str) = ("x-user-fullname", ADA);

fn check(name: &str, outcome: CheckOutcome) -> DocumentCheck {
    DocumentCheck { name: name.into(), outcome: outcome.into(), advisory: false, evidence: "as read".into() }
}

fn field(name: &str, value: &str) -> DocumentField {
    DocumentField { name: name.into(), value: value.into(), source: FieldSource::Mrz.into(), confidence: 1.0 }
}

/// A passport on which everything is right.
pub fn passport() -> CheckDocumentResponse {
    CheckDocumentResponse {
        document_type: DocumentType::Passport.into(),
        fields: vec![
            field("last_name", "LIND"),
            field("expiry_date", "2030-04-15"),
            field("country_code", "SWE"),
        ],
        checks: vec![
            check("mrz_check_digits", CheckOutcome::Passed),
            check("not_expired", CheckOutcome::Passed),
        ],
        mrz: Some(MrzReading {
            format: MrzFormat::Td3.into(),
            lines: vec!["P<SWE".into(), "AB1".into()],
            check_digits_valid: true,
            fields_match: true,
            discrepancies: Vec::new(),
        }),
        portrait: vec![0xff, 0xd8].into(),
        provider: "inhouse".into(),
        ..CheckDocumentResponse::default()
    }
}

async fn sent(customer: &Customer, headers: &[(&str, &str)]) -> Answer {
    let form = Form::default().file("document", b"png").end();
    let headers: Vec<_> = [USER, ("content-type", Form::TYPE)].iter().chain(headers).copied().collect();
    customer.post("/api-gateway/docauth/check", &headers, form).await
}

async fn answered(document: CheckDocumentResponse, headers: &[(&str, &str)]) -> (Customer, Answer) {
    let customer = Customer::new().await;
    customer.stage.set().document = Some(document);
    let answer = sent(&customer, headers).await;
    (customer, answer)
}

#[tokio::test]
async fn every_documented_key_is_there_whatever_was_read() {
    let (_, answer) = answered(CheckDocumentResponse::default(), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for key in [
        "document_type",
        "country_code",
        "nationality_code",
        "nationality_name",
        "sex",
        "first_name",
        "father_name",
        "last_name",
        "expiry_date",
        "document_number",
        "birth_date",
        "portrait_photo",
        "signature",
        "document_category",
        "issuing_state",
        "front_document_type_id",
        "face_image_base64",
    ] {
        assert_eq!(answer.body["data"][key], "", "{key}");
    }
    let data = answer.body["data"].as_object().unwrap();
    assert!(data.contains_key("contains_rfid") && data.contains_key("mrz_validation"));
    assert_eq!(data["errors"], json!([]));
    assert_eq!(data["current_result"], "Failed");
    assert_eq!(answer.body["scoring_result"]["status"], "refer");
    let reasons = json!(["portrait_live_face_not_checked", "nothing_decisive"]);
    assert_eq!(answer.body["decision_reasons"], reasons);
}

#[tokio::test]
async fn a_right_passport_passes_and_its_picture_is_strict_base64() {
    let (customer, answer) = answered(passport(), &[("x-inhouse-mrz", "true")]).await;
    let data = &answer.body["data"];
    assert_eq!((&data["current_result"], &data["last_name"]), (&json!("Passed"), &json!("LIND")));
    assert_eq!((&data["portrait_photo"], &data["document_category"]), (&json!("/9g="), &json!("travel")));
    assert_eq!(
        data["mrz_validation"],
        json!({ "has_mrz": true, "format": "TD3", "raw_mrz": "P<SWE\nAB1", "check_digits_valid": true,
                "fields_match": true, "discrepancies": [], "validation_performed": true })
    );
    assert_eq!(answer.body["scoring_result"]["status"], "pass");
    let state = customer.stage.set();
    let record = &state.records[0];
    assert_eq!((record.kind.as_str(), record.verdict()), ("docauth_check", Verdict::Pass));
    assert!(!record.services_json.as_ref().unwrap().contains("LIND"), "the record keeps no personal field");
}

#[tokio::test]
async fn an_expired_one_never_passes_and_says_why() {
    let mut document = passport();
    document.checks[1] = check("not_expired", CheckOutcome::Failed);
    let (_, answer) = answered(document, &[]).await;
    assert_eq!(answer.body["data"]["current_result"], "Failed");
    assert_eq!(answer.body["data"]["errors"], json!(["not_expired: as read"]));
    assert_eq!(answer.body["data"]["mrz_validation"], Value::Null);
    assert_eq!(answer.body["scoring_result"]["status"], "fail");
    assert!(answer.body["score"].as_f64().unwrap() < 50.0);
}

#[tokio::test]
async fn the_header_chooses_the_provider() {
    for (headers, external) in [
        (&[][..], false),
        (&[("x-inhouse-docauth", "true")][..], false),
        (&[("x-inhouse-docauth", "False")][..], true),
    ] {
        let (customer, _) = answered(passport(), headers).await;
        assert_eq!(customer.stage.set().documents[0].external, external);
    }
}

/// What the models say of a portrait and a video.
pub fn alike(probability: f64) -> MatchFacesResponse {
    let outcome = outcome(200, "");
    MatchFacesResponse {
        outcome,
        probability,
        matched: probability >= 0.5,
        score: 0.4,
        ..MatchFacesResponse::default()
    }
}

/// A check of a passport in a session that has a video, by a user who agreed to being compared or not.
async fn in_session(probability: f64, consent: bool) -> (Customer, Answer) {
    let customer = Customer::new().await;
    customer.consents(ADA, consent, false);
    let session = customer.session().await;
    {
        let mut stage = customer.stage.set();
        stage.document = Some(passport());
        stage.last_video = Some(Ok(b"the last video".to_vec()));
        stage.last_video_liveness =
            Some(VideoLiveness { outcome: Some(video_liveness::Outcome::Score(0.9)) });
        stage.matched = alike(probability);
    }
    let answer = sent(&customer, &[("x-session-id", &session)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (customer, answer)
}

fn live_face(answer: &Answer) -> Value {
    let checks = answer.body["data"]["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == "portrait_live_face").unwrap().clone()
}

#[tokio::test]
async fn the_portrait_is_compared_with_the_sessions_video() {
    let (customer, same) = in_session(0.97, true).await;
    assert_eq!(
        live_face(&same),
        json!({ "name": "portrait_live_face", "outcome": "passed", "advisory": false, "similarity": 0.4, "probability": 0.97,
            "evidence": "similarity 0.4, the same person with a probability of 0.97; 0.50 is required" })
    );
    assert_eq!(
        (&same.body["data"]["current_result"], same.header("x-removed-services")),
        (&json!("Passed"), None)
    );
    let (header, portrait, video) = customer.stage.set().matches[0].clone();
    assert!(!header.detect_only && portrait == [0xff, 0xd8] && video == b"the last video");

    let (_, other) = in_session(0.01, true).await;
    assert_eq!(
        (&live_face(&other)["outcome"], &other.body["data"]["current_result"]),
        (&json!("failed"), &json!("Failed"))
    );
    assert_eq!(other.body["scoring_result"]["failed_conditions"][0]["name"], "portrait_live_face");
    assert!(other.body["data"]["errors"][0].as_str().unwrap().starts_with("portrait_live_face: similarity"));

    let (_, unclear) = in_session(0.2, true).await;
    assert_eq!(live_face(&unclear)["outcome"], "not_checked");
    assert_eq!(unclear.body["scoring_result"]["status"], "refer");
    assert_eq!(unclear.body["scoring_result"]["failed_refer_conditions"][0]["outcome"], "referred");
}

#[tokio::test]
async fn a_portrait_that_matches_a_video_that_was_not_judged_live_is_referred() {
    let (customer, live) = in_session(0.97, true).await;
    assert_eq!(live.body["scoring_result"]["status"], "pass");
    let session = customer.session().await;
    customer.stage.set().last_video_liveness = None;
    let unknown = sent(&customer, &[("x-session-id", &session)]).await;
    assert_eq!(live_face(&unknown)["outcome"], "not_checked");
    assert_eq!(unknown.body["scoring_result"]["status"], "refer");
    assert_eq!(unknown.body["scoring_result"]["failed_refer_conditions"][0]["name"], "portrait_live_face");
}

#[tokio::test]
async fn without_consent_or_video_nobody_is_compared_and_the_check_says_so() {
    let (customer, asked) = in_session(0.01, false).await;
    assert_eq!(asked.header("x-removed-services"), Some("true"));
    assert_eq!(live_face(&asked)["evidence"], "the user has not given authorization consent");
    assert_eq!(asked.body["scoring_result"]["status"], "pass");
    assert!(customer.stage.set().matches.is_empty());

    let session = customer.session().await;
    customer.stage.set().last_video = None;
    let without = sent(&customer, &[("x-session-id", &session)]).await;
    assert_eq!(live_face(&without)["evidence"], "the session has no video");
    assert_eq!(without.header("x-removed-services"), None);
    assert_eq!(live_face(&sent(&customer, &[]).await)["evidence"], "the call has no session");
}

#[tokio::test]
async fn a_face_that_cannot_be_compared_gives_no_verdict() {
    let customer = Customer::new().await;
    customer.consents(ADA, true, true);
    let session = customer.session().await;
    let outcome =
        outcome(461, "no_face").map(|of| Outcome { description: "no face was found (video)".into(), ..of });
    {
        let mut stage = customer.stage.set();
        stage.document = Some(passport());
        stage.last_video = Some(Ok(b"the last video".to_vec()));
        stage.matched = MatchFacesResponse { outcome, ..MatchFacesResponse::default() };
    }
    let answer = sent(&customer, &[("x-session-id", &session)]).await;
    assert_eq!(
        (&live_face(&answer)["outcome"], &live_face(&answer)["evidence"]),
        (&json!("not_checked"), &json!("no face was found (video)"))
    );
    assert_eq!(answer.body["scoring_result"]["status"], "pass");
}

#[tokio::test]
async fn a_document_is_kept_only_with_both_consents() {
    let customer = Customer::new().await;
    customer.stage.set().document = Some(passport());
    for (authorization, storage, kept) in
        [(false, false, 0), (true, false, 0), (false, true, 0), (true, true, 1)]
    {
        customer.consents(ADA, authorization, storage);
        let answer = sent(&customer, &[]).await;
        let samples = customer.stage.set().samples.clone();
        assert_eq!(samples.len(), kept, "{authorization} {storage}");
        if let [(header, bytes)] = &samples[..] {
            assert_eq!((header.name.as_str(), &bytes[..]), ("document", &b"png"[..]));
            assert_eq!(Some(header.transaction_id.as_str()), answer.header("x-request-id"));
        }
    }
}

#[tokio::test]
async fn the_user_may_come_from_the_session() {
    let customer = Customer::new().await;
    customer.stage.set().document = Some(passport());
    let session = customer.session().await;
    assert_eq!(sent(&customer, &[("x-session-id", &session)]).await.status, 200);
    let form = || Form::default().file("document", b"png");
    let named = customer
        .post(
            "/api-gateway/docauth/check",
            &[("content-type", Form::TYPE)],
            form().text("session_id", &session).end(),
        )
        .await;
    assert_eq!(named.status, 200, "{}", named.body);
    let nobody =
        customer.post("/api-gateway/docauth/check", &[("content-type", Form::TYPE)], form().end()).await;
    assert_eq!(nobody.error(), (400, "X-User-Fullname header is required"));
}

fn rules(documents: &Value) -> Value {
    json!({"version": 1, "services": {"face_liveness": {"mode": "required"}}, "documents": documents})
}

#[tokio::test]
async fn a_projects_rules_decide_about_documents_and_are_tried_on_the_past() {
    let customer = administrator().await;
    let mut document = passport();
    document.checks.push(check("mrz_print_number", CheckOutcome::Failed));
    customer.stage.set().document = Some(document);
    assert_eq!(sent(&customer, &[]).await.body["scoring_result"]["status"], "fail");
    let lenient = rules(&json!({"checks": {"mrz_print_number": "advisory"}, "countries": ["SWE"]}));
    {
        let mut stage = customer.stage.set();
        stage.rules.insert(("r-1".into(), 3), lenient.to_string());
        let key = stage.keys.get_mut(KEY).unwrap();
        key.rules_json = Some(lenient.to_string());
        (key.rules_source, key.rules_scores_id, key.rules_version) = ("r-1".into(), Some("r-1".into()), 3);
    }
    let passed = sent(&customer, &[]).await;
    assert_eq!(
        (&passed.body["scoring_result"]["status"], &passed.body["scoring_result"]["rules"]),
        (&json!("pass"), &json!("r-1"))
    );
    assert_eq!(
        passed.body["decision_reasons"].as_array().unwrap().last().unwrap(),
        "accepted_country_passed"
    );

    let ask = async |question: Value| {
        let answer = customer.post("/api-projects/scoring-rules/what-if", &[], question.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["data"].clone()
    };
    let same = ask(json!({"kind": "docauth_check"})).await;
    assert_eq!((&same["replayed"], &same["changed"]), (&json!(2), &json!(0)), "{same}");
    let elsewhere =
        ask(json!({"kind": "docauth_check", "rules": rules(&json!({"countries": ["UTO"]}))})).await;
    assert_eq!(elsewhere["verdicts"], json!({"fail": {"fail": 1}, "pass": {"fail": 1}}));
    let reasons = &elsewhere["changes"][0]["new"]["reasons"];
    assert!(reasons.to_string().contains("accepted_country_failed"), "{elsewhere}");
    assert_eq!(ask(json!({})).await["considered"], 0, "videos alone, where no kind is named");
}

#[tokio::test]
async fn shadow_rules_decide_about_documents_as_well() {
    let customer = administrator().await;
    let mut document = passport();
    document.checks.push(check("mrz_print_number", CheckOutcome::Failed));
    customer.stage.set().document = Some(document);
    let lenient = rules(&json!({"checks": {"mrz_print_number": "advisory"}})).to_string();
    {
        let mut stage = customer.stage.set();
        stage.rules.insert(("r-9".into(), 1), lenient.clone());
        let key = stage.keys.get_mut(KEY).unwrap();
        (key.shadow_rules_json, key.shadow_scores_id, key.shadow_version) = (Some(lenient), "r-9".into(), 1);
    }
    assert_eq!(sent(&customer, &[]).await.body["scoring_result"]["status"], "fail");
    let report = customer.get("/api-projects/scoring-rules/shadow?kind=docauth_check").await;
    assert_eq!(report.body["data"]["calls"]["verdicts"], json!({"fail": {"pass": 1}}), "{}", report.body);
    assert_eq!(report.body["data"]["calls"]["looser"], 1);
}

#[tokio::test]
async fn a_document_beside_a_face_is_recorded_beside_it() {
    let customer = Customer::new().await;
    customer.consents(ADA, true, true);
    customer.stage.set().document = Some(passport());
    let form = Form::default().text("is_document", "true").file("face", b"png").end();
    let answer = customer.post("/api-gateway/enroll/face", &[USER, ("content-type", Form::TYPE)], form).await;
    let check = &answer.body["data"]["document_auth"];
    assert_eq!(
        (&check["status"], &check["current_result"]),
        (&json!("checked"), &json!("Passed")),
        "{}",
        answer.body
    );
    assert_eq!(check["scoring_result"]["status"], "pass");
    let record = customer.last_record();
    let services: Value = serde_json::from_str(&record.services_json.unwrap()).unwrap();
    assert!(services["Face Enrollment"].is_object(), "{services}");
    assert_eq!(
        (&services["document"]["verdict"], &services["document"]["document_type"]),
        (&json!("pass"), &json!("passport"))
    );
    assert!(!services.to_string().contains("LIND"), "the record keeps no personal field");
    let evidence: Value = serde_json::from_str(&record.evidence_json.unwrap()).unwrap();
    assert_eq!(
        evidence["document"]["checks"][0],
        json!({"name": "mrz_check_digits", "outcome": "passed", "advisory": false})
    );
}
