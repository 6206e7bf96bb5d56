//! `biometry webhooks trigger`: sends a signed event to an address, for developing a receiver without calls.

use std::{io::Write, time::Duration};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::cli::TriggerArgs;

/// The timeout of a delivery.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// # Errors
/// When the secret is malformed, the event is unknown, or the receiver does not respond 2xx.
pub async fn send_test_event(args: TriggerArgs) -> anyhow::Result<()> {
    let events = svc_transactions::EVENTS;
    ensure!(
        events.contains(&args.event.as_str()),
        "there is no event {}; the events are {}",
        args.event,
        events.join(", ")
    );
    let now_ms = boot::now_ms();
    let (id, body) = (format!("msg_trigger_{now_ms}"), sample(&args.event, args.test)?.to_string());
    let signature = svc_transactions::sign_event(&args.secret, &id, now_ms, body.as_bytes())?;
    let client = reqwest::Client::builder().timeout(RESPONSE_TIMEOUT).build()?;
    let request = client
        .post(&args.url)
        .header("content-type", "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", (now_ms / 1000).to_string())
        .header("webhook-signature", &signature)
        .body(body.clone());
    let answer = request.send().await.with_context(|| format!("{} does not answer", args.url))?;
    let mut out = std::io::stdout();
    writeln!(out, "sent     {body}\nas       {id}\nsigned   {signature}\nanswer   {}", answer.status())?;
    ensure!(
        answer.status().is_success(),
        "the receiver answered {}; the server would try again",
        answer.status()
    );
    Ok(())
}

/// Builds a sample event like the server's.
fn sample(event: &str, is_test: bool) -> anyhow::Result<Value> {
    let at = boot::timestamp::rfc3339(boot::now_ms());
    let kind = match event {
        "session.completed" => "session_end",
        "enrollment.completed" => "enroll_face",
        "docauth.completed" => "docauth_check",
        "match.completed" => "match_faces",
        "consent.changed" => "consent",
        _ => "process_video",
    };
    let is_decided = matches!(kind, "process_video" | "docauth_check" | "match_faces");
    let reasons = match kind {
        "consent" => json!(["authorization_consent_given"]),
        "enroll_face" => json!(["face_enrolled"]),
        _ if is_decided => json!(["face_match_passed", "liveness_passed"]),
        _ => json!([]),
    };
    let mut data = json!({
        "id": "0199f0a0-0000-7000-8000-000000000001", "kind": kind,
        "project_id": "0199f0a0-0000-7000-8000-000000000002", "api_key_id": "0199f0a0-0000-7000-8000-000000000003",
        "session_id": "sess_0199f0a0-0000-7000-8000-000000000004", "user_fullname": "ada@example.org",
        "created_at": at, "verdict": is_decided.then_some("pass"), "score": is_decided.then_some(92.5),
        "decision_reasons": reasons, "rules": is_decided.then_some("default"), "action_trigger": null, "tags": [],
    });
    if event == "fraud.flagged" {
        let evidence = json!({"mark": "isPhysicalDevice=false"});
        data["fraud"] = json!([{"rule": "emulator", "evidence": evidence, "at": at}]);
    }
    if event == "review.completed" {
        let who = json!({"kind": "user", "id": "0199f0a0-0000-7000-8000-000000000005", "name": "Grace"});
        data["review"] =
            json!({"decision": "approve", "reason": null, "reviewed_by": who, "reviewed_at": at});
    }
    if is_test {
        data["test"] = true.into();
    }
    Ok(json!({ "type": event, "timestamp": at, "data": data }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_sample() {
        for event in svc_transactions::EVENTS {
            let sample = sample(event, true).unwrap();
            assert_eq!((&sample["type"], &sample["data"]["test"]), (&json!(event), &json!(true)));
        }
        assert!(sample("fraud.flagged", false).unwrap()["data"]["fraud"][0]["rule"].is_string());
        assert_eq!(sample("consent.changed", false).unwrap()["data"]["verdict"], Value::Null);
    }
}
