//! The settings of a flow and their ranges.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    words::{FlowStatus, FlowType, Requirement, SearchMode, Step},
};

const MAX_NAME: usize = 120;
const MAX_URL: usize = 2048;
const MAX_JSON: usize = 32 * 1024;

/// The steps of a registration that flows configure, with their default requirements.
pub const STEPS: [(Step, Requirement); 6] = [
    (Step::Instructions, Requirement::Optional),
    (Step::SignUpForm, Requirement::Mandatory),
    (Step::BasicInformation, Requirement::Optional),
    (Step::Document, Requirement::Optional),
    (Step::Liveness, Requirement::Mandatory),
    (Step::Form, Requirement::Optional),
];

/// The settings of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowSettings {
    pub name: String,
    pub kind: FlowType,
    pub status: FlowStatus,
    pub document_attempt_limit: u32,
    pub compare_min_score: f64,
    pub liveness_attempt_limit: u32,
    pub liveness_min_score: f64,
    pub search_mode: SearchMode,
    pub search_min_score: f64,
    /// The steps whose requirement differs from [`STEPS`].
    pub steps: Vec<(Step, Requirement)>,
    pub redirect_url: String,
    pub webhook_url: String,
    /// A JSON object, or empty.
    pub sign_up_form: String,
}

impl FlowSettings {
    /// # Errors
    /// When a field is out of range; the error names it.
    pub fn checked(self) -> Result<Self, Error> {
        if self.name.is_empty() || self.name.len() > MAX_NAME {
            return Err(Error::Field("name", format!("\"name\" must be 1 to {MAX_NAME} bytes")));
        }
        in_range("documents.attemptLimit", self.document_attempt_limit.into(), &(1.0..=5.0))?;
        in_range("documents.compareMinScore", self.compare_min_score, &(0.65..=0.95))?;
        in_range("liveness.attemptLimit", self.liveness_attempt_limit.into(), &(1.0..=5.0))?;
        in_range("liveness.minScore", self.liveness_min_score, &(0.52..=0.9))?;
        in_range("liveness.searchMinScore", self.search_min_score, &(0.7..=0.95))?;
        for (name, url) in [("redirectUrl", &self.redirect_url), ("webhook", &self.webhook_url)] {
            check_url(name, url)?;
        }
        if self.sign_up_form.len() > MAX_JSON {
            return Err(Error::Field("signUpForm", "\"signUpForm\" is too large".to_owned()));
        }
        Ok(self)
    }

    pub fn requirement(&self, step: Step) -> Requirement {
        let own = self.steps.iter().find(|(of, _)| *of == step);
        own.or_else(|| STEPS.iter().find(|(of, _)| *of == step)).map_or(Requirement::Skip, |(_, r)| *r)
    }

    /// Returns whether the flow's form has an e-mail address that must be validated: it then names a mail gateway.
    pub fn validates_email(&self) -> bool {
        let form: serde_json::Value = serde_json::from_str(&self.sign_up_form).unwrap_or_default();
        form.get("emailGateway").and_then(|gateway| gateway.as_str()).is_some_and(|gateway| gateway != "none")
    }
}

fn in_range(name: &'static str, value: f64, range: &RangeInclusive<f64>) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = (range.start(), range.end());
    let why = if value < *least {
        format!("\"{name}\" must be greater than or equal to {least}")
    } else {
        format!("\"{name}\" must be less than or equal to {most}")
    };
    Err(Error::Field(name, why))
}

/// Validates an address to which browsers are redirected or webhooks are sent: https only.
///
/// # Errors
/// When it is not valid; the error names the field.
pub fn check_url(name: &'static str, url: &str) -> Result<(), Error> {
    let host = url.strip_prefix("https://").unwrap_or_default();
    let is_plain = url.len() <= MAX_URL && url.bytes().all(|b| b.is_ascii_graphic());
    if url.is_empty() || (is_plain && !host.is_empty() && !host.starts_with('/')) {
        return Ok(());
    }
    Err(Error::Field(name, format!("\"{name}\" must be an https URL")))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    pub fn settings() -> FlowSettings {
        FlowSettings {
            name: "Flow".into(),
            kind: FlowType::Onboarding,
            status: FlowStatus::Active,
            document_attempt_limit: 3,
            compare_min_score: 0.85,
            liveness_attempt_limit: 3,
            liveness_min_score: 0.6,
            search_mode: SearchMode::Accurate,
            search_min_score: 0.9,
            steps: Vec::new(),
            redirect_url: String::new(),
            webhook_url: String::new(),
            sign_up_form: String::new(),
        }
    }

    #[test]
    fn a_field_out_of_range_is_named() {
        let of = |changed: FlowSettings| changed.checked().unwrap_err().to_string();
        assert!(settings().checked().is_ok());
        assert_eq!(
            of(FlowSettings { liveness_min_score: 0.5, ..settings() }),
            "\"liveness.minScore\" must be greater than or equal to 0.52"
        );
        assert_eq!(
            of(FlowSettings { liveness_attempt_limit: 6, ..settings() }),
            "\"liveness.attemptLimit\" must be less than or equal to 5"
        );
        assert!(!of(FlowSettings { liveness_min_score: f64::NAN, ..settings() }).is_empty());
        for url in ["http://a.example", "https://", "https:///x", "javascript:alert(1)", "https://a b"] {
            assert!(check_url("webhook", url).is_err(), "{url}");
        }
        assert!(check_url("webhook", "https://a.example/x?y=1").is_ok());
    }

    #[test]
    fn a_flow_says_whether_addresses_are_validated() {
        let with = |form: &str| FlowSettings { sign_up_form: form.into(), ..settings() }.validates_email();
        assert!(with(r#"{"emailGateway":"smtp"}"#));
        assert!(!with(r#"{"emailGateway":"none"}"#) && !with("") && !with("[]"));
    }

    proptest! {
        #[test]
        fn any_text_is_judged_as_a_url(text in any::<String>()) {
            let _ = check_url("webhook", &text);
        }
    }
}
