//! One transaction for each authenticated call, written before its answer is sent.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use axum::{
    extract::{FromRef, FromRequestParts, Request, State},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse, Response},
};
use proto::transactions::{RecordTransactionRequest, Transaction};

use crate::{
    Gateway,
    auth::ApiKey,
    error::{Error, Sentence},
    headers::CallHeaders,
};

/// A route whose calls are recorded, under the name in `kind`.
#[derive(Clone)]
pub struct Recorded {
    pub gateway: Gateway,
    pub kind: &'static str,
}

impl FromRef<Recorded> for Gateway {
    fn from_ref(recorded: &Recorded) -> Self {
        recorded.gateway.clone()
    }
}

/// One call under way: who makes it, what its headers say, and the transaction it will leave. The handler adds to the
/// transaction as it learns; whatever became of the call, it is written.
#[derive(Clone)]
pub struct Call {
    pub key: Arc<ApiKey>,
    pub headers: Arc<CallHeaders>,
    /// Also the request id.
    pub transaction_id: Arc<str>,
    draft: Arc<Mutex<Transaction>>,
}

impl Call {
    /// Adds to the transaction.
    pub fn note(&self, add: impl FnOnce(&mut Transaction)) {
        add(&mut self.draft.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The user of the header, which the call cannot do without.
    ///
    /// # Errors
    /// 400 when there is none.
    pub fn user(&self) -> Result<&str, Error> {
        self.headers.user_fullname.as_deref().ok_or(Error::invalid("X-User-Fullname header is required"))
    }

    /// The user the transaction is about, as far as it is known by now.
    pub fn user_noted(&self) -> Option<String> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner).user_fullname.clone()
    }

    pub fn project_id(&self) -> String {
        self.key.project_id.clone()
    }
}

/// Middleware of a recorded route: authenticates, reads the headers, runs the handler, writes the transaction. Without
/// a valid key there is no project to record for. A call that cannot be recorded is answered as failed.
pub async fn recorded(
    State(route): State<Recorded>,
    key: ApiKey,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let draft = Arc::new(Mutex::new(begin(&route, &key)));
    let response = match CallHeaders::read(request.headers()) {
        Err(error) => error.into_response(),
        Ok(mut headers) => {
            headers.geo_json = headers.geo_json.or_else(|| route.gateway.geo().locate(&request));
            let transaction_id = rpc::current().request_id.into();
            let call = Call {
                key: Arc::new(key),
                headers: Arc::new(headers),
                transaction_id,
                draft: Arc::clone(&draft),
            };
            call.note(|t| describe(t, &call.headers));
            request.extensions_mut().insert(call);
            next.run(request).await
        }
    };
    let mut transaction = std::mem::take(&mut *draft.lock().unwrap_or_else(PoisonError::into_inner));
    transaction.http_status = response.status().as_u16().into();
    transaction.error = response.extensions().get::<Sentence>().map(|sentence| sentence.0.clone());
    transaction.duration_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
    let written = RecordTransactionRequest { transaction: Some(transaction) };
    match route.gateway.transactions().record_transaction(written).await {
        Ok(_) => response,
        Err(status) => {
            tracing::error!(code = ?status.code(), "a call could not be recorded; it is answered as failed");
            Error::from(status).into_response()
        }
    }
}

fn begin(route: &Recorded, key: &ApiKey) -> Transaction {
    Transaction {
        id: rpc::current().request_id,
        project_id: key.project_id.clone(),
        api_key_id: key.id.clone(),
        kind: route.kind.to_owned(),
        created_at_ms: boot::now_ms(),
        ..Transaction::default()
    }
}

fn describe(transaction: &mut Transaction, headers: &CallHeaders) {
    let CallHeaders {
        user_fullname,
        session_id,
        action_trigger,
        device_info_json,
        geo_json,
        tags,
        client_app,
        client_app_version,
        validate_mrz: _,
        external_docauth: _,
        use_prefilled_video: _,
    } = headers.clone();
    *transaction = Transaction {
        user_fullname,
        session_id,
        action_trigger,
        device_info_json,
        geo_json,
        tags,
        client_app,
        client_app_version,
        ..std::mem::take(transaction)
    };
}

impl<S: Sync> FromRequestParts<S> for Call {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts
            .extensions
            .remove::<Self>()
            .ok_or_else(|| Error::internal(&"a handler outside of a recorded route"))
    }
}
