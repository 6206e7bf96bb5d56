//! Samples: stored, listed with links, opened by a link.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use proto::transactions::{
    self as wire, get_sample_response::Part as Given, put_sample_request::Part as Sent,
};
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::Transactions;
use crate::{
    error::Error,
    record::{TransactionId, parse_word, text},
    samples::{self, LINK_LIFE, Sample},
    seal,
};

/// Longest retention a caller may request: ten years.
const MAX_KEEP_SECONDS: u32 = 10 * 366 * 24 * 3600;

impl Transactions {
    pub(super) async fn put_sample(
        &self,
        mut parts: Streaming<wire::PutSampleRequest>,
    ) -> Result<wire::PutSampleResponse, Error> {
        let first = parts.message().await.map_err(Error::BrokenOff)?.and_then(|message| message.part);
        let Some(Sent::Header(header)) = first else {
            return Err(Error::Invalid("the first message must be the header".into()));
        };
        let link_for_life = header.link_for_life;
        let mut sample = self.begun(header)?;
        let chunks = parts.map(|part| match part.map_err(Error::BrokenOff)?.part {
            Some(Sent::Chunk(chunk)) => Ok(chunk),
            _ => Err(Error::Invalid("every message after the first must be a chunk".into())),
        });
        let (content_type, bytes) = samples::nonempty(chunks).await?;
        self.store.begin_sample(&sample).await?;
        let size = match self.samples.store_sample(&sample, bytes).await {
            Ok(size) => i64::try_from(size).unwrap_or(i64::MAX),
            Err(error) => {
                self.store.delete_sample(&sample.id).await?;
                return Err(error);
            }
        };
        if !self.store.finish_sample(&sample.id, content_type, size).await? {
            // The subject was erased during the upload.
            self.samples.delete(&sample).await?;
            return Err(Error::NoSample);
        }
        let id = sample.id.clone();
        sample.content_type = Some(content_type.to_owned());
        sample.bytes = Some(size);
        let link = link_for_life.then(|| self.signed_link(sample)).transpose()?;
        Ok(wire::PutSampleResponse { id, link })
    }

    pub(super) async fn discard_samples(&self, request: &wire::DiscardSamplesRequest) -> Result<(), Error> {
        let id = samples::parse_owner(&request.project_id, &request.transaction_id)?;
        for sample in self.store.samples_of(&request.project_id, id.as_str(), (self.clock)()).await? {
            self.samples.delete(&sample).await?;
            self.store.delete_sample(&sample.id).await?;
        }
        Ok(())
    }

    /// Returns a link that opens the sample until it expires.
    fn signed_link(&self, sample: Sample) -> Result<wire::SampleLink, Error> {
        let expires_ms = sample.expires_at;
        let signature = self.samples.sign(&sample.project_id, &sample.id, expires_ms)?;
        Ok(wire::SampleLink { sample: Some(sample.into()), expires_ms, signature })
    }

    fn begun(&self, header: wire::PutSampleHeader) -> Result<Sample, Error> {
        let transaction = samples::parse_owner(&header.project_id, &header.transaction_id)?;
        let user = text("user_fullname", header.user_fullname)?;
        let hashes = seal::subject_hashes(&self.ring, &header.project_id, &user)?;
        let keep_ms = match header.keep_seconds {
            None => self.samples.keep_ms,
            Some(seconds @ 1..=MAX_KEEP_SECONDS) => i64::from(seconds) * 1000,
            Some(_) => return Err(Error::Invalid("keep_seconds must be from 1 to ten years".into())),
        };
        let now_ms = (self.clock)();
        Ok(Sample {
            id: Uuid::now_v7().to_string(),
            project_id: header.project_id,
            transaction_id: transaction.as_str().into(),
            subject_hash: hashes.into_iter().next().ok_or(blob::Error::Crypto)?,
            name: parse_word("name", header.name)?,
            content_type: None,
            bytes: None,
            created_at: now_ms,
            expires_at: now_ms.saturating_add(keep_ms),
        })
    }

    pub(super) async fn list_samples(
        &self,
        request: &wire::ListSamplesRequest,
    ) -> Result<Vec<wire::SampleLink>, Error> {
        let id = TransactionId::parse(&request.transaction_id).map_err(|_| Error::NotFound)?;
        self.store.find_transaction(&request.project_id, &id).await?.ok_or(Error::NotFound)?;
        let now_ms = (self.clock)();
        let samples = self.store.samples_of(&request.project_id, id.as_str(), now_ms).await?;
        samples.into_iter().map(|sample| self.link(sample, now_ms)).collect()
    }

    fn link(&self, sample: Sample, now_ms: i64) -> Result<wire::SampleLink, Error> {
        let life_ms = i64::try_from(LINK_LIFE.as_millis()).unwrap_or(i64::MAX);
        let expires_ms = now_ms.saturating_add(life_ms).min(sample.expires_at);
        let signature = self.samples.sign(&sample.project_id, &sample.id, expires_ms)?;
        Ok(wire::SampleLink { sample: Some(sample.into()), expires_ms, signature })
    }

    /// Returns the sample of a link. All errors of a link are the same.
    pub(super) async fn open_sample(
        &self,
        request: &wire::GetSampleRequest,
    ) -> Result<BoxStream<'static, Result<wire::GetSampleResponse, Status>>, Error> {
        let now_ms = (self.clock)();
        let found = self.store.sample(&request.id).await?;
        // An unknown id costs the same work as a known one.
        let project = found.as_ref().map(|sample| sample.project_id.as_str()).unwrap_or_default();
        let ours = self.samples.verify(project, &request.id, request.expires_ms, &request.signature)?;
        let alive = ours && request.expires_ms > now_ms;
        let sample = found.filter(|sample| alive && sample.content_type.is_some()).ok_or(Error::NoSample)?;
        let bytes = self.samples.load_sample(&sample, now_ms).await?;
        tracing::info!(
            sample.id = sample.id,
            transaction.id = sample.transaction_id,
            project.id = sample.project_id,
            "opened a sample by its link"
        );
        let part = |part| wire::GetSampleResponse { part: Some(part) };
        let head = stream::once(async move { Ok(part(Given::Sample(sample.into()))) });
        let chunks = bytes.map_ok(move |chunk: Bytes| part(Given::Chunk(chunk)));
        Ok(head.chain(chunks.map_err(|error| Error::from(error).into())).boxed())
    }
}

impl From<Sample> for wire::Sample {
    fn from(sample: Sample) -> Self {
        Self {
            id: sample.id,
            name: sample.name,
            content_type: sample.content_type.unwrap_or_default(),
            size: sample.bytes.unwrap_or_default().unsigned_abs(),
            created_at_ms: sample.created_at,
            expires_at_ms: sample.expires_at,
        }
    }
}
