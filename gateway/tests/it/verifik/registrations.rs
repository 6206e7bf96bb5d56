//! Registrations: their steps, their face, their document.

mod document;

use super::*;

#[tokio::test]
async fn case_01_the_whole_chain_ends_completed() {
    let mut world = World::new("attested").await;
    let (project, flow) = world.project("p", json!({"signUpForm": {"emailGateway": "smtp"}})).await;
    let of = world.register(&project, &flow, "user@example.com").await;
    let path = format!("/v2/app-registrations/{}/sync", of.id);
    let early = world.own(&of, "PUT", &path, &json!({"step": "signUpForm", "status": "ONGOING"})).await;
    assert_eq!(
        seen(&early),
        (409, &json!({"code": "Conflict", "message": "signUpForm_validation_not_passed"}))
    );

    let sent = world.own(&of, "POST", "/v2/email-validations/app-registration", &json!({})).await;
    assert_eq!((sent.status.as_u16(), &sent.body["data"]["status"]), (200, &"sent".into()), "{}", sent.body);
    let mail = world.mail.next().await;
    assert_eq!(mail.to, "user@example.com");
    let code: String = mail.data.split("code is ").nth(1).unwrap().chars().take(6).collect();
    assert!(!sent.body.to_string().contains(&code), "the code is in no response");
    let validate = "/v2/email-validations/app-registration/validate";
    let other = if code == "000000" { "000001" } else { "000000" };
    let wrong = world.own(&of, "POST", validate, &json!({"email": "user@example.com", "otp": other})).await;
    assert_eq!(
        seen(&wrong),
        (403, &json!({"code": "otp_does_not_match", "message": "403:otp_does_not_match"}))
    );
    let right = world.own(&of, "POST", validate, &json!({"email": "user@example.com", "otp": code})).await;
    assert_eq!(right.body["data"]["status"], "validated", "{}", right.body);

    let signed = world.own(&of, "PUT", &path, &json!({"step": "signUpForm", "status": "ONGOING"})).await;
    let data = &signed.body["data"];
    assert_eq!(
        (&data["status"], &data["step"], &data["fullName"], &data["steps"]["liveness"]),
        (&"ONGOING".into(), &"signUpForm".into(), &"Ada Lovelace".into(), &"mandatory".into()),
        "{}",
        signed.body
    );
    let judged = world.face(&of, &face()).await;
    assert_eq!(
        (judged.status.as_u16(), &judged.body["data"]["status"]),
        (200, &"ONGOING".into()),
        "{}",
        judged.body
    );
    let end = world.own(&of, "PUT", &path, &json!({"step": "end", "status": "COMPLETED"})).await;
    assert_eq!(end.body["data"]["status"], "COMPLETED", "{}", end.body);
    let list = world.client("GET", "/v2/app-registrations?in_status[]=COMPLETED&page=1", &Value::Null).await;
    assert_eq!(
        (&list.body["total"], &list.body["data"][0]["_id"]),
        (&json!(1), &json!(of.id)),
        "{}",
        list.body
    );
    let record = world.customer.last_record();
    assert_eq!(record.kind, "verifik.app_registration_sync");
    assert_eq!(record.user_fullname, Some(format!("registration:{}", of.id)));
}

#[tokio::test]
async fn case_01_the_documents_answer_has_their_fields_in_their_order() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let judged = world.face(&of, &face()).await;
    assert_eq!(judged.status, 200, "{}", judged.body);
    let data = judged.body["data"].as_object().unwrap();
    let fields: Vec<&str> = data.keys().map(String::as_str).collect();
    let mut expected = vec![
        "_id",
        "client",
        "project",
        "projectFlow",
        "status",
        "email",
        "biometricValidation",
        "person",
        "informationValidation",
        "assignedCollection",
        "createdAt",
        "updatedAt",
    ];
    expected.sort_unstable();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(
        (&data["_id"], &data["client"], &data["project"], &data["projectFlow"], &data["status"]),
        (&json!(of.id), &json!(PROJECT), &json!(of.project), &json!(of.flow), &json!("STARTED"))
    );
    for id in ["_id", "biometricValidation", "person", "informationValidation", "assignedCollection"] {
        let id = data[id].as_str().unwrap();
        assert!(id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }
    let record = world.customer.last_record();
    assert_eq!((record.kind.as_str(), record.verdict()), ("verifik.app_registration_face", Verdict::Pass));
    let (header, picture) = world.customer.stage.set().enrollments[0].clone();
    assert_eq!((header.user_fullname, picture), (format!("registration:{}", of.id), JPEG.to_vec()));
}

/// The events that calls left, in their order, and where they go.
fn events(world: &World) -> Vec<(String, Vec<String>)> {
    let records = world.customer.stage.set().records.clone();
    let event = |record: &proto::transactions::Transaction| {
        let event: Value = serde_json::from_str(record.event_json.as_deref()?).unwrap();
        assert!(event["object"]["_id"].is_string() && event["object"].get("token").is_none(), "{event}");
        Some((event["type"].as_str().unwrap().to_owned(), record.event_urls.clone()))
    };
    records.iter().filter_map(event).collect()
}

#[tokio::test]
async fn case_01_webhooks_tell_the_chain_in_order() {
    let mut world = World::new("attested").await;
    let hook = "https://hooks.example.org/a";
    let flow = json!({"signUpForm": {"emailGateway": "smtp"}, "integrations": {"webhook": hook}});
    let (project, flow) = world.project("p", flow).await;
    let of = world.register(&project, &flow, "user@example.com").await;
    world.own(&of, "POST", "/v2/email-validations/app-registration", &json!({})).await;
    let mail = world.mail.next().await;
    let code: String = mail.data.split("code is ").nth(1).unwrap().chars().take(6).collect();
    let validate = "/v2/email-validations/app-registration/validate";
    let other = if code == "000000" { "000001" } else { "000000" };
    for otp in [other, code.as_str()] {
        world.own(&of, "POST", validate, &json!({"email": "user@example.com", "otp": otp})).await;
    }
    let path = format!("/v2/app-registrations/{}/sync", of.id);
    world.own(&of, "PUT", &path, &json!({"step": "signUpForm", "status": "ONGOING"})).await;
    world.customer.stage.set().still = still(0.3);
    world.face(&of, &face()).await;
    world.customer.stage.set().still = still(0.97);
    world.face(&of, &face()).await;
    world.face(&of, &face()).await;
    world.own(&of, "PUT", &path, &json!({"step": "end", "status": "COMPLETED"})).await;
    let own_hook = "https://hooks.example.org/b";
    let body = json!({"project": project, "projectFlow": flow, "identifier": "u", "type": "validation",
                      "webhookUrl": own_hook});
    let made = world.post(VALIDATIONS, &body).await;
    let token = format!("Bearer {}", made.body["data"]["token"].as_str().unwrap());
    world.send("POST", "/v2/biometric-validations/validate", &token, &face()).await;

    let events = events(&world);
    let of_flow = [hook.to_owned()].to_vec();
    let types: Vec<_> = events.iter().map(|(name, _)| name.strip_prefix("onboarding_").unwrap()).collect();
    assert_eq!(
        types,
        [
            "app_registration_created",
            "email_validation_created",
            "email_validation_otp_incorect",
            "email_validation_validated",
            "app_registration_sync_signUpForm",
            "biometric_validation_liveness_failed",
            "biometric_validation_created_person",
            "app_registration_person_already_set",
            "app_registration_completed",
            "biometric_validation_new",
            "biometric_validation_validated",
        ]
    );
    let (of_validation, others): (Vec<_>, Vec<_>) = events.iter().partition(|(_, urls)| urls.len() == 2);
    assert_eq!(of_validation.len(), 2);
    assert!(of_validation.iter().all(|(_, urls)| *urls == [hook, own_hook]));
    assert!(others.iter().all(|(_, urls)| *urls == of_flow));
    let all =
        world.customer.stage.set().records.iter().filter_map(|r| r.event_json.clone()).collect::<String>();
    assert!(!all.contains(&code), "codes are in no event");
}

#[tokio::test]
async fn case_05_a_printed_face_fails_and_nothing_is_kept() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    world.customer.stage.set().still = still(0.459);
    let failed = world.face(&of, &face()).await;
    let body = json!({"code": "liveness_failed", "message": "409:liveness_failed@0.45"});
    assert_eq!(seen(&failed), (409, &body));
    assert_eq!(world.enrolled(), 0);
    assert!(world.customer.stage.set().samples.is_empty());
    let me = world.own(&of, "POST", "/v2/app-registrations/me", &json!({})).await;
    assert_eq!((&me.body["data"]["status"], me.body["data"].get("person")), (&"STARTED".into(), None));
    for _ in 0..2 {
        assert_eq!(seen(&world.face(&of, &face()).await), (409, &body));
    }
    let spent = world.face(&of, &face()).await;
    assert_eq!(
        seen(&spent),
        (409, &json!({"code": "attempts_exceeded", "message": "409:attempts_exceeded"}))
    );
}

#[tokio::test]
async fn case_06_a_second_face_is_refused_and_force_begins_anew() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let first = world.face(&of, &face()).await;
    let again = world.face(&of, &face()).await;
    let set = json!({"code": "person_already_set", "message": "409:person_already_set"});
    assert_eq!(seen(&again), (409, &set));
    assert_eq!(world.enrolled(), 1);
    let forced = world.face(&of, &json!({"image": image(), "os": "IOS", "force": true})).await;
    assert_eq!(forced.status, 200, "{}", forced.body);
    assert_eq!(forced.body["data"]["person"], first.body["data"]["person"], "its own person is replaced");
    assert!(world.customer.stage.set().enrollments[1].0.replace);
}

#[tokio::test]
async fn case_07_a_face_known_elsewhere_is_refused_and_force_leaves_its_template() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let first = world.face(&of, &face()).await;
    let other = world.register(&of.project, &of.flow, "other@example.com").await;
    world.known_as(&format!("registration:{}", of.id));
    let refused = world.face(&other, &face()).await;
    assert_eq!(refused.body["code"], "person_already_set", "{}", refused.body);
    let forced = world.face(&other, &json!({"image": image(), "os": "IOS", "force": true})).await;
    assert_eq!(forced.body["data"]["person"], first.body["data"]["person"], "{}", forced.body);
    assert_eq!(world.enrolled(), 1, "the template of the other one is as it was");
    let header = world.customer.stage.set().stills.last().unwrap().clone();
    assert_eq!((header.search, header.min_probability), (true, 0.9));
    assert_eq!(header.user_fullname, format!("registration:{}", other.id), "its own face is passed over");
}

#[tokio::test]
async fn case_08_without_its_collection_no_face_is_registered() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let project = world.client("GET", &format!("/v2/projects/{}", of.project), &Value::Null).await;
    let collection = project.body["data"]["assignedCollection"].as_str().unwrap();
    let path = format!("/v2/face-recognition/collections/{collection}");
    assert_eq!(world.client("DELETE", &path, &Value::Null).await.status, 200);
    let refused = world.face(&of, &face()).await;
    assert_eq!(
        seen(&refused),
        (409, &json!({"code": "collection_not_set", "message": "409:collection_not_set"}))
    );
}

#[tokio::test]
async fn case_09_an_ended_registration_is_not_found() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let path = format!("/v2/app-registrations/{}/sync", of.id);
    world.own(&of, "PUT", &path, &json!({"step": "end", "status": "FAILED"})).await;
    let ended = world.face(&of, &face()).await;
    let body = json!({"code": "appRegistration_not_found", "message": "404:appRegistration_not_found"});
    assert_eq!(seen(&ended), (404, &body));
    let unknown = world.client("GET", "/v2/app-registrations/674de8df21c72be3cc42b8a7", &Value::Null).await;
    assert_eq!(seen(&unknown), (404, &json!({"code": "NotFound", "message": "AppRegistration_not_found"})));
}

#[tokio::test]
async fn case_10_wrong_bodies_have_their_answers() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let text = STANDARD.encode("just a text");
    let large = STANDARD.encode([&JPEG[..], &vec![0; 11 * 1024 * 1024]].concat());
    let no_image = json!({"code": "ERROR", "message": "only_images_in_base64"});
    let too_large = json!({"code": "image_too_large", "message": "413:image_too_large"});
    let os = "\"os\" must be one of [DESKTOP, IOS, ANDROID]";
    let parameter = |message: &str| json!({"code": "MissingParameter", "message": message});
    for (body, status, expected) in [
        (json!({"image": image()}), 409, parameter("missing os")),
        (json!({}), 409, parameter("missing image\n. missing os")),
        (json!({"image": image(), "os": "LINUX"}), 409, parameter(os)),
        (json!({"image": "abc", "os": "IOS"}), 412, no_image.clone()),
        (json!({"image": text, "os": "IOS"}), 412, no_image.clone()),
        (json!({"image": "https://example.org/face.jpg", "os": "IOS"}), 412, no_image),
        (json!({"image": large, "os": "IOS"}), 413, too_large),
    ] {
        assert_eq!(seen(&world.face(&of, &body).await), (status, &expected));
    }
    for (word, message) in
        [("no_face", "face_not_found"), ("more_than_one_face", "the image has more than one face")]
    {
        let unusable = JudgeStillResponse { outcome: outcome(461, word), ..JudgeStillResponse::default() };
        world.customer.stage.set().still = unusable;
        let refused = world.face(&of, &face()).await;
        assert_eq!(seen(&refused), (409, &json!({"code": "ERROR", "message": message})));
    }
    for body in ["", "[]", "{"] {
        let request = Request::post(FACE).header(header::AUTHORIZATION, format!("Bearer {}", of.token));
        let refused = world.customer.raw(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.body["code"]),
            (409, &"MissingParameter".into()),
            "{body}"
        );
    }
    assert_eq!(world.enrolled(), 0);
    let unknown = world.post("/v2/human-id/encrypt", &json!({})).await;
    assert_eq!(seen(&unknown), (404, &json!({"code": "route_not_found", "message": "404:route_not_found"})));
    let method = world.client("PATCH", FACE, &json!({})).await;
    assert_eq!((method.status.as_u16(), &method.body["code"]), (405, &"ERROR".into()));
}

#[tokio::test]
async fn case_14_an_end_that_is_claimed_early_waits_for_a_person() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let path = format!("/v2/app-registrations/{}", of.id);
    let sync = format!("{path}/sync");
    let skipped = world.own(&of, "PUT", &sync, &json!({"step": "skipKYC"})).await;
    let body = json!({"code": "Conflict", "message": "mandatory_steps_not_passed"});
    assert_eq!(seen(&skipped), (409, &body));
    let unknown = world.own(&of, "PUT", &sync, &json!({"step": "dance"})).await;
    assert_eq!(
        seen(&unknown),
        (500, &json!({"code": "step_not_supported", "message": "500:step_not_supported"}))
    );
    let early = world.own(&of, "PUT", &sync, &json!({"step": "end", "status": "COMPLETED"})).await;
    assert_eq!(early.body["data"]["status"], "NEEDS_MANUAL_VERIFICATION", "{}", early.body);
    let settled = world.client("PUT", &path, &json!({"status": "COMPLETED"})).await;
    assert_eq!(settled.body["data"]["status"], "COMPLETED", "{}", settled.body);
    let back = world.client("PUT", &path, &json!({"status": "STARTED"})).await;
    assert_eq!((back.status.as_u16(), &back.body["code"]), (409, &"MissingParameter".into()));
}

#[tokio::test]
async fn case_15_a_face_of_another_collection_is_a_stranger() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    world.face(&of, &face()).await;
    let (project, flow) = world.project("elsewhere", json!({})).await;
    let other = world.register(&project, &flow, "user@example.com").await;
    world.known_as(&format!("registration:{}", of.id));
    let judged = world.face(&other, &face()).await;
    assert_eq!(judged.status, 200, "{}", judged.body);
    assert_eq!(world.enrolled(), 2);
}

#[tokio::test]
async fn case_17_without_consent_in_the_ledger_nobody_is_judged() {
    let world = World::new("ledger").await;
    let of = world.registered().await;
    let refused = json!({"code": "consent_required", "message": "403:consent_required"});
    assert_eq!(seen(&world.face(&of, &face()).await), (403, &refused));
    for path in ["liveness", "compare"] {
        let body = json!({"image": image(), "os": "IOS", "probe": image(), "gallery": image()});
        let answer = world.post(&format!("/v2/face-recognition/{path}"), &body).await;
        assert_eq!(seen(&answer), (403, &refused), "{path}");
    }
    assert!(world.customer.stage.set().stills.is_empty() && world.enrolled() == 0);
    let subject = format!("registration:{}", of.id);
    world.customer.consents(&subject, true, false);
    assert_eq!(seen(&world.face(&of, &face()).await), (403, &refused), "nothing is kept without storage");
    world.customer.consents(&subject, true, true);
    assert_eq!(world.face(&of, &face()).await.status, 200);
}

#[tokio::test]
async fn case_18_an_erased_registration_leaves_nothing() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    world.face(&of, &face()).await;
    let path = format!("/api-projects/subjects/registration:{}", of.id);
    let erased = world.client("DELETE", &path, &Value::Null).await;
    assert_eq!(erased.status, 200, "{}", erased.body);
    let destroyed = erased.body["data"]["destroyed"].as_array().unwrap();
    for kind in ["registration", "person"] {
        let is_it =
            |gone: &Value| gone["service"] == "journeys" && gone["kind"] == kind && gone["count"] == 1;
        assert!(destroyed.iter().any(is_it), "{kind}: {destroyed:?}");
    }
    assert_eq!(world.face(&of, &face()).await.body["code"], "appRegistration_not_found");
}

#[tokio::test]
async fn a_withdrawal_wins_over_an_attesting_project() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    world.customer.consents(&format!("registration:{}", of.id), false, false);
    let refused = world.face(&of, &face()).await;
    assert_eq!(refused.body["code"], "consent_required", "{}", refused.body);
}

#[tokio::test]
async fn case_06_two_faces_at_once_on_one_registration_and_one_wins() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let body = face();
    let (one, other) = tokio::join!(world.face(&of, &body), world.face(&of, &body));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", one.body, other.body);
    let lost = if one.status == 409 { &one } else { &other };
    assert_eq!(lost.body["code"], "person_already_set", "{}", lost.body);
}
