//! Events, queued for their subscribers in the database transaction of their record: an event is sent if and only if
//! its record is stored, even if the process is killed in between.
//!
//! [`crate::store::outbox::queue_events`] writes them inside the caller's transaction; after the commit the caller
//! calls [`Outbox::wake`]. The worker of [`crate::webhooks`] delivers them.

use std::{collections::BTreeSet, sync::Arc};

use blob::{KeyRing, Purpose};
use boot::timestamp::rfc3339;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{error::Error, record::Record, store::Lines};

pub const PAYLOAD: Purpose = Purpose("payload of a webhook delivery");

/// All events. `webhook.test` is not included: it is sent only on request.
pub const EVENTS: [&str; 11] = [
    "session.completed",
    "video.processed",
    "enrollment.completed",
    "docauth.completed",
    "match.completed",
    "fraud.flagged",
    REVIEW_COMPLETED,
    "consent.changed",
    IDENTITY_VERIFIED,
    "deepfake.completed",
    VERIFIK,
];
/// The final decision of a review.
const REVIEW_COMPLETED: &str = "review.completed";
/// A check of the Identity Verification API, reported in the format of that API.
pub const IDENTITY_VERIFIED: &str = "identity_verification.completed";

/// Something that happened to a registration or validation of the Verifik API; it is reported in the shape of that API, also when
/// a call was refused.
const VERIFIK: &str = "verifik.event";

/// An event as its subscribers receive it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// One of [`EVENTS`], or `webhook.test`.
    pub name: &'static str,
    pub project_id: String,
    /// The key of its call: events go to the endpoints of that key.
    pub api_key_id: String,
    pub transaction_id: String,
    pub subject_hash: Option<Vec<u8>>,
    /// Milliseconds UTC.
    pub at_ms: i64,
    /// The JSON payload.
    pub payload: Vec<u8>,
    /// The endpoints it goes to whatever events they ask for.
    pub endpoints: Vec<String>,
}

impl Event {
    /// Returns the event of a record, by its kind; only for a successful call.
    ///
    /// # Errors
    /// Never in practice; when the payload is no JSON.
    pub fn from_record(record: &Record, subject_hash: Option<&[u8]>) -> Result<Option<Self>, Error> {
        let name = match record.kind.as_str() {
            "session_end" | "biometry_v2.session_end" => "session.completed",
            "process_video" | "biometry_v2.liveness" => "video.processed",
            "enroll_face" | "enroll_voice" | "biometry_v2.enroll_face" | "biometry_v2.enroll_voice" => {
                "enrollment.completed"
            }
            "docauth_check" | "biometry_v2.document_check" => "docauth.completed",
            "match_faces" | "biometry_v2.face_match" => "match.completed",
            "idv.submit" => IDENTITY_VERIFIED,
            "biometry_v2.deepfake_result" => "deepfake.completed",
            "consent" | "storage_consent" | "biometry_v2.consent_approve" => "consent.changed",
            kind if kind.starts_with("verifik.") && record.event_json.is_some() => VERIFIK,
            _ => return Ok(None),
        };
        let may_be_refused = name == VERIFIK && record.http_status < 500;
        if !may_be_refused && !(200..300).contains(&record.http_status) {
            return Ok(None);
        }
        let data = serde_json::to_value(Data::of(record))?;
        let event = Self::about(record, subject_hash, name, record.created_at_ms, &data)?;
        Ok(Some(match &record.event_json {
            Some(json) => Self { payload: json.clone().into_bytes(), ..event },
            None => event,
        }))
    }

    /// Returns the event that fraud rules hit a record; `hits` has each with its evidence.
    ///
    /// # Errors
    /// Never in practice; when the payload is no JSON.
    pub fn fraud_flagged(
        record: &Record,
        subject_hash: Option<&[u8]>,
        at_ms: i64,
        hits: Value,
    ) -> Result<Self, Error> {
        let mut data = serde_json::to_value(Data::of(record))?;
        data["fraud"] = hits;
        Self::about(record, subject_hash, "fraud.flagged", at_ms, &data)
    }

    /// Returns the event of a decided review.
    ///
    /// # Errors
    /// Never in practice; when the payload is no JSON.
    pub fn review_completed(
        record: &Record,
        subject_hash: Option<&[u8]>,
        at_ms: i64,
        review: Value,
    ) -> Result<Self, Error> {
        let mut data = serde_json::to_value(Data::of(record))?;
        data["review"] = review;
        Self::about(record, subject_hash, REVIEW_COMPLETED, at_ms, &data)
    }

    fn about(
        record: &Record,
        subject_hash: Option<&[u8]>,
        name: &'static str,
        at_ms: i64,
        data: &Value,
    ) -> Result<Self, Error> {
        Ok(Self {
            name,
            project_id: record.project_id.clone(),
            api_key_id: record.api_key_id.clone(),
            transaction_id: record.id.as_str().into(),
            subject_hash: subject_hash.map(<[u8]>::to_vec),
            at_ms,
            payload: payload(name, at_ms, data)?,
            endpoints: Vec::new(),
        })
    }
}

/// Serialises the payload of an event.
///
/// # Errors
/// Never in practice; when it is no JSON.
pub fn payload(name: &str, at_ms: i64, data: &Value) -> Result<Vec<u8>, Error> {
    Ok(serde_json::to_vec(&json!({"type": name, "timestamp": rfc3339(at_ms), "data": data}))?)
}

/// The fields of a record in an event, without results, device and location.
#[derive(Serialize)]
struct Data<'a> {
    id: &'a str,
    kind: &'a str,
    project_id: &'a str,
    api_key_id: &'a str,
    session_id: Option<&'a str>,
    user_fullname: Option<&'a str>,
    created_at: String,
    verdict: Option<&'static str>,
    score: Option<f64>,
    decision_reasons: &'a [String],
    rules: Option<&'a str>,
    action_trigger: Option<&'a str>,
    tags: &'a [String],
    /// The call was made with a test key.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
}

impl<'a> Data<'a> {
    fn of(record: &'a Record) -> Self {
        Self {
            id: record.id.as_str(),
            kind: &record.kind,
            project_id: &record.project_id,
            api_key_id: &record.api_key_id,
            session_id: record.session_id.as_deref(),
            user_fullname: record.personal.user_fullname.as_deref(),
            created_at: rfc3339(record.created_at_ms),
            verdict: record.verdict.map(crate::record::Verdict::as_str),
            score: record.score,
            decision_reasons: &record.reasons,
            rules: record.rules.as_deref(),
            action_trigger: record.action_trigger.as_deref(),
            tags: &record.tags,
            test: record.is_test,
        }
    }
}

/// The part of an endpoint that decides what is sent to it.
#[derive(Debug, sqlx::FromRow)]
pub struct Subscriber {
    pub id: String,
    pub api_key_id: String,
    pub project_id: String,
    /// Empty: every event.
    #[sqlx(try_from = "String")]
    pub events: Lines,
}

impl Subscriber {
    fn wants(&self, event: &Event) -> bool {
        self.project_id == event.project_id
            && self.api_key_id == event.api_key_id
            && (self.events.0.is_empty()
                || self.events.0.iter().any(|name| name == event.name)
                || event.endpoints.contains(&self.id))
    }
}

/// One event for one endpoint.
#[derive(Debug)]
pub struct Outgoing<'a> {
    pub id: String,
    pub endpoint_id: String,
    pub event: &'a Event,
    pub sealed: Vec<u8>,
}

/// Returns the projects of `events`, each once.
pub fn projects<'a>(events: &[&'a Event]) -> BTreeSet<&'a str> {
    events.iter().map(|event| event.project_id.as_str()).collect()
}

/// Seals payloads and wakes the worker.
#[derive(Clone, Debug)]
pub struct Outbox {
    ring: KeyRing,
    committed: Arc<Notify>,
}

impl Outbox {
    pub fn new(ring: KeyRing) -> Self {
        Self { ring, committed: Arc::default() }
    }

    /// Wakes the worker of this process after a commit; those of other processes poll.
    pub fn wake(&self) {
        self.committed.notify_one();
    }

    /// Completes once [`Self::wake`] was called since the last time.
    pub async fn woken(&self) {
        self.committed.notified().await;
    }

    /// Returns each event for each subscribed endpoint, with its payload sealed.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn address<'a>(
        &self,
        events: &[&'a Event],
        subscribers: &[Subscriber],
    ) -> Result<Vec<Outgoing<'a>>, Error> {
        let mut outgoing = Vec::new();
        for event in events {
            for subscriber in subscribers.iter().filter(|subscriber| subscriber.wants(event)) {
                outgoing.push(self.outgoing(&subscriber.id, event)?);
            }
        }
        Ok(outgoing)
    }

    /// Returns `event` for the endpoint `endpoint_id`.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn outgoing<'a>(&self, endpoint_id: &str, event: &'a Event) -> Result<Outgoing<'a>, Error> {
        let id = format!("msg_{}", Uuid::now_v7());
        let sealed = self.ring.seal(PAYLOAD, id.as_bytes(), &event.payload)?;
        Ok(Outgoing { id, endpoint_id: endpoint_id.into(), event, sealed })
    }

    /// Opens the payload of the delivery `id`.
    ///
    /// # Errors
    /// When it is damaged, of another delivery, or sealed under a missing key.
    pub fn open(&self, id: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.ring.open_sealed(PAYLOAD, id.as_bytes(), sealed)?.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Personal, TransactionId, Verdict};

    fn record(kind: &str, http_status: u16) -> Record {
        Record {
            id: TransactionId::parse("0199f0a0-0000-7000-8000-000000000001").unwrap(),
            project_id: "project".into(),
            api_key_id: "key".into(),
            session_id: Some("sess_1".into()),
            kind: kind.into(),
            created_at_ms: 1_760_000_000_123,
            http_status,
            verdict: Some(Verdict::Pass),
            score: Some(92.5),
            reasons: vec!["face_match_passed".into()],
            rules: Some("default".into()),
            action_trigger: None,
            tags: vec!["kiosk".into()],
            durations_json: None,
            duration_ms: 1,
            client_app: None,
            client_app_version: None,
            flag: None,
            event_json: None,
            event_urls: Vec::new(),
            client_address: None,
            document_number: None,
            is_test: false,
            personal: Personal { user_fullname: Some("ada@example.org".into()), ..Personal::default() },
        }
    }

    fn name(kind: &str, http_status: u16) -> Option<&'static str> {
        Event::from_record(&record(kind, http_status), None).unwrap().map(|event| event.name)
    }

    #[test]
    fn each_kind_of_record_has_its_event() {
        let kinds = [
            ("session_end", Some("session.completed")),
            ("process_video", Some("video.processed")),
            ("enroll_face", Some("enrollment.completed")),
            ("enroll_voice", Some("enrollment.completed")),
            ("docauth_check", Some("docauth.completed")),
            ("match_faces", Some("match.completed")),
            ("consent", Some("consent.changed")),
            ("storage_consent", Some("consent.changed")),
            ("biometry_v2.liveness", Some("video.processed")),
            ("idv.submit", Some("identity_verification.completed")),
            ("biometry_v2.deepfake_result", Some("deepfake.completed")),
            ("biometry_v2.consent_approve", Some("consent.changed")),
            ("session_start", None),
            ("consent_read", None),
        ];
        for (kind, event) in kinds {
            assert_eq!(name(kind, 200), event, "{kind}");
            assert!(event.is_none_or(|event| EVENTS.contains(&event)));
            assert_eq!(name(kind, 403), None, "what was refused did not happen");
        }
    }

    #[test]
    fn a_verifik_event_is_what_the_call_left_also_when_it_was_refused() {
        let event = |http_status, event_json: Option<&str>| {
            let event_json = event_json.map(str::to_owned);
            let record = Record { event_json, ..record("verifik.app_registration_face", http_status) };
            Event::from_record(&record, None).unwrap()
        };
        for status in [200, 409] {
            let event = event(status, Some("{}")).unwrap();
            assert_eq!((event.name, event.payload.as_slice()), ("verifik.event", b"{}".as_slice()));
        }
        assert_eq!(event(200, None), None);
        assert_eq!(event(500, Some("{}")), None);
    }

    #[test]
    fn the_payload_describes_the_record() {
        let event = Event::from_record(&record("process_video", 200), Some(&[7; 32])).unwrap().unwrap();
        let payload: Value = serde_json::from_slice(&event.payload).unwrap();
        assert_eq!(payload["type"], "video.processed");
        assert_eq!(payload["timestamp"], "2025-10-09T08:53:20.123Z");
        let data = &payload["data"];
        assert_eq!(data["id"], "0199f0a0-0000-7000-8000-000000000001");
        assert_eq!((&data["user_fullname"], &data["verdict"]), (&json!("ada@example.org"), &json!("pass")));
        assert_eq!(
            (&data["score"], &data["decision_reasons"]),
            (&json!(92.5), &json!(["face_match_passed"]))
        );
        let hits = json!([{"rule": "impossible_travel"}]);
        let flagged =
            Event::fraud_flagged(&record("process_video", 200), None, 1_760_000_000_999, hits.clone());
        let payload: Value = serde_json::from_slice(&flagged.unwrap().payload).unwrap();
        assert_eq!((&payload["type"], &payload["data"]["fraud"]), (&json!("fraud.flagged"), &hits));
    }
}
