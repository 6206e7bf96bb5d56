//! Samples: the media of a call, stored with storage consent.

use futures::FutureExt;
use proto::transactions::{
    PutSampleHeader, PutSampleRequest, PutSampleResponse, SampleLink, put_sample_request::Part,
};

use crate::core::{media::Media, verification::Verification};

/// A stored file with the link that opens it for as long as it is kept.
pub struct KeptFile {
    pub(super) link: SampleLink,
}

/// Stores a file of the call as a sample of its transaction, if its user is known and has consented to storage. The call
/// does not fail with it: a failure is logged.
pub async fn store_sample(verification: &Verification<'_>, name: &'static str, file: &Media) {
    put_sample(verification, name, file, PutSampleHeader::default()).await;
}

/// Stores a file like [`store_sample`], for so long, and returns it with a link.
pub async fn keep_sample(
    verification: &Verification<'_>,
    name: &'static str,
    file: &Media,
    keep_seconds: u32,
) -> Option<KeptFile> {
    let header = PutSampleHeader {
        keep_seconds: Some(keep_seconds),
        link_for_life: true,
        ..PutSampleHeader::default()
    };
    let link = put_sample(verification, name, file, header).await?.link?;
    Some(KeptFile { link })
}

async fn put_sample(
    verification: &Verification<'_>,
    name: &'static str,
    file: &Media,
    header: PutSampleHeader,
) -> Option<PutSampleResponse> {
    let is_kept = verification.may_store() && !verification.caller.is_test;
    let user_fullname = verification.user.clone().filter(|_| is_kept)?;
    let header = PutSampleHeader {
        project_id: verification.caller.project_id.clone(),
        transaction_id: verification.record.transaction_id().to_owned(),
        user_fullname,
        name: name.to_owned(),
        ..header
    };
    let header = PutSampleRequest { part: Some(Part::Header(header)) };
    let (messages, read_failure) =
        file.messages(header, |chunk| PutSampleRequest { part: Some(Part::Chunk(chunk)) });
    let mut transactions = verification.core.services().transactions();
    match read_failure.guard(transactions.put_sample(messages).boxed()).await {
        Ok(stored) => Some(stored),
        Err(error) => {
            tracing::warn!(%error, sample = name, "sample not stored");
            None
        }
    }
}
