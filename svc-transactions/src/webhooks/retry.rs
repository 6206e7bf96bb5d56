//! When a failed delivery is tried again.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Exponential back-off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    pub max_retries: u32,
    pub initial_ms: u64,
    pub max_ms: u64,
}

/// Each wait is that many times the one before.
pub const MULTIPLIER: u32 = 2;

impl Retry {
    /// Milliseconds to wait after the failed attempt number `attempts` (1 is the first); None: given up. What failed
    /// together comes back spread over another quarter of the wait, by `id`, and never later than the longest wait.
    pub fn wait_ms(&self, attempts: u32, id: &str) -> Option<u64> {
        if attempts > self.max_retries {
            return None;
        }
        let times = u64::from(MULTIPLIER).saturating_pow(attempts.saturating_sub(1));
        let wait = self.initial_ms.saturating_mul(times).min(self.max_ms);
        let mut hash = DefaultHasher::new();
        (id, attempts).hash(&mut hash);
        let spread = hash.finish() % (wait / 4 + 1);
        Some(wait.saturating_add(spread).min(self.max_ms))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONTRACT: Retry = Retry { max_retries: 5, initial_ms: 1_000, max_ms: 300_000 };

    #[test]
    fn five_retries_after_one_two_four_eight_sixteen_seconds() {
        for (attempts, seconds) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16)] {
            let wait = CONTRACT.wait_ms(attempts, "msg_1").unwrap();
            assert!((seconds * 1000..=seconds * 1250).contains(&wait), "{attempts}: {wait}");
        }
        assert_eq!(CONTRACT.wait_ms(6, "msg_1"), None);
    }

    #[test]
    fn what_failed_together_comes_back_apart() {
        let waits: std::collections::BTreeSet<_> =
            (0..100).map(|i| CONTRACT.wait_ms(5, &format!("msg_{i}"))).collect();
        assert!(waits.len() > 90, "{waits:?}");
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_longest(attempts in 1..u32::MAX, id in ".{0,9}", max in 1_000..u64::MAX) {
            let retry = Retry { max_retries: u32::MAX, max_ms: max, ..CONTRACT };
            let wait = retry.wait_ms(attempts, &id).unwrap();
            prop_assert!((1_000..=max).contains(&wait));
        }
    }
}
