//! Conversion of a transaction between the wire and its record.

use proto::{Word, transactions as wire};

use crate::{
    error::Error,
    links::DocumentNumber,
    record::{self, Flag, Personal, Record, TransactionId, Verdict},
};

/// The value of the wire that has this word; `UNSPECIFIED` where none has.
pub fn to_wire<E: Word + Default>(word: &str) -> i32 {
    E::from_word(word).unwrap_or_default().into()
}

/// The word of a value; none where it is `UNSPECIFIED`.
///
/// # Errors
/// [`Error::Invalid`] for a number that no value has.
pub fn word<E: Word>(field: &str, number: i32) -> Result<Option<&'static str>, Error> {
    let value = E::try_from(number);
    value.map(Word::to_word).map_err(|_| Error::Invalid(format!("{field} must be {}", E::list_words())))
}

pub fn verdict(number: i32) -> Result<Option<Verdict>, Error> {
    word::<wire::Verdict>("verdict", number)?.map(Verdict::parse).transpose()
}

pub fn flag(number: i32) -> Result<Option<Flag>, Error> {
    word::<wire::Flag>("flag", number)?.map(Flag::parse).transpose()
}

pub fn document_number(wire: wire::DocumentNumber) -> DocumentNumber {
    DocumentNumber { country: wire.country, number: wire.number }
}

impl TryFrom<wire::Transaction> for Record {
    type Error = Error;

    fn try_from(wire: wire::Transaction) -> Result<Self, Error> {
        use record::{json_object, list, parse_word, text};
        let optional = |field, value: Option<String>| value.map(|value| text(field, value)).transpose();
        let remark = |value: Option<String>| value.as_deref().and_then(record::remark);
        let json = |field, value: Option<String>, limit| {
            value.map(|value| json_object(field, value, limit)).transpose()
        };
        Ok(Self {
            id: TransactionId::parse(&wire.id)?,
            project_id: text("project_id", wire.project_id)?,
            api_key_id: text("api_key_id", wire.api_key_id)?,
            session_id: optional("session_id", wire.session_id)?,
            kind: parse_word("kind", wire.kind)?,
            created_at_ms: wire.created_at_ms,
            http_status: u16::try_from(wire.http_status)
                .map_err(|_| Error::Invalid("http_status is not an HTTP status".into()))?,
            verdict: verdict(wire.verdict)?,
            score: wire.score.map(record::score).transpose()?,
            reasons: list("reasons", wire.reasons)?,
            rules: optional("rules", wire.rules)?,
            action_trigger: remark(wire.action_trigger),
            tags: list("tags", wire.tags)?,
            durations_json: json("durations_json", wire.durations_json, record::MAX_DURATIONS_JSON)?,
            duration_ms: wire.duration_ms,
            client_app: remark(wire.client_app),
            client_app_version: remark(wire.client_app_version),
            flag: None,
            client_address: Some(wire.client_address).filter(|address| !address.is_empty()),
            document_number: wire.document_number.map(document_number),
            event_json: json("event_json", wire.event_json, record::MAX_SERVICES_JSON)?,
            event_urls: wire.event_urls,
            is_test: wire.is_test,
            personal: Personal {
                user_fullname: optional("user_fullname", wire.user_fullname)?,
                services_json: json("services_json", wire.services_json, record::MAX_SERVICES_JSON)?,
                evidence_json: json("evidence_json", wire.evidence_json, record::MAX_SERVICES_JSON)?,
                device_info_json: json("device_info_json", wire.device_info_json, record::MAX_DEVICE_JSON)?,
                geo_json: json("geo_json", wire.geo_json, record::MAX_GEO_JSON)?,
                error: remark(wire.error),
            },
        })
    }
}

impl From<Record> for wire::Transaction {
    fn from(record: Record) -> Self {
        Self {
            id: record.id.as_str().into(),
            project_id: record.project_id,
            api_key_id: record.api_key_id,
            session_id: record.session_id,
            user_fullname: record.personal.user_fullname,
            kind: record.kind,
            created_at_ms: record.created_at_ms,
            http_status: record.http_status.into(),
            error: record.personal.error,
            verdict: to_wire::<wire::Verdict>(record.verdict.map_or("", Verdict::as_str)),
            score: record.score,
            reasons: record.reasons,
            services_json: record.personal.services_json,
            rules: record.rules,
            action_trigger: record.action_trigger,
            device_info_json: record.personal.device_info_json,
            geo_json: record.personal.geo_json,
            tags: record.tags,
            durations_json: record.durations_json,
            duration_ms: record.duration_ms,
            client_app: record.client_app,
            client_app_version: record.client_app_version,
            flag: to_wire::<wire::Flag>(record.flag.map_or("", Flag::as_str)),
            evidence_json: record.personal.evidence_json,
            event_json: None,
            event_urls: Vec::new(),
            client_address: String::new(),
            document_number: None,
            is_test: record.is_test,
            fraud: Vec::new(),
            review: None,
        }
    }
}
