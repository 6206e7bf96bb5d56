//! The transactions service, played.

use futures::{StreamExt, stream::BoxStream};
use proto::{
    subjects::{Remains, Subject},
    transactions::{self, Transaction, transactions_server},
};
use tonic::{Request, Response, Status, Streaming};

use super::Stage;

fn sample(header: &transactions::PutSampleHeader, bytes: &[u8]) -> transactions::Sample {
    transactions::Sample {
        id: "0199".into(),
        name: header.name.clone(),
        content_type: "video/mp4".into(),
        size: bytes.len() as u64,
        created_at_ms: 1_769_817_600_000,
        expires_at_ms: 1_772_409_600_000,
    }
}

#[tonic::async_trait]
impl transactions_server::Transactions for Stage {
    async fn stats(
        &self,
        request: Request<transactions::StatsRequest>,
    ) -> Result<Response<transactions::StatsResponse>, Status> {
        let mut state = self.set();
        state.counted.push(request.into_inner());
        Ok(Response::new(state.stats.clone()))
    }

    /// In the order they were recorded.
    async fn recent(
        &self,
        request: Request<transactions::RecentRequest>,
    ) -> Result<Response<transactions::RecentResponse>, Status> {
        let request = request.into_inner();
        let state = self.set();
        let ours = state.records.iter().filter(|t| t.project_id == request.project_id);
        let from = request
            .after_id
            .as_ref()
            .map_or(Some(0), |id| ours.clone().position(|t| t.id == *id).map(|at| at + 1));
        let wanted = |t: &&Transaction| {
            t.created_at_ms + i64::from(t.duration_ms) >= request.since_ms && !request.known.contains(&t.id)
        };
        let new: Vec<_> = ours.skip(from.unwrap_or(usize::MAX)).filter(wanted).cloned().collect();
        Ok(Response::new(transactions::RecentResponse {
            ids: new.iter().map(|t| t.id.clone()).collect(),
            transactions: new,
        }))
    }

    async fn related(
        &self,
        request: Request<transactions::GetTransactionRequest>,
    ) -> Result<Response<transactions::RelatedResponse>, Status> {
        let request = request.into_inner();
        let state = self.set();
        let ours = |t: &&Transaction| t.project_id == request.project_id;
        if !state.records.iter().filter(ours).any(|t| t.id == request.id) {
            return Err(Status::not_found("transaction not found"));
        }
        let others = state.records.iter().filter(ours).filter(|t| t.id != request.id).cloned();
        let related = others.map(|transaction| transactions::RelatedTransaction {
            transaction: Some(transaction),
            by: vec![transactions::Relation::User.into()],
        });
        Ok(Response::new(transactions::RelatedResponse { related: related.collect() }))
    }

    async fn search_subjects(
        &self,
        request: Request<transactions::SearchSubjectsRequest>,
    ) -> Result<Response<transactions::SearchSubjectsResponse>, Status> {
        let prefix = request.into_inner().prefix;
        let names =
            self.set().records.iter().filter_map(|record| record.user_fullname.clone()).collect::<Vec<_>>();
        let begins = names.into_iter().filter(|name| name.starts_with(&prefix));
        let found =
            |user_fullname| transactions::FoundSubject { user_fullname, last_at_ms: 1_769_817_600_123 };
        Ok(Response::new(transactions::SearchSubjectsResponse { subjects: begins.map(found).collect() }))
    }

    async fn find_subject(&self, _: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(self.kept("transactions"))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        self.forget("transactions", request.into_inner())
    }

    async fn record_transaction(
        &self,
        request: Request<transactions::RecordTransactionRequest>,
    ) -> Result<Response<transactions::RecordTransactionResponse>, Status> {
        let mut state = self.set();
        if let Some(status) = &state.refuse_records {
            return Err(status.clone());
        }
        state.records.push(request.into_inner().transaction.unwrap());
        Ok(Response::new(transactions::RecordTransactionResponse {}))
    }

    async fn get_transaction(
        &self,
        request: Request<transactions::GetTransactionRequest>,
    ) -> Result<Response<Transaction>, Status> {
        let request = request.into_inner();
        let wanted = |t: &&Transaction| t.id == request.id && t.project_id == request.project_id;
        let found = self.set().records.iter().find(wanted).cloned();
        found.map(Response::new).ok_or_else(|| Status::not_found("transaction not found"))
    }

    /// Newest first in real pages, the cursor being how many were listed already; with `pages` set, every record over and
    /// over, as many pages as that.
    async fn list_transactions(
        &self,
        request: Request<transactions::ListTransactionsRequest>,
    ) -> Result<Response<transactions::ListTransactionsResponse>, Status> {
        let request = request.into_inner();
        let mut state = self.set();
        state.lists.push(request.clone());
        if state.pages == 0 {
            let wanted = |t: &&Transaction| {
                t.project_id == request.project_id && request.kind.as_ref().is_none_or(|kind| *kind == t.kind)
            };
            let skipped = request.cursor.parse().unwrap_or(0);
            let size = if request.page_size == 0 { 50 } else { request.page_size as usize };
            let mut rest = state.records.iter().rev().filter(wanted).skip(skipped);
            let page: Vec<_> = rest.by_ref().take(size).cloned().collect();
            let next_cursor = rest.next().map(|_| (skipped + page.len()).to_string()).unwrap_or_default();
            return Ok(Response::new(transactions::ListTransactionsResponse {
                transactions: page,
                next_cursor,
            }));
        }
        let next_cursor = if state.lists.len() < state.pages { "more".into() } else { String::new() };
        Ok(Response::new(transactions::ListTransactionsResponse {
            transactions: state.records.clone(),
            next_cursor,
        }))
    }

    async fn check_sample_room(
        &self,
        _: Request<transactions::CheckSampleRoomRequest>,
    ) -> Result<Response<transactions::CheckSampleRoomResponse>, Status> {
        let full = self.set().sample_room.clone();
        full.map_or_else(|| Ok(Response::new(transactions::CheckSampleRoomResponse {})), Err)
    }

    async fn discard_samples(
        &self,
        request: Request<transactions::DiscardSamplesRequest>,
    ) -> Result<Response<transactions::DiscardSamplesResponse>, Status> {
        let id = request.into_inner().transaction_id;
        self.set().samples.retain(|(header, _)| header.transaction_id != id);
        Ok(Response::new(transactions::DiscardSamplesResponse {}))
    }

    async fn put_sample(
        &self,
        request: Request<Streaming<transactions::PutSampleRequest>>,
    ) -> Result<Response<transactions::PutSampleResponse>, Status> {
        use transactions::put_sample_request::Part;
        let mut stream = request.into_inner();
        let Some(Part::Header(header)) = stream.message().await?.and_then(|m| m.part) else {
            return Err(Status::invalid_argument("no header"));
        };
        let mut bytes = Vec::new();
        while let Some(message) = stream.message().await? {
            if let Some(Part::Chunk(chunk)) = message.part {
                bytes.extend_from_slice(&chunk);
            }
        }
        let mut state = self.set();
        if state.refuse_samples {
            return Err(Status::unavailable("down"));
        }
        if let Some((most, full)) = state.samples_fit.clone()
            && state.samples.len() >= most
        {
            return Err(full);
        }
        let sample = transactions::Sample {
            id: "sample".into(),
            name: header.name.clone(),
            content_type: if header.name.contains("video") { "video/mp4" } else { "image/jpeg" }.into(),
            created_at_ms: 1_760_000_000_123,
            ..transactions::Sample::default()
        };
        let signature = "signed".to_owned();
        let link = header.link_for_life.then_some(transactions::SampleLink {
            sample: Some(sample),
            expires_ms: 1_760_604_800_123,
            signature,
        });
        state.samples.push((header, bytes));
        Ok(Response::new(transactions::PutSampleResponse { id: "sample".into(), link }))
    }

    async fn list_samples(
        &self,
        request: Request<transactions::ListSamplesRequest>,
    ) -> Result<Response<transactions::ListSamplesResponse>, Status> {
        let request = request.into_inner();
        let state = self.set();
        let of = |(header, bytes): &(transactions::PutSampleHeader, Vec<u8>)| {
            let ours = header.transaction_id == request.transaction_id;
            ours.then(|| transactions::SampleLink {
                sample: Some(sample(header, bytes)),
                expires_ms: 1_769_904_000_000,
                signature: "right".into(),
            })
        };
        Ok(Response::new(transactions::ListSamplesResponse {
            samples: state.samples.iter().filter_map(of).collect(),
        }))
    }

    async fn get_sample(
        &self,
        request: Request<transactions::GetSampleRequest>,
    ) -> Result<Response<BoxStream<'static, Result<transactions::GetSampleResponse, Status>>>, Status> {
        use transactions::get_sample_response::Part;
        let request = request.into_inner();
        let found = self.set().samples.first().cloned();
        let (header, bytes) = found
            .filter(|_| request.signature == "right" && request.expires_ms == 1_769_904_000_000)
            .ok_or_else(|| Status::not_found("sample not found"))?;
        let part = |part| Ok(transactions::GetSampleResponse { part: Some(part) });
        let head = part(Part::Sample(sample(&header, &bytes)));
        let chunks: Vec<_> = bytes.chunks(7).map(|chunk| part(Part::Chunk(chunk.to_vec().into()))).collect();
        Ok(Response::new(futures::stream::iter(std::iter::once(head).chain(chunks)).boxed()))
    }

    async fn put_tags(
        &self,
        request: Request<transactions::PutTagsRequest>,
    ) -> Result<Response<Transaction>, Status> {
        let request = request.into_inner();
        Ok(Response::new(Transaction { id: request.id, tags: request.tags, ..Transaction::default() }))
    }

    async fn put_flag(
        &self,
        request: Request<transactions::PutFlagRequest>,
    ) -> Result<Response<Transaction>, Status> {
        let request = request.into_inner();
        Ok(Response::new(Transaction { id: request.id, flag: request.flag, ..Transaction::default() }))
    }
}
