//! The transaction of a call: filled while the call runs, written once its response is known.

use proto::{
    ml::StageTime,
    transactions::{self, DocumentNumber, RecordTransactionRequest, Transaction},
};
use scoring::{Decision, Verdict};
use serde::Serialize;
use serde_json::{Value, json};

use crate::core::{Core, caller::Caller, error::Error};

/// Validated headers of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallContext {
    pub user_fullname: Option<String>,
    pub session_id: Option<String>,
    pub action_trigger: Option<String>,
    /// A JSON object as sent, at most 64 KiB.
    pub device_info_json: Option<String>,
    /// A geolocation as JSON.
    pub geo_json: Option<String>,
    /// At most 32, each 1 to 64 characters, no repeats.
    pub tags: Vec<String>,
    pub client_app: Option<String>,
    pub client_app_version: Option<String>,
}

/// The record of one call. [`write`](Self::write) stores it, whatever the outcome of the call.
#[derive(Clone, Debug, Default)]
pub struct TransactionRecord {
    transaction: Transaction,
    models_ran: bool,
}

impl TransactionRecord {
    /// Begins the record of a call; its id is the request id.
    pub fn begin(kind: &'static str, caller: &Caller) -> Self {
        let transaction = Transaction {
            id: rpc::current().request_id,
            project_id: caller.project_id.clone(),
            api_key_id: caller.id.clone(),
            kind: kind.to_owned(),
            created_at_ms: boot::now_ms(),
            is_test: caller.is_test,
            ..Transaction::default()
        };
        Self { transaction, models_ran: false }
    }

    pub fn set_context(&mut self, context: &CallContext) {
        let context = context.clone();
        self.transaction = Transaction {
            user_fullname: context.user_fullname,
            session_id: context.session_id,
            action_trigger: context.action_trigger,
            device_info_json: context.device_info_json,
            geo_json: context.geo_json,
            tags: context.tags,
            client_app: context.client_app,
            client_app_version: context.client_app_version,
            ..std::mem::take(&mut self.transaction)
        };
    }

    /// Sets the address of a user who calls directly, for links to other calls.
    pub fn set_client_address(&mut self, address: Option<std::net::IpAddr>) {
        self.transaction.client_address = address.map(|address| address.to_string()).unwrap_or_default();
    }

    /// Sets the document of the call, for links to other calls; the number is not stored.
    pub fn set_document(&mut self, document: Option<DocumentNumber>) {
        self.transaction.document_number = document;
    }

    /// Returns the transaction id, which is the request id.
    pub fn transaction_id(&self) -> &str {
        &self.transaction.id
    }

    pub fn kind(&self) -> &str {
        &self.transaction.kind
    }

    /// Notes that the models judged what was sent: such a call is charged, whatever they found.
    pub fn note_models_ran(&mut self) {
        self.models_ran = true;
    }

    pub fn have_models_run(&self) -> bool {
        self.models_ran
    }

    pub fn set_session(&mut self, session_id: Option<String>) {
        self.transaction.session_id = session_id;
    }

    pub fn user(&self) -> Option<&str> {
        self.transaction.user_fullname.as_deref()
    }

    pub fn set_user(&mut self, user_fullname: Option<String>) {
        self.transaction.user_fullname = user_fullname;
    }

    pub fn add_tag(&mut self, tag: &str) {
        if !self.transaction.tags.iter().any(|known| known == tag) {
            self.transaction.tags.push(tag.to_owned());
        }
    }

    /// A trigger from the headers has priority.
    pub fn set_trigger_if_absent(&mut self, trigger: &str) {
        self.transaction.action_trigger.get_or_insert_with(|| trigger.to_owned());
    }

    pub fn set_reasons(&mut self, reasons: Vec<String>) {
        self.transaction.reasons = reasons;
    }

    pub fn set_decision<C>(&mut self, decision: &Decision<C>, rules_source: &str) {
        self.set_verdict(decision.verdict, decision.reasons.clone());
        self.transaction.score = Some(decision.score);
        self.transaction.rules = Some(rules_source.to_owned());
    }

    /// Sets a verdict that was not made by scoring rules.
    pub fn set_verdict(&mut self, verdict: Verdict, reasons: Vec<String>) {
        self.transaction.verdict = wire_verdict(verdict).into();
        self.transaction.reasons = reasons;
    }

    pub fn set_rules(&mut self, rules_source: &str) {
        self.transaction.rules = Some(rules_source.to_owned());
    }

    /// 0 to 100.
    pub fn set_score(&mut self, score: f64) {
        self.transaction.score = Some(score);
    }

    /// Sets the webhook payload of the call, in the format of its API.
    pub fn set_event(&mut self, event: &impl Serialize) {
        self.transaction.event_json = serde_json::to_string(event).ok();
    }

    /// Where it is sent beside the subscribers.
    pub fn set_event_urls(&mut self, urls: Vec<String>) {
        self.transaction.event_urls = urls;
    }

    /// Sets the report of each service, by name.
    pub fn set_services(&mut self, services: &impl Serialize) {
        self.transaction.services_json = serde_json::to_string(services).ok();
    }

    /// Sets the evidence of the decision, so that it can be repeated.
    pub fn set_evidence(&mut self, basis: &impl Serialize) {
        self.transaction.evidence_json = serde_json::to_string(basis).ok();
    }

    pub fn set_durations(&mut self, durations: &Value) {
        self.transaction.durations_json = Some(durations.to_string());
    }

    /// Stores the record. A call that cannot be recorded must fail.
    ///
    /// # Errors
    /// When the transactions service rejects it.
    pub async fn write(
        mut self,
        core: &Core,
        http_status: u16,
        error: Option<String>,
        duration_ms: u32,
    ) -> Result<(), Error> {
        self.transaction.http_status = http_status.into();
        self.transaction.error = error;
        self.transaction.duration_ms = duration_ms;
        let request = RecordTransactionRequest { transaction: Some(self.transaction) };
        core.services().transactions().record_transaction(request).await?;
        Ok(())
    }
}

pub fn wire_verdict(verdict: Verdict) -> transactions::Verdict {
    match verdict {
        Verdict::Pass => transactions::Verdict::Pass,
        Verdict::Fail => transactions::Verdict::Fail,
        Verdict::Refer => transactions::Verdict::Refer,
    }
}

/// The durations of a call's stages.
pub fn stage_times(stages: &[StageTime]) -> Vec<Value> {
    let stage = |s: &StageTime| json!({ "stage": s.stage, "cpu_ms": s.cpu_ms, "wall_ms": s.wall_ms });
    stages.iter().map(stage).collect()
}
