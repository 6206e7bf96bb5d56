//! Counts over a period, in buckets.

use std::collections::{BTreeMap, HashMap};

use proto::transactions as wire;

use crate::{error::Error, record::text};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
const MAX_BUCKETS: i64 = 400;
/// The end of the year 9999, the last that RFC 3339 can write.
const LAST_MS: i64 = 253_402_300_800_000;

/// The period and the bucket size.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub project_id: String,
    /// The start of a bucket.
    pub from_ms: i64,
    /// After `from_ms`.
    pub until_ms: i64,
    pub bucket_ms: i64,
}

impl Span {
    /// Returns the number of buckets; the last may extend beyond `until_ms`.
    pub fn buckets(&self) -> usize {
        usize::try_from((self.until_ms - self.from_ms + self.bucket_ms - 1) / self.bucket_ms)
            .unwrap_or_default()
    }
}

impl TryFrom<wire::StatsRequest> for Span {
    type Error = Error;

    fn try_from(wire: wire::StatsRequest) -> Result<Self, Error> {
        let wire::StatsRequest { project_id, from_ms, until_ms, bucket_ms } = wire;
        if !(MINUTE_MS..=DAY_MS).contains(&bucket_ms) {
            return Err(Error::Invalid("bucket must be a minute to a day".into()));
        }
        if !(0 <= from_ms && from_ms < until_ms && until_ms <= LAST_MS) {
            return Err(Error::Invalid("from must lie before to, both after 1970".into()));
        }
        let from_ms = from_ms - from_ms % bucket_ms;
        let span = Self { project_id: text("project_id", project_id)?, from_ms, until_ms, bucket_ms };
        if until_ms - from_ms > MAX_BUCKETS * bucket_ms {
            return Err(Error::Invalid(format!(
                "from and to must span at most {MAX_BUCKETS} buckets; ask for a shorter time or larger buckets"
            )));
        }
        Ok(span)
    }
}

/// The calls of one bucket with equal properties.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Alike {
    /// From 0.
    pub bucket: i64,
    pub verdict: Option<String>,
    /// 1: the response had a status of 500 or more.
    pub failed: i64,
    /// The middle of the duration class, in milliseconds.
    pub took: i64,
    pub calls: i64,
}

/// Decided calls of one bucket with the same reasons.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Reasoned {
    pub bucket: i64,
    /// JSON list.
    pub reasons: String,
    pub calls: i64,
}

/// Sums up the counts.
pub fn sum(span: &Span, counted: &[Alike], reasoned: &[Reasoned]) -> Result<wire::StatsResponse, Error> {
    let mut buckets = vec![wire::StatsBucket::default(); span.buckets()];
    let mut took: Vec<BTreeMap<i64, u64>> = vec![BTreeMap::new(); buckets.len()];
    for (bucket, at) in buckets.iter_mut().zip(0_i64..) {
        bucket.at_ms = span.from_ms + at * span.bucket_ms;
    }
    let place = |bucket: i64| usize::try_from(bucket).ok();
    for alike in counted {
        let Some(at) = place(alike.bucket).filter(|at| *at < buckets.len()) else { continue };
        let (bucket, calls) = (&mut buckets[at], alike.calls.unsigned_abs());
        bucket.total += calls;
        bucket.errors += if alike.failed == 1 { calls } else { 0 };
        match alike.verdict.as_deref() {
            Some("pass") => bucket.pass += calls,
            Some("fail") => bucket.fail += calls,
            Some("refer") => bucket.refer += calls,
            _ => continue,
        }
        *took[at].entry(alike.took).or_default() += calls;
    }
    for (bucket, took) in buckets.iter_mut().zip(&took) {
        (bucket.p50_ms, bucket.p95_ms) = (percentile(took, 50), percentile(took, 95));
    }
    let mut explained = 0;
    for reasoned in reasoned {
        let Some(bucket) = place(reasoned.bucket).and_then(|at| buckets.get_mut(at)) else { continue };
        let calls = reasoned.calls.unsigned_abs();
        explained += calls;
        add(&mut bucket.reasons, serde_json::from_str(&reasoned.reasons)?, calls);
    }
    let decided: u64 = buckets.iter().map(|bucket| bucket.pass + bucket.fail + bucket.refer).sum();
    Ok(wire::StatsResponse { buckets, reasons_complete: explained >= decided })
}

fn add(counts: &mut HashMap<String, u64>, reasons: Vec<String>, calls: u64) {
    for reason in reasons {
        *counts.entry(reason).or_default() += calls;
    }
}

/// Returns the value that `percent` of the calls do not exceed (nearest rank).
fn percentile(took: &BTreeMap<i64, u64>, percent: u64) -> Option<f64> {
    let calls: u64 = took.values().sum();
    let rank = (calls * percent).div_ceil(100).max(1);
    let mut reached = 0;
    let (value, _) = took.iter().find(|(_, calls)| {
        reached += **calls;
        reached >= rank
    })?;
    #[expect(clippy::cast_precision_loss, reason = "a duration is far below 2^52 ms")]
    Some(*value as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(from_ms: i64, until_ms: i64, bucket_ms: i64) -> Result<Span, Error> {
        Span::try_from(wire::StatsRequest { project_id: "p".into(), from_ms, until_ms, bucket_ms })
    }

    #[test]
    fn a_span_begins_with_a_whole_bucket_and_is_bounded() {
        let hour = 3_600_000;
        let span = asked(2 * hour + 5, 4 * hour + 1, hour).unwrap();
        assert_eq!((span.from_ms, span.buckets()), (2 * hour, 3));
        assert_eq!(asked(0, 400 * hour, hour).unwrap().buckets(), 400);
        for (from, until, bucket) in [
            (0, 400 * hour + 1, hour),
            (5, 5, hour),
            (-1, 5, hour),
            (0, hour, 0),
            (0, hour, DAY_MS + 1),
            (0, i64::MAX, hour),
        ] {
            assert!(asked(from, until, bucket).is_err(), "{from} {until} {bucket}");
        }
    }

    proptest! {
        #[test]
        fn a_percentile_is_the_one_of_the_sorted_list(mut list in prop::collection::vec(0..50_i64, 1..200), percent in 1..=100_u64) {
            let mut took = BTreeMap::new();
            list.iter().for_each(|value| *took.entry(*value).or_default() += 1);
            list.sort_unstable();
            let rank = (list.len() * percent as usize).div_ceil(100).max(1);
            prop_assert_eq!(percentile(&took, percent), Some(list[rank - 1] as f64));
        }

        #[test]
        fn no_request_makes_more_than_the_bound(from: i64, until: i64, bucket: i64) {
            if let Ok(span) = asked(from, until, bucket) {
                prop_assert!((1..=401).contains(&span.buckets()));
            }
        }
    }
}
