//! Ids of another tenant in the other APIs, which both have switched on.

use reqwest::Method;
use serde_json::{Value, json};

use super::attesting;
use crate::{
    multipart::Form,
    project::{Project, answer},
    world::World,
};

/// Where these APIs have paths with an id.
const PREFIXES: [&str; 3] = ["/api-gateway/v2/", "/v2/", "/v3/"];

/// What a tenant has in them.
struct Belongings {
    project: String,
    flow: String,
    registration: String,
    token: String,
    validation: String,
    collection: String,
    session: String,
    check: String,
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
        let session = answer(version_2.post("/api-gateway/v2/sessions")).await.body;
        // Whether it is a video is found out later; a check has its id at once.
        let form = Form::new().text("request", r#"{"user_id": "zebra"}"#);
        let form = form.file("video", "v.mp4", "video/mp4", b"no video".to_vec());
        let check = super::post(version_2, "/api-gateway/v2/deepfake/checks", form).await.body;
        Self {
            check: id(&check, "/data/id"),
            validation: id(&post("/v2/biometric-validations", &validation).await, "/data/_id"),
            registration: id(&registration, "/data/appRegistration/_id"),
            token: id(&registration, "/data/token"),
            collection: id(&collection, "/data/code"),
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
            _ if path.starts_with("/api-gateway/v2/sessions/") => &self.session,
            _ if path.starts_with("/api-gateway/v2/deepfake/checks/") => &self.check,
            _ => panic!("name here the id of another tenant for {path}"),
        };
        path.replace("{id}", id)
    }

    /// What their owner reads of them.
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

/// A body that its own tenant could send.
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
        // Texts of consents have names that each project chooses.
        let is_named = path.starts_with("/api-gateway/v2/consents/");
        if is_named || !path.contains("{id}") || !PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
            continue;
        }
        for method in item.as_object().expect("operations").keys() {
            let method: Method = method.to_uppercase().parse().expect("a method");
            for other in &others {
                let request = other.request(method.clone(), &ours.fill(path)).json(&body(path));
                let seen = answer(request).await;
                let what = format!("{method} {path}: {} {}", seen.status, seen.body);
                // The token of another record where one is wanted, an API that is off, or no such thing.
                assert!([401, 403, 404].contains(&seen.status.as_u16()), "{what}");
                assert!(!seen.body.to_string().contains("zebra"), "{what}");
            }
            let url = format!("{}{}", world.url, ours.fill(path));
            let request = reqwest::Client::new().request(method.clone(), url).bearer_auth(&theirs.token);
            let seen = answer(request.json(&body(path))).await;
            let what = format!("{method} {path} with the token of a record: {} {}", seen.status, seen.body);
            assert!([401, 403, 404].contains(&seen.status.as_u16()), "{what}");
            tried += 1;
        }
    }
    assert!(tried >= 12, "{tried}");
    assert_eq!(ours.seen(&verifik).await, before, "nothing was changed");
    let end = format!("/api-gateway/v2/sessions/{}/end", ours.session);
    assert_eq!(answer(version_2.post(&end)).await.status, 200, "its session was not ended");
}
