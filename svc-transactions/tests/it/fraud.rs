//! The fraud rules in the running service: shortly after a transaction is recorded, once, across restarts and processes.

use proto::transactions::{ListTransactionsRequest, Transaction, Verdict};
use serde_json::{Value, json};

use crate::{NOW_MS, Service, erasure, new_id, on_each_database, video};

/// A video of Ada's on one device in Vienna, `at_ms` after the service's start.
fn call(at_ms: i64) -> Transaction {
    Transaction {
        created_at_ms: NOW_MS + at_ms,
        device_info_json: Some(r#"{"deviceId":"a"}"#.into()),
        geo_json: Some(r#"{"lat":48.2,"lng":16.4,"country":"AT"}"#.into()),
        ..video("p1")
    }
}

fn in_sydney(transaction: Transaction) -> Transaction {
    Transaction { geo_json: Some(r#"{"lat":-33.9,"lng":151.2,"country":"AU"}"#.into()), ..transaction }
}

async fn record(service: &Service, transaction: Transaction) -> String {
    service.record(transaction.clone()).await.expect("recorded");
    transaction.id
}

/// Returns the hits of a transaction, once nothing waits any more.
async fn found(service: &Service, id: &str) -> Vec<(String, Value)> {
    service.all_looked_at().await;
    let transaction = service.get("p1", id).await.expect("a record");
    let hits = transaction.fraud.into_iter();
    hits.map(|hit| (hit.rule, serde_json::from_str(&hit.evidence_json).expect("JSON"))).collect()
}

fn rules(found: &[(String, Value)]) -> Vec<&str> {
    found.iter().map(|(rule, _)| rule.as_str()).collect()
}

async fn listed(service: &Service, fraud: Option<&str>, has_fraud: Option<bool>) -> Vec<String> {
    let request = ListTransactionsRequest {
        project_id: "p1".into(),
        fraud: fraud.map(str::to_owned),
        has_fraud,
        ..ListTransactionsRequest::default()
    };
    let list = service.client.clone().list_transactions(request).await.expect("a list").into_inner();
    list.transactions.into_iter().map(|transaction| transaction.id).collect()
}

#[tokio::test]
async fn each_rule_finds_its_case_and_says_on_what_it_rests() {
    on_each_database(async |service: Service| {
        let first = record(&service, call(0)).await;
        assert_eq!(found(&service, &first).await, []);

        let travel = in_sydney(Transaction { session_id: None, ..call(3_600_000) });
        let travel = record(&service, travel).await;
        let hits = found(&service, &travel).await;
        assert_eq!(rules(&hits), ["impossible_travel"]);
        assert_eq!(hits[0].1["from"]["transaction_id"], first);
        assert_eq!(
            (hits[0].1["hours"].as_f64(), hits[0].1["to"]["country"].as_str()),
            (Some(1.0), Some("AU"))
        );

        let session =
            record(&service, in_sydney(Transaction { user_fullname: None, ..call(7_200_000) })).await;
        let hits = found(&service, &session).await;
        assert_eq!(rules(&hits), ["session_country_change"]);
        assert_eq!(
            (hits[0].1["country"].as_str(), hits[0].1["other_country"].as_str()),
            (Some("AU"), Some("AT"))
        );

        let elsewhere = Transaction {
            device_info_json: Some(r#"{"deviceId":"b","isPhysicalDevice":false}"#.into()),
            geo_json: Some(r#"{"lat":-33.9,"lng":151.2,"country":"NZ"}"#.into()),
            session_id: None,
            ..call(3_660_000)
        };
        let elsewhere = record(&service, elsewhere).await;
        let hits = found(&service, &elsewhere).await;
        assert_eq!(rules(&hits), ["device_switch", "emulator", "new_device_and_country"]);
        assert_eq!(hits[0].1["other_device"], "a");
        assert_eq!(hits[1].1["mark"], "isphysicaldevice=false");
        assert_eq!(hits[2].1["country"], "NZ");

        assert_eq!(
            listed(&service, None, Some(true)).await,
            [session.clone(), elsewhere.clone(), travel.clone()]
        );
        assert_eq!(listed(&service, Some("emulator"), None).await, [elsewhere]);
        assert_eq!(listed(&service, None, Some(false)).await, [first]);
        assert!(listed(&service, Some("velocity"), None).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_sixth_video_in_two_minutes_is_reported() {
    on_each_database(async |service: Service| {
        let mut ids = Vec::new();
        for at in 0..6 {
            ids.push(record(&service, call(at * 20_000)).await);
        }
        let hits = found(&service, &ids[5]).await;
        assert_eq!(rules(&hits), ["velocity"]);
        assert_eq!(hits[0].1["transaction_ids"], json!(ids));
        assert_eq!(found(&service, &ids[4]).await, []);
    })
    .await;
}

#[tokio::test]
async fn another_users_and_another_projects_calls_are_not_compared() {
    on_each_database(async |service: Service| {
        record(&service, call(0)).await;
        let other =
            Transaction { user_fullname: Some("Grace Hopper".into()), session_id: None, ..call(1000) };
        let other = record(&service, in_sydney(other)).await;
        let theirs = Transaction { project_id: "p2".into(), ..in_sydney(call(1000)) };
        let theirs = record(&service, theirs).await;
        assert_eq!(found(&service, &other).await, []);
        service.all_looked_at().await;
        assert!(service.get("p2", &theirs).await.unwrap().fraud.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_call_recorded_late_is_compared_with_what_began_after_it() {
    on_each_database(async |service: Service| {
        let later = record(&service, in_sydney(Transaction { session_id: None, ..call(60_000) })).await;
        assert_eq!(found(&service, &later).await, []);
        let earlier = record(&service, Transaction { session_id: None, ..call(0) }).await;
        let hits = found(&service, &earlier).await;
        assert_eq!(rules(&hits), ["impossible_travel"]);
        assert_eq!(hits[0].1["from"]["transaction_id"], later);
        assert_eq!(found(&service, &later).await, [], "a pair is reported once");
    })
    .await;
}

/// A process killed between the record and the rules leaves a claim that expires.
#[tokio::test]
async fn claims_of_a_killed_process_are_taken_over() {
    on_each_database(async |service: Service| {
        let first = record(&service, call(0)).await;
        let second = record(&service, in_sydney(Transaction { session_id: None, ..call(60_000) })).await;
        let before = found(&service, &second).await;
        assert_eq!(rules(&before), ["impossible_travel"]);
        service.wait_again(&[&first, &second], NOW_MS + 60_000).await;
        assert_eq!(service.waiting().await, 2, "a living claim is respected");
        service.pass(std::time::Duration::from_secs(61));
        let other = service.second().await;
        other.all_looked_at().await;
        assert_eq!(found(&service, &second).await, before, "read twice, reported once");
    })
    .await;
}

#[tokio::test]
async fn two_processes_share_the_work() {
    on_each_database(async |service: Service| {
        let other = service.second().await;
        let mut ids = Vec::new();
        for at in 0..60 {
            let process = if at % 2 == 0 { &service } else { &other };
            ids.push(record(process, Transaction { id: new_id(), ..call(at * 1000) }).await);
        }
        service.all_looked_at().await;
        for (at, id) in ids.iter().enumerate() {
            let hits = found(&service, id).await;
            // Every video beyond the fifth is reported, by either process, and only once.
            assert!(rules(&hits).iter().filter(|rule| **rule == "velocity").count() <= 1, "{at}");
        }
        assert!(rules(&found(&service, &ids[59]).await).contains(&"velocity"));
    })
    .await;
}

#[tokio::test]
async fn an_erased_subject_leaves_the_rule_and_no_evidence() {
    on_each_database(async |service: Service| {
        record(&service, call(0)).await;
        let travel = record(&service, in_sydney(Transaction { session_id: None, ..call(60_000) })).await;
        assert_eq!(rules(&found(&service, &travel).await), ["impossible_travel"]);
        let erased = erasure::erase(&service, "p1").await;
        assert!(erased.contains(&("device_or_country_seen".into(), 3)), "{erased:?}");
        assert_eq!(found(&service, &travel).await, [("impossible_travel".into(), json!({}))]);
        assert!(erasure::kept(&service, "p1").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_hit_is_queued_for_subscribed_endpoints() {
    on_each_database(async |service: Service| {
        let first = call(0);
        service.subscribe_endpoint("p1", &first.api_key_id).await;
        let abroad = Transaction { api_key_id: first.api_key_id.clone(), ..in_sydney(call(60_000)) };
        record(&service, first).await;
        let abroad = record(&service, abroad).await;
        assert!(rules(&found(&service, &abroad).await).contains(&"impossible_travel"));
        assert_eq!(service.queued_events("fraud.flagged").await, [abroad]);
    })
    .await;
}

#[tokio::test]
async fn test_calls_are_listed_and_counted_nowhere() {
    on_each_database(async |service: Service| {
        let tried = Transaction { is_test: true, verdict: Verdict::Refer.into(), ..call(0) };
        let emulated = Some(r#"{"deviceId":"a","isPhysicalDevice":false}"#.to_owned());
        let tried = record(&service, Transaction { device_info_json: emulated, ..tried }).await;
        let live = record(&service, in_sydney(call(60_000))).await;
        assert_eq!(found(&service, &live).await, [], "nobody travelled: the other call was a test");
        assert_eq!(found(&service, &tried).await, []);
        assert!(service.get("p1", &tried).await.expect("a record").is_test);
        assert_eq!(listed(&service, None, None).await, [live.as_str(), &tried]);
        let request = proto::transactions::StatsRequest {
            project_id: "p1".into(),
            from_ms: NOW_MS / 3_600_000 * 3_600_000,
            until_ms: NOW_MS + 3_600_000,
            bucket_ms: 3_600_000,
        };
        let counted = service.client.clone().stats(request).await.expect("counts").into_inner();
        assert_eq!(counted.buckets.iter().map(|bucket| bucket.total).sum::<u64>(), 1);
        let somebody = proto::transactions::Reviewer {
            kind: proto::transactions::ReviewerKind::User.into(),
            id: "x".into(),
            name: "X".into(),
        };
        let request =
            proto::transactions::CountReviewsRequest { project_id: "p1".into(), reviewer: Some(somebody) };
        let counts = service.reviews.clone().count_reviews(request).await.expect("counts").into_inner();
        assert_eq!(counts.unassigned, 1, "the live one alone is for people");
    })
    .await;
}
