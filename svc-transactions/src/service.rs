//! Decodes a call, checks it against the limits of [`crate::record`], seals, stores, encodes.

mod convert;
mod subject;

use blob::KeyRing;
use proto::{
    subjects::{Remains, Subject},
    transactions::{self as wire, transactions_server},
};
use tonic::{Request, Response, Status};

use crate::{
    error::Error,
    list::{Cursor, Page},
    outbox::Event,
    record::{self, Flag, Record, TransactionId},
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

    async fn find_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(Self::find_subject(self, &request.into_inner().try_into()?).await?))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(Self::erase_subject(self, &request.into_inner().try_into()?).await?))
    }
}
