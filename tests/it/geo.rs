//! The location of a call: from its client's headers, otherwise from its address.

use serde_json::{Value, json};

use crate::{
    both_modes,
    project::{Project, answer},
    world::World,
};

both_modes!(a_location_is_stored_with_the_call, an_invalid_location_is_rejected);

/// Returns the recorded location of a session started with `headers`.
async fn recorded(project: &Project, headers: &[(&str, &str)]) -> Value {
    let mut call = project.post("/api-gateway/sessions/start");
    for (name, value) in headers {
        call = call.header(*name, *value);
    }
    let started = answer(call).await;
    assert_eq!(started.status, 200, "{}", started.body);
    let id = started.header("x-request-id").unwrap();
    project.get(&format!("/api-transactions/transactions/{id}")).await.body["data"]["geo"].clone()
}

async fn a_location_is_stored_with_the_call(world: &'static World) {
    let project = Project::new(world);
    let vienna = json!({"lat": 48.2, "lng": 16.4, "country": "AT", "city": "Vienna", "source": "ip"});
    assert_eq!(recorded(&project, &[("X-Forwarded-For", "198.51.100.7")]).await, vienna);
    assert_eq!(recorded(&project, &[("X-Forwarded-For", "1.1.1.1, 198.51.100.7, 127.0.0.9")]).await, vienna);
    assert_eq!(recorded(&project, &[("X-Forwarded-For", "198.51.100.7, 1.1.1.1")]).await, Value::Null);
    assert_eq!(recorded(&project, &[]).await, Value::Null, "this machine is nowhere");
    let said = [
        ("X-Geo-Location", r#"{"lat":-36.8,"lng":174.7,"country":"nz"}"#),
        ("X-Forwarded-For", "198.51.100.7"),
    ];
    let place = json!({"lat": -36.8, "lng": 174.7, "country": "NZ", "source": "device"});
    assert_eq!(recorded(&project, &said).await, place);
}

async fn an_invalid_location_is_rejected(world: &'static World) {
    let project = Project::new(world);
    for bad in
        ["[1,2]", "{}", r#"{"lat":91,"lng":0}"#, r#"{"lat":0,"lng":1e999}"#, r#"{"lat":0,"lng":0,"ip":"x"}"#]
    {
        let refused = answer(project.post("/api-gateway/sessions/start").header("X-Geo-Location", bad)).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.body);
        assert!(refused.error().contains("X-Geo-Location header"));
    }
}
