//! Errors of this service, and their gRPC status.

use std::borrow::Cow;

use rpc::StorageLimit;
use tonic::{Code, Status, metadata::MetadataMap};

/// Metadata key of the rejected input.
const FIELD: &str = "x-field";
/// Metadata key of the seconds to wait before a retry.
const WAIT: &str = "x-retry-after";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the erasure could not be noted; repeat the call")]
    NotNoted,
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
    #[error("the project has no shadow rules")]
    NoShadowRules,
    #[error("erasure not found")]
    NoSuchErasure,
    #[error("this is the last active key of the project that can mint; make another one first")]
    LastMinter,
    #[error("this key is revoked; make another one")]
    KeyOver,
    #[error("this key has expired; make another one")]
    KeyExpired,
    #[error("the scope {0} is not yours to grant, so you cannot make, change or revoke a key that has it")]
    ScopeNotGranted(String),
    #[error("changed by another call at the same time; try again")]
    Conflict,
    #[error("the signing key cannot be used: {0}")]
    SigningKey(&'static str),
    #[error("the signing key cannot be decrypted")]
    Sealed(#[from] blob::Error),
    /// A rejected input of a form; the message is shown beside the input.
    #[error("{sentence}")]
    Field { name: &'static str, sentence: Cow<'static, str> },
    #[error("organisation not found")]
    NoSuchOrganisation,
    #[error("deletion not found")]
    NoSuchDeletion,
    #[error("user not found")]
    NoSuchUser,
    #[error("not signed in")]
    NoSuchSession,
    #[error("this link is used, expired or revoked; ask for another one")]
    NoSuchInvitation,
    #[error("there is an account with this address already")]
    EmailTaken,
    #[error("this is the last owner of the organisation; make somebody else an owner first")]
    LastOwner,
    #[error("your role does not allow this")]
    AboveOwnRole,
    #[error("{0}")]
    TotpState(&'static str),
    #[error("there are several organisations; name one with --organisation-id")]
    WhichOrganisation,
    /// Seconds.
    #[error("too many failed attempts; try again in {0} seconds")]
    Wait(u64),
    #[error("too many passwords are being checked")]
    Busy,
    #[error("the system random generator failed")]
    Randomness,
    #[error("a stored value cannot be read")]
    Damaged,
    /// A tampered row grants nothing. Logged where it is found.
    #[error(transparent)]
    Tampered(#[from] ledger::TamperedRow),
    #[error("audit entry not found")]
    NoSuchEntry,
    /// Nothing is signed over entries that are not authentic.
    #[error("the audit log was tampered with: {0}")]
    AuditTampered(&'static str),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// Builds the error of one input.
    pub fn field(name: &'static str, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::Field { name, sentence: sentence.into() }
    }

    fn with(&self, code: Code, name: &'static str, value: &str) -> Status {
        let mut metadata = MetadataMap::new();
        if let Ok(value) = value.parse() {
            metadata.insert(name, value);
        }
        Status::with_metadata(code, self.to_string(), metadata)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match &error {
            Error::Invalid(_) | Error::Rules(_) => Self::invalid_argument(error.to_string()),
            Error::NoSuchProject
            | Error::NoSuchKey
            | Error::NoSuchRules
            | Error::NoShadowRules
            | Error::NoSuchErasure
            | Error::NoSuchEntry => Self::not_found(error.to_string()),
            Error::Field { name, .. } => error.with(Code::InvalidArgument, FIELD, name),
            Error::Wait(seconds) => error.with(Code::FailedPrecondition, WAIT, &seconds.to_string()),
            Error::NoSuchOrganisation
            | Error::NoSuchDeletion
            | Error::NoSuchUser
            | Error::NoSuchSession
            | Error::NoSuchInvitation => Self::not_found(error.to_string()),
            Error::EmailTaken => Self::already_exists(error.to_string()),
            Error::AboveOwnRole | Error::ScopeNotGranted(_) => Self::permission_denied(error.to_string()),
            Error::NotNoted => Self::unavailable(error.to_string()),
            Error::Busy => Self::resource_exhausted(error.to_string()),
            Error::LastMinter
            | Error::KeyOver
            | Error::KeyExpired
            | Error::LastOwner
            | Error::TotpState(_)
            | Error::WhichOrganisation => Self::failed_precondition(error.to_string()),
            Error::Conflict => Self::aborted(error.to_string()),
            Error::SigningKey(_) | Error::Sealed(_) | Error::Randomness | Error::Damaged => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a secret could not be made or read"
                );
                Self::internal("internal error")
            }
            Error::AuditTampered(what) => {
                tracing::error!(what, "the audit log was tampered with; run `biometry audit verify`");
                Self::internal("internal error")
            }
            Error::Tampered(_) => Self::internal("internal error"),
            Error::Database(cause) if db::is_unstorable(cause) => Self::invalid_argument(db::HOLDS_NUL),
            Error::Database(cause) if db::is_full(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "no room in the projects database");
                StorageLimit::Full.status()
            }
            Error::Database(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "the projects database failed");
                Self::unavailable("the projects database does not answer")
            }
        }
    }
}
