//! Whether this process lives, and whether it can work.

use std::time::{Duration, Instant};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use proto::{
    consent::GetConsentRequest, docauth::CheckDocumentRequest, ml::ListModelsRequest,
    projects::GetVerificationKeysRequest, sessions::GetSessionRequest, transactions::GetTransactionRequest,
};
use serde::Serialize;
use serde_json::{Value, json};
use tonic::{Code, Status};
use utoipa::ToSchema;

use crate::Gateway;

const PATIENCE: Duration = Duration::from_secs(2);

/// Answers while the process serves at all.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, body = Value)))]
pub async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Asks every service something small that also touches its storage.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, body = Value), (status = 503, description = "a service does not answer")))]
pub async fn ready(State(gateway): State<Gateway>) -> Response {
    let services = services(&gateway).await;
    let each: serde_json::Map<_, _> =
        services.iter().map(|service| (service.name.to_owned(), service.healthy.into())).collect();
    if services.iter().all(|service| service.healthy) {
        Json(json!({ "status": "ready", "services": each })).into_response()
    } else {
        let body = json!({ "error": "a service does not answer", "services": each });
        (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
    }
}

/// How a service answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ml")]
    name: &'static str,
    healthy: bool,
    /// How long it took to answer.
    latency_ms: f64,
}

/// All of them, asked at once.
pub async fn services(gateway: &Gateway) -> [Health; 6] {
    let (mut projects, mut sessions, mut consent) =
        (gateway.projects(), gateway.sessions(), gateway.consent());
    let (mut ml, mut transactions, mut docauth) = (gateway.ml(), gateway.transactions(), gateway.docauth());
    let nobody = String::new;
    let unread = futures::stream::empty::<CheckDocumentRequest>();
    let (projects, sessions, consent, ml, transactions, docauth) = tokio::join!(
        asked("projects", projects.get_verification_keys(GetVerificationKeysRequest {})),
        asked(
            "sessions",
            sessions.get_session(GetSessionRequest { project_id: nobody(), session_id: nobody() })
        ),
        asked(
            "consent",
            consent.get_consent(GetConsentRequest { project_id: nobody(), user_fullname: nobody() })
        ),
        asked("ml", ml.list_models(ListModelsRequest {})),
        asked(
            "transactions",
            transactions.get_transaction(GetTransactionRequest { project_id: nobody(), id: nobody() })
        ),
        asked("docauth", docauth.check_document(unread)),
    );
    [projects, sessions, consent, ml, transactions, docauth]
}

async fn asked<T>(name: &'static str, call: impl Future<Output = Result<T, Status>>) -> Health {
    let started = Instant::now();
    let healthy = answers(call).await;
    Health { name, healthy, latency_ms: started.elapsed().as_secs_f64() * 1000.0 }
}

/// A refusal is an answer too: the question names nothing that exists.
async fn answers<T>(call: impl Future<Output = Result<T, Status>>) -> bool {
    match tokio::time::timeout(PATIENCE, call).await {
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
