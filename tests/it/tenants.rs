//! Every operation of the description that takes an id, called by another tenant with this tenant's ids: with a key of
//! each scope, with a key of all scopes, by a person of each role, and by a person who names the other's project. The
//! expected answer follows from the permission in the description; no data of the tenant is read or changed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    accounts::{Browser, Organisation},
    both_modes,
    project::{Answer, Project, answer},
    world::World,
};

both_modes!(no_id_of_another_tenant_opens_anything);

const GRACE: &str = "grace@example.org";
const ROLES: [&str; 4] = ["admin", "developer", "fraud_analyst", "viewer"];

/// An operation with an id in its path.
struct Operation {
    method: Method,
    /// The path with the tenant's ids.
    path: String,
    body: Value,
    scope: Option<String>,
    permission: Option<String>,
    /// Whether it concerns a user's name, which any project may know; the other tenant's user is not affected.
    is_about_a_name: bool,
}

/// The resources of a tenant.
struct Tenant {
    project: Project,
    owner: Browser,
    session: String,
    transaction: String,
    webhook: String,
    delivery: String,
    key: String,
    rules: String,
    receipt: String,
    blocked: String,
    user: String,
    browser_session: String,
    invitation: String,
}

impl Tenant {
    async fn new(world: &'static World) -> Self {
        let organisation = Organisation::new(world);
        let owner = organisation.owner().await;
        let project = Project::of(world, &organisation.project, &organisation.key);
        let kiosk = project.mint(json!({"name": "kiosk"})).await;
        project.both_consents(GRACE).await;
        let started = answer(project.post("/api-gateway/sessions/start")).await;
        let hook = json!({"url": "https://hooks.example.org/a", "headers": {"x-token": "secret of theirs"}});
        let hook = answer(project.post("/api-gateway/webhooks").json(&hook)).await;
        let webhook = text(&hook.body["data"]["id"]);
        let test = answer(project.post(&format!("/api-gateway/webhooks/{webhook}/test"))).await;
        let rules = json!({"name": "strict", "rules": {"version": 1, "services": {"face_liveness": {"mode": "required"}}}});
        let rules = answer(project.post("/api-projects/scoring-rules").json(&rules)).await;
        let erased = answer(project.request(Method::DELETE, "/api-projects/subjects/nobody")).await;
        let blocked = json!({"kind": "address", "value": "203.0.113.7"});
        let blocked = answer(project.post("/api-transactions/blocklist").json(&blocked)).await;
        let sessions = owner.get("/api-auth/sessions").await;
        let invited = json!({"email": organisation.email("invited"), "role": "viewer"});
        let invited = owner.send(Method::POST, "/api-auth/invitations", Some(invited)).await;
        Self {
            session: text(&started.body["data"]),
            transaction: started.header("x-request-id").unwrap().to_owned(),
            delivery: text(&test.body["data"]["id"]),
            webhook,
            key: kiosk.key_id(),
            rules: text(&rules.body["data"]["scores_id"]),
            blocked: text(&blocked.body["data"]["id"]),
            receipt: text(&erased.body["data"]["receipt_id"]),
            user: text(&owner.get("/api-auth/me").await.body["user"]["id"]),
            browser_session: text(&sessions.body["sessions"][0]["id"]),
            invitation: text(&invited.body["id"]),
            project,
            owner,
        }
    }

    /// Returns the path with this tenant's ids; `None` when the id itself is the secret.
    fn fill(&self, path: &str) -> Option<String> {
        let (start, id) = match path {
            "/api-auth/deletions/{id}" | "/api-transactions/samples/{id}" => return None,
            _ if path.starts_with("/liveness/") => return None,
            // No project of this test has switched these APIs on.
            _ if ["/api-gateway/v2/", "/v2/", "/v3/"].iter().any(|of| path.starts_with(of)) => return None,
            _ if path.starts_with("/api-auth/invitations/") => ("{id}", &self.invitation),
            _ if path.starts_with("/api-auth/sessions/") => ("{id}", &self.browser_session),
            _ if path.starts_with("/api-auth/users/") => ("{id}", &self.user),
            _ if path.starts_with("/api-consent/consent/") => ("{user}", &GRACE.to_owned()),
            _ if path.starts_with("/api-projects/subjects/") => ("{user}", &GRACE.to_owned()),
            _ if path.starts_with("/api-gateway/sessions/") => ("{id}", &self.session),
            _ if path.starts_with("/api-gateway/webhooks/") => ("{id}", &self.webhook),
            _ if path.starts_with("/api-projects/public/apikeys/") => ("{id}", &self.key),
            _ if path.starts_with("/api-projects/scoring-rules/") => ("{id}", &self.rules),
            _ if path.starts_with("/api-projects/erasures/") => ("{id}", &self.receipt),
            _ if path.starts_with("/api-projects/projects/") => ("{id}", &self.project.id),
            _ if path.starts_with("/api-transactions/blocklist/") => ("{id}", &self.blocked),
            _ if path.starts_with("/api-transactions/transactions/") => ("{id}", &self.transaction),
            _ => panic!("name here the id of another tenant for {path}"),
        };
        let filled =
            path.replace(start, id).replace("{delivery_id}", &self.delivery).replace("{version}", "1");
        assert!(!filled.contains('{'), "name here the id of another tenant for {path}");
        let flag = if path.ends_with("/flag") { "?flag=fraudulent" } else { "" };
        Some(format!("{filled}{flag}"))
    }

    async fn operations(&self) -> Vec<Operation> {
        let described = self.project.get("/openapi.json").await.body;
        let mut operations = Vec::new();
        for (path, item) in
            described["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains('{'))
        {
            let Some(filled) = self.fill(path) else { continue };
            for (method, operation) in item.as_object().unwrap() {
                let ways = operation["security"].as_array().unwrap();
                let need =
                    |way: &str| ways.iter().find_map(|named| named[way][0].as_str()).map(str::to_owned);
                operations.push(Operation {
                    method: method.to_uppercase().parse().unwrap(),
                    path: filled.clone(),
                    body: body(method, path),
                    scope: need("api_key"),
                    permission: need("dashboard"),
                    is_about_a_name: path.contains("{user}"),
                });
            }
        }
        operations
    }

    /// Returns everything another tenant could have changed, as its owner sees it.
    async fn belongings(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        for path in [
            format!("/api-gateway/webhooks/{}", self.webhook),
            format!("/api-projects/public/apikeys/{}", self.key),
            format!("/api-projects/scoring-rules/{}", self.rules),
            format!("/api-projects/erasures/{}", self.receipt),
            format!("/api-transactions/transactions/{}", self.transaction),
            format!("/api-consent/consent/{GRACE}"),
        ] {
            let found = self.project.get(&path).await;
            assert_eq!(found.status, 200, "{path}: {}", found.body);
            let mut body = found.body;
            for changing in ["success_count", "failure_count", "updated_at", "last_used_at"] {
                if let Some(data) = body["data"].as_object_mut() {
                    data.remove(changing);
                }
            }
            seen.push(body);
        }
        for path in ["/api-auth/users", "/api-auth/invitations"] {
            let mut listed = self.owner.get(path).await.body;
            let users = listed["users"].as_array_mut().into_iter().flatten();
            users.filter_map(Value::as_object_mut).for_each(|user| drop(user.remove("last_seen_at")));
            seen.push(listed);
        }
        seen
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Returns a body that the operation accepts from its own tenant.
fn body(method: &str, path: &str) -> Value {
    match (method, path) {
        ("patch", "/api-auth/users/{id}") => json!({"role": "viewer"}),
        ("patch", "/api-projects/projects/{id}") => json!({"name": "theirs"}),
        ("patch", "/api-projects/public/apikeys/{id}") => json!({"name": "theirs"}),
        ("put", "/api-projects/scoring-rules/{id}") => {
            json!({"rules": {"version": 1, "services": {"face_liveness": {"mode": "required"}}}})
        }
        ("post", "/api-projects/scoring-rules/{id}/rollback") => json!({"version": 1}),
        ("post", "/api-transactions/transactions/{id}/review") => {
            json!({"decision": "approve", "reason": "identity_confirmed"})
        }
        ("put", "/api-transactions/transactions/{id}/review/claim") => json!({}),
        ("put", "/api-transactions/transactions/{id}/tags") => json!({"tags": ["theirs"]}),
        ("put" | "patch", "/api-gateway/webhooks/{id}") => {
            json!({"url": "https://hooks.example.org/theirs", "events": ["*"], "status": "paused"})
        }
        ("put" | "patch", other) if !other.ends_with("/flag") => {
            panic!("name here a body for {method} {other}")
        }
        _ => json!({}),
    }
}

/// Asserts that a caller with the permission finds nothing.
fn assert_nothing_there(operation: &Operation, seen: &Answer, who: &str) {
    let what = format!("{} {} by {who}: {} {}", operation.method, operation.path, seen.status, seen.body);
    if operation.is_about_a_name && seen.status == 200 {
        // The caller's own look-ups of the name are its only records.
        let data = &seen.body["data"];
        let own = data["destroyed"].as_array().or_else(|| data["kept"].as_array());
        let own = own.unwrap_or_else(|| panic!("{what}"));
        assert!(own.iter().all(|kept| kept["kind"] == "transaction"), "{what}");
        assert!(data["consent"].is_null() || data["consent"]["storage"] == false, "{what}");
        return;
    }
    assert_eq!(seen.status, 404, "{what}");
    assert!(!seen.body.to_string().contains("theirs"), "{what}");
}

async fn no_id_of_another_tenant_opens_anything(world: &'static World) {
    let tenant = Tenant::new(world).await;
    let operations = tenant.operations().await;
    assert!(operations.len() > 25, "{}", operations.len());
    let before = tenant.belongings().await;

    let other = Organisation::new(world);
    let owner = other.owner().await;
    let admin = Project::of(world, &other.project, &other.key);
    keys(&operations, &admin, None).await;
    let described = admin.get("/openapi.json").await.body;
    assert!(described["components"]["securitySchemes"]["api_key"].is_object());
    for scope in scopes(&operations) {
        let key = admin.mint(json!({"name": "one scope", "scopes": [scope]})).await;
        keys(&operations, &key, Some(&scope)).await;
    }
    person(&operations, &owner, "owner", &tenant.project.id).await;
    for role in ROLES {
        let member = other.member(&owner, role).await;
        person(&operations, &member, role, &tenant.project.id).await;
    }

    assert_eq!(tenant.belongings().await, before, "nothing was changed");
    let end = format!("/api-gateway/sessions/end/{}", tenant.session);
    assert_eq!(answer(tenant.project.post(&end)).await.status, 200, "its session was not ended");
    assert_eq!(tenant.owner.get("/api-auth/me").await.status, 200, "its people are signed in");
}

fn scopes(operations: &[Operation]) -> Vec<String> {
    let mut scopes: Vec<String> = operations.iter().filter_map(|operation| operation.scope.clone()).collect();
    scopes.sort();
    scopes.dedup();
    scopes
}

/// `held`: the only scope of the key; `None` for a key with all scopes.
async fn keys(operations: &[Operation], key: &Project, held: Option<&str>) {
    let who = format!("a key with {}", held.unwrap_or("every scope"));
    for operation in operations {
        let request = key.request(operation.method.clone(), &operation.path).json(&operation.body);
        let seen = answer(request).await;
        let what = format!("{} {} by {who}: {}", operation.method, operation.path, seen.body);
        match &operation.scope {
            None => assert_eq!(seen.status, 401, "{what}"),
            Some(needed) if held.is_some_and(|held| held != needed) => {
                let sentence = format!("this call needs a key with the scope {needed}");
                assert_eq!((seen.status.as_u16(), seen.error()), (403, sentence.as_str()), "{what}");
            }
            Some(_) => assert_nothing_there(operation, &seen, &who),
        }
    }
}

async fn person(operations: &[Operation], browser: &Browser, role: &str, project_of_tenant: &str) {
    let me = browser.get("/api-auth/me").await.body;
    let held: Vec<&str> = me["permissions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for operation in operations {
        let request = browser.request(operation.method.clone(), &operation.path).json(&operation.body);
        let seen = answer(request).await;
        let what =
            format!("{} {} by {role}: {} {}", operation.method, operation.path, seen.status, seen.body);
        let takes_people = operation.permission.is_some() || operation.path.starts_with("/api-auth/");
        match &operation.permission {
            _ if !takes_people => assert_eq!(seen.status, 401, "{what}"),
            Some(needed) if !held.contains(&needed.as_str()) => assert_eq!(seen.status, 403, "{what}"),
            _ => assert_nothing_there(operation, &seen, role),
        }
        if operation.scope.is_some() && takes_people {
            let request = browser.request(operation.method.clone(), &operation.path);
            let (client, mut request) = request.build_split();
            request
                .as_mut()
                .unwrap()
                .headers_mut()
                .insert("x-project-id", project_of_tenant.parse().unwrap());
            let there = client.execute(request.unwrap()).await.unwrap();
            let expected = [403, 404];
            assert!(expected.contains(&there.status().as_u16()), "in the tenant's project: {what}");
        }
    }
}
