//! Errors of this service, and their gRPC status.

use rpc::StorageLimit;
use tonic::Status;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Invalid(&'static str),
    #[error(transparent)]
    Media(#[from] media::Error),
    /// The media worker failed.
    #[error(transparent)]
    Sandbox(sandbox::Error),
    #[error(transparent)]
    Intake(#[from] intake::Error),
    #[error("the file cannot be read")]
    File(#[from] std::io::Error),
    #[error(transparent)]
    Models(#[from] models::Error),
    #[error(transparent)]
    Face(#[from] face::Error),
    #[error(transparent)]
    Voice(#[from] voice::Error),
    #[error(transparent)]
    Lips(#[from] lips::Error),
    #[error("a print could not be worked on")]
    Print,
    #[error("a template cannot be encrypted or decrypted")]
    Sealed(#[from] blob::Error),
    #[error("the user was erased meanwhile")]
    Erased,
    #[error("a kept template is malformed")]
    Malformed,
    #[error("templates cannot be searched")]
    Search(#[from] vectors::Error),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl From<sandbox::Error> for Error {
    fn from(error: sandbox::Error) -> Self {
        match error {
            sandbox::Error::Media(error) => Self::Media(error),
            other => Self::Sandbox(other),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Media(media::Error::Io) => internal(&error),
            Error::Invalid(_) | Error::Media(_) => Self::invalid_argument(error.to_string()),
            Error::Intake(intake::Error::Spool(ref cause)) if rpc::is_storage_full(cause) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no room for a caller's file");
                StorageLimit::Full.status()
            }
            Error::Intake(error) => error.into(),
            Error::Sandbox(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a file was not decoded");
                Self::unavailable(error.to_string())
            }
            Error::Erased => Self::aborted(error.to_string()),
            Error::Database(ref cause) if db::is_unstorable(cause) => Self::invalid_argument(db::HOLDS_NUL),
            Error::Database(ref cause) if db::is_full(cause) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no room in the template database");
                StorageLimit::Full.status()
            }
            Error::Database(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the template database failed");
                Self::unavailable("the template database does not answer")
            }
            _ => internal(&error),
        }
    }
}

fn internal(error: &Error) -> Status {
    tracing::error!(error = error as &dyn std::error::Error, "a call of the models service failed");
    Status::internal("internal error")
}
