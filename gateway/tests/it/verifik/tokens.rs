//! Tokens: how they are sent, what each opens, and when it ends.

use super::*;

#[tokio::test]
async fn case_02_three_ways_to_send_a_token_agree() {
    let world = World::new("attested").await;
    for authorization in ["Bearer ", "JWT ", ""] {
        let of = format!("{authorization}{}", world.customer.key);
        let answer = world.send("GET", "/v2/projects", &of, &Value::Null).await;
        assert_eq!(answer.status, 200, "{authorization:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn case_03_the_wrong_kind_of_token_is_denied() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let denied = json!({"code": "access_denied", "message": "403:access_denied"});
    let by_client = world.post(FACE, &face()).await;
    assert_eq!(seen(&by_client), (403, &denied));
    for (method, path) in [
        ("POST", "/v2/app-registrations"),
        ("GET", "/v2/app-registrations"),
        ("POST", "/v2/projects"),
        ("POST", "/v2/face-recognition/compare"),
    ] {
        let by_registration = world.own(&of, method, path, &json!({})).await;
        assert_eq!(seen(&by_registration), (403, &denied), "{method} {path}");
    }
    let other = world.register(&of.project, &of.flow, "other@example.com").await;
    let path = format!("/v2/app-registrations/{}/sync", other.id);
    let foreign = world.own(&of, "PUT", &path, &json!({"step": "form"})).await;
    assert_eq!(seen(&foreign), (403, &denied));
    // Other APIs of this server do not know it at all.
    let elsewhere = world.own(&of, "POST", "/api-gateway/sessions/start", &json!({})).await;
    assert_eq!(elsewhere.status, 401, "{}", elsewhere.body);
}

#[tokio::test]
async fn case_04_no_expired_revoked_and_other_tokens() {
    let world = World::new("attested").await;
    let forbidden = json!({"code": "Forbidden", "message": "Access forbidden"});
    let none = world.customer.raw(Request::get("/v2/projects").body(Body::empty()).unwrap()).await;
    assert_eq!(seen(&none), (401, &forbidden));
    let none = Request::post("/v2/face-recognition/liveness").body(Body::empty()).unwrap();
    let none = world.customer.raw(none).await;
    assert_eq!(seen(&none), (401, &json!({"code": "UNAUTHORIZED", "message": "Authentication required"})));
    let stage = &world.customer.stage;
    let claims =
        json!({"id": KEY, "project_id": PROJECT, "session_id": "674de8df21c72be3cc42b8a7", "exp": 1});
    let expired = format!("Bearer {}", stage.sign_as("app-registration+jwt", "kid-1", &claims));
    assert_eq!(seen(&world.send("POST", FACE, &expired, &face()).await), (403, &forbidden));
    let of = world.registered().await;
    stage.set().keys.get_mut(KEY).unwrap().key_dialects = vec!["idv".into()];
    assert_eq!(seen(&world.face(&of, &face()).await), (401, &forbidden), "a key of another dialect");
    stage.set().keys.get_mut(KEY).unwrap().key_dialects.clear();
    stage.set().keys.get_mut(KEY).unwrap().state = ApiKeyState::Revoked.into();
    assert_eq!(seen(&world.face(&of, &face()).await), (403, &forbidden), "dead with its key");
    let liveness = world.post("/v2/face-recognition/liveness", &face()).await;
    assert_eq!(seen(&liveness), (403, &json!({"code": "FORBIDDEN", "message": "token_expired"})));
}

#[tokio::test]
async fn switched_off_it_is_not_there() {
    let world = World::new("attested").await;
    world.customer.stage.set().keys.get_mut(KEY).unwrap().dialects.clear();
    let off = world.client("GET", "/v2/projects", &Value::Null).await;
    assert_eq!(seen(&off), (404, &json!({"code": "route_not_found", "message": "404:route_not_found"})));
}
