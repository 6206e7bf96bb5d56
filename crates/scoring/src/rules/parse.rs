//! Parsing and validation of rules that a project wrote.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Mode, Rules, ServiceRule, VERSION};
use crate::{DocumentRules, Service, documents::DOCUMENT_CHECKS};

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
