//! Errors of this service, and their gRPC status.

use rpc::StorageLimit;
use tonic::Status;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Invalid(String),
    #[error("transaction not found")]
    NotFound,
    /// Unknown, deleted, or with an invalid link: the caller cannot distinguish these.
    #[error("sample not found")]
    NoSample,
    /// The caller cancelled the upload.
    #[error("the sample was not received to its end")]
    BrokenOff(#[source] Status),
    #[error("this transaction is not under review")]
    NoReview,
    #[error("another reviewer was faster; read the review again")]
    ReviewChanged,
    #[error("a stored review cannot be read")]
    DamagedReview,
    #[error("this entry is not in the block list")]
    NoBlocked,
    #[error("a stored link between transactions cannot be read")]
    DamagedLink,
    #[error("insufficient_credits")]
    NoCredits,
    #[error("credit not found")]
    NoCredit,
    #[error("a stored credit cannot be read")]
    DamagedCredit,
    #[error("webhook not found")]
    NoWebhook,
    #[error("delivery not found")]
    NoDelivery,
    /// Not allowed in the current state; the message says what would have to change.
    #[error("{0}")]
    Refused(&'static str),
    #[error("the webhook was changed by another call at the same time, try again")]
    Changed,
    #[error("the system has no randomness")]
    Randomness,
    #[error("a transaction with this id is recorded already")]
    Taken,
    #[error("too many transactions wait to be recorded")]
    Overloaded,
    /// The writer logged the cause once for all calls of a batch.
    #[error("the transaction could not be recorded")]
    NotRecorded,
    #[error("there is no room to record it")]
    NoRoom,
    #[error("something stored cannot be decrypted, or the storage failed")]
    Sealed(#[from] blob::Error),
    #[error("a stored row cannot be read")]
    Damaged(#[from] serde_json::Error),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// Returns the error for the caller of a row that was not written.
    pub fn not_recorded(cause: &Self) -> Self {
        match cause {
            Self::Database(cause) if db::is_full(cause) => Self::NoRoom,
            _ => Self::NotRecorded,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match &error {
            Error::Invalid(_) => Self::invalid_argument(error.to_string()),
            Error::NotFound
            | Error::NoSample
            | Error::NoReview
            | Error::NoBlocked
            | Error::NoCredit
            | Error::NoWebhook
            | Error::NoDelivery => Self::not_found(error.to_string()),
            Error::BrokenOff(_) => Self::aborted(error.to_string()),
            Error::Taken => Self::already_exists(error.to_string()),
            Error::NoCredits => {
                let mut status = Self::failed_precondition(error.to_string());
                let word = tonic::metadata::MetadataValue::from_static("insufficient_credits");
                status.metadata_mut().insert("x-word", word);
                status
            }
            Error::Refused(_) => Self::failed_precondition(error.to_string()),
            Error::Changed | Error::ReviewChanged => Self::aborted(error.to_string()),
            Error::Overloaded => Self::resource_exhausted(error.to_string()),
            Error::NotRecorded => Self::unavailable(error.to_string()),
            // The writer has logged the cause.
            Error::NoRoom => StorageLimit::Full.status(),
            Error::Randomness => {
                tracing::error!("the system has no randomness");
                Self::internal("internal error")
            }
            Error::Sealed(blob::Error::QuotaUsedUp) => StorageLimit::QuotaUsedUp.status(),
            Error::Sealed(blob::Error::DiskAlmostFull) => StorageLimit::Full.status(),
            Error::Sealed(cause) if rpc::is_storage_full(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "no room for a sample");
                StorageLimit::Full.status()
            }
            Error::Sealed(_)
            | Error::Damaged(_)
            | Error::DamagedReview
            | Error::DamagedLink
            | Error::DamagedCredit => {
                tracing::error!(error = &error as &dyn std::error::Error, "what is stored is unreadable");
                Self::internal("internal error")
            }
            Error::Database(cause) if db::is_unstorable(cause) => Self::invalid_argument(db::HOLDS_NUL),
            Error::Database(cause) if db::is_full(cause) => {
                tracing::error!(
                    error = cause as &dyn std::error::Error,
                    "no room in the transactions database"
                );
                StorageLimit::Full.status()
            }
            Error::Database(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "the transactions database failed");
                Self::unavailable("the transactions database does not answer")
            }
        }
    }
}
