//! Evidence: results of the services.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Condition, Decision, Mode};

/// A source of evidence. Declaration order is the order of conditions and reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    FaceRecognition,
    VoiceRecognition,
    FaceLiveness,
    ActiveSpeaker,
    /// The phrase as read from the lips.
    VisualSpeech,
    /// The phrase as heard; further evidence of "Visual Speech Recognition".
    SpokenPhrase,
    /// Whether the video was filmed rather than generated; further evidence of "Face Liveness Detection".
    MediaAuthenticity,
    /// Whether the recording was used before, in another session; evidence only where it was. No service of a video: every
    /// recording is looked up.
    MediaReplay,
    /// A reference picture against a video; no service of a video, so it is judged alone ([`crate::Rules::for_reference`]).
    ReferenceMatch,
}

impl Service {
    pub const ALL: [Self; 9] = [
        Self::FaceRecognition,
        Self::VoiceRecognition,
        Self::FaceLiveness,
        Self::ActiveSpeaker,
        Self::VisualSpeech,
        Self::SpokenPhrase,
        Self::MediaAuthenticity,
        Self::MediaReplay,
        Self::ReferenceMatch,
    ];

    /// The services that API keys select, in the order in which their tokens name them.
    pub const SELECTABLE: [Self; 5] = [
        Self::ActiveSpeaker,
        Self::FaceLiveness,
        Self::VisualSpeech,
        Self::VoiceRecognition,
        Self::FaceRecognition,
    ];

    /// The catalogue: what each service is called where, and what it is measured on.
    const fn entry(self) -> Entry {
        use Needs::{FaceMesh, Faces, Nothing, Speech};
        let (title, field, subject, needs) = match self {
            Self::FaceRecognition => ("Face Recognition", "face_recognition", "face_match", Faces),
            Self::VoiceRecognition => ("Voice Recognition", "voice_recognition", "voice_match", Speech),
            Self::FaceLiveness => ("Face Liveness Detection", "face_liveness", "liveness", FaceMesh),
            Self::ActiveSpeaker => ("Active Speaker Detection", "active_speaker", "active_speaker", FaceMesh),
            Self::VisualSpeech => ("Visual Speech Recognition", "visual_speech", "lip_reading", FaceMesh),
            Self::SpokenPhrase => ("Visual Speech Recognition", "spoken_phrase", "spoken_phrase", Speech),
            Self::MediaAuthenticity => {
                ("Face Liveness Detection", "media_authenticity", "media_authenticity", FaceMesh)
            }
            Self::MediaReplay => ("Face Liveness Detection", "media_replay", "media_replay", Nothing),
            Self::ReferenceMatch => ("Face Recognition", "reference_match", "reference_match", Nothing),
        };
        Entry { title, field, subject, needs }
    }

    /// The name on the wire, in API keys and answers: "Face Recognition".
    pub const fn title(self) -> &'static str {
        self.entry().title
    }

    /// The service an API key selects by `title`; [`Service::SpokenPhrase`] comes with [`Service::VisualSpeech`],
    /// [`Service::MediaAuthenticity`] with [`Service::FaceLiveness`], and [`Service::ReferenceMatch`] is selected by none.
    pub fn from_title(title: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.title() == title)
    }

    /// The service whose selection brings this one, itself for most.
    pub const fn selected_by(self) -> Self {
        match self {
            Self::SpokenPhrase => Self::VisualSpeech,
            Self::MediaAuthenticity => Self::FaceLiveness,
            other => other,
        }
    }

    /// The name in rules and evidence: "face_recognition".
    pub const fn field(self) -> &'static str {
        self.entry().field
    }

    /// The service of a [`Service::field`].
    pub fn from_field(field: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.field() == field)
    }

    /// What of a video the service is measured on.
    pub const fn needs(self) -> Needs {
        self.entry().needs
    }

    /// What the service decides about, the first part of its reasons: "face_match" of `face_match_passed`.
    pub const fn subject(self) -> &'static str {
        self.entry().subject
    }
}

struct Entry {
    title: &'static str,
    field: &'static str,
    subject: &'static str,
    needs: Needs,
}

/// What of a video a service is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// It is no service of a video's picture or sound.
    Nothing,
    /// Where somebody speaks in the sound.
    Speech,
    /// The faces, followed through the frames.
    Faces,
    /// The same with the points of the main face.
    FaceMesh,
}

/// How a service ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Finding {
    /// `score`: 0..=1, higher is more genuine; 0.5 is where the service itself would say yes. A service that only
    /// says yes or no gives 1 or 0. Out of range is clamped; not a number counts as could not judge.
    Judged { score: f64 },
    /// The user has no template to compare with.
    NotEnrolled,
    /// `error`: the service's stable word, for example `no_face`.
    CouldNotJudge { error: String },
}

/// Steps of a recorded score, per unit. A decimal of six places is read back as the very same number, which one of
/// seventeen need not be: a replay must not judge another number than the decision did.
const STEPS: f64 = 1e6;

impl Finding {
    /// The finding as it can be written down and read back without a change. Decide by this one.
    #[must_use]
    pub fn recordable(self) -> Self {
        match self {
            Self::Judged { score } if score.is_finite() => {
                Self::Judged { score: (score.clamp(0.0, 1.0) * STEPS).round() / STEPS }
            }
            Self::Judged { .. } => Self::CouldNotJudge { error: NOT_A_NUMBER.into() },
            other => other,
        }
    }
}

/// The word for a score that is none.
pub(crate) const NOT_A_NUMBER: &str = "score_not_a_number";

/// What a decision rested on, as it is recorded beside it: enough to decide again, by the same rules or by others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    /// The services the key of the call selected; the built-in rules follow them.
    pub selected: BTreeSet<Service>,
    pub found: Evidence,
    /// The rules that decided; none: the built-in ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesVersion>,
    /// Whether the phrase of a video was one that the server chose; none: not a video, or recorded by an older version. It
    /// decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeUse>,
    /// The earlier use of the recording; none: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<EarlierUse>,
    /// The reasons that kept the verdict from being a better one, as the decision had them. For people who read the record:
    /// deciding again does not look at it, nor at `applied`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided_by: Vec<String>,
    /// What was asked of each service that had a say or was reported.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub applied: BTreeMap<Service, AppliedRule>,
}

/// What the rules asked of a service, on the scale of its finding.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppliedRule {
    pub mode: Mode,
    /// Lowest score that passes.
    pub pass: f64,
    /// Lowest score that refers.
    pub refer: f64,
}

impl Basis {
    /// The same with what a decision on it asked and rested on.
    #[must_use]
    pub fn decided(self, decision: &Decision) -> Self {
        let applied = |c: &Condition| (c.service, AppliedRule { mode: c.mode, pass: c.pass, refer: c.refer });
        Self {
            decided_by: decision.decided_by(),
            applied: decision.conditions.iter().map(applied).collect(),
            ..self
        }
    }
}

/// A recording that was used before, in another session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierUse {
    /// What the two have in common: `bytes`, `sound`, `picture`.
    pub by: Vec<String>,
    /// The earlier call; none: it was one of another project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

/// Whose phrase a video said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChallengeUse {
    /// One that the server chose for its session, used up by it.
    #[serde(rename = "challenge_answered")]
    Answered,
    /// One that the caller chose: a recording of it may be older than its session.
    #[serde(rename = "challenge_missing")]
    Missing,
}

/// One version of a rule set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RulesVersion {
    pub scores_id: String,
    pub version: u32,
}

/// One finding for each service that ran; a service that is absent did not run.
pub type Evidence = BTreeMap<Service, Finding>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_of_a_key_finds_its_service() {
        assert_eq!(Service::from_title("Face Liveness Detection"), Some(Service::FaceLiveness));
        assert_eq!(Service::from_title("Visual Speech Recognition"), Some(Service::VisualSpeech));
        assert_eq!(Service::from_title("face liveness"), None);
    }

    #[test]
    fn a_field_is_named_as_it_is_written() {
        for service in Service::ALL {
            assert_eq!(serde_json::to_value(service).unwrap(), service.field());
        }
    }
}
