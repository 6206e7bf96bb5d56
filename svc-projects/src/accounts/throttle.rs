//! Throttling of sign-in and re-authentication. Failures are counted in the database, so that every process sees
//! them; each lockout is longer than the one before.
//!
//! A wrong password counts against the account as seen from the client's network, so that other networks do not lock
//! its owner out, and against the account from everywhere, with a much higher allowance, so that many networks
//! together cannot keep guessing. A browser that signed in before presents a device token and is counted separately
//! ("device cookies", OWASP: Slow Down Online Guessing Attacks with Device Cookies).

use std::net::IpAddr;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use blob::Purpose;
use proto::accounts as wire;
use subtle::ConstantTimeEq;

use super::Accounts;
use crate::{error::Error, secret};

// Both texts are part of stored hashes.
const BUCKET: Purpose = Purpose("count failures at the door of the dashboard");
const DEVICE: Purpose = Purpose("know a browser that signed in before");

/// Failures without a lockout: of one account from one network, of a browser with a device token, of an account from
/// everywhere, and from one address, which may be shared by an office.
const PAIR_ALLOWANCE: i64 = 5;
const DEVICE_ALLOWANCE: i64 = 10;
const ACCOUNT_ALLOWANCE: i64 = 100;
const ADDRESS_ALLOWANCE: i64 = 30;
/// Of a signed-in user who re-authenticates: passwords and codes together.
const REAUTHENTICATION_ALLOWANCE: i64 = 5;
const MAX_LOCKOUT_MS: i64 = 15 * 60 * 1000;
/// Lifetime of a device token.
const DEVICE_TOKEN_MS: i64 = 180 * 24 * 60 * 60 * 1000;
const MAX_DEVICE_TOKEN_BYTES: usize = 200;

/// Returns the lockout after so many failures: a second, then twice as long each time.
fn lockout_ms(failures: i64, allowance: i64) -> i64 {
    match failures - allowance {
        ..=0 => 0,
        over => 1000_i64
            .checked_shl(u32::try_from(over - 1).unwrap_or(32).min(32))
            .unwrap_or(MAX_LOCKOUT_MS)
            .min(MAX_LOCKOUT_MS),
    }
}

/// Returns the network of one client: an IPv4 address, or the /64 prefix of an IPv6 one.
fn network_prefix(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(v6)) => format!("{:x}", v6.to_bits() >> 64),
        Ok(IpAddr::V4(v4)) => v4.to_string(),
        Err(_) => address.to_owned(),
    }
}

fn seconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(1000).max(1)
}

/// One counter of failures.
struct Counter {
    bucket: String,
    allowance: i64,
    /// Counts this user's failures only: a success clears all of them, not just the last.
    exclusive: bool,
}

/// The counters of an attempt.
pub struct Throttle {
    counters: Vec<Counter>,
    /// Used once the others are locked: a browser whose device token is exhausted counts as unknown.
    fallback: Vec<Counter>,
}

/// Whether an attempt is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    Locked {
        retry_after_seconds: u64,
    },
    /// It counts as failed until it is cancelled; as failed, it causes a lockout of this length.
    Allowed {
        lockout_ms: i64,
    },
}

impl Accounts {
    fn counter(&self, kind: &str, value: &str, allowance: i64, exclusive: bool) -> Result<Counter, Error> {
        let hashes = self.ring.fingerprints(BUCKET, format!("{kind}:{value}").as_bytes())?;
        Ok(Counter { bucket: hashes.first().map(hex::encode).unwrap_or_default(), allowance, exclusive })
    }

    /// Counts by client address alone; without a known address, not at all.
    pub(super) fn address_throttle(&self, client: Option<&wire::Client>) -> Result<Throttle, Error> {
        let address = client.map(|client| client.address.as_str()).filter(|address| !address.is_empty());
        let counter = address
            .map(|address| self.counter("address", &network_prefix(address), ADDRESS_ALLOWANCE, false))
            .transpose()?;
        Ok(Throttle { counters: counter.into_iter().collect(), fallback: Vec::new() })
    }

    /// Counts by client address and by account.
    pub(super) fn account_throttle(
        &self,
        account: &str,
        client: Option<&wire::Client>,
    ) -> Result<Throttle, Error> {
        let mut counters = self.address_throttle(client)?.counters;
        counters.extend(self.account_counters(account, client)?);
        Ok(Throttle { counters, fallback: Vec::new() })
    }

    /// Counts by device token, then like `strangers`. `None`: the browser has no valid token of this user.
    pub(super) fn device_throttle(
        &self,
        user_id: &str,
        strangers: Throttle,
        device: &str,
        now_ms: i64,
    ) -> Result<Option<Throttle>, Error> {
        let Some(nonce) = self.verify_device_token(user_id, device, now_ms)? else { return Ok(None) };
        let known = self.counter("device", &format!("{nonce}:{user_id}"), DEVICE_ALLOWANCE, true)?;
        Ok(Some(Throttle { counters: vec![known], fallback: strangers.counters }))
    }

    fn account_counters(&self, account: &str, client: Option<&wire::Client>) -> Result<[Counter; 2], Error> {
        let network = client.map(|client| network_prefix(&client.address)).unwrap_or_default();
        let pair = self.counter("pair", &format!("{network}:{account}"), PAIR_ALLOWANCE, true)?;
        Ok([pair, self.counter("account", account, ACCOUNT_ALLOWANCE, false)?])
    }

    /// Counts the passwords and codes of a signed-in user, from every address.
    pub(super) fn reauthentication_throttle(&self, user_id: &str) -> Result<Throttle, Error> {
        let counters = vec![self.counter("inside", user_id, REAUTHENTICATION_ALLOWANCE, true)?];
        Ok(Throttle { counters, fallback: Vec::new() })
    }

    /// Counts an attempt as failed, or rejects it.
    pub(super) async fn begin_attempt(&self, throttle: &mut Throttle, now_ms: i64) -> Result<Attempt, Error> {
        match self.count_attempt(&throttle.counters, now_ms).await? {
            Attempt::Locked { .. } if !throttle.fallback.is_empty() => {
                throttle.counters = std::mem::take(&mut throttle.fallback);
                self.count_attempt(&throttle.counters, now_ms).await
            }
            attempt => Ok(attempt),
        }
    }

    async fn count_attempt(&self, counters: &[Counter], now_ms: i64) -> Result<Attempt, Error> {
        let mut longest_ms = 0;
        for (at, counter) in counters.iter().enumerate() {
            let lockout = |failures| lockout_ms(failures, counter.allowance);
            match self.store.count_failure(&counter.bucket, now_ms, lockout).await? {
                Ok(lockout_ms) => longest_ms = longest_ms.max(lockout_ms),
                Err(locked_until) => {
                    // The attempt is not made, so it is removed from the earlier counters.
                    for counted in &counters[..at] {
                        self.store.cancel_failure(&counted.bucket).await?;
                    }
                    return Ok(Attempt::Locked { retry_after_seconds: seconds(locked_until - now_ms) });
                }
            }
        }
        Ok(Attempt::Allowed { lockout_ms: longest_ms })
    }

    /// Removes the attempt from the counters of failures.
    pub(super) async fn cancel_attempt(&self, throttle: &Throttle) -> Result<(), Error> {
        for counter in &throttle.counters {
            self.store.cancel_failure(&counter.bucket).await?;
        }
        Ok(())
    }

    /// Clears the failures after a successful sign-in.
    pub(super) async fn clear_failures(&self, throttle: &Throttle) -> Result<(), Error> {
        for counter in &throttle.counters {
            if counter.exclusive {
                self.store.clear_failures(&counter.bucket).await?;
            } else {
                self.store.cancel_failure(&counter.bucket).await?;
            }
        }
        Ok(())
    }

    /// Clears the failures of an account after a reset, as seen from the network of `client`.
    pub(super) async fn unlock_account(
        &self,
        account: &str,
        user_id: &str,
        client: Option<&wire::Client>,
    ) -> Result<(), Error> {
        let sign_in = self.account_counters(account, client)?;
        let reauthentication = self.reauthentication_throttle(user_id)?;
        for counter in sign_in.iter().chain(&reauthentication.counters) {
            self.store.clear_failures(&counter.bucket).await?;
        }
        Ok(())
    }

    /// Returns a new device token of this user, `<time, ms>.<random>.<MAC>`. It identifies the user and not the
    /// address: an account of the same address in another organisation is another user.
    pub(super) fn device_token(&self, user_id: &str, now_ms: i64) -> Result<String, Error> {
        let content = format!("{now_ms}.{}", secret::token()?);
        let mac = self.device_macs(user_id, &content)?.into_iter().next().unwrap_or_default();
        Ok(format!("{content}.{mac}"))
    }

    /// Returns the random part of a valid device token of this user.
    fn verify_device_token(&self, user_id: &str, token: &str, now_ms: i64) -> Result<Option<String>, Error> {
        let Some((content, mac)) = token.rsplit_once('.').filter(|_| token.len() <= MAX_DEVICE_TOKEN_BYTES)
        else {
            return Ok(None);
        };
        let expected = self.device_macs(user_id, content)?;
        let is_valid = expected.iter().any(|m| bool::from(m.as_bytes().ct_eq(mac.as_bytes())));
        let parts = content.split_once('.').and_then(|(at, nonce)| Some((at.parse::<i64>().ok()?, nonce)));
        let fresh = parts.filter(|(at, _)| now_ms.saturating_sub(*at) < DEVICE_TOKEN_MS);
        Ok(fresh.filter(|_| is_valid).map(|(_, nonce)| nonce.to_owned()))
    }

    fn device_macs(&self, user_id: &str, content: &str) -> Result<Vec<String>, Error> {
        let macs = self.ring.fingerprints(DEVICE, format!("{content}:{user_id}").as_bytes())?;
        Ok(macs.into_iter().map(|mac| BASE64_URL_SAFE_NO_PAD.encode(mac)).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_lockout_is_longer() {
        let seconds: Vec<i64> = (4..10).map(|failures| lockout_ms(failures, PAIR_ALLOWANCE) / 1000).collect();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 8]);
        assert_eq!(lockout_ms(i64::MAX, 0), MAX_LOCKOUT_MS);
    }

    #[test]
    fn clients_of_one_ipv6_prefix_are_one_network() {
        assert_eq!(network_prefix("2001:db8:1:2::7"), network_prefix("2001:db8:1:2:ffff::1"));
        assert_ne!(network_prefix("2001:db8:1:2::7"), network_prefix("2001:db8:1:3::7"));
        assert_ne!(network_prefix("203.0.113.7"), network_prefix("203.0.113.8"));
    }

    proptest! {
        #[test]
        fn more_failures_never_shorten_a_lockout(a in 0_i64..1000, b in 0_i64..1000) {
            prop_assert!(lockout_ms(a.max(b), 5) >= lockout_ms(a.min(b), 5));
        }
    }
}
