//! Records past the retention period of their project are deleted in batches, and no others.

use proto::{
    subjects::Subject,
    transactions::{ApplyRetentionRequest, ApplyRetentionResponse, Transaction},
};

use crate::{Service, on_each_database, video};

const DAY: i64 = 86_400_000;
const NOW: i64 = 1_760_000_000_000;

async fn apply(service: &Service, project: &str, before_ms: i64) -> ApplyRetentionResponse {
    let request = ApplyRetentionRequest {
        project_id: project.into(),
        samples_before_ms: before_ms,
        transactions_before_ms: before_ms,
    };
    service.client.clone().apply_retention(request).await.expect("an answer").into_inner()
}

async fn made_at(service: &Service, project: &str, at_ms: i64) -> Transaction {
    let transaction = Transaction { created_at_ms: at_ms, ..video(project) };
    service.record(transaction.clone()).await.unwrap();
    transaction
}

/// Only PostgreSQL has concurrent writers: the fraud worker has locked the pending row and needs the record.
#[tokio::test]
async fn a_fraud_result_for_a_record_being_deleted_blocks_no_other_writer() {
    const WAITS: &str = "INSERT INTO fraud_pending (id, claimed_until) VALUES ($1, $2) \
                         ON CONFLICT (id) DO UPDATE SET claimed_until = EXCLUDED.claimed_until";
    const TAKEN: &str = "DELETE FROM fraud_pending WHERE id = $1";
    const BLOCKED: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                           AND query LIKE 'DELETE FROM transactions%'";
    const FOUND: &str = "INSERT INTO fraud_hits (id, rule, project_id, created_at, found_at, sealed) \
                         VALUES ($1, 'device_switch', 'p1', $2, $2, '')";
    on_each_database(async |service: Service| {
        let db::Db::Pg(pool) = service.tables().await else { return };
        let old = made_at(&service, "p1", NOW - 10 * DAY).await;
        // Another process has claimed it, so this one's fraud rules skip it.
        sqlx::query(WAITS).bind(&old.id).bind(i64::MAX).execute(&pool).await.unwrap();
        let mut settling = pool.begin().await.unwrap();
        // PostgreSQL aborts the transaction that detects the deadlock first. Here that is the deletion, which then
        // retries.
        sqlx::query("SET LOCAL deadlock_timeout = '10min'").execute(&mut *settling).await.unwrap();
        sqlx::query(TAKEN).bind(&old.id).execute(&mut *settling).await.unwrap();

        let settle = async {
            testkit::wait_until("the deletion is blocked", async || {
                sqlx::query_scalar::<_, i64>(BLOCKED).fetch_one(&pool).await.unwrap() > 0
            })
            .await;
            sqlx::query(FOUND).bind(&old.id).bind(NOW).execute(&mut *settling).await.unwrap();
            settling.commit().await.unwrap();
        };
        let (swept, ()) = tokio::join!(apply(&service, "p1", NOW - 5 * DAY), settle);
        assert_eq!(swept.transactions, 1);
        assert!(service.get("p1", &old.id).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn only_the_old_of_the_project_go() {
    on_each_database(async |service: Service| {
        let old = made_at(&service, "p1", NOW - 10 * DAY).await;
        let edge = made_at(&service, "p1", NOW - 5 * DAY).await;
        let new = made_at(&service, "p1", NOW).await;
        let theirs = made_at(&service, "p2", NOW - 10 * DAY).await;

        let swept = apply(&service, "p1", NOW - 5 * DAY).await;
        assert_eq!((swept.transactions, swept.more), (1, false));
        assert!(service.get("p1", &old.id).await.is_err());
        for (project, kept) in [("p1", edge), ("p1", new), ("p2", theirs)] {
            assert_eq!(service.get(project, &kept.id).await.unwrap().id, kept.id);
        }
        assert_eq!(apply(&service, "p1", NOW - 5 * DAY).await.transactions, 0, "twice is once");
    })
    .await;
}

#[tokio::test]
async fn expired_records_are_deleted_in_batches_by_concurrent_sweepers() {
    on_each_database(async |service: Service| {
        // No more at once than may wait to be recorded.
        for hundred in 0..11 {
            let records = (0..100).map(|i| {
                let service = service.clone();
                async move { made_at(&service, "p1", NOW - 10 * DAY - hundred * 100 - i).await }
            });
            futures::future::join_all(records).await;
        }
        let (mut gone, mut calls) = (0, 0);
        loop {
            let (one, other) = tokio::join!(apply(&service, "p1", NOW), apply(&service, "p1", NOW));
            gone += one.transactions + other.transactions;
            calls += 2;
            if !(one.more || other.more) {
                break;
            }
            assert!(calls < 20, "it ends");
        }
        assert_eq!(gone, 1_100);
        let ada = Subject { project_id: "p1".into(), user_fullname: "Ada Lovelace".into() };
        let left = service.client.clone().find_subject(ada).await.unwrap().into_inner();
        assert!(left.kept.is_empty(), "{left:?}");
    })
    .await;
}
