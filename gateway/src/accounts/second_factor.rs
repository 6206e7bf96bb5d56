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

use super::{Done, Place, SignedIn, entered, session::Person, token};
use crate::{Gateway, error::Error, json};

#[derive(Deserialize, ToSchema)]
pub struct Code {
    /// Six digits of the authenticator.
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
    /// Of the authenticator, or a recovery code.
    code: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TotpSecret {
    /// Base32, to type in.
    secret: String,
    /// The same for a QR code.
    #[schema(example = "otpauth://totp/Biometry:ada%40example.org?secret=...&issuer=Biometry")]
    otpauth_url: String,
}

/// Shown this once; each opens the door once.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// Finishes a sign-in with a code of the authenticator or a recovery code.
#[utoipa::path(post, path = "/api-auth/second-factor", tag = "accounts", security(()), request_body = Code,
    responses((status = 200, body = SignedIn), (status = 400, description = "no JSON object with a code"),
              (status = 401, description = "the code is wrong or was used, or no sign-in is under way"),
              (status = 403, description = "sent by a page of another origin"),
              (status = 429, description = "too many attempts went wrong; Retry-After says when to try again")))]
pub async fn finish(
    State(gateway): State<Gateway>,
    Place(client): Place,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Error> {
    let Code { code } = json::object(body)?;
    let token = token(&headers).ok_or(Error::SignedOut)?;
    let request = SecondFactorRequest { token, code, client: Some(client) };
    let answer = gateway.accounts().second_factor(request).await.map_err(|status| match status.code() {
        tonic::Code::NotFound => Error::SignedOut,
        _ => Error::from(status),
    })?;
    entered(&answer.into_inner()).map_err(|error| match error {
        Error::WrongCredentials => Error::WrongCode,
        other => other,
    })
}

/// Begins to set up a second factor; nothing changes until a first code was right.
#[utoipa::path(post, path = "/api-auth/totp/begin", tag = "accounts", security(("dashboard" = [])), request_body = Password,
    responses((status = 200, body = TotpSecret), (status = 400, description = "the password is wrong"),
              (status = 401, description = "not signed in"), (status = 409, description = "there is a second factor already")))]
pub async fn begin(
    State(gateway): State<Gateway>,
    person: Person,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<TotpSecret>, Error> {
    let Password { password } = json::object(body)?;
    let request = PasswordRequest { who: person.who(), password };
    let made = gateway.accounts().begin_totp(request).await?.into_inner();
    Ok(Json(TotpSecret { secret: made.secret, otpauth_url: made.otpauth_url }))
}

/// Enables the second factor with a first code. Other sessions end.
#[utoipa::path(post, path = "/api-auth/totp/confirm", tag = "accounts", security(("dashboard" = [])), request_body = Code,
    responses((status = 200, body = RecoveryCodes), (status = 400, description = "the code is wrong"),
              (status = 401, description = "not signed in"), (status = 409, description = "nothing was begun")))]
pub async fn confirm(
    State(gateway): State<Gateway>,
    person: Person,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RecoveryCodes>, Error> {
    let Code { code } = json::object(body)?;
    let request = ConfirmTotpRequest { who: person.who(), code };
    let codes = gateway.accounts().confirm_totp(request).await?.into_inner().codes;
    Ok(Json(RecoveryCodes { recovery_codes: codes }))
}

/// Gives the second factor up.
#[utoipa::path(post, path = "/api-auth/totp/disable", tag = "accounts", security(("dashboard" = [])), request_body = PasswordAndCode,
    responses((status = 200, body = Done), (status = 400, description = "the password or the code is wrong"),
              (status = 401, description = "not signed in"), (status = 409, description = "there is none")))]
pub async fn disable(
    State(gateway): State<Gateway>,
    person: Person,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Done>, Error> {
    let PasswordAndCode { password, code } = json::object(body)?;
    gateway.accounts().disable_totp(DisableTotpRequest { who: person.who(), password, code }).await?;
    Ok(Json(Done::new("second factor disabled")))
}

/// Other recovery codes; those before are worth nothing from now on.
#[utoipa::path(post, path = "/api-auth/recovery-codes", tag = "accounts", security(("dashboard" = [])), request_body = Password,
    responses((status = 200, body = RecoveryCodes), (status = 400, description = "the password is wrong"),
              (status = 401, description = "not signed in"), (status = 409, description = "there is no second factor")))]
pub async fn renew(
    State(gateway): State<Gateway>,
    person: Person,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<RecoveryCodes>, Error> {
    let Password { password } = json::object(body)?;
    let request = PasswordRequest { who: person.who(), password };
    let codes = gateway.accounts().renew_recovery_codes(request).await?.into_inner().codes;
    Ok(Json(RecoveryCodes { recovery_codes: codes }))
}
