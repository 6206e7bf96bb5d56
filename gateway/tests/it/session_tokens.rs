//! Session tokens: one session, its user, minutes; and the pages that may use them.

use proto::projects::ApiKeyState;
use serde_json::json;

use crate::{
    customer::{ADA, Answer, Customer, Form},
    fakes::{KEY, PROJECT},
};

const START: &str = "/api-gateway/sessions/start";

/// A session of ADA with its token.
async fn session_with_token(customer: &Customer) -> (String, String) {
    let path = format!("{START}?token=true");
    let started = customer.post(&path, &[("x-user-fullname", ADA)], "").await;
    assert_eq!(started.status, 200, "{}", started.body);
    assert!(started.body["token_expires_at"].is_string());
    let text = |name: &str| started.body[name].as_str().unwrap().to_owned();
    (text("data"), text("token"))
}

async fn by_token(
    customer: &Customer,
    token: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers: Vec<_> = headers.iter().copied().chain([("authorization", bearer.as_str())]).collect();
    let body = if path.ends_with("process-video") { Form::video().end() } else { Vec::new() };
    customer.send(method, path, &headers, body).await
}

async fn video(customer: &Customer, token: &str, headers: &[(&str, &str)]) -> Answer {
    let headers: Vec<_> = headers.iter().copied().chain([("content-type", Form::TYPE)]).collect();
    by_token(customer, token, "POST", "/api-gateway/process-video", &headers).await
}

#[tokio::test]
async fn a_session_token_captures_for_its_session_and_its_user() {
    let customer = Customer::new().await;
    let (session, token) = session_with_token(&customer).await;
    let seen = video(&customer, &token, &[]).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    let record = customer.last_record();
    assert_eq!(
        (record.session_id.as_deref(), record.user_fullname.as_deref()),
        (Some(session.as_str()), Some(ADA))
    );
    assert_eq!(
        video(&customer, &token, &[("x-session-id", &session), ("x-user-fullname", ADA)]).await.status,
        200
    );

    let other = customer.session().await;
    let outside = (403, "this session token is for another session or another user");
    assert_eq!(video(&customer, &token, &[("x-user-fullname", "bob")]).await.error(), outside);
    assert_eq!(video(&customer, &token, &[("x-session-id", &other)]).await.error(), outside);
    assert_eq!(by_token(&customer, &token, "POST", START, &[]).await.error(), outside);
    let end = format!("/api-gateway/sessions/end/{other}");
    assert_eq!(by_token(&customer, &token, "POST", &end, &[]).await.error(), outside);
    assert_eq!(customer.stage.set().analyzed.len(), 2);
}

#[tokio::test]
async fn a_session_token_only_captures_regardless_of_the_scopes_of_its_key() {
    let customer = Customer::new().await;
    customer.stage.administer();
    let (_, token) = session_with_token(&customer).await;
    for (method, path, scope) in [
        ("GET", "/api-transactions/transactions", "records.read"),
        ("GET", "/api-transactions/transactions/x/samples", "samples.read"),
        ("POST", "/api-consent/consent", "consent.write"),
        ("POST", "/api-projects/public/apikeys", "keys.admin"),
        ("DELETE", "/api-projects/subjects/ada", "project.admin"),
    ] {
        let refused = by_token(&customer, &token, method, path, &[]).await;
        let sentence = format!("this call needs a key with the scope {scope}");
        assert_eq!(refused.error(), (403, sentence.as_str()), "{path}");
    }
    customer.stage.give_scopes(&["records.read"]);
    let refused = video(&customer, &token, &[]).await;
    assert_eq!(refused.error(), (403, "this call needs a key with the scope capture"), "its key lost it");
}

#[tokio::test]
async fn a_session_token_ends_with_its_time_its_session_and_its_key() {
    let customer = Customer::new().await;
    let over = (401, "this session token is over; start another session");
    let (session, token) = session_with_token(&customer).await;
    let claims =
        json!({"id": KEY, "project_id": PROJECT, "session_id": session, "exp": boot::now_ms() / 1000 - 1});
    let late = customer.stage.sign_as("session-token+jwt", "kid-1", &claims);
    assert_eq!(video(&customer, &late, &[]).await.error(), over);

    let end = format!("/api-gateway/sessions/end/{session}");
    assert_eq!(
        by_token(&customer, &token, "POST", &end, &[]).await.status,
        200,
        "it may end its own session"
    );
    assert_eq!(video(&customer, &token, &[]).await.error(), over);

    let (_, token) = session_with_token(&customer).await;
    customer.stage.set().keys.get_mut(KEY).unwrap().state = ApiKeyState::Revoked.into();
    assert_eq!(video(&customer, &token, &[]).await.error(), (403, "api key is not active"));
}

#[tokio::test]
async fn neither_kind_of_token_is_taken_for_the_other() {
    let customer = Customer::new().await;
    let session = customer.session().await;
    let (now, invalid) = (boot::now_ms() / 1000, (401, "invalid api key"));
    let key = json!({"id": KEY, "project_id": PROJECT});
    let of_session = json!({"id": KEY, "project_id": PROJECT, "session_id": session, "exp": now + 600});
    let endless = json!({"id": KEY, "project_id": PROJECT, "session_id": session});
    for (typ, claims) in [("session-token+jwt", &key), ("JWT", &of_session), ("session-token+jwt", &endless)]
    {
        let token = customer.stage.sign_as(typ, "kid-1", claims);
        assert_eq!(video(&customer, &token, &[]).await.error(), invalid, "{typ} {claims}");
    }
    let unbound = customer.stage.sign_as("session-token+jwt", "kid-1", &of_session);
    let refused = video(&customer, &unbound, &[]).await;
    assert_eq!(refused.status, 401, "a session without its user: {}", refused.body);
}

#[tokio::test]
async fn a_token_needs_its_user() {
    let customer = Customer::new().await;
    let refused = customer.post(&format!("{START}?token=true"), &[], "").await;
    assert_eq!(refused.error(), (400, "X-User-Fullname header is required"));
    assert!(customer.stage.set().sessions.is_empty(), "no session is left behind");
    let plain = customer.post(START, &[("x-user-fullname", ADA)], "").await;
    assert_eq!(plain.body.as_object().unwrap().len(), 2, "as ever without it: {}", plain.body);
}

#[tokio::test]
async fn only_pages_that_are_named_may_call() {
    let customer = Customer::new().await;
    let refused = (403, "origin not allowed for this project; add it to the project's allowed origins");
    let from = async |origin: &str| customer.post(START, &[("origin", origin)], "").await;
    assert_eq!(from("https://app.example").await.error(), refused, "nobody named it");
    customer.stage.set().keys.get_mut(KEY).unwrap().cors_origins = vec!["https://app.example".into()];
    assert_eq!(from("https://app.example").await.status, 200);
    for other in ["https://app.example.evil.example", "null", "http://app.example"] {
        assert_eq!(from(other).await.error(), refused, "{other}");
    }
    assert_eq!(customer.post(START, &[], "").await.status, 200, "no browser");
    let own = customer.post(START, &[("origin", "https://id.example"), ("host", "id.example")], "").await;
    assert_eq!(own.status, 200, "the page of /docs");

    let cors_origins = vec!["https://kiosk.example".to_owned()];
    let config = gateway::Config { cors_origins, ..gateway::Config::default() };
    let installation = Customer::with(config).await;
    let from = async |origin: &str| installation.post(START, &[("origin", origin)], "").await;
    let allowed = from("https://kiosk.example").await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://kiosk.example"));
    assert_eq!((allowed.status.as_u16(), from("https://app.example").await.error()), (200, refused));
}
