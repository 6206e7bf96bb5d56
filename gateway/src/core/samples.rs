//! Samples: the media of a call, stored with storage consent.

use futures::FutureExt;
use proto::{
    sessions::CheckVideoRoomRequest,
    transactions::{
        CheckSampleRoomRequest, DiscardSamplesRequest, PutSampleHeader, PutSampleRequest, PutSampleResponse,
        SampleLink, put_sample_request::Part,
    },
};
use tonic::{Response, Status};

use crate::core::{error::Error, media::Media, verification::Verification};

/// A stored file with a link that opens it until it expires.
pub struct KeptFile {
    pub(super) link: SampleLink,
}

/// Rejects a call whose samples would be stored, if its user allows it, while there is no room for them; before any
/// work.
///
/// # Errors
/// 507.
pub async fn ensure_sample_room(verification: &Verification<'_>, is_allowed: bool) -> Result<(), Error> {
    if !is_allowed || verification.user.is_none() || verification.caller.is_test {
        return Ok(());
    }
    let request = CheckSampleRoomRequest { project_id: verification.caller.project_id.clone() };
    room(verification.core.services().transactions().check_sample_room(request).await)
}

/// The same for the last video of the session.
///
/// # Errors
/// 507.
pub async fn ensure_video_room(verification: &Verification<'_>) -> Result<(), Error> {
    if verification.session_id.is_none() || verification.caller.is_test {
        return Ok(());
    }
    let request = CheckVideoRoomRequest { project_id: verification.caller.project_id.clone() };
    room(verification.core.services().sessions().check_video_room(request).await)
}

/// If a service does not respond, its free space is checked when storing.
fn room<T>(answer: Result<Response<T>, Status>) -> Result<(), Error> {
    match answer.map_err(Error::from) {
        Err(full @ Error::StorageFull(_)) => Err(full),
        Err(error) => {
            tracing::warn!(%error, "cannot check the free space for media");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

/// Stores a file of the call as a sample of its transaction, if its user is known and has consented to storage. If
/// the service does not respond, only the sample is lost, which is logged.
///
/// # Errors
/// 507; then no sample of the call is stored.
pub async fn store_sample(
    verification: &Verification<'_>,
    name: &'static str,
    file: &Media,
) -> Result<(), Error> {
    put_sample(verification, name, file, PutSampleHeader::default()).await?;
    Ok(())
}

/// Stores a file like [`store_sample`], for the given time, and returns it with a link.
///
/// # Errors
/// As [`store_sample`].
pub async fn keep_sample(
    verification: &Verification<'_>,
    name: &'static str,
    file: &Media,
    keep_seconds: u32,
) -> Result<Option<KeptFile>, Error> {
    let header = PutSampleHeader {
        keep_seconds: Some(keep_seconds),
        link_for_life: true,
        ..PutSampleHeader::default()
    };
    let stored = put_sample(verification, name, file, header).await?;
    Ok(stored.and_then(|stored| stored.link).map(|link| KeptFile { link }))
}

async fn put_sample(
    verification: &Verification<'_>,
    name: &'static str,
    file: &Media,
    header: PutSampleHeader,
) -> Result<Option<PutSampleResponse>, Error> {
    let is_kept = verification.may_store() && !verification.caller.is_test;
    let Some(user_fullname) = verification.user.clone().filter(|_| is_kept) else { return Ok(None) };
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
        Ok(stored) => Ok(Some(stored)),
        Err(full @ Error::StorageFull(_)) => {
            discard_samples(verification).await;
            Err(full)
        }
        Err(error) => {
            tracing::warn!(%error, sample = name, "sample not stored");
            Ok(None)
        }
    }
}

/// Deletes the samples of a call that fails after they were stored. If that fails too, they expire like any others.
pub async fn discard_samples(verification: &Verification<'_>) {
    if verification.user.is_none() || !verification.may_store() || verification.caller.is_test {
        return;
    }
    let request = DiscardSamplesRequest {
        project_id: verification.caller.project_id.clone(),
        transaction_id: verification.record.transaction_id().to_owned(),
    };
    if let Err(status) = verification.core.services().transactions().discard_samples(request).await {
        tracing::warn!(code = ?status.code(), "samples of a failed call stay until they expire");
    }
}
