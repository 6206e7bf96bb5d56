//! Whether every service can work.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moka::future::Cache;
use proto::{
    consent::GetConsentRequest, docauth::CheckDocumentRequest, ml::ListModelsRequest,
    projects::GetVerificationKeysRequest, sessions::GetSessionRequest, transactions::GetTransactionRequest,
};
use serde::Serialize;
use tonic::{Code, Status};
use utoipa::ToSchema;

use crate::core::Core;

const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const RECENT: Duration = Duration::from_secs(1);

/// How a service responded.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceHealth {
    #[schema(example = "ml")]
    pub name: &'static str,
    pub healthy: bool,
    /// How long it took to respond.
    latency_ms: f64,
}

/// The answers of the last probe, for a second: anybody may ask, and each probe is a call to every service.
pub struct RecentHealth(Cache<(), Arc<[ServiceHealth; 6]>>);

impl Default for RecentHealth {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(1).time_to_live(RECENT).build())
    }
}

/// How every service responded within the last second. Callers who wait together share one probe.
pub async fn recent_health(core: &Core) -> Arc<[ServiceHealth; 6]> {
    core.recent_health().0.get_with((), async { Arc::new(probe_services(core).await) }).await
}

/// Probes every service at once with a small call that also touches its storage.
pub async fn probe_services(core: &Core) -> [ServiceHealth; 6] {
    let (mut projects, mut sessions, mut consent) =
        (core.services().projects(), core.services().sessions(), core.services().consent());
    let (mut ml, mut transactions, mut docauth) =
        (core.services().ml(), core.services().transactions(), core.services().docauth());
    let nobody = String::new;
    let unread = futures::stream::empty::<CheckDocumentRequest>();
    let (projects, sessions, consent, ml, transactions, docauth) = tokio::join!(
        probe("projects", projects.get_verification_keys(GetVerificationKeysRequest {})),
        probe(
            "sessions",
            sessions.get_session(GetSessionRequest { project_id: nobody(), session_id: nobody() })
        ),
        probe(
            "consent",
            consent.get_consent(GetConsentRequest { project_id: nobody(), user_fullname: nobody() })
        ),
        probe("ml", ml.list_models(ListModelsRequest {})),
        probe(
            "transactions",
            transactions.get_transaction(GetTransactionRequest { project_id: nobody(), id: nobody() })
        ),
        probe("docauth", docauth.check_document(unread)),
    );
    [projects, sessions, consent, ml, transactions, docauth]
}

async fn probe<T>(name: &'static str, call: impl Future<Output = Result<T, Status>>) -> ServiceHealth {
    let started = Instant::now();
    let healthy = responds(call).await;
    ServiceHealth { name, healthy, latency_ms: started.elapsed().as_secs_f64() * 1000.0 }
}

/// A refusal is a response too: the call names nothing that exists.
async fn responds<T>(call: impl Future<Output = Result<T, Status>>) -> bool {
    match tokio::time::timeout(PROBE_TIMEOUT, call).await {
        Err(_) => false,
        Ok(Ok(_)) => true,
        Ok(Err(status)) => !matches!(
            status.code(),
            Code::Unavailable
                | Code::DeadlineExceeded
                | Code::Cancelled
                | Code::Internal
                | Code::Unknown
                | Code::Unauthenticated
        ),
    }
}
