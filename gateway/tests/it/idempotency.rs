//! Calls that are safe to repeat.

use axum::{
    body::{Body, Bytes},
    http::Request,
};
use futures::StreamExt;
use gateway::{Config, RateLimit};
use tower::ServiceExt;

use crate::{
    customer::{ADA, Answer, Customer, Form},
    fakes::{Stage, authorization},
};

const START: &str = "/api-gateway/sessions/start";
const CONSENT: &str = "/api-consent/consent";
const GIVEN: &str = r#"{"is_consent_given":true,"user_fullname":"ada@example.org"}"#;
const KEY: (&str, &str) = ("idempotency-key", "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"");

async fn start(customer: &Customer) -> Answer {
    customer.post(START, &[KEY], "").await
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

#[tokio::test]
async fn a_repeated_call_gets_the_same_answer_and_leaves_nothing_behind() {
    let customer = Customer::new().await;
    let (first, second) = (start(&customer).await, start(&customer).await);
    assert!(!replayed(&first) && replayed(&second));
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(first.header("x-request-id"), second.header("x-request-id"), "the id of the one transaction");
    assert_eq!(second.header("content-type"), Some("application/json"));
    assert_eq!(customer.stage.set().sessions.len(), 1);
    assert_eq!(customer.stage.set().records.len(), 1);

    let other = customer.post(START, &[("idempotency-key", "another")], "").await;
    assert_ne!(first.body, other.body);
}

#[tokio::test]
async fn the_same_key_with_another_request_is_a_mistake() {
    let customer = Customer::new().await;
    let first = customer.post(CONSENT, &[KEY], GIVEN).await;
    assert_eq!(first.status, 200);
    let used = (422, "this Idempotency-Key was used with another request; send a new key");
    let withdrawn = GIVEN.replace("true", "false");
    assert_eq!(customer.post(CONSENT, &[KEY], withdrawn).await.error(), used);
    assert_eq!(customer.post("/api-consent/strg-consent", &[KEY], GIVEN).await.error(), used);
    assert_eq!(customer.post(CONSENT, &[KEY, ("x-session-id", "sess_1")], GIVEN).await.error(), used);
    assert_eq!(start(&customer).await.error(), used);
    assert_eq!(customer.stage.set().consent_entries.len(), 1);
    assert_eq!(customer.stage.set().records.len(), 1);
    assert!(replayed(&customer.post(CONSENT, &[KEY], GIVEN).await), "the first answer stays");
}

#[tokio::test]
async fn an_upload_is_identified_by_its_fields_and_not_its_boundary() {
    let customer = Customer::new().await;
    let user = [KEY, ("x-user-fullname", ADA)];
    let first = customer.video(&user, Form::video()).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let with_boundary = |boundary: &str| {
        let body = String::from_utf8(Form::video().end()).unwrap().replace("BOUNDARY", boundary);
        (format!("multipart/form-data; boundary={boundary}"), body)
    };
    let (content_type, body) = with_boundary("----formdata-undici-015142772980");
    let headers = [KEY, ("x-user-fullname", ADA), ("content-type", content_type.as_str())];
    let second = customer.post("/api-gateway/process-video", &headers, body).await;
    assert!(replayed(&second), "{} {}", second.status, second.body);
    assert_eq!(first.body, second.body);

    let other = Form::default().text("phrase", "one two three").file("video", b"other bytes");
    assert_eq!(customer.video(&user, other).await.status, 422);
    let bob = [KEY, ("x-user-fullname", "bob@example.org")];
    assert_eq!(customer.video(&bob, Form::video()).await.status, 422);
    assert_eq!(customer.stage.set().analyzed.len(), 1);
}

#[tokio::test]
async fn while_the_first_call_runs_the_second_is_too_early() {
    let customer = Customer::new().await;
    let stage = customer.stage.clone();
    stage.hold_analyses();
    let user = [KEY, ("x-user-fullname", ADA)];
    let first = customer.video(&user, Form::video());
    let second = async {
        stage.analysis_begun().await;
        let early = customer.video(&user, Form::video()).await;
        stage.analyses.add_permits(1);
        early
    };
    let (first, early) = tokio::join!(first, second);
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(
        early.error(),
        (409, "a call with this Idempotency-Key is in progress; retry when it has ended")
    );
    assert!(replayed(&customer.video(&user, Form::video()).await));
}

/// The client whose answer got lost is the one the header is for.
#[tokio::test]
async fn a_call_whose_client_disconnects_is_completed_for_its_retry() {
    let customer = Customer::new().await;
    customer.stage.hold_analyses();
    let user = [KEY, ("x-user-fullname", ADA)];
    tokio::select! {
        _ = customer.video(&user, Form::video()) => panic!("nothing is answered yet"),
        () = customer.stage.analysis_begun() => {}
    }
    customer.stage.analyses.add_permits(1);
    customer.stage.until(|state| !state.records.is_empty()).await;
    let returned = loop {
        let answer = customer.video(&user, Form::video()).await;
        if answer.status != 409 {
            break answer;
        }
    };
    assert!(replayed(&returned), "{} {}", returned.status, returned.body);
    assert_eq!(customer.stage.set().records.len(), 1);
}

#[tokio::test]
async fn failures_and_incomplete_uploads_are_retried() {
    let customer = Customer::new().await;
    customer.stage.set().seen = Some(Err(tonic::Status::internal("a fault")));
    let user = [KEY, ("x-user-fullname", ADA)];
    assert_eq!(customer.video(&user, Form::video()).await.status, 500);
    customer.stage.set().panic_on_analysis = true;
    assert_eq!(customer.video(&user, Form::video()).await.status, 500);
    customer.stage.set().panic_on_analysis = false;
    customer.stage.set().seen = Some(Ok(proto::ml::AnalyzeVideoResponse::default()));

    let half = Form::video().end()[..60].to_vec();
    let broken = futures::stream::iter([Ok(Bytes::from(half)), Err(std::io::Error::other("gone"))]);
    let bearer = format!("Bearer {}", customer.key);
    let request = Request::post("/api-gateway/process-video")
        .header("authorization", bearer)
        .header("content-type", Form::TYPE)
        .header(KEY.0, KEY.1)
        .header("x-user-fullname", ADA)
        .body(Body::from_stream(broken.boxed()))
        .unwrap();
    assert_eq!(customer.app.clone().oneshot(request).await.unwrap().status(), 400);

    let whole = customer.video(&user, Form::video()).await;
    assert_eq!((whole.status.as_u16(), replayed(&whole)), (200, false), "{}", whole.body);
}

#[tokio::test]
async fn a_rejection_is_replayed_like_a_success() {
    let customer = Customer::new().await;
    let first = customer.post(CONSENT, &[KEY], "{}").await;
    let second = customer.post(CONSENT, &[KEY], "{}").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (400, 400));
    assert!(replayed(&second));
    // The handler refuses without reading the upload, which counts all the same.
    let form = || Form::video().text("more", "x");
    let key = ("idempotency-key", "upload");
    assert_eq!(customer.video(&[key, ("x-device-info", "no")], form()).await.status, 400);
    assert!(replayed(&customer.video(&[key, ("x-device-info", "no")], form()).await));
    assert_eq!(customer.video(&[key, ("x-device-info", "no")], Form::video()).await.status, 422);
}

#[tokio::test]
async fn an_invalid_idempotency_key_is_rejected_and_ignored_on_get() {
    let customer = Customer::new().await;
    for bad in ["", "\"", "a b", "\"a\"b", &"a".repeat(256)] {
        let refused = customer.post(START, &[("idempotency-key", bad)], "").await;
        assert_eq!(
            refused.error(),
            (400, "Idempotency-Key header must be one string of 1 to 255 printable ASCII characters")
        );
    }
    let get = || customer.send("GET", "/api-consent/consent/ada", &[KEY], Body::empty());
    assert!(!replayed(&get().await) && !replayed(&get().await));
    assert_eq!(customer.stage.set().sessions.len(), 0);
}

#[tokio::test]
async fn a_key_belongs_to_its_api_key_and_needs_a_living_one() {
    let mut customer = Customer::new().await;
    let mine = start(&customer).await;
    let first_key = customer.key.clone();
    customer.stage.set().keys.insert("key-2".into(), authorization());
    customer.key = customer.stage.token("kid-1", "key-2");
    let theirs = start(&customer).await;
    assert!(!replayed(&theirs));
    assert_ne!(mine.body, theirs.body);

    customer.key = first_key;
    customer.stage.set().keys.get_mut(crate::fakes::KEY).unwrap().state =
        proto::projects::ApiKeyState::Revoked.into();
    assert_eq!(start(&customer).await.error(), (403, "api key is not active"));
    customer.key = "no key".into();
    assert_eq!(start(&customer).await.error(), (401, "invalid api key"));
}

#[tokio::test]
async fn a_call_over_the_limit_is_not_kept() {
    let rate_limit = RateLimit { per_second: 20.0, burst: 1 };
    let customer = Customer::with(Config { rate_limit, ..Config::default() }).await;
    assert_eq!(customer.post(CONSENT, &[], GIVEN).await.status, 200);
    let granted = loop {
        let answer = start(&customer).await;
        if answer.status != 429 {
            break answer;
        }
    };
    assert_eq!((granted.status.as_u16(), replayed(&granted)), (200, false));
}

async fn two(config: Config) -> [Customer; 2] {
    let stage = Stage::new();
    let one = Customer::before(stage.clone(), config.clone()).await;
    [one, Customer::before(stage, config).await]
}

#[tokio::test]
async fn gateways_know_each_others_keys() {
    let [one, other] = two(Config::default()).await;
    let first = one.post(CONSENT, &[KEY], GIVEN).await;
    let second = other.post(CONSENT, &[KEY], GIVEN).await;
    assert_eq!((first.status.as_u16(), replayed(&first)), (200, false));
    assert!(replayed(&second));
    assert_eq!(first.body, second.body);
    assert_eq!(one.stage.set().records.len(), 1);
    assert_eq!(other.post(CONSENT, &[KEY], "{}").await.status, 422);

    one.stage.hold_analyses();
    let user = [("idempotency-key", "video"), ("x-user-fullname", ADA)];
    let late = async {
        one.stage.analysis_begun().await;
        let early = other.video(&user, Form::video()).await;
        one.stage.analyses.add_permits(1);
        early
    };
    let (first, early) = tokio::join!(one.video(&user, Form::video()), late);
    assert_eq!((first.status.as_u16(), early.status.as_u16()), (200, 409));
    assert!(replayed(&other.video(&user, Form::video()).await));
}

#[tokio::test]
async fn stored_responses_are_sealed_and_bound_to_their_project() {
    let customer = Customer::new().await;
    customer.post(CONSENT, &[KEY], GIVEN).await;
    let state = customer.stage.set();
    let (id, stored) = state.answers.iter().next().unwrap();
    assert_eq!(stored.project_id, crate::fakes::PROJECT);
    let dump = [id.as_slice(), stored.sealed.as_deref().unwrap()].concat();
    for secret in ["ada", "is_consent_given", "8e03978e"] {
        assert!(!String::from_utf8_lossy(&dump).contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn without_the_store_the_call_is_refused() {
    let customer = Customer::new().await;
    customer.stage.set().answers_down = true;
    assert_eq!(customer.post(CONSENT, &[KEY], GIVEN).await.status, 503);
    assert!(customer.stage.set().consent_entries.is_empty());
    customer.stage.set().answers_down = false;
    let done = customer.post(CONSENT, &[KEY], GIVEN).await;
    assert_eq!((done.status.as_u16(), replayed(&done)), (200, false));
}

#[tokio::test]
async fn responses_of_read_only_routes_are_not_stored() {
    let customer = Customer::new().await;
    for _ in 0..2 {
        let answer = customer.post("/api-transactions/transactions/query", &[KEY], "{}").await;
        assert_eq!((answer.status.as_u16(), replayed(&answer)), (200, false), "{}", answer.body);
    }
    assert!(customer.stage.set().answers.is_empty());
}

#[tokio::test]
async fn a_form_is_identical_in_any_order_with_any_file_name_and_compressed() {
    let customer = Customer::new().await;
    let user = [KEY, ("x-user-fullname", ADA)];
    let bytes = b"the bytes of a video";
    let first = customer.video(&user, Form::video()).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let disposition = "name=\"video\"; filename=\"tmp_4711.mp4\"\r\nContent-Type: video/mp4";
    let other = || Form::default().part(disposition, bytes).text("phrase", "one two three");
    let second = customer.video(&user, other()).await;
    assert!(replayed(&second), "{} {}", second.status, second.body);
    let headers = [KEY, ("x-user-fullname", ADA), ("content-type", Form::TYPE), ("content-encoding", "gzip")];
    let third =
        customer.post("/api-gateway/process-video", &headers, crate::encodings::gzip(&other().end())).await;
    assert!(replayed(&third), "{} {}", third.status, third.body);
    let swapped = Form::default().file("phrase", bytes).text("video", "one two three");
    assert_eq!(customer.video(&user, swapped).await.status, 422);
}

#[tokio::test]
async fn a_repeated_refusal_is_worded_like_the_first() {
    let customer = Customer::new().await;
    let first = customer.post("/api-projects/public/apikeys", &[KEY], "{}").await;
    let second = customer.post("/api-projects/public/apikeys", &[KEY], "{}").await;
    assert!(first.status.is_client_error() && replayed(&second), "{} {}", first.status, second.status);
    assert_eq!(first.body, second.body);
    assert_eq!(first.body["message"], first.body["error"]);
}
