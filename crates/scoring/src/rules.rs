//! Scoring rules: data that a project writes.

mod built_in;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{DocumentRules, Service};

use built_in::replay_rule;

pub use built_in::{built_in_for, default_for};
pub use parse::Error;

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
}

impl Rules {
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
}
