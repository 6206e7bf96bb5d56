//! The rules of a registration: the status that each step leads to, and when a registration is over.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Refusal},
    flow::{FlowSettings, STEPS},
    words::{RegistrationStatus, Requirement, Step},
};

/// Milliseconds without a change after which a registration expires.
pub const IDLE_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The personal part of a registration; stored encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    pub email: String,
    pub phone: String,
    pub country_code: String,
    pub full_name: String,
    pub first_name: String,
    pub last_name: String,
}

impl Personal {
    /// Returns the address that identifies a registration within its journey project.
    pub fn address(&self) -> String {
        if self.email.is_empty() {
            format!("{}{}", self.country_code, self.phone)
        } else {
            self.email.clone()
        }
    }
}

/// The progress of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub status: RegistrationStatus,
    pub current: Option<Step>,
    pub passed: Vec<Step>,
    pub has_person: bool,
    /// A document was validated.
    pub has_document: bool,
    pub email_validated: bool,
}

impl RegistrationStatus {
    /// Returns whether steps can still be taken.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Started | Self::Ongoing)
    }

    /// Returns the status at `now_ms`.
    pub const fn at(self, updated_at_ms: i64, now_ms: i64) -> Self {
        if self.is_open() && now_ms - updated_at_ms >= IDLE_MS { Self::Expired } else { self }
    }
}

impl Progress {
    /// Takes a step. The resulting status is computed here; the person's claim is not trusted.
    ///
    /// # Errors
    /// When the registration is over, or the step may not be taken yet.
    pub fn take(
        self,
        flow: &FlowSettings,
        step: Step,
        claimed: Option<RegistrationStatus>,
    ) -> Result<Self, Error> {
        if !self.status.is_open() {
            return Err(Refusal::RegistrationOver.into());
        }
        if step == Step::SignUpForm && flow.validates_email() && !self.email_validated {
            return Err(Refusal::SignUpFormNotPassed.into());
        }
        let status = match step {
            Step::SkipKyc if self.missing(flow).is_empty() => RegistrationStatus::CompletedWithoutKyc,
            Step::SkipKyc => return Err(Refusal::StepsMissing.into()),
            Step::End => self.ended(flow, claimed),
            _ => RegistrationStatus::Ongoing,
        };
        let mut passed = self.passed;
        // The server judges faces and documents; a claim is not enough.
        let is_said = !matches!(step, Step::Liveness | Step::Document | Step::End | Step::SkipKyc);
        if is_said && !passed.contains(&step) {
            passed.push(step);
        }
        Ok(Self { status, current: Some(step), passed, ..self })
    }

    fn ended(&self, flow: &FlowSettings, claimed: Option<RegistrationStatus>) -> RegistrationStatus {
        match claimed {
            Some(RegistrationStatus::Failed) => RegistrationStatus::Failed,
            _ if self.missing(flow).is_empty() => RegistrationStatus::Completed,
            _ => RegistrationStatus::NeedsManualVerification,
        }
    }

    /// Returns the mandatory steps that were not passed.
    fn missing(&self, flow: &FlowSettings) -> Vec<Step> {
        let mandatory = STEPS.iter().map(|(step, _)| *step);
        let mandatory = mandatory.filter(|step| flow.requirement(*step) == Requirement::Mandatory);
        mandatory.filter(|step| !self.has_passed(*step)).collect()
    }

    fn has_passed(&self, step: Step) -> bool {
        match step {
            Step::Liveness => self.has_person,
            Step::Document => self.has_document,
            other => self.passed.contains(&other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::settings;

    fn started() -> Progress {
        Progress {
            status: RegistrationStatus::Started,
            current: None,
            passed: Vec::new(),
            has_person: false,
            has_document: false,
            email_validated: false,
        }
    }

    #[test]
    fn the_end_is_computed_whatever_is_claimed() {
        let flow = settings();
        let completed = Some(RegistrationStatus::Completed);
        let signed = started().take(&flow, Step::SignUpForm, None).unwrap();
        assert_eq!(signed.status, RegistrationStatus::Ongoing);
        let early = signed.clone().take(&flow, Step::End, completed).unwrap();
        assert_eq!(early.status, RegistrationStatus::NeedsManualVerification);
        let said = signed.clone().take(&flow, Step::Liveness, None).unwrap();
        let said = said.take(&flow, Step::End, completed).unwrap();
        assert_eq!(said.status, RegistrationStatus::NeedsManualVerification, "a face is judged, not said");
        let seen = Progress { has_person: true, ..signed };
        assert_eq!(seen.clone().take(&flow, Step::End, None).unwrap().status, RegistrationStatus::Completed);
        let failed = seen.take(&flow, Step::End, Some(RegistrationStatus::Failed)).unwrap();
        assert_eq!(failed.status, RegistrationStatus::Failed);
        assert!(failed.take(&flow, Step::Form, None).is_err());
    }

    #[test]
    fn kyc_is_skipped_only_past_no_mandatory_step() {
        let mandatory = settings();
        assert!(started().take(&mandatory, Step::SkipKyc, None).is_err());
        let steps = vec![(Step::SignUpForm, Requirement::Optional), (Step::Liveness, Requirement::Optional)];
        let free = FlowSettings { steps, ..settings() };
        let skipped = started().take(&free, Step::SkipKyc, None).unwrap();
        assert_eq!(skipped.status, RegistrationStatus::CompletedWithoutKyc);
    }

    #[test]
    fn a_form_waits_for_its_address() {
        let flow = FlowSettings { sign_up_form: r#"{"emailGateway":"smtp"}"#.into(), ..settings() };
        assert!(started().take(&flow, Step::SignUpForm, None).is_err());
        let validated = Progress { email_validated: true, ..started() };
        assert!(validated.take(&flow, Step::SignUpForm, None).is_ok());
    }

    #[test]
    fn registrations_idle_for_thirty_days_have_expired() {
        let at = |status: RegistrationStatus, ms| status.at(0, ms);
        assert_eq!(at(RegistrationStatus::Ongoing, IDLE_MS - 1), RegistrationStatus::Ongoing);
        assert_eq!(at(RegistrationStatus::Ongoing, IDLE_MS), RegistrationStatus::Expired);
        assert_eq!(at(RegistrationStatus::Failed, IDLE_MS), RegistrationStatus::Failed);
    }
}
