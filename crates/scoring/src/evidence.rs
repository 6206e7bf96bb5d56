//! Evidence: results of the services.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Condition, Decision, Mode, Verdict};

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
    /// Whether the recording was used before, in another session; evidence only if it was. Not a service of a video:
    /// every recording is looked up.
    MediaReplay,
    /// A reference picture compared with a video; not a service of a video, so it is judged alone
    /// ([`crate::Rules::for_reference`]).
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

    /// The services that API keys select, in the order of their tokens.
    pub const SELECTABLE: [Self; 5] = [
        Self::ActiveSpeaker,
        Self::FaceLiveness,
        Self::VisualSpeech,
        Self::VoiceRecognition,
        Self::FaceRecognition,
    ];

    /// The catalogue: the names of each service, and its input.
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

    /// Returns the name on the wire, in API keys and responses: "Face Recognition".
    pub const fn title(self) -> &'static str {
        self.entry().title
    }

    /// Returns the service an API key selects by `title`; [`Service::SpokenPhrase`] comes with
    /// [`Service::VisualSpeech`], [`Service::MediaAuthenticity`] with [`Service::FaceLiveness`], and
    /// [`Service::ReferenceMatch`] cannot be selected.
    pub fn from_title(title: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.title() == title)
    }

    /// Returns the service whose selection includes this one, itself for most.
    pub const fn selected_by(self) -> Self {
        match self {
            Self::SpokenPhrase => Self::VisualSpeech,
            Self::MediaAuthenticity => Self::FaceLiveness,
            other => other,
        }
    }

    /// Returns the name in rules and evidence: "face_recognition".
    pub const fn field(self) -> &'static str {
        self.entry().field
    }

    /// Returns the service of a [`Service::field`].
    pub fn from_field(field: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.field() == field)
    }

    /// Returns the part of a video that the service measures.
    pub const fn needs(self) -> Needs {
        self.entry().needs
    }

    /// Returns the subject of the service's decision, the first part of its reasons: "face_match" of `face_match_passed`.
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

/// The part of a video that a service measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Neither picture nor sound of a video.
    Nothing,
    /// Speech in the sound.
    Speech,
    /// The faces, tracked through the frames.
    Faces,
    /// The same with the mesh of the main face.
    FaceMesh,
}

/// The result of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Finding {
    /// `score`: 0..=1, higher is more genuine; 0.5 is the service's own threshold. A service with a yes or no gives 1
    /// or 0. Out of range is clamped; NaN counts as could not judge.
    Judged { score: f64 },
    /// The user has no template to compare with.
    NotEnrolled,
    /// `error`: the service's stable word, for example `no_face`.
    CouldNotJudge { error: String },
}

/// Steps of a recorded score, per unit. A decimal of six places is parsed back as the same number, one of seventeen
/// need not be: a replayed decision must use the same number.
const STEPS: f64 = 1e6;

impl Finding {
    /// Returns the finding rounded so that it survives serialization unchanged. Decisions use this value.
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

/// The reason word of a NaN score.
pub(crate) const NOT_A_NUMBER: &str = "score_not_a_number";

/// The basis of a decision, as recorded with it: enough to decide again, by the same rules or by others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    /// The services selected by the API key of the call; the built-in rules depend on them.
    pub selected: BTreeSet<Service>,
    pub found: Evidence,
    /// The deciding rules; `None`: the built-in ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesVersion>,
    /// Whether the server chose the phrase of a video; `None`: not a video, or recorded by an older version. Decides
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeUse>,
    /// The earlier use of the recording, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<EarlierUse>,
    /// The reasons that prevented a better verdict. For readers of the record: like `applied`, it is not used to
    /// decide again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided_by: Vec<String>,
    /// The rule of each service that decided or was reported.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub applied: BTreeMap<Service, AppliedRule>,
    /// The decision of the project's shadow rules on the same findings. Decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowDecision>,
}

/// The decision of rules that decide beside those in force, without effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShadowDecision {
    pub rules: RulesVersion,
    pub verdict: Verdict,
    pub score: f64,
    pub reasons: Vec<String>,
}

impl ShadowDecision {
    pub fn new<C>(rules: RulesVersion, decision: Decision<C>) -> Self {
        let Decision { verdict, score, reasons, .. } = decision;
        Self { rules, verdict, score, reasons }
    }
}

/// The rule of a service, on the scale of its finding.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppliedRule {
    pub mode: Mode,
    /// Lowest score that passes.
    pub pass: f64,
    /// Lowest score that refers.
    pub refer: f64,
}

impl Basis {
    /// Returns the same with the rules and reasons of a decision on it.
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

/// An earlier use of a recording, in another session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierUse {
    /// What both have in common: `bytes`, `sound`, `picture`.
    pub by: Vec<String>,
    /// The earlier call; `None`: one of another project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

/// The origin of the phrase of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChallengeUse {
    /// Chosen by the server for its session, and used up by it.
    #[serde(rename = "challenge_answered")]
    Answered,
    /// Chosen by the caller: a recording of it may be older than its session.
    #[serde(rename = "challenge_missing")]
    Missing,
}

/// One version of a rule set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RulesVersion {
    pub scores_id: String,
    pub version: u32,
}

/// One finding per service that ran; an absent service did not run.
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
