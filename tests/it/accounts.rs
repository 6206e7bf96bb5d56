//! Dashboard accounts: sign-in, roles, invitations, and attacks on them.

mod deletion;
mod second_factor;

use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::{
    both_modes,
    project::{Answer, answer},
    world::World,
};

both_modes!(
    an_owner_signs_in_and_works_in_a_project,
    wrong_passwords_lock_the_sign_in,
    an_invitation_works_once_and_roles_are_enforced,
    organisations_do_not_see_each_other,
    cross_origin_calls_and_planted_sessions_are_rejected,
    changes_by_users_and_keys_are_in_an_audit_log_that_verifies,
    failures_from_another_network_do_not_lock_the_sign_in,
);

const PASSWORD: &str = "correct horse battery";

/// An organisation with a project and its first key, created with the CLI.
pub struct Organisation {
    world: &'static World,
    id: String,
    pub project: String,
    pub key: String,
}

/// Runs a CLI command that prints JSON, and returns it.
fn cli(world: &World, args: &[&str]) -> Value {
    let output = world.biometry(args).output().expect("the CLI runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

impl Organisation {
    pub fn new(world: &'static World) -> Self {
        let made = cli(world, &["bootstrap", "--json"]);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Self { world, id: text("organisation_id"), project: text("project_id"), key: text("api_key") }
    }

    /// Returns an address that is unique in this run.
    pub fn email(&self, who: &str) -> String {
        format!("{who}@{}.example.org", self.project)
    }

    pub async fn owner(&self) -> Browser {
        let email = self.email("owner");
        let made = cli(self.world, &["owner", "--email", &email, "--organisation-id", &self.id, "--json"]);
        assert!(made["accept_url"].as_str().unwrap().contains("/dashboard/accept#"));
        let mut browser = self.browser();
        assert_eq!(browser.accept(made["token"].as_str().unwrap()).await.status, 200);
        browser
    }

    pub async fn member(&self, owner: &Browser, role: &str) -> Browser {
        let body = json!({"email": self.email(role), "role": role});
        let invited = owner.send(Method::POST, "/api-auth/invitations", Some(body)).await;
        assert_eq!(invited.status, 200, "{}", invited.body);
        let link = invited.body["accept_url"].as_str().unwrap();
        let mut browser = self.browser();
        assert_eq!(browser.accept(link.split_once('#').unwrap().1).await.status, 200);
        browser
    }

    fn browser(&self) -> Browser {
        // A separate network, so that failures of other tests do not count against it.
        let bits = u128::from_str_radix(&self.project.replace('-', ""), 16).unwrap();
        let address = format!("10.{}.{}.{}", (bits >> 16) & 255, (bits >> 8) & 255, bits & 255);
        Browser {
            world: self.world,
            project: self.project.clone(),
            address,
            cookie: String::new(),
            csrf: String::new(),
            client: reqwest::Client::new(),
        }
    }
}

pub struct Browser {
    world: &'static World,
    project: String,
    address: String,
    cookie: String,
    csrf: String,
    client: reqwest::Client,
}

impl Browser {
    /// Returns the headers of its calls.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let session = [("X-CSRF-Token", &self.csrf), ("Cookie", &self.cookie)];
        let always = [
            ("X-Forwarded-For", self.address.clone()),
            ("Origin", self.world.url.clone()),
            ("Sec-Fetch-Site", "same-origin".to_owned()),
            ("X-Project-ID", self.project.clone()),
        ];
        let session = session.into_iter().filter(|(_, value)| !value.is_empty());
        always.into_iter().chain(session.map(|(name, value)| (name, value.clone()))).collect()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.world.url));
        self.headers().into_iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path);
        answer(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// Makes a call that gives the browser a new session, and returns its user.
    async fn enter(&mut self, path: &str, body: Value) -> Answer {
        let entered = self.send(Method::POST, path, Some(body)).await;
        if let Some(cookie) = entered.header(header::SET_COOKIE.as_str()) {
            self.cookie = cookie.split(';').next().unwrap().to_owned();
        }
        if entered.body["status"] == "signed_in" {
            let me = self.get("/api-auth/me").await;
            assert_eq!(me.status, 200, "{}", me.body);
            self.csrf = me.body["csrf_token"].as_str().unwrap().to_owned();
        }
        entered
    }

    async fn accept(&mut self, token: &str) -> Answer {
        let body = json!({"token": token, "name": "Somebody", "password": PASSWORD});
        self.enter("/api-auth/invitations/accept", body).await
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.enter("/api-auth/sign-in", json!({"email": email, "password": password})).await
    }
}

async fn an_owner_signs_in_and_works_in_a_project(world: &'static World) {
    let organisation = Organisation::new(world);
    let mut owner = organisation.owner().await;
    let me = owner.get("/api-auth/me").await.body;
    assert_eq!(
        (me["user"]["role"].as_str(), me["projects"][0]["id"].as_str()),
        (Some("owner"), Some(organisation.project.as_str()))
    );
    assert!(me["permissions"].as_array().unwrap().contains(&json!("keys.write")));
    let made = owner.send(Method::POST, "/api-projects/public/apikeys", Some(json!({"name": "kiosk"}))).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let listed = owner.get("/api-transactions/transactions").await;
    assert_eq!(listed.status, 200, "{}", listed.body);
    let out = owner.send(Method::POST, "/api-auth/sign-out", None).await;
    assert_eq!(out.status, 200);
    assert_eq!(owner.get("/api-auth/me").await.error(), "not signed in");
    let email = organisation.email("owner");
    assert_eq!(owner.sign_in(&email, "not the password").await.status, 401);
    assert_eq!(owner.sign_in(&email, PASSWORD).await.body["status"], "signed_in");
}

async fn wrong_passwords_lock_the_sign_in(world: &'static World) {
    let organisation = Organisation::new(world);
    organisation.owner().await;
    let mut guesser = organisation.browser();
    for email in [organisation.email("owner"), organisation.email("nobody")] {
        let mut answers = Vec::new();
        // Each lockout is longer than the last, so even the slowest machine reaches one.
        while answers.last().is_none_or(|last: &Answer| last.status == 401) && answers.len() < 20 {
            answers.push(guesser.sign_in(&email, "a wrong password").await);
        }
        let closed = answers.last().unwrap();
        assert_eq!(closed.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(closed.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
        assert!(answers[..5].iter().all(|answer| answer.status == 401));
    }
}

async fn an_invitation_works_once_and_roles_are_enforced(world: &'static World) {
    let organisation = Organisation::new(world);
    let owner = organisation.owner().await;
    let body = json!({"email": organisation.email("once"), "role": "viewer"});
    let invited = owner.send(Method::POST, "/api-auth/invitations", Some(body)).await;
    let token = invited.body["accept_url"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    assert_eq!(organisation.browser().accept(&token).await.status, 200);
    assert_eq!(organisation.browser().accept(&token).await.status, 404);
    let key = json!({"name": "k"});
    let table = [
        ("viewer", Method::GET, "/api-projects/public/apikeys", None),
        ("viewer", Method::PUT, "/api-projects/retention", Some(json!({}))),
        ("fraud_analyst", Method::POST, "/api-projects/public/apikeys", Some(key.clone())),
        ("fraud_analyst", Method::GET, "/api-auth/users", None),
        (
            "developer",
            Method::POST,
            "/api-auth/invitations",
            Some(json!({"email": "x@example.org", "role": "viewer"})),
        ),
        ("developer", Method::GET, "/api-auth/audit", None),
        ("developer", Method::GET, "/api-transactions/transactions/0199/samples", None),
        (
            "admin",
            Method::POST,
            "/api-auth/invitations",
            Some(json!({"email": "x@example.org", "role": "owner"})),
        ),
    ];
    let mut members = std::collections::BTreeMap::new();
    for role in ["viewer", "fraud_analyst", "developer", "admin"] {
        let member = organisation.member(&owner, role).await;
        assert_eq!(member.get("/api-transactions/transactions").await.status, 200);
        members.insert(role, member);
    }
    for (role, method, path, body) in table {
        let refused = members[role].send(method, path, body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.error()),
            (403, "your role does not allow this"),
            "{role} {path}"
        );
    }
    assert_eq!(
        members["developer"].send(Method::POST, "/api-projects/public/apikeys", Some(key)).await.status,
        200
    );
    let users = members["admin"].get("/api-auth/users").await.body;
    let of = |role: &str| {
        users["users"].as_array().unwrap().iter().find(|user| user["role"] == role).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let demote = members["admin"]
        .send(Method::PATCH, &format!("/api-auth/users/{}", of("owner")), Some(json!({"role": "viewer"})))
        .await;
    assert_eq!(demote.status, 403);
    let last = owner.send(Method::DELETE, &format!("/api-auth/users/{}", of("owner")), None).await;
    assert_eq!(last.status, 409, "{}", last.body);
    assert_eq!(
        owner.send(Method::DELETE, &format!("/api-auth/users/{}", of("developer")), None).await.status,
        200
    );
    assert_eq!(members["developer"].get("/api-auth/me").await.status, 401);
}

async fn organisations_do_not_see_each_other(world: &'static World) {
    let (ours, theirs) = (Organisation::new(world), Organisation::new(world));
    let (owner, mut eve) = (ours.owner().await, theirs.owner().await);
    let user = owner.get("/api-auth/me").await.body["user"]["id"].as_str().unwrap().to_owned();
    let project = format!("/api-projects/projects/{}", ours.project);
    assert_eq!(eve.get(&project).await.status, 404);
    assert_eq!(eve.send(Method::PATCH, &project, Some(json!({"name": "mine"}))).await.status, 404);
    assert_eq!(eve.send(Method::DELETE, &format!("/api-auth/users/{user}"), None).await.status, 404);
    eve.project = ours.project.clone();
    for path in [
        "/api-transactions/transactions",
        "/api-projects/public/apikeys",
        "/api-projects/retention",
        "/api-gateway/webhooks",
    ] {
        let refused = eve.get(path).await;
        assert_eq!((refused.status.as_u16(), refused.error()), (404, "project not found"), "{path}");
    }
    assert_eq!(owner.get(&project).await.status, 200);
}

async fn cross_origin_calls_and_planted_sessions_are_rejected(world: &'static World) {
    let organisation = Organisation::new(world);
    let mut owner = organisation.owner().await;
    let keys = "/api-projects/public/apikeys";
    let mut forger = organisation.browser();
    forger.cookie = owner.cookie.clone();
    let refused = forger.send(Method::POST, keys, Some(json!({"name": "k"}))).await;
    assert!(refused.error().starts_with("X-CSRF-Token header is missing"), "{}", refused.body);
    let foreign = owner
        .request(Method::POST, keys)
        .header("Origin", "https://evil.example")
        .json(&json!({"name": "k"}));
    assert_eq!(answer(foreign).await.status, 403);
    // Session fixation: the victim signs in with a session that the attacker knows, and gets a new one.
    let planted = owner.cookie.clone();
    let entered = owner.sign_in(&organisation.email("owner"), PASSWORD).await;
    assert_eq!(entered.body["status"], "signed_in");
    assert_ne!(owner.cookie, planted);
    let mut attacker = organisation.browser();
    attacker.cookie = planted;
    assert_eq!(attacker.get("/api-auth/me").await.status, 401);
    let made_up =
        Browser { cookie: "__Host-biometry-session=chosen-by-the-attacker".into(), ..organisation.browser() };
    assert_eq!(made_up.get("/api-auth/me").await.status, 401);
}

async fn changes_by_users_and_keys_are_in_an_audit_log_that_verifies(world: &'static World) {
    let organisation = Organisation::new(world);
    let owner = organisation.owner().await;
    let renamed = json!({"name": "Renamed"});
    let path = format!("/api-projects/projects/{}", organisation.project);
    assert_eq!(owner.send(Method::PATCH, &path, Some(renamed)).await.status, 200);
    let withdrawn = json!({"is_consent_given": false, "user_fullname": "ada@example.org"});
    let by_key = owner
        .client
        .post(format!("{}/api-consent/consent", world.url))
        .bearer_auth(&organisation.key)
        .json(&withdrawn);
    assert_eq!(answer(by_key).await.status, 200);
    let export = owner.request(Method::GET, "/api-transactions/transactions/export?format=csv&user=ada");
    assert_eq!(export.send().await.unwrap().status(), 200);
    let log = owner.get("/api-auth/audit").await.body;
    assert!(!log.to_string().contains("ada@example.org"), "{log}");
    let entry = |action: &str| {
        let found = log["entries"].as_array().unwrap().iter().find(|entry| entry["action"] == action);
        found.unwrap_or_else(|| panic!("no {action} in {log}")).clone()
    };
    let renamed = entry("project.changed");
    assert_eq!(
        (&renamed["actor"]["kind"], &renamed["before"]["name"], &renamed["after"]["name"]),
        (&json!("user"), &json!("My project"), &json!("Renamed"))
    );
    let withdrawn = entry("consent.withdrawn");
    assert_eq!(withdrawn["actor"]["kind"], "api_key");
    assert!(withdrawn["target"].as_str().unwrap().starts_with("subject:"));
    let exported = entry("transactions.exported");
    assert_eq!(exported["after"], json!({"format": "csv", "filters": {"format": "csv", "user": "(a user)"}}));
    assert_eq!(entry("user.signed_in")["actor"]["kind"], "user");
    let some = owner.get(&format!("/api-auth/audit?action=project&project={}", organisation.project)).await;
    assert_eq!(some.body["entries"].as_array().unwrap().len(), 1, "{}", some.body);
    let theirs = Organisation::new(world).project;
    assert_eq!(owner.get(&format!("/api-auth/audit?project={theirs}")).await.status, 404);
    assert_eq!(owner.get("/api-auth/audit?action=A%20b").await.status, 400);
    let verified = world.audit_verify().output().expect("the CLI runs");
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap_or_default();
    assert!(verified.status.success(), "{report} {}", String::from_utf8_lossy(&verified.stderr));
    assert_eq!(report["findings"], json!([]));
    assert!(report["entries"].as_u64().unwrap() > 3);
}

async fn failures_from_another_network_do_not_lock_the_sign_in(world: &'static World) {
    let organisation = Organisation::new(world);
    let mut owner = organisation.owner().await;
    let email = organisation.email("owner");
    let mut stranger = Browser { address: "198.51.100.77".into(), ..organisation.browser() };
    while stranger.sign_in(&email, "a wrong password").await.status == 401 {}
    let entered = owner.sign_in(&email, PASSWORD).await;
    assert_eq!(entered.body["status"], "signed_in");
    let cookies: Vec<_> =
        entered.headers.get_all(header::SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
    let device = cookies.iter().find(|cookie| cookie.starts_with("__Host-biometry-device=")).unwrap();
    for part in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(device.contains(part), "{device}");
    }
    // The owner's own browser can sign in while the stranger is locked out.
    let mut there = Browser { address: stranger.address.clone(), ..organisation.browser() };
    there.cookie = device.split(';').next().unwrap().to_owned();
    assert_eq!(there.sign_in(&email, PASSWORD).await.body["status"], "signed_in");
}
