//! Errors as HTTP responses: the status here, the body by the dialect whose route was called.

use std::any::Any;

use axum::{
    Json,
    extract::{
        Request, State,
        multipart::MultipartError,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::{
    core::error::{Error, Refusal},
    http::{body_time::is_late, openapi::ErrorSchema},
};

/// `Retry-After` of an overloaded server.
const BUSY_RETRY_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// The content of an error response. It is attached to the response until [`render_errors`] writes the body.
#[derive(Clone, Debug)]
pub struct ErrorReport {
    /// `None`: made outside the handlers (405, 413, …).
    pub error: Option<Error>,
    pub status: StatusCode,
    pub message: String,
    /// The input of a form it is about, and its error.
    pub field: Option<(String, String)>,
    /// The id to report; the same as `X-Request-Id`.
    pub request_id: String,
}

/// A dialect's error body.
pub type ErrorBody = fn(&ErrorReport) -> Value;

/// The error format of a dialect.
#[derive(Clone, Copy)]
pub struct ErrorShape {
    pub status: fn(&ErrorReport) -> StatusCode,
    pub body: ErrorBody,
    /// Its description.
    pub schema: ErrorSchema,
}

impl ErrorShape {
    /// With the statuses of this table.
    pub const fn plain(body: ErrorBody) -> Self {
        Self { status: |report| report.status, body, schema: ErrorSchema::OWN }
    }
}

impl Error {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::MissingToken
            | Self::KeyFormat
            | Self::InvalidKey
            | Self::SessionTokenOver
            | Self::SignedOut
            | Self::SecondFactorRequired
            | Self::WrongCredentials
            | Self::WrongCode => StatusCode::UNAUTHORIZED,
            Self::KeyNotActive
            | Self::MissingScope(_)
            | Self::OutsideSession
            | Self::TestKey
            | Self::OtherToken
            | Self::RoleNotAllowed
            | Self::OwnerRequired
            | Self::CrossOrigin
            | Self::InvalidCsrfToken
            | Self::OriginNotAllowed
            | Self::ConsentIsPersonal
            | Self::ConsentRequired
            | Self::EnrollmentConsentRequired { .. } => StatusCode::FORBIDDEN,
            Self::Field(..)
            | Self::Invalid(_)
            | Self::FileTooLarge
            | Self::MissingFields(_)
            | Self::UnreadablePictures(_)
            | Self::NoBoundary
            | Self::UserRequired => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::NotMultipart | Self::UnknownContentEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::IdempotencyKeyInUse | Self::ChallengeRequired => StatusCode::CONFLICT,
            Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited(_) | Self::Throttled(_) | Self::QuotaUsedUp { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::StorageFull(_) => StatusCode::INSUFFICIENT_STORAGE,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::RouteNotFound | Self::ProjectNotFound | Self::SubjectNotFound => StatusCode::NOT_FOUND,
            Self::Busy | Self::Unavailable | Self::ConnectionLost => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused(refusal, _) | Self::Worded { refusal, .. } => refusal.status(),
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl Refusal {
    const fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::NotSupported => StatusCode::NOT_IMPLEMENTED,
            Self::UnreadableMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnusableMedia => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

impl From<&Error> for ErrorReport {
    fn from(error: &Error) -> Self {
        let field = match error {
            Error::Field(name, message) => Some((name.clone().into_owned(), message.clone())),
            _ => None,
        };
        Self {
            error: Some(error.clone()),
            status: error.status(),
            message: error.to_string(),
            field,
            request_id: rpc::current().request_id,
        }
    }
}

/// The status and the headers; the dialect writes the body.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let retry_after = match self {
            Self::Busy | Self::Unavailable | Self::ConnectionLost => Some(BUSY_RETRY_SECONDS),
            Self::RateLimited(seconds) | Self::Throttled(seconds) | Self::QuotaUsedUp { seconds, .. } => {
                Some(seconds.into())
            }
            _ => None,
        };
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(ErrorReport::from(&self));
        response
    }
}

/// Middleware: writes the body of error responses in a dialect's format. Those made outside the handlers (405, 413,
/// …) get the text of their status.
pub async fn render_errors(State(shape): State<ErrorShape>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let report = response.extensions_mut().remove::<ErrorReport>().or_else(|| report_of_status(&response));
    let Some(report) = report else { return response };
    let (mut parts, _) = response.into_parts();
    parts.status = (shape.status)(&report);
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Json((shape.body)(&report)).into_response().into_body())
}

/// Returns the report of an error response without a body; `None` for any other response.
fn report_of_status(response: &Response) -> Option<ErrorReport> {
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_kind = |kind: &[u8]| content_type.is_some_and(|value| value.as_bytes().starts_with(kind));
    if is_kind(b"application/json")
        || is_kind(b"text/html")
        || !(status.is_client_error() || status.is_server_error())
    {
        return None;
    }
    let message = status.canonical_reason().unwrap_or("refused").to_ascii_lowercase();
    Some(ErrorReport { error: None, status, message, field: None, request_id: rpc::current().request_id })
}

/// Turns the panic of a handler into an internal error.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub fn from_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    Error::internal(&format_args!("panic: {message}")).into_response()
}

impl From<BytesRejection> for Error {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            _ if is_late(&rejection) => Self::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            _ => Self::invalid("request body could not be read"),
        }
    }
}

impl From<MultipartError> for Error {
    fn from(error: MultipartError) -> Self {
        match error.status() {
            _ if is_late(&error) => Self::RequestTimeout,
            // The rest of a form is small, so a form over the limit is one with too large a file.
            StatusCode::PAYLOAD_TOO_LARGE => Self::FileTooLarge,
            _ => Self::invalid("the form could not be read to its end"),
        }
    }
}

impl From<PathRejection> for Error {
    fn from(_: PathRejection) -> Self {
        Self::invalid("the path is not valid UTF-8")
    }
}

impl From<QueryRejection> for Error {
    fn from(_: QueryRejection) -> Self {
        Self::invalid("the query is not valid")
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn_with_state, routing::get};
    use serde_json::json;
    use tonic::{Code, Status};

    use super::*;

    #[test]
    fn every_code_has_a_status_and_only_refusals_keep_their_message() {
        let table = [
            (Code::InvalidArgument, 400, "s"),
            (Code::OutOfRange, 400, "s"),
            (Code::PermissionDenied, 403, "s"),
            (Code::NotFound, 404, "s"),
            (Code::AlreadyExists, 409, "s"),
            (Code::FailedPrecondition, 409, "s"),
            (Code::Aborted, 409, "s"),
            (Code::Unimplemented, 501, "s"),
            (Code::ResourceExhausted, 503, "the server is busy, try again shortly"),
            (Code::Unavailable, 503, "the service is not available, try again shortly"),
            (Code::DeadlineExceeded, 503, "the service is not available, try again shortly"),
            (Code::Cancelled, 503, "the service is not available, try again shortly"),
            (Code::Internal, 500, "internal error"),
            (Code::Unknown, 500, "internal error"),
            (Code::DataLoss, 500, "internal error"),
            (Code::Unauthenticated, 500, "internal error"),
        ];
        for (code, http, message) in table {
            let error = Error::from(Status::new(code, "s"));
            assert_eq!((error.status().as_u16(), error.to_string().as_str()), (http, message), "{code:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_of_a_handler_is_answered_without_its_message() {
        let body = ErrorShape::plain(|report| json!({ "error": report.message }));
        let app = Router::<()>::new()
            .route("/", get(async || -> () { panic!("a secret") }))
            .layer(tower_http::catch_panic::CatchPanicLayer::custom(from_panic))
            .layer(from_fn_with_state(body, render_errors));
        let response = tower::ServiceExt::oneshot(app, Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        assert_eq!(body, r#"{"error":"internal error"}"#);
    }

    #[test]
    fn an_overloaded_server_says_when_to_retry() {
        assert_eq!(Error::Busy.into_response().headers()[header::RETRY_AFTER], "2");
    }
}
