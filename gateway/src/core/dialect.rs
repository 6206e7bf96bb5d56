//! The APIs of this server, and a project's settings for each.

use std::collections::BTreeMap;

use proto::projects::{Authorization, DialectSetting};

/// An API, named by product and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// This server's own, which every project has.
    Biometry,
    BiometryV2,
    NeuroId,
    /// The Identity Verification API.
    Idv,
    Verifik,
}

/// How the consent of a user is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentMode {
    /// Only consents recorded in the ledger.
    Ledger,
    /// The project declares with each call that it holds the consents; a withdrawal still applies.
    Attested,
}

impl Dialect {
    const ALL: [Self; 5] = [Self::Biometry, Self::BiometryV2, Self::NeuroId, Self::Idv, Self::Verifik];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Biometry => "biometry",
            Self::BiometryV2 => "biometry_v2",
            Self::NeuroId => "neuroid",
            Self::Idv => "idv",
            Self::Verifik => "verifik",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }
}

/// The APIs an API key can be used with.
#[derive(Clone, Debug, Default)]
pub struct Dialects {
    /// Switched on for the project.
    switched_on: BTreeMap<Dialect, ConsentMode>,
    /// Those of the key; `None`: any the project has.
    of_key: Option<Vec<Dialect>>,
}

/// Why an API cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialectRefusal {
    /// The project has not switched it on.
    SwitchedOff,
    /// The key is restricted to other APIs.
    OtherKey,
}

impl Dialects {
    pub fn from_authorization(granted: &Authorization) -> Self {
        let mode = |setting: &DialectSetting| match setting.consent.as_str() {
            "attested" => ConsentMode::Attested,
            _ => ConsentMode::Ledger,
        };
        let switched_on = granted.dialects.iter();
        let switched_on = switched_on.filter_map(|s| Some((Dialect::from_name(&s.name)?, mode(s)))).collect();
        // An API of a later release is unknown here, but does not make the key valid for all.
        let of_key = (!granted.key_dialects.is_empty())
            .then(|| granted.key_dialects.iter().filter_map(|name| Dialect::from_name(name)).collect());
        Self { switched_on, of_key }
    }

    /// Returns the consent mode of `dialect`, if it may be used.
    pub fn mode(&self, dialect: Dialect) -> Result<ConsentMode, DialectRefusal> {
        if self.of_key.as_ref().is_some_and(|of_key| !of_key.contains(&dialect)) {
            return Err(DialectRefusal::OtherKey);
        }
        match dialect {
            Dialect::Biometry => Ok(ConsentMode::Ledger),
            other => self.switched_on.get(&other).copied().ok_or(DialectRefusal::SwitchedOff),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialects(switched_on: &[(&str, &str)], of_key: &[&str]) -> Dialects {
        let setting = |(name, consent): &(&str, &str)| DialectSetting {
            name: (*name).into(),
            consent: (*consent).into(),
        };
        Dialects::from_authorization(&Authorization {
            dialects: switched_on.iter().map(setting).collect(),
            key_dialects: of_key.iter().map(|name| (*name).to_owned()).collect(),
            ..Authorization::default()
        })
    }

    #[test]
    fn an_api_is_there_once_it_is_switched_on_and_for_the_keys_that_name_it() {
        use Dialect::{Biometry, Idv, NeuroId};
        let plain = dialects(&[("neuroid", "attested")], &[]);
        assert_eq!(plain.mode(Biometry), Ok(ConsentMode::Ledger));
        assert_eq!(plain.mode(NeuroId), Ok(ConsentMode::Attested));
        assert_eq!(plain.mode(Idv), Err(DialectRefusal::SwitchedOff));
        let narrow = dialects(&[("neuroid", "ledger"), ("idv", "ledger")], &["idv"]);
        assert_eq!(narrow.mode(Idv), Ok(ConsentMode::Ledger));
        assert_eq!(narrow.mode(NeuroId), Err(DialectRefusal::OtherKey));
        assert_eq!(narrow.mode(Biometry), Err(DialectRefusal::OtherKey));
        assert_eq!(dialects(&[], &["of 2030"]).mode(Biometry), Err(DialectRefusal::OtherKey));
        assert_eq!(dialects(&[("neuroid", "of 2030")], &[]).mode(NeuroId), Ok(ConsentMode::Ledger));
    }
}
