//! Whom a call is about: its session and its user, from header or form.

use crate::{Gateway, auth::ResponseFormat, error::Error, record::Call, sessions, upload::Form};

/// The form fields clients name the session in.
pub const SESSION_FIELDS: [&str; 3] = ["X-Session-ID", "X-Request-User-Provided-ID", "session_id"];

/// The session of the header or of the form; when both name one, they must agree.
///
/// # Errors
/// 400 when they do not, or it is too long.
pub fn session_of(call: &Call, form: &Form) -> Result<Option<String>, Error> {
    let names = SESSION_FIELDS.iter().filter_map(|name| form.text(name));
    let mut named = call.headers.session_id.as_deref().into_iter().chain(names);
    let session = named.next();
    if named.any(|other| Some(other) != session) {
        return Err(Error::invalid("the request names different sessions"));
    }
    if session.is_some_and(|id| id.len() > 128) {
        return Err(Error::invalid("the session id is longer than 128 bytes"));
    }
    let session = session.map(str::to_owned);
    call.note(|transaction| transaction.session_id.clone_from(&session));
    Ok(session)
}

/// The user of the header, else the one the session is bound to. Clients of the vendor's library may come without any;
/// nobody is recognised for them.
///
/// # Errors
/// 400 when the default dialect names none; 404 when the session is unknown.
pub async fn user_of(
    gateway: &Gateway,
    call: &Call,
    session_id: Option<&str>,
) -> Result<Option<String>, Error> {
    let user = known_user(gateway, call, session_id).await?;
    if user.is_none() && call.key.format == ResponseFormat::Default {
        call.user()?;
    }
    Ok(user)
}

/// The user of the header, else `named`, else the one the session is bound to; an enrolment cannot do without.
///
/// # Errors
/// 400 when there is none; 404 when the session is unknown.
pub async fn required_user(
    gateway: &Gateway,
    call: &Call,
    named: Option<String>,
    session_id: Option<&str>,
) -> Result<String, Error> {
    if let (None, Some(named)) = (&call.headers.user_fullname, named) {
        call.note(|transaction| transaction.user_fullname = Some(named.clone()));
        return Ok(named);
    }
    match known_user(gateway, call, session_id).await? {
        Some(user) => Ok(user),
        None => call.user().map(str::to_owned),
    }
}

async fn known_user(
    gateway: &Gateway,
    call: &Call,
    session_id: Option<&str>,
) -> Result<Option<String>, Error> {
    if let Some(user) = &call.headers.user_fullname {
        return Ok(Some(user.clone()));
    }
    let bound = match session_id {
        Some(session_id) => sessions::user_of(gateway, call, session_id).await?,
        None => None,
    };
    call.note(|transaction| transaction.user_fullname.clone_from(&bound));
    Ok(bound)
}
