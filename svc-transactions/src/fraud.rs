//! The fraud rules: compare a transaction with the others of its user and its session.
//!
//! [`rules`] are pure functions over [`Observation`]s; `worker.rs` runs them a moment after a transaction was recorded.
//! Each transaction is looked at once, and what is found belongs to it: a transaction that was recorded late is also
//! compared with those that began after it and have been looked at already, and a pair is reported once. What is blamed is the
//! attacker's call: one in which the user was recognised is not compared with calls that showed somebody else.

pub(crate) mod device;
mod graph;
mod observation;
pub mod rules;
mod service;
mod summary;
mod worker;

use serde_json::Value;

pub use observation::Observation;
pub use service::Page;
pub use worker::start;

/// A rule, under the name it has everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    ImpossibleTravel,
    DeviceSwitch,
    Emulator,
    SessionCountryChange,
    Velocity,
    NewDeviceAndCountry,
    RepeatedAnotherPerson,
    /// A face that another user enrolled, under a name that enrolled none.
    KnownFaceNewName,
    /// A face that another user enrolled, under the name of a user who enrolled another.
    AnotherUsersFace,
    Blocklisted,
}

impl Rule {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ImpossibleTravel => "impossible_travel",
            Self::DeviceSwitch => "device_switch",
            Self::Emulator => "emulator",
            Self::SessionCountryChange => "session_country_change",
            Self::Velocity => "velocity",
            Self::NewDeviceAndCountry => "new_device_and_country",
            Self::RepeatedAnotherPerson => "repeated_another_person",
            Self::KnownFaceNewName => "known_face_new_name",
            Self::AnotherUsersFace => "another_users_face",
            Self::Blocklisted => "blocklisted",
        }
    }
}

/// A rule that found something, and what it rests on (a JSON object).
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub rule: Rule,
    pub evidence: Value,
}

/// What a user was seen with before a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Whether any device was known, and whether this one was.
    pub device: Seen,
    pub country: Seen,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// Nothing of the kind: there is nothing to compare with.
    #[default]
    Nothing,
    Others,
    This,
}

/// A transaction among its neighbours, each list in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    pub now: Observation,
    /// The user's before and after it.
    pub before: Vec<Observation>,
    pub after: Vec<Observation>,
    /// The session's before and after it.
    pub session_before: Vec<Observation>,
    pub session_after: Vec<Observation>,
    pub history: History,
    /// The block lists it is on, by their kinds.
    pub blocked: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Rule::{
        AnotherUsersFace, Blocklisted, DeviceSwitch, Emulator, ImpossibleTravel, KnownFaceNewName,
        NewDeviceAndCountry, RepeatedAnotherPerson, SessionCountryChange, Velocity,
    };

    #[test]
    fn the_catalogue_explains_every_rule_and_no_other() {
        let rules = [
            ImpossibleTravel,
            DeviceSwitch,
            Emulator,
            SessionCountryChange,
            Velocity,
            NewDeviceAndCountry,
            RepeatedAnotherPerson,
            KnownFaceNewName,
            AnotherUsersFace,
            Blocklisted,
        ];
        let explained: BTreeSet<&str> = scoring::catalogue::codes("fraud").collect();
        assert_eq!(explained, rules.map(super::Rule::as_str).into());
    }
}
