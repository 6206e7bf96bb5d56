//! `/api-consent/consent` and `/strg-consent`: consents of users of the key's project are recorded, and read with their
//! history.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use boot::timestamp::rfc3339;
use proto::{
    Word,
    consent::{ConsentKind, ConsentState},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::consent,
    core::{consent::ConsentDecision, error::Error, user_name::parse_any_user_name},
    http::{
        envelope::Envelope,
        headers::CONSENT_PROMISE,
        json::without_byte_order_mark,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// A user's decision.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Decision {
    is_consent_given: bool,
    #[schema(example = "ada@example.org")]
    user_fullname: String,
}

/// The decision, twice: some clients read the flat fields, others `data`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentRecorded {
    #[serde(flatten)]
    flat: Decision,
    data: Decision,
    #[schema(example = "consent recorded")]
    message: &'static str,
}

/// The response to a recorded decision, with a promise that the project's log contains it.
pub struct Recorded {
    body: ConsentRecorded,
    /// A signed note; empty for a test key.
    promise: String,
}

impl IntoResponse for Recorded {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        // A signed note has several lines.
        let promise = HeaderValue::try_from(BASE64_STANDARD.encode(&self.promise));
        if let (false, Ok(promise)) = (self.promise.is_empty(), promise) {
            response.headers_mut().insert(CONSENT_PROMISE, promise);
        }
        response
    }
}

/// Records that a user gives or withdraws consent to biometric processing.
#[utoipa::path(post, path = "/api-consent/consent", tag = "consent", request_body = Decision,
    responses((status = 200, body = ConsentRecorded, headers(
        ("Consent-Promise" = String, description = "base64 of a signed note: the log of the project has this consent")))))]
pub async fn record_authorization_consent(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: Result<Bytes, BytesRejection>,
) -> RecordedResponse<Recorded> {
    let result = record(&gateway, &mut call, ConsentKind::Authorization, body).await;
    call.finish(result)
}

/// Records that a user gives or withdraws consent to storing biometric data.
#[utoipa::path(post, path = "/api-consent/strg-consent", tag = "consent", request_body = Decision,
    responses((status = 200, body = ConsentRecorded, headers(
        ("Consent-Promise" = String, description = "base64 of a signed note: the log of the project has this consent")))))]
pub async fn record_storage_consent(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: Result<Bytes, BytesRejection>,
) -> RecordedResponse<Recorded> {
    let result = record(&gateway, &mut call, ConsentKind::Storage, body).await;
    call.finish(result)
}

async fn record(
    gateway: &Gateway,
    call: &mut Call,
    kind: ConsentKind,
    body: Result<Bytes, BytesRejection>,
) -> Result<Recorded, Error> {
    let decision = Decision::parse(&body?)?;
    let Decision { is_consent_given, user_fullname } = decision.clone();
    let recorded = ConsentDecision { kind, user_fullname, is_consent_given };
    let context = &call.headers.context;
    let promise =
        consent::record_consent(gateway.core(), &call.caller, context, &mut call.record, recorded).await?;
    let body = ConsentRecorded { flat: decision.clone(), data: decision, message: "consent recorded" };
    Ok(Recorded { body, promise })
}

impl Decision {
    /// The parser's own message would repeat parts of the body, so it is not used.
    fn parse(body: &[u8]) -> Result<Self, Error> {
        let shape = Error::invalid(
            "request body must be a JSON object with is_consent_given (boolean) and user_fullname (string)",
        );
        let body = without_byte_order_mark(body);
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(shape);
        }
        let decision: Self = serde_json::from_slice(body).map_err(|_| shape)?;
        Ok(Self { user_fullname: parse_any_user_name(&decision.user_fullname)?, ..decision })
    }
}

/// Returns the current consents and their history, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Consent {
    user_fullname: String,
    authorization: bool,
    storage: bool,
    history: Vec<Entry>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Entry {
    pub id: String,
    #[schema(example = "authorization")]
    pub kind: &'static str,
    pub is_consent_given: bool,
    #[schema(example = "2026-01-31T12:00:00Z")]
    pub recorded_at: String,
    pub api_key_id: String,
    pub session_id: Option<String>,
    pub transaction_id: String,
    /// Hex SHA-256 over the previous entry's hash and this entry.
    pub hash: String,
}

/// A user's consents and their history.
#[utoipa::path(get, path = "/api-consent/consent/{user}", tag = "consent",
    params(("user" = String, Path, description = "the user's identifier")),
    responses((status = 200, body = Envelope<Consent>), (status = 404, description = "nothing recorded")))]
pub async fn get_consent(
    State(gateway): State<Gateway>,
    user: Result<Path<String>, PathRejection>,
    mut call: Call,
) -> RecordedResponse<Json<Envelope<Consent>>> {
    let result = read(&gateway, &mut call, user).await;
    call.finish(result)
}

async fn read(
    gateway: &Gateway,
    call: &mut Call,
    user: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<Consent>>, Error> {
    let user_fullname = parse_any_user_name(&user?)?;
    let (core, record) = (gateway.core(), &mut call.record);
    let found = consent::consent_history(core, &call.caller, record, user_fullname.clone()).await?;
    let ConsentState { authorization, storage, .. } = found.state.unwrap_or_default();
    let history = found.entries.into_iter().map(Entry::from).collect();
    Ok(Json(Envelope::new("consent found", Consent { user_fullname, authorization, storage, history })))
}

impl From<proto::consent::ConsentEntry> for Entry {
    fn from(entry: proto::consent::ConsentEntry) -> Self {
        Self {
            kind: entry.kind().to_word().unwrap_or("unknown"),
            id: entry.id,
            is_consent_given: entry.given,
            recorded_at: rfc3339(entry.recorded_at_ms),
            api_key_id: entry.api_key_id,
            session_id: entry.session_id,
            transaction_id: entry.transaction_id,
            hash: entry.hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_documented_shape_is_read() {
        let read =
            Decision::parse(br#" {"is_consent_given":true,"user_fullname":" ada ","more":1}"#).unwrap();
        assert_eq!((read.is_consent_given, read.user_fullname.as_str()), (true, "ada"));
        for bad in [
            "",
            "{}",
            "[true,\"ada\"]",
            "null",
            r#"{"is_consent_given":"yes","user_fullname":"ada"}"#,
            r#"{"is_consent_given":true}"#,
        ] {
            let error = Decision::parse(bad.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("request body must be a JSON object"), "{bad}");
        }
        let empty = Decision::parse(br#"{"is_consent_given":true,"user_fullname":" "}"#).unwrap_err();
        assert!(empty.to_string().starts_with("the user fullname must be"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Decision::parse(&body);
        }
    }
}
