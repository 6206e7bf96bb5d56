//! Coming in: a password, then a second factor where there is one. What goes wrong is counted by account and by address
//! in the database, so that every process knows; a closed door opens again by itself, later each time.

use std::net::IpAddr;

use blob::Purpose;
use proto::accounts as wire;
use uuid::Uuid;

use super::Accounts;
use crate::{
    api_key::UserId,
    error::Error,
    person::Email,
    secret,
    service::now_ms,
    store::{NewSession, UserRow},
};

pub const CLIENT: Purpose = Purpose("encrypt where a dashboard session is");
const BUCKET: Purpose = Purpose("count failures at the door of the dashboard");

/// A session ends after so long, however busy it is; one without its second factor much sooner.
const SESSION_MS: i64 = 12 * 60 * 60 * 1000;
const HALF_OPEN_MS: i64 = 10 * 60 * 1000;
/// Mistakes that cost nothing: of one account, and from one address, behind which may be an office.
const FREE_OF_ACCOUNT: i64 = 5;
const FREE_OF_ADDRESS: i64 = 30;
/// The longest a door stays closed.
const LONGEST_BLOCK_MS: i64 = 15 * 60 * 1000;
const MAX_USER_AGENT: usize = 300;
const MAX_PASSWORD: usize = 4096;

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

/// Where an attempt is counted.
pub struct Door {
    account: String,
    /// None: who asks is signed in already, or nobody knows from where.
    address: Option<String>,
}

impl Accounts {
    pub(super) fn door(&self, account: &str, client: Option<&wire::Client>) -> Result<Door, Error> {
        let address = client.map(|client| client.address.as_str()).unwrap_or_default();
        let bucket = |kind: &str, value: &str| -> Result<String, Error> {
            let made = self.ring.fingerprints(BUCKET, format!("{kind}:{value}").as_bytes())?;
            Ok(made.first().map(hex::encode).unwrap_or_default())
        };
        let known = Some(address).filter(|address| !address.is_empty());
        let address = known.map(|address| bucket("address", &household(address))).transpose()?;
        Ok(Door { account: bucket("account", account)?, address })
    }

    /// Counts an attempt at this door; when it is closed, what to answer.
    pub(super) async fn knock(
        &self,
        door: &Door,
        now_ms: i64,
    ) -> Result<Option<wire::SignInResponse>, Error> {
        let mut wait = self.knock_address(door, now_ms).await?;
        if wait.is_none()
            && let Err(until) =
                self.store.attempt(&door.account, now_ms, |n| block(n, FREE_OF_ACCOUNT)).await?
        {
            self.forgive_address(door).await?;
            wait = Some(seconds(until - now_ms));
        }
        Ok(wait.map(|wait| outcome(wire::sign_in_response::Outcome::Wait, wait)))
    }

    /// Counts an attempt from this address alone; when it may make none now, for how many seconds.
    pub(super) async fn knock_address(&self, door: &Door, now_ms: i64) -> Result<Option<u64>, Error> {
        let Some(address) = &door.address else { return Ok(None) };
        let counted = self.store.attempt(address, now_ms, |n| block(n, FREE_OF_ADDRESS)).await?;
        Ok(counted.err().map(|until| seconds(until - now_ms)))
    }

    pub(super) async fn forgive_address(&self, door: &Door) -> Result<(), Error> {
        match &door.address {
            Some(address) => self.store.forgive(address).await,
            None => Ok(()),
        }
    }

    /// The attempt was none that failed.
    pub(super) async fn forgive(&self, door: &Door) -> Result<(), Error> {
        self.store.forgive(&door.account).await?;
        self.forgive_address(door).await
    }

    /// Somebody came in.
    pub(super) async fn welcome(&self, door: &Door) -> Result<(), Error> {
        self.store.forget_failures(&door.account).await?;
        self.forgive_address(door).await
    }

    pub(super) async fn enter(&self, request: wire::SignInRequest) -> Result<wire::SignInResponse, Error> {
        let now = now_ms();
        // What is no address has no account either, and is counted like one.
        let email = Email::parse(&request.email).ok();
        let door = self.door(email.as_ref().map_or("", Email::as_str), request.client.as_ref())?;
        if let Some(closed) = self.knock(&door, now).await? {
            return Ok(closed);
        }
        let user = match &email {
            Some(email) => self.by_email(email).await?,
            None => None,
        };
        let too_long = request.password.len() > MAX_PASSWORD;
        let given = if too_long { "" } else { request.password.as_str() };
        let right = match self.knows_password(user.as_ref(), given).await {
            Ok(right) => right && !too_long,
            Err(error) => {
                self.forgive(&door).await?;
                return Err(error);
            }
        };
        let Some(user) = user.filter(|_| right) else {
            return Ok(outcome(wire::sign_in_response::Outcome::Wrong, 0));
        };
        if !request.replaces.is_empty() {
            self.store.end_session_of_token(&secret::hash(&request.replaces)).await?;
        }
        self.store.sweep_sign_in(now).await?;
        if user.sealed_totp.is_some() {
            // Nothing went wrong, but the account's earlier failures stay until the second factor is right too.
            self.forgive(&door).await?;
            return self.open(&user, request.client.as_ref(), true).await;
        }
        self.welcome(&door).await?;
        self.open(&user, request.client.as_ref(), false).await
    }

    /// A new session with a token of its own: one that was known before cannot become anybody's.
    pub(super) async fn open(
        &self,
        user: &UserRow,
        client: Option<&wire::Client>,
        half_open: bool,
    ) -> Result<wire::SignInResponse, Error> {
        let now = now_ms();
        let (id, token) = (Uuid::now_v7().to_string(), secret::token()?);
        let user_agent: String = client
            .map(|c| c.user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect())
            .unwrap_or_default();
        let address = client.map(|client| client.address.clone()).unwrap_or_default();
        let place = serde_json::json!({"address": address, "user_agent": user_agent}).to_string();
        let session = NewSession {
            id: &id,
            user: &UserId::parse(&user.id)?,
            token_hash: &secret::hash(&token),
            half_open,
            sealed: &self.ring.seal(CLIENT, id.as_bytes(), place.as_bytes())?,
            created_at: now,
            expires_at: now + if half_open { HALF_OPEN_MS } else { SESSION_MS },
        };
        self.store.open_session(&session).await?;
        let outcome = if half_open {
            wire::sign_in_response::Outcome::SecondFactor
        } else {
            wire::sign_in_response::Outcome::SignedIn
        };
        Ok(wire::SignInResponse { outcome: outcome.into(), token, retry_after_seconds: 0 })
    }
}

pub(super) fn outcome(
    outcome: wire::sign_in_response::Outcome,
    retry_after_seconds: u64,
) -> wire::SignInResponse {
    wire::SignInResponse { outcome: outcome.into(), token: String::new(), retry_after_seconds }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_door_closes_longer_each_time() {
        let seconds: Vec<i64> = (4..10).map(|failures| block(failures, FREE_OF_ACCOUNT) / 1000).collect();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 8]);
        assert_eq!(block(i64::MAX, 0), LONGEST_BLOCK_MS);
    }

    proptest! {
        #[test]
        fn more_failures_never_close_it_for_less(a in 0_i64..1000, b in 0_i64..1000) {
            prop_assert!(block(a.max(b), 5) >= block(a.min(b), 5));
        }
    }
}
