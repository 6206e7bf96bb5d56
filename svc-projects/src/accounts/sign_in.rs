//! Sign-in: a password, then a second factor if enabled.

use blob::Purpose;
use proto::accounts as wire;
use serde_json::json;
use uuid::Uuid;

use super::{
    Accounts, change,
    throttle::{Attempt, Throttle},
};
use crate::{
    api_key::UserId,
    audit::{Actor, Change},
    error::Error,
    person::Email,
    secret,
    store::{NewSession, UserRow},
};

pub const CLIENT: Purpose = Purpose("encrypt where a dashboard session is");

/// Lifetime of a session, regardless of activity; much shorter without its second factor.
const SESSION_MS: i64 = 12 * 60 * 60 * 1000;
const HALF_OPEN_MS: i64 = 10 * 60 * 1000;
const MAX_USER_AGENT: usize = 300;
const MAX_PASSWORD: usize = 4096;

/// The reason for opening a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The second factor is still required.
    HalfOpen,
    /// Signed in with a password, or by a link.
    Password,
    /// Signed in with both factors.
    SecondFactor,
    /// Changed the password while signed in.
    Continued,
}

/// The result of a password attempt.
enum Tried {
    Correct(Throttle, Box<UserRow>),
    Wrong,
    Locked { retry_after_seconds: u64 },
}

impl Accounts {
    pub(super) async fn sign_in(&self, request: wire::SignInRequest) -> Result<wire::SignInResponse, Error> {
        let now = self.store.now_ms();
        // Text that is not an address has no account, and is counted like one without an account.
        let email = Email::parse(&request.email).ok();
        let account = email.as_ref().map_or("", Email::as_str);
        let accounts = match &email {
            Some(email) => self.find_accounts(email).await?,
            None => Vec::new(),
        };
        let is_only_account = accounts.len() == 1;
        let client = request.client.as_ref();
        let (mut known, mut strangers) = (None, Vec::new());
        for user in accounts {
            let stranger = self.account_throttle(account, client)?;
            match self.device_throttle(&user.id, stranger, &request.device, now)? {
                Some(throttle) => known = Some((throttle, user)),
                None => strangers.push(user),
            }
        }
        let mut tried = Tried::Wrong;
        let is_known = known.is_some();
        if let Some((throttle, user)) = known {
            tried = self.try_password(throttle, vec![user], &request, now).await?;
        }
        // The browser of one account may sign in to another one of the same address without a device token.
        if matches!(tried, Tried::Wrong) && (!is_known || !strangers.is_empty()) {
            let throttle = self.account_throttle(account, client)?;
            tried = self.try_password(throttle, strangers, &request, now).await?;
        }
        let (throttle, user) = match tried {
            Tried::Correct(throttle, user) => (throttle, *user),
            Tried::Wrong => return Ok(outcome(wire::sign_in_response::Outcome::Wrong, 0)),
            Tried::Locked { retry_after_seconds } => {
                return Ok(outcome(wire::sign_in_response::Outcome::Wait, retry_after_seconds));
            }
        };
        if !request.replaces.is_empty() {
            self.store.end_session_of_token(&secret::hash(&request.replaces)).await?;
        }
        self.store.sweep_sign_in(now).await?;
        if user.sealed_totp.is_some() || !is_only_account {
            // The attempt did not fail, but the account's earlier failures stay until the second factor is right too;
            // those of an address with several accounts stay, because the password of one says nothing about
            // another's.
            self.cancel_attempt(&throttle).await?;
        } else {
            self.clear_failures(&throttle).await?;
        }
        let opening = if user.sealed_totp.is_some() { Opening::HalfOpen } else { Opening::Password };
        self.open_session(&user, request.client.as_ref(), opening).await
    }

    /// Tries a password on each of `accounts`; without any, takes as long.
    async fn try_password(
        &self,
        mut throttle: Throttle,
        accounts: Vec<UserRow>,
        request: &wire::SignInRequest,
        now: i64,
    ) -> Result<Tried, Error> {
        let lockout_ms = match self.begin_attempt(&mut throttle, now).await? {
            Attempt::Locked { retry_after_seconds } => return Ok(Tried::Locked { retry_after_seconds }),
            Attempt::Allowed { lockout_ms } => lockout_ms,
        };
        let too_long = request.password.len() > MAX_PASSWORD;
        let given = if too_long { "" } else { request.password.as_str() };
        let mut users = accounts.into_iter().map(Some).collect::<Vec<_>>();
        if users.is_empty() {
            users.push(None);
        }
        for user in &users {
            match self.verify_password(user.as_ref(), given).await {
                Ok(right) if right && !too_long => {
                    let Some(user) = user.clone() else { continue };
                    return Ok(Tried::Correct(throttle, Box::new(user)));
                }
                Ok(_) => {}
                Err(error) => {
                    self.cancel_attempt(&throttle).await?;
                    return Err(error);
                }
            }
        }
        let address = request.client.as_ref().map(|client| client.address.as_str()).unwrap_or_default();
        for user in users.iter().flatten() {
            self.log_failure(user, "user.sign_in_failed", lockout_ms, Some(address));
        }
        Ok(Tried::Wrong)
    }

    /// Opens a session with a new token, so that a token known before cannot become a session.
    pub(super) async fn open_session(
        &self,
        user: &UserRow,
        client: Option<&wire::Client>,
        opening: Opening,
    ) -> Result<wire::SignInResponse, Error> {
        let now = self.store.now_ms();
        let half_open = opening == Opening::HalfOpen;
        let (id, token) = (Uuid::now_v7().to_string(), secret::token()?);
        let user_agent: String = client
            .map(|c| c.user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect())
            .unwrap_or_default();
        let address = client.map(|client| client.address.clone()).unwrap_or_default();
        let place = json!({"address": address, "user_agent": user_agent}).to_string();
        let session = NewSession {
            id: &id,
            user: &UserId::parse(&user.id)?,
            token_hash: &secret::hash(&token),
            half_open,
            sealed: &self.ring.seal(CLIENT, id.as_bytes(), place.as_bytes())?,
            created_at: now,
            expires_at: now + if half_open { HALF_OPEN_MS } else { SESSION_MS },
        };
        let is_sign_in = matches!(opening, Opening::Password | Opening::SecondFactor);
        let entry = is_sign_in.then(|| Change {
            actor: Actor::user(&user.id),
            after: Some(json!({"session": id, "address": address,
                               "second_factor": opening == Opening::SecondFactor})),
            ..change(&user.organisation_id, "user.signed_in", &user.id)
        });
        self.store.open_session(&session, entry).await?;
        if half_open {
            let outcome = wire::sign_in_response::Outcome::SecondFactor;
            return Ok(wire::SignInResponse { outcome: outcome.into(), token, ..Default::default() });
        }
        let outcome = wire::sign_in_response::Outcome::SignedIn.into();
        Ok(wire::SignInResponse {
            outcome,
            token,
            device: self.device_token(&user.id, now)?,
            ..Default::default()
        })
    }
}

pub(super) fn outcome(
    outcome: wire::sign_in_response::Outcome,
    retry_after_seconds: u64,
) -> wire::SignInResponse {
    wire::SignInResponse { outcome: outcome.into(), retry_after_seconds, ..Default::default() }
}
