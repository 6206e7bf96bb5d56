//! Errors of receiving and processing a file, and their gRPC status.

use tonic::Status;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the file is empty")]
    Empty,
    #[error("the file is larger than {} MB", .0 / (1024 * 1024))]
    TooLarge(u64),
    #[error("too many files at once; try again later")]
    Overloaded,
    #[error("the file did not arrive in time")]
    SlowUpload,
    #[error("the file could not be analysed in time")]
    Late,
    /// The caller no longer waits for the result.
    #[error("the caller cancelled the call")]
    Abandoned,
    #[error("a worker panicked")]
    Crashed,
    #[error("the file broke off")]
    Upload(#[source] Box<Status>),
    #[error("the file cannot be kept while it is worked on")]
    Spool(#[from] std::io::Error),
}

/// The error of the sender's stream.
impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Upload(Box::new(status))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Empty | Error::TooLarge(_) => Self::invalid_argument(error.to_string()),
            Error::Overloaded => Self::resource_exhausted(error.to_string()),
            Error::SlowUpload | Error::Late => Self::deadline_exceeded(error.to_string()),
            Error::Abandoned => Self::cancelled(error.to_string()),
            Error::Upload(status) => *status,
            Error::Crashed | Error::Spool(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a file could not be worked on");
                Self::internal("internal error")
            }
        }
    }
}
