//! Errors of operations, and the only table from a service's `Status` to them. HTTP gives each its status in
//! `http/error.rs`.

use std::borrow::Cow;

use rpc::StorageLimit;
use tonic::{Code, Status};

/// An error of an operation. Its text is shown to the client, so it contains no internals and nothing of the request.
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
    #[error("test keys are for this API alone, not for those of other products")]
    TestKey,
    #[error("this session token is over; start another session")]
    SessionTokenOver,
    #[error("this session token is for another session or another user")]
    OutsideSession,
    #[error("this call needs a key with the scope {0}")]
    MissingScope(&'static str),
    #[error("not signed in")]
    SignedOut,
    #[error("second factor required")]
    SecondFactorRequired,
    /// Does not say which of the two.
    #[error("wrong e-mail address or password")]
    WrongCredentials,
    #[error("this code is wrong or was already used")]
    WrongCode,
    #[error("your role does not allow this")]
    RoleNotAllowed,
    #[error("project not found")]
    ProjectNotFound,
    #[error("no data stored for this user")]
    SubjectNotFound,
    #[error("cross-origin request rejected")]
    CrossOrigin,
    #[error("origin not allowed for this project; add it to the project's allowed origins")]
    OriginNotAllowed,
    #[error("X-CSRF-Token header is missing or does not belong to this session; read it from /api-auth/me")]
    InvalidCsrfToken,
    #[error("consent can only be given by the user; the dashboard can only withdraw it")]
    ConsentIsPersonal,
    #[error(
        "this project requires a challenge: POST /api-gateway/sessions/{{id}}/challenge and send the video in that session"
    )]
    ChallengeRequired,
    #[error("only an owner can let the other projects of the organisation count")]
    OwnerRequired,
    #[error("consent is required")]
    ConsentRequired,
    /// The token of a record where an API key is expected, or vice versa.
    #[error("this token is for other calls")]
    OtherToken,
    /// Required fields of a form that were not sent.
    #[error("required fields are missing: {}", .0.join(", "))]
    MissingFields(Vec<&'static str>),
    /// The number of unreadable pictures of a form.
    #[error("a picture cannot be read")]
    UnreadablePictures(usize),
    #[error("X-User-Fullname header is required")]
    UserRequired,
    /// Which of the two consents an enrollment needs are given.
    #[error("{}", enrollment_consent_message(*.authorization, *.storage))]
    EnrollmentConsentRequired { authorization: bool, storage: bool },
    /// Seconds until the next attempt is accepted.
    #[error("too many failed attempts; try again in {0} seconds")]
    Throttled(u64),
    /// One input of a form, and its error.
    #[error("{1}")]
    Field(Cow<'static, str>, String),
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    #[error("file size exceeds 50MB")]
    FileTooLarge,
    #[error("request body is too large")]
    BodyTooLarge,
    #[error("request headers are larger than 256 KiB")]
    HeadersTooLarge,
    #[error("content type must be multipart/form-data")]
    NotMultipart,
    #[error("content type multipart/form-data has no boundary")]
    NoBoundary,
    #[error("this content encoding is not supported; send the body plain or as gzip")]
    UnknownContentEncoding,
    #[error("a call with this Idempotency-Key is in progress; retry when it has ended")]
    IdempotencyKeyInUse,
    #[error("this Idempotency-Key was used with another request; send a new key")]
    IdempotencyKeyReused,
    /// Seconds until the next call is granted.
    #[error("the rate limit of this API key is exceeded; try again in {0} seconds")]
    RateLimited(u64),
    /// The quota, and seconds until it resets.
    #[error("this project's quota of {calls} calls a day is used up; it begins anew at midnight UTC")]
    QuotaUsedUp { calls: u64, seconds: u64 },
    /// Required storage is not available.
    #[error("{0}")]
    StorageFull(StorageLimit),
    #[error("the request was not sent in time")]
    RequestTimeout,
    #[error("not found")]
    RouteNotFound,
    #[error("the server is busy, try again shortly")]
    Busy,
    #[error("the service is not available, try again shortly")]
    Unavailable,
    /// The connection to a service broke before it responded.
    #[error("the service is not available, try again shortly")]
    ConnectionLost,
    /// A service rejected the call; its message is written for the client.
    #[error("{1}")]
    Refused(Refusal, String),
    /// A rejection with a stable word that clients act on.
    #[error("{message}")]
    Worded { refusal: Refusal, word: Cow<'static, str>, message: String },
    #[error("internal error")]
    Internal,
}

/// The kind of a service's rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Invalid,
    Forbidden,
    NotFound,
    Conflict,
    NotSupported,
    /// The file has an unsupported format.
    UnreadableMedia,
    /// The file can be read and does not show what is required.
    UnusableMedia,
}

impl Error {
    /// A 400 with a fixed message.
    pub const fn invalid(message: &'static str) -> Self {
        Self::Invalid(Cow::Borrowed(message))
    }

    /// A 400 about one input of a form.
    pub fn field(name: &'static str, message: &str) -> Self {
        Self::Field(Cow::Borrowed(name), message.to_owned())
    }

    /// Builds a rejection with a stable word.
    pub fn worded(refusal: Refusal, word: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Worded { refusal, word: word.into(), message: message.into() }
    }

    /// Builds a server fault: logs the cause here; the client gets the request id.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "request failed with an internal error");
        Self::Internal
    }
}

const fn enrollment_consent_message(authorization: bool, storage: bool) -> &'static str {
    match (authorization, storage) {
        (false, true) => {
            "authorization consent is required to enroll: record it with POST /api-consent/consent"
        }
        (true, false) => {
            "storage consent is required to enroll: record it with POST /api-consent/strg-consent"
        }
        _ => {
            "authorization and storage consent are required to enroll: record them with POST /api-consent/consent and POST /api-consent/strg-consent"
        }
    }
}

/// A service's message reaches the client only if the client can act on it.
impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let metadata = |name: &str| status.metadata().get(name).and_then(|value| value.to_str().ok());
        if let Some(seconds) = metadata("x-retry-after").and_then(|seconds| seconds.parse().ok()) {
            return Self::Throttled(seconds);
        }
        if let Some(name) = metadata("x-field") {
            return Self::Field(name.to_owned().into(), status.message().to_owned());
        }
        let word = metadata("x-word").map(str::to_owned);
        let refusal = match status.code() {
            Code::InvalidArgument | Code::OutOfRange => Refusal::Invalid,
            Code::PermissionDenied => Refusal::Forbidden,
            Code::NotFound => Refusal::NotFound,
            Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => Refusal::Conflict,
            Code::Unimplemented => Refusal::NotSupported,
            Code::ResourceExhausted => {
                return StorageLimit::of(&status).map_or(Self::Busy, Self::StorageFull);
            }
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
                tracing::warn!(code = ?status.code(), "service unavailable");
                return if rpc::is_connection_lost(&status) {
                    Self::ConnectionLost
                } else {
                    Self::Unavailable
                };
            }
            // UNAUTHENTICATED as well: services check this server's token, not the caller's key.
            Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss | Code::Unauthenticated => {
                return Self::internal(&format_args!("{:?} from a service", status.code()));
            }
        };
        match word {
            Some(word) => Self::worded(refusal, word, status.message()),
            None => Self::Refused(refusal, status.message().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_consent_is_named() {
        let message =
            |authorization, storage| Error::EnrollmentConsentRequired { authorization, storage }.to_string();
        assert!(message(false, true).starts_with("authorization consent is"));
        assert!(message(true, false).starts_with("storage consent is"));
        assert!(message(false, false).starts_with("authorization and storage consent are"));
    }
}
