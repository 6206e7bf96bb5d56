//! Conversion between rows and records.

use db::Value;

use crate::{
    error::Error,
    record::{Flag, Personal, Record, TransactionId, Verdict},
};

/// A stored transaction.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Row {
    pub id: String,
    pub project_id: String,
    pub api_key_id: String,
    pub session_id: Option<String>,
    pub subject_hash: Option<Vec<u8>>,
    pub kind: String,
    pub created_at: i64,
    pub http_status: i64,
    pub verdict: Option<String>,
    pub score: Option<f64>,
    #[sqlx(try_from = "String")]
    pub reasons: Lines,
    pub rules: Option<String>,
    pub action_trigger: Option<String>,
    #[sqlx(try_from = "String")]
    pub tags: Lines,
    pub durations_json: Option<String>,
    pub duration_ms: i64,
    pub client_app: Option<String>,
    pub client_app_version: Option<String>,
    pub flag: Option<String>,
    pub is_test: i64,
    pub sealed: Vec<u8>,
}

impl Row {
    /// Builds a row; `sealed` has `record.personal`, `subject_hash` replaces its user.
    pub fn new(record: Record, subject_hash: Option<Vec<u8>>, sealed: Vec<u8>) -> Self {
        Self {
            id: record.id.as_str().into(),
            project_id: record.project_id,
            api_key_id: record.api_key_id,
            session_id: record.session_id,
            subject_hash,
            kind: record.kind,
            created_at: record.created_at_ms,
            http_status: record.http_status.into(),
            verdict: record.verdict.map(|verdict| verdict.as_str().into()),
            score: record.score,
            reasons: Lines(record.reasons),
            rules: record.rules,
            action_trigger: record.action_trigger,
            tags: Lines(record.tags),
            durations_json: record.durations_json,
            duration_ms: record.duration_ms.into(),
            client_app: record.client_app,
            client_app_version: record.client_app_version,
            flag: record.flag.map(|flag| flag.as_str().into()),
            is_test: record.is_test.into(),
            sealed,
        }
    }

    /// Returns its reasons and tags as stored.
    pub fn lists(&self) -> [String; 2] {
        [self.reasons.json(), self.tags.json()]
    }

    /// Returns its values in the order of the columns; `lists` are its own.
    pub fn values<'a>(&'a self, [reasons, tags]: &'a [String; 2]) -> [Value<'a>; 21] {
        [
            (&self.id).into(),
            (&self.project_id).into(),
            (&self.api_key_id).into(),
            (&self.session_id).into(),
            (&self.subject_hash).into(),
            (&self.kind).into(),
            self.created_at.into(),
            self.http_status.into(),
            (&self.verdict).into(),
            self.score.into(),
            reasons.into(),
            (&self.rules).into(),
            (&self.action_trigger).into(),
            tags.into(),
            (&self.durations_json).into(),
            self.duration_ms.into(),
            (&self.client_app).into(),
            (&self.client_app_version).into(),
            (&self.flag).into(),
            self.is_test.into(),
            (&self.sealed).into(),
        ]
    }

    /// Converts back to a transaction, with the content of `sealed`.
    pub fn into_record(self, personal: Personal) -> Result<Record, Error> {
        Ok(Record {
            id: TransactionId::parse(&self.id)?,
            project_id: self.project_id,
            api_key_id: self.api_key_id,
            session_id: self.session_id,
            kind: self.kind,
            created_at_ms: self.created_at,
            http_status: u16::try_from(self.http_status).unwrap_or(u16::MAX),
            verdict: self.verdict.as_deref().map(Verdict::parse).transpose()?,
            score: self.score,
            reasons: self.reasons.0,
            rules: self.rules,
            action_trigger: self.action_trigger,
            tags: self.tags.0,
            durations_json: self.durations_json,
            duration_ms: u32::try_from(self.duration_ms).unwrap_or(u32::MAX),
            client_app: self.client_app,
            client_app_version: self.client_app_version,
            flag: self.flag.as_deref().map(Flag::parse).transpose()?,
            event_json: None,
            event_urls: Vec::new(),
            client_address: None,
            document_number: None,
            is_test: self.is_test != 0,
            personal,
        })
    }
}

/// A list of lines, stored as JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines(pub Vec<String>);

impl Lines {
    pub fn json(&self) -> String {
        serde_json::json!(self.0).to_string()
    }
}

impl TryFrom<String> for Lines {
    type Error = serde_json::Error;

    fn try_from(json: String) -> Result<Self, Self::Error> {
        serde_json::from_str(&json).map(Self)
    }
}
