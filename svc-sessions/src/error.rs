//! Errors of this service, and their gRPC status.

use rpc::StorageLimit;
use tonic::Status;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Invalid(&'static str),
    /// Unknown, of another project, or expired: the caller cannot distinguish these.
    #[error("session not found")]
    NotFound,
    #[error("check not found")]
    NoCheck,
    #[error("the check is not leased by this caller any more")]
    NotLeased,
    #[error("session has ended")]
    Ended,
    #[error("the challenge of this session was used: ask for another one")]
    ChallengeUsed,
    #[error("the challenge of this session has expired: ask for another one")]
    ChallengeExpired,
    #[error("this session has had its most challenges: start another one")]
    TooManyChallenges,
    #[error("the system has no randomness")]
    Randomness,
    #[error("session is bound to another user")]
    BoundToAnother,
    #[error("no mobile operator is configured for this project")]
    NoOperator,
    #[error("{0}: {1}")]
    Address(&'static str, #[source] egress::Error),
    #[error("the settings of a mobile operator cannot be read")]
    Settings(#[from] serde_json::Error),
    #[error("no video found for this session")]
    NoVideo,
    #[error("the stored video of a session is damaged")]
    DamagedVideo,
    #[error("video is larger than {0} bytes")]
    TooLarge(u64),
    /// The caller cancelled the upload.
    #[error("the video was not received to its end")]
    BrokenOff(#[source] Status),
    #[error("the storage of videos or names failed")]
    Blob(#[source] blob::Error),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl From<blob::Error> for Error {
    fn from(error: blob::Error) -> Self {
        match error {
            // The error of the upload is returned unchanged.
            blob::Error::Input(cause) => match cause.downcast::<Self>() {
                Ok(own) => *own,
                Err(cause) => Self::Blob(blob::Error::Input(cause)),
            },
            other => Self::Blob(other),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match &error {
            Error::Invalid(_) | Error::TooLarge(_) | Error::Address(..) => {
                Self::invalid_argument(error.to_string())
            }
            Error::NotFound | Error::NoCheck | Error::NoVideo | Error::NoOperator => {
                Self::not_found(error.to_string())
            }
            Error::Ended
            | Error::NotLeased
            | Error::ChallengeUsed
            | Error::ChallengeExpired
            | Error::TooManyChallenges => Self::failed_precondition(error.to_string()),
            Error::Randomness => {
                tracing::error!("the system has no randomness");
                Self::internal("internal error")
            }
            Error::BoundToAnother => Self::permission_denied(error.to_string()),
            Error::BrokenOff(_) => Self::aborted(error.to_string()),
            Error::Blob(blob::Error::QuotaUsedUp) => StorageLimit::QuotaUsedUp.status(),
            Error::Blob(blob::Error::DiskAlmostFull) => StorageLimit::Full.status(),
            Error::Blob(cause) if rpc::is_storage_full(cause) => {
                tracing::error!(
                    error = cause as &dyn std::error::Error,
                    "no room for the video of a session"
                );
                StorageLimit::Full.status()
            }
            Error::Blob(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "the sessions' storage failed");
                Self::internal("internal error")
            }
            Error::DamagedVideo => {
                tracing::error!("the stored video of a session is damaged");
                Self::internal("internal error")
            }
            // The parser's own message may contain parts of its input.
            Error::Settings(_) => {
                tracing::error!("the settings of a mobile operator cannot be read");
                Self::internal("internal error")
            }
            Error::Database(cause) if db::is_unstorable(cause) => Self::invalid_argument(db::HOLDS_NUL),
            Error::Database(cause) if db::is_full(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "no room in the sessions database");
                StorageLimit::Full.status()
            }
            Error::Database(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "the sessions database failed");
                Self::unavailable("the sessions database does not answer")
            }
        }
    }
}
