//! Errors of this service, and their gRPC status.

use tonic::Status;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Invalid(&'static str),
    #[error(transparent)]
    Intake(#[from] intake::Error),
    #[error("the document cannot be read")]
    File(#[from] std::io::Error),
    #[error(transparent)]
    Document(#[from] document::Error),
    /// The media worker failed.
    #[error(transparent)]
    Sandbox(sandbox::Error),
    #[error(transparent)]
    Chip(#[from] emrtd::Error),
    #[error(transparent)]
    Models(#[from] models::Error),
    /// The external provider did not respond, or not as documented.
    #[error("the external document provider failed: {0}")]
    Provider(String),
}

impl From<sandbox::Error> for Error {
    fn from(error: sandbox::Error) -> Self {
        match error {
            sandbox::Error::Media(error) => Self::Document(error.into()),
            other => Self::Sandbox(other),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        use document::Error::{NotPicture, TooLarge, Undecodable};
        match error {
            Error::Invalid(_) | Error::Chip(_) | Error::Document(NotPicture | TooLarge | Undecodable) => {
                Self::invalid_argument(error.to_string())
            }
            Error::Intake(intake::Error::Spool(ref cause)) if rpc::is_storage_full(cause) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no room for a caller's file");
                rpc::StorageLimit::Full.status()
            }
            Error::Intake(error) => error.into(),
            Error::Sandbox(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a picture was not decoded");
                Self::unavailable(error.to_string())
            }
            Error::Provider(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an external check failed");
                Self::unavailable("the external document provider does not answer")
            }
            _ => {
                tracing::error!(error = &error as &dyn std::error::Error, "a document could not be checked");
                Self::internal("internal error")
            }
        }
    }
}
