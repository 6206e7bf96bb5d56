//! The fraud rules: compare a transaction with the others of its user and its session.
//!
//! [`rules`] are pure functions over [`Observation`]s; `worker.rs` runs them shortly after a transaction is recorded.
//! Each transaction is evaluated once, and hits belong to it: a transaction recorded late is also compared with later
//! ones that were evaluated already, and a pair is reported once. Only the attacker's call is flagged: a call in
//! which the user was recognised is not compared with calls that showed another person.

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
pub use worker::start_worker;

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
    /// A face enrolled by another user, under a name without enrollments.
    KnownFaceNewName,
    /// A face enrolled by another user, under the name of a user with another face.
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

/// A rule that hit, with its evidence (a JSON object).
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub rule: Rule,
    pub evidence: Value,
}

/// The user's devices and countries before a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Whether any device was known, and whether this one was.
    pub device: Seen,
    pub country: Seen,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// No history to compare with.
    #[default]
    Nothing,
    Others,
    This,
}

/// A transaction with its neighbours, each list sorted by time.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    pub now: Observation,
    /// The user's, before and after it.
    pub before: Vec<Observation>,
    pub after: Vec<Observation>,
    /// The session's, before and after it.
    pub session_before: Vec<Observation>,
    pub session_after: Vec<Observation>,
    pub history: History,
    /// The kinds of block lists it is on.
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
