//! Errors of this service, and their gRPC status.

use ledger::tree::TreeError;
use rpc::StorageLimit;
use tonic::Status;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Invalid(&'static str),
    #[error("no consent recorded for this user")]
    Unknown,
    #[error("no such text")]
    NoText,
    #[error("no such consent in this project")]
    NoLeaf,
    #[error("no consent is recorded in this project")]
    NoLog,
    #[error("changed by another call at the same time; try again")]
    Conflict,
    #[error("too many consents of this project wait to be recorded; try again")]
    Overloaded,
    #[error("the consent could not be recorded; try again")]
    NotRecorded,
    #[error("there is no room to record it")]
    NoRoom,
    /// Another program wrote to the database: no consent is decided from it.
    #[error("the consent ledger of project {project} was tampered with: {what}")]
    Tampered { project: String, what: &'static str },
    #[error("an entry cannot be encrypted or decrypted")]
    Sealed(#[from] blob::Error),
    #[error("an entry of the ledger is malformed")]
    Malformed(#[from] serde_json::Error),
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

impl From<TreeError> for Error {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Database(error) => Self::Database(error),
            TreeError::Sealed(error) => Self::Sealed(error),
            TreeError::OutOfRange => Self::Invalid("the log has no such size"),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match &error {
            Error::Invalid(_) => Self::invalid_argument(error.to_string()),
            Error::Unknown | Error::NoText | Error::NoLeaf | Error::NoLog => {
                Self::not_found(error.to_string())
            }
            Error::Conflict => Self::aborted(error.to_string()),
            Error::Overloaded => Self::resource_exhausted(error.to_string()),
            Error::NotRecorded => Self::unavailable(error.to_string()),
            // The writer has logged the cause.
            Error::NoRoom => StorageLimit::Full.status(),
            Error::Tampered { project, what } => {
                tracing::error!(
                    project,
                    what,
                    "the consent ledger was tampered with; run `biometry consent verify`"
                );
                Self::internal("internal error")
            }
            Error::Sealed(_) | Error::Malformed(_) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the consent ledger cannot be read"
                );
                Self::internal("internal error")
            }
            Error::Database(cause) if db::is_unstorable(cause) => Self::invalid_argument(db::HOLDS_NUL),
            Error::Database(cause) if db::is_full(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "no room in the consent database");
                StorageLimit::Full.status()
            }
            Error::Database(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "the consent database failed");
                Self::unavailable("the consent database does not answer")
            }
        }
    }
}
