//! Health of the services: probed by a task of this process, so that a probe from outside costs nothing.

use std::time::{Duration, Instant};

use proto::{
    consent::GetConsentRequest, docauth::CheckDocumentRequest, journeys::RecordRequest,
    ml::ListModelsRequest, projects::AuthorizeApiKeyRequest, sessions::GetSessionRequest,
    transactions::GetTransactionRequest,
};
use serde::Serialize;
use tonic::{Code, Status};
use utoipa::ToSchema;

use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    config::ServiceName,
    core::{Core, services::Peers},
};

const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const PROBE_INTERVAL: Duration = Duration::from_secs(2);

/// The latest response of every service.
pub struct Readiness {
    latest: watch::Receiver<Option<[ServiceHealth; 7]>>,
    /// Ends with the last handle.
    _probing: AbortOnDropHandle<()>,
}

impl Readiness {
    pub fn start(services: &Peers) -> Self {
        let (found, latest) = watch::channel(None);
        let services = services.clone();
        let probing = tokio::spawn(async move {
            let mut ticks = interval(PROBE_INTERVAL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !found.is_closed() {
                ticks.tick().await;
                found.send_replace(Some(probe(&services).await));
            }
        });
        Self { latest, _probing: AbortOnDropHandle::new(probing) }
    }

    /// Waits for the first probe only.
    pub async fn latest(&self) -> [ServiceHealth; 7] {
        let mut latest = self.latest.clone();
        match latest.wait_for(Option::is_some).await {
            Ok(found) => found.clone().unwrap_or_else(nobody_responds),
            Err(_) => nobody_responds(),
        }
    }
}

fn nobody_responds() -> [ServiceHealth; 7] {
    ServiceName::ALL.map(|name| ServiceHealth {
        service: name,
        name: name.as_str(),
        healthy: false,
        latency_ms: 0.0,
    })
}

/// How a service responded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceHealth {
    #[serde(skip)]
    #[schema(ignore)]
    pub service: ServiceName,
    #[schema(example = "ml")]
    pub name: &'static str,
    pub healthy: bool,
    /// Response time.
    latency_ms: f64,
}

/// Probes every service now.
pub async fn probe_services(core: &Core) -> [ServiceHealth; 7] {
    probe(core.services()).await
}

/// Probes every service at once with a small call that also touches its storage.
async fn probe(services: &Peers) -> [ServiceHealth; 7] {
    let (mut projects, mut sessions, mut consent) =
        (services.projects(), services.sessions(), services.consent());
    let (mut ml, mut transactions, mut docauth) =
        (services.ml(), services.transactions(), services.docauth());
    let mut journeys = services.journeys();
    let nobody = String::new;
    let unread = futures::stream::empty::<CheckDocumentRequest>();
    let (projects, sessions, consent, ml, transactions, docauth, journeys) = tokio::join!(
        ask(
            ServiceName::Projects,
            projects.authorize_api_key(AuthorizeApiKeyRequest { api_key_id: nobody(), project_id: nobody() })
        ),
        ask(
            ServiceName::Sessions,
            sessions.get_session(GetSessionRequest { project_id: nobody(), session_id: nobody() })
        ),
        ask(
            ServiceName::Consent,
            consent.get_consent(GetConsentRequest { project_id: nobody(), user_fullname: nobody() })
        ),
        ask(ServiceName::Ml, ml.list_models(ListModelsRequest {})),
        ask(
            ServiceName::Transactions,
            transactions.get_transaction(GetTransactionRequest { project_id: nobody(), id: nobody() })
        ),
        ask(ServiceName::Docauth, docauth.check_document(unread)),
        ask(
            ServiceName::Journeys,
            journeys.get_project(RecordRequest { project_id: nobody(), id: nobody() })
        ),
    );
    [projects, sessions, consent, ml, transactions, docauth, journeys]
}

async fn ask<T>(service: ServiceName, call: impl Future<Output = Result<T, Status>>) -> ServiceHealth {
    let started = Instant::now();
    let healthy = responds(call).await;
    let latency_ms = started.elapsed().as_secs_f64() * 1000.0;
    ServiceHealth { service, name: service.as_str(), healthy, latency_ms }
}

/// A rejection is a response too: the call names nothing that exists.
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
