//! The session and the user of a request, from headers and form.

use crate::{
    core::{
        caller::{Caller, ResponseFormat},
        error::Error,
        verification::{Subject, UserRequirement},
    },
    http::{headers::CallHeaders, multipart::Form},
};

/// The form fields that can name the session.
pub const SESSION_FIELDS: [&str; 3] = ["X-Session-ID", "X-Request-User-Provided-ID", "session_id"];

/// Returns the session and the user that a request names. When header and form both name a session, they must agree.
///
/// # Errors
/// 400 when they do not, or the session id is too long.
pub fn parse_subject(headers: &CallHeaders, form: &Form) -> Result<Subject, Error> {
    let in_form = SESSION_FIELDS.iter().filter_map(|name| form.text(name));
    let mut named = headers.context.session_id.as_deref().into_iter().chain(in_form);
    let session = named.next();
    if named.any(|other| Some(other) != session) {
        return Err(Error::invalid("the request names different sessions"));
    }
    if session.is_some_and(|id| id.len() > 128) {
        return Err(Error::invalid("the session id is longer than 128 bytes"));
    }
    Ok(Subject {
        session_id: session.map(str::to_owned),
        user_fullname: headers.context.user_fullname.clone(),
        ticked: None,
    })
}

/// Clients of the vendor's library may send no user; recognition then does not run.
pub fn user_requirement(caller: &Caller) -> UserRequirement {
    match caller.format {
        ResponseFormat::Default => UserRequirement::Required,
        ResponseFormat::Sdk => UserRequirement::Optional,
    }
}
