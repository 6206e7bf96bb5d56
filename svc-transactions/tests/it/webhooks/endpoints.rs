//! Endpoints: access, validation and storage.

use proto::transactions::{
    DeliveryStatus, ListWebhooksRequest, UpdateWebhookRequest, WebhookHeader, WebhookScope, WebhookStatus,
    update_webhook_request,
};
use svc_transactions::WebhooksConfig;
use testkit::Receiver;
use tonic::{Code, Status};

use super::{Customer, quick};
use crate::new_id;

#[tokio::test]
async fn an_endpoint_reads_back_and_its_secret_does_not() {
    testkit::each_config(async |db| {
        let customer = Customer::new(db, quick()).await;
        let (made, secret) = customer.webhook("https://hooks.example.org/a", &["video.processed"]).await;
        assert!(made.id.starts_with("wh_") && secret.starts_with("whsec_") && secret.len() == 50);
        assert_eq!(
            (made.status(), made.events.as_slice()),
            (WebhookStatus::Active, ["video.processed".to_owned()].as_slice())
        );
        assert_eq!(customer.get(&made.id).await, made);
        let (newer, _) = customer.webhook("https://hooks.example.org/b", &["*"]).await;
        assert_eq!(newer.events, ["*"]);
        let request = ListWebhooksRequest { scope: Some(customer.scope.clone()) };
        let all = customer.hooks.clone().list_webhooks(request).await.unwrap().into_inner().webhooks;
        assert_eq!(all, [newer, made]);
    })
    .await;
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    testkit::each_config(async |db| {
        let customer = Customer::new(db, quick()).await;
        let (made, _) = customer.webhook("https://hooks.example.org/a", &["video.processed"]).await;
        let update = |change: UpdateWebhookRequest| {
            let request =
                UpdateWebhookRequest { scope: Some(customer.scope.clone()), id: made.id.clone(), ..change };
            let mut hooks = customer.hooks.clone();
            async move { hooks.update_webhook(request).await.map(tonic::Response::into_inner) }
        };
        let url = Some("https://hooks.example.org/b".to_owned());
        let moved = update(UpdateWebhookRequest { url: url.clone(), ..Default::default() }).await.unwrap();
        assert_eq!((&moved.url, &moved.events), (url.as_ref().unwrap(), &made.events));
        let headers = vec![WebhookHeader { name: "x-a".into(), value: "1".into() }];
        let headers = Some(update_webhook_request::Headers { headers });
        let with_header = update(UpdateWebhookRequest { headers, ..Default::default() }).await.unwrap();
        assert_eq!((&with_header.url, with_header.headers.len()), (&moved.url, 1));
        let events = Some(update_webhook_request::Events { names: vec!["*".into()] });
        let all = update(UpdateWebhookRequest { events, ..Default::default() }).await.unwrap();
        assert_eq!((all.events.as_slice(), all.headers.len()), (["*".to_owned()].as_slice(), 1));

        let bad = |change| async { update(change).await.unwrap_err() };
        let status =
            bad(UpdateWebhookRequest { status: WebhookStatus::Disabled.into(), ..Default::default() }).await;
        assert_eq!(
            (status.code(), status.message()),
            (Code::InvalidArgument, "status must be active or paused")
        );
        let url =
            bad(UpdateWebhookRequest { url: Some("https://a:b@c.example.org".into()), ..Default::default() });
        assert_eq!(url.await.code(), Code::InvalidArgument);
        assert_eq!(customer.get(&made.id).await, all);
    })
    .await;
}

#[tokio::test]
async fn another_project_cannot_detect_that_it_exists() {
    testkit::each_config(async |db| {
        let owner = Customer::new(db.clone(), quick()).await;
        let (made, _) = owner.webhook("https://hooks.example.org/a", &[]).await;
        let of_project = |project: &str, key: Option<String>| Customer {
            scope: WebhookScope { project_id: project.into(), api_key_id: key },
            ..owner.clone()
        };
        let strangers = [of_project(&owner.scope.project_id, Some(new_id())), of_project(&new_id(), None)];
        for stranger in strangers {
            let mut hooks = stranger.hooks.clone();
            let foreign = stranger.named(&made.id);
            let refusals = [
                hooks.get_webhook(foreign.clone()).await.map(drop),
                hooks.delete_webhook(foreign.clone()).await.map(drop),
                hooks.rotate_secret(foreign.clone()).await.map(drop),
                hooks.test_webhook(foreign.clone()).await.map(drop),
                hooks.replay_dead_letters(foreign.clone()).await.map(drop),
                hooks.get_webhook(stranger.named("wh_0199f0a0-0000-7000-8000-000000000001")).await.map(drop),
                hooks.get_webhook(stranger.named("' OR 1=1")).await.map(drop),
            ];
            for refusal in refusals {
                let refusal: Status = refusal.unwrap_err();
                assert_eq!((refusal.code(), refusal.message()), (Code::NotFound, "webhook not found"));
            }
            let request = ListWebhooksRequest { scope: Some(stranger.scope.clone()) };
            assert!(hooks.list_webhooks(request).await.unwrap().into_inner().webhooks.is_empty());
        }
        let admin = of_project(&owner.scope.project_id, None);
        assert_eq!(admin.get(&made.id).await, made);
    })
    .await;
}

#[tokio::test]
async fn nothing_of_an_endpoint_or_its_payloads_can_be_read_from_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let (customer, mut receiver) =
        (Customer::new(db::Config::sqlite(&file), quick()).await, Receiver::new().await);
    let mut request = customer.create_request(&format!("{}/secret-path", receiver.url), &[]);
    request.headers = vec![WebhookHeader { name: "x-token".into(), value: "token-of-the-customer".into() }];
    let made = customer.hooks.clone().create_webhook(request).await.unwrap().into_inner();
    receiver.answer([500]);
    customer.record("process_video").await;
    receiver.next_few(2).await;
    customer.until(&made.webhook.unwrap().id, DeliveryStatus::Delivered).await;
    let secret = made.secret.trim_start_matches("whsec_");
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for word in ["secret-path", "token-of-the-customer", "Ada Lovelace", "answer 500", secret] {
            assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word} can be read");
        }
    }
}

#[tokio::test]
async fn by_default_only_public_addresses_over_https_are_taken() {
    testkit::each_config(async |db| {
        let customer = Customer::new(db, WebhooksConfig::default()).await;
        let cases = [
            ("http://hooks.example.org/", "url must start with https://"),
            ("https://127.0.0.1/", "url must be of a public address"),
            ("https://localhost/", "url must be of a public address"),
            ("https://[::1]/", "url must be of a public address"),
            ("https://0x7f.1/", "url must be of a public address"),
            ("https://169.254.169.254/latest/meta-data/", "url must be of a public address"),
        ];
        for (url, sentence) in cases {
            let refused = customer.hooks.clone().create_webhook(customer.create_request(url, &[])).await;
            let refused = refused.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, sentence), "{url}");
        }
    })
    .await;
}

/// Also for endpoints accepted earlier: the current configuration applies.
#[tokio::test]
async fn by_default_nothing_is_sent_to_this_machine() {
    testkit::each_config(async |db| {
        let (open, mut receiver) = (Customer::new(db.clone(), quick()).await, Receiver::new().await);
        let (by_address, _) = open.webhook(&receiver.url, &[]).await;
        let (by_name, _) = open.webhook(&receiver.url.replace("127.0.0.1", "localhost"), &[]).await;
        let scope = open.scope.clone();
        drop(open);
        let closed = WebhooksConfig { allow_private: false, max_retries: 0, ..quick() };
        let customer = Customer::of(scope, db, closed).await;
        customer.record("process_video").await;
        for id in [&by_address.id, &by_name.id] {
            let dead = customer.until(id, DeliveryStatus::Dead).await;
            assert_eq!(dead.log[0].error.as_deref(), Some("address_not_allowed"));
        }
        assert!(receiver.rest().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_key_has_a_bounded_number_of_endpoints() {
    testkit::each_config(async |db| {
        let customer = Customer::new(db, quick()).await;
        for _ in 0..20 {
            customer.webhook("https://hooks.example.org/a", &[]).await;
        }
        let request = customer.create_request("https://hooks.example.org/a", &[]);
        let refused = customer.hooks.clone().create_webhook(request).await.unwrap_err();
        assert_eq!(
            (refused.code(), refused.message()),
            (Code::FailedPrecondition, "a key may have at most 20 webhooks")
        );
    })
    .await;
}

#[tokio::test]
async fn after_a_rotation_both_secrets_verify_and_only_the_new_one_is_returned() {
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db, quick()).await, Receiver::new().await);
        let (hook, old) = customer.webhook(&receiver.url, &[]).await;
        let rotated =
            customer.hooks.clone().rotate_secret(customer.named(&hook.id)).await.unwrap().into_inner();
        assert_ne!(rotated.secret, old);
        customer.record("process_video").await;
        let arrived = receiver.next().await;
        assert_eq!(arrived.header("webhook-signature").split(' ').count(), 2);
        assert!(arrived.is_signed_with(&old) && arrived.is_signed_with(&rotated.secret));
    })
    .await;
}
