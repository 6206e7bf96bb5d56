//! Scopes of API keys.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Every scope, in the order of the gateway's table, which defines what each includes.
pub const SCOPES: [&str; 11] = [
    CAPTURE,
    CONSENT_WRITE,
    "records.read",
    "samples.read",
    "review.write",
    "webhooks.write",
    "identify",
    "similarity.read",
    "enroll.still",
    KEYS_ADMIN,
    PROJECT_ADMIN,
];
const CAPTURE: &str = "capture";
const CONSENT_WRITE: &str = "consent.write";
const KEYS_ADMIN: &str = "keys.admin";
/// Scopes of test keys: the calls of an integration, none that reads or changes live data.
const OF_TEST_KEYS: [&str; 3] = [CAPTURE, CONSENT_WRITE, "webhooks.write"];
const PROJECT_ADMIN: &str = "project.admin";
/// Scopes of a new key by default: the calls of the vendor's client library.
const DEFAULT: [&str; 2] = [CAPTURE, CONSENT_WRITE];
/// What keys of releases without scopes could not do, unless they could mint.
const ADMINISTRATIVE: [&str; 3] = ["enroll.still", KEYS_ADMIN, PROJECT_ADMIN];

/// The scopes of a key: never empty, no repeats, in the order of [`SCOPES`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<String>);

impl Scopes {
    pub fn all() -> Self {
        Self::where_(|_| true)
    }

    /// Returns the scopes of a key of a release without scopes.
    pub fn of_earlier_release(can_mint: bool) -> Self {
        Self::where_(|scope| can_mint || !ADMINISTRATIVE.contains(&scope))
    }

    /// Returns the scopes of a new key. Without names: all of them for one that can mint, otherwise those of an
    /// integration.
    ///
    /// # Errors
    /// [`Error::Field`] for an unknown name, or names that contradict `can_mint`.
    pub fn of_new_key(names: &[String], can_mint: bool) -> Result<Self, Error> {
        match (names, can_mint) {
            ([], true) => Ok(Self::all()),
            ([], false) => Ok(Self::where_(|scope| DEFAULT.contains(&scope))),
            (names, true) if !names.iter().any(|name| name == KEYS_ADMIN) => {
                Err(Error::field("scopes", "a key that can mint has the scope keys.admin"))
            }
            (names, _) => Self::parse(names),
        }
    }

    /// # Errors
    /// [`Error::Field`] for an unknown name, and for none.
    pub fn parse(names: &[String]) -> Result<Self, Error> {
        if let Some(unknown) = names.iter().find(|name| !SCOPES.contains(&name.as_str())) {
            let sentence = format!("unknown scope {unknown:?}; the scopes are {}", SCOPES.join(", "));
            return Err(Error::field("scopes", sentence));
        }
        if names.is_empty() {
            return Err(Error::field("scopes", "a key has at least one scope"));
        }
        Ok(Self::where_(|scope| names.iter().any(|name| name == scope)))
    }

    fn where_(chosen: impl Fn(&str) -> bool) -> Self {
        Self(SCOPES.into_iter().filter(|scope| chosen(scope)).map(str::to_owned).collect())
    }

    pub fn can_mint(&self) -> bool {
        self.0.iter().any(|scope| scope == KEYS_ADMIN)
    }

    /// Rejects a caller who may not grant all of these; `None` is an operator, who may.
    ///
    /// # Errors
    /// [`Error::ScopeNotGranted`].
    pub fn check_grantable(&self, may_grant: Option<&[String]>) -> Result<(), Error> {
        let Some(may_grant) = may_grant else { return Ok(()) };
        match self.0.iter().find(|scope| !may_grant.contains(scope)) {
            Some(scope) => Err(Error::ScopeNotGranted(scope.clone())),
            None => Ok(()),
        }
    }

    /// # Errors
    /// [`Error::Field`] for a scope that reads or changes live data.
    pub fn check_test(&self) -> Result<(), Error> {
        if self.0.iter().all(|scope| OF_TEST_KEYS.contains(&scope.as_str())) {
            return Ok(());
        }
        Err(Error::field("scopes", format!("a test key may have the scopes {}", OF_TEST_KEYS.join(", "))))
    }

    pub fn to_json(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    /// Parses the stored form.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn from_stored(json: &str, can_mint: bool) -> Result<Self, Error> {
        if json.is_empty() {
            return Ok(Self::of_earlier_release(can_mint));
        }
        serde_json::from_str(json).map_err(|_| Error::Damaged)
    }

    pub fn into_names(self) -> Vec<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_key_neither_reads_nor_administers() {
        let parsed =
            |names: &[&str]| Scopes::parse(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert!(parsed(&["capture", "consent.write", "webhooks.write"]).unwrap().check_test().is_ok());
        for scope in ["records.read", "keys.admin", "project.admin", "samples.read"] {
            assert!(parsed(&["capture", scope]).unwrap().check_test().is_err(), "{scope}");
        }
    }

    fn names(scopes: &Scopes) -> Vec<&str> {
        scopes.0.iter().map(String::as_str).collect()
    }

    #[test]
    fn a_new_key_has_least_and_one_that_mints_everything() {
        assert_eq!(names(&Scopes::of_new_key(&[], false).unwrap()), DEFAULT);
        assert_eq!(names(&Scopes::of_new_key(&[], true).unwrap()), SCOPES);
        let one = ["records.read".to_owned()];
        assert_eq!(names(&Scopes::of_new_key(&one, false).unwrap()), ["records.read"]);
        assert!(Scopes::of_new_key(&one, true).is_err(), "it says two things");
    }

    #[test]
    fn names_come_once_each_in_one_order_and_unknown_ones_are_refused() {
        let given = ["samples.read", "capture", "samples.read"].map(str::to_owned);
        assert_eq!(names(&Scopes::parse(&given).unwrap()), ["capture", "samples.read"]);
        assert!(Scopes::parse(&["everything".to_owned()]).unwrap_err().to_string().contains("capture, "));
        assert!(Scopes::parse(&[]).is_err());
    }

    #[test]
    fn an_earlier_release_gave_ordinary_keys_all_but_administration() {
        let ordinary = Scopes::from_stored("", false).unwrap();
        assert_eq!(names(&ordinary), SCOPES[..8]);
        assert!(!ordinary.can_mint() && Scopes::from_stored("", true).unwrap().can_mint());
        assert!(Scopes::from_stored("[", false).is_err());
    }

    #[test]
    fn nobody_grants_beyond_their_own() {
        let own = ["capture".to_owned()];
        let (less, more) = (Scopes::parse(&["capture".into()]).unwrap(), Scopes::all());
        assert!(less.check_grantable(Some(&own)).is_ok());
        assert!(more.check_grantable(Some(&own)).is_err());
        assert!(more.check_grantable(None).is_ok());
    }
}
