//! How much a key may ask: a token bucket for each, in this process or, shared by all gateways, in Redis.
//!
//! A bucket is one number, the time at which it will be full again (the generic cell rate algorithm of ITU-T I.371,
//! which is a token bucket without a clock tick). Answers tell the caller where it stands, in the structured fields
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
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{error::Error, shared::Shared};

pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub const STANDING: HeaderName = HeaderName::from_static("ratelimit");

const SECOND_US: u64 = 1_000_000;
/// Buckets kept in this process. One that is forgotten is full when its key comes again.
const MAX_BUCKETS: u64 = 100_000;

/// The limit of one API key. The default only stops what no customer means to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// Calls a second that can go on for ever; 0 sets no limit. At most 1,000,000.
    pub per_second: f64,
    /// Calls at once on top of that, after a silence; at least 1.
    pub burst: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { per_second: 10_000.0, burst: 20_000 }
    }
}

/// A limit as it is counted with.
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

    /// The limit a project chose for all its keys together: so many at once, and as many a minute that go on for ever.
    fn per_minute(calls: u32) -> Result<Self, Error> {
        let config = RateLimit { per_second: f64::from(calls) / 60.0, burst: calls };
        Self::new(&config).ok().flatten().ok_or_else(|| Error::internal(&"a project's rate limit is none"))
    }

    /// Microseconds an empty bucket takes to fill.
    fn whole(&self) -> u64 {
        self.interval.saturating_mul(self.burst)
    }

    /// Takes a call out of a bucket that is full at `full_at`, if there is one in it: when it is full then, and where
    /// the key stands.
    fn spend(&self, full_at: u64, now: u64) -> (u64, Standing) {
        let owed = full_at.saturating_sub(now);
        let after = owed.saturating_add(self.interval);
        if after > self.whole() {
            return (full_at, self.standing(false, owed));
        }
        (now.saturating_add(after), self.standing(true, after))
    }

    /// `owed`: microseconds until the bucket is full.
    fn standing(&self, granted: bool, owed: u64) -> Standing {
        let left = self.whole().saturating_sub(owed);
        let wait = if granted { owed } else { owed.saturating_add(self.interval) - self.whole() };
        Standing {
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

/// Where a key stands after a call.
#[derive(Clone, Debug)]
pub struct Standing {
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
    shared: Option<Shared>,
    began: Instant,
}

impl RateLimits {
    /// # Errors
    /// When the limit is none.
    pub fn new(config: &RateLimit, shared: Option<Shared>) -> anyhow::Result<Self> {
        let limit = Limit::new(config)?;
        let whole = limit.as_ref().map_or(0, Limit::whole);
        let idle = Duration::from_micros(whole).clamp(Duration::from_secs(60), Duration::from_secs(86_400));
        let buckets = Cache::builder().max_capacity(MAX_BUCKETS).time_to_idle(idle).build();
        Ok(Self { limit, buckets, shared, began: Instant::now() })
    }

    /// Counts a call of this key, and notes in `meter` where the key stands. `chosen`: the calls a minute that were chosen
    /// for it or its project, and what they are counted under.
    ///
    /// # Errors
    /// 429 when it has none left.
    pub async fn charge(
        &self,
        key_id: &str,
        chosen: Option<(String, u32)>,
        meter: Option<&Meter>,
    ) -> Result<(), Error> {
        let standing = match chosen {
            Some((bucket, per_minute)) => self.count(&Limit::per_minute(per_minute)?, &bucket).await,
            None => match &self.limit {
                Some(limit) => self.count(limit, key_id).await,
                None => return Ok(()),
            },
        };
        let verdict = if standing.granted { Ok(()) } else { Err(Error::RateLimited(standing.seconds)) };
        if let Some(meter) = meter {
            // A second count within one request would only repeat the first.
            let _ = meter.0.set(standing);
        }
        verdict
    }

    /// Takes a call out of a bucket, here or where all gateways count.
    async fn count(&self, limit: &Limit, bucket: &str) -> Standing {
        let shared = match &self.shared {
            Some(shared) => in_redis(shared, limit, bucket).await,
            None => None,
        };
        match shared {
            Some(standing) => standing,
            None => self.in_process(limit, bucket).await,
        }
    }

    async fn in_process(&self, limit: &Limit, key_id: &str) -> Standing {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let bucket = match self.buckets.get(key_id).await {
            Some(bucket) => bucket,
            None => self.buckets.get_with(key_id.into(), async { Arc::default() }).await,
        };
        let mut full_at = bucket.load(Ordering::Relaxed);
        loop {
            let (next, standing) = limit.spend(full_at, now);
            match bucket.compare_exchange_weak(full_at, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return standing,
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

async fn in_redis(shared: &Shared, limit: &Limit, key_id: &str) -> Option<Standing> {
    let mut script = SPEND.prepare_invoke();
    script.key(format!("biometry:limit:{key_id}")).arg(limit.interval).arg(limit.whole());
    let (granted, owed) = shared.ask::<(u8, u64)>(&script).await?;
    Some(limit.standing(granted == 1, owed))
}

/// Where a request's key stands, once it is known who calls.
#[derive(Clone, Default)]
pub struct Meter(Arc<OnceLock<Standing>>);

/// Middleware: puts where the key stands on the answer.
pub async fn metered(mut request: Request, next: Next) -> Response {
    let meter = Meter::default();
    request.extensions_mut().insert(meter.clone());
    let mut response = next.run(request).await;
    if let Some(standing) = meter.0.get() {
        let left = format!("\"key\";r={};t={}", standing.remaining, standing.seconds);
        response.headers_mut().insert(POLICY, standing.policy.clone());
        if let Ok(left) = HeaderValue::try_from(left) {
            response.headers_mut().insert(STANDING, left);
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
            let (next, standing) = limit.spend(full_at, now);
            full_at = next;
            (standing.granted, standing.remaining, standing.seconds)
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
    fn a_limit_that_is_none_is_refused_and_zero_is_no_limit() {
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
            // Rates whose interval is a whole number of microseconds, so that both count alike.
            per_second in prop::sample::select(vec![1_u64, 2, 5, 10, 100, 1000]),
            burst in 1_u64..20,
            gaps in prop::collection::vec(0_u64..2_000_000, 1..60),
        ) {
            let limit = limit(per_second as f64, u32::try_from(burst).unwrap());
            let calls: Vec<u64> = gaps.iter().scan(0, |now, gap| { *now += gap; Some(*now) }).collect();
            let mut full_at = 0;
            let granted: Vec<bool> = calls.iter().map(|now| {
                let (next, standing) = limit.spend(full_at, *now);
                full_at = next;
                assert!(standing.remaining < burst || !standing.granted);
                standing.granted
            }).collect();
            prop_assert_eq!(granted, textbook(per_second, burst, &calls));
        }

        #[test]
        fn who_waits_as_told_is_granted(per_second in 0.01..1e6_f64, burst in 1_u32..1000, owed in 0_u64..1 << 50) {
            let limit = limit(per_second, burst);
            let (full_at, standing) = limit.spend(owed, 0);
            if !standing.granted {
                prop_assert!(limit.spend(full_at, standing.seconds * SECOND_US).1.granted);
            }
        }
    }
}
