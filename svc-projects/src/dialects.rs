//! The other APIs of the server: which ones a project has switched on, how each takes consent, and which ones a key
//! may use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The API that every project has.
const OWN: &str = "biometry";
/// The APIs that a project can switch on.
pub const SWITCHED: [&str; 4] = ["biometry_v2", "neuroid", "idv", "verifik"];
/// The source of a subject's consent: declared by the project for its calls, or recorded in the ledger.
const CONSENT_MODES: [&str; 2] = ["attested", "ledger"];

/// A project's setting for one API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub consent: String,
}

/// The APIs a project has switched on, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dialects(BTreeMap<String, Setting>);

impl Dialects {
    pub fn from_json(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|_| Error::Damaged)
    }

    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// Switches an API on with its consent mode, or off with an empty one.
    pub fn change(&mut self, name: &str, consent: &str) -> Result<(), Error> {
        let refused = |why: String| Error::field("dialects", why);
        if !SWITCHED.contains(&name) {
            return Err(refused(format!("the APIs to switch on are {}", SWITCHED.join(", "))));
        }
        if consent.is_empty() {
            self.0.remove(name);
            return Ok(());
        }
        if !CONSENT_MODES.contains(&consent) {
            return Err(refused(format!("consent of {name} must be attested or ledger")));
        }
        self.0.insert(name.to_owned(), Setting { consent: consent.to_owned() });
        Ok(())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Setting)> {
        self.0.iter()
    }
}

/// The APIs a key may be used with, in order and without repeats; empty: any the project has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyDialects(Vec<String>);

impl KeyDialects {
    pub fn parse(names: &[String]) -> Result<Self, Error> {
        let is_known = |name: &str| name == OWN || SWITCHED.contains(&name);
        if names.iter().any(|name| !is_known(name)) {
            let known = SWITCHED.join(", ");
            return Err(Error::field("dialects", format!("the APIs of a key are {OWN}, {known}")));
        }
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        Ok(Self(names))
    }

    pub fn from_json(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|_| Error::Damaged)
    }

    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }

    pub fn into_names(self) -> Vec<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_is_switched_on_with_its_consent_mode_and_off_without() {
        let mut dialects = Dialects::default();
        dialects.change("neuroid", "attested").unwrap();
        assert_eq!(dialects.to_json(), r#"{"neuroid":{"consent":"attested"}}"#);
        assert_eq!(Dialects::from_json(&dialects.to_json()).unwrap(), dialects);
        for (name, consent) in [("neuroid", "yes"), ("biometry", "ledger"), ("", "ledger")] {
            assert!(dialects.change(name, consent).is_err(), "{name} {consent}");
        }
        dialects.change("neuroid", "").unwrap();
        assert_eq!(dialects, Dialects::default());
    }

    #[test]
    fn the_apis_of_a_key_are_known_and_named_once() {
        let names = ["neuroid", "biometry", "neuroid"].map(str::to_owned);
        assert_eq!(KeyDialects::parse(&names).unwrap().to_json(), r#"["biometry","neuroid"]"#);
        assert!(KeyDialects::parse(&["other".to_owned()]).is_err());
    }
}
