//! Webhooks from a call of the API to a customer's server, verified by the published verifier.

mod restart;

use std::{collections::BTreeSet, io::Write, process::Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Hook, Receiver};

use crate::{
    both_modes,
    project::{ADA, Answer, Project, answer},
    world::{World, root},
};

both_modes!(
    each_event_arrives_once_and_the_published_verifier_accepts_it,
    a_rejected_event_is_retried_then_stored_as_a_dead_letter_and_replayed,
    after_a_rotation_both_secrets_verify,
    another_tenant_sees_nothing,
    a_redirect_is_not_followed,
    an_endpoint_is_made_read_changed_and_removed,
);

async fn each_event_arrives_once_and_the_published_verifier_accepts_it(world: &'static World) {
    let (project, mut receiver) = (Project::new(world), Receiver::new().await);
    let made = webhook(&project, json!({"url": receiver.url, "events": ["*"]})).await;
    let secret = made.body["data"]["secret"].as_str().unwrap();
    project.both_consents(ADA).await;
    let session = project.start_session().await;
    let video = project.video(ADA, "small.mp4", "one two").header("X-Session-ID", &session);
    let video = answer(video).await;
    let ended = answer(project.post(&format!("/api-gateway/sessions/end/{session}"))).await;
    assert_eq!((video.status.as_u16(), ended.status.as_u16()), (200, 200));

    let mut delivered = Vec::new();
    let arrived = receiver.next_few(4).await;
    let mut forged = arrived[0].clone();
    forged.body = [&forged.body[..], b" "].concat().into();
    assert!(!verifies(secret, &forged), "the verifier can refuse");
    for hook in arrived {
        assert!(verifies(secret, &hook), "{:?}", hook.headers);
        let event = hook.json();
        delivered.push((
            event["type"].as_str().unwrap().to_owned(),
            event["data"]["id"].as_str().unwrap().to_owned(),
        ));
        if event["type"] == "video.processed" {
            assert_eq!(event["data"]["verdict"], video.body["scoring_result"]["status"]);
            assert_eq!(event["data"]["user_fullname"], ADA);
        }
        if event["type"] == "consent.changed" {
            let reason = event["data"]["decision_reasons"][0].as_str().unwrap();
            assert!(reason.ends_with("_consent_given"), "{reason}");
        }
    }
    let events: Vec<_> = delivered.iter().map(|(event, _)| event.as_str()).collect();
    for (event, count) in [("consent.changed", 2), ("video.processed", 1), ("session.completed", 1)] {
        assert_eq!(events.iter().filter(|name| **name == event).count(), count, "{events:?}");
    }
    for (event, call) in [("video.processed", &video), ("session.completed", &ended)] {
        let id = call.header("x-request-id").unwrap().to_owned();
        assert!(delivered.contains(&(event.to_owned(), id)), "{event} names the call it came from");
    }
    assert!(receiver.rest().is_empty());
}

async fn a_rejected_event_is_retried_then_stored_as_a_dead_letter_and_replayed(world: &'static World) {
    let (project, mut receiver) = (Project::new(world), Receiver::new().await);
    let made = webhook(&project, json!({"url": receiver.url})).await;
    let path = path(&made);
    receiver.answer([500, 200]);
    project.consent("consent", ADA, true).await;
    let arrived = receiver.next_few(2).await;
    assert_eq!(arrived[0].id(), arrived[1].id());
    let log =
        project.until(&format!("{path}/deliveries"), |found| found["data"][0]["status"] == "delivered").await;
    assert_eq!(log["data"][0]["log"][0]["status_code"], 500);
    assert_eq!(log["data"][0]["log"][1]["status_code"], 200);

    receiver.answer([500; 6]);
    project.consent("consent", ADA, false).await;
    let dead_id = receiver.next_few(6).await[5].id().to_owned();
    let dead =
        project.until("/api-gateway/webhooks/dead-letters", |found| found["data"][0].is_object()).await;
    assert_eq!((&dead["data"][0]["id"], &dead["data"][0]["attempts"]), (&json!(dead_id), &json!(6)));
    assert_eq!(project.get(&format!("{path}/dead-letters")).await.body["data"], dead["data"]);
    let replayed = answer(project.post(&format!("{path}/dead-letters/replay"))).await;
    assert_eq!(replayed.body["data"]["count"], 1);
    assert_eq!(receiver.next().await.id(), dead_id);
    project.until(&format!("{path}/deliveries"), |found| found["data"][0]["status"] == "delivered").await;
    let again = answer(project.post(&format!("{path}/deliveries/{dead_id}/replay"))).await;
    assert_eq!(again.body["data"]["status"], "pending", "{}", again.body);
    assert_eq!(receiver.next().await.id(), dead_id);
    let page = project.get(&format!("{path}/deliveries?limit=1")).await.body;
    let next = page["next_cursor"].as_str().expect("a second page");
    let last = project.get(&format!("{path}/deliveries?limit=1&cursor={next}")).await.body;
    assert_ne!(last["data"][0]["id"], page["data"][0]["id"]);
    assert_eq!(last["next_cursor"], Value::Null);
}

async fn after_a_rotation_both_secrets_verify(world: &'static World) {
    let (project, mut receiver) = (Project::new(world), Receiver::new().await);
    let made = webhook(&project, json!({"url": receiver.url})).await;
    let rotated = answer(project.post(&format!("{}/rotate", path(&made)))).await;
    let [old, new] = [&made, &rotated].map(|shown| shown.body["data"]["secret"].as_str().unwrap());
    assert_ne!(old, new);
    let test = answer(project.post(&format!("{}/test", path(&made)))).await;
    assert_eq!(test.status, 200, "{}", test.body);
    let hook = receiver.next().await;
    assert_eq!(hook.json()["type"], "webhook.test");
    assert!(verifies(old, &hook) && verifies(new, &hook));
    let stranger = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert!(!verifies(stranger, &hook));
}

async fn another_tenant_sees_nothing(world: &'static World) {
    let (mine, theirs, mut receiver) = (Project::new(world), Project::new(world), Receiver::new().await);
    let made = webhook(&theirs, json!({"url": receiver.url})).await;
    let path = path(&made);
    let sent = answer(theirs.post(&format!("{path}/test"))).await;
    let delivery = sent.body["data"]["id"].as_str().unwrap();
    receiver.next().await;
    let calls = [
        (Method::GET, path.clone()),
        (Method::PUT, path.clone()),
        (Method::PATCH, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/rotate")),
        (Method::POST, format!("{path}/test")),
        (Method::GET, format!("{path}/deliveries")),
        (Method::GET, format!("{path}/dead-letters")),
        (Method::POST, format!("{path}/dead-letters/replay")),
        (Method::POST, format!("{path}/deliveries/{delivery}/replay")),
    ];
    for (method, path) in calls {
        let refused = answer(mine.request(method.clone(), &path).json(&json!({"status": "paused"}))).await;
        assert_eq!((refused.status.as_u16(), refused.error()), (404, "webhook not found"), "{method} {path}");
    }
    assert_eq!(mine.get("/api-gateway/webhooks").await.body["data"], json!([]));
    let foreign_key = made.body["data"]["api_key_id"].clone();
    let body = json!({"url": receiver.url, "api_key_id": foreign_key});
    assert_eq!(answer(mine.post("/api-gateway/webhooks").json(&body)).await.status, 404);
    mine.consent("consent", ADA, true).await;
    assert_eq!(theirs.get(&path).await.body["data"]["status"], "active");
    assert!(receiver.rest().is_empty());
}

async fn a_redirect_is_not_followed(world: &'static World) {
    let (project, mut receiver) = (Project::new(world), Receiver::new().await);
    let made = webhook(&project, json!({"url": format!("{}/moved", receiver.url)})).await;
    answer(project.post(&format!("{}/test", path(&made)))).await;
    let dead =
        project.until(&format!("{}/dead-letters", path(&made)), |found| found["data"][0].is_object()).await;
    assert_eq!(dead["data"][0]["log"][0]["status_code"], 307);
    let paths: BTreeSet<_> = receiver.rest().into_iter().map(|hook| hook.path).collect();
    assert_eq!(paths, BTreeSet::from(["/moved".to_owned()]));
}

async fn an_endpoint_is_made_read_changed_and_removed(world: &'static World) {
    let project = Project::new(world);
    let asked = json!({"url": "https://hooks.example.org/a", "events": ["video.processed"], "headers": {"X-Token": "abc"}});
    let made = webhook(&project, asked).await;
    let data = &made.body["data"];
    assert!(
        data["id"].as_str().unwrap().starts_with("wh_")
            && data["secret"].as_str().unwrap().starts_with("whsec_")
    );
    assert_eq!(data["project_id"], project.id);
    assert_eq!(data["retry_config"]["backoff_multiplier"], 2, "{}", data["retry_config"]);
    assert_eq!(
        (&data["status"], &data["success_count"], &data["failure_count"]),
        (&json!("active"), &json!(0), &json!(0))
    );
    assert_eq!(data["headers"], json!({"x-token": "***"}), "its value is not shown again");
    let read = project.get(&path(&made)).await;
    assert_eq!(read.body["data"]["secret"], Value::Null, "the secret is shown once");
    let change = json!({"events": ["*"], "status": "paused"});
    let changed = answer(project.request(Method::PATCH, &path(&made)).json(&change)).await;
    assert_eq!(
        (&changed.body["data"]["events"], &changed.body["data"]["status"]),
        (&json!(["*"]), &json!("paused"))
    );
    assert_eq!(changed.body["data"]["url"], data["url"]);
    for bad in [
        json!({}),
        json!({"url": "ftp://a.example"}),
        json!({"url": "https://a.example", "events": ["x"]}),
        json!({"url": "https://a.example", "headers": {"Host": "b"}}),
        json!({"url": "https://u:p@a.example"}),
    ] {
        let refused = answer(project.post("/api-gateway/webhooks").json(&bad)).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.body);
    }
    assert_eq!(answer(project.request(Method::DELETE, &path(&made))).await.status, 200);
    assert_eq!(project.get(&path(&made)).await.status, 404);
}

/// Creates an endpoint of the project's key.
pub async fn webhook(project: &Project, asked: Value) -> Answer {
    let made = answer(project.post("/api-gateway/webhooks").json(&asked)).await;
    assert_eq!(made.status, 200, "{}", made.body);
    made
}

fn path(made: &Answer) -> String {
    format!("/api-gateway/webhooks/{}", made.body["data"]["id"].as_str().expect("an id"))
}

/// Returns whether the published npm verifier accepts a delivery.
pub fn verifies(secret: &str, hook: &Hook) -> bool {
    let folder = root().join("tests/sdk");
    assert!(
        folder.join("node_modules/standardwebhooks").is_dir(),
        "the verifier is missing; run `make setup`"
    );
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        headers.into_iter().map(|name| (name.to_owned(), hook.header(name).into())).collect();
    let input = json!({"secret": secret, "headers": headers, "body": String::from_utf8_lossy(&hook.body)});
    let mut node = std::process::Command::new("node")
        .arg("verify-webhook.mjs")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("node runs");
    node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    node.wait().unwrap().success()
}

impl Project {
    /// Repeats a request until the response is as expected.
    pub async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let found = self.get(path).await.body;
                if wanted(&found) {
                    return found;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(90), asking).await.expect("it never came")
    }
}
