//! The same files on the routes of version 2 and the dashboard.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::{
    MAX_MB, ORDINARY_TYPE, consenting, document_bar, lowest_cost, ordinary_photograph, png_bombs,
    recording_bombs, server, warm_up,
};
use crate::{
    accounts::{Browser, Organisation},
    dialects::attesting,
    multipart::Form,
    project::{Answer, Project, answer},
    world,
};

/// The input of a route of version 2.
struct Route {
    path: &'static str,
    /// The field of the hostile file.
    field: &'static str,
    /// A genuine file besides it.
    beside: Option<(&'static str, &'static str)>,
    phrase: bool,
}

const fn route(path: &'static str, field: &'static str) -> Route {
    Route { path, field, beside: None, phrase: false }
}

const PICTURES: [Route; 2] = [
    route("enrollments/face", "face"),
    Route { beside: Some(("video", "small.mp4")), ..route("face-match", "reference_image") },
];
const RECORDINGS: [Route; 6] = [
    Route { phrase: true, ..route("enrollments/voice", "voice") },
    Route { phrase: true, ..route("liveness", "video") },
    Route { beside: Some(("reference_image", "obama.jpg")), ..route("face-match", "video") },
    route("face-verify", "video"),
    route("voice-verify", "voice"),
    route("deepfake/checks", "video"),
];
const DOCUMENTS: Route = route("documents/check", "document");

fn send(project: &Project, route: &Route, file: Vec<u8>) -> RequestBuilder {
    let mut request = json!({"user_id": "u1"});
    if route.phrase {
        request["phrase"] = "one two three".into();
    }
    let form = Form::new().text("request", &request.to_string()).file(route.field, "f", ORDINARY_TYPE, file);
    let form = route.beside.into_iter().fold(form, |form, (field, name)| {
        let genuine = std::fs::read(world::fixture(name)).expect("fixtures are readable");
        form.file(field, "g", ORDINARY_TYPE, genuine)
    });
    form.send(project.post(&format!("/api-gateway/v2/{}", route.path)))
}

/// Returns the answer to a call; for a check that runs later, once it has run.
async fn call(project: &Project, route: &Route, file: Vec<u8>) -> Answer {
    let answered = answer(send(project, route, file)).await;
    let Some(check) = answered.body["data"]["id"].as_str().filter(|_| route.path == "deepfake/checks") else {
        return answered;
    };
    let path = format!("/api-gateway/v2/deepfake/checks/{check}");
    testkit::wait_until("the check is made", async || {
        let state = project.get(&path).await.body["data"]["status"].clone();
        assert!(state.is_string(), "a check has a status");
        !["pending", "processing"].iter().any(|unfinished| state == *unfinished)
    })
    .await;
    answered
}

#[tokio::test]
async fn a_hostile_file_costs_little_on_every_route_of_version_2() {
    let world = world::alone(&[]);
    let (project, server) = (attesting(world, "biometry_v2").await, server(world));
    let plain = consenting(world).await;
    warm_up(&plain).await;
    let (pictures, recordings) = (png_bombs(), recording_bombs());
    let mut misses = Vec::new();
    for (routes, files) in [(&PICTURES[..], &pictures), (&RECORDINGS[..], &recordings)] {
        for route in routes {
            for (name, file) in files {
                let cost = lowest_cost(server, MAX_MB, || call(&project, route, file.clone())).await;
                cost.judge(&format!("v2/{}, {} {name}", route.path, route.field), MAX_MB, &mut misses);
            }
        }
    }
    let photograph = ordinary_photograph();
    let max_mb = document_bar(server, || send(&project, &DOCUMENTS, photograph.clone())).await;
    for (name, file) in &pictures {
        let cost = lowest_cost(server, max_mb, || call(&project, &DOCUMENTS, file.clone())).await;
        cost.judge(&format!("v2/{}, {name}", DOCUMENTS.path), max_mb, &mut misses);
    }
    assert!(misses.is_empty(), "{misses:?}");
}

fn try_it(browser: &Browser, file: Vec<u8>) -> RequestBuilder {
    let form =
        Form::new().text("user_fullname", "Ada").text("consent", "true").text("storage_consent", "false");
    let form = form.text("phrase", "one two three").file("video", "v", ORDINARY_TYPE, file);
    form.send(browser.request(Method::POST, "/api-projects/try-it"))
}

#[tokio::test]
async fn a_hostile_file_costs_little_where_the_dashboard_tries_it() {
    let world = world::alone(&[]);
    let owner = Organisation::new(world).owner().await;
    let server = server(world);
    for _ in 0..2 {
        let speech = std::fs::read(world::fixture("obama_speech.mp4")).unwrap();
        let seen = answer(try_it(&owner, speech)).await;
        assert_eq!(seen.status, 200, "{}", seen.body);
    }
    let mut misses = Vec::new();
    for (name, file) in &recording_bombs() {
        let cost = lowest_cost(server, MAX_MB, || answer(try_it(&owner, file.clone()))).await;
        cost.judge(&format!("try-it, {name}"), MAX_MB, &mut misses);
    }
    assert!(misses.is_empty(), "{misses:?}");
}
