//! Consent: recorded per user of the key's project, read with its history.

pub mod export;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
};
use proto::consent::{ConsentKind, ConsentState, GetConsentRequest, RecordConsentRequest};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;

use crate::{
    Gateway,
    accounts::audit::{Deed, note},
    error::Error,
    headers,
    record::Call,
    sessions,
};

/// What a user decided.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Decision {
    is_consent_given: bool,
    #[schema(example = "ada@example.org")]
    user_fullname: String,
}

/// The same twice: some clients read the flat fields, others `data`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentRecorded {
    #[serde(flatten)]
    flat: Decision,
    data: Decision,
    #[schema(example = "consent recorded")]
    message: &'static str,
}

/// Records the consent to biometric processing, given or withdrawn.
#[utoipa::path(post, path = "/api-consent/consent", tag = "consent", request_body = Decision,
    responses((status = 200, body = ConsentRecorded)))]
pub async fn authorization(
    gateway: State<Gateway>,
    call: Call,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ConsentRecorded>, Error> {
    record(&gateway, &call, ConsentKind::Authorization, &body?).await
}

/// Records the consent to keeping biometric data, given or withdrawn.
#[utoipa::path(post, path = "/api-consent/strg-consent", tag = "consent", request_body = Decision,
    responses((status = 200, body = ConsentRecorded)))]
pub async fn storage(
    gateway: State<Gateway>,
    call: Call,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ConsentRecorded>, Error> {
    record(&gateway, &call, ConsentKind::Storage, &body?).await
}

/// A consent given in a session counts as a call of it: it fixes the session's user, and another user's is refused.
async fn record(
    gateway: &Gateway,
    call: &Call,
    kind: ConsentKind,
    body: &[u8],
) -> Result<Json<ConsentRecorded>, Error> {
    let decision = Decision::parse(body)?;
    if decision.is_consent_given && call.key.at_dashboard {
        return Err(Error::ConsentIsPersonal);
    }
    call.note(|transaction| transaction.user_fullname = Some(decision.user_fullname.clone()));
    if let Some(session_id) = &call.headers.session_id {
        sessions::bind(gateway, call, session_id, &decision.user_fullname).await?;
    }
    keep(gateway, call, kind, &decision).await?;
    Ok(Json(ConsentRecorded { flat: decision.clone(), data: decision, message: "consent recorded" }))
}

/// What somebody at the dashboard has decided of themselves, written down as far as it differs from what counts now.
///
/// # Errors
/// When the ledger does not answer.
pub async fn decided_here(
    gateway: &Gateway,
    call: &Call,
    user: &str,
    decided: [(ConsentKind, bool); 2],
) -> Result<(), Error> {
    let now = given(gateway, call, Some(user)).await?;
    for (kind, is_consent_given) in decided {
        let counts = if kind == ConsentKind::Storage { now.storage } else { now.authorization };
        if counts != is_consent_given {
            let decision = Decision { is_consent_given, user_fullname: user.to_owned() };
            keep(gateway, call, kind, &decision).await?;
        }
    }
    Ok(())
}

async fn keep(gateway: &Gateway, call: &Call, kind: ConsentKind, decision: &Decision) -> Result<(), Error> {
    let request = RecordConsentRequest {
        project_id: call.project_id(),
        user_fullname: decision.user_fullname.clone(),
        kind: kind.into(),
        given: decision.is_consent_given,
        api_key_id: call.key.id.clone(),
        session_id: call.headers.session_id.clone(),
        device_info_json: call.headers.device_info_json.clone(),
        transaction_id: call.transaction_id.to_string(),
    };
    gateway.consent().record_consent(request).await?;
    if !decision.is_consent_given {
        let after = Some(serde_json::json!({"kind": kind.as_str_name()}));
        let deed =
            Deed { action: "consent.withdrawn", subject: &decision.user_fullname, after, ..Deed::default() };
        note(gateway, &call.key.project_id, deed).await?;
    }
    // What was decided, for whoever reads of it in the transaction or is sent it.
    let reason = match (kind, decision.is_consent_given) {
        (ConsentKind::Storage, true) => "storage_consent_given",
        (ConsentKind::Storage, false) => "storage_consent_withdrawn",
        (_, true) => "authorization_consent_given",
        (_, false) => "authorization_consent_withdrawn",
    };
    call.note(|transaction| transaction.reasons = vec![reason.to_owned()]);
    Ok(())
}

impl Decision {
    /// The parser's own message would repeat parts of the body, so it is not used.
    fn parse(body: &[u8]) -> Result<Self, Error> {
        let shape = Error::invalid(
            "request body must be a JSON object with is_consent_given (boolean) and user_fullname (string)",
        );
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(shape);
        }
        let decision: Self = serde_json::from_slice(body).map_err(|_| shape)?;
        Ok(Self { user_fullname: headers::user_fullname(&decision.user_fullname)?, ..decision })
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentFound {
    data: Consent,
    #[schema(example = "consent found")]
    message: &'static str,
}

/// What counts now, and everything recorded, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Consent {
    user_fullname: String,
    authorization: bool,
    storage: bool,
    history: Vec<Entry>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Entry {
    id: String,
    #[schema(example = "authorization")]
    kind: &'static str,
    is_consent_given: bool,
    #[schema(example = "2026-01-31T12:00:00Z")]
    recorded_at: String,
    api_key_id: String,
    session_id: Option<String>,
    transaction_id: String,
    /// Hex SHA-256 over the previous entry's hash and this entry.
    hash: String,
}

/// A user's consents and their history.
#[utoipa::path(get, path = "/api-consent/consent/{user}", tag = "consent",
    params(("user" = String, Path, description = "the user's identifier")),
    responses((status = 200, body = ConsentFound), (status = 404, description = "nothing recorded")))]
pub async fn get(
    State(gateway): State<Gateway>,
    user: Result<Path<String>, PathRejection>,
    call: Call,
) -> Result<Json<ConsentFound>, Error> {
    let user = headers::user_fullname(&user?)?;
    call.note(|transaction| transaction.user_fullname = Some(user.clone()));
    let request = GetConsentRequest { project_id: call.project_id(), user_fullname: user.clone() };
    let found = gateway.consent().get_history(request).await?.into_inner();
    let ConsentState { authorization, storage } = found.state.unwrap_or_default();
    let history = found.entries.into_iter().map(Entry::from).collect();
    let data = Consent { user_fullname: user, authorization, storage, history };
    Ok(Json(ConsentFound { data, message: "consent found" }))
}

impl From<proto::consent::ConsentEntry> for Entry {
    fn from(entry: proto::consent::ConsentEntry) -> Self {
        let kind = match entry.kind() {
            ConsentKind::Authorization => "authorization",
            ConsentKind::Storage => "storage",
            ConsentKind::Unspecified => "unknown",
        };
        Self {
            kind,
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

/// Milliseconds since 1970 as the API writes times: UTC, RFC 3339. Empty for a time no calendar has.
pub fn rfc3339(ms: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

/// What the user has consented to; without a user, nothing.
///
/// # Errors
/// When the ledger does not answer.
pub async fn given(gateway: &Gateway, call: &Call, user: Option<&str>) -> Result<ConsentState, Error> {
    let Some(user) = user else { return Ok(ConsentState::default()) };
    let request = GetConsentRequest { project_id: call.project_id(), user_fullname: user.to_owned() };
    Ok(gateway.consent().get_consent(request).await?.into_inner())
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

        #[test]
        fn any_time_is_written(ms in any::<i64>()) {
            let text = rfc3339(ms);
            prop_assert!(text.is_empty() || text.ends_with('Z'));
        }
    }
}
