//! Sessions over HTTP.

use axum::body::Body;
use tokio::sync::Semaphore;

use crate::customer::{ADA, Customer, Form};

#[tokio::test]
async fn a_session_starts_with_and_without_a_body() {
    let customer = Customer::new().await;
    let started = customer.post("/api-gateway/sessions/start", &[], Body::empty()).await;
    insta::assert_json_snapshot!(started.body, @r#"
    {
      "data": "sess_1",
      "message": "session started"
    }
    "#);
    let with_body =
        customer.post("/api-gateway/sessions/start", &[("content-type", "application/json")], "{}").await;
    assert_eq!(with_body.status, 200);
    assert_eq!(customer.last_record().session_id.as_deref(), Some("sess_2"));
}

#[tokio::test]
async fn a_warm_up_runs_beside_the_answer_and_only_once() {
    let customer = Customer::new().await;
    // Holding all permits, the warm-up cannot end; the session starts nevertheless.
    customer.stage.analyses.forget_permits(Semaphore::MAX_PERMITS);
    for _ in 0..3 {
        let started = customer.post("/api-gateway/sessions/start?warmup=true", &[], Body::empty()).await;
        assert_eq!(started.status, 200);
    }
    customer.stage.until(|state| state.warmups > 0).await;
    assert_eq!(customer.stage.set().warmups, 1);
    customer.stage.analyses.add_permits(1);
    customer.post("/api-gateway/sessions/start?warmup=false", &[], Body::empty()).await;
    assert_eq!(customer.stage.set().warmups, 1);
}

#[tokio::test]
async fn a_session_ends_with_every_body_the_documentation_allows() {
    let customer = Customer::new().await;
    for (headers, body) in [
        (&[][..], ""),
        (&[("content-type", "application/json")][..], "{}"),
        (&[("content-type", "text/plain")][..], "{}"),
        (&[][..], "{\"phone_number\":null}"),
    ] {
        let id = customer.session().await;
        let ended = customer.post(&format!("/api-gateway/sessions/end/{id}"), headers, body).await;
        assert_eq!(ended.status, 200, "{body}: {}", ended.body);
        assert_eq!(ended.body, serde_json::json!({"message": "session ended successfully"}));
    }
}

#[tokio::test]
async fn a_phone_number_is_answered_with_what_is_known_about_its_sim() {
    let customer = Customer::new().await;
    let id = customer.session().await;
    let path = format!("/api-gateway/sessions/end/{id}");
    let bad = customer.post(&path, &[], r#"{"phone_number":"0400 000 000"}"#).await;
    assert_eq!(bad.error(), (400, "phone_number must be in E.164 form, like +61400000000"));
    let ended = customer.post(&path, &[], r#"{"phone_number":"+61400000000"}"#).await;
    insta::assert_json_snapshot!(ended.body, @r#"
    {
      "data": {
        "sim_swap": {
          "description": "no mobile operator is configured for this project",
          "status": "not_checked"
        }
      },
      "message": "session ended successfully"
    }
    "#);
}

#[tokio::test]
async fn an_ended_or_unknown_session_is_refused() {
    let customer = Customer::new().await;
    let id = customer.session().await;
    let path = format!("/api-gateway/sessions/end/{id}");
    customer.post(&path, &[], "").await;
    assert_eq!(customer.post(&path, &[], "").await.error(), (409, "session has ended"));
    assert_eq!(
        customer.post("/api-gateway/sessions/end/sess_x", &[], "").await.error(),
        (404, "session not found")
    );

    let user = ("x-user-fullname", ADA);
    let in_ended = customer.video(&[user, ("x-session-id", &id)], Form::video()).await;
    assert_eq!(in_ended.error(), (409, "session has ended"));
    let in_unknown = customer.video(&[user, ("x-session-id", "sess_x")], Form::video()).await;
    assert_eq!(in_unknown.error(), (404, "session not found"));
    assert!(customer.stage.set().analyzed.is_empty(), "no model ran");
}

#[tokio::test]
async fn the_first_call_fixes_the_user_and_another_is_refused() {
    let customer = Customer::new().await;
    let id = customer.session().await;
    let session = ("x-session-id", id.as_str());
    let first = customer.video(&[("x-user-fullname", ADA), session], Form::video()).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let other = customer.video(&[("x-user-fullname", "bob"), session], Form::video()).await;
    assert_eq!(other.error(), (403, "session is bound to another user"));
    let consent = r#"{"is_consent_given":true,"user_fullname":"bob"}"#;
    assert_eq!(customer.post("/api-consent/consent", &[session], consent).await.status, 403);
    assert!(customer.stage.set().consent_entries.is_empty());
    let end = format!("/api-gateway/sessions/end/{id}");
    assert_eq!(customer.post(&end, &[("x-user-fullname", "bob")], "").await.status, 403);
    assert_eq!(customer.post(&end, &[], "").await.status, 200);
    assert_eq!(customer.last_record().user_fullname.as_deref(), Some(ADA), "taken from the session");
}

#[tokio::test]
async fn the_session_may_come_under_its_other_name_or_in_the_form() {
    let customer = Customer::new().await;
    let id = customer.session().await;
    let user = ("x-user-fullname", ADA);
    customer.video(&[user, ("x-request-user-provided-id", &id)], Form::video()).await;
    customer.video(&[user], Form::video().text("X-Request-User-Provided-ID", &id)).await;
    customer.video(&[], Form::video().text("x-session-id", &id)).await;
    let bound = customer
        .stage
        .set()
        .last_videos
        .iter()
        .map(|(header, _)| header.session_id.clone())
        .collect::<Vec<_>>();
    assert_eq!(bound, [id.as_str(), &id, &id]);
    let both =
        customer.video(&[user, ("x-session-id", &id)], Form::video().text("X-Session-ID", "sess_9")).await;
    assert_eq!(both.error(), (400, "the request names different sessions"));
}

#[tokio::test]
async fn a_failed_check_is_reported_and_the_session_ends() {
    let customer = Customer::new().await;
    let number = r#"{"phone_number":"+43660123456"}"#;
    customer.stage.set().sim_swap = None;
    let id = customer.session().await;
    let end = format!("/api-gateway/sessions/end/{id}");
    for bad in ["0400", "+0400", "+61 400 000 000", "+6140000000000000", ""] {
        let body = serde_json::json!({"phone_number": bad}).to_string();
        let refused = customer.post(&end, &[], body).await;
        assert_eq!(refused.error(), (400, "phone_number must be in E.164 form, like +61400000000"), "{bad}");
    }
    assert!(customer.stage.set().checked_numbers.is_empty());
    assert!(!customer.stage.set().sessions[&id].ended, "a wrong number leaves the session as it was");

    let ended = customer.post(&end, &[], number).await;
    assert_eq!(
        (ended.status.as_u16(), &ended.body["data"]["sim_swap"]["error"]),
        (200, &"check_unavailable".into())
    );
    assert_eq!(customer.post(&end, &[], number).await.error(), (409, "session has ended"));
    assert_eq!(customer.stage.set().checked_numbers.len(), 1, "an ended session is asked about nothing");
    let records = format!("{:?}", customer.stage.set().records);
    assert!(!records.contains("43660123456"), "the number is not kept");
    assert!(records.contains("SIM Swap"));
}
