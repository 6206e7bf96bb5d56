//! Keys of idempotent calls and their responses, kept by svc-transactions: the same for every gateway, and after a restart.

use std::time::Duration;

use bytes::Bytes;
use proto::transactions::{
    ClaimAnswerRequest, CompleteAnswerRequest, HeldAnswer, claim_answer_response::Outcome,
};
use uuid::Uuid;

use crate::core::{Core, error::Error};

/// Interval of lease renewals while a call runs: three within a lease.
const RENEW_INTERVAL: Duration = Duration::from_secs(10);
/// Attempts to store a response, and the pause between two.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// The result of a claim.
pub enum ClaimOutcome {
    /// The caller holds the key and must complete or release it.
    Acquired(Lease),
    /// Another call holds it.
    InProgress,
    /// The sealed response of the call that held it.
    Completed(Bytes),
}

/// Claims the key `id` of a project, if it is free.
///
/// # Errors
/// 503 when svc-transactions does not respond: then the call has no effect.
pub async fn claim(core: &Core, project_id: &str, id: [u8; 32]) -> Result<ClaimOutcome, Error> {
    let held = HeldAnswer {
        project_id: project_id.to_owned(),
        id: Bytes::copy_from_slice(&id),
        owner: Uuid::new_v4().to_string(),
    };
    let request = ClaimAnswerRequest { held: Some(held.clone()) };
    let outcome = core.services().answers().claim_answer(request).await?.into_inner().outcome;
    Ok(match outcome {
        Some(Outcome::Acquired(_)) => ClaimOutcome::Acquired(Lease { core: core.clone(), held, open: true }),
        Some(Outcome::Completed(sealed)) => ClaimOutcome::Completed(sealed),
        Some(Outcome::InProgress(_)) | None => ClaimOutcome::InProgress,
    })
}

/// A held key: completed with a response, or released on drop.
pub struct Lease {
    core: Core,
    held: HeldAnswer,
    open: bool,
}

impl Lease {
    /// Runs `work` while renewing the lease.
    pub async fn hold_during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(RENEW_INTERVAL) => {
                    // A missed renewal is compensated by the next one or by the response itself.
                    if let Err(status) = self.core.services().answers().renew_answer(self.held.clone()).await {
                        tracing::warn!(code = ?status.code(), "cannot renew the lease of an idempotent call");
                    }
                }
            }
        }
    }

    /// Stores the response.
    pub async fn complete(mut self, sealed: Bytes) {
        self.open = false;
        for attempt in 1..=ATTEMPTS {
            let request = CompleteAnswerRequest { held: Some(self.held.clone()), sealed: sealed.clone() };
            match self.core.services().answers().complete_answer(request).await {
                Ok(_) => return,
                Err(status) if attempt == ATTEMPTS => {
                    tracing::error!(code = ?status.code(), "cannot store the response of an idempotent call");
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Releases the key: the call can be repeated.
    pub async fn release(mut self) {
        self.open = false;
        release(&self.core, self.held.clone()).await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Only releases earlier than the lease ends, so it is not awaited.
        if self.open
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (core, held) = (self.core.clone(), self.held.clone());
            runtime.spawn(async move { release(&core, held).await });
        }
    }
}

async fn release(core: &Core, held: HeldAnswer) {
    if let Err(status) = core.services().answers().release_answer(held).await {
        tracing::warn!(code = ?status.code(), "the key of an idempotent call stays in use until its lease ends");
    }
}
