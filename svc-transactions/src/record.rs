//! A transaction as plain values, and the limits of its fields.

use serde::{Deserialize, Serialize, de::IgnoredAny};
use uuid::Uuid;

use crate::{error::Error, links::DocumentNumber};

/// Largest JSON text of one field, in bytes.
pub const MAX_SERVICES_JSON: usize = 256 * 1024;
pub const MAX_DEVICE_JSON: usize = 64 * 1024;
pub const MAX_GEO_JSON: usize = 8 * 1024;
pub const MAX_DURATIONS_JSON: usize = 16 * 1024;
/// Longest single-line text of one field, in characters.
const MAX_TEXT: usize = 512;
const MAX_LIST: usize = 100;
const MAX_ITEM: usize = 100;

/// The id of a transaction: a UUID, in its one canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionId(String);

impl TransactionId {
    pub fn parse(text: &str) -> Result<Self, Error> {
        let id = Uuid::try_parse(text).map_err(|_| Error::Invalid("id is not a UUID".into()))?;
        Ok(Self(id.to_string()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The verdict of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Fail,
    Refer,
}

impl Verdict {
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "pass" => Ok(Self::Pass),
            "fail" => Ok(Self::Fail),
            "refer" => Ok(Self::Refer),
            _ => Err(Error::Invalid("verdict must be pass, fail or refer".into())),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Refer => "refer",
        }
    }
}

/// A reviewer's assessment of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    Fraudulent,
    PossiblyFraudulent,
    Ok,
}

impl Flag {
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "fraudulent" => Ok(Self::Fraudulent),
            "possibly_fraudulent" => Ok(Self::PossiblyFraudulent),
            "ok" => Ok(Self::Ok),
            _ => Err(Error::Invalid("flag must be fraudulent, possibly_fraudulent or ok".into())),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fraudulent => "fraudulent",
            Self::PossiblyFraudulent => "possibly_fraudulent",
            Self::Ok => "ok",
        }
    }
}

/// One gateway operation. All values have been checked against the limits of this module.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub id: TransactionId,
    pub project_id: String,
    pub api_key_id: String,
    pub session_id: Option<String>,
    pub kind: String,
    pub created_at_ms: i64,
    pub http_status: u16,
    pub verdict: Option<Verdict>,
    /// 0-100
    pub score: Option<f64>,
    pub reasons: Vec<String>,
    pub rules: Option<String>,
    pub action_trigger: Option<String>,
    pub tags: Vec<String>,
    pub durations_json: Option<String>,
    pub duration_ms: u32,
    pub client_app: Option<String>,
    pub client_app_version: Option<String>,
    /// `None` until a reviewer sets one.
    pub flag: Option<Flag>,
    /// The webhook payload, for an API with its own format. Not stored with the record.
    pub event_json: Option<String>,
    /// Where it is sent beside its subscribers. Not stored with the record.
    pub event_urls: Vec<String>,
    /// The address of the client, and the document: used for links to other calls, and not stored.
    pub client_address: Option<String>,
    pub document_number: Option<DocumentNumber>,
    /// Made with a test key: not counted and not compared.
    pub is_test: bool,
    pub personal: Personal,
}

/// Reasons of a refer that only say that the picture is unsuitable.
const NEW_CAPTURE: [&str; 2] = ["picture_cannot_be_judged", "nothing_decisive"];

impl Record {
    /// Whether the call was referred only because its picture cannot be judged: it shows nothing for a reviewer to
    /// weigh, and the reason asks for another picture.
    pub fn awaits_capture(&self) -> bool {
        let evidence = self.personal.evidence_json.as_deref().unwrap_or_default();
        let evidence: serde_json::Value = serde_json::from_str(evidence).unwrap_or_default();
        let decided_by: Vec<&str> = evidence["decided_by"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_str)
            .collect();
        self.verdict == Some(Verdict::Refer)
            && decided_by.contains(&NEW_CAPTURE[0])
            && decided_by.iter().all(|reason| NEW_CAPTURE.contains(reason))
    }
}

/// The fields that may contain names or locations. Stored sealed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Personal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_fullname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services_json: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_json: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_info_json: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo_json: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Validates text of one line: not empty, at most 512 characters, no control characters.
pub fn text(field: &'static str, value: String) -> Result<String, Error> {
    bounded(field, value, MAX_TEXT)
}

/// Normalises text: control characters become spaces, text beyond 512 characters is cut. For descriptive fields, so
/// that a record is never rejected because of them.
pub fn remark(value: &str) -> Option<String> {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let kept: String = value.chars().take(MAX_TEXT).map(printable).collect();
    Some(kept).filter(|kept| !kept.trim().is_empty())
}

/// Validates a word that the system itself chose, such as `kind` (`process_video`, `neuroid.verify`): 1 to 64 of a-z, 0-9, _ and ..
pub fn parse_word(field: &'static str, value: String) -> Result<String, Error> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
    if (1..=64).contains(&value.len()) && value.bytes().all(fits) {
        return Ok(value);
    }
    Err(Error::Invalid(format!("{field} must be 1 to 64 of a-z, 0-9, _ and .")))
}

/// Validates up to 100 different lines of up to 100 characters each; repeats are dropped.
pub fn list(field: &'static str, values: Vec<String>) -> Result<Vec<String>, Error> {
    let mut kept: Vec<String> = Vec::with_capacity(values.len().min(MAX_LIST));
    for value in values {
        let value = bounded(field, value, MAX_ITEM)?;
        if !kept.contains(&value) {
            if kept.len() == MAX_LIST {
                return Err(Error::Invalid(format!("{field} may hold at most {MAX_LIST} entries")));
            }
            kept.push(value);
        }
    }
    Ok(kept)
}

/// Validates a JSON object of at most `limit` bytes.
pub fn json_object(field: &'static str, value: String, limit: usize) -> Result<String, Error> {
    if value.len() > limit {
        return Err(Error::Invalid(format!("{field} is larger than {limit} bytes")));
    }
    if !value.trim_ascii_start().starts_with('{') || serde_json::from_str::<IgnoredAny>(&value).is_err() {
        return Err(Error::Invalid(format!("{field} is not a JSON object")));
    }
    Ok(value)
}

/// Validates a score of the rules, 0 to 100.
pub fn score(value: f64) -> Result<f64, Error> {
    if (0.0..=100.0).contains(&value) {
        Ok(value)
    } else {
        Err(Error::Invalid("score must lie within 0 and 100".into()))
    }
}

fn bounded(field: &'static str, value: String, limit: usize) -> Result<String, Error> {
    // Control characters do not belong in a line, and PostgreSQL accepts no NUL.
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(Error::Invalid(format!("{field} must not be empty or hold control characters")));
    }
    if value.chars().count() > limit {
        return Err(Error::Invalid(format!("{field} is longer than {limit} characters")));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reason<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn each_limit_names_its_field() {
        let big = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_GEO_JSON));
        assert_eq!(reason(json_object("geo_json", big, MAX_GEO_JSON)), "geo_json is larger than 8192 bytes");
        assert_eq!(reason(text("error", "x".repeat(513))), "error is longer than 512 characters");
        assert_eq!(
            reason(list("tags", (0..101).map(|i| i.to_string()).collect())),
            "tags may hold at most 100 entries"
        );
        assert_eq!(reason(list("tags", vec!["x".repeat(101)])), "tags is longer than 100 characters");
        assert_eq!(
            reason(parse_word("kind", "Process Video".into())),
            "kind must be 1 to 64 of a-z, 0-9, _ and ."
        );
        assert_eq!(reason(score(f64::NAN)), "score must lie within 0 and 100");
    }

    #[test]
    fn a_descriptive_text_is_stored_as_far_as_it_is_valid() {
        assert_eq!(remark("a\tb\0"), Some("a b ".into()));
        assert_eq!(remark(&"ä".repeat(600)), Some("ä".repeat(512)));
        assert_eq!(remark(" \n"), None);
    }

    #[test]
    fn only_a_whole_json_object_is_one() {
        for bad in ["", "[]", "1", "{", "{}x", "{\"a\":}", "null"] {
            assert_eq!(
                reason(json_object("geo_json", bad.into(), 100)),
                "geo_json is not a JSON object",
                "{bad}"
            );
        }
        assert!(json_object("geo_json", " {\"lat\":48.2}\n".into(), 100).is_ok());
    }

    #[test]
    fn a_repeated_tag_counts_once_and_the_order_stays() {
        let tags = list("tags", ["b", "a", "b"].map(String::from).into()).unwrap();
        assert_eq!(tags, ["b", "a"]);
    }

    proptest! {
        #[test]
        fn accepted_values_can_be_stored_in_both_databases(value in any::<String>()) {
            if let Ok(kept) = text("user_fullname", value.clone()) {
                prop_assert!(!kept.contains('\0') && !kept.is_empty() && kept == value);
            }
        }

        #[test]
        fn every_object_reads_back_as_it_came(keys in prop::collection::hash_map(".{0,8}", any::<i64>(), 0..8)) {
            let json = serde_json::to_string(&keys).unwrap();
            prop_assert_eq!(json_object("geo_json", json.clone(), 4096).unwrap(), json);
        }
    }
}
