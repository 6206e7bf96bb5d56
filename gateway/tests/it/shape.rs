//! What every answer has in common: ids, errors, CORS, health, the API's description.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

use crate::customer::{ADA, Answer, Customer, Form};

#[tokio::test]
async fn every_answer_has_an_id_of_our_own() {
    let customer = Customer::new().await;
    let mine = ("x-request-id", "chosen-by-the-client");
    for path in ["/api-gateway/sessions/start", "/nothing", "/healthz"] {
        let answer = customer.post(path, &[mine], "").await;
        let id = Uuid::parse_str(answer.header("x-request-id").unwrap()).unwrap();
        assert_eq!(id.get_version_num(), 7, "{path}");
    }
}

#[tokio::test]
async fn unknown_paths_are_answered_in_json() {
    let customer = Customer::new().await;
    assert_eq!(customer.get("/api-gateway/nothing").await.error(), (404, "not found"));
    assert_eq!(customer.post("/api-gateway/enroll/nothing", &[], "").await.error(), (404, "not found"));
    let wrong_method = customer.get("/api-gateway/sessions/start").await;
    assert_eq!(wrong_method.error(), (405, "method not allowed"));
    assert_eq!(wrong_method.header("allow"), Some("POST"));
    assert_eq!(customer.get("/api-consent/consent/%ff").await.error(), (400, "the path is not valid UTF-8"));
}

#[tokio::test]
async fn a_panic_is_an_internal_error_with_the_id_to_report() {
    let customer = Customer::new().await;
    customer.stage.set().panic_on_analysis = true;
    let answer = customer.video(&[("x-user-fullname", ADA)], Form::video()).await;
    assert_eq!(answer.error(), (500, "internal error"));
    assert_eq!(answer.body["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!(customer.last_record().http_status, 500);
}

#[tokio::test]
async fn browsers_may_send_and_read_the_products_headers() {
    let customer = Customer::new().await;
    let preflight = Request::options("/api-gateway/process-video")
        .header(header::ORIGIN, "https://shop.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,x-user-fullname,x-device-info")
        .body(Body::empty())
        .unwrap();
    let answer = customer.app.clone().oneshot(preflight).await.unwrap();
    assert_eq!(answer.status(), 200);
    let allowed = answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
    for name in [
        "authorization",
        "content-type",
        "x-user-fullname",
        "x-session-id",
        "x-request-user-provided-id",
        "x-action-trigger",
        "x-device-info",
        "x-geo-location",
        "x-request-tags",
        "x-client-app",
        "x-client-app-version",
        "x-use-prefilled-video",
        "x-inhouse-docauth",
        "x-inhouse-mrz",
    ] {
        assert!(allowed.split(',').any(|a| a == name), "{name} is not in {allowed}");
    }
    assert!(answer.headers().contains_key("x-request-id"));

    let origin = ("origin", "https://shop.example");
    let refused = customer.send("GET", "/api-gateway/nothing", &[origin], Body::empty()).await;
    let leave = refused.header("access-control-allow-origin");
    assert_eq!(leave, Some("https://shop.example"), "errors are readable too");
    let exposed = refused.header("access-control-expose-headers").unwrap();
    for name in ["x-request-id", "x-auto-enroll", "x-removed-services"] {
        assert!(exposed.contains(name), "{name} is not in {exposed}");
    }
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let customer = Customer::new().await;
    let large = "a".repeat(1024 * 1024);
    let refused = customer.post("/api-gateway/sessions/start", &[("x-device-info", &large)], "").await;
    assert_eq!(refused.error(), (431, "request headers are larger than 256 KiB"));
    let medium = format!("{{\"x\":\"{}\"}}", &large[..100_000]);
    let refused = customer.post("/api-gateway/sessions/start", &[("x-device-info", &medium)], "").await;
    assert_eq!(refused.error(), (400, "X-Device-Info header is larger than 64 KiB"));
}

async fn readiness(customer: &Customer, until: impl Fn(&Answer) -> bool) -> Answer {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(90);
    loop {
        let answer = customer.get("/readyz").await;
        if until(&answer) {
            return answer;
        }
        assert!(std::time::Instant::now() < end, "still {}", answer.body);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn it_is_ready_while_the_services_it_needs_answer() {
    let customer = Customer::new().await;
    assert_eq!(customer.get("/healthz").await.status, 200);
    assert_eq!(customer.get("/readyz").await.status, 200);
    customer.stage.set().projects_down = true;
    let answer = readiness(&customer, |answer| answer.status == 503).await;
    assert_eq!(
        (&answer.body["services"]["projects"], &answer.body["services"]["ml"]),
        (&false.into(), &true.into())
    );
    assert_eq!(customer.get("/healthz").await.status, 200, "the process itself lives");
    customer.stage.set().projects_down = false;
    readiness(&customer, |answer| answer.status == 200).await;
}

#[tokio::test]
async fn without_documents_it_is_ready_and_only_their_calls_fail() {
    let stage = crate::fakes::Stage::new();
    let nothing_listens =
        rpc::Remote::new("http://127.0.0.1:1", std::time::Duration::from_secs(1)).connect().unwrap();
    let peers = gateway::Peers { docauth: nothing_listens, ..stage.peers() };
    let config = gateway::Config::default();
    let app = gateway::app(config.clone(), peers).await.unwrap();
    let key = stage.token("kid-1", crate::fakes::KEY);
    let customer = Customer { stage, app, key, config };
    let answer = readiness(&customer, |answer| answer.body["services"]["docauth"] == false).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let form = crate::customer::Form::default().file("document", b"png").end();
    let headers = [("x-user-fullname", crate::customer::ADA), ("content-type", crate::customer::Form::TYPE)];
    let check = customer.post("/api-gateway/docauth/check", &headers, form).await;
    assert_eq!(check.status, 503, "{}", check.body);
}

#[tokio::test]
async fn no_answer_is_kept_sniffed_framed_or_run() {
    let customer = Customer::new().await;
    for path in
        ["/healthz", "/api-gateway/nothing", "/openapi.json", "/docs/", "/api-transactions/transactions"]
    {
        let bearer = format!("Bearer {}", customer.key);
        let request = Request::get(path).header("authorization", bearer).body(Body::empty()).unwrap();
        let answer = customer.app.clone().oneshot(request).await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            (header("x-content-type-options"), header("cache-control")),
            ("nosniff".into(), "no-store".into())
        );
        assert_eq!(
            (header("x-frame-options"), header("referrer-policy")),
            ("DENY".into(), "no-referrer".into())
        );
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        let script = policy.split("; ").find_map(|rule| rule.strip_prefix("script-src "));
        assert!(script.is_none_or(|allowed| allowed == "'self'" && path.starts_with("/docs")), "{policy}");
    }
}

#[tokio::test]
async fn the_description_is_served_with_a_page_to_read_it() {
    let customer = Customer::new().await;
    let description = customer.get("/openapi.json").await;
    assert_eq!(description.status, 200);
    let form = &description.body["paths"]["/api-gateway/process-video"]["post"]["requestBody"]["content"];
    assert!(form["multipart/form-data"].is_object(), "{form}");
    for path in ["/docs/", "/docs/swagger-ui-bundle.js"] {
        let page =
            customer.app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(page.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn an_origin_no_project_allows_gets_no_cors_headers() {
    let customer = Customer::new().await;
    let preflight = Request::options("/api-gateway/process-video")
        .header(header::ORIGIN, "https://evil.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
    let answer = customer.app.clone().oneshot(preflight.body(Body::empty()).unwrap()).await.unwrap();
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let vary: Vec<_> = answer.headers().get_all(header::VARY).iter().collect();
    assert!(vary.iter().any(|v| v.to_str().unwrap().contains("origin")), "{vary:?}");
    let origin = ("origin", "https://evil.example");
    let called = customer.send("GET", "/api-gateway/nothing", &[origin], Body::empty()).await;
    assert_eq!(called.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn every_route_is_described_once_and_needs_a_key_unless_it_says_otherwise() {
    let customer = Customer::new().await;
    let described = customer.get("/openapi.json").await.body;
    let start = &described["paths"]["/api-gateway/sessions/start"]["post"]["security"];
    assert_eq!(start, &serde_json::json!([{"api_key": ["capture"]}]));
    assert_eq!(described["paths"]["/healthz"]["get"]["security"], serde_json::json!([{}]));
    let dashboard = &described["paths"]["/api-auth/me"]["get"]["security"];
    assert_eq!(dashboard, &serde_json::json!([{"dashboard": []}]));
    let mut ids: Vec<&str> =
        operations(&described).map(|(_, _, o)| o["operationId"].as_str().unwrap()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "operation ids are names of functions in generated clients");
    assert!(count > 180, "only {count} operations are described");
}

#[tokio::test]
async fn every_route_names_its_errors_with_their_body() {
    let customer = Customer::new().await;
    let described = customer.get("/openapi.json").await.body;
    let mut seen = 0;
    for (path, method, operation) in operations(&described) {
        let ways = operation["security"].as_array().unwrap();
        if !ways.iter().any(|way| way.get("api_key").is_some()) {
            continue;
        }
        seen += 1;
        let responses = operation["responses"].as_object().unwrap();
        for status in ["400", "401", "403", "404", "429", "500", "503"] {
            assert!(responses.contains_key(status), "{method} {path}: {status}");
        }
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            let body = &response["content"]["application/json"]["schema"];
            assert!(!body.is_null(), "{method} {path}: {status} has no body");
        }
    }
    assert!(seen > 50, "{seen} operations take a key");
    let error = &described["components"]["schemas"]["ErrorResponse"];
    assert_eq!(error["required"], serde_json::json!(["error", "message", "code", "request_id"]));
}

#[tokio::test]
async fn exactly_the_calls_that_cost_credits_describe_their_refusal() {
    let customer = Customer::new().await;
    let described = customer.get("/openapi.json").await.body;
    let refusing =
        operations(&described).filter(|(_, _, operation)| !operation["responses"]["402"].is_null());
    let mut paths: Vec<&str> = Vec::new();
    for (path, method, operation) in refusing {
        let body = &operation["responses"]["402"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!((method, body.as_str()), ("post", Some("#/components/schemas/VerifikError")), "{path}");
        paths.push(path);
    }
    let face = |call: &str| format!("/v2/face-recognition/{call}");
    let mut expected: Vec<String> = [
        "liveness",
        "liveness-score",
        "compare",
        "compare-live",
        "compare-with-liveness",
        "search",
        "search-live-face",
        "search-active-user",
        "verify",
    ]
    .map(face)
    .into();
    expected.extend(
        [
            "/liveness/{token}",
            "/v2/biometric-validations/app-registration",
            "/v2/biometric-validations/validate",
            "/v2/document-validations/app-registration",
        ]
        .map(String::from),
    );
    expected.sort();
    paths.sort_unstable();
    assert_eq!(paths, expected);
}

/// A schema that is named but missing breaks every client generator.
#[tokio::test]
async fn every_schema_that_is_named_is_described() {
    let customer = Customer::new().await;
    let described = customer.get("/openapi.json").await.body;
    let text = described.to_string();
    let named = text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap());
    for name in named {
        assert!(!described["components"]["schemas"][name].is_null(), "{name}");
    }
}

/// A client that is generated from the description has a type for every response.
#[tokio::test]
async fn every_successful_response_has_a_schema() {
    let customer = Customer::new().await;
    let described = customer.get("/openapi.json").await.body;
    for (path, method, operation) in operations(&described) {
        let responses = operation["responses"].as_object().unwrap();
        for (status, response) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
            for content in response["content"].as_object().into_iter().flat_map(|all| all.values()) {
                let schema = content["schema"].as_object().unwrap();
                assert!(!schema.is_empty(), "{method} {path}: {status} has a body of any kind");
            }
        }
    }
}

/// The specification requires a description, and client generators refuse a document without.
#[tokio::test]
async fn every_response_has_a_description() {
    let customer = Customer::new().await;
    let described = customer.get("/openapi.json").await.body;
    for (path, method, operation) in operations(&described) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let description = response["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{method} {path}: {status}");
        }
    }
}

/// Each verification call has a response of its own, with the data of that call.
#[tokio::test]
async fn the_verification_responses_are_typed() {
    let customer = Customer::new().await;
    let described = customer.get("/openapi.json").await.body;
    let resolve = |schema: &Value| match schema["$ref"].as_str() {
        Some(reference) => described["components"]["schemas"][reference.rsplit('/').next().unwrap()].clone(),
        None => schema.clone(),
    };
    for (path, field) in [
        ("/api-gateway/process-video", "Face Liveness Detection"),
        ("/api-projects/try-it", "Face Liveness Detection"),
        ("/api-gateway/match-faces", "anchor"),
        ("/api-gateway/docauth/check", "checks"),
        ("/api-gateway/enroll/face", "enrollment_result"),
        ("/api-gateway/enroll/voice", "recordings"),
    ] {
        let response = &described["paths"][path]["post"]["responses"]["200"];
        let schema = resolve(&response["content"]["application/json"]["schema"]);
        let data = resolve(&schema["properties"]["data"]);
        assert!(data["properties"][field].is_object(), "{path}: {data}");
    }
}

fn operations(described: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = described["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}
