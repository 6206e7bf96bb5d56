//! Biometric validations.

use super::*;

fn validation(project: &str, flow: &str) -> Value {
    json!({"project": project, "projectFlow": flow, "identifier": "user@example.com", "type": "validation"})
}

#[tokio::test]
async fn case_11_unknown_paused_and_foreign_flows() {
    let world = World::new("attested").await;
    let (project, flow) = world.project("p", json!({})).await;
    let (_, paused) = world.project("q", json!({"status": "paused"})).await;
    let (_, foreign) = world.project("r", json!({})).await;
    let refused = json!({"success": false, "error": "Invalid project flow", "code": "INVALID_PROJECT_FLOW"});
    for flow in ["flow_123456789", &paused, &foreign] {
        let answer = world.post(VALIDATIONS, &validation(&project, flow)).await;
        assert_eq!(seen(&answer), (400, &refused), "{flow}");
    }
    let unknown = world.post(VALIDATIONS, &validation("project_123456789", &flow)).await;
    let word = "404:Project_not_found_or_featured_disabled";
    assert_eq!((unknown.status.as_u16(), &unknown.body["message"]), (404, &word.into()), "{}", unknown.body);

    let body = json!({"project": project, "projectFlow": flow, "identifier": "user@example.com",
        "type": "validation", "expiresAt": "2099-01-15T11:30:00Z", "redirectUrl": "https://example.com/success",
        "webhookUrl": "https://example.com/webhook", "requires2FA": false, "ipAddress": "192.168.1.1",
        "language": "en"});
    let made = world.post(VALIDATIONS, &body).await;
    assert_eq!((made.status.as_u16(), &made.body["success"]), (200, &true.into()), "{}", made.body);
    let data = &made.body["data"];
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&data[field], value, "{field} is echoed");
    }
    assert_eq!((&data["status"], &data["client"]), (&"new".into(), &PROJECT.into()));
    let all = json!({"success": false, "code": "MissingParameter",
        "error": "missing projectFlow\n. missing identifier\n. missing type",
        "message": "missing projectFlow\n. missing identifier\n. missing type"});
    assert_eq!(seen(&world.post(VALIDATIONS, &json!({"project": project})).await), (409, &all));
    for (field, value) in [
        ("type", "other"),
        ("expiresAt", "2024-01-15T11:30:00Z"),
        ("expiresAt", "tomorrow"),
        ("redirectUrl", "http://example.com"),
        ("language", "de"),
    ] {
        let mut wrong = validation(&project, &flow);
        wrong[field] = value.into();
        let refused = world.post(VALIDATIONS, &wrong).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.body["code"]),
            (409, &"MissingParameter".into()),
            "{field}"
        );
    }
}

#[tokio::test]
async fn case_12_mail_without_an_address_or_a_page_to_open() {
    let world = World::new("attested").await;
    let (project, flow) = world.project("p", json!({})).await;
    let mut body = validation(&project, &flow);
    body["sendViaEmail"] = true.into();
    let missing = world.post(VALIDATIONS, &body).await;
    assert_eq!((missing.status.as_u16(), &missing.body["message"]), (409, &"missing email".into()));
    body["email"] = "user@example.com".into();
    let refused = world.post(VALIDATIONS, &body).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (409, &"email_not_configured".into()));
    let list = world.client("GET", VALIDATIONS, &Value::Null).await;
    assert_eq!(list.body["pagination"]["total"], 0, "nothing is left of it");
}

#[tokio::test]
async fn case_13_a_validation_is_judged_once() {
    let world = World::new("attested").await;
    let (project, flow) = world.project("p", json!({})).await;
    let made = world.post(VALIDATIONS, &validation(&project, &flow)).await;
    let token = format!("Bearer {}", made.body["data"]["token"].as_str().unwrap());
    let judge = async || world.send("POST", "/v2/biometric-validations/validate", &token, &face()).await;
    let done = judge().await;
    let data = &done.body["data"];
    assert_eq!((done.status.as_u16(), &data["status"]), (200, &"completed".into()), "{}", done.body);
    assert_eq!(data["verificationResults"]["identityMatch"], Value::Null, "nobody is enrolled by this name");
    let again = judge().await;
    assert_eq!((again.status.as_u16(), &again.body["code"]), (409, &"biometricValidation_has_ended".into()));

    let id = made.body["data"]["_id"].as_str().unwrap();
    let restarted = world.client("DELETE", &format!("{VALIDATIONS}/{id}"), &Value::Null).await;
    assert_eq!(restarted.body["data"]["status"], "new", "{}", restarted.body);
    world.customer.stage.set().still = still(0.2);
    let failed = judge().await;
    assert_eq!((failed.status.as_u16(), &failed.body["error"]), (400, &"LIVENESS_DETECTION_FAILED".into()));

    let mut login = validation(&project, &flow);
    login["type"] = "login".into();
    let made = world.post(VALIDATIONS, &login).await;
    let token = format!("Bearer {}", made.body["data"]["token"].as_str().unwrap());
    world.customer.stage.set().still = still(0.97);
    let stranger = world.send("POST", "/v2/biometric-validations/validate", &token, &face()).await;
    assert_eq!(
        (stranger.status.as_u16(), &stranger.body["error"]),
        (400, &"IDENTITY_VERIFICATION_FAILED".into())
    );
}

#[tokio::test]
async fn an_identifier_has_the_one_spelling_that_every_api_gives_it() {
    let world = World::new("attested").await;
    let (project, flow) = world.project("p", json!({})).await;
    for (sent, kept) in
        [("Zoe\u{308}", Some("Zo\u{eb}")), ("a\u{200b}da", None), ("\u{202e}ada", None), ("try-it:ada", None)]
    {
        let mut body = validation(&project, &flow);
        body["identifier"] = sent.into();
        let answer = world.post(VALIDATIONS, &body).await;
        match kept {
            Some(kept) => assert_eq!(answer.body["data"]["identifier"], kept, "{}", answer.body),
            None => assert_eq!(
                (answer.status.as_u16(), &answer.body["code"]),
                (409, &"MissingParameter".into()),
                "{sent:?}: {}",
                answer.body
            ),
        }
    }
}
