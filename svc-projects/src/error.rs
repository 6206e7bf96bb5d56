//! What can go wrong here, and what the caller is told.

use tonic::Status;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Rules(#[from] scoring::Error),
    #[error("no such project")]
    NoSuchProject,
    #[error("api key not found")]
    NoSuchKey,
    #[error("scoring rules not found")]
    NoSuchRules,
    #[error("erasure not found")]
    NoSuchErasure,
    #[error("this is the last active key of the project that can mint; make another one first")]
    LastMinter,
    #[error("changed by another call at the same time; try again")]
    Conflict,
    #[error("the signing key cannot be used: {0}")]
    SigningKey(&'static str),
    #[error("the signing key cannot be decrypted")]
    Sealed(#[from] blob::Error),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match &error {
            Error::Invalid(_) | Error::Rules(_) => Self::invalid_argument(error.to_string()),
            Error::NoSuchProject | Error::NoSuchKey | Error::NoSuchRules | Error::NoSuchErasure => {
                Self::not_found(error.to_string())
            }
            Error::LastMinter => Self::failed_precondition(error.to_string()),
            Error::Conflict => Self::aborted(error.to_string()),
            Error::SigningKey(_) | Error::Sealed(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an api key could not be signed");
                Self::internal("internal error")
            }
            Error::Database(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "the projects database failed");
                Self::unavailable("the projects database does not answer")
            }
        }
    }
}
