//! The closed sets of this service, as stored in tables and as sent on the wire.

use proto::journeys as wire;
use serde::{Deserialize, Serialize};

/// A closed set of values.
pub trait ClosedSet: Copy {
    type Wire;

    fn as_str(self) -> &'static str;

    fn parse(text: &str) -> Option<Self>;

    /// Returns `None` for an unspecified value, or one of a newer version.
    fn of_wire(value: Self::Wire) -> Option<Self>;

    fn wire(self) -> Self::Wire;
}

macro_rules! closed_set {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $(#[serde(rename = $text)] $variant),*
        }

        impl ClosedSet for $name {
            type Wire = wire::$name;

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),*
                }
            }

            fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }

            fn of_wire(value: wire::$name) -> Option<Self> {
                match value {
                    $(wire::$name::$variant => Some(Self::$variant),)*
                    wire::$name::Unspecified => None,
                }
            }

            fn wire(self) -> wire::$name {
                match self {
                    $(Self::$variant => wire::$name::$variant),*
                }
            }
        }
    };
}

closed_set! {
    /// The page or call that a link opens.
    LinkPurpose {
        VerificationPage = "verification_page",
        LivenessPage = "liveness_page",
    }
}

closed_set! {
    FlowType { Onboarding = "onboarding", Login = "login" }
}
closed_set! {
    FlowStatus { Draft = "draft", Active = "active", Paused = "paused" }
}
closed_set! {
    SearchMode { Fast = "FAST", Accurate = "ACCURATE" }
}
closed_set! {
    /// A step of a registration.
    Step {
        Instructions = "instructions",
        SignUpForm = "signUpForm",
        BasicInformation = "basicInformation",
        Document = "document",
        Liveness = "liveness",
        Form = "form",
        SkipKyc = "skipKYC",
        End = "end",
    }
}
closed_set! {
    Requirement { Mandatory = "mandatory", Optional = "optional", Skip = "skip" }
}
closed_set! {
    RegistrationStatus {
        Started = "STARTED",
        Ongoing = "ONGOING",
        Completed = "COMPLETED",
        CompletedWithoutKyc = "COMPLETED_WITHOUT_KYC",
        Failed = "FAILED",
        NeedsManualVerification = "NEEDS_MANUAL_VERIFICATION",
        Expired = "EXPIRED",
    }
}
closed_set! {
    ValidationType {
        Validation = "validation",
        Login = "login",
        Onboarding = "onboarding",
        OneTimeLink = "oneTimeLink",
    }
}
closed_set! {
    ValidationStatus {
        New = "new",
        Pending = "pending",
        Completed = "completed",
        Failed = "failed",
        Expired = "expired",
    }
}
closed_set! {
    DocumentStatus { Assessing = "ASSESSING", Validated = "VALIDATED", Failed = "FAILED" }
}
closed_set! {
    EmailValidationStatus { Sent = "sent", Validated = "validated" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_as_it_is_written() {
        for status in [RegistrationStatus::Started, RegistrationStatus::CompletedWithoutKyc] {
            assert_eq!(RegistrationStatus::parse(status.as_str()), Some(status));
            assert_eq!(RegistrationStatus::of_wire(status.wire()), Some(status));
        }
        assert_eq!(Step::parse("skipKyc"), None);
        assert_eq!(Step::of_wire(wire::Step::Unspecified), None);
    }
}
