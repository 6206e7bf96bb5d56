//! The result of a service, or the reason why it could not judge.

use face::Presence;

use crate::reasons;

/// The result of a service, or why there is none; the other services still have results.
pub type Judged<T> = Result<T, Unjudged>;

/// The cause of a missing result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The media are not good enough.
    CannotJudge,
    /// The picture or recording is not good enough, or may not be enrolled.
    Refused,
    /// The service itself failed.
    Failed,
}

/// Why a service could not judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    pub cause: Cause,
    /// A stable snake_case word.
    pub error: &'static str,
    /// A sentence for people.
    pub description: String,
}

impl Unjudged {
    pub fn because(error: &'static str, description: impl Into<String>) -> Self {
        Self::new(Cause::CannotJudge, error, description)
    }

    /// Builds the reason of a picture or recording that is not compared or enrolled.
    pub fn refused(error: &'static str, description: impl Into<String>) -> Self {
        Self::new(Cause::Refused, error, description)
    }

    /// Adds the remedy of the table, if the description has none.
    fn new(cause: Cause, error: &'static str, description: impl Into<String>) -> Self {
        Self { cause, error, description: reasons::described(error, description.into()) }
    }

    /// Returns the reported one of several reasons.
    pub fn first(several: impl IntoIterator<Item = Self>) -> Option<Self> {
        several.into_iter().min_by_key(|why| reasons::rank(why.error))
    }

    /// Logs the cause, which clients do not see.
    fn failed(service: &'static str, cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(service, error = cause, "a service failed; the others have results");
        let description = "the service failed".into();
        Self { cause: Cause::Failed, error: "internal_error", description }
    }

    /// Returns why the face services cannot judge a video with faces like this, if so.
    pub fn of(presence: Presence) -> Option<Self> {
        match presence {
            Presence::OneFace => None,
            Presence::NoFace => Some(Self::no_face()),
            Presence::ManyFaces => Some(Self::because("more_than_one_face", "more than one face is seen")),
            Presence::TooSmall => Some(Self::because("face_too_small", "the face is too small; come closer")),
            Presence::Turned => Some(Self::picture_turned()),
            Presence::NotCentred => Some(Self::because("face_not_centred", "the face is not centred")),
        }
    }

    pub fn no_face() -> Self {
        Self::because("no_face", "no face is seen")
    }

    pub fn picture_turned() -> Self {
        Self::because(
            "picture_turned",
            "the picture lies on its side or upside down; hold the camera upright",
        )
    }

    /// Returns the reason of a service that did not run.
    pub fn not_asked() -> Self {
        Self::because("not_asked", "the service did not run")
    }

    pub fn no_sound() -> Self {
        Self::because("no_sound", "the video has no sound")
    }
}

impl From<face::Error> for Unjudged {
    fn from(error: face::Error) -> Self {
        Self::failed("face", &error)
    }
}

impl From<face::Doubt> for Unjudged {
    fn from(doubt: face::Doubt) -> Self {
        Self::because(doubt.code(), doubt.description())
    }
}

impl From<voice::Error> for Unjudged {
    fn from(error: voice::Error) -> Self {
        match error {
            voice::Error::CannotJudge(reason) => Self::because(reason.code(), reason.to_string()),
            other => Self::failed("voice", &other),
        }
    }
}

impl From<lips::Reason> for Unjudged {
    fn from(reason: lips::Reason) -> Self {
        Self::because(reason.code(), reason.to_string())
    }
}

impl From<lips::Error> for Unjudged {
    fn from(error: lips::Error) -> Self {
        match error {
            lips::Error::CannotJudge(reason) => reason.into(),
            other => Self::failed("lips", &other),
        }
    }
}
