//! Errors of this service, and their gRPC status.

use rpc::StorageLimit;
use tonic::{Code, Status};

/// Metadata key of the stable code of a refusal.
const WORD: &str = "x-word";
const FIELD: &str = "x-field";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule of the journey forbids the call; the code is part of the API.
    #[error("{0}")]
    Refused(Refusal),
    /// An invalid field, and what is wrong with it.
    #[error("{1}")]
    Field(&'static str, String),
    #[error("the system has no randomness")]
    Randomness,
    #[error("a stored record cannot be read")]
    Damaged,
    #[error("mail could not be sent")]
    Mail(#[source] mail::Error),
    #[error("the keys failed")]
    Keys(#[from] blob::Error),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// Refusals by their codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    NoProject,
    NoFlow,
    NoRegistration,
    NoValidation,
    NoEmailValidation,
    NoCollection,
    NoPerson,
    DocumentExists,
    ProjectName,
    EmailRegistered,
    PhoneRegistered,
    ValidationProject,
    ValidationFlow,
    CollectionNotSet,
    CollectionInUse,
    PersonAlreadySet,
    AttemptsExceeded,
    RegistrationOver,
    StepsMissing,
    SignUpFormNotPassed,
    ValidationOver,
    SecurityNotSet,
    WrongCode,
    CodeExpired,
    NoLink,
    LinkUsed,
    LinkExpired,
    LinkOfAnotherBrowser,
    EmailNotConfigured,
}

impl Refusal {
    const fn parts(self) -> (Code, &'static str) {
        match self {
            Self::NoProject => (Code::NotFound, "Project_not_found"),
            Self::NoFlow => (Code::NotFound, "ProjectFlow_not_found"),
            Self::NoRegistration => (Code::NotFound, "appRegistration_not_found"),
            Self::NoValidation => (Code::NotFound, "biometricValidation_not_found"),
            Self::NoEmailValidation => (Code::NotFound, "email_validation_not_found"),
            Self::NoCollection => (Code::NotFound, "collection_not_found"),
            Self::NoPerson => (Code::NotFound, "PERSON_NOT_FOUND"),
            Self::DocumentExists => (Code::AlreadyExists, "already_exists"),
            Self::ProjectName => (Code::AlreadyExists, "PROJECT_NAME_EXISTS"),
            Self::EmailRegistered => (Code::AlreadyExists, "email_is_registered_already"),
            Self::PhoneRegistered => (Code::AlreadyExists, "phone_is_registered_already"),
            Self::ValidationProject => (Code::NotFound, "Project_not_found_or_featured_disabled"),
            Self::ValidationFlow => (Code::InvalidArgument, "INVALID_PROJECT_FLOW"),
            Self::CollectionNotSet => (Code::FailedPrecondition, "collection_not_set"),
            Self::CollectionInUse => (Code::FailedPrecondition, "collection_is_not_empty"),
            Self::PersonAlreadySet => (Code::FailedPrecondition, "person_already_set"),
            Self::AttemptsExceeded => (Code::FailedPrecondition, "attempts_exceeded"),
            Self::RegistrationOver => (Code::FailedPrecondition, "appRegistration_has_ended"),
            Self::StepsMissing => (Code::FailedPrecondition, "mandatory_steps_not_passed"),
            Self::SignUpFormNotPassed => (Code::FailedPrecondition, "signUpForm_validation_not_passed"),
            Self::ValidationOver => (Code::FailedPrecondition, "biometricValidation_has_ended"),
            Self::SecurityNotSet => (Code::FailedPrecondition, "security_not_set"),
            Self::WrongCode => (Code::PermissionDenied, "otp_does_not_match"),
            Self::CodeExpired => (Code::FailedPrecondition, "emailValidation_has_expired"),
            Self::NoLink => (Code::NotFound, "link_not_found"),
            Self::LinkExpired => (Code::FailedPrecondition, "link_has_expired"),
            Self::LinkUsed => (Code::FailedPrecondition, "link_is_used"),
            Self::LinkOfAnotherBrowser => (Code::PermissionDenied, "link_of_another_browser"),
            Self::EmailNotConfigured => (Code::FailedPrecondition, "email_not_configured"),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.parts().1)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match &error {
            Error::Refused(refusal) => {
                let (code, word) = refusal.parts();
                with(Self::new(code, word), WORD, word)
            }
            Error::Field(name, why) => with(Self::invalid_argument(why.clone()), FIELD, name),
            Error::Randomness | Error::Damaged | Error::Keys(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "journeys failed");
                Self::internal("internal error")
            }
            // The cause names the server, not the recipient's address.
            Error::Mail(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "mail could not be sent");
                Self::unavailable("mail could not be sent")
            }
            Error::Database(cause) if db::is_unstorable(cause) => Self::invalid_argument(db::HOLDS_NUL),
            Error::Database(cause) if db::is_full(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "no room in the journeys database");
                StorageLimit::Full.status()
            }
            Error::Database(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "the journeys database failed");
                Self::unavailable("the journeys database does not answer")
            }
        }
    }
}

fn with(mut status: Status, key: &'static str, value: &'static str) -> Status {
    status.metadata_mut().insert(key, tonic::metadata::MetadataValue::from_static(value));
    status
}
