//! Rate limits: a token bucket per key, in this process or, shared by all gateways, in Redis.
//!
//! A bucket is one number, the time at which it will be full again (the generic cell rate algorithm of ITU-T I.371,
//! which is a token bucket without a clock tick). Responses tell the caller the state of its bucket, in the structured fields
//! `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers.

use std::{
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use moka::future::Cache;
use redis::Script;
use tokio::time::Instant;

use crate::{config::RateLimit, core::error::Error, http::redis_state::SharedState};

pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub const REMAINING: HeaderName = HeaderName::from_static("ratelimit");

const SECOND_US: u64 = 1_000_000;
/// Buckets kept in this process. An evicted one starts full.
const MAX_BUCKETS: u64 = 100_000;

/// A limit in the units of the bucket.
#[derive(Clone, Debug)]
struct Limit {
    /// Microseconds a call costs, at least 1.
    interval: u64,
    burst: u64,
    policy: HeaderValue,
}

impl Limit {
    fn new(config: &RateLimit) -> anyhow::Result<Option<Self>> {
        let RateLimit { per_second, burst } = *config;
        anyhow::ensure!(
            (0.0..=1e6).contains(&per_second),
            "gateway.rate_limit.per_second must be 0 to 1,000,000"
        );
        if per_second == 0.0 {
            return Ok(None);
        }
        anyhow::ensure!(burst > 0, "gateway.rate_limit.burst must be at least 1");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1e6 / a small rate still fits"
        )]
        let interval = (SECOND_US as f64 / per_second).floor().clamp(1.0, 1e15) as u64;
        let burst = u64::from(burst);
        let window = seconds(interval.saturating_mul(burst)).max(1);
        let policy = HeaderValue::try_from(format!("\"key\";q={burst};w={window}"))?;
        Ok(Some(Self { interval, burst, policy }))
    }

    /// The limit of a project for all its keys together: a burst of so many, and as many per minute sustained.
    fn per_minute(calls: u32) -> Result<Self, Error> {
        let config = RateLimit { per_second: f64::from(calls) / 60.0, burst: calls };
        Self::new(&config).ok().flatten().ok_or_else(|| Error::internal(&"a project's rate limit is none"))
    }

    /// Microseconds an empty bucket takes to fill.
    fn whole(&self) -> u64 {
        self.interval.saturating_mul(self.burst)
    }

    /// Takes a call from a bucket that is full at `full_at`, if it has one: returns when it is full afterwards, and
    /// its state.
    fn spend(&self, full_at: u64, now: u64) -> (u64, BucketState) {
        let owed = full_at.saturating_sub(now);
        let after = owed.saturating_add(self.interval);
        if after > self.whole() {
            return (full_at, self.state(false, owed));
        }
        (now.saturating_add(after), self.state(true, after))
    }

    /// `owed`: microseconds until the bucket is full.
    fn state(&self, granted: bool, owed: u64) -> BucketState {
        let left = self.whole().saturating_sub(owed);
        let wait = if granted { owed } else { owed.saturating_add(self.interval) - self.whole() };
        BucketState {
            granted,
            remaining: left / self.interval,
            seconds: if granted { seconds(wait) } else { seconds(wait).max(1) },
            policy: self.policy.clone(),
        }
    }
}

fn seconds(us: u64) -> u64 {
    us.div_ceil(SECOND_US)
}

/// A bucket after a call.
#[derive(Clone, Debug)]
pub struct BucketState {
    granted: bool,
    /// Calls left now.
    remaining: u64,
    /// Until the bucket is full or, when refused, until the next call is granted.
    seconds: u64,
    policy: HeaderValue,
}

/// The buckets.
pub struct RateLimits {
    limit: Option<Limit>,
    buckets: Cache<Arc<str>, Arc<AtomicU64>>,
    shared: Option<SharedState>,
    began: Instant,
}

impl RateLimits {
    /// # Errors
    /// When the limit is none.
    pub fn new(config: &RateLimit, shared: Option<SharedState>) -> anyhow::Result<Self> {
        let limit = Limit::new(config)?;
        let whole = limit.as_ref().map_or(0, Limit::whole);
        let idle = Duration::from_micros(whole).clamp(Duration::from_secs(60), Duration::from_secs(86_400));
        let buckets = Cache::builder().max_capacity(MAX_BUCKETS).time_to_idle(idle).build();
        Ok(Self { limit, buckets, shared, began: Instant::now() })
    }

    /// Counts a call of this key and records the bucket's state in `meter`. `chosen`: the bucket and the calls per
    /// minute set for it or its project.
    ///
    /// # Errors
    /// 429 when it has none left.
    pub async fn charge(
        &self,
        key_id: &str,
        chosen: Option<(String, u32)>,
        meter: Option<&Meter>,
    ) -> Result<(), Error> {
        let state = match chosen {
            Some((bucket, per_minute)) => self.count(&Limit::per_minute(per_minute)?, &bucket).await,
            None => match &self.limit {
                Some(limit) => self.count(limit, key_id).await,
                None => return Ok(()),
            },
        };
        let verdict = if state.granted { Ok(()) } else { Err(Error::RateLimited(state.seconds)) };
        if let Some(meter) = meter {
            // A second count within one request would only repeat the first.
            let _ = meter.0.set(state);
        }
        verdict
    }

    /// Takes a call from a bucket, in this process or in Redis.
    async fn count(&self, limit: &Limit, bucket: &str) -> BucketState {
        let shared = match &self.shared {
            Some(shared) => in_redis(shared, limit, bucket).await,
            None => None,
        };
        match shared {
            Some(state) => state,
            None => self.in_process(limit, bucket).await,
        }
    }

    async fn in_process(&self, limit: &Limit, key_id: &str) -> BucketState {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let bucket = match self.buckets.get(key_id).await {
            Some(bucket) => bucket,
            None => self.buckets.get_with(key_id.into(), async { Arc::default() }).await,
        };
        let mut full_at = bucket.load(Ordering::Relaxed);
        loop {
            let (next, state) = limit.spend(full_at, now);
            match bucket.compare_exchange_weak(full_at, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return state,
                Err(other) => full_at = other,
            }
        }
    }
}

/// The same as [`Limit::spend`], as one step of Redis and by its clock: whether granted, and what is owed then.
static SPEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local time = redis.call('TIME')
          local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
          local owed = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') - now, 0)
          local after = owed + tonumber(ARGV[1])
          if after > tonumber(ARGV[2]) then return {0, owed} end
          redis.call('SET', KEYS[1], string.format('%.0f', now + after), 'PX', math.ceil(after / 1000))
          return {1, after}",
    )
});

async fn in_redis(shared: &SharedState, limit: &Limit, key_id: &str) -> Option<BucketState> {
    let mut script = SPEND.prepare_invoke();
    script.key(format!("biometry:limit:{key_id}")).arg(limit.interval).arg(limit.whole());
    let (granted, owed) = shared.eval::<(u8, u64)>(&script).await?;
    Some(limit.state(granted == 1, owed))
}

/// The bucket state of a request's caller, once authenticated.
#[derive(Clone, Default)]
pub struct Meter(Arc<OnceLock<BucketState>>);

/// Middleware: adds the caller's bucket state to the response.
pub async fn report_rate_limit(mut request: Request, next: Next) -> Response {
    let meter = Meter::default();
    request.extensions_mut().insert(meter.clone());
    let mut response = next.run(request).await;
    if let Some(state) = meter.0.get() {
        let left = format!("\"key\";r={};t={}", state.remaining, state.seconds);
        response.headers_mut().insert(POLICY, state.policy.clone());
        if let Ok(left) = HeaderValue::try_from(left) {
            response.headers_mut().insert(REMAINING, left);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(per_second: f64, burst: u32) -> Limit {
        Limit::new(&RateLimit { per_second, burst }).unwrap().unwrap()
    }

    #[test]
    fn a_full_bucket_holds_its_burst_and_fills_at_its_rate() {
        let limit = limit(2.0, 3);
        assert_eq!(limit.policy, "\"key\";q=3;w=2");
        let mut full_at = 0;
        let mut call = |now| {
            let (next, state) = limit.spend(full_at, now);
            full_at = next;
            (state.granted, state.remaining, state.seconds)
        };
        assert_eq!(call(10 * SECOND_US), (true, 2, 1));
        assert_eq!(call(10 * SECOND_US), (true, 1, 1));
        assert_eq!(call(10 * SECOND_US), (true, 0, 2));
        assert_eq!(call(10 * SECOND_US), (false, 0, 1));
        assert_eq!(call(10 * SECOND_US + 499_999), (false, 0, 1));
        assert_eq!(call(10 * SECOND_US + 500_000), (true, 0, 2));
    }

    #[test]
    fn a_project_may_use_its_minute_at_once() {
        let limit = Limit::per_minute(90).unwrap();
        assert_eq!((limit.burst, seconds(limit.whole())), (90, 60));
    }

    #[test]
    fn an_invalid_limit_is_rejected_and_zero_means_unlimited() {
        let of = |per_second, burst| Limit::new(&RateLimit { per_second, burst });
        assert!(of(0.0, 0).unwrap().is_none());
        for (rate, burst) in [(-1.0, 1), (f64::NAN, 1), (f64::INFINITY, 1), (2e6, 1), (1.0, 0)] {
            assert!(of(rate, burst).is_err(), "{rate} {burst}");
        }
    }

    /// The textbook form: tokens, and when they were last counted.
    fn textbook(per_second: u64, burst: u64, calls: &[u64]) -> Vec<bool> {
        let (mut units, mut last) = (burst * SECOND_US, 0);
        let spend = |now: &u64| {
            units = (burst * SECOND_US).min(units + (now - last) * per_second);
            last = *now;
            let granted = units >= SECOND_US;
            units -= if granted { SECOND_US } else { 0 };
            granted
        };
        calls.iter().map(spend).collect()
    }

    proptest! {
        #[test]
        fn it_grants_what_a_textbook_bucket_grants(
            // Rates whose interval is a whole number of microseconds, so that both count equally.
            per_second in prop::sample::select(vec![1_u64, 2, 5, 10, 100, 1000]),
            burst in 1_u64..20,
            gaps in prop::collection::vec(0_u64..2_000_000, 1..60),
        ) {
            let limit = limit(per_second as f64, u32::try_from(burst).unwrap());
            let calls: Vec<u64> = gaps.iter().scan(0, |now, gap| { *now += gap; Some(*now) }).collect();
            let mut full_at = 0;
            let granted: Vec<bool> = calls.iter().map(|now| {
                let (next, state) = limit.spend(full_at, *now);
                full_at = next;
                assert!(state.remaining < burst || !state.granted);
                state.granted
            }).collect();
            prop_assert_eq!(granted, textbook(per_second, burst, &calls));
        }

        #[test]
        fn a_caller_that_waits_as_asked_is_granted(per_second in 0.01..1e6_f64, burst in 1_u32..1000, owed in 0_u64..1 << 50) {
            let limit = limit(per_second, burst);
            let (full_at, state) = limit.spend(owed, 0);
            if !state.granted {
                prop_assert!(limit.spend(full_at, state.seconds * SECOND_US).1.granted);
            }
        }
    }
}
