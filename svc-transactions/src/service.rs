//! Decodes a call, checks it against the limits of [`crate::record`], seals, stores, encodes.

use blob::KeyRing;
use proto::transactions::{self as wire, transactions_server};
use tonic::{Request, Response, Status};

use crate::{
    error::Error,
    list::{Cursor, Page},
    outbox::Event,
    record::{self, Flag, Personal, Record, TransactionId, Verdict},
    seal,
    store::{Entry, Lines, Row, Store},
    writer::Writer,
};

#[derive(Clone)]
pub struct Transactions {
    store: Store,
    writer: Writer,
    ring: KeyRing,
}

impl Transactions {
    /// Starts the writing task, so a runtime must be there.
    pub fn new(store: Store, ring: KeyRing) -> Self {
        Self { writer: Writer::start(store.clone()), store, ring }
    }

    async fn record(&self, transaction: wire::Transaction) -> Result<(), Error> {
        let record = Record::try_from(transaction)?;
        let project = &record.project_id;
        let hash = match &record.personal.user_fullname {
            Some(user) => seal::subject_hashes(&self.ring, project, user)?.into_iter().next(),
            None => None,
        };
        let sealed = seal::seal(&self.ring, project, &record.id, &record.personal)?;
        let event = Event::of(&record, hash.as_deref())?;
        self.writer.record(Entry { row: Row::new(record, hash, sealed), event }).await
    }

    async fn get(&self, request: &wire::GetTransactionRequest) -> Result<wire::Transaction, Error> {
        // Text that is no id cannot name a transaction.
        let id = TransactionId::parse(&request.id).map_err(|_| Error::NotFound)?;
        let row = self.store.find(&request.project_id, &id).await?.ok_or(Error::NotFound)?;
        self.read(row)
    }

    async fn list(
        &self,
        request: wire::ListTransactionsRequest,
    ) -> Result<wire::ListTransactionsResponse, Error> {
        let page = Page::try_from(request)?;
        let subjects = match &page.filter.user_fullname {
            Some(user) => seal::subject_hashes(&self.ring, &page.filter.project_id, user)?,
            None => Vec::new(),
        };
        let mut rows = self.store.list(&page, &subjects).await?;
        let more = rows.len() > page.size as usize;
        rows.truncate(page.size as usize);
        let transactions = rows.into_iter().map(|row| self.read(row)).collect::<Result<Vec<_>, _>>()?;
        let next_cursor = match transactions.last() {
            Some(last) if more => {
                Cursor { created_at_ms: last.created_at_ms, id: TransactionId::parse(&last.id)? }.to_string()
            }
            _ => String::new(),
        };
        Ok(wire::ListTransactionsResponse { transactions, next_cursor })
    }

    async fn put_tags(&self, request: wire::PutTagsRequest) -> Result<wire::Transaction, Error> {
        let id = TransactionId::parse(&request.id).map_err(|_| Error::NotFound)?;
        let tags = Lines(record::list("tags", request.tags)?);
        self.read(self.store.put_tags(&request.project_id, &id, &tags).await?.ok_or(Error::NotFound)?)
    }

    async fn put_flag(&self, request: &wire::PutFlagRequest) -> Result<wire::Transaction, Error> {
        let id = TransactionId::parse(&request.id).map_err(|_| Error::NotFound)?;
        let flag = Flag::parse(&request.flag)?;
        self.read(self.store.put_flag(&request.project_id, &id, flag).await?.ok_or(Error::NotFound)?)
    }

    fn read(&self, row: Row) -> Result<wire::Transaction, Error> {
        let id = TransactionId::parse(&row.id)?;
        let personal = seal::open(&self.ring, &row.project_id, &id, &row.sealed)?;
        Ok(row.into_record(personal)?.into())
    }
}

#[tonic::async_trait]
impl transactions_server::Transactions for Transactions {
    async fn record_transaction(
        &self,
        request: Request<wire::RecordTransactionRequest>,
    ) -> Result<Response<wire::RecordTransactionResponse>, Status> {
        let transaction = request.into_inner().transaction;
        self.record(transaction.ok_or_else(|| Error::Invalid("transaction is required".into()))?).await?;
        Ok(Response::new(wire::RecordTransactionResponse {}))
    }

    async fn get_transaction(
        &self,
        request: Request<wire::GetTransactionRequest>,
    ) -> Result<Response<wire::Transaction>, Status> {
        Ok(Response::new(self.get(request.get_ref()).await?))
    }

    async fn list_transactions(
        &self,
        request: Request<wire::ListTransactionsRequest>,
    ) -> Result<Response<wire::ListTransactionsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn put_tags(
        &self,
        request: Request<wire::PutTagsRequest>,
    ) -> Result<Response<wire::Transaction>, Status> {
        Ok(Response::new(Self::put_tags(self, request.into_inner()).await?))
    }

    async fn put_flag(
        &self,
        request: Request<wire::PutFlagRequest>,
    ) -> Result<Response<wire::Transaction>, Status> {
        Ok(Response::new(Self::put_flag(self, request.get_ref()).await?))
    }
}

impl TryFrom<wire::Transaction> for Record {
    type Error = Error;

    fn try_from(wire: wire::Transaction) -> Result<Self, Error> {
        use record::{json_object, list, text, word};
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
            kind: word("kind", wire.kind)?,
            created_at_ms: wire.created_at_ms,
            http_status: u16::try_from(wire.http_status)
                .map_err(|_| Error::Invalid("http_status is not an HTTP status".into()))?,
            verdict: wire.verdict.as_deref().map(Verdict::parse).transpose()?,
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
            verdict: record.verdict.map(|verdict| verdict.as_str().into()),
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
            flag: record.flag.map(|flag| flag.as_str().into()),
            evidence_json: record.personal.evidence_json,
        }
    }
}
