//! Every operation of the description, tried by a key of each scope alone and by a person of each role.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use proto::accounts::Role;
use serde_json::Value;
use tower::ServiceExt;

use crate::{
    customer::Customer,
    fakes::{PROJECT, SCOPES},
};

const ADMINISTRATIVE: [&str; 3] = ["enroll.still", "keys.admin", "project.admin"];
const ROLES: [(Role, &str); 5] = [
    (Role::Owner, "owner"),
    (Role::Admin, "admin"),
    (Role::Developer, "developer"),
    (Role::FraudAnalyst, "fraud_analyst"),
    (Role::Viewer, "viewer"),
];

/// One operation, and what it says it needs.
struct Operation {
    method: String,
    path: String,
    /// The scope of a key; `None`: keys do not get in.
    scope: Option<String>,
    /// It takes the token of a record alone.
    record: bool,
    /// What a person needs: a permission, or nothing but a session. `None`: people do not get in.
    permission: Option<Option<String>>,
    public: bool,
}

impl Operation {
    fn read(method: &str, path: &str, described: &Value) -> Self {
        let ways = described["security"].as_array().expect("every operation says who may call it");
        let way = |name: &str| ways.iter().find_map(|way| way.get(name));
        let first = |names: &Value| names[0].as_str().map(str::to_owned);
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            scope: way("api_key").map(|names| first(names).expect("a scope")),
            record: way("record_token").is_some(),
            permission: way("dashboard").map(first),
            public: ways.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty)),
        }
    }

    fn request(&self) -> axum::http::request::Builder {
        let path = self.path.replace(['{', '}'], "");
        Request::builder().method(self.method.as_str()).uri(path).header("content-type", "application/json")
    }
}

async fn operations(customer: &Customer) -> Vec<Operation> {
    let document = customer.get("/openapi.json").await.body;
    let paths = document["paths"].as_object().expect("paths");
    let each = |(path, item): (&String, &Value)| {
        let methods = item.as_object().expect("an item").iter();
        methods.map(|(method, described)| Operation::read(method, path, described)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(each).collect()
}

/// The status, and the sentence of a 403. A stream without an end is not read.
async fn outcome(customer: &Customer, request: Request<Body>) -> (StatusCode, String) {
    let response = customer.app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    if status != StatusCode::FORBIDDEN {
        return (status, String::new());
    }
    let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let places = [&body["error"], &body["error"]["message"], &body["detail"], &body["message"]];
    (status, places.iter().find_map(|place| place.as_str()).unwrap().to_owned())
}

#[tokio::test]
async fn what_each_operation_needs() {
    let customer = Customer::new().await;
    let needs = operations(&customer).await.into_iter().map(|operation| {
        let Operation { method, path, scope, record, permission, public } = operation;
        let scope = scope.unwrap_or_else(|| if record { "a record's token" } else { "-" }.to_owned());
        let person = match permission {
            Some(Some(permission)) => permission,
            Some(None) => "a session".to_owned(),
            None => "-".to_owned(),
        };
        let person = if public { "anybody".to_owned() } else { person };
        format!("{method} {path}: {scope} | {person}")
    });
    insta::assert_snapshot!(needs.collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_nothing_else() {
    let customer = Customer::new().await;
    customer.stage.switch_on_dialects();
    for operation in operations(&customer).await.iter().filter(|operation| !operation.public) {
        for scope in SCOPES.into_iter().chain(ADMINISTRATIVE) {
            customer.stage.give_scopes(&[scope]);
            let bearer = format!("Bearer {}", customer.key);
            let request = operation.request().header("authorization", bearer).body(Body::from("{}")).unwrap();
            let (status, sentence) = outcome(&customer, request).await;
            let what = format!("{} {} with {scope}: {status} {sentence}", operation.method, operation.path);
            match &operation.scope {
                None if operation.record => {
                    assert_eq!((status.as_u16(), sentence.as_str()), (403, "403:access_denied"), "{what}");
                }
                None => assert_eq!(status, 401, "{what}"),
                Some(needed) if needed == scope => {
                    assert!(status != 401 && !sentence.starts_with("this call needs a key"), "{what}");
                }
                Some(needed) => {
                    let expected = format!("this call needs a key with the scope {needed}");
                    assert_eq!((status.as_u16(), sentence), (403, expected), "{what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_person_does_what_their_role_says_and_nothing_else() {
    let customer = Customer::new().await;
    let operations = operations(&customer).await;
    for (role, name) in ROLES {
        customer.stage.set().role = Some(role);
        let me = Request::get("/api-auth/me").header("cookie", COOKIE).body(Body::empty()).unwrap();
        let held = customer.raw(me).await.body["permissions"].clone();
        let held: Vec<&str> = held.as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
        for operation in operations.iter().filter(|operation| !operation.public) {
            let request = operation.request().header("cookie", COOKIE).header("x-project-id", PROJECT);
            let request = request.header("x-csrf-token", "the-token-of-its-pages");
            let (status, sentence) = outcome(&customer, request.body(Body::from("{}")).unwrap()).await;
            let what = format!("{} {} as {name}: {status} {sentence}", operation.method, operation.path);
            match &operation.permission {
                None => assert_eq!(status, 401, "{what}"),
                Some(Some(needed)) if !held.contains(&needed.as_str()) => {
                    assert_eq!(
                        (status.as_u16(), sentence.as_str()),
                        (403, "your role does not allow this"),
                        "{what}"
                    );
                }
                Some(_) => assert!(status != 401 && sentence != "your role does not allow this", "{what}"),
            }
        }
    }
}

const COOKIE: &str = "__Host-biometry-session=the-token-of-a-session";

#[tokio::test]
async fn a_call_rejected_for_its_scope_is_recorded_with_the_reason() {
    let customer = Customer::new().await;
    customer.stage.give_scopes(&["records.read"]);
    let refused = customer.post("/api-gateway/sessions/start", &[], "").await;
    assert_eq!(refused.error(), (403, "this call needs a key with the scope capture"));
    let record = customer.last_record();
    assert_eq!((record.kind.as_str(), record.http_status), ("session_start", 403));
}

#[tokio::test]
async fn every_change_of_a_key_carries_the_grantable_scopes() {
    let customer = Customer::new().await;
    customer.stage.give_scopes(&["keys.admin", "capture"]);
    let made =
        customer.post("/api-projects/public/apikeys", &[], r#"{"name":"k","scopes":["capture"]}"#).await;
    assert_eq!(made.status, 200);
    let request = customer.stage.set().created_keys[0].clone();
    assert_eq!(request.scopes, ["capture"]);
    assert_eq!(request.may_grant.unwrap().names, ["keys.admin", "capture"]);
    let more = r#"{"name":"k","scopes":["samples.read"]}"#;
    let refused = customer.post("/api-projects/public/apikeys", &[], more).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
}
