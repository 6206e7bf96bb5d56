//! The second factor: an authenticator's codes, and recovery codes.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::HeaderMap,
    response::Response,
};
use proto::accounts::{ConfirmTotpRequest, DisableTotpRequest, PasswordRequest, SecondFactorRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::accounts,
    core::error::Error,
    dialects::dashboard::{ClientInfo, SignedIn, sign_in_response},
    http::{
        cookies::session_token, dashboard_session::DashboardUser, envelope::Message, json, state::Gateway,
    },
};

#[derive(Deserialize, ToSchema)]
pub struct Code {
    /// Six digits from the authenticator.
    #[schema(example = "123456")]
    code: String,
}

#[derive(Deserialize, ToSchema)]
pub struct Password {
    #[schema(format = Password)]
    password: String,
}

#[derive(Deserialize, ToSchema)]
pub struct PasswordAndCode {
    #[schema(format = Password)]
    password: String,
    /// A code from the authenticator, or a recovery code.
    code: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TotpSecret {
    /// The secret in base32, for manual entry.
    secret: String,
    /// The same secret as a URI for a QR code.
    #[schema(example = "otpauth://totp/Biometry:ada%40example.org?secret=...&issuer=Biometry")]
    otpauth_url: String,
}

/// Returned only once; each code can be used once.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// Finishes a sign-in with a code of the authenticator or a recovery code.
#[utoipa::path(post, path = "/api-auth/second-factor", tag = "accounts", request_body = Code,
    responses((status = 200, body = SignedIn), (status = 400, description = "no JSON object with a code"),
              (status = 401, description = "the code is wrong or was used, or no sign-in is in progress"),
              (status = 403, description = "sent by a page of another origin"),
              (status = 429, description = "too many failed attempts; Retry-After says when to retry")))]
pub async fn finish_sign_in(
    State(gateway): State<Gateway>,
    ClientInfo(client): ClientInfo,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let Code { code } = json::parse_object(body)?;
    let token = session_token(&headers).ok_or(Error::SignedOut)?;
    let request = SecondFactorRequest { token, code, client: Some(client) };
    let answer = accounts::confirm_second_factor(gateway.core(), request).await?;
    sign_in_response(&answer).map_err(|error| match error {
        Error::WrongCredentials => Error::WrongCode,
        other => other,
    })
}

/// Begins to set up a second factor; it is not required until a first code is confirmed.
#[utoipa::path(post, path = "/api-auth/totp/begin", tag = "accounts", request_body = Password,
    responses((status = 200, body = TotpSecret), (status = 400, description = "the password is wrong"),
              (status = 401, description = "not signed in"), (status = 409, description = "there is a second factor already"),
              (status = 429, description = "too many failed attempts; Retry-After says when to retry")))]
pub async fn begin_totp(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<TotpSecret>, Error> {
    let Password { password } = json::parse_object(body)?;
    let request = PasswordRequest { who: user.who(), password };
    let made = accounts::begin_totp(gateway.core(), request).await?;
    Ok(Json(TotpSecret { secret: made.secret, otpauth_url: made.otpauth_url }))
}

/// Enables the second factor after a first code. Other sessions end.
#[utoipa::path(post, path = "/api-auth/totp/confirm", tag = "accounts", request_body = Code,
    responses((status = 200, body = RecoveryCodes), (status = 400, description = "the code is wrong"),
              (status = 401, description = "not signed in"), (status = 409, description = "nothing was begun"),
              (status = 429, description = "too many failed attempts; Retry-After says when to retry")))]
pub async fn confirm_totp(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RecoveryCodes>, Error> {
    let Code { code } = json::parse_object(body)?;
    let request = ConfirmTotpRequest { who: user.who(), code };
    let codes = accounts::confirm_totp(gateway.core(), request).await?.codes;
    Ok(Json(RecoveryCodes { recovery_codes: codes }))
}

/// Disables the second factor.
#[utoipa::path(post, path = "/api-auth/totp/disable", tag = "accounts", request_body = PasswordAndCode,
    responses((status = 200, body = Message), (status = 400, description = "the password or the code is wrong"),
              (status = 401, description = "not signed in"), (status = 409, description = "there is none"),
              (status = 429, description = "too many failed attempts; Retry-After says when to retry")))]
pub async fn disable_totp(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Message>, Error> {
    let PasswordAndCode { password, code } = json::parse_object(body)?;
    accounts::disable_totp(gateway.core(), DisableTotpRequest { who: user.who(), password, code }).await?;
    Ok(Json(Message::new("second factor disabled")))
}

/// Replaces the recovery codes; the previous ones become invalid.
#[utoipa::path(post, path = "/api-auth/recovery-codes", tag = "accounts", request_body = Password,
    responses((status = 200, body = RecoveryCodes), (status = 400, description = "the password is wrong"),
              (status = 401, description = "not signed in"), (status = 409, description = "there is no second factor"),
              (status = 429, description = "too many failed attempts; Retry-After says when to retry")))]
pub async fn renew_recovery_codes(
    State(gateway): State<Gateway>,
    user: DashboardUser,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RecoveryCodes>, Error> {
    let Password { password } = json::parse_object(body)?;
    let request = PasswordRequest { who: user.who(), password };
    let codes = accounts::renew_recovery_codes(gateway.core(), request).await?.codes;
    Ok(Json(RecoveryCodes { recovery_codes: codes }))
}
