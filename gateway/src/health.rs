//! Whether this process lives, and whether it can work.

use std::time::Duration;

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
use serde_json::{Value, json};
use tonic::{Code, Status};

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
    let (mut projects, mut sessions, mut consent) =
        (gateway.projects(), gateway.sessions(), gateway.consent());
    let (mut ml, mut transactions, mut docauth) = (gateway.ml(), gateway.transactions(), gateway.docauth());
    let nobody = String::new;
    let unread = futures::stream::empty::<CheckDocumentRequest>();
    let (projects, sessions, consent, ml, transactions, docauth) = tokio::join!(
        answers(projects.get_verification_keys(GetVerificationKeysRequest {})),
        answers(sessions.get_session(GetSessionRequest { project_id: nobody(), session_id: nobody() })),
        answers(consent.get_consent(GetConsentRequest { project_id: nobody(), user_fullname: nobody() })),
        answers(ml.list_models(ListModelsRequest {})),
        answers(transactions.get_transaction(GetTransactionRequest { project_id: nobody(), id: nobody() })),
        answers(docauth.check_document(unread)),
    );
    let services = json!({
        "projects": projects, "sessions": sessions, "consent": consent,
        "ml": ml, "transactions": transactions, "docauth": docauth,
    });
    if projects && sessions && consent && ml && transactions && docauth {
        Json(json!({ "status": "ready", "services": services })).into_response()
    } else {
        let body = json!({ "error": "a service does not answer", "services": services });
        (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
    }
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
