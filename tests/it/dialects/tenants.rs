//! Ids of another tenant in the other APIs, which both tenants have switched on.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use super::attesting;
use crate::{
    media,
    multipart::Form,
    project::{Answer, Project, answer},
    world::World,
};

/// Paths with an id in these APIs.
const PREFIXES: [&str; 3] = ["/api-gateway/v2/", "/v2/", "/v3/"];

/// The resources of a tenant.
struct Belongings {
    project: String,
    flow: String,
    registration: String,
    token: String,
    validation: String,
    collection: String,
    credit: String,
    session: String,
    check: String,
    /// The id of a consent text, which each project chooses.
    text: String,
}

fn id(body: &Value, pointer: &str) -> String {
    body.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} of {body}")).to_owned()
}

impl Belongings {
    async fn of(verifik: &Project, version_2: &Project) -> Self {
        let post = async |path: &str, body: &Value| answer(verifik.post(path).json(body)).await.body;
        let project = id(&post("/v2/projects", &json!({"name": "zebra"})).await, "/data/_id");
        let flow = json!({"project": project, "name": "zebra", "status": "active"});
        let flow = id(&post("/v2/project-flows", &flow).await, "/data/_id");
        let registration = json!({"project": project, "projectFlow": flow, "email": "zebra@example.org"});
        let registration = post("/v2/app-registrations", &registration).await;
        let validation =
            json!({"project": project, "projectFlow": flow, "identifier": "zebra", "type": "validation"});
        let collection = post("/v2/face-recognition/collections", &json!({"name": "zebra"})).await;
        post("/api-projects/credits/purchases", &json!({"amount": 1, "description": "zebra"})).await;
        let credits = verifik.get("/v2/credits").await.body;
        let session = answer(version_2.post("/api-gateway/v2/sessions")).await.body;
        // The check gets its id before its video is validated.
        let form = Form::new().text("request", r#"{"user_id": "zebra"}"#);
        let form = form.file("video", "v.mp4", "video/mp4", b"no video".to_vec());
        let check = super::post(version_2, "/api-gateway/v2/deepfake/checks", form).await.body;
        let text = format!("zebra-{project}");
        let terms = json!({"title": "zebra", "text": "zebra", "grants": ["authorization"]});
        let put = version_2.request(Method::PUT, &format!("/api-gateway/v2/consents/{text}")).json(&terms);
        assert_eq!(answer(put).await.status, 200);
        Self {
            text,
            check: id(&check, "/data/id"),
            validation: id(&post("/v2/biometric-validations", &validation).await, "/data/_id"),
            registration: id(&registration, "/data/appRegistration/_id"),
            token: id(&registration, "/data/token"),
            collection: id(&collection, "/data/code"),
            credit: id(&credits, "/data/0/_id"),
            session: id(&session, "/data/session_id"),
            project,
            flow,
        }
    }

    fn fill(&self, path: &str) -> String {
        let id = match path {
            _ if path.starts_with("/v2/projects/") => &self.project,
            _ if path.contains("/project-flows/") => &self.flow,
            _ if path.starts_with("/v2/app-registrations/") => &self.registration,
            _ if path.starts_with("/v2/biometric-validations/") => &self.validation,
            _ if path.starts_with("/v2/face-recognition/collections/") => &self.collection,
            _ if path.starts_with("/v2/credits/") => &self.credit,
            _ if path.starts_with("/api-gateway/v2/sessions/") => &self.session,
            _ if path.starts_with("/api-gateway/v2/deepfake/checks/") => &self.check,
            _ if path.starts_with("/api-gateway/v2/consents/{id}") => &self.text,
            // These calls name a user, and any project may know the name.
            "/api-gateway/v2/consents/my-approvals/{user}" => &self.text,
            _ => panic!("name here the id of another tenant for {path}"),
        };
        let filled = path.replace("{id}", id).replace("{user}", "zebra");
        assert!(!filled.contains('{'), "name here the id of another tenant for {path}");
        filled
    }

    /// Reads the resources as their owner.
    async fn seen(&self, verifik: &Project) -> Vec<Value> {
        let paths = ["/v2/projects/{id}", "/v2/project-flows/{id}", "/v2/app-registrations/{id}"];
        let paths = paths.into_iter().chain(["/v2/face-recognition/collections/{id}"]);
        let mut seen = Vec::new();
        for path in paths.map(|path| self.fill(path)) {
            let found = verifik.get(&path).await;
            assert_eq!(found.status, 200, "{path}: {}", found.body);
            seen.push(found.body["data"].clone());
        }
        let listed = verifik.get("/v2/biometric-validations").await.body;
        seen.push(listed["data"].clone());
        seen
    }
}

/// Returns a body that the resource's own tenant could send.
fn body(path: &str) -> Value {
    match path {
        "/v2/app-registrations/{id}" => json!({"status": "COMPLETED_WITHOUT_KYC"}),
        "/v2/app-registrations/{id}/sync" => json!({"step": "end"}),
        _ => json!({"name": "theirs"}),
    }
}

pub async fn no_id_of_another_tenant_opens_anything_in_another_api(world: &'static World) {
    let (verifik, version_2) = (attesting(world, "verifik").await, attesting(world, "biometry_v2").await);
    let ours = Belongings::of(&verifik, &version_2).await;
    let before = ours.seen(&verifik).await;
    let others = [attesting(world, "verifik").await, attesting(world, "biometry_v2").await];
    let theirs = Belongings::of(&others[0], &others[1]).await;

    let described = verifik.get("/openapi.json").await.body;
    let mut tried = 0;
    for (path, item) in described["paths"].as_object().expect("paths") {
        if !path.contains('{') || !PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
            continue;
        }
        for (method, operation) in item.as_object().expect("operations") {
            let ways = operation["security"].as_array().expect("who may call it");
            let scope = ways.iter().find_map(|way| way["api_key"][0].as_str());
            let method: Method = method.to_uppercase().parse().expect("a method");
            for (name, other) in ["verifik", "biometry_v2"].into_iter().zip(&others) {
                let scoped = json!({"name": "one scope", "scopes": scope.as_slice(), "dialects": [name]});
                for key in [other, &other.mint(scoped).await] {
                    let request = key.request(method.clone(), &ours.fill(path)).json(&body(path));
                    assert_nothing_there(&method, path, &answer(request).await);
                }
            }
            let url = format!("{}{}", world.url, ours.fill(path));
            let request = reqwest::Client::new().request(method.clone(), url).bearer_auth(&theirs.token);
            let seen = answer(request.json(&body(path))).await;
            let what = format!("{method} {path} with the token of a record: {} {}", seen.status, seen.body);
            assert!([401, 403, 404].contains(&seen.status.as_u16()), "{what}");
            tried += 1;
        }
    }
    assert!(tried >= 16, "{tried}");
    ids_in_bodies(&ours, &others[0]).await;
    assert_eq!(ours.seen(&verifik).await, before, "nothing was changed");
    let end = format!("/api-gateway/v2/sessions/{}/end", ours.session);
    assert_eq!(answer(version_2.post(&end)).await.status, 200, "its session was not ended");
}

/// Asserts the answer to another tenant: a token is required, the API is off, or the resource is unknown. Calls that
/// name a user succeed without data.
fn assert_nothing_there(method: &Method, path: &str, seen: &Answer) {
    let what = format!("{method} {path}: {} {}", seen.status, seen.body);
    let is_own = match path {
        "/api-gateway/v2/consents/my-approvals/{user}" => seen.body["data"] == json!([]),
        // The call creates a text of the caller's own project with the same id.
        "/api-gateway/v2/consents/{id}" => seen.body["error"]["code"] == "invalid_request",
        _ => false,
    };
    assert!(is_own || [401, 403, 404].contains(&seen.status.as_u16()), "{what}");
    assert!(!seen.body.to_string().contains("zebra"), "{what}");
}

/// Calls whose body names another tenant's resources create nothing from them.
async fn ids_in_bodies(ours: &Belongings, other: &Project) {
    let (project, flow) = (&ours.project, &ours.flow);
    let picture = STANDARD.encode(media::file(media::SPEAKER));
    let calls = [
        ("/v2/project-flows", json!({"project": project, "name": "theirs", "status": "active"})),
        (
            "/v2/app-registrations",
            json!({"project": project, "projectFlow": flow, "email": "theirs@example.org"}),
        ),
        (
            "/v2/biometric-validations",
            json!({"project": project, "projectFlow": flow, "identifier": "theirs", "type": "validation"}),
        ),
        ("/v2/face-recognition/search", json!({"images": [picture], "collection_id": ours.collection})),
    ];
    for (path, body) in calls {
        let seen = answer(other.post(path).json(&body)).await;
        let what = format!("POST {path}: {} {}", seen.status, seen.body);
        assert!(seen.status.is_client_error(), "{what}");
        assert!(!seen.body.to_string().contains("zebra"), "{what}");
    }
}
