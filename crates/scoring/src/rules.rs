//! Scoring rules: data that a project writes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{DocumentRules, Service, documents::DOCUMENT_CHECKS};

/// The version of the rules' schema; others are rejected.
pub const VERSION: u32 = 1;

/// Rules from findings to a decision. A service that is not named is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    pub version: u32,
    pub services: BTreeMap<Service, ServiceRule>,
    /// Rules for documents; absent in JSON: the defaults.
    #[serde(default)]
    pub documents: DocumentRules,
}

/// The rule of one service. In JSON all fields except `mode` are optional, with the defaults of [`ServiceRule::new`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceRule {
    pub mode: Mode,
    /// Lowest score that passes, 0..=1.
    #[serde(default = "default_pass")]
    pub pass: f64,
    /// Lowest score that needs human review, 0..=`pass`; below it fails.
    #[serde(default = "default_refer")]
    pub refer: f64,
    /// Share of the overall score, 0..=100, relative to the other services.
    #[serde(default = "default_weight")]
    pub weight: f64,
    #[serde(default)]
    pub not_enrolled: NotEnrolled,
    #[serde(default)]
    pub cannot_judge: CannotJudge,
    #[serde(default)]
    pub missing: Missing,
}

/// The effect of a service's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Decides.
    Required,
    /// Is reported and affects the score within the verdict's band.
    Advisory,
    /// Ignored.
    Off,
}

/// The result of a required comparison without a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotEnrolled {
    /// The other services decide: a first visit can pass.
    #[default]
    Neutral,
    Refer,
    Fail,
}

/// The result of a required service that could not judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CannotJudge {
    /// The default: refers, but fails when the recording has nothing to judge (see [`NOTHING_TO_JUDGE`]), because a
    /// new recording is cheaper than human review.
    #[default]
    ByReason,
    Refer,
    Fail,
}

/// Errors of services without anything to judge: no face, no sound.
pub const NOTHING_TO_JUDGE: [&str; 2] = ["no_face", "no_sound"];

/// The result of a required service that did not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The default: a service that was removed (no consent) does not speak against the user.
    #[default]
    Refer,
    Fail,
    /// The other services decide, and no condition is listed.
    Neutral,
}

const fn default_pass() -> f64 {
    0.5
}

const fn default_refer() -> f64 {
    0.4
}

const fn default_weight() -> f64 {
    1.0
}

/// Why rules are rejected. The texts are safe to show to their author.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `path` is the place in the JSON, `.` for the whole.
    #[error("scoring rules are not valid JSON of the schema at {path}: {cause}")]
    Json { path: String, cause: serde_json::Error },
    #[error("scoring rules of version {0} are not known, this server reads version {VERSION}")]
    Version(u32),
    #[error("{path} must be a number from {low} to {high}")]
    Range { path: String, low: f64, high: f64 },
    #[error("{0}.refer must not be above pass")]
    Order(String),
    #[error("services: at least one must be required, or nothing could ever pass")]
    NothingRequired,
    #[error("documents.checks.{0}: unknown check; the checks are {names}", names = DOCUMENT_CHECKS.join(", "))]
    UnknownCheck(String),
    #[error(
        "documents.checks.{0} must be required or gating: wrong check digits and expired documents never pass"
    )]
    Floor(String),
    #[error("documents.countries must be three capital letters each, as SWE")]
    Country,
}

impl Error {
    /// Returns the place of the error in the JSON, like `services.face_recognition.pass`; `.` for the whole.
    pub fn path(&self) -> String {
        match self {
            Self::Json { path, .. } | Self::Range { path, .. } => path.clone(),
            Self::Version(_) => "version".into(),
            Self::Order(service) => format!("{service}.refer"),
            Self::NothingRequired => "services".into(),
            Self::UnknownCheck(name) | Self::Floor(name) => format!("documents.checks.{name}"),
            Self::Country => "documents.countries".into(),
        }
    }
}

impl ServiceRule {
    /// Builds the default rule: passes at 0.5 (the service's own threshold), refers from 0.4, weight 1; not enrolled
    /// is neutral, not judged refers except for [`NOTHING_TO_JUDGE`], not run refers.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            pass: default_pass(),
            refer: default_refer(),
            weight: default_weight(),
            not_enrolled: NotEnrolled::default(),
            cannot_judge: CannotJudge::default(),
            missing: Missing::default(),
        }
    }

    fn validate(&self, service: Service) -> Result<(), Error> {
        let service = format!("services.{}", service.field());
        for (field, value, high) in
            [("pass", self.pass, 1.0), ("refer", self.refer, 1.0), ("weight", self.weight, 100.0)]
        {
            // A range never contains NaN.
            if !(0.0..=high).contains(&value) {
                return Err(Error::Range { path: format!("{service}.{field}"), low: 0.0, high });
            }
        }
        if self.refer > self.pass { Err(Error::Order(service)) } else { Ok(()) }
    }
}

/// The rules as serialized. Service names are text at first, so that an error can name the service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u32,
    services: BTreeMap<String, ServiceRule>,
    #[serde(default)]
    documents: DocumentRules,
}

fn named(name: &str) -> Result<Service, Error> {
    Service::ALL.into_iter().find(|service| service.field() == name).ok_or_else(|| {
        let known = Service::ALL.map(Service::field).join(", ");
        let cause = serde::de::Error::custom(format_args!("unknown service; the services are {known}"));
        Error::Json { path: format!("services.{name}"), cause }
    })
}

impl Rules {
    /// Parses rules from JSON.
    ///
    /// # Errors
    /// When the text is not JSON of the [`crate::schema`], or its numbers are inconsistent; the error says which and
    /// where.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let mut json = serde_json::Deserializer::from_str(json);
        let form: Form = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            Error::Json { path, cause: error.into_inner() }
        })?;
        json.end().map_err(|cause| Error::Json { path: ".".into(), cause })?;
        let services = form.services.into_iter().map(|(name, rule)| Ok((named(&name)?, rule)));
        let services = services.collect::<Result<_, Error>>()?;
        let rules = Self { version: form.version, services, documents: form.documents };
        rules.validate()?;
        Ok(rules)
    }

    /// Returns the rules for reference pictures; rules that do not name them require a match, and fail when either
    /// side cannot be judged.
    #[must_use]
    pub fn for_reference(&self) -> Self {
        let replay = self.services.get(&Service::MediaReplay).cloned().unwrap_or_else(replay_rule);
        let named = self.services.get(&Service::ReferenceMatch).cloned();
        let default = || ServiceRule { cannot_judge: CannotJudge::Fail, ..ServiceRule::new(Mode::Required) };
        let rule = named.unwrap_or_else(default);
        let services = [(Service::ReferenceMatch, rule), (Service::MediaReplay, replay)];
        Self { services: services.into(), ..self.clone() }
    }

    /// Returns the rules for a reference picture against a session's last video: besides the match, the video must
    /// have been judged live. Otherwise the verdict is at most a refer, but does not fail for this alone.
    #[must_use]
    pub fn for_prefilled_reference(&self) -> Self {
        let pass = self.services.get(&Service::FaceLiveness).map_or_else(default_pass, |rule| rule.pass);
        let liveness = ServiceRule {
            pass,
            refer: 0.0,
            weight: 0.0,
            not_enrolled: NotEnrolled::Refer,
            cannot_judge: CannotJudge::Refer,
            missing: Missing::Refer,
            ..ServiceRule::new(Mode::Required)
        };
        let mut rules = self.for_reference();
        rules.services.insert(Service::FaceLiveness, liveness);
        rules
    }

    /// Returns the default rules for reference pictures.
    #[must_use]
    pub fn default_for_reference() -> Self {
        Self::empty().for_reference()
    }

    /// Returns rules that name no service. They decide nothing; see [`Rules::for_reference`].
    #[must_use]
    pub fn empty() -> Self {
        Self { version: VERSION, services: BTreeMap::new(), documents: DocumentRules::default() }
    }

    /// Returns the rules for videos. Rules that do not name replays fail them.
    #[must_use]
    pub fn for_video(mut self) -> Self {
        self.services.remove(&Service::ReferenceMatch);
        self.services.entry(Service::MediaReplay).or_insert_with(replay_rule);
        self
    }

    /// Adds this rule for replays if there is none.
    #[must_use]
    pub fn with_replays(mut self, rule: ServiceRule) -> Self {
        self.services.entry(Service::MediaReplay).or_insert(rule);
        self
    }

    /// Validates what the schema cannot express: version, ranges, order of the thresholds, a required service.
    ///
    /// # Errors
    /// The first error.
    pub fn validate(&self) -> Result<(), Error> {
        if self.version != VERSION {
            return Err(Error::Version(self.version));
        }
        self.services.iter().try_for_each(|(service, rule)| rule.validate(*service))?;
        self.documents.validate()?;
        let speaks = |service: &Service| *service != Service::MediaReplay;
        let required = self.services.iter().any(|(s, rule)| speaks(s) && rule.mode == Mode::Required);
        if required { Ok(()) } else { Err(Error::NothingRequired) }
    }
}

/// Lowest score of the active speaker that refers in the built-in rules: most genuine people whose recording is too
/// poor to pass score above it, and most wrong sounds below (docs/ACCURACY.md).
const SPEAKER_REFER: f64 = 0.1;

/// Returns the rules of a key when neither it nor its project has any: selected services are required, lip reading is
/// advisory (the spoken phrase decides), the rest is off. Selecting lip reading includes the spoken phrase, and
/// liveness includes media authenticity, which is advisory.
pub fn default_for(selected: &BTreeSet<Service>) -> Rules {
    let rule = |service: Service| match service {
        Service::MediaReplay => replay_rule(),
        _ if !selected.contains(&service.selected_by()) => ServiceRule::new(Mode::Off),
        Service::VisualSpeech => ServiceRule::new(Mode::Advisory),
        Service::MediaAuthenticity => authenticity_rule(),
        Service::ActiveSpeaker => ServiceRule { refer: SPEAKER_REFER, ..ServiceRule::new(Mode::Required) },
        _ => ServiceRule::new(Mode::Required),
    };
    let services = Service::ALL.into_iter().map(|service| (service, rule(service))).collect();
    Rules { version: VERSION, services, documents: DocumentRules::default() }
}

/// Returns the built-in rules for a project to copy: those of [`default_for`], and the rule of reference pictures,
/// which have their own call. A copy decides like the built-in rules.
pub fn built_in_for(selected: &BTreeSet<Service>) -> Rules {
    let mut rules = default_for(selected);
    let reference = Rules::default_for_reference().services.remove(&Service::ReferenceMatch);
    rules.services.extend(reference.map(|rule| (Service::ReferenceMatch, rule)));
    rules
}

/// A replayed recording fails; a new one changes nothing.
fn replay_rule() -> ServiceRule {
    ServiceRule { missing: Missing::Neutral, weight: 0.0, ..ServiceRule::new(Mode::Required) }
}

impl ServiceRule {
    /// Returns the rule for replays of a project's setting: `fail`, `refer`, `report` or `off`. Any other word is
    /// `fail`.
    pub fn of_replays(word: &str) -> Self {
        match word {
            "refer" => Self { refer: 0.0, ..replay_rule() },
            "report" => Self { mode: Mode::Advisory, ..replay_rule() },
            "off" => Self { mode: Mode::Off, ..replay_rule() },
            _ => replay_rule(),
        }
    }
}

/// Advisory until more is measured. With each source left out (training/authenticity) 1 of 36 clips of real people
/// and 3 of 50 of GRID are rejected; 0 of 11 lip-synced fakes and 11 of 15 others pass. Not listed when it did not
/// run.
fn authenticity_rule() -> ServiceRule {
    ServiceRule { missing: Missing::Neutral, ..ServiceRule::new(Mode::Advisory) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, Finding, Verdict, decide};

    #[test]
    fn a_copy_of_the_built_in_rules_decides_as_they_do() {
        let selected = BTreeSet::from([Service::FaceRecognition, Service::FaceLiveness]);
        let copy = serde_json::to_string(&built_in_for(&selected)).unwrap();
        let copy = Rules::parse(&copy).unwrap();
        assert_eq!(
            copy.for_reference(),
            Rules { documents: copy.documents.clone(), ..Rules::default_for_reference() }
        );
        let mut of_videos = default_for(&selected);
        of_videos.services.remove(&Service::ReferenceMatch);
        assert_eq!(copy.for_video(), of_videos);
    }

    #[test]
    fn a_threshold_for_reference_pictures_counts_for_them_alone() {
        let rules = r#"{"version":1,"services":{"face_liveness":{"mode":"required"},"reference_match":{"mode":"required","pass":0.9,"refer":0.6}}}"#;
        let rules = Rules::parse(rules).unwrap();
        let verdict = |rules: &Rules, service, score| {
            decide(rules, &Evidence::from([(service, Finding::Judged { score })])).verdict
        };
        let (reference, video) = (rules.for_reference(), rules.clone().for_video());
        assert_eq!(verdict(&reference, Service::ReferenceMatch, 0.95), Verdict::Pass);
        assert_eq!(verdict(&reference, Service::ReferenceMatch, 0.8), Verdict::Refer);
        assert_eq!(verdict(&reference, Service::ReferenceMatch, 0.5), Verdict::Fail);
        assert_eq!(
            verdict(&video, Service::FaceLiveness, 0.8),
            Verdict::Pass,
            "no reference is missing there"
        );
        assert_eq!(decide(&reference, &Evidence::new()).verdict, Verdict::Refer, "nobody was compared");
        assert_eq!(decide(&reference, &Evidence::new()).reasons, ["reference_match_missing"]);
    }

    #[test]
    fn a_match_with_a_video_that_was_not_judged_live_is_at_most_referred() {
        let rules = Rules::default_for_reference().for_prefilled_reference();
        let verdict = |score, liveness: Option<Finding>| {
            let mut evidence = Evidence::from([(Service::ReferenceMatch, Finding::Judged { score })]);
            evidence.extend(liveness.map(|finding| (Service::FaceLiveness, finding)));
            decide(&rules, &evidence).verdict
        };
        let judged = |score| Some(Finding::Judged { score });
        assert_eq!(verdict(0.9, judged(0.7)), Verdict::Pass);
        assert_eq!(verdict(0.9, judged(0.01)), Verdict::Refer);
        assert_eq!(verdict(0.9, Some(Finding::CouldNotJudge { error: "no_face".into() })), Verdict::Refer);
        assert_eq!(verdict(0.9, None), Verdict::Refer, "liveness never ran");
        assert_eq!(verdict(0.1, judged(0.01)), Verdict::Fail, "another person stays another person");
        let stricter = r#"{"version":1,"services":{"face_liveness":{"mode":"required","pass":0.9}}}"#;
        let stricter = Rules::parse(stricter).unwrap().for_prefilled_reference();
        let evidence = [(Service::ReferenceMatch, 0.9), (Service::FaceLiveness, 0.8)];
        let evidence = evidence.map(|(service, score)| (service, Finding::Judged { score }));
        assert_eq!(decide(&stricter, &Evidence::from(evidence)).verdict, Verdict::Refer);
    }

    fn refused(json: &str) -> String {
        Rules::parse(json).unwrap_err().to_string()
    }

    fn face(rule: &str) -> String {
        format!(r#"{{"version":1,"services":{{"face_recognition":{{"mode":"required"{rule}}}}}}}"#)
    }

    #[test]
    fn the_shortest_rules_have_the_defaults() {
        let rules = Rules::parse(&face("")).unwrap();
        assert_eq!(rules.services[&Service::FaceRecognition], ServiceRule::new(Mode::Required));
    }

    #[test]
    fn errors_name_their_place() {
        assert_eq!(
            refused(&face(r#","pass":1.5"#)),
            "services.face_recognition.pass must be a number from 0 to 1"
        );
        assert_eq!(
            refused(&face(r#","weight":-1"#)),
            "services.face_recognition.weight must be a number from 0 to 100"
        );
        assert_eq!(
            refused(&face(r#","refer":0.6"#)),
            "services.face_recognition.refer must not be above pass"
        );
        assert_eq!(
            refused(r#"{"version":2,"services":{}}"#),
            "scoring rules of version 2 are not known, this server reads version 1"
        );
        assert!(
            refused(r#"{"version":1,"services":{}}"#).starts_with("services: at least one must be required")
        );
        assert!(refused(&face(r#","threshold":1"#)).contains("unknown field `threshold`"));
        assert!(
            refused(r#"{"version":1,"services":{"retina":{"mode":"off"}}}"#)
                .contains("at services.retina: unknown service; the services are face_recognition,")
        );
        assert!(
            refused(&face(r#","pass":"high""#)).contains("at services.face_recognition.pass: invalid type")
        );
        let path = |json: &str| Rules::parse(json).unwrap_err().path();
        assert_eq!(path(&face(r#","refer":0.6"#)), "services.face_recognition.refer");
        assert_eq!(path(&face(r#","missing":"pass""#)), "services.face_recognition.missing");
        assert_eq!(path(r#"{"version":1,"services":{}} x"#), ".");
        assert!(refused("pass everybody").contains("not valid JSON"));
    }

    #[test]
    fn a_replayed_recording_fails_unless_the_rules_allow_it() {
        let live = (Service::FaceLiveness, Finding::Judged { score: 0.99 });
        let replayed = (Service::MediaReplay, Finding::Judged { score: 0.0 });
        let fresh = Evidence::from([live.clone()]);
        let used = Evidence::from([live, replayed]);
        let written = r#"{"version":1,"services":{"face_liveness":{"mode":"required"}}}"#;
        let written = Rules::parse(written).unwrap();
        for rules in [default_for(&[Service::FaceLiveness].into()), written.clone().for_video()] {
            assert_eq!(decide(&rules, &fresh).verdict, Verdict::Pass);
            assert_eq!(decide(&rules, &fresh).reasons.len(), decide(&rules, &used).reasons.len() - 1);
            let decided = decide(&rules, &used);
            assert_eq!(decided.verdict, Verdict::Fail);
            assert!(decided.reasons.contains(&"media_replayed".to_owned()), "{:?}", decided.reasons);
        }
        let by = |word| {
            let rules = written.clone().with_replays(ServiceRule::of_replays(word)).for_video();
            let decided = decide(&rules, &used);
            (decided.verdict, decided.reasons.contains(&"media_replayed".to_owned()))
        };
        assert_eq!(by("refer"), (Verdict::Refer, true));
        assert_eq!(by("report"), (Verdict::Pass, true));
        assert_eq!(by("off"), (Verdict::Pass, false));
        let only = r#"{"version":1,"services":{"media_replay":{"mode":"required"}}}"#;
        assert!(matches!(Rules::parse(only), Err(Error::NothingRequired)), "nothing could ever pass");
        let reference = (Service::ReferenceMatch, Finding::Judged { score: 0.9 });
        let compared = Evidence::from([reference, (Service::MediaReplay, Finding::Judged { score: 0.0 })]);
        assert_eq!(decide(&Rules::default_for_reference(), &compared).verdict, Verdict::Fail);
    }

    #[test]
    fn the_defaults_follow_what_a_key_selects() {
        let rules = default_for(&[Service::FaceLiveness, Service::VisualSpeech].into());
        let mode = |service| rules.services[&service].mode;
        assert_eq!(mode(Service::FaceLiveness), Mode::Required);
        assert_eq!(mode(Service::VisualSpeech), Mode::Advisory);
        assert_eq!(mode(Service::SpokenPhrase), Mode::Required);
        assert_eq!(mode(Service::MediaAuthenticity), Mode::Advisory, "comes with liveness");
        assert_eq!(mode(Service::FaceRecognition), Mode::Off);
        let without = default_for(&[Service::VisualSpeech].into());
        assert_eq!(without.services[&Service::MediaAuthenticity].mode, Mode::Off);
        rules.validate().unwrap();
    }
}
