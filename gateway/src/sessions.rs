//! Sessions: start, end, and the lock on one user.

use std::time::{Duration, Instant};

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use proto::{
    ml::WarmupRequest,
    sessions::{BindUserRequest, EndSessionRequest, GetSessionRequest, StartSessionRequest},
};
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;
use tokio_util::task::AbortOnDropHandle;
use utoipa::ToSchema;

use crate::{
    Gateway,
    error::Error,
    record::Call,
    sim_swap::{self, SimSwap, is_e164},
};

/// Models that ran this lately are warm; another warm-up would only take their time.
const WARM_FOR: Duration = Duration::from_secs(60);

#[derive(Debug, Default, Deserialize)]
pub struct StartQuery {
    #[serde(default)]
    warmup: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SessionStarted {
    /// The session's id, `sess_<uuid>`.
    #[schema(example = "sess_01938c5e-7f1e-7000-8000-000000000001")]
    data: String,
    #[schema(example = "session started")]
    message: &'static str,
}

/// Starts a session. With `warmup=true` the models are loaded meanwhile; the answer does not wait for them.
#[utoipa::path(post, path = "/api-gateway/sessions/start", tag = "sessions",
    params(("warmup" = Option<bool>, Query, description = "load the models meanwhile")),
    responses((status = 200, body = SessionStarted)))]
pub async fn start(
    State(gateway): State<Gateway>,
    query: Result<Query<StartQuery>, QueryRejection>,
    call: Call,
) -> Result<Json<SessionStarted>, Error> {
    let Query(query) = query?;
    if query.warmup.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        warm_up(&gateway);
    }
    let request = StartSessionRequest { project_id: call.project_id(), api_key_id: call.key.id.clone() };
    let session = gateway.sessions().start_session(request).await?.into_inner();
    call.note(|transaction| transaction.session_id = Some(session.id.clone()));
    Ok(Json(SessionStarted { data: session.id, message: "session started" }))
}

/// The last warm-up; ended with the gateway.
#[derive(Default)]
pub struct Warmup(Option<(Instant, AbortOnDropHandle<()>)>);

/// Starts loading the models unless that was done just now. Never waits: a session must not start slower for it, and a
/// video that comes before the end simply waits for the models itself.
fn warm_up(gateway: &Gateway) {
    let mut warmup = gateway.0.warmup.lock().unwrap_or_else(PoisonError::into_inner);
    if warmup.0.as_ref().is_some_and(|(begun, task)| !task.is_finished() || begun.elapsed() < WARM_FOR) {
        return;
    }
    let mut ml = gateway.ml();
    let task = tokio::spawn(async move {
        if let Err(status) = ml.warmup(WarmupRequest {}).await {
            tracing::warn!(code = ?status.code(), "the models could not be warmed up");
        }
    });
    warmup.0 = Some((Instant::now(), AbortOnDropHandle::new(task)));
}

#[derive(Default, Deserialize, ToSchema)]
pub struct EndSession {
    /// Asks for a SIM swap check of this number, E.164.
    #[schema(example = "+61400000000")]
    phone_number: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SessionEnded {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<EndedData>,
    #[schema(example = "session ended successfully")]
    message: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EndedData {
    sim_swap: SimSwap,
}

/// Ends a session; its last video is deleted. The user is the session's own, as clients send none here. With a phone
/// number, the project's mobile operator is asked whether its SIM was changed lately; the session ends in any case.
#[utoipa::path(post, path = "/api-gateway/sessions/end/{id}", tag = "sessions",
    params(("id" = String, Path, description = "the session's id")),
    request_body(content = Option<EndSession>),
    responses((status = 200, body = SessionEnded), (status = 404, description = "unknown session"), (status = 409, description = "ended before")))]
pub async fn end(
    State(gateway): State<Gateway>,
    id: Result<Path<String>, PathRejection>,
    call: Call,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<SessionEnded>, Error> {
    let Path(session_id) = id?;
    call.note(|transaction| transaction.session_id = Some(session_id.clone()));
    let asked = EndSession::parse(&body?)?;
    if let Some(user) = &call.headers.user_fullname {
        bind(&gateway, &call, &session_id, user).await?;
    }
    let request = EndSessionRequest { project_id: call.project_id(), session_id };
    let session = gateway.sessions().end_session(request).await?.into_inner();
    call.note(|transaction| transaction.user_fullname = session.user_fullname);
    let data = match asked.phone_number {
        Some(number) => Some(EndedData { sim_swap: sim_swap::check(&gateway, &call, number).await }),
        None => None,
    };
    Ok(Json(SessionEnded { data, message: "session ended successfully" }))
}

impl EndSession {
    /// Nothing at all means the same as `{}`.
    fn parse(body: &[u8]) -> Result<Self, Error> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let shape =
            Error::invalid("request body must be empty or a JSON object with an optional phone_number");
        // A struct also reads from a JSON list; the documented body is an object.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(shape);
        }
        let asked: Self = serde_json::from_slice(body).map_err(|_| shape)?;
        match &asked.phone_number {
            Some(number) if !is_e164(number) => {
                Err(Error::invalid("phone_number must be in E.164 form, like +61400000000"))
            }
            _ => Ok(asked),
        }
    }
}

/// Fixes the session's user; the service refuses another one and an ended or unknown session.
///
/// # Errors
/// 403, 409, 404, as the sessions service decides.
pub async fn bind(gateway: &Gateway, call: &Call, session_id: &str, user: &str) -> Result<(), Error> {
    let request = BindUserRequest {
        project_id: call.project_id(),
        session_id: session_id.to_owned(),
        user_fullname: user.to_owned(),
    };
    gateway.sessions().bind_user(request).await?;
    Ok(())
}

/// The user a session is bound to, if any.
///
/// # Errors
/// 404 when the session is unknown or expired.
pub async fn user_of(gateway: &Gateway, call: &Call, session_id: &str) -> Result<Option<String>, Error> {
    let request = GetSessionRequest { project_id: call.project_id(), session_id: session_id.to_owned() };
    Ok(gateway.sessions().get_session(request).await?.into_inner().user_fullname)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_body_of_an_end_may_be_missing() {
        for body in ["", "  \n", "{}", r#"{"phone_number":null}"#, r#"{"other":1}"#] {
            assert!(EndSession::parse(body.as_bytes()).unwrap().phone_number.is_none(), "{body}");
        }
    }

    #[test]
    fn a_wrong_body_is_refused_without_repeating_it() {
        for body in [
            "[]",
            "[\"+61400000000\"]",
            "\"x\"",
            "{",
            r#"{"phone_number":61400000000}"#,
            r#"{"phone_number":"0400"}"#,
        ] {
            let error = EndSession::parse(body.as_bytes()).err().unwrap().to_string();
            assert!(
                error.ends_with("phone_number") || error.ends_with("like +61400000000"),
                "{body}: {error}"
            );
        }
    }

    proptest! {
        #[test]
        fn international_numbers_are_accepted(number in "\\+[1-9][0-9]{4,14}") {
            prop_assert!(is_e164(&number));
        }

        #[test]
        fn any_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = EndSession::parse(&body);
        }
    }
}
