//! One transaction for each authenticated call of a recorded route, written before its response is sent. Reading on
//! the dashboard is not a call of a customer's backend and is not recorded.

use std::time::Instant;

use axum::{
    extract::{FromRef, FromRequestParts, Request, State},
    http::{HeaderMap, Method, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    core::{
        caller::Caller, dialect::Dialect, error::Error, permissions::Permission, record::TransactionRecord,
    },
    http::{
        auth::authenticate,
        error::{ErrorReport, ErrorShape},
        headers::CallHeaders,
        state::Gateway,
    },
};

/// A route whose calls are recorded, under the name in `kind`.
#[derive(Clone)]
pub struct Recorded {
    pub gateway: Gateway,
    pub kind: &'static str,
    pub errors: ErrorShape,
}

impl FromRef<Recorded> for Gateway {
    fn from_ref(recorded: &Recorded) -> Self {
        recorded.gateway.clone()
    }
}

/// A call of a recorded route: its caller, its headers, and its record. Handlers return it as [`RecordedResponse`]
/// through [`finish`](Self::finish).
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

/// The result of a call, and its record.
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

/// Middleware of a recorded route: authenticates, parses the headers, runs the handler, writes the record. Without a
/// valid key there is no project to record for. A call that cannot be recorded fails.
pub async fn record_transaction(
    State(route): State<Recorded>,
    caller: Caller,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    // Reading on the dashboard is not recorded.
    let is_view = caller.is_dashboard_user() && request.method().is_safe();
    if !is_view {
        // A call beyond the quota is not recorded.
        if let Err(error) = route.gateway.core().daily_calls().charge(route.gateway.core(), &caller).await {
            return error.into_response();
        }
    }
    let mut record = TransactionRecord::begin(route.kind, &caller);
    let mut response = match parse_headers(&caller, request.headers()) {
        Err(error) => error.into_response(),
        Ok(mut headers) => {
            let geo = headers.context.geo_json.take().or_else(|| route.gateway.geo().locate(&request));
            headers.context.geo_json = geo;
            record.set_context(&headers.context);
            // Any other caller is a customer's backend, whose address is not the user's.
            if caller.is_session_token() {
                let (extensions, sent) = (request.extensions(), request.headers());
                record.set_client_address(route.gateway.geo().client_address(extensions, sent));
            }
            request.extensions_mut().insert(Call { caller, headers, record: record.clone() });
            next.run(request).await
        }
    };
    // A handler that panicked or was never reached returns no record.
    let record = response.extensions_mut().remove::<TransactionRecord>().unwrap_or(record);
    if is_view {
        return response;
    }
    write_record(&route.gateway, record, (route.errors, started), response).await
}

/// Middleware of a route without a record: a key's call that changes something stores rows of other kinds, at least an audit
/// event, and is charged as well. Deletions and calls of dashboard users are never rejected.
pub async fn charge_changes(
    State(gateway): State<Gateway>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let adds = !request.method().is_safe() && request.method() != Method::DELETE;
    if adds
        && !caller.is_dashboard_user()
        && let Err(error) = gateway.core().daily_calls().charge(gateway.core(), &caller).await
    {
        return error.into_response();
    }
    next.run(request).await
}

/// Writes the record of a call; one that cannot be recorded is answered as failed.
async fn write_record(
    gateway: &Gateway,
    record: TransactionRecord,
    (errors, started): (ErrorShape, Instant),
    response: Response,
) -> Response {
    let report = response.extensions().get::<ErrorReport>();
    let status = report.map_or(response.status(), |report| (errors.status)(report)).as_u16();
    let error = report.map(|report| report.message.clone());
    let duration_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
    match record.write(gateway.core(), status, error, duration_ms).await {
        Ok(()) => response,
        Err(error) => {
            tracing::error!(%error, "transaction not recorded; the call is answered as failed");
            error.into_response()
        }
    }
}

/// The headers of the call; a session token says which session and user they are about.
fn parse_headers(caller: &Caller, headers: &HeaderMap) -> Result<CallHeaders, Error> {
    let mut headers = CallHeaders::parse(headers)?;
    let context = &mut headers.context;
    caller.settle_session(&mut context.session_id, &mut context.user_fullname)?;
    Ok(headers)
}

/// A call whose key comes with its form: authenticated, counted and recorded like any other.
pub struct LateCall {
    pub call: Call,
    errors: ErrorShape,
    started: Instant,
}

impl LateCall {
    /// # Errors
    /// As for a key in the header; 400 for a header that is not valid.
    pub async fn begin(
        gateway: &Gateway,
        headers: &HeaderMap,
        token: &str,
        (dialect, kind, errors): (Dialect, &'static str, ErrorShape),
    ) -> Result<Self, Error> {
        let caller = authenticate(gateway, headers, (token, dialect), None).await?;
        Self::of(gateway, headers, caller, (kind, errors)).await
    }

    /// The call of somebody who was let in.
    ///
    /// # Errors
    /// 403 without the scope; 400 for a header that is not valid; 429 when the project's calls of the day are used up.
    pub async fn of(
        gateway: &Gateway,
        headers: &HeaderMap,
        caller: Caller,
        (kind, errors): (&'static str, ErrorShape),
    ) -> Result<Self, Error> {
        caller.require(Permission::Capture)?;
        let headers = parse_headers(&caller, headers)?;
        gateway.core().daily_calls().charge(gateway.core(), &caller).await?;
        let mut record = TransactionRecord::begin(kind, &caller);
        record.set_context(&headers.context);
        Ok(Self { call: Call { caller, headers, record }, errors, started: Instant::now() })
    }

    pub async fn finish<T: IntoResponse>(self, gateway: &Gateway, result: Result<T, Error>) -> Response {
        write_record(gateway, self.call.record, (self.errors, self.started), result.into_response()).await
    }
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
