//! One transaction for each authenticated call of a recorded route, written before its response is sent.

use std::time::Instant;

use axum::{
    extract::{FromRef, FromRequestParts, Request, State},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    core::{caller::Caller, error::Error, record::TransactionRecord},
    http::{error::ErrorReport, headers::CallHeaders, state::Gateway},
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

/// A call of a recorded route: who makes it, its headers, and the record it will leave. Handlers return it as
/// [`RecordedResponse`] through [`finish`](Self::finish).
#[derive(Clone)]
pub struct Call {
    pub caller: Caller,
    pub headers: CallHeaders,
    pub record: TransactionRecord,
}

impl Call {
    pub fn finish<T>(self, result: Result<T, Error>) -> RecordedResponse<T> {
        RecordedResponse { record: self.record, result }
    }
}

/// The result of a call, and what it leaves.
pub struct RecordedResponse<T> {
    record: TransactionRecord,
    result: Result<T, Error>,
}

impl<T: IntoResponse> IntoResponse for RecordedResponse<T> {
    fn into_response(self) -> Response {
        let mut response = self.result.into_response();
        response.extensions_mut().insert(self.record);
        response
    }
}

/// Middleware of a recorded route: authenticates, parses the headers, runs the handler, writes the record. Without a valid
/// key there is no project to record for. A call that cannot be recorded is answered as failed.
pub async fn record_transaction(
    State(route): State<Recorded>,
    caller: Caller,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let mut record = TransactionRecord::begin(route.kind, &caller);
    let mut response = match parse_headers(&caller, &request) {
        Err(error) => error.into_response(),
        Ok(mut headers) => {
            let geo = headers.context.geo_json.take().or_else(|| route.gateway.geo().locate(&request));
            headers.context.geo_json = geo;
            record.set_context(&headers.context);
            request.extensions_mut().insert(Call { caller, headers, record: record.clone() });
            next.run(request).await
        }
    };
    // A handler that panicked or was never reached hands no record on.
    let record = response.extensions_mut().remove::<TransactionRecord>().unwrap_or(record);
    let error = response.extensions().get::<ErrorReport>().map(|report| report.message.clone());
    let duration_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
    let status = response.status().as_u16();
    match record.write(route.gateway.core(), status, error, duration_ms).await {
        Ok(()) => response,
        Err(error) => {
            tracing::error!(%error, "transaction not recorded; the call is answered as failed");
            error.into_response()
        }
    }
}

/// The headers of the call; a session token says which session and user they are about.
fn parse_headers(caller: &Caller, request: &Request) -> Result<CallHeaders, Error> {
    let mut headers = CallHeaders::parse(request.headers())?;
    let context = &mut headers.context;
    caller.settle_session(&mut context.session_id, &mut context.user_fullname)?;
    Ok(headers)
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
