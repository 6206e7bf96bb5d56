//! What a session may do at the gateway: by role, from the dashboard's own pages alone, in its own projects.

use axum::{
    body::Body,
    http::{HeaderName, Request},
};
use http_body_util::BodyExt;
use proto::accounts::{self, Role, accounts_server};
use tonic::{Response, Status};
use tower::ServiceExt;

use crate::{
    customer::{Answer, Customer},
    fakes::{ALL, PROJECT, Stage},
};

const TOKEN: &str = "the-token-of-a-session";
const CSRF: &str = "the-token-of-its-pages";
const USER: &str = "0199f0a0-0000-7000-8000-000000000001";

#[tonic::async_trait]
impl accounts_server::Accounts for Stage {
    async fn authorize(
        &self,
        request: tonic::Request<accounts::AuthorizeSessionRequest>,
    ) -> Result<Response<accounts::Session>, Status> {
        let request = request.into_inner();
        let state = self.set();
        let role = state
            .role
            .filter(|_| request.token == TOKEN)
            .ok_or_else(|| Status::not_found("not signed in"))?;
        let user = accounts::User { id: USER.into(), role: role.into(), ..accounts::User::default() };
        let project = (request.project_id == PROJECT).then(|| accounts::ProjectGrant {
            project_id: PROJECT.into(),
            selected_services: ALL.map(str::to_owned).to_vec(),
            rules_source: "default".into(),
            ..accounts::ProjectGrant::default()
        });
        Ok(Response::new(accounts::Session {
            id: "session".into(),
            user: Some(user),
            csrf_token: CSRF.into(),
            half_open: state.half_open,
            project,
            ..accounts::Session::default()
        }))
    }

    async fn list_projects(
        &self,
        _: tonic::Request<accounts::Who>,
    ) -> Result<Response<accounts::ListProjectsResponse>, Status> {
        let project = accounts::Project { id: PROJECT.into(), ..accounts::Project::default() };
        Ok(Response::new(accounts::ListProjectsResponse { projects: vec![project] }))
    }

    async fn sign_in(
        &self,
        request: tonic::Request<accounts::SignInRequest>,
    ) -> Result<Response<accounts::SignInResponse>, Status> {
        use accounts::sign_in_response::Outcome;
        let outcome = match request.into_inner().password.as_str() {
            "right" => Outcome::SignedIn,
            "closed" => Outcome::Wait,
            _ => Outcome::Wrong,
        };
        let token = if outcome == Outcome::SignedIn { "a-new-token".into() } else { String::new() };
        let device = String::new();
        Ok(Response::new(accounts::SignInResponse {
            outcome: outcome.into(),
            token,
            retry_after_seconds: 8,
            device,
        }))
    }

    async fn append_audit(
        &self,
        request: tonic::Request<accounts::AppendAuditRequest>,
    ) -> Result<Response<accounts::Done>, Status> {
        self.set().audit.push(request.into_inner());
        Ok(Response::new(accounts::Done {}))
    }
}

/// A browser with a session of this role.
struct Browser(Customer);

impl Browser {
    async fn of(role: Role) -> Self {
        let customer = Customer::new().await;
        customer.stage.set().role = Some(role);
        Self(customer)
    }

    /// A request as the dashboard's own page sends it, with `other` headers in place of its own.
    async fn send(&self, method: &str, path: &str, other: &[(&str, &str)], body: &str) -> Answer {
        let own = [
            ("host", "id.example.org"),
            ("origin", "https://id.example.org"),
            ("sec-fetch-site", "same-origin"),
            ("cookie", &format!("__Host-biometry-session={TOKEN}")),
            ("x-csrf-token", CSRF),
            ("x-project-id", PROJECT),
        ];
        let mut request =
            Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
        for (name, value) in own.iter().chain(other) {
            let name: HeaderName = name.parse().unwrap();
            if value.is_empty() {
                request.headers_mut().remove(name);
            } else {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        self.0.raw(request).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }
}

const LIST: &str = "/api-transactions/transactions";
const KEYS: &str = "/api-projects/public/apikeys";

#[tokio::test]
async fn a_session_reads_what_a_key_reads_in_its_own_project_alone() {
    let viewer = Browser::of(Role::Viewer).await;
    assert_eq!(viewer.get(LIST).await.status, 200);
    assert_eq!(viewer.0.stage.set().lists[0].project_id, PROJECT);
    let other = viewer.send("GET", LIST, &[("x-project-id", "another")], "").await;
    assert_eq!(other.error(), (404, "project not found"));
    let none = viewer.send("GET", LIST, &[("x-project-id", "")], "").await;
    assert_eq!(none.error(), (400, "X-Project-ID header is required"));
    assert_eq!(viewer.send("GET", &format!("{LIST}?kind=k"), &[], "").await.status, 200);
}

#[tokio::test]
async fn without_a_session_of_this_server_nobody_is_signed_in() {
    let browser = Browser::of(Role::Owner).await;
    let forged = [("cookie", "__Host-biometry-session=guessed")];
    assert_eq!(browser.send("GET", LIST, &forged, "").await.error(), (401, "not signed in"));
    assert_eq!(browser.send("GET", "/api-auth/me", &forged, "").await.error(), (401, "not signed in"));
    assert_eq!(
        browser.send("GET", "/api-auth/me", &[("cookie", "")], "").await.error(),
        (401, "not signed in")
    );
    browser.0.stage.set().half_open = true;
    assert_eq!(browser.get("/api-auth/me").await.error(), (401, "second factor required"));
    assert_eq!(browser.get(LIST).await.status, 401);
}

#[tokio::test]
async fn an_api_key_is_rejected_by_dashboard_routes() {
    let customer = Customer::new().await;
    for path in ["/api-auth/me", "/api-auth/users", "/api-auth/audit", "/api-projects/projects"] {
        assert_eq!(customer.get(path).await.error(), (401, "not signed in"), "{path}");
    }
}

#[tokio::test]
async fn each_role_is_refused_what_it_may_not_do() {
    let of = |role: Role| Browser::of(role);
    let table = [
        (Role::Viewer, "GET", format!("{LIST}/1/samples")),
        (Role::Viewer, "PUT", format!("{LIST}/1/tags")),
        (Role::Viewer, "GET", KEYS.to_owned()),
        (Role::Viewer, "GET", "/api-consent/consent/ada".to_owned()),
        (Role::FraudAnalyst, "POST", KEYS.to_owned()),
        (Role::FraudAnalyst, "DELETE", "/api-projects/subjects/ada".to_owned()),
        (Role::FraudAnalyst, "POST", "/api-projects/scoring-rules".to_owned()),
        (Role::FraudAnalyst, "GET", "/api-gateway/webhooks".to_owned()),
        (Role::Developer, "GET", format!("{LIST}/1/samples")),
        (Role::Developer, "PUT", format!("{LIST}/1/flag?flag=ok")),
        (Role::Developer, "PUT", "/api-projects/retention".to_owned()),
        (Role::Developer, "GET", "/api-auth/users".to_owned()),
        (Role::Developer, "GET", "/api-auth/audit".to_owned()),
        (Role::Developer, "POST", "/api-projects/projects".to_owned()),
    ];
    for (role, method, path) in table {
        let refused = of(role).await.send(method, &path, &[], "{}").await;
        assert_eq!(refused.error(), (403, "your role does not allow this"), "{role:?} {method} {path}");
    }
    assert_eq!(of(Role::FraudAnalyst).await.get(&format!("{LIST}/1/samples")).await.status, 200);
    assert_eq!(of(Role::Admin).await.get(&format!("{LIST}/1/samples")).await.status, 200);
}

#[tokio::test]
async fn a_developer_makes_keys_but_none_that_administers() {
    let developer = Browser::of(Role::Developer).await;
    let refused = developer.send("POST", KEYS, &[], r#"{"name":"k","can_mint":true}"#).await;
    assert_eq!(refused.error(), (403, "the scope keys.admin is not yours to grant"));
    assert!(developer.0.stage.set().created_keys.is_empty());
    let made = developer.send("POST", KEYS, &[], r#"{"name":"k"}"#).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let admin = Browser::of(Role::Admin).await;
    assert_eq!(admin.send("POST", KEYS, &[], r#"{"name":"k","can_mint":true}"#).await.status, 200);
}

#[tokio::test]
async fn another_page_cannot_use_the_session() {
    let owner = Browser::of(Role::Owner).await;
    let create =
        |other: &'static [(&'static str, &'static str)]| owner.send("POST", KEYS, other, r#"{"name":"k"}"#);
    for other in [
        &[("x-csrf-token", "")][..],
        &[("x-csrf-token", "guessed")],
        &[("x-csrf-token", ""), ("origin", ""), ("sec-fetch-site", "")],
    ] {
        assert_eq!(create(other).await.status, 403, "{other:?}");
    }
    let foreign = "cross-origin request rejected";
    for other in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", "https://id.example.org.evil.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
    ] {
        assert_eq!(create(other).await.error(), (403, foreign), "{other:?}");
    }
    assert!(owner.0.stage.set().created_keys.is_empty());
    let read = owner.send("GET", LIST, &[("origin", "https://evil.example")], "").await;
    assert_eq!(read.error(), (403, foreign));
}

#[tokio::test]
async fn another_page_cannot_sign_a_user_in() {
    let browser = Browser::of(Role::Owner).await;
    let body = r#"{"email":"ada@example.org","password":"right"}"#;
    let refused =
        browser.send("POST", "/api-auth/sign-in", &[("origin", "https://evil.example")], body).await;
    assert_eq!(refused.status, 403);
    let entered = browser.send("POST", "/api-auth/sign-in", &[], body).await;
    assert_eq!((entered.status.as_u16(), entered.body["status"].as_str()), (200, Some("signed_in")));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-biometry-session=a-new-token;"), "{cookie}");
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    let wrong = body.replace("right", "wrong");
    let refused = browser.send("POST", "/api-auth/sign-in", &[], &wrong).await;
    assert_eq!(refused.error(), (401, "wrong e-mail address or password"));
    let closed = body.replace("right", "closed");
    let refused = browser.send("POST", "/api-auth/sign-in", &[], &closed).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("8")));
}

#[tokio::test]
async fn dashboard_responses_carry_no_cors_headers() {
    let browser = Browser::of(Role::Owner).await;
    let me = browser.get("/api-auth/me").await;
    assert_eq!((me.status.as_u16(), me.body["csrf_token"].as_str()), (200, Some(CSRF)));
    assert_eq!(me.header("access-control-allow-origin"), None);
    let preflight = Request::options("/api-auth/me")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST");
    let answered = browser.0.app.clone().oneshot(preflight.body(Body::empty()).unwrap()).await.unwrap();
    assert!(answered.headers().get("access-control-allow-origin").is_none());
    let open = Request::options(LIST)
        .header("origin", "https://app.example")
        .header("access-control-request-method", "GET");
    let answered = browser.0.app.clone().oneshot(open.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answered.headers()["access-control-allow-origin"], "https://app.example");
}

#[tokio::test]
async fn a_key_with_origins_of_its_project_is_used_from_those_alone() {
    let customer = Customer::new().await;
    let origins = vec!["https://app.example.org".to_owned()];
    customer.stage.set().keys.get_mut(crate::fakes::KEY).unwrap().cors_origins = origins;
    let from = async |origin: &'static str| customer.send("GET", LIST, &[("origin", origin)], "").await;
    assert_eq!(from("https://app.example.org").await.status, 200);
    assert_eq!(from("https://evil.example").await.status, 403);
    assert_eq!(customer.get(LIST).await.status, 200, "no browser sends no origin");
}

#[tokio::test]
async fn a_project_shares_its_own_limit_among_its_keys() {
    let customer = Customer::new().await;
    let mut limited = crate::fakes::authorization();
    limited.rate_limit_per_minute = 3;
    customer.stage.set().keys.insert(crate::fakes::KEY.into(), limited.clone());
    customer.stage.set().keys.insert("key-2".into(), limited);
    let second = Customer {
        key: customer.stage.token("kid-1", "key-2"),
        ..Customer::before(customer.stage.clone(), gateway::Config::default()).await
    };
    let second = Customer { app: customer.app.clone(), ..second };
    assert_eq!(customer.get(LIST).await.status, 200);
    assert_eq!(second.get(LIST).await.status, 200);
    assert_eq!(customer.get(LIST).await.status, 200);
    let over = second.get(LIST).await;
    assert_eq!(over.status, 429, "{}", over.body);
}

#[tokio::test]
async fn a_consent_is_withdrawn_at_the_dashboard_and_never_given() {
    let admin = Browser::of(Role::Admin).await;
    let body = |given: bool| format!(r#"{{"is_consent_given":{given},"user_fullname":"ada"}}"#);
    let refused = admin.send("POST", "/api-consent/consent", &[], &body(true)).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let withdrawn = admin.send("POST", "/api-consent/consent", &[], &body(false)).await;
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.body);
    let state = admin.0.stage.set();
    assert_eq!(state.consent_entries[0].api_key_id, USER);
    let noted = &state.audit[0];
    assert_eq!((noted.action.as_str(), noted.subject.as_str()), ("consent.withdrawn", "ada"));
}

#[tokio::test]
async fn the_page_may_do_nothing_but_its_own() {
    let customer = Customer::new().await;
    let page = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        customer.app.clone().oneshot(request).await.unwrap()
    };
    for path in ["/dashboard", "/dashboard/transactions/1"] {
        let answered = page(path).await;
        assert_eq!(answered.status(), 200);
        let policy = answered.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert_eq!(answered.headers()["x-content-type-options"], "nosniff");
        assert!(answered.headers().get("access-control-allow-origin").is_none());
        let html = answered.into_body().collect().await.unwrap().to_bytes();
        assert!(html.to_ascii_lowercase().starts_with(b"<!doctype html>"));
    }
    assert_eq!(page("/dashboard/assets/none.js").await.status(), 404);
}
