//! The part `request` of a form: a JSON object. Unknown fields are ignored, as newer clients may send more.

use serde_json::{Map, Value};

use super::errors::of_session;
use crate::{
    core::{
        caller::Caller,
        error::Error,
        user_name::parse_user_name,
        verification::{Subject, UserRequirement, Verification, take_consents_of_session},
    },
    http::{
        multipart::{Fields, Form, FormBody},
        recording::Call,
        state::Gateway,
    },
};

const REQUEST: &str = "request";
pub const USER_ID: &str = "user_id";
const MAX_SESSION_BYTES: usize = 128;

/// A received form: its files, and the fields of its request.
pub struct Received {
    pub form: Form,
    fields: Map<String, Value>,
}

impl Received {
    /// # Errors
    /// 400 when `request` is missing or no JSON object; as [`Form::receive`].
    pub async fn receive(
        gateway: &Gateway,
        project_id: &str,
        form: FormBody,
        files: &'static [&'static str],
    ) -> Result<Self, Error> {
        let form = Form::receive(gateway, project_id, form, &Fields { files, texts: &[REQUEST] }).await?;
        let text = form.text(REQUEST).ok_or_else(|| Error::MissingFields(vec![REQUEST]))?;
        let fields = parse(text)?;
        Ok(Self { form, fields })
    }

    /// Returns a text field; absent, null and empty mean the same.
    ///
    /// # Errors
    /// 400 for a value of another type.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, Error> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(_) => Err(Error::field(name, "must be a string")),
        }
    }

    /// # Errors
    /// 400 when it is missing.
    pub fn required_text(&self, name: &'static str) -> Result<&str, Error> {
        self.text(name)?.ok_or_else(|| Error::MissingFields(vec![name]))
    }

    /// Returns a boolean field; absent means false.
    ///
    /// # Errors
    /// 400 for a value of another type.
    pub fn flag(&self, name: &'static str) -> Result<bool, Error> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(Error::field(name, "must be true or false")),
        }
    }

    pub fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Returns the user and the session that the request names.
    ///
    /// # Errors
    /// 400 for a name that is not valid.
    pub fn subject(&self) -> Result<Subject, Error> {
        let user = self.text(USER_ID)?.map(parse_user_id).transpose()?;
        let session_id = self.text("session_id")?.map(str::to_owned);
        if session_id.as_ref().is_some_and(|id| id.len() > MAX_SESSION_BYTES) {
            return Err(Error::field("session_id", "is longer than 128 bytes"));
        }
        Ok(Subject { session_id, user_fullname: user, ticked: None })
    }
}

/// # Errors
/// 400 for a name that is not valid.
pub fn parse_user_id(text: &str) -> Result<String, Error> {
    parse_user_name(text)
        .map_err(|_| Error::field(USER_ID, "must be 1 to 256 bytes without control characters"))
}

fn parse(text: &str) -> Result<Map<String, Value>, Error> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Error::field(REQUEST, "must be a JSON object")),
    }
}

/// Begins a call for the user, whom the request must name.
///
/// # Errors
/// 400 without a user; 403, 404 and 409 of the session.
pub async fn begin<'a>(
    gateway: &'a Gateway,
    call: &'a mut Call,
    caller: &'a Caller,
    received: &Received,
) -> Result<Verification<'a>, Error> {
    let subject = received.subject()?;
    if subject.user_fullname.is_none() {
        return Err(Error::MissingFields(vec![USER_ID]));
    }
    let required = UserRequirement::Required;
    // Clients record consent under a full name and send their own id afterwards.
    take_consents_of_session(gateway.core(), caller, &call.record, &subject).await.map_err(of_session)?;
    Verification::begin(gateway.core(), caller, &mut call.record, subject, required).await.map_err(of_session)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,60}") {
            let _ = parse(&text);
            let _ = parse(&format!("{{{text}}}"));
        }
    }
}
