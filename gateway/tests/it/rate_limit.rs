//! How much a key may ask, and how it learns where it stands.

use gateway::{Config, RateLimit};
use testkit::Redis;

use crate::{
    customer::Customer,
    fakes::{Stage, authorization},
};

const START: &str = "/api-gateway/sessions/start";

fn limited(per_second: f64, burst: u32) -> Config {
    Config { rate_limit: RateLimit { per_second, burst }, ..Config::default() }
}

#[tokio::test]
async fn every_response_reports_the_rate_limit_and_excess_calls_are_rejected() {
    let customer = Customer::with(limited(0.1, 2)).await;
    let first = customer.post(START, &[], "").await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("ratelimit-policy"), Some("\"key\";q=2;w=20"));
    assert_eq!(first.header("ratelimit"), Some("\"key\";r=1;t=10"));
    // A call that fails counts like any other.
    let second = customer.get("/api-consent/consent/nobody").await;
    assert_eq!((second.status.as_u16(), second.header("ratelimit")), (404, Some("\"key\";r=0;t=20")));

    let third = customer.post(START, &[], "").await;
    assert_eq!(third.error(), (429, "the rate limit of this API key is exceeded; try again in 10 seconds"));
    assert_eq!(third.header("retry-after"), Some("10"));
    assert_eq!(third.header("ratelimit"), Some("\"key\";r=0;t=10"));
    let listed = customer.get("/api-transactions/transactions/x").await;
    assert_eq!(listed.error().0, 429);
    assert_eq!(listed.body["message"], listed.body["error"]);
    assert_eq!(listed.header("retry-after"), Some("10"));
    assert_eq!(customer.stage.set().records.len(), 2, "a refused call leaves no transaction");
}

#[tokio::test]
async fn keys_do_not_share_and_routes_without_a_key_have_no_limit() {
    let mut customer = Customer::with(limited(0.001, 1)).await;
    assert_eq!(customer.post(START, &[], "").await.status, 200);
    assert_eq!(customer.post(START, &[], "").await.status, 429);
    customer.stage.set().keys.insert("key-2".into(), authorization());
    customer.key = customer.stage.token("kid-1", "key-2");
    assert_eq!(customer.post(START, &[], "").await.status, 200);
    for _ in 0..3 {
        let health = customer.get("/healthz").await;
        assert_eq!((health.status.as_u16(), health.header("ratelimit")), (200, None));
    }
}

#[tokio::test]
async fn no_limit_is_no_header() {
    let customer = Customer::with(limited(0.0, 1)).await;
    for _ in 0..3 {
        let answer = customer.post(START, &[], "").await;
        assert_eq!((answer.status.as_u16(), answer.header("ratelimit")), (200, None));
    }
}

/// Two gateways in front of the same services.
async fn two(config: Config) -> [Customer; 2] {
    let stage = Stage::new();
    let one = Customer::before(stage.clone(), config.clone()).await;
    [one, Customer::before(stage, config).await]
}

#[tokio::test]
async fn gateways_count_together_in_redis() {
    let redis = Redis::start();
    let config = Config { redis_url: Some(redis.url().into()), ..limited(0.001, 2) };
    let [one, other] = two(config).await;
    assert_eq!(one.post(START, &[], "").await.header("ratelimit"), Some("\"key\";r=1;t=1000"));
    assert_eq!(other.post(START, &[], "").await.header("ratelimit"), Some("\"key\";r=0;t=2000"));
    for customer in [&one, &other] {
        let refused = customer.post(START, &[], "").await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("1000")));
    }
    assert_eq!(redis.cli(&["keys", "*"]), "biometry:limit:key-1");
    let life: u64 = redis.cli(&["pttl", "biometry:limit:key-1"]).parse().unwrap();
    assert!((1_900_000..=2_000_000).contains(&life), "{life}");
}

#[tokio::test]
async fn without_redis_every_gateway_counts_for_itself() {
    let mut redis = Redis::start();
    let config = Config { redis_url: Some(redis.url().into()), ..limited(0.001, 1) };
    let [one, other] = two(config).await;
    assert_eq!(one.post(START, &[], "").await.status, 200);
    assert_eq!(other.post(START, &[], "").await.status, 429);
    redis.stop();
    for customer in [&one, &other] {
        assert_eq!(customer.post(START, &[], "").await.status, 200);
        assert_eq!(customer.post(START, &[], "").await.status, 429);
    }
    // Back again and empty: as soon as the gateways look there again, one call is granted.
    redis.start_again();
    testkit::wait_until("a call is granted", async || one.post(START, &[], "").await.status != 429).await;
    assert_eq!(redis.cli(&["keys", "*"]), "biometry:limit:key-1");
}

#[tokio::test]
async fn a_project_has_a_quota_of_calls_a_day_and_its_neighbour_another() {
    let customer = Customer::with(Config { calls_per_day: 3, ..Config::default() }).await;
    // Two were recorded before this process began.
    let today = proto::transactions::StatsBucket { total: 2, ..Default::default() };
    customer.stage.set().stats.buckets = vec![today];
    let start = || customer.post("/api-gateway/sessions/start", &[], "");
    assert_eq!(start().await.status, 200);
    let refused = start().await;
    assert_eq!(
        refused.error(),
        (429, "this project's quota of 3 calls a day is used up; it begins anew at midnight UTC")
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    assert_eq!(customer.stage.set().sessions.len(), 1, "nothing was done");
    assert_eq!(customer.stage.set().records.len(), 1, "nor recorded");
    customer.stage.set().stats.buckets.clear();
    let neighbour = Customer { key: crate::slow_clients::neighbour(&customer.stage), ..customer };
    assert_eq!(neighbour.post("/api-gateway/sessions/start", &[], "").await.status, 200);
}
