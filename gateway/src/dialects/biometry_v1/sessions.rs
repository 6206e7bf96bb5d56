//! `POST /api-gateway/sessions/start`, `/{id}/challenge` and `/end/{id}`.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::sessions::Challenge;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::{challenge::issue_challenge, error::Error, report::SimSwapReport, sessions},
    http::{
        envelope::Envelope,
        json::without_byte_order_mark,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

#[derive(Debug, Default, Deserialize)]
pub struct StartQuery {
    #[serde(default)]
    warmup: Option<String>,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    challenge: Option<String>,
}

fn is_set(flag: Option<&String>) -> bool {
    flag.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// A session; with `challenge=true` it has the phrase of its first video.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionStarted {
    /// `sess_<uuid>`
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    challenge: Option<ChallengeData>,
    message: &'static str,
    /// With `token=true`: a token for a browser or phone to call with, as `Authorization: Bearer`, only for this
    /// session and its user. It expires with the session and with the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "2026-01-31T12:15:00Z")]
    token_expires_at: Option<String>,
}

/// A phrase that the session's next video must say; valid for one video.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChallengeData {
    #[schema(example = "three one four zero five nine two")]
    phrase: String,
    /// `en_digits`; empty for any words.
    #[schema(example = "en_digits")]
    vocabulary: String,
    /// RFC 3339; at most three minutes from now.
    #[schema(example = "2026-11-30T12:03:00.000Z")]
    expires_at: String,
}

impl From<Challenge> for ChallengeData {
    fn from(challenge: Challenge) -> Self {
        let Challenge { phrase, vocabulary, expires_at_ms } = challenge;
        Self { phrase, vocabulary, expires_at: rfc3339(expires_at_ms) }
    }
}

/// Starts a session; `data` is its id, `sess_<uuid>`. With `warmup=true` the models are loaded in the background. With
/// `token=true` and `X-User-Fullname` the response has a short-lived token for calls in this session, which a browser
/// or phone can use instead of the key.
#[utoipa::path(post, path = "/api-gateway/sessions/start", tag = "sessions",
    params(("warmup" = Option<bool>, Query, description = "load the models meanwhile"),
        ("token" = Option<bool>, Query, description = "answer a token for the calls of this session"),
        ("challenge" = Option<bool>, Query, description = "issue the phrase of the first video as well")),
    responses((status = 200, body = SessionStarted,
        example = json!({"data": "sess_01938c5e-7f1e-7000-8000-000000000001", "message": "session started"}))))]
pub async fn start_session(
    State(gateway): State<Gateway>,
    query: Result<Query<StartQuery>, QueryRejection>,
    mut call: Call,
) -> RecordedResponse<Json<SessionStarted>> {
    let result = run_start(&gateway, &mut call, query).await;
    call.finish(result)
}

async fn run_start(
    gateway: &Gateway,
    call: &mut Call,
    query: Result<Query<StartQuery>, QueryRejection>,
) -> Result<Json<SessionStarted>, Error> {
    let Query(query) = query?;
    if is_set(query.warmup.as_ref()) && !call.caller.is_test {
        sessions::warm_up_models(gateway.core());
    }
    let (core, user) = (gateway.core(), call.headers.context.user_fullname.as_deref());
    let (id, token) = match is_set(query.token.as_ref()) {
        true => {
            let started =
                sessions::start_session_with_token(core, &call.caller, &mut call.record, user).await?;
            (started.0, Some(started.1))
        }
        false => (sessions::start_session(core, &call.caller, &mut call.record).await?, None),
    };
    let challenge = match is_set(query.challenge.as_ref()) {
        true => Some(issue_challenge(core, &call.caller, &id, user).await?.into()),
        false => None,
    };
    Ok(Json(SessionStarted {
        data: id,
        challenge,
        message: "session started",
        token_expires_at: token.as_ref().map(|token| rfc3339(token.expires_at_ms)),
        token: token.map(|token| token.jwt),
    }))
}

/// Issues the phrase that the session's next video must say, and replaces an earlier one. It is valid for the session's
/// user, for three minutes and for one video. A session can have at most five.
#[utoipa::path(post, path = "/api-gateway/sessions/{id}/challenge", tag = "sessions",
    params(("id" = String, Path, description = "the session's id")),
    responses((status = 200, body = Envelope<ChallengeData>), (status = 404, description = "unknown session"),
        (status = 409, description = "ended before, or the session has had its five phrases")))]
pub async fn create_challenge(
    State(gateway): State<Gateway>,
    id: Result<Path<String>, PathRejection>,
    mut call: Call,
) -> RecordedResponse<Json<Envelope<ChallengeData>>> {
    let result = run_challenge(&gateway, &mut call, id).await;
    call.finish(result)
}

async fn run_challenge(
    gateway: &Gateway,
    call: &mut Call,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<ChallengeData>>, Error> {
    let Path(session_id) = id?;
    call.record.set_session(Some(session_id.clone()));
    let user = call.headers.context.user_fullname.as_deref();
    let issued = issue_challenge(gateway.core(), &call.caller, &session_id, user).await?;
    Ok(Json(Envelope::new("challenge issued", issued.into())))
}

#[derive(Default, Deserialize, ToSchema)]
pub struct EndSession {
    /// Requests a SIM swap check of this number, in E.164 form.
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
    sim_swap: SimSwapReport,
}

/// Ends a session and deletes its last video. The user is the one the session is bound to, because clients send none
/// here. With a phone number, the project's mobile operator is asked whether its SIM changed recently; the session ends
/// in any case.
#[utoipa::path(post, path = "/api-gateway/sessions/end/{id}", tag = "sessions",
    params(("id" = String, Path, description = "the session's id")),
    request_body(content = Option<EndSession>),
    responses((status = 200, body = SessionEnded), (status = 404, description = "unknown session"), (status = 409, description = "ended before")))]
pub async fn end_session(
    State(gateway): State<Gateway>,
    id: Result<Path<String>, PathRejection>,
    mut call: Call,
    body: Result<Bytes, BytesRejection>,
) -> RecordedResponse<Json<SessionEnded>> {
    let result = run_end(&gateway, &mut call, id, body).await;
    call.finish(result)
}

async fn run_end(
    gateway: &Gateway,
    call: &mut Call,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<SessionEnded>, Error> {
    let Path(session_id) = id?;
    call.record.set_session(Some(session_id.clone()));
    let EndSession { phone_number } = EndSession::parse(&body?)?;
    let user = call.headers.context.user_fullname.as_deref();
    let (core, record) = (gateway.core(), &mut call.record);
    let sim_swap = sessions::end_session(core, &call.caller, record, &session_id, user, phone_number).await?;
    let data = sim_swap.map(|sim_swap| EndedData { sim_swap });
    Ok(Json(SessionEnded { data, message: "session ended successfully" }))
}

impl EndSession {
    /// The parser's own message would repeat parts of the body, so it is not used.
    fn parse(body: &[u8]) -> Result<Self, Error> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let shape =
            Error::invalid("request body must be empty or a JSON object with an optional phone_number");
        // serde would also accept a JSON list for a struct; the documented body is an object.
        let body = without_byte_order_mark(body);
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(shape);
        }
        let request: Self = serde_json::from_slice(body).map_err(|_| shape)?;
        match &request.phone_number {
            Some(number) if !is_e164(number) => {
                Err(Error::invalid("phone_number must be in E.164 form, like +61400000000"))
            }
            _ => Ok(request),
        }
    }
}

/// Returns whether `text` is a phone number in E.164 form as CAMARA defines it: `+`, then 5 to 15 digits.
fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (5..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
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
