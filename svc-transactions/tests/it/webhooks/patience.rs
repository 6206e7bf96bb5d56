//! How long a receiver may be unreachable, with a test clock.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use proto::transactions::{Delivery, DeliveryStatus, WebhookScope};
use svc_transactions::WebhooksConfig;
use testkit::Receiver;

use super::{Customer, eventually, quick};
use crate::new_id;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// A customer with the default retry schedule, at a time the test sets.
struct Waiting {
    customer: Customer,
    receiver: Receiver,
    hook: String,
    began: i64,
    now: Arc<AtomicI64>,
}

impl Waiting {
    async fn new(db: db::Config) -> Self {
        let now = Arc::new(AtomicI64::new(boot::now_ms()));
        let clock = Arc::clone(&now);
        let WebhooksConfig { max_retries, initial_delay_ms, max_delay_ms, .. } = WebhooksConfig::default();
        let patient = WebhooksConfig { max_retries, initial_delay_ms, max_delay_ms, ..quick() };
        let scope = WebhookScope { project_id: new_id(), api_key_id: Some(new_id()) };
        let customer =
            Customer::at(scope, db, patient, Arc::new(move || clock.load(Ordering::Relaxed))).await;
        let receiver = Receiver::new().await;
        let (hook, _) = customer.webhook(&receiver.url, &[]).await;
        Self { customer, receiver, hook: hook.id, began: now.load(Ordering::Relaxed), now }
    }

    fn elapsed_ms(&self) -> i64 {
        self.now.load(Ordering::Relaxed) - self.began
    }

    /// Returns the only delivery, once so many attempts are recorded.
    async fn after(&self, attempts: u32) -> Delivery {
        eventually(async || {
            let deliveries = self.customer.deliveries(&self.hook, false).await;
            let done = |one: &Delivery| {
                one.attempts == attempts
                    && (one.status() != DeliveryStatus::Pending || one.next_attempt_ms.is_some())
            };
            deliveries.into_iter().find(done)
        })
        .await
    }

    /// Advances the clock to the next attempt, and returns the delivery after it.
    async fn next_attempt(&self, delivery: &Delivery) -> Delivery {
        self.now.store(delivery.next_attempt_ms.expect("another attempt"), Ordering::Relaxed);
        self.after(delivery.attempts + 1).await
    }
}

#[tokio::test]
async fn a_receiver_that_was_away_for_an_hour_gets_it() {
    testkit::each_config(async |db| {
        let waiting = Waiting::new(db).await;
        waiting.receiver.answer([503; 100]);
        waiting.customer.record("process_video").await;
        let mut delivery = waiting.after(1).await;
        while waiting.elapsed_ms() < HOUR_MS {
            delivery = waiting.next_attempt(&delivery).await;
            assert_eq!(delivery.status(), DeliveryStatus::Pending, "after {} attempts", delivery.attempts);
        }
        waiting.receiver.forget();
        assert_eq!(waiting.next_attempt(&delivery).await.status(), DeliveryStatus::Delivered);
        assert!(waiting.elapsed_ms() < 4 * HOUR_MS, "it was asked again soon enough");
    })
    .await;
}

#[tokio::test]
async fn only_after_more_than_a_day_a_delivery_is_given_up() {
    testkit::each_config(async |db| {
        let waiting = Waiting::new(db).await;
        waiting.receiver.answer([500; 100]);
        waiting.customer.record("process_video").await;
        let mut delivery = waiting.after(1).await;
        while delivery.status() == DeliveryStatus::Pending {
            delivery = waiting.next_attempt(&delivery).await;
        }
        assert_eq!((delivery.status(), delivery.attempts), (DeliveryStatus::Dead, 19));
        assert!(waiting.elapsed_ms() > 24 * HOUR_MS, "{} hours", waiting.elapsed_ms() / HOUR_MS);
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_asks_for_time_is_left_alone() {
    testkit::each_config(async |db| {
        let mut waiting = Waiting::new(db).await;
        waiting.receiver.answer_with_retry_after(429, "600");
        let first = waiting.customer.record("process_video").await;
        waiting.receiver.next().await;
        let delivery = waiting.after(1).await;
        assert_eq!(delivery.transaction_id, first);
        assert_eq!(delivery.next_attempt_ms, Some(waiting.began + 600_000));
        // Nothing else is sent there meanwhile, and all of it afterwards.
        waiting.customer.record("process_video").await;
        waiting.now.fetch_add(599_000, Ordering::Relaxed);
        // Another endpoint of the project is served, so the worker has polled.
        let mut other = Receiver::new().await;
        waiting.customer.webhook(&other.url, &[]).await;
        waiting.customer.record("consent").await;
        other.next().await;
        assert!(waiting.receiver.rest().is_empty(), "it was called before the time it asked for");
        waiting.now.fetch_add(2_000, Ordering::Relaxed);
        waiting.receiver.next_few(3).await;
    })
    .await;
}
