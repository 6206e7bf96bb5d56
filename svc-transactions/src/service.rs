//! Decodes a call, checks it against the limits of [`crate::record`], seals, stores, encodes the response.

pub(crate) mod convert;
mod dashboard;
mod project;
mod retention;
mod samples;
mod subject;

use std::{collections::HashMap, sync::Arc};

use blob::KeyRing;
use futures::stream::BoxStream;
use proto::{
    subjects::{Project, Remains, Subject},
    transactions::{self as wire, transactions_server},
};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    Clock,
    error::Error,
    links,
    list::Page,
    outbox::Event,
    record::{self, Record, TransactionId},
    samples::Samples,
    seal,
    store::{Entry, HitRow, Lines, Listed, Row, Store, StoredLink},
    webhooks::DirectEndpoints,
    writer::Writer,
};

pub(crate) use convert::document_number;

#[derive(Clone)]
pub struct Transactions {
    pub(crate) store: Store,
    writer: Writer,
    pub(crate) ring: KeyRing,
    samples: Samples,
    direct: DirectEndpoints,
    pub(crate) clock: Clock,
    /// Background tasks, which run as long as the service exists.
    _tasks: Arc<Vec<AbortOnDropHandle<()>>>,
}

impl Transactions {
    /// Starts the writing task, so it must be called within a runtime.
    pub fn new(
        store: Store,
        ring: KeyRing,
        samples: Samples,
        direct: DirectEndpoints,
        clock: Clock,
        tasks: Vec<AbortOnDropHandle<()>>,
    ) -> Self {
        let writer = Writer::start(store.clone());
        Self { writer, store, ring, samples, direct, clock, _tasks: Arc::new(tasks) }
    }

    async fn record(&self, transaction: wire::Transaction) -> Result<(), Error> {
        let record = Record::try_from(transaction)?;
        let project = &record.project_id;
        let hash = match &record.personal.user_fullname {
            Some(user) => seal::subject_hashes(&self.ring, project, user)?.into_iter().next(),
            None => None,
        };
        let sealed = seal::seal(&self.ring, project, &record.id, &record.personal)?;
        let mut event = Event::from_record(&record, hash.as_deref())?;
        if let Some(event) = &mut event {
            for url in &record.event_urls {
                let endpoint = self.direct.endpoint(project, &record.api_key_id, url).await?;
                event.endpoints.extend(endpoint.map(|id| id.as_str().to_owned()));
            }
        }
        let links = self.sealed_links(&record)?;
        let awaits_capture = record.awaits_capture();
        self.writer.record(Entry { row: Row::new(record, hash, sealed), links, awaits_capture, event }).await
    }

    /// Returns the record's links, as stored.
    fn sealed_links(&self, record: &Record) -> Result<Vec<StoredLink>, Error> {
        let (project, id) = (&record.project_id, record.id.as_str());
        let links = links::of_record(&self.ring, record)?.into_iter().filter_map(|link| {
            let seal = |label: &String| seal::seal_label(&self.ring, project, id, link.kind.as_str(), label);
            let sealed = link.label.as_ref().map(seal).transpose();
            let value_hash = link.hashes.into_iter().next()?;
            Some(sealed.map(|sealed| StoredLink { kind: link.kind, value_hash, sealed }))
        });
        links.collect()
    }

    async fn get(&self, request: &wire::GetTransactionRequest) -> Result<wire::Transaction, Error> {
        // Text that is not an id names no transaction.
        let id = TransactionId::parse(&request.id).map_err(|_| Error::NotFound)?;
        let row = self.store.find_transaction(&request.project_id, &id).await?.ok_or(Error::NotFound)?;
        self.read(row).await
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
        let Listed { rows, next } = self.store.list_transactions(&page, &subjects).await?;
        let transactions = self.read_all(rows).await?;
        let next_cursor = next.map(|next| next.to_string()).unwrap_or_default();
        Ok(wire::ListTransactionsResponse { transactions, next_cursor })
    }

    async fn put_tags(&self, request: wire::PutTagsRequest) -> Result<wire::Transaction, Error> {
        let id = TransactionId::parse(&request.id).map_err(|_| Error::NotFound)?;
        let tags = Lines(record::list("tags", request.tags)?);
        self.read(self.store.put_tags(&request.project_id, &id, &tags).await?.ok_or(Error::NotFound)?).await
    }

    async fn put_flag(&self, request: &wire::PutFlagRequest) -> Result<wire::Transaction, Error> {
        let id = TransactionId::parse(&request.id).map_err(|_| Error::NotFound)?;
        let flag = convert::flag(request.flag)?.ok_or_else(|| Error::Invalid("flag is required".into()))?;
        self.read(self.store.put_flag(&request.project_id, &id, flag).await?.ok_or(Error::NotFound)?).await
    }

    async fn read(&self, row: Row) -> Result<wire::Transaction, Error> {
        let mut one = self.read_all(vec![row]).await?;
        one.pop().ok_or(Error::NotFound)
    }

    /// Returns the transactions of `project` with these ids, in this order, however large they are together.
    pub(crate) async fn read_in_order(
        &self,
        project: &str,
        ids: Vec<String>,
    ) -> Result<Vec<wire::Transaction>, Error> {
        let mut found: HashMap<String, wire::Transaction> = HashMap::new();
        let mut left = ids.clone();
        loop {
            let rows = self.store.rows(project, &left).await?;
            if rows.is_empty() {
                return Ok(ids.iter().filter_map(|id| found.remove(id)).collect());
            }
            let read = self.read_all(rows).await?;
            found.extend(read.into_iter().map(|transaction| (transaction.id.clone(), transaction)));
            left.retain(|id| !found.contains_key(id));
        }
    }

    /// Returns the transactions of these rows, each with its fraud hits and its review.
    async fn read_all(&self, rows: Vec<Row>) -> Result<Vec<wire::Transaction>, Error> {
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let mut hits: HashMap<String, Vec<HitRow>> = HashMap::new();
        for hit in self.store.hits(&ids).await? {
            hits.entry(hit.id.clone()).or_default().push(hit);
        }
        let now = (self.clock)();
        let mut reviews: HashMap<String, wire::Review> = HashMap::new();
        for review in self.store.reviews_of(&ids).await? {
            reviews.insert(review.id.clone(), review.to_wire(&self.ring, now)?);
        }
        let read = |row: Row| {
            let (id, project) = (TransactionId::parse(&row.id)?, row.project_id.clone());
            let personal = seal::open(&self.ring, &project, &id, &row.sealed)?;
            let hit = |hit: HitRow| {
                let evidence_json = seal::open_evidence(&self.ring, &project, &id, &hit.sealed)?;
                Ok(wire::FraudHit { rule: hit.rule, evidence_json, at_ms: hit.found_at })
            };
            let fraud = hits.remove(&row.id).into_iter().flatten().map(hit).collect::<Result<_, Error>>()?;
            let review = reviews.remove(&row.id);
            Ok(wire::Transaction { fraud, review, ..row.into_record(personal)?.into() })
        };
        rows.into_iter().map(read).collect()
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

    async fn stats(
        &self,
        request: Request<wire::StatsRequest>,
    ) -> Result<Response<wire::StatsResponse>, Status> {
        Ok(Response::new(self.count(request.into_inner()).await?))
    }

    async fn recent(
        &self,
        request: Request<wire::RecentRequest>,
    ) -> Result<Response<wire::RecentResponse>, Status> {
        Ok(Response::new(self.lately(request.into_inner()).await?))
    }

    async fn related(
        &self,
        request: Request<wire::GetTransactionRequest>,
    ) -> Result<Response<wire::RelatedResponse>, Status> {
        Ok(Response::new(self.relatives(request.get_ref()).await?))
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

    async fn check_sample_room(
        &self,
        request: Request<wire::CheckSampleRoomRequest>,
    ) -> Result<Response<wire::CheckSampleRoomResponse>, Status> {
        self.samples.check_room(&request.get_ref().project_id).await?;
        Ok(Response::new(wire::CheckSampleRoomResponse {}))
    }

    async fn discard_samples(
        &self,
        request: Request<wire::DiscardSamplesRequest>,
    ) -> Result<Response<wire::DiscardSamplesResponse>, Status> {
        Self::discard_samples(self, request.get_ref()).await?;
        Ok(Response::new(wire::DiscardSamplesResponse {}))
    }

    async fn put_sample(
        &self,
        request: Request<Streaming<wire::PutSampleRequest>>,
    ) -> Result<Response<wire::PutSampleResponse>, Status> {
        Ok(Response::new(Self::put_sample(self, request.into_inner()).await?))
    }

    async fn list_samples(
        &self,
        request: Request<wire::ListSamplesRequest>,
    ) -> Result<Response<wire::ListSamplesResponse>, Status> {
        let samples = Self::list_samples(self, request.get_ref()).await?;
        Ok(Response::new(wire::ListSamplesResponse { samples }))
    }

    async fn get_sample(
        &self,
        request: Request<wire::GetSampleRequest>,
    ) -> Result<Response<BoxStream<'static, Result<wire::GetSampleResponse, Status>>>, Status> {
        Ok(Response::new(self.open_sample(request.get_ref()).await?))
    }

    async fn apply_retention(
        &self,
        request: Request<wire::ApplyRetentionRequest>,
    ) -> Result<Response<wire::ApplyRetentionResponse>, Status> {
        Ok(Response::new(Self::apply_retention(self, request.into_inner()).await?))
    }

    async fn find_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(Self::find_subject(self, &request.into_inner().try_into()?).await?))
    }

    async fn search_subjects(
        &self,
        request: Request<wire::SearchSubjectsRequest>,
    ) -> Result<Response<wire::SearchSubjectsResponse>, Status> {
        Ok(Response::new(Self::search_subjects(self, request.into_inner()).await?))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(Self::erase_subject(self, &request.into_inner().try_into()?).await?))
    }

    async fn erase_project(&self, request: Request<Project>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(Self::erase_project(self, request.into_inner().project_id).await?))
    }
}
