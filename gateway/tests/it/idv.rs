//! The Identity Verification API, by the acceptance cases of its contract.

use axum::{body::Body, http::Request};
use proto::{
    docauth::{CheckDocumentResponse, CheckOutcome, DocumentCheck},
    ml::{AnalyzeVideoResponse, MatchFacesResponse, Service},
    projects::{ApiKeyState, DialectSetting},
    transactions::Verdict,
};
use serde_json::{Value, json};
use tonic::Status;

use crate::{
    customer::{Answer, Customer, Form},
    documents::passport,
    enroll::same_person,
    fakes::{KEY, Stage},
    process_video::{judged, of},
};

const USER: &str = "user123";

async fn customer(consent: &str) -> Customer {
    let customer = Customer::new().await;
    prepare(&customer.stage, consent);
    customer
}

/// Switched on, and everybody is who they say.
pub fn prepare(stage: &Stage, consent: &str) {
    let mut stage = stage.set();
    let setting = DialectSetting { name: "idv".into(), consent: consent.into() };
    stage.keys.get_mut(KEY).unwrap().dialects = vec![setting];
    stage.seen = Some(Ok(live(true, 0.97)));
    stage.matched = same_person();
    stage.document = Some(passport());
}

fn live(accepted: bool, score: f64) -> AnalyzeVideoResponse {
    of(vec![judged(Service::FaceLiveness, accepted, score)])
}

/// The fields of a whole form, without its key.
fn whole() -> Form {
    let form = Form::default().text("user_identifier", USER).text("user_email", "user@example.com");
    form.file("selfie_video", b"a video").file("id_photo", b"a photo")
}

async fn submit(customer: &Customer, form: Form) -> Answer {
    let request = Request::post("/verif/submit").header("content-type", Form::TYPE);
    customer.raw(request.body(Body::from(form.end())).unwrap()).await
}

pub async fn submitted(customer: &Customer) -> Answer {
    submit(customer, whole().text("api_key", &customer.key)).await
}

fn refused(answer: &Answer) -> (u16, &str) {
    assert_eq!(answer.body["success"], false, "{}", answer.body);
    (answer.status.as_u16(), answer.body["error"].as_str().unwrap())
}

#[tokio::test]
async fn case_01_a_genuine_pair_is_answered_in_the_documented_shape() {
    let customer = customer("attested").await;
    let answer = submitted(&customer).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let record = customer.last_record();
    let (id, result) = (record.id.as_str(), &answer.body["result"]);
    let link = "/api-transactions/samples/sample?expires=1760604800123&signature=signed";
    let score = result["verificationAssessment"]["overallScore"].as_u64().unwrap();
    let probability = result["faceComparison"]["confidence"].as_f64().unwrap();
    let expected = json!({
        "success": true,
        "check_id": id,
        "result": {
            "sessionId": id,
            "timestamp": result["timestamp"],
            "files": {
                "selfieVideo": {"url": link, "fileName": format!("{id}_selfie_1760000000123.mp4")},
                "idPhoto": {"url": link, "fileName": format!("{id}_id_1760000000123.jpg")},
            },
            "faceComparison": {
                "isIdentical": true, "confidence": probability,
                "similarityScore": (100.0 * probability).round() as u64, "method": "face_embedding",
            },
            "verificationAssessment": {
                "overallScore": score, "verificationStatus": "verified",
                "confidenceLevel": if score >= 85 { "high" } else { "medium" },
                "summary": "Verification completed successfully", "riskFactors": [],
            },
            "status": "verified",
            "user_identifier": USER,
        },
    });
    assert_eq!(answer.body, expected);
    assert_eq!((record.kind.as_str(), record.user_fullname.as_deref()), ("idv.submit", Some(USER)));
    assert_eq!((record.verdict(), record.http_status), (Verdict::Pass, 200));
    let stage = customer.stage.set();
    let kept: Vec<_> =
        stage.samples.iter().map(|(header, _)| (header.name.as_str(), header.keep_seconds)).collect();
    assert_eq!(kept, [("selfie_video", Some(604_800)), ("id_photo", Some(604_800))]);
    assert_eq!(stage.consent_entries.len(), 2);
    assert!(!stage.analyzed[0].0.want_candidate && stage.enrolled.is_empty());
}

#[tokio::test]
async fn case_02_another_person_is_rejected() {
    let customer = customer("attested").await;
    customer.stage.set().matched = MatchFacesResponse { matched: false, probability: 0.02, ..same_person() };
    let answer = submitted(&customer).await;
    let result = &answer.body["result"];
    assert_eq!((answer.status.as_u16(), &result["status"]), (200, &"rejected".into()));
    assert_eq!(
        (&result["faceComparison"]["isIdentical"], &result["faceComparison"]["similarityScore"]),
        (&false.into(), &2.into())
    );
    let risks = result["verificationAssessment"]["riskFactors"].as_array().unwrap();
    assert!(risks.contains(&"reference_match_failed".into()), "{risks:?}");
}

#[tokio::test]
async fn case_03_a_replayed_screen_is_rejected() {
    let customer = customer("attested").await;
    customer.stage.set().seen = Some(Ok(live(false, 0.03)));
    let answer = submitted(&customer).await;
    assert_eq!(answer.body["result"]["status"], "rejected");
    assert_eq!(answer.body["result"]["verificationAssessment"]["confidenceLevel"], "low");
}

#[tokio::test]
async fn case_04_a_card_that_cannot_be_judged_is_for_review() {
    let customer = customer("attested").await;
    let blurred = CheckDocumentResponse { cannot_judge: "too blurred".into(), checks: vec![], ..passport() };
    customer.stage.set().document = Some(blurred);
    assert_eq!(submitted(&customer).await.body["result"]["status"], "review");
    let expired = DocumentCheck {
        name: "not_expired".into(),
        outcome: CheckOutcome::Failed.into(),
        ..Default::default()
    };
    customer.stage.set().document = Some(CheckDocumentResponse { checks: vec![expired], ..passport() });
    assert_eq!(submitted(&customer).await.body["result"]["status"], "rejected");
}

#[tokio::test]
async fn case_05_no_wrong_revoked_and_other_keys() {
    let customer = customer("attested").await;
    assert_eq!(refused(&submit(&customer, whole()).await), (400, "API key is required"));
    assert_eq!(
        refused(&submit(&customer, whole().text("api_key", "nonsense")).await),
        (401, "Invalid API key")
    );
    customer.stage.set().keys.get_mut(KEY).unwrap().key_dialects = vec!["neuroid".into()];
    assert_eq!(refused(&submitted(&customer).await), (401, "Invalid API key"));
    customer.stage.set().keys.get_mut(KEY).unwrap().key_dialects = vec!["idv".into()];
    assert_eq!(submitted(&customer).await.status, 200);
    customer.stage.set().keys.get_mut(KEY).unwrap().set_state(ApiKeyState::Revoked);
    assert_eq!(refused(&submitted(&customer).await), (401, "Invalid API key"));
    assert_eq!(customer.stage.set().records.len(), 1);
    let off = Customer::new().await;
    assert_eq!(refused(&submitted(&off).await), (404, "Not found"));
}

#[tokio::test]
async fn cases_06_and_07_missing_fields_are_reported_in_order() {
    let customer = customer("attested").await;
    let keyed = || Form::default().text("api_key", &customer.key);
    assert_eq!(refused(&submit(&customer, keyed()).await), (400, "User identifier is required"));
    let files = "Both selfie video and ID photo are required";
    let one = keyed().text("user_id", USER).file("selfie_video", b"a video");
    assert_eq!(refused(&submit(&customer, one).await), (400, files));
    let empty = keyed().text("user_id", USER).file("selfie_video", b"").file("id_photo", b"a photo");
    assert_eq!(refused(&submit(&customer, empty).await), (400, files));
    assert!(customer.stage.set().analyzed.is_empty() && customer.stage.set().consent_entries.is_empty());
}

#[tokio::test]
async fn case_08_text_as_a_video_says_what_is_wrong() {
    let customer = customer("attested").await;
    customer.stage.set().seen = Some(Err(Status::invalid_argument("the file is no video")));
    let answer = submitted(&customer).await;
    assert_eq!(refused(&answer), (400, "Verification processing failed"));
    assert_eq!(answer.body["details"], "the file is no video");
    assert!(customer.stage.set().samples.is_empty());
    assert_eq!(customer.last_record().http_status, 400);
}

#[tokio::test]
async fn case_09_files_above_50_mb_are_refused() {
    let customer = customer("attested").await;
    let form = Form::default().text("api_key", &customer.key).text("user_identifier", USER);
    let form = form.file("selfie_video", &vec![0; 51 * 1024 * 1024]).file("id_photo", b"a photo");
    assert_eq!(refused(&submit(&customer, form).await), (400, "File size exceeds 50MB"));
}

#[tokio::test]
async fn case_10_the_key_may_come_first_or_last() {
    let customer = customer("attested").await;
    let first = Form::default().text("api_key", &customer.key).text("user_identifier", USER);
    let first = first.file("selfie_video", b"a video").file("id_photo", b"a photo");
    assert_eq!(submit(&customer, first).await.status, 200);
    assert_eq!(submitted(&customer).await.status, 200);
}

#[tokio::test]
async fn case_11_the_webhook_receives_its_own_format() {
    let customer = customer("attested").await;
    let answer = submitted(&customer).await;
    let event: Value = serde_json::from_str(customer.last_record().event_json.as_deref().unwrap()).unwrap();
    let result = &answer.body["result"];
    let expected = json!({
        "check_id": answer.body["check_id"],
        "user_identifier": USER,
        "verification_result": {
            "sessionId": result["sessionId"], "timestamp": result["timestamp"], "status": "verified",
            "faceComparison": result["faceComparison"], "verificationAssessment": result["verificationAssessment"],
        },
        "selfie_video_url": result["files"]["selfieVideo"]["url"],
        "id_photo_url": result["files"]["idPhoto"]["url"],
        "completed_at": result["timestamp"],
    });
    assert_eq!(event, expected);
}

#[tokio::test]
async fn without_consent_nobody_is_checked_and_without_storage_nothing_is_kept() {
    let customer = customer("ledger").await;
    assert_eq!(refused(&submitted(&customer).await), (403, "User consent is required"));
    assert!(customer.stage.set().analyzed.is_empty());
    customer.consents(USER, true, false);
    let answer = submitted(&customer).await;
    assert_eq!(answer.body["result"]["files"]["selfieVideo"], json!({"url": null, "fileName": null}));
    assert!(customer.stage.set().samples.is_empty());
}
