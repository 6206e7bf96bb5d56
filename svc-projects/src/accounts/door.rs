//! What goes wrong at the door of the dashboard, counted in the database, so that every process knows. A closed door opens
//! again by itself, later each time.
//!
//! A wrong password counts against the account as seen from the network it came from, so that a stranger elsewhere does
//! not close the door for its owner, and against the account from everywhere, with a much higher bound, so that many
//! networks together cannot guess on. A browser somebody signed in with before proves it with a token of its own and is
//! counted for itself alone ("device cookies", OWASP: Slow Down Online Guessing Attacks with Device Cookies).

use std::net::IpAddr;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use blob::Purpose;
use proto::accounts as wire;
use subtle::ConstantTimeEq;

use super::Accounts;
use crate::{error::Error, secret};

const BUCKET: Purpose = Purpose("count failures at the door of the dashboard");
const DEVICE: Purpose = Purpose("know a browser that signed in before");

/// Mistakes that cost nothing: of one account from one network, of a browser that was in before, of an account from
/// everywhere, and from one address, behind which may be an office.
const FREE_OF_PAIR: i64 = 5;
const FREE_OF_DEVICE: i64 = 10;
const FREE_OF_ACCOUNT: i64 = 100;
const FREE_OF_ADDRESS: i64 = 30;
/// Of somebody who is known already and is asked again: passwords and codes together.
const FREE_INSIDE: i64 = 5;
/// The longest a door stays closed.
const LONGEST_BLOCK_MS: i64 = 15 * 60 * 1000;
/// A browser nobody signed in with for so long is a stranger again.
const DEVICE_MS: i64 = 180 * 24 * 60 * 60 * 1000;
const MAX_DEVICE: usize = 200;

/// How long the door closes after so many failures: a second, then twice as long each time.
fn block(failures: i64, free: i64) -> i64 {
    match failures - free {
        ..=0 => 0,
        over => 1000_i64
            .checked_shl(u32::try_from(over - 1).unwrap_or(32).min(32))
            .unwrap_or(LONGEST_BLOCK_MS)
            .min(LONGEST_BLOCK_MS),
    }
}

/// What one household or server has: an IPv4 address, or the 64 bits of network of an IPv6 one.
fn household(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(v6)) => format!("{:x}", v6.to_bits() >> 64),
        Ok(IpAddr::V4(v4)) => v4.to_string(),
        Err(_) => address.to_owned(),
    }
}

fn seconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(1000).max(1)
}

/// One counter, and how many failures it lets pass.
struct Counter {
    bucket: String,
    free: i64,
    /// Nobody else's failures are counted here: whoever comes in is forgiven all of them, and not the last one alone.
    own: bool,
}

/// Where an attempt is counted.
pub struct Door {
    counters: Vec<Counter>,
    /// Those that count instead when the first of the others is closed: a known browser that guessed is a stranger.
    otherwise: Vec<Counter>,
}

/// What a door answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knock {
    /// For so many seconds.
    Closed(u64),
    /// The attempt is counted as failed until it is forgiven; as failed, it closes the door for so many milliseconds.
    Open { closes_for: i64 },
}

impl Accounts {
    fn counter(&self, kind: &str, value: &str, free: i64, own: bool) -> Result<Counter, Error> {
        let made = self.ring.fingerprints(BUCKET, format!("{kind}:{value}").as_bytes())?;
        Ok(Counter { bucket: made.first().map(hex::encode).unwrap_or_default(), free, own })
    }

    /// Where anybody stands: the address alone. No counter, when nobody knows it.
    pub(super) fn street_door(&self, client: Option<&wire::Client>) -> Result<Door, Error> {
        let address = client.map(|client| client.address.as_str()).filter(|address| !address.is_empty());
        let counter = address
            .map(|address| self.counter("address", &household(address), FREE_OF_ADDRESS, false))
            .transpose()?;
        Ok(Door { counters: counter.into_iter().collect(), otherwise: Vec::new() })
    }

    /// The counters of an address, as seen from a network.
    pub(super) fn door(&self, account: &str, client: Option<&wire::Client>) -> Result<Door, Error> {
        let mut counters = self.street_door(client)?.counters;
        counters.extend(self.of_account(account, client)?);
        Ok(Door { counters, otherwise: Vec::new() })
    }

    /// The counters of a user in a browser they signed in with before; those of a stranger once these are used up. `None`: it
    /// is a stranger's browser.
    pub(super) fn door_of_device(
        &self,
        user_id: &str,
        strangers: Door,
        device: &str,
        now_ms: i64,
    ) -> Result<Option<Door>, Error> {
        let Some(nonce) = self.known_device(user_id, device, now_ms)? else { return Ok(None) };
        let known = self.counter("device", &format!("{nonce}:{user_id}"), FREE_OF_DEVICE, true)?;
        Ok(Some(Door { counters: vec![known], otherwise: strangers.counters }))
    }

    fn of_account(&self, account: &str, client: Option<&wire::Client>) -> Result<[Counter; 2], Error> {
        let network = client.map(|client| household(&client.address)).unwrap_or_default();
        let pair = self.counter("pair", &format!("{network}:{account}"), FREE_OF_PAIR, true)?;
        Ok([pair, self.counter("account", account, FREE_OF_ACCOUNT, false)?])
    }

    /// Where somebody known is asked again for a password or a code: wherever they are, counted for the account.
    pub(super) fn inner_door(&self, user_id: &str) -> Result<Door, Error> {
        let counters = vec![self.counter("inside", user_id, FREE_INSIDE, true)?];
        Ok(Door { counters, otherwise: Vec::new() })
    }

    /// Counts an attempt at this door.
    pub(super) async fn knock(&self, door: &mut Door, now_ms: i64) -> Result<Knock, Error> {
        match self.knock_all(&door.counters, now_ms).await? {
            Knock::Closed(_) if !door.otherwise.is_empty() => {
                door.counters = std::mem::take(&mut door.otherwise);
                self.knock_all(&door.counters, now_ms).await
            }
            knock => Ok(knock),
        }
    }

    async fn knock_all(&self, counters: &[Counter], now_ms: i64) -> Result<Knock, Error> {
        let mut closes_for = 0;
        for (at, counter) in counters.iter().enumerate() {
            match self.store.attempt(&counter.bucket, now_ms, |n| block(n, counter.free)).await? {
                Ok(closed_for) => closes_for = closes_for.max(closed_for),
                Err(until) => {
                    // It was no attempt then: those before do not count it either.
                    for counted in &counters[..at] {
                        self.store.forgive(&counted.bucket).await?;
                    }
                    return Ok(Knock::Closed(seconds(until - now_ms)));
                }
            }
        }
        Ok(Knock::Open { closes_for })
    }

    /// The attempt was none that failed.
    pub(super) async fn forgive(&self, door: &Door) -> Result<(), Error> {
        for counter in &door.counters {
            self.store.forgive(&counter.bucket).await?;
        }
        Ok(())
    }

    /// Somebody came in.
    pub(super) async fn welcome(&self, door: &Door) -> Result<(), Error> {
        for counter in &door.counters {
            if counter.own {
                self.store.forget_failures(&counter.bucket).await?;
            } else {
                self.store.forgive(&counter.bucket).await?;
            }
        }
        Ok(())
    }

    /// Somebody is let in again who was shut out: from where they are, all is forgotten.
    pub(super) async fn reopen(
        &self,
        account: &str,
        user_id: &str,
        client: Option<&wire::Client>,
    ) -> Result<(), Error> {
        let (outer, inner) = (self.of_account(account, client)?, self.inner_door(user_id)?);
        for counter in outer.iter().chain(&inner.counters) {
            self.store.forget_failures(&counter.bucket).await?;
        }
        Ok(())
    }

    /// What a browser keeps to be known to this user: `<when, ms>.<random>.<keyed hash>`. Of the user and not of the address:
    /// who has an account of the same address elsewhere is a stranger to this one.
    pub(super) fn device_token(&self, user_id: &str, now_ms: i64) -> Result<String, Error> {
        let named = format!("{now_ms}.{}", secret::token()?);
        let mark = self.device_marks(user_id, &named)?.into_iter().next().unwrap_or_default();
        Ok(format!("{named}.{mark}"))
    }

    /// The random part of a token made for this user, lately enough.
    fn known_device(&self, user_id: &str, token: &str, now_ms: i64) -> Result<Option<String>, Error> {
        let Some((named, mark)) = token.rsplit_once('.').filter(|_| token.len() <= MAX_DEVICE) else {
            return Ok(None);
        };
        let made = self.device_marks(user_id, named)?;
        let right = made.iter().any(|m| bool::from(m.as_bytes().ct_eq(mark.as_bytes())));
        let at = named.split_once('.').and_then(|(at, nonce)| Some((at.parse::<i64>().ok()?, nonce)));
        let lately = at.filter(|(at, _)| now_ms.saturating_sub(*at) < DEVICE_MS);
        Ok(lately.filter(|_| right).map(|(_, nonce)| nonce.to_owned()))
    }

    fn device_marks(&self, user_id: &str, named: &str) -> Result<Vec<String>, Error> {
        let made = self.ring.fingerprints(DEVICE, format!("{named}:{user_id}").as_bytes())?;
        Ok(made.into_iter().map(|mark| BASE64_URL_SAFE_NO_PAD.encode(mark)).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_door_closes_longer_each_time() {
        let seconds: Vec<i64> = (4..10).map(|failures| block(failures, FREE_OF_PAIR) / 1000).collect();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 8]);
        assert_eq!(block(i64::MAX, 0), LONGEST_BLOCK_MS);
    }

    #[test]
    fn a_network_is_what_one_household_has() {
        assert_eq!(household("2001:db8:1:2::7"), household("2001:db8:1:2:ffff::1"));
        assert_ne!(household("2001:db8:1:2::7"), household("2001:db8:1:3::7"));
        assert_ne!(household("203.0.113.7"), household("203.0.113.8"));
    }

    proptest! {
        #[test]
        fn more_failures_never_close_it_for_less(a in 0_i64..1000, b in 0_i64..1000) {
            prop_assert!(block(a.max(b), 5) >= block(a.min(b), 5));
        }
    }
}
