//! Every operation of the description, called in ways that hold for all of them alike: with nothing in its body, with control
//! characters in its path, and beyond the day's quota.

use axum::{body::Body, http::Request};
use gateway::Config;
use proto::accounts::Role;
use serde_json::{Value, json};

use crate::{
    customer::{Answer, Customer},
    fakes::{PROJECT, SCOPES},
};

const ADMINISTRATIVE: [&str; 3] = ["enroll.still", "keys.admin", "project.admin"];
const COOKIE: &str = "__Host-biometry-session=the-token-of-a-session";

struct Operation {
    method: String,
    path: String,
    described: Value,
}

impl Operation {
    fn takes(&self, way: &str) -> bool {
        self.described["security"].as_array().unwrap().iter().any(|ways| ways.get(way).is_some())
    }

    fn takes_json(&self) -> bool {
        self.described["requestBody"]["content"].get("application/json").is_some()
    }

    /// What is answered to an invalid call: Verifik has other statuses than every other API.
    fn invalid(&self) -> &[u16] {
        match self.described["tags"][0].as_str() {
            Some("verifik") => &[400, 409, 422],
            _ => &[400],
        }
    }

    /// Its call by a key, or by the owner on the dashboard where no key gets in.
    async fn call(&self, customer: &Customer, path: &str) -> Answer {
        if self.takes("api_key") {
            return customer.send(&self.method, path, &[("content-type", "application/json")], "{}").await;
        }
        let request = Request::builder().method(self.method.as_str()).uri(path).header("cookie", COOKIE);
        let request =
            request.header("x-project-id", PROJECT).header("x-csrf-token", "the-token-of-its-pages");
        customer.raw(request.body(Body::from("{}")).unwrap()).await
    }
}

/// With every scope, every role and every API.
async fn whole_customer(config: Config) -> Customer {
    let customer = Customer::with(config).await;
    customer.stage.switch_on_dialects();
    customer.stage.give_scopes(&[SCOPES.as_slice(), &ADMINISTRATIVE].concat());
    customer.stage.set().role = Some(Role::Owner);
    customer
}

async fn operations(customer: &Customer) -> Vec<Operation> {
    let document = customer.get("/openapi.json").await.body;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            let (method, path, described) = (method.to_uppercase(), path.clone(), described.clone());
            operations.push(Operation { method, path, described });
        }
    }
    operations
}

#[tokio::test]
async fn no_change_is_made_of_an_empty_object() {
    let customer = whole_customer(Config::default()).await;
    let mut tried = 0;
    for operation in operations(&customer).await {
        let changes = ["PUT", "PATCH"].contains(&operation.method.as_str());
        // A record's token is needed for one of Verifik's steps, whose body has a field that must be there.
        if !changes || !operation.takes_json() || operation.takes("record_token") {
            continue;
        }
        let refused = operation.call(&customer, &operation.path.replace(['{', '}'], "")).await;
        let what = format!("{} {}: {} {}", operation.method, operation.path, refused.status, refused.body);
        assert!(operation.invalid().contains(&refused.status.as_u16()), "{what}");
        tried += 1;
    }
    assert!(tried >= 16, "{tried}");
}

#[tokio::test]
async fn a_path_with_a_control_character_names_nothing() {
    let customer = whole_customer(Config::default()).await;
    let mut tried = 0;
    for operation in operations(&customer).await.iter().filter(|operation| operation.path.contains('{')) {
        for id in ["%00", "a%00b", "%0d%0a", "%7F"] {
            let parts = operation.path.split('/').map(|part| if part.starts_with('{') { id } else { part });
            let path = parts.collect::<Vec<_>>().join("/");
            let refused = operation.call(&customer, &path).await;
            let what = format!("{} {path}: {} {}", operation.method, refused.status, refused.body);
            assert_eq!(refused.status, 404, "{what}");
            tried += 1;
        }
    }
    assert!(tried > 4 * 50, "{tried}");
}

#[tokio::test]
async fn every_call_that_leaves_rows_counts_towards_the_quota_of_the_day() {
    let customer = whole_customer(Config { calls_per_day: 1, ..Config::default() }).await;
    let used_up = proto::transactions::StatsBucket { total: 1, ..Default::default() };
    customer.stage.set().stats.buckets = vec![used_up];
    let mut refusals = 0;
    for operation in operations(&customer).await {
        let path = operation.path.replace(['{', '}'], "");
        let adds = ["POST", "PUT", "PATCH"].contains(&operation.method.as_str());
        if !adds || !operation.takes("api_key") || ONLY_READ.contains(&operation.path.as_str()) {
            continue;
        }
        let refused = operation.call(&customer, &path).await;
        let what = format!("{} {}: {} {}", operation.method, operation.path, refused.status, refused.body);
        assert_eq!(refused.status, 429, "{what}");
        assert!(refused.header("retry-after").is_some(), "{what}");
        let says_when = refused.body.to_string().contains("begins anew at midnight UTC");
        assert!(says_when || refused.body["message"] == "429:too_many_requests", "{what}");
        refusals += 1;
    }
    assert!(refusals > 40, "{refusals}");
    assert!(customer.stage.set().records.is_empty(), "nothing is recorded of them");
    let gone = customer.send("DELETE", "/api-projects/public/apikeys/none", &[], "").await;
    assert_ne!(gone.status, 429, "what deletes is never held up");
    assert_ne!(customer.get("/api-gateway/webhooks").await.status, 429);
}

/// Calls that change nothing, though by POST.
const ONLY_READ: [&str; 3] = [
    "/api-projects/scoring-rules/validate",
    "/api-projects/scoring-rules/what-if",
    "/api-transactions/transactions/query",
];

#[tokio::test]
async fn a_key_in_a_form_counts_as_well() {
    let customer = Customer::with(Config { calls_per_day: 1, ..Config::default() }).await;
    crate::idv::prepare(&customer.stage, "attested");
    let first = crate::idv::submitted(&customer).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let second = crate::idv::submitted(&customer).await;
    assert_eq!((second.status.as_u16(), &second.body["success"]), (429, &json!(false)), "{}", second.body);
    assert_eq!(customer.stage.set().records.len(), 1);
}
