//! What-if: decides past calls again by other rules, from the recorded evidence.
//!
//! It only reads; past calls keep their verdicts. Calls are read page by page, so memory does not grow with their
//! number.

mod tally;

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use boot::timestamp::parse_rfc3339;
use proto::transactions::{Flag, ListTransactionsRequest, Transaction, Verdict};
use scoring::{Basis, DocumentBasis, Rules, RulesVersion, Service, ServiceRule, ShadowDecision};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use tally::Replayed;
use tally::{Judgement, Skipped, Tally};

use crate::{
    core::{
        caller::Caller,
        error::Error,
        scoring_rules::{find_scoring_rules, get_scoring_rules},
        transactions::list_recorded_transactions,
        user_name::parse_any_user_name,
    },
    http::{
        envelope::Envelope,
        json::{self, parse_word},
        state::Gateway,
    },
};

const DEFAULT_LIMIT: u32 = 1_000;
const MAX_LIMIT: u32 = 10_000;
const PAGE: u32 = 200;

/// The rules to try, and the calls to try them on. Without `rules` and `scores_id` each call is decided again by the
/// rules that decided it, which must change nothing: it verifies that the record is complete.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Question {
    /// Rules that are not stored.
    #[schema(example = json!({"version": 1, "services": {"face_liveness": {"mode": "required", "pass": 0.8}}}))]
    rules: Option<Value>,
    /// Stored rules, or `default` for the built-in ones.
    scores_id: Option<String>,
    /// The version of the stored rules; absent: the newest.
    version: Option<u32>,
    /// Only calls made at or after this time, RFC 3339.
    #[schema(example = "2026-01-01T00:00:00Z")]
    from: Option<String>,
    /// Only calls made before this time, RFC 3339.
    until: Option<String>,
    /// The kind of calls; absent: process_video.
    kind: Kind,
    user_fullname: Option<String>,
    session_id: Option<String>,
    /// Only calls with this verdict: pass, refer or fail.
    verdict: Option<String>,
    tag: Option<String>,
    flag: Option<String>,
    api_key_id: Option<String>,
    /// Most calls to examine, 1 to 10000, newest first; absent: 1000.
    limit: Option<u32>,
    /// `next_cursor` of the previous answer, to continue with older calls.
    cursor: Option<String>,
}

/// Kinds of calls that are decided by rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    ProcessVideo,
    DocauthCheck,
}

impl Kind {
    /// Returns the kind of their transactions.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::ProcessVideo => "process_video",
            Self::DocauthCheck => "docauth_check",
        }
    }
}

/// The rules of a replay.
pub(super) enum Trial {
    These(Rules),
    BuiltIn,
    /// The rules that decided each call, cached as they are read.
    Own(BTreeMap<RulesVersion, Option<Rules>>),
    /// Shadow rules, whose decision was recorded with the call.
    Shadow(RulesVersion),
}

/// Decides past calls of process-video or docauth/check again by other rules, and reports what would change.
#[utoipa::path(post, path = "/api-projects/scoring-rules/what-if", tag = "scoring rules", request_body = Question,
    responses((status = 200, body = Envelope<Replayed>),
              (status = 400, description = "rules that do not fit the schema, or a filter that makes no sense"),
              (status = 404, description = "no such scoring rules")))]
pub async fn replay_decisions(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<Replayed>>, Error> {
    let question: Question = json::parse_object(body)?;
    let trial = Trial::new(&gateway, &caller, &question).await?;
    let limit = parse_limit(question.limit)?;
    let data = replay_calls(&gateway, &caller, trial, question.into_request()?, limit).await?;
    Ok(Json(Envelope { data, message: "past decisions replayed" }))
}

/// Compares the recorded decisions of at most `limit` calls, newest first, with those of a trial.
pub(super) async fn replay_calls(
    gateway: &Gateway,
    caller: &Caller,
    mut trial: Trial,
    mut request: ListTransactionsRequest,
    limit: u32,
) -> Result<Replayed, Error> {
    let mut tally = Tally::default();
    while tally.considered() < limit {
        request.page_size = PAGE.min(limit - tally.considered());
        let page = list_recorded_transactions(gateway.core(), caller, request.clone()).await?;
        // Calls with a test key have no evidence about a user.
        for transaction in page.transactions.into_iter().filter(|transaction| !transaction.is_test) {
            let replayed = trial.replay(gateway, caller, &transaction).await?;
            tally.add(transaction, replayed);
        }
        request.cursor = page.next_cursor;
        if request.cursor.is_empty() {
            break;
        }
    }
    Ok(tally.finish(request.cursor))
}

impl Question {
    fn into_request(self) -> Result<ListTransactionsRequest, Error> {
        Ok(ListTransactionsRequest {
            kind: Some(self.kind.as_str().into()),
            from_ms: self.from.map(|text| time_ms("from", &text)).transpose()?,
            until_ms: self.until.map(|text| time_ms("until", &text)).transpose()?,
            user_fullname: self.user_fullname.as_deref().map(parse_any_user_name).transpose()?,
            session_id: self.session_id,
            verdict: self
                .verdict
                .map(|word| parse_word::<Verdict>("verdict", &word))
                .transpose()?
                .unwrap_or_default()
                .into(),
            tag: self.tag,
            flag: self
                .flag
                .map(|word| parse_word::<Flag>("flag", &word))
                .transpose()?
                .unwrap_or_default()
                .into(),
            api_key_id: self.api_key_id,
            cursor: self.cursor.unwrap_or_default(),
            ..ListTransactionsRequest::default()
        })
    }
}

/// Returns how many calls to look at.
pub(super) fn parse_limit(limit: Option<u32>) -> Result<u32, Error> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    Err(Error::Invalid(format!("limit must be 1 to {MAX_LIMIT}").into()))
}

pub(super) fn time_ms(field: &'static str, text: &str) -> Result<i64, Error> {
    let ms = parse_rfc3339(text);
    ms.ok_or_else(|| Error::Invalid(format!("{field} must be a time as 2026-01-31T12:00:00Z").into()))
}

impl Trial {
    async fn new(gateway: &Gateway, caller: &Caller, question: &Question) -> Result<Self, Error> {
        match (&question.rules, question.scores_id.as_deref()) {
            (Some(_), Some(_)) => Err(Error::invalid("give either rules or scores_id, not both")),
            (_, None) if question.version.is_some() => {
                Err(Error::invalid("a version needs the scores_id it is of"))
            }
            (Some(draft), None) => match Rules::parse(&draft.to_string()) {
                Ok(rules) => Ok(Self::These(rules)),
                Err(error) => Err(Error::Invalid(error.to_string().into())),
            },
            (None, Some("default")) => Ok(Self::BuiltIn),
            (None, Some(id)) => {
                let version = question.version.unwrap_or(0);
                let stored = get_scoring_rules(gateway.core(), caller, id.to_owned(), version).await?;
                Ok(Self::These(parse(&stored.rules_json)?))
            }
            (None, None) => Ok(Self::Own(BTreeMap::new())),
        }
    }

    /// Returns the decision of the rules on a past call, or why there is none.
    async fn replay(
        &mut self,
        gateway: &Gateway,
        caller: &Caller,
        transaction: &Transaction,
    ) -> Result<Result<Judgement, Skipped>, Error> {
        let past = match Past::read(transaction) {
            Ok(past) => past,
            Err(skipped) => return Ok(Err(skipped)),
        };
        if let Self::Own(known) = self
            && let Some(version) = past.rules()
            && !known.contains_key(version)
        {
            let own = own_rules(gateway, caller, version).await?;
            known.insert(version.clone(), own);
        }
        Ok(self.decide(&past, &caller.replay_rule()))
    }

    fn decide(&self, past: &Past, replays: &ServiceRule) -> Result<Judgement, Skipped> {
        match (self, past.rules()) {
            (Self::These(rules), _) => Ok(past.decide(Some(rules), replays)),
            (Self::BuiltIn, _) | (Self::Own(_), None) => Ok(past.decide(None, replays)),
            (Self::Own(known), Some(version)) => match known.get(version) {
                Some(Some(rules)) => Ok(past.decide(Some(rules), replays)),
                _ => Err(Skipped::RulesUnknown),
            },
            (Self::Shadow(version), _) => match past.shadow() {
                Some(decision) if decision.rules == *version => Ok(decision.into()),
                _ => Err(Skipped::NoShadowDecision),
            },
        }
    }
}

/// Returns the rules that decided a call; `None` when they are no longer stored.
async fn own_rules(
    gateway: &Gateway,
    caller: &Caller,
    version: &RulesVersion,
) -> Result<Option<Rules>, Error> {
    let id = version.scores_id.clone();
    let stored = find_scoring_rules(gateway.core(), caller, id, version.version).await?;
    stored.map(|stored| parse(&stored.rules_json)).transpose()
}

fn parse(json: &str) -> Result<Rules, Error> {
    Rules::parse(json).map_err(|error| Error::internal(&error))
}

/// The evidence of a past decision.
#[derive(Debug, PartialEq)]
enum Past {
    Video(Basis),
    Document(DocumentBasis),
}

impl Past {
    fn read(transaction: &Transaction) -> Result<Self, Skipped> {
        let evidence = match (transaction.verdict(), &transaction.evidence_json) {
            (Verdict::Unspecified, _) => return Err(Skipped::NoDecision),
            (_, None) => return Err(Skipped::NoEvidence),
            (_, Some(json)) => json,
        };
        let read = if transaction.kind == Kind::DocauthCheck.as_str() {
            serde_json::from_str(evidence).map(Self::Document)
        } else {
            serde_json::from_str(evidence).map(Self::Video)
        };
        read.map_err(|_| Skipped::EvidenceNotReadable)
    }

    /// The recorded decision of the shadow rules.
    const fn shadow(&self) -> Option<&ShadowDecision> {
        match self {
            Self::Video(basis) => basis.shadow.as_ref(),
            Self::Document(basis) => basis.shadow.as_ref(),
        }
    }

    const fn rules(&self) -> Option<&RulesVersion> {
        match self {
            Self::Video(basis) => basis.rules.as_ref(),
            Self::Document(basis) => basis.rules.as_ref(),
        }
    }

    /// Returns the decision by `rules`, or by the built-in rules without any. `replays` is the project's rule for
    /// reused recordings, for rules that do not name them.
    fn decide(&self, rules: Option<&Rules>, replays: &ServiceRule) -> Judgement {
        match (self, rules) {
            (Self::Video(basis), Some(rules)) => {
                scoring::decide(&rules.clone().with_replays(replays.clone()).for_video(), &basis.found).into()
            }
            (Self::Video(basis), None) => {
                let mut rules = scoring::default_for(&basis.selected);
                rules.services.insert(Service::MediaReplay, replays.clone());
                scoring::decide(&rules, &basis.found).into()
            }
            (Self::Document(basis), rules) => {
                let rules = rules.map(|rules| rules.documents.clone()).unwrap_or_default();
                scoring::decide_document(&rules, &basis.document).into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_millisecond() {
        assert_eq!(time_ms("from", "1970-01-01T00:00:01.2345Z").unwrap(), 1234);
        assert_eq!(time_ms("from", "1970-01-01T01:00:00+01:00").unwrap(), 0);
        let refused = time_ms("until", "yesterday").unwrap_err().to_string();
        assert_eq!(refused, "until must be a time as 2026-01-31T12:00:00Z");
    }

    #[test]
    fn a_call_that_cannot_be_decided_again_has_a_reason() {
        let call = |verdict: Verdict, evidence: Option<&str>| Transaction {
            verdict: verdict.into(),
            evidence_json: evidence.map(Into::into),
            ..Transaction::default()
        };
        assert_eq!(Past::read(&call(Verdict::Unspecified, None)), Err(Skipped::NoDecision));
        assert_eq!(Past::read(&call(Verdict::Pass, None)), Err(Skipped::NoEvidence));
        assert_eq!(Past::read(&call(Verdict::Pass, Some("{}"))), Err(Skipped::EvidenceNotReadable));
        let whole = r#"{"selected":["face_liveness"],"found":{"face_liveness":{"judged":{"score":0.7}}}}"#;
        assert!(matches!(Past::read(&call(Verdict::Pass, Some(whole))), Ok(Past::Video(_))));
        let of_a_document = Transaction { kind: "docauth_check".into(), ..call(Verdict::Pass, Some(whole)) };
        assert_eq!(Past::read(&of_a_document), Err(Skipped::EvidenceNotReadable));
    }
}
