//! Samples: the media of a call, stored with storage consent.

use futures::FutureExt;
use proto::transactions::{PutSampleHeader, PutSampleRequest, put_sample_request::Part};

use crate::core::{media::Media, verification::Verification};

/// Stores a file of the call as a sample of its transaction, if its user is known and has consented to storage. The call
/// does not fail with it: a failure is logged.
pub async fn store_sample(verification: &Verification<'_>, name: &'static str, file: &Media) {
    let user = verification.user.clone().filter(|_| verification.may_store());
    let Some(user_fullname) = user else { return };
    let header = PutSampleHeader {
        project_id: verification.caller.project_id.clone(),
        transaction_id: verification.record.transaction_id().to_owned(),
        user_fullname,
        name: name.to_owned(),
        keep_seconds: None,
    };
    let header = PutSampleRequest { part: Some(Part::Header(header)) };
    let (messages, read_failure) =
        file.messages(header, |chunk| PutSampleRequest { part: Some(Part::Chunk(chunk)) });
    let mut transactions = verification.core.services().transactions();
    if let Err(error) = read_failure.guard(transactions.put_sample(messages).boxed()).await {
        tracing::warn!(%error, sample = name, "sample not stored");
    }
}
