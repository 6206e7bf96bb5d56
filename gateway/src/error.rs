//! What a caller is told when a request is not answered, and the one table from `Status` to HTTP.

use std::{any::Any, borrow::Cow};

use axum::{
    Json,
    extract::{
        Request,
        multipart::MultipartError,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tonic::{Code, Status};

/// Seconds after which an overloaded server is worth another try.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// A refusal. Its text is the sentence the caller reads, so nothing internal and nothing of the request is in it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error("missing authorization token")]
    MissingToken,
    #[error("invalid api key format")]
    KeyFormat,
    #[error("invalid api key")]
    InvalidKey,
    #[error("api key is not active")]
    KeyNotActive,
    #[error("this call needs a key that can mint")]
    CannotMint,
    #[error("not signed in")]
    SignedOut,
    #[error("the second factor is still to come")]
    SecondFactor,
    /// Which of the two is not said.
    #[error("e-mail address or password is wrong")]
    WrongCredentials,
    #[error("this code is wrong or was used already")]
    WrongCode,
    #[error("your role may not do this")]
    RoleMayNot,
    #[error("project not found")]
    NoSuchProject,
    #[error("nothing is kept of this user")]
    NothingKept,
    #[error("this call is for the dashboard's own pages")]
    ForeignPage,
    #[error("this project's keys may not be used from this web page; add its origin to the project's")]
    ForeignOrigin,
    #[error("X-CSRF-Token header is missing or not this session's; read it from /api-auth/me")]
    NoCsrfToken,
    #[error("a consent is given by whom it is about; the dashboard can only withdraw it")]
    ConsentIsPersonal,
    /// Seconds until another attempt is heard.
    #[error("too many attempts went wrong; try again in {0} seconds")]
    Wait(u64),
    /// What somebody typed in does not do: the input, and why.
    #[error("{1}")]
    Field(Cow<'static, str>, String),
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    #[error("file size exceeds 50MB")]
    FileTooLarge,
    #[error("request body is too large")]
    BodyTooLarge,
    #[error("content type must be multipart/form-data")]
    NotMultipart,
    /// Seconds until the next call is granted.
    #[error("the rate limit of this API key is used up, try again in {0} seconds")]
    RateLimited(u64),
    #[error("the request was not sent in time")]
    TooSlow,
    #[error("not found")]
    NoSuchRoute,
    #[error("the server is busy, try again shortly")]
    Busy,
    #[error("the service is not available, try again shortly")]
    Unavailable,
    /// A service refused; its sentence is made for the caller.
    #[error("{1}")]
    Refused(StatusCode, String),
    #[error("internal error")]
    Internal,
}

/// The inputs of a form that an error answer is about, by name.
#[derive(Clone, Debug)]
pub struct Fields(serde_json::Value);

/// The sentence of an error answer, beside the answer, for the record of the call.
#[derive(Clone, Debug)]
pub struct Sentence(pub String);

impl Error {
    /// A 400 with a fixed sentence.
    pub const fn invalid(sentence: &'static str) -> Self {
        Self::Invalid(Cow::Borrowed(sentence))
    }

    /// A 400 about one input of a form.
    pub fn field(name: &'static str, sentence: &str) -> Self {
        Self::Field(Cow::Borrowed(name), sentence.to_owned())
    }

    /// This server's own fault: the cause goes to the log here, the caller gets the request id.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "a request ended with an internal error");
        Self::Internal
    }

    pub const fn status(&self) -> StatusCode {
        match self {
            Self::MissingToken
            | Self::KeyFormat
            | Self::InvalidKey
            | Self::SignedOut
            | Self::SecondFactor
            | Self::WrongCredentials
            | Self::WrongCode => StatusCode::UNAUTHORIZED,
            Self::KeyNotActive
            | Self::CannotMint
            | Self::RoleMayNot
            | Self::ForeignPage
            | Self::NoCsrfToken
            | Self::ForeignOrigin
            | Self::ConsentIsPersonal => StatusCode::FORBIDDEN,
            Self::Field(..) | Self::Invalid(_) | Self::FileTooLarge => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotMultipart => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited(_) | Self::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NoSuchRoute | Self::NoSuchProject | Self::NothingKept => StatusCode::NOT_FOUND,
            Self::Busy | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused(status, _) => *status,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The table. A service's sentence reaches the caller only where the caller can act on it.
impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let told = |name: &str| status.metadata().get(name).and_then(|value| value.to_str().ok());
        if let Some(seconds) = told("x-retry-after").and_then(|seconds| seconds.parse().ok()) {
            return Self::Wait(seconds);
        }
        if let Some(name) = told("x-field") {
            return Self::Field(name.to_owned().into(), status.message().to_owned());
        }
        let http = match status.code() {
            Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
            Code::PermissionDenied => StatusCode::FORBIDDEN,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => StatusCode::CONFLICT,
            Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Code::ResourceExhausted => return Self::Busy,
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
                tracing::warn!(code = ?status.code(), "a service did not answer");
                return Self::Unavailable;
            }
            // UNAUTHENTICATED as well: services check this server's token there, not the caller's key.
            Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss | Code::Unauthenticated => {
                return Self::internal(&format_args!("{:?} from a service", status.code()));
            }
        };
        Self::Refused(http, status.message().to_owned())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, sentence) = (self.status(), self.to_string());
        let mut body = json!({ "error": &sentence });
        if matches!(self, Self::Internal) {
            body["request_id"] = rpc::current().request_id.into();
        }
        let fields = match &self {
            Self::Field(name, sentence) => Some(json!({ name.as_ref(): sentence })),
            _ => None,
        };
        if let Some(fields) = &fields {
            body["fields"] = fields.clone();
        }
        let mut response = (status, Json(body)).into_response();
        if let Some(fields) = fields {
            response.extensions_mut().insert(Fields(fields));
        }
        let retry_after = match self {
            Self::Busy | Self::Unavailable => Some(RETRY_AFTER),
            Self::RateLimited(seconds) | Self::Wait(seconds) => Some(seconds.into()),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(Sentence(sentence));
        response
    }
}

impl From<BytesRejection> for Error {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            _ => Self::invalid("request body could not be read"),
        }
    }
}

impl From<MultipartError> for Error {
    fn from(error: MultipartError) -> Self {
        match error.status() {
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

/// Gives refusals made outside the handlers (405, 413, ...) the same JSON as all others.
pub async fn as_json(response: Response) -> Response {
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().starts_with(b"application/json"));
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let sentence = status.canonical_reason().unwrap_or("refused").to_ascii_lowercase();
    let (parts, _) = response.into_parts();
    let mut shaped = Json(json!({ "error": &sentence })).into_response();
    *shaped.status_mut() = status;
    shaped.extensions_mut().insert(Sentence(sentence));
    let kept = parts.headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
    shaped
        .headers_mut()
        .extend(kept.filter(|(name, _)| name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH));
    shaped
}

/// Clients of these routes read an error as `message`, all others as `error`; here it has both names.
pub async fn with_both_names(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let both = path.starts_with("/api-projects/") || path.starts_with("/api-transactions/");
    let response = next.run(request).await;
    let Some(Sentence(sentence)) = response.extensions().get().filter(|_| both).cloned() else {
        return response;
    };
    let mut body = json!({ "error": sentence, "message": sentence });
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        body["request_id"] = rpc::current().request_id.into();
    }
    if let Some(Fields(fields)) = response.extensions().get() {
        body["fields"] = fields.clone();
    }
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Json(body).into_response().into_body())
}

/// A panic of a handler, as an answer.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub fn from_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    Error::internal(&format_args!("panic: {message}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_place_and_only_refusals_keep_their_sentence() {
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
        for (code, http, sentence) in table {
            let error = Error::from(Status::new(code, "s"));
            assert_eq!((error.status().as_u16(), error.to_string().as_str()), (http, sentence), "{code:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_of_a_handler_is_answered_and_says_nothing_of_itself() {
        let app = axum::Router::<()>::new()
            .route("/", axum::routing::get(async || -> () { panic!("a secret") }))
            .layer(tower_http::catch_panic::CatchPanicLayer::custom(from_panic));
        let request = axum::extract::Request::new(axum::body::Body::empty());
        let response = tower::ServiceExt::oneshot(app, request).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        assert_eq!(body, r#"{"error":"internal error","request_id":""}"#);
    }

    #[test]
    fn an_overloaded_server_says_when_to_come_back() {
        let response = Error::Busy.into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }
}
