//! Slow receivers, several processes, and processes that end.

use std::collections::{BTreeMap, BTreeSet};

use testkit::Receiver;

use super::{Customer, eventually, quick};

#[tokio::test]
async fn an_endpoint_that_never_answers_delays_no_other() {
    testkit::each_config(async |db| {
        let narrow = svc_transactions::WebhooksConfig {
            concurrency: 16,
            per_endpoint: 8,
            timeout_ms: 60_000,
            lease_ms: 120_000,
            ..quick()
        };
        let (customer, mut silent, mut well) =
            (Customer::new(db, narrow).await, Receiver::new().await, Receiver::new().await);
        customer.webhook(&format!("{}/silent", silent.url), &[]).await;
        for _ in 0..20 {
            customer.record("process_video").await;
        }
        silent.next_few(8).await;
        customer.webhook(&well.url, &[]).await;
        for _ in 0..20 {
            customer.record("process_video").await;
        }
        well.next_few(20).await;
        assert!(silent.rest().is_empty(), "its own limit holds");
    })
    .await;
}

#[tokio::test]
async fn of_two_processes_one_sends_each() {
    testkit::each_config(async |db| {
        let patient = svc_transactions::WebhooksConfig { timeout_ms: 10_000, lease_ms: 60_000, ..quick() };
        let (first, mut receiver) = (Customer::new(db.clone(), patient.clone()).await, Receiver::new().await);
        let second = Customer::of(first.scope.clone(), db, patient).await;
        let (hook, _) = first.webhook(&receiver.url, &["video.processed"]).await;
        let mut recorded = BTreeSet::new();
        for _ in 0..100 {
            recorded.insert(first.record("process_video").await);
            recorded.insert(second.record("process_video").await);
        }
        let mut arrivals = BTreeMap::new();
        for one in receiver.next_few(200).await {
            *arrivals.entry(one.json()["data"]["id"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        assert_eq!(arrivals.keys().cloned().collect::<BTreeSet<_>>(), recorded);
        eventually(async || Some(first.get(&hook.id).await).filter(|hook| hook.success_count == 200)).await;
        assert!(receiver.rest().is_empty(), "each arrives once");
    })
    .await;
}

#[tokio::test]
async fn deliveries_claimed_by_an_ended_process_are_sent_by_the_next() {
    testkit::each_config(async |db| {
        let (customer, mut receiver) = (Customer::new(db.clone(), quick()).await, Receiver::new().await);
        let (hook, _) = customer.webhook(&format!("{}/silent", receiver.url), &[]).await;
        customer.record("process_video").await;
        let begun = receiver.next().await;
        let scope = customer.scope.clone();
        drop(customer);

        let next = Customer::of(scope, db, quick()).await;
        let again = receiver.next().await;
        assert_eq!(again.id(), begun.id());
        assert!(next.get(&hook.id).await.failure_count <= 1);
    })
    .await;
}

#[tokio::test]
async fn deleting_an_endpoint_deletes_its_queued_deliveries() {
    testkit::each_config(async |db| {
        let slow =
            svc_transactions::WebhooksConfig { initial_delay_ms: 60_000, max_delay_ms: 60_000, ..quick() };
        static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
        let (customer, mut receiver) = (Customer::new(db.clone(), slow).await, Receiver::new().await);
        let tables = db::Db::open(&db, &MIGRATIONS).await.unwrap();
        let queued = async || {
            let (count,): (i64,) =
                tables.fetch_one("SELECT COUNT(*) FROM webhook_deliveries", &[]).await.unwrap();
            count
        };
        let (hook, _) = customer.webhook(&receiver.url, &[]).await;
        receiver.answer([500]);
        customer.record("process_video").await;
        receiver.next().await;
        assert_eq!(queued().await, 1, "it waits for its next attempt");
        customer.hooks.clone().delete_webhook(customer.named(&hook.id)).await.unwrap();
        let gone = customer.hooks.clone().get_webhook(customer.named(&hook.id)).await.unwrap_err();
        assert_eq!(gone.code(), tonic::Code::NotFound);
        customer.record("process_video").await;
        assert_eq!(queued().await, 0);
    })
    .await;
}
