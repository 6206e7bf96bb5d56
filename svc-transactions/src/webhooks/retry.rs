//! Retry schedule of failed deliveries.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Exponential back-off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    pub max_retries: u32,
    pub initial_ms: u64,
    pub max_ms: u64,
}

/// Factor between consecutive waits.
pub const MULTIPLIER: u32 = 2;
/// Longest honoured `Retry-After`.
pub const MAX_RETRY_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

impl Retry {
    /// Returns the milliseconds to wait after the failed attempt number `attempts` (1 is the first); `None`: no more
    /// retries. Simultaneous failures are spread over another quarter of the wait, by `id`, and never later than the
    /// longest wait.
    pub fn wait_ms(&self, attempts: u32, id: &str) -> Option<u64> {
        if attempts > self.max_retries {
            return None;
        }
        let times = u64::from(MULTIPLIER).saturating_pow(attempts.saturating_sub(1));
        // The longest wait, too, leaves room for spreading.
        let wait = self.initial_ms.saturating_mul(times).min(self.max_ms / 5 * 4).max(1);
        let mut hash = DefaultHasher::new();
        (id, attempts).hash(&mut hash);
        Some(wait.saturating_add(hash.finish() % (wait / 4 + 1)))
    }

    /// Returns the time of the next attempt, if the endpoint may not be called before `not_before_ms`.
    pub fn due_at(&self, attempts: u32, id: &str, now_ms: i64, not_before_ms: Option<i64>) -> Option<i64> {
        let wait = i64::try_from(self.wait_ms(attempts, id)?).unwrap_or(i64::MAX);
        let due_at = now_ms.saturating_add(wait);
        Some(due_at.max(not_before_ms.unwrap_or(due_at)))
    }
}

/// Parses `Retry-After` of a 429 or 503, in seconds or as a date (RFC 9110).
pub fn retry_after(status: u16, value: Option<&str>, now_ms: i64) -> Option<i64> {
    let value = value.filter(|_| matches!(status, 429 | 503))?.trim();
    let until_ms = match value.parse::<u32>() {
        Ok(seconds) => now_ms.saturating_add(i64::from(seconds) * 1000),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
            i64::try_from(since.as_millis()).ok()?
        }
    };
    (until_ms > now_ms).then(|| until_ms.min(now_ms.saturating_add(MAX_RETRY_AFTER_MS)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DEFAULT: Retry = Retry { max_retries: 18, initial_ms: 5_000, max_ms: 14_400_000 };

    fn waits(retry: &Retry, id: &str) -> Vec<u64> {
        (1..).map_while(|attempts| retry.wait_ms(attempts, id)).collect()
    }

    #[test]
    fn waits_double_from_seconds_to_hours() {
        assert_eq!(DEFAULT, crate::webhooks::Config::default().retry());
        let waits = waits(&DEFAULT, "msg_1");
        for (wait, seconds) in waits.iter().zip([5, 10, 20, 40, 80]) {
            assert!((seconds * 1000..=seconds * 1250).contains(wait), "{wait} after {seconds}");
        }
        assert_eq!(waits.len(), 18);
    }

    #[test]
    fn retries_of_simultaneous_failures_are_spread_out() {
        for attempts in [5, 18] {
            let waits: std::collections::BTreeSet<_> =
                (0..100).map(|i| DEFAULT.wait_ms(attempts, &format!("msg_{i}"))).collect();
            assert!(waits.len() > 90, "{waits:?}");
        }
    }

    #[test]
    fn an_endpoint_that_asks_for_time_gets_it() {
        const NOW: i64 = 1_000_000_000_000;
        let seconds = |value| retry_after(429, Some(value), NOW).map(|until| (until - NOW) / 1000);
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("999999999"), Some(24 * 60 * 60));
        assert_eq!(seconds("Sun, 09 Sep 2001 01:48:40 GMT"), Some(120));
        for none in ["0", "-5", "", "soon", "Sun, 09 Sep 2001 01:46:00 GMT"] {
            assert_eq!(seconds(none), None, "{none}");
        }
        assert_eq!(retry_after(500, Some("120"), NOW), None);
        assert_eq!(retry_after(503, Some("120"), NOW), Some(NOW + 120_000));
        assert_eq!(DEFAULT.due_at(1, "msg_1", NOW, Some(NOW + 120_000)), Some(NOW + 120_000));
        let later = DEFAULT.due_at(18, "msg_1", NOW, Some(NOW + 120_000)).unwrap();
        assert!(later > NOW + 3_600_000, "the longer of both counts");
        assert_eq!(DEFAULT.due_at(19, "msg_1", NOW, Some(NOW + 120_000)), None);
    }

    proptest! {
        #[test]
        fn an_hour_or_a_day_away_is_no_dead_letter(id in ".{0,9}") {
            let total: u64 = waits(&DEFAULT, &id).iter().sum();
            prop_assert!(total >= 24 * 60 * 60 * 1000, "{}", total);
        }

        #[test]
        fn no_wait_is_longer_than_the_longest(attempts in 1..u32::MAX, id in ".{0,9}", max in 1_000..u64::MAX) {
            let retry = Retry { max_retries: u32::MAX, max_ms: max, ..DEFAULT };
            let wait = retry.wait_ms(attempts, &id).unwrap();
            prop_assert!(wait <= max);
        }

        #[test]
        fn any_header_is_answered(value in ".{0,40}", now in 0..i64::MAX / 2) {
            let until = retry_after(503, Some(&value), now);
            prop_assert!(until.is_none_or(|until| until > now && until <= now + MAX_RETRY_AFTER_MS));
        }
    }
}
