//! The second factor: codes of an authenticator (TOTP, RFC 6238: SHA-1, six digits, 30 seconds), and recovery codes
//! when it is lost. A code is accepted once, and no code of an earlier time step after it.

use blob::Purpose;
use proto::accounts as wire;
use totp_rs::{Builder, Secret, Totp};

use super::{
    Accounts, change,
    sign_in::{Opening, outcome},
    throttle::Attempt,
};
use crate::{api_key::UserId, error::Error, secret, store::UserRow};

pub const TOTP: Purpose = Purpose("encrypt the second factor of a dashboard user");
pub const RECOVERY: Purpose = Purpose("name a recovery code of a dashboard user");
const CODES: usize = 10;
const ISSUER: &str = "Biometry";

impl Accounts {
    pub(super) async fn second_factor(
        &self,
        request: wire::SecondFactorRequest,
    ) -> Result<wire::SignInResponse, Error> {
        let now = self.store.now_ms();
        let token_hash = secret::hash(&request.token);
        let session = self.store.find_session(&token_hash, now).await?.ok_or(Error::NoSuchSession)?;
        if session.half_open == 0 {
            return Err(Error::NoSuchSession);
        }
        let id = UserId::parse(&session.user_id)?;
        let user = self.store.find_user(&id).await?.ok_or(Error::NoSuchSession)?;
        // The caller knows the password: codes are counted per account, from every address.
        let mut throttle = self.reauthentication_throttle(&user.id)?;
        let lockout_ms = match self.begin_attempt(&mut throttle, now).await? {
            Attempt::Locked { retry_after_seconds } => {
                return Ok(outcome(wire::sign_in_response::Outcome::Wait, retry_after_seconds));
            }
            Attempt::Allowed { lockout_ms } => lockout_ms,
        };
        if !self.consume_code(&user, &request.code).await? {
            let address = request.client.as_ref().map(|client| client.address.as_str()).unwrap_or_default();
            self.log_failure(&user, "user.second_factor_failed", lockout_ms, Some(address));
            return Ok(outcome(wire::sign_in_response::Outcome::Wrong, 0));
        }
        self.clear_failures(&throttle).await?;
        self.store.end_session_of_token(&token_hash).await?;
        self.open_session(&user, request.client.as_ref(), Opening::SecondFactor).await
    }

    /// Whether this is an unused code of the user; it is then used up.
    async fn consume_code(&self, user: &UserRow, code: &str) -> Result<bool, Error> {
        let id = UserId::parse(&user.id)?;
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()) {
            let Some(sealed) = &user.sealed_totp else { return Ok(false) };
            let Some(step) = self.totp(user, sealed)?.check(&digits, seconds(self.store.now_ms())) else {
                return Ok(false);
            };
            return self.store.take_totp_step(&id, i64::try_from(step).unwrap_or(i64::MAX)).await;
        }
        for made in self.code_macs(&user.id, code)? {
            let (hash, is_trusted) = (hex::encode(made.tag), made.is_trusted);
            let change = change(&user.organisation_id, "user.recovery_code_used", &user.id);
            if self.store.take_recovery_code(&id, &hash, is_trusted, change).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) async fn begin_totp(&self, request: wire::PasswordRequest) -> Result<wire::TotpSecret, Error> {
        let user = self.find_caller(request.who.as_ref()).await?;
        self.confirm_password(&user, "password", &request.password).await?;
        if user.sealed_totp.is_some() {
            return Err(Error::TotpState("there is a second factor already; disable it first"));
        }
        let secret = Secret::generate();
        let sealed = self.ring.seal(TOTP, user.id.as_bytes(), secret.as_bytes())?;
        self.store.offer_totp(&UserId::parse(&user.id)?, &sealed).await?;
        let totp = self.totp(&user, &sealed)?;
        let otpauth_url = totp.to_url().map_err(|_| Error::Damaged)?;
        Ok(wire::TotpSecret { secret: secret.to_base32(), otpauth_url })
    }

    pub(super) async fn confirm_totp(
        &self,
        request: wire::ConfirmTotpRequest,
    ) -> Result<wire::RecoveryCodes, Error> {
        let user = self.find_caller(request.who.as_ref()).await?;
        let pending = user.pending_totp.as_ref().filter(|_| user.sealed_totp.is_none());
        let pending = pending.ok_or(Error::TotpState("no second factor is being set up; begin first"))?;
        let digits: String = request.code.chars().filter(|c| !c.is_whitespace()).collect();
        let step = self.totp(&user, pending)?.check(&digits, seconds(self.store.now_ms()));
        let step = step.ok_or_else(|| Error::field("code", "this code is not right; take the newest one"))?;
        let codes = self.generate_codes(&user)?;
        let session = request.who.map(|who| who.session_id).unwrap_or_default();
        let change = change(&user.organisation_id, "user.totp_enabled", &user.id);
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        self.store.enable_totp(&user, step, &codes.hashes, &session, change).await?;
        Ok(wire::RecoveryCodes { codes: codes.plain })
    }

    pub(super) async fn disable_totp(&self, request: wire::DisableTotpRequest) -> Result<wire::Done, Error> {
        let user = self.find_caller(request.who.as_ref()).await?;
        if user.sealed_totp.is_none() {
            return Err(Error::TotpState("there is no second factor"));
        }
        self.confirm_password(&user, "password", &request.password).await?;
        self.confirm_code(&user, &request.code).await?;
        let change = change(&user.organisation_id, "user.totp_disabled", &user.id);
        self.store.disable_totp(&user, change).await?;
        Ok(wire::Done {})
    }

    /// Asks for a code again, counted like the password.
    pub(super) async fn confirm_code(&self, user: &UserRow, code: &str) -> Result<(), Error> {
        let mut throttle = self.reauthentication_throttle(&user.id)?;
        let lockout_ms = match self.begin_attempt(&mut throttle, self.store.now_ms()).await? {
            Attempt::Locked { retry_after_seconds } => return Err(Error::Wait(retry_after_seconds)),
            Attempt::Allowed { lockout_ms } => lockout_ms,
        };
        if !self.consume_code(user, code).await? {
            self.log_failure(user, "user.second_factor_failed", lockout_ms, None);
            return Err(Error::field("code", "this code is not right"));
        }
        self.cancel_attempt(&throttle).await
    }

    pub(super) async fn renew_recovery_codes(
        &self,
        request: wire::PasswordRequest,
    ) -> Result<wire::RecoveryCodes, Error> {
        let user = self.find_caller(request.who.as_ref()).await?;
        self.confirm_password(&user, "password", &request.password).await?;
        if user.sealed_totp.is_none() {
            return Err(Error::TotpState("there is no second factor to recover"));
        }
        let codes = self.generate_codes(&user)?;
        let change = change(&user.organisation_id, "user.recovery_codes_renewed", &user.id);
        self.store.renew_recovery_codes(&user, &codes.hashes, change).await?;
        Ok(wire::RecoveryCodes { codes: codes.plain })
    }

    fn generate_codes(&self, user: &UserRow) -> Result<GeneratedCodes, Error> {
        let mut generated = GeneratedCodes { plain: Vec::new(), hashes: Vec::new() };
        for _ in 0..CODES {
            let code = secret::recovery_code()?;
            generated
                .hashes
                .extend(self.code_macs(&user.id, &code)?.first().map(|made| hex::encode(made.tag)));
            generated.plain.push(code);
        }
        Ok(generated)
    }

    /// Returns keyed hashes of a code of this user, the one to store first.
    fn code_macs(&self, user: &str, code: &str) -> Result<Vec<blob::Mac>, Error> {
        let named = format!("{user}:{}", secret::plain_code(code));
        Ok(self.ring.macs(RECOVERY, named.as_bytes())?)
    }

    fn totp(&self, user: &UserRow, sealed: &[u8]) -> Result<Totp, Error> {
        let secret = self.ring.open_sealed(TOTP, user.id.as_bytes(), sealed)?;
        let email = self.open_person(&user.id, &user.sealed)?.email;
        // The address is in a label that ends at a colon.
        let account = email.replace(':', " ");
        let totp = Builder::new().with_secret(secret.to_vec()).with_skew(1).with_account_name(account);
        totp.with_issuer(Some(ISSUER)).build().map_err(|_| Error::Damaged)
    }
}

/// Codes as shown, and as stored.
struct GeneratedCodes {
    plain: Vec<String>,
    hashes: Vec<String>,
}

fn seconds(now_ms: i64) -> u64 {
    u64::try_from(now_ms / 1000).unwrap_or(0)
}
