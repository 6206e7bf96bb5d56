//! API keys: invalid requests are rejected, and a revoked key is rejected at once.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use proto::projects::{RevokeApiKeyRequest, projects_client::ProjectsClient};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    both_modes,
    project::{Answer, Project, answer},
    world::World,
};

both_modes!(
    a_request_without_a_key_is_refused,
    forged_keys_are_refused,
    the_first_key_works,
    keys_are_minted_read_and_revoked,
    keys_stay_in_their_project,
    a_changed_key_is_another_one_at_its_next_call,
);

async fn start(project: &Project, authorization: Option<&str>) -> Answer {
    let request = reqwest::Client::new().post(format!("{}/api-gateway/sessions/start", project.world.url));
    answer(match authorization {
        Some(value) => request.header("Authorization", value),
        None => request,
    })
    .await
}

async fn the_first_key_works(world: &'static World) {
    let project = Project::new(world);
    let started = start(&project, Some(&format!("Bearer {}", project.key))).await;
    assert_eq!(started.status, 200);
}

async fn a_request_without_a_key_is_refused(world: &'static World) {
    let project = Project::new(world);
    let none = start(&project, None).await;
    assert_eq!((none.status.as_u16(), none.error()), (401, "missing authorization token"));
    let bare = start(&project, Some(&project.key)).await;
    assert_eq!((bare.status.as_u16(), bare.error()), (401, "invalid api key format"));
}

async fn forged_keys_are_refused(world: &'static World) {
    let project = Project::new(world);
    let [header, claims, signature] = parts(&project.key);
    let none = json!({"alg": "none", "typ": "JWT", "kid": decode(&header)["kid"]});
    let hs256 = json!({"alg": "HS256", "typ": "JWT", "kid": decode(&header)["kid"]});
    let mut tampered = decode(&claims);
    tampered["can_mint"] = json!(true);
    let foreign_kid = json!({"alg": "EdDSA", "typ": "JWT", "kid": "unknown"});
    let forged = [
        format!("{}.{claims}.", encode(&none)),
        format!("{}.{claims}.{signature}", encode(&hs256)),
        format!("{header}.{}.{signature}", encode(&tampered)),
        format!("{}.{claims}.{signature}", encode(&foreign_kid)),
        format!("{header}.{claims}.{}", BASE64_URL_SAFE_NO_PAD.encode([7; 64])),
        "garbage".to_owned(),
        "..".to_owned(),
    ];
    for token in forged {
        let refused = start(&project, Some(&format!("Bearer {token}"))).await;
        assert_eq!(refused.status, 401, "{token} was answered {}", refused.body);
        assert!(!refused.error().is_empty());
    }
}

const KEYS: &str = "/api-projects/public/apikeys";

async fn revoke(project: &Project, id: &str) -> Answer {
    answer(project.request(Method::DELETE, &format!("{KEYS}/{id}"))).await
}

async fn keys_are_minted_read_and_revoked(world: &'static World) {
    let admin = Project::new(world);
    let kiosk = admin.mint(json!({"name": "kiosk", "selected_services": ["Face Recognition"]})).await;
    kiosk.start_session().await;
    let refused = answer(kiosk.post(KEYS).json(&json!({"name": "another"}))).await;
    assert_eq!(
        (refused.status.as_u16(), refused.error()),
        (403, "this call needs a key with the scope keys.admin")
    );
    assert_eq!(refused.body["message"], refused.body["error"]);

    let listed = admin.get(KEYS).await;
    let names: Vec<_> = listed.body["data"].as_array().unwrap().iter().map(|key| &key["name"]).collect();
    assert_eq!(names, ["kiosk", "first key"]);
    let read = admin.get(&format!("{KEYS}/{}", kiosk.key_id())).await;
    assert_eq!(read.body["message"], "api key found");
    assert_eq!(read.body["data"]["state"], "active");
    assert_eq!(read.body["data"]["selected_services"], json!(["Face Recognition"]));
    assert!(!read.body.to_string().contains(&kiosk.key), "a key is shown once");

    let revoked = revoke(&admin, &kiosk.key_id()).await;
    assert_eq!(revoked.body, json!({"message": "api key revoked"}));
    let late = answer(kiosk.post("/api-gateway/sessions/start")).await;
    assert_eq!((late.status.as_u16(), late.error()), (403, "api key is not active"));

    let last = revoke(&admin, &admin.key_id()).await;
    assert_eq!(last.status, 409, "{}", last.body);
    let heir = admin.mint(json!({"name": "heir", "can_mint": true})).await;
    assert_eq!(revoke(&admin, &admin.key_id()).await.status, 200);
    assert_eq!(admin.get(KEYS).await.error(), "api key is not active");
    assert_eq!(heir.get(KEYS).await.status, 200);
}

async fn keys_stay_in_their_project(world: &'static World) {
    let (mine, theirs) = (Project::new(world), Project::new(world));
    for id in [theirs.key_id().as_str(), "nonsense", "..%2F..%2Fetc"] {
        for refused in [mine.get(&format!("{KEYS}/{id}")).await, revoke(&mine, id).await] {
            assert_eq!((refused.status.as_u16(), refused.error()), (404, "api key not found"), "{id}");
        }
    }
    assert_eq!(theirs.get(KEYS).await.status, 200);
}

fn parts(key: &str) -> [String; 3] {
    let parts: Vec<String> = key.split('.').map(str::to_owned).collect();
    parts.try_into().expect("a JWT has three parts")
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn encode(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}

/// Only in the split deployment can a test call the projects service directly, as an administrator's tool would.
#[tokio::test]
async fn a_revoked_key_is_refused_at_the_next_call() {
    let world = crate::world::split();
    let project = Project::new(world);
    project.start_session().await;
    let id = decode(&parts(&project.key)[1])["id"].as_str().unwrap().to_owned();
    let transport = world.projects();
    let request = RevokeApiKeyRequest {
        project_id: project.id.clone(),
        api_key_id: id,
        keep_one_minter: false,
        may_grant: None,
    };
    ProjectsClient::new(transport).revoke_api_key(request).await.unwrap();

    let refused = answer(project.post("/api-gateway/sessions/start")).await;
    assert_eq!((refused.status.as_u16(), refused.error()), (403, "api key is not active"));
}

async fn a_changed_key_is_another_one_at_its_next_call(world: &'static World) {
    let admin = Project::new(world);
    let kiosk = admin.mint(json!({"name": "kiosk", "expires_at": "2999-01-31T12:00:00Z"})).await;
    kiosk.start_session().await;
    let path = format!("{KEYS}/{}", kiosk.key_id());
    let change = async |body: Value| answer(admin.request(Method::PATCH, &path).json(&body)).await;
    let changed = change(json!({"name": "desk", "selected_services": ["Face Recognition"],
                                "rate_limit_per_minute": 2, "expires_at": null}))
    .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let data = &changed.body["data"];
    assert_eq!((&data["name"], &data["rate_limit_per_minute"]), (&json!("desk"), &json!(2)));
    assert_eq!(
        (&data["selected_services"], &data["expires_at"]),
        (&json!(["Face Recognition"]), &Value::Null)
    );
    kiosk.start_session().await;
    let standing = start(&kiosk, Some(&format!("Bearer {}", kiosk.key))).await;
    assert_eq!(standing.header("ratelimit-policy"), Some("\"key\";q=2;w=60"));
    assert_eq!(start(&kiosk, Some(&format!("Bearer {}", kiosk.key))).await.status, 429);
    assert_eq!(change(json!({"rate_limit_per_minute": 0})).await.status, 200);
    kiosk.start_session().await;

    for (field, body) in [
        ("name", json!({"name": ""})),
        ("expires_at", json!({"expires_at": "yesterday"})),
        ("expires_at", json!({"expires_at": "2001-01-31T12:00:00Z"})),
        ("response_format", json!({"response_format": "xml"})),
    ] {
        let refused = change(body).await;
        assert_eq!(refused.status, 400);
        assert!(refused.body["fields"][field].is_string(), "{field}: {}", refused.body);
    }
    assert_eq!(change(json!({"can_mint": true})).await.status, 400);
    let nothing = change(json!({"name": null, "scopes": null})).await;
    assert_eq!(nothing.status, 400, "{}", nothing.body);
    assert_eq!(change(json!({"expires_at": null})).await.status, 200, "null clears it");
    let itself = answer(kiosk.request(Method::PATCH, &path).json(&json!({"name": "x"}))).await;
    assert_eq!(itself.error(), "this call needs a key with the scope keys.admin");
    let stranger = Project::new(world);
    let theirs = answer(stranger.request(Method::PATCH, &path).json(&json!({"name": "x"}))).await;
    assert_eq!(theirs.status, 404);
    let last = format!("{KEYS}/{}", admin.key_id());
    let ends = json!({"expires_at": "2999-01-31T12:00:00Z"});
    assert_eq!(answer(admin.request(Method::PATCH, &last).json(&ends)).await.status, 409);
}
