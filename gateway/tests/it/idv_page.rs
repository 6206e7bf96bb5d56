//! The page of the Identity Verification API, by the acceptance cases of its contract.

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use gateway::Config;
use proto::projects::ApiKeyState;
use serde_json::{Value, json};
use tower::ServiceExt;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::{
    customer::{Answer, Customer, Form},
    fakes::{KEY, Stage},
    idv::prepare,
    real_journeys::RealJourneys,
};

const USER: &str = "user123";

async fn world(consent: &str) -> RealJourneys {
    let stage = Stage::new();
    prepare(&stage, consent);
    RealJourneys::before(stage, Config::default()).await
}

/// What a browser receives.
struct Shown {
    status: StatusCode,
    headers: HeaderMap,
    html: String,
}

impl Shown {
    /// What the page's script works by.
    fn data(&self) -> Value {
        let block = self.html.split("id=\"page\">").nth(1).expect("a block of JSON");
        serde_json::from_str(block.split("</script>").next().unwrap()).unwrap()
    }

    fn token(&self) -> String {
        self.data()["token"].as_str().unwrap().to_owned()
    }
}

async fn browse(customer: &Customer, query: &str) -> Shown {
    let request = Request::get(format!("/verif/?{query}")).header("accept", "text/html,*/*;q=0.8");
    let response = customer.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let html = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
    Shown { status: parts.status, headers: parts.headers, html }
}

async fn opened(customer: &Customer) -> Shown {
    let shown = browse(
        customer,
        &format!("api_key={}&user_identifier={USER}&user_email=u@example.com", customer.key),
    )
    .await;
    assert_eq!(shown.status, 200, "{}", shown.html);
    shown
}

fn whole(token: &str) -> Form {
    let form = Form::default().text("page_token", token).text("consent", "true");
    form.file("selfie_video", b"a video").file("id_photo", b"a photo")
}

async fn submit(customer: &Customer, form: Form) -> Answer {
    let request = Request::post("/verif/submit").header("content-type", Form::TYPE);
    customer.raw(request.body(Body::from(form.end())).unwrap()).await
}

#[tokio::test]
async fn case_01_the_page_submits_for_the_user_it_was_opened_for() {
    let world = world("ledger").await;
    let customer = &world.customer;
    let shown = opened(customer).await;
    let policy = shown.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self';") && policy.ends_with("frame-ancestors 'none'"), "{policy}");
    assert_eq!(shown.headers["cache-control"], "no-store");
    assert_eq!(shown.headers["referrer-policy"], "no-referrer");
    assert!(!shown.html.contains(&customer.key) && !shown.html.contains(USER), "{}", shown.html);
    let again = browse(customer, &format!("token={}", shown.token())).await;
    assert_eq!((again.status.as_u16(), again.token()), (200, shown.token()), "a page loaded again");

    let answer = submit(customer, whole(&shown.token()).text("user_identifier", "somebody else")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["result"]["user_identifier"], USER);
    let stage = customer.stage.set();
    let entry = &stage.consent_entries[0];
    assert_eq!((entry.user_fullname.as_str(), entry.basis.as_str(), entry.given), (USER, "person", true));
    assert_eq!(stage.consent_entries.len(), 1, "the person did not agree to storage");
    assert!(stage.samples.is_empty());
    assert!(stage.records[0].services_json.as_ref().unwrap().contains("u@example.com"));
}

#[tokio::test]
async fn case_05_no_wrong_revoked_and_other_keys_open_no_page() {
    let world = world("attested").await;
    let customer = &world.customer;
    let refused = |shown: Shown, status: u16, sentence: &str| {
        assert_eq!(shown.status, status, "{}", shown.html);
        assert!(shown.html.contains(&format!("<h1>{sentence}</h1>")), "{}", shown.html);
        assert!(shown.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    };
    let user = format!("user_identifier={USER}");
    refused(browse(customer, &user).await, 400, "API key is required");
    refused(browse(customer, &format!("{user}&api_key=nonsense")).await, 401, "Invalid API key");
    let keyed = format!("{user}&api_key={}", customer.key);
    customer.stage.set().keys.get_mut(KEY).unwrap().key_dialects = vec!["neuroid".into()];
    refused(browse(customer, &keyed).await, 401, "Invalid API key");
    customer.stage.set().keys.get_mut(KEY).unwrap().key_dialects = vec!["idv".into()];
    let shown = browse(customer, &keyed).await;
    assert_eq!(shown.status, 200);
    customer.stage.set().keys.get_mut(KEY).unwrap().set_state(ApiKeyState::Revoked);
    refused(browse(customer, &keyed).await, 401, "Invalid API key");
    refused(browse(customer, &format!("token={}", shown.token())).await, 401, "Invalid API key");
    let late = submit(customer, whole(&shown.token())).await;
    assert_eq!(late.error(), (401, "Invalid API key"), "a page is dead when its key is");
    assert!(customer.stage.set().records.is_empty());

    // A program gets the documented JSON.
    let request = Request::get("/verif/").body(Body::empty()).unwrap();
    assert_eq!(customer.raw(request).await.body, json!({"success": false, "error": "API key is required"}));
}

#[tokio::test]
async fn case_06_without_a_user_there_is_no_page() {
    let world = world("attested").await;
    let shown = browse(&world.customer, &format!("api_key={}", world.customer.key)).await;
    assert_eq!(shown.status, 400);
    assert!(shown.html.contains("User identifier is required"), "{}", shown.html);
    let other = browse(&world.customer, &format!("api_key={}&user_id={USER}", world.customer.key)).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn case_13_a_name_with_a_script_is_inert() {
    let world = world("attested").await;
    let customer = &world.customer;
    customer.stage.administer();
    let script = "<script>alert(1)</script>";
    let theme = json!({"name": script, "accent": "#ffee00", "language": "es", "logo": "data:image/png;base64,iVBORw0KGgo=",
                       "redirect_url": "https://example.org/?a=</script><script>alert(2)</script>",
                       "frame_ancestors": ["https://app.example.org"]});
    let put = customer.send("PUT", "/api-projects/page-theme", &[], theme.to_string()).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let asked = format!("api_key={}&user_identifier=%3Cscript%3Ealert(3)%3C/script%3E", customer.key);
    let shown = browse(customer, &asked).await;
    assert_eq!(shown.status, 200, "{}", shown.html);
    assert_eq!(shown.html.matches("<script").count(), 3, "the page's own: {}", shown.html);
    assert!(
        !shown.html.contains("alert(3)") && shown.html.contains("&lt;script&gt;alert(1)"),
        "{}",
        shown.html
    );
    assert_eq!(shown.data()["redirect_url"], theme["redirect_url"]);
    assert!(shown.html.contains("--accent:#ffee00;--on-accent:#000000"), "{}", shown.html);
    assert!(shown.html.contains("src=\"data:image/png;base64,iVBORw0KGgo=\""), "{}", shown.html);
    let policy = shown.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with("frame-ancestors https://app.example.org"), "{policy}");
    let change = customer.stage.set().audit.last().unwrap().clone();
    assert_eq!(change.action, "page_theme.changed");
}

#[tokio::test]
async fn case_14_a_page_is_submitted_once() {
    let world = world("attested").await;
    let customer = &world.customer;
    let token = opened(customer).await.token();
    let over = (401, "This page was used or has expired");
    assert_eq!(submit(customer, whole("made up")).await.error(), over);

    // What came to nothing does not use it up.
    let unticked = Form::default().text("page_token", &token);
    let unticked = unticked.file("selfie_video", b"a video").file("id_photo", b"a photo");
    assert_eq!(submit(customer, unticked).await.error(), (403, "User consent is required"));
    let half = Form::default().text("page_token", &token).text("consent", "true").file("selfie_video", b"a");
    let half = until_free(customer, half.end()).await;
    assert_eq!(half.error(), (400, "Both selfie video and ID photo are required"));

    let form = whole(&token).end();
    let both = tokio::join!(until_free(customer, form.clone()), until_free(customer, form));
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "of two at once one is judged");
    assert_eq!(submit(customer, whole(&token)).await.error(), over);
    assert_eq!(browse(customer, &format!("token={token}")).await.status, 401);
    assert_eq!(customer.stage.set().analyzed.len(), 1);
}

/// A link that was taken for a call that failed is returned a moment after its answer.
async fn until_free(customer: &Customer, body: Vec<u8>) -> Answer {
    for _ in 0..100 {
        let request = Request::post("/verif/submit").header("content-type", Form::TYPE);
        let answer = customer.raw(request.body(Body::from(body.clone())).unwrap()).await;
        let is_taken = answer.status == 401 && customer.stage.set().analyzed.is_empty();
        if !is_taken {
            return answer;
        }
        tokio::task::yield_now().await;
    }
    panic!("the link was not returned")
}

/// Everything that is logged: what spans and events hold.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{field} = {value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn case_15_the_key_is_in_no_log() {
    let world = world("attested").await;
    let log = Log::default();
    let listening = tracing::subscriber::set_default(log.clone());
    let customer = &world.customer;
    tracing::info!("the log is read");
    let token = opened(customer).await.token();
    submit(customer, whole(&token)).await;
    submit(customer, Form::default().text("api_key", &customer.key)).await;
    drop(listening);
    let written = log.0.lock().unwrap().clone();
    assert!(written.contains("the log is read"));
    assert!(!written.contains(&customer.key) && !written.contains(&token), "{written}");
}
