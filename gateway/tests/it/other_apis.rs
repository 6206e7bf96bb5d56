//! Bad input, for every call of the other APIs: it is refused in the shape of its API, and leaves nothing behind.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use proto::projects::ApiKeyState;
use serde_json::Value;

use crate::{
    customer::{Answer, Customer, Form},
    fakes::KEY,
};

/// The tags of the description.
const APIS: [&str; 4] = ["biometry v2", "neuroid", "identity verification", "verifik"];

struct Operation {
    api: String,
    method: Method,
    path: String,
    /// It takes a key in the header.
    by_key: bool,
}

async fn operations(customer: &Customer) -> Vec<Operation> {
    let described = customer.get("/openapi.json").await.body;
    let mut operations = Vec::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let api = operation["tags"][0].as_str().unwrap().to_owned();
            if APIS.contains(&api.as_str()) {
                let ways = operation["security"].as_array().unwrap();
                let by_key = ways.iter().any(|way| way.get("api_key").is_some());
                let method = method.to_uppercase().parse().unwrap();
                operations.push(Operation { api, method, path: path.replace(['{', '}'], ""), by_key });
            }
        }
    }
    operations
}

/// Whether a refusal has the shape of its API.
fn has_its_shape(api: &str, body: &Value) -> bool {
    match api {
        "biometry v2" => {
            body["error"]["code"].is_string()
                && !body["error"]["message"].is_null()
                && body["meta"]["request_id"].is_string()
        }
        "neuroid" => body["detail"].is_string() || body["detail"].is_array(),
        "identity verification" => body["success"] == false && body["error"].is_string(),
        _ => body["message"].is_string() && (body["code"].is_string() || body["error"].is_string()),
    }
}

impl Operation {
    async fn call(&self, customer: &Customer, authorization: Option<&str>, body: (&str, Vec<u8>)) -> Answer {
        let request = Request::builder().method(&self.method).uri(&self.path);
        let mut request = request.header(header::CONTENT_TYPE, body.0);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        customer.raw(request.body(Body::from(body.1)).unwrap()).await
    }

    fn assert_refused(&self, answer: &Answer, why: &str) {
        let what = format!("{} {} ({why}): {} {}", self.method, self.path, answer.status, answer.body);
        assert!(answer.status.is_client_error(), "{what}");
        assert!(has_its_shape(&self.api, &answer.body), "{what}");
    }
}

fn assert_nothing_left(customer: &Customer) {
    let stage = customer.stage.set();
    assert!(stage.enrollments.is_empty() && stage.prints.is_empty() && stage.samples.is_empty());
    assert!(stage.consent_entries.is_empty() && stage.analyzed.is_empty() && stage.stills.is_empty());
    assert!(stage.compared.is_empty() && stage.documents.is_empty() && stage.checks.is_empty());
}

#[tokio::test]
async fn no_wrong_revoked_and_other_keys_are_refused_by_every_call() {
    let customer = Customer::new().await;
    customer.stage.switch_on_dialects();
    let operations = operations(&customer).await;
    assert!(APIS.iter().all(|api| operations.iter().any(|operation| operation.api == **api)));
    let json = || ("application/json", b"{}".to_vec());
    let bearer = format!("Bearer {}", customer.key);
    for operation in operations.iter().filter(|operation| operation.by_key) {
        for (authorization, why) in [(None, "none"), (Some("Bearer x.y.z"), "wrong")] {
            let refused = operation.call(&customer, authorization, json()).await;
            operation.assert_refused(&refused, why);
            assert_eq!(refused.status, 401, "{} {why}", operation.path);
        }
        let other = if operation.api == "identity verification" { "neuroid" } else { "idv" };
        customer.stage.set().keys.get_mut(KEY).unwrap().key_dialects = vec![other.to_owned()];
        let refused = operation.call(&customer, Some(&bearer), json()).await;
        operation.assert_refused(&refused, "a key of another API");
        assert_eq!(refused.status, 401, "{}", operation.path);
        customer.stage.set().keys.get_mut(KEY).unwrap().key_dialects.clear();
        for (state, why) in [(ApiKeyState::Revoked, "revoked"), (ApiKeyState::Expired, "expired")] {
            customer.stage.set().keys.get_mut(KEY).unwrap().set_state(state);
            let refused = operation.call(&customer, Some(&bearer), json()).await;
            operation.assert_refused(&refused, why);
            assert!([401, 403].contains(&refused.status.as_u16()), "{}", operation.path);
        }
        customer.stage.set().keys.get_mut(KEY).unwrap().set_state(ApiKeyState::Active);
    }
    assert_nothing_left(&customer);
}

#[tokio::test]
async fn broken_bodies_are_refused_by_every_call_that_takes_one() {
    let customer = Customer::new().await;
    customer.stage.switch_on_dialects();
    let bearer = format!("Bearer {}", customer.key);
    let takes_body = |operation: &&Operation| [Method::POST, Method::PUT].contains(&operation.method);
    for operation in operations(&customer).await.iter().filter(takes_body) {
        for (kind, body) in [
            ("application/json", Vec::new()),
            ("application/json", b"[1, 2]".to_vec()),
            ("application/json", br#"{"image": 1, "name": [], "project": {}, "status": 2}"#.to_vec()),
            ("application/json", b"\xff\xfe{".to_vec()),
            ("text/plain", b"text".to_vec()),
            (Form::TYPE, b"no form".to_vec()),
            ("multipart/form-data", b"no boundary".to_vec()),
        ] {
            let answer = operation.call(&customer, Some(&bearer), (kind, body)).await;
            // Some calls take no body and are answered by what they find.
            if !answer.status.is_success() {
                let what = format!("{} {kind}: {} {}", operation.path, answer.status, answer.body);
                assert!(has_its_shape(&operation.api, &answer.body), "{what}");
                // What is not played answers 501 or 503; no other fault is the server's.
                assert!(![500, 502, 504].contains(&answer.status.as_u16()), "{what}");
            }
        }
    }
    let stage = customer.stage.set();
    assert!(stage.enrollments.is_empty() && stage.prints.is_empty() && stage.samples.is_empty());
    assert!(stage.consent_entries.is_empty() && stage.compared.is_empty() && stage.stills.is_empty());
}

#[tokio::test]
async fn wrong_methods_and_unknown_routes_have_the_shape_of_their_api() {
    let customer = Customer::new().await;
    customer.stage.switch_on_dialects();
    for (method, path, api, status) in [
        ("GET", "/api-gateway/v2/nothing", "biometry v2", 404),
        ("DELETE", "/api-gateway/v2/liveness", "biometry v2", 405),
        ("GET", "/v2/enroll-fp", "neuroid", 405),
        ("GET", "/neuroid/v2/verify", "neuroid", 405),
        ("GET", "/verif/nothing", "identity verification", 404),
        ("GET", "/verif/submit", "identity verification", 405),
        ("GET", "/v2/human-id/encrypt", "verifik", 404),
        ("GET", "/v3/nothing", "verifik", 404),
        ("DELETE", "/v2/face-recognition/liveness", "verifik", 405),
    ] {
        let answer = customer.send(method, path, &[], Body::empty()).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.body);
        assert!(has_its_shape(api, &answer.body), "{method} {path}: {}", answer.body);
    }
}
