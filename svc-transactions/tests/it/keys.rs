//! Records, fraud hits, deliveries and samples move to a new master key.

use ledger::Rewrap;
use proto::transactions::Transaction;

use crate::{
    Service, erasure, on_each_database,
    samples::{JPEG, follow, kept, list, open},
    video,
};

#[tokio::test]
async fn everything_is_read_and_found_without_the_old_key_after_a_rewrap() {
    on_each_database(async |service: Service| {
        let old = service.config().keys;
        assert!(old.retired.is_empty());
        service.subscribe_endpoint("p1", "key_1").await;
        let record = Transaction { api_key_id: "key_1".into(), ..video("p1") };
        service.record(record.clone()).await.unwrap();
        let (id, _) = kept(&service).await;
        service.all_looked_at().await;

        let (both, _) = service.keyed("08", &["07"]).await;
        let left = async || {
            let (keys, usage) = ledger::key_usage(&both, boot::now_ms()).await.unwrap();
            let left = usage.into_iter().filter(|used| used.key_id != keys[0]);
            left.map(|used| used.column).collect::<Vec<_>>()
        };
        let before = left().await;
        for column in ["transactions.sealed", "webhook_deliveries.sealed", "samples"] {
            assert!(before.iter().any(|used| used == column), "{column} {before:?}");
        }
        let mut report = |_: &str, _: u64| ();
        ledger::rewrap(&both, &mut Rewrap { batch: 1, report: &mut report }, boot::now_ms()).await.unwrap();
        assert_eq!(left().await, [""; 0]);

        let (_, client) = service.keyed("08", &[]).await;
        let alone = Service { client, ..service.clone() };
        assert_eq!(alone.get("p1", &record.id).await.unwrap().user_fullname, record.user_fullname);
        let link = list(&alone, "p1", &id).await.unwrap().remove(0);
        assert_eq!(open(&alone, follow(&link)).await.unwrap().1, JPEG);
        let found = erasure::erase(&alone, "p1").await;
        assert!(found.contains(&("transaction".into(), 2)), "by the hash of the old key: {found:?}");
        assert!(erasure::kept(&alone, "p1").await.is_empty());
    })
    .await;
}
