//! Links of biometric validations: one browser, once.

use std::time::Duration;

use axum::http::HeaderMap;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

const PUBLIC_URL: &str = "https://id.example.org";

/// A browser with its cookie.
#[derive(Default)]
struct Browser {
    cookie: Option<String>,
}

impl Browser {
    /// The status and the body: JSON, or the page itself.
    async fn send(&mut self, world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = if method == "GET" { request.header("accept", "text/html") } else { request };
        let request = match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        let request = request.header("content-type", "application/json").body(Body::from(body.to_string()));
        let response = world.customer.app.clone().oneshot(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        self.keep(&parts.headers);
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (parts.status.as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    fn keep(&mut self, headers: &HeaderMap) {
        let Some(set) = headers.get("set-cookie") else { return };
        let set = set.to_str().unwrap();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
        self.cookie = set.split(';').next().map(str::to_owned);
    }

    async fn get(&mut self, world: &World, path: &str) -> (u16, Value) {
        self.send(world, "GET", path, &Value::Null).await
    }

    async fn begin(&mut self, world: &World, path: &str) -> (u16, Value) {
        self.send(world, "POST", &format!("{path}/begin"), &json!({"consent": true})).await
    }

    async fn face(&mut self, world: &World, path: &str) -> (u16, Value) {
        self.send(world, "POST", path, &json!({"image": image(), "consent": true})).await
    }
}

async fn world() -> World {
    let config = Config { public_url: Some(PUBLIC_URL.into()), ..Config::default() };
    World::with("ledger", config).await
}

/// Adds `extra` to the request; returns the response's data and the path of the page.
async fn asked(world: &World, more: Value) -> (Value, String) {
    let (project, flow) = world.project("p", json!({})).await;
    let mut body = json!({"project": project, "projectFlow": flow, "identifier": "user@example.com",
                          "type": "validation"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = world.post(VALIDATIONS, &body).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let data = made.body["data"].clone();
    let path = data["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned();
    (data, path)
}

async fn status(world: &World) -> Value {
    world.client("GET", VALIDATIONS, &Value::Null).await.body["data"][0]["status"].clone()
}

#[tokio::test]
async fn case_13_a_link_is_one_browsers_and_used_once() {
    let world = world().await;
    let (data, path) = asked(&world, json!({"redirectUrl": "https://example.com/done"})).await;
    assert_eq!((&data["biometricValidation"], &data["livenessSession"]), (&data["_id"], &data["_id"]));
    let (mut own, mut other) = (Browser::default(), Browser::default());
    let (code, page) = other.get(&world, &path).await;
    assert!(code == 200 && !page.to_string().contains("user@example.com"), "{page}");
    assert_eq!(status(&world).await, "new", "what looks through mail opens links as well");
    assert_eq!(own.face(&world, &path).await.0, 403, "it was not begun");
    let unticked = own.send(&world, "POST", &format!("{path}/begin"), &json!({})).await;
    assert_eq!((unticked.0, &unticked.1["code"]), (403, &"consent_required".into()));
    assert_eq!(own.begin(&world, &path).await.1["data"]["status"], "pending");
    assert_eq!(status(&world).await, "pending");
    for refused in [other.begin(&world, &path).await, other.face(&world, &path).await] {
        assert_eq!((refused.0, &refused.1["code"]), (403, &"link_of_another_browser".into()));
    }
    let (code, page) = other.get(&world, &path).await;
    assert!(code == 403 && page.to_string().contains("another browser"), "{page}");

    world.customer.stage.set().still =
        JudgeStillResponse { outcome: outcome(461, "no_face"), ..JudgeStillResponse::default() };
    let unusable = own.face(&world, &path).await;
    assert_eq!((unusable.0, &unusable.1["error"]), (400, &"INVALID_BIOMETRIC_DATA".into()));
    world.customer.stage.set().still = still(0.97);
    let done = loop {
        // The link is returned a moment after the answer.
        let (code, body) = own.face(&world, &path).await;
        if code != 410 || status(&world).await != "pending" {
            break (code, body);
        }
    };
    assert_eq!((done.0, &done.1["data"]["status"]), (200, &"completed".into()), "{}", done.1);
    let redirect = done.1["redirect"].as_str().unwrap();
    assert!(redirect.starts_with("https://example.com/done?type=validation&token="), "{redirect}");
    let again = own.face(&world, &path).await;
    assert_eq!((again.0, &again.1["code"]), (410, &"link_is_used".into()));
    let (code, page) = own.get(&world, &path).await;
    assert!(code == 410 && page.to_string().contains("This link was used"), "{page}");
    assert_eq!(own.get(&world, "/liveness/made-up").await.0, 404);
    let stage = world.customer.stage.set();
    let entry = &stage.consent_entries[0];
    assert_eq!((entry.user_fullname.as_str(), entry.basis.as_str()), ("user@example.com", "person"));
    assert_eq!(stage.records.last().unwrap().kind, "verifik.biometric_validation_page");
}

#[tokio::test]
async fn case_13_two_at_once_on_one_link_and_one_wins() {
    let world = world().await;
    let (_, path) = asked(&world, json!({})).await;
    let mut browser = Browser::default();
    browser.begin(&world, &path).await;
    let mut second = Browser { cookie: browser.cookie.clone() };
    let both = tokio::join!(browser.face(&world, &path), second.face(&world, &path));
    let mut codes = [both.0.0, both.1.0];
    codes.sort_unstable();
    assert_eq!(codes, [200, 410]);
    let (mut one, mut two) = (Browser::default(), Browser::default());
    let id = world.client("GET", VALIDATIONS, &Value::Null).await.body["data"][0]["_id"].clone();
    let again =
        world.client("DELETE", &format!("{VALIDATIONS}/{}", id.as_str().unwrap()), &Value::Null).await;
    let path = again.body["data"]["url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned();
    let both = tokio::join!(one.begin(&world, &path), two.begin(&world, &path));
    let mut codes = [both.0.0, both.1.0];
    codes.sort_unstable();
    assert_eq!(codes, [200, 403]);
}

#[tokio::test]
async fn case_13_a_failed_face_uses_the_link_up() {
    let world = world().await;
    let (_, path) = asked(&world, json!({})).await;
    let mut browser = Browser::default();
    browser.begin(&world, &path).await;
    world.customer.stage.set().still = still(0.2);
    let failed = browser.face(&world, &path).await;
    assert_eq!((failed.0, &failed.1["data"]["status"]), (200, &"failed".into()), "{}", failed.1);
    assert_eq!(browser.face(&world, &path).await.0, 410);
}

#[tokio::test]
async fn case_12_and_13_a_mailed_link_with_five_wrong_codes() {
    let mut world = world().await;
    let more =
        json!({"sendViaEmail": true, "requires2FA": true, "email": "user@example.com", "language": "es"});
    let (data, path) = asked(&world, more).await;
    let mail = world.mail.next().await;
    assert_eq!(mail.to, "user@example.com");
    let text = mail.data.replace("=\r\n", "").replace("=\n", "");
    assert!(text.contains(data["url"].as_str().unwrap()) && text.contains("Abre este enlace"), "{text}");

    let mut browser = Browser::default();
    let code_path = format!("{path}/code");
    let early = browser.send(&world, "POST", &code_path, &json!({})).await;
    assert_eq!((early.0, &early.1["code"]), (403, &"link_of_another_browser".into()));
    browser.begin(&world, &path).await;
    let without = browser.face(&world, &path).await;
    assert_eq!((without.0, &without.1["code"]), (403, &"otp_does_not_match".into()));
    assert_eq!(browser.send(&world, "POST", &code_path, &json!({})).await.0, 200);
    let code = code_of(&mut world).await;
    let wrong = json!({"code": if code == "000000" { "000001" } else { "000000" }});
    for _ in 0..5 {
        let refused = browser.send(&world, "POST", &code_path, &wrong).await;
        assert_eq!((refused.0, &refused.1["code"]), (403, &"otp_does_not_match".into()));
    }
    let sixth = browser.send(&world, "POST", &code_path, &json!({"code": code})).await;
    assert_eq!((sixth.0, &sixth.1["code"]), (412, &"emailValidation_has_expired".into()), "five tries");
    browser.send(&world, "POST", &code_path, &json!({})).await;
    let code = code_of(&mut world).await;
    assert_eq!(browser.send(&world, "POST", &code_path, &json!({"code": code})).await.0, 200);
    assert_eq!(browser.face(&world, &path).await.1["data"]["status"], "completed");
}

async fn code_of(world: &mut World) -> String {
    let mail = world.mail.next().await;
    let text = mail.data.replace("=\r\n", "").replace("=\n", "").replace("=C3=B3", "o");
    let code: String = text
        .split("es ")
        .find_map(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            (digits.len() == 6).then_some(digits)
        })
        .expect("a code");
    code
}

#[tokio::test]
async fn case_13_an_expired_link_is_gone() {
    let world = world().await;
    let soon = boot::timestamp::rfc3339(boot::now_ms() + 1_000);
    let (_, path) = asked(&world, json!({"expiresAt": soon})).await;
    let mut browser = Browser::default();
    let expired = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let (code, body) =
                browser.send(&world, "POST", &format!("{path}/begin"), &json!({"consent": true})).await;
            if code != 200 {
                return (code, body["code"].clone());
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(expired.await.unwrap(), (410, "link_has_expired".into()));
}

#[tokio::test]
async fn a_link_is_dead_when_its_key_is_and_knows_no_other_api() {
    let world = world().await;
    let (_, path) = asked(&world, json!({})).await;
    world.customer.stage.set().keys.get_mut(KEY).unwrap().dialects.clear();
    assert_eq!(Browser::default().begin(&world, &path).await.0, 404, "switched off");
    world.customer.stage.set().keys.get_mut(KEY).unwrap().set_state(ApiKeyState::Revoked);
    assert_eq!(Browser::default().begin(&world, &path).await.0, 403);
}
