//! What can go wrong here, and what the caller is told.

use tonic::Status;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Invalid(&'static str),
    #[error(transparent)]
    Media(#[from] media::Error),
    #[error("the file is larger than {} MB", .0 / (1024 * 1024))]
    TooLarge(u64),
    #[error("too many files at once; try again later")]
    Overloaded,
    #[error("the file did not arrive in time")]
    SlowUpload,
    #[error("the file could not be analysed in time")]
    Late,
    /// Nobody waits for the answer any more.
    #[error("the caller went away")]
    Abandoned,
    #[error("a worker panicked")]
    Crashed,
    #[error("the file broke off")]
    Upload(#[source] Box<Status>),
    #[error("the file cannot be kept while it is worked on")]
    Spool(#[from] std::io::Error),
    #[error(transparent)]
    Models(#[from] models::Error),
    #[error(transparent)]
    Face(#[from] face::Error),
    #[error(transparent)]
    Voice(#[from] voice::Error),
    #[error(transparent)]
    Lips(#[from] lips::Error),
    #[error("a template cannot be encrypted or decrypted")]
    Sealed(#[from] blob::Error),
    #[error("the user was erased meanwhile")]
    Erased,
    #[error("a kept template is malformed")]
    Malformed,
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Media(media::Error::Io) => internal(&error),
            Error::Invalid(_) | Error::Media(_) | Error::TooLarge(_) => {
                Self::invalid_argument(error.to_string())
            }
            Error::Overloaded => Self::resource_exhausted(error.to_string()),
            Error::SlowUpload | Error::Late => Self::deadline_exceeded(error.to_string()),
            Error::Erased => Self::aborted(error.to_string()),
            Error::Abandoned => Self::cancelled(error.to_string()),
            Error::Upload(status) => *status,
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
