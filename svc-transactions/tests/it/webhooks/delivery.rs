//! Sent deliveries, and failed ones.

use std::collections::BTreeMap;

use proto::transactions::{
    DeliveryStatus, ListWebhooksRequest, ReplayDeliveryRequest, UpdateWebhookRequest, WebhookHeader,
    WebhookStatus,
};
use testkit::Receiver;
use tonic::Code;

use super::{Customer, eventually, quick};

#[tokio::test]
async fn each_event_arrives_once_signed_and_describes_its_record() {
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db, quick()).await, Receiver::new().await);
        let (hook, secret) = customer.webhook(&receiver.url, &[]).await;
        let kinds = [
            ("session_end", "session.completed"),
            ("process_video", "video.processed"),
            ("enroll_face", "enrollment.completed"),
            ("enroll_voice", "enrollment.completed"),
            ("docauth_check", "docauth.completed"),
            ("match_faces", "match.completed"),
            ("consent", "consent.changed"),
            ("storage_consent", "consent.changed"),
        ];
        customer.record("session_start").await;
        let mut expected = BTreeMap::new();
        for (kind, event) in kinds {
            expected.insert(customer.record(kind).await, event);
        }
        let mut arrived = BTreeMap::new();
        for hook in receiver.next_few(kinds.len()).await {
            assert!(hook.is_signed_with(&secret));
            assert_eq!(hook.header("content-type"), "application/json");
            let json = hook.json();
            assert_eq!(json["data"]["user_fullname"], "Ada Lovelace");
            assert_eq!(json["data"]["verdict"], "refer");
            arrived.insert(
                json["data"]["id"].as_str().unwrap().to_owned(),
                json["type"].as_str().unwrap().to_owned(),
            );
        }
        assert_eq!(arrived, expected.into_iter().map(|(id, event)| (id, event.to_owned())).collect());
        let counted = eventually(async || {
            Some(customer.get(&hook.id).await).filter(|hook| hook.success_count == kinds.len() as u64)
        });
        assert_eq!(counted.await.failure_count, 0);
        assert!(receiver.rest().is_empty(), "each arrives once");
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_receives_its_subscribed_events_of_its_own_key() {
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db, quick()).await, Receiver::new().await);
        customer.webhook(&receiver.url, &["consent.changed"]).await;
        customer.record("process_video").await;
        let mut of_another_key = customer.call("consent");
        of_another_key.api_key_id = "another".into();
        customer.write(of_another_key).await;
        let mut refused = customer.call("consent");
        refused.http_status = 403;
        customer.write(refused).await;
        let id = customer.record("consent").await;
        assert_eq!(receiver.next().await.json()["data"]["id"], id);
        assert!(receiver.rest().is_empty());
    })
    .await;
}

#[tokio::test]
async fn failed_deliveries_are_sent_again_under_the_same_id() {
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db, quick()).await, Receiver::new().await);
        let (hook, secret) = customer.webhook(&receiver.url, &[]).await;
        receiver.answer([500, 302, 200]);
        customer.record("process_video").await;
        let arrived = receiver.next_few(3).await;
        assert!(arrived.iter().all(|one| one.id() == arrived[0].id() && one.body == arrived[0].body));
        assert!(arrived.iter().all(|one| one.is_signed_with(&secret)));

        let delivered = customer.until(&hook.id, DeliveryStatus::Delivered).await;
        assert_eq!((delivered.attempts, delivered.next_attempt_ms), (3, None));
        let statuses: Vec<_> = delivered.log.iter().map(|attempt| attempt.status_code.unwrap()).collect();
        assert_eq!(statuses, [500, 302, 200]);
        let excerpt = delivered.log[0].response_excerpt.as_deref().unwrap();
        assert!(excerpt.starts_with("answer 500  xxx") && excerpt.len() == 512, "{excerpt}");
        assert_eq!(
            delivered.request_body.as_bytes(),
            &arrived[0].body[..],
            "what was sent can be read again"
        );
        assert!(!delivered.request_truncated);
        let hook = customer.get(&hook.id).await;
        assert_eq!((hook.success_count, hook.failure_count), (1, 2));
    })
    .await;
}

#[tokio::test]
async fn idv_case_11_a_hanging_receiver_is_cut_off_and_gets_the_same_check_again() {
    assert_eq!(svc_transactions::WebhooksConfig::default().timeout_ms, 10_000, "the documented ten seconds");
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db, quick()).await, Receiver::new().await);
        let url = format!("{}/silent", receiver.url);
        let (hook, secret) = customer.webhook(&url, &["identity_verification.completed"]).await;
        let mut call = customer.call("idv.submit");
        let payload = serde_json::json!({"check_id": call.id, "user_identifier": "user123"});
        call.event_json = Some(payload.to_string());
        customer.write(call).await;
        for arrived in receiver.next_few(2).await {
            assert_eq!(arrived.json(), payload);
            assert_eq!(arrived.header("user-agent"), "IdentityVerification/1.0");
            assert!(arrived.is_signed_with(&secret));
        }
        let cut = eventually(async || {
            let deliveries = customer.deliveries(&hook.id, false).await;
            deliveries.into_iter().find(|delivery| delivery.attempts > 1)
        });
        assert_eq!(cut.await.log[0].error.as_deref(), Some("timeout"));
    })
    .await;
}

#[tokio::test]
async fn verifik_case_01_an_event_goes_to_the_urls_that_its_call_names() {
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db, quick()).await, Receiver::new().await);
        let payload = serde_json::json!({"type": "onboarding_biometric_validation_liveness_failed"});
        for _ in 0..2 {
            let mut call = customer.call("verifik.app_registration_face");
            call.http_status = 409;
            call.event_json = Some(payload.to_string());
            call.event_urls = vec![receiver.url.clone(), "ftp://example.org".into(), String::new()];
            customer.write(call).await;
        }
        assert!(receiver.next_few(2).await.iter().all(|arrived| arrived.json() == payload));
        let list = ListWebhooksRequest { scope: Some(customer.scope.clone()) };
        let hooks = customer.hooks.clone().list_webhooks(list).await.unwrap().into_inner().webhooks;
        let hooks: Vec<_> = hooks.iter().map(|hook| (hook.url.as_str(), hook.events.as_slice())).collect();
        assert_eq!(hooks, [(receiver.url.as_str(), ["verifik.direct".to_owned()].as_slice())]);
        // Its endpoint receives nothing else.
        customer.record("process_video").await;
        let (subscribed, _) = customer.webhook(&receiver.url, &["verifik.event"]).await;
        let mut call = customer.call("verifik.app_registration_create");
        call.event_json = Some(payload.to_string());
        customer.write(call).await;
        assert_eq!(receiver.next().await.json(), payload);
        customer.until(&subscribed.id, DeliveryStatus::Delivered).await;
        assert!(receiver.rest().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_undelivered_event_becomes_a_dead_letter_and_can_be_replayed() {
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db, quick()).await, Receiver::new().await);
        let (hook, _) = customer.webhook(&receiver.url, &[]).await;
        receiver.answer([500; 6]);
        let transaction = customer.record("process_video").await;
        let arrived = receiver.next_few(6).await;
        let dead = customer.until(&hook.id, DeliveryStatus::Dead).await;
        assert_eq!((dead.attempts, &dead.transaction_id, dead.next_attempt_ms), (6, &transaction, None));
        assert_eq!(customer.deliveries(&hook.id, true).await, std::slice::from_ref(&dead));

        let request = ReplayDeliveryRequest {
            scope: Some(customer.scope.clone()),
            webhook_id: hook.id.clone(),
            id: dead.id.clone(),
        };
        let replayed = customer.hooks.clone().replay_delivery(request.clone()).await.unwrap().into_inner();
        assert_eq!((replayed.status(), replayed.attempts), (DeliveryStatus::Pending, 0));
        assert_eq!(receiver.next().await.id(), arrived[0].id());
        let delivered = customer.until(&hook.id, DeliveryStatus::Delivered).await;
        assert_eq!((delivered.attempts, delivered.log.len()), (1, 7));
        assert!(customer.deliveries(&hook.id, true).await.is_empty());

        // A delivered event may be replayed.
        customer.hooks.clone().replay_delivery(request).await.unwrap();
        assert_eq!(receiver.next().await.id(), arrived[0].id());
    })
    .await;
}

#[tokio::test]
async fn every_dead_letter_of_an_endpoint_is_replayed_at_once() {
    testkit::each_config(async |db| {
        let few = svc_transactions::WebhooksConfig { max_retries: 0, ..quick() };
        let (customer, mut receiver) = (Customer::new(db, few).await, Receiver::new().await);
        let (hook, _) = customer.webhook(&receiver.url, &[]).await;
        receiver.answer([503; 5]);
        for _ in 0..5 {
            customer.record("process_video").await;
        }
        let mut dead: Vec<_> = receiver.next_few(5).await.iter().map(|one| one.id().to_owned()).collect();
        eventually(async || Some(customer.deliveries(&hook.id, true).await).filter(|all| all.len() == 5))
            .await;
        let replayed = customer.hooks.clone().replay_dead_letters(customer.named(&hook.id)).await.unwrap();
        assert_eq!(replayed.into_inner().count, 5);
        let mut again: Vec<_> = receiver.next_few(5).await.iter().map(|one| one.id().to_owned()).collect();
        dead.sort();
        again.sort();
        assert_eq!(again, dead);
    })
    .await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    testkit::each_config(async |db| {
        let few = svc_transactions::WebhooksConfig { max_retries: 1, ..quick() };
        let (customer, mut receiver) = (Customer::new(db, few).await, Receiver::new().await);
        let (hook, _) = customer.webhook(&format!("{}/moved", receiver.url), &[]).await;
        customer.record("process_video").await;
        let dead = customer.until(&hook.id, DeliveryStatus::Dead).await;
        assert_eq!(dead.log[0].status_code, Some(307));
        let paths: Vec<_> = receiver.rest().into_iter().map(|one| one.path).collect();
        assert_eq!(paths, ["/moved", "/moved"]);
        assert!(receiver.rest().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_answers_410_is_paused_until_reactivated() {
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db, quick()).await, Receiver::new().await);
        let (hook, _) = customer.webhook(&receiver.url, &[]).await;
        receiver.answer([410]);
        customer.record("process_video").await;
        receiver.next().await;
        assert_eq!(customer.until(&hook.id, DeliveryStatus::Dead).await.attempts, 1);
        assert_eq!(customer.get(&hook.id).await.status(), WebhookStatus::Disabled);
        customer.record("process_video").await;
        assert_eq!(customer.deliveries(&hook.id, false).await.len(), 1, "nothing is queued meanwhile");
        let test = customer.hooks.clone().test_webhook(customer.named(&hook.id)).await;
        assert_eq!(test.unwrap_err().code(), Code::FailedPrecondition);

        set_status(&customer, &hook.id, WebhookStatus::Active).await;
        let id = customer.record("process_video").await;
        assert_eq!(receiver.next().await.json()["data"]["id"], id);
    })
    .await;
}

#[tokio::test]
async fn events_during_a_pause_are_sent_after_it() {
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db, quick()).await, Receiver::new().await);
        let (paused, _) = customer.webhook(&format!("{}/paused", receiver.url), &[]).await;
        customer.webhook(&format!("{}/active", receiver.url), &[]).await;
        set_status(&customer, &paused.id, WebhookStatus::Paused).await;
        let id = customer.record("process_video").await;
        assert_eq!(receiver.next().await.path, "/active");
        assert_eq!(customer.deliveries(&paused.id, false).await[0].attempts, 0);
        set_status(&customer, &paused.id, WebhookStatus::Active).await;
        let held = receiver.next().await;
        assert_eq!((held.path.as_str(), &held.json()["data"]["id"]), ("/paused", &id.into()));
    })
    .await;
}

#[tokio::test]
async fn a_test_and_the_customers_own_headers_arrive() {
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db, quick()).await, Receiver::new().await);
        let mut request = customer.create_request(&receiver.url, &["consent.changed"]);
        request.headers =
            vec![WebhookHeader { name: "Authorization".into(), value: "Bearer of-the-customer".into() }];
        let hook = customer.hooks.clone().create_webhook(request).await.unwrap().into_inner();
        let id = hook.webhook.unwrap().id;
        let test = customer.hooks.clone().test_webhook(customer.named(&id)).await.unwrap().into_inner();
        let arrived = receiver.next().await;
        assert_eq!((arrived.id(), arrived.json()["type"].as_str()), (test.id.as_str(), Some("webhook.test")));
        assert_eq!(arrived.header("authorization"), "Bearer of-the-customer");
        assert!(arrived.header("user-agent").starts_with("Biometry-Webhooks/"));
        assert!(arrived.is_signed_with(&hook.secret));
    })
    .await;
}

async fn set_status(customer: &Customer, id: &str, status: WebhookStatus) {
    let request = UpdateWebhookRequest {
        scope: Some(customer.scope.clone()),
        id: id.into(),
        status: status.into(),
        ..UpdateWebhookRequest::default()
    };
    customer.hooks.clone().update_webhook(request).await.unwrap();
}
