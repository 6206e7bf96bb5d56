//! Calls with a test key: the user's name selects the outcome, and no model, template or sample is touched.
//!
//! The services' responses are made here instead of by the models; rules, decision, record and response are those of
//! live calls. docs/TESTING.md lists the names.

mod answers;

use std::time::Duration;

use proto::consent::ConsentState;
use scoring::{
    Finding, Service,
    catalogue::{self, Language},
};

use crate::core::error::Error;

/// Additional duration of a slow call.
const SLOW: Duration = Duration::from_secs(8);
/// Clear scores, and one between the thresholds of the built-in rules.
const YES: f64 = 0.99;
const NO: f64 = 0.01;
const UNCLEAR: f64 = 0.45;

/// The scripted result of a test call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    Pass,
    Fail,
    Refer,
    /// Passes, late.
    Slow,
    /// 503.
    Unavailable,
    /// Has this code among its reasons.
    Reason(String),
}

impl Script {
    /// Returns the script of a user's name; any other name passes.
    pub fn of(user: Option<&str>) -> Self {
        let name = user.unwrap_or_default().trim().to_ascii_lowercase();
        match name.strip_prefix("test ").map(str::trim_start) {
            Some("fail") => Self::Fail,
            Some("refer") => Self::Refer,
            Some("slow") => Self::Slow,
            Some("unavailable") => Self::Unavailable,
            Some(rest) => match rest.strip_prefix("reason ") {
                Some(code) => Self::Reason(code.trim().to_owned()),
                None => Self::Pass,
            },
            None => Self::Pass,
        }
    }

    /// Waits or fails, as the script defines.
    ///
    /// # Errors
    /// 503 of the unavailable one, 400 for a reason code that does not exist.
    pub async fn begin(&self) -> Result<(), Error> {
        match self {
            Self::Slow => tokio::time::sleep(SLOW).await,
            Self::Unavailable => return Err(Error::Unavailable),
            Self::Reason(code) if catalogue::reason(code, Language::En).is_none() => {
                let message = "X-User-Fullname header names a reason code that does not exist; GET /api-projects/reasons lists them";
                return Err(Error::invalid(message));
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns both consents, unless the reason is a missing one.
    pub fn consents(&self) -> ConsentState {
        const LACKING: [&str; 4] =
            ["face_match_missing", "voice_match_missing", "reference_match_missing", "no_consent"];
        let is_lacking = matches!(self, Self::Reason(code) if LACKING.contains(&code.as_str()));
        ConsentState {
            authorization: !is_lacking,
            storage: !is_lacking,
            authorization_recorded: true,
            storage_recorded: true,
        }
    }

    /// Returns the finding of a service; `None`: it does not run.
    pub fn finding(&self, service: Service) -> Option<Finding> {
        let judged = |score| Some(Finding::Judged { score });
        let could_not = |error: &str| Some(Finding::CouldNotJudge { error: error.to_owned() });
        match self {
            Self::Pass | Self::Slow | Self::Unavailable => judged(YES),
            Self::Fail => judged(NO),
            Self::Refer => judged(UNCLEAR),
            Self::Reason(code) if is_of_capture(code) => could_not(code),
            Self::Reason(code) => match outcome_of(code, service.subject()) {
                Some("failed") => judged(NO),
                Some("referred") => judged(UNCLEAR),
                Some("not_enrolled") => Some(Finding::NotEnrolled),
                Some("missing") => None,
                Some("not_judged") => could_not("internal_error"),
                _ => judged(YES),
            },
        }
    }

    fn is_reason(&self, wanted: &str) -> bool {
        matches!(self, Self::Reason(code) if code == wanted)
    }
}

/// Returns `failed` for `liveness_failed`.
fn outcome_of<'a>(code: &'a str, subject: &str) -> Option<&'a str> {
    code.strip_prefix(subject)?.strip_prefix('_')
}

/// Whether a code is a reason why a recording or picture could not be judged.
fn is_of_capture(code: &str) -> bool {
    const OF_PEOPLE: [&str; 4] =
        ["duplicate_identity", "another_person", "template_locked", "media_replayed"];
    !OF_PEOPLE.contains(&code) && catalogue::codes("capture").any(|known| known == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use scoring::{Evidence, Verdict, decide, default_for};

    use super::*;

    fn decided(script: &Script) -> scoring::Decision {
        let all: BTreeSet<Service> =
            Service::ALL.into_iter().filter(|s| *s != Service::ReferenceMatch).collect();
        let rules = default_for(&all).for_video();
        let judged = all.into_iter().filter(|service| *service != Service::MediaReplay);
        let found: Evidence =
            judged.filter_map(|service| Some((service, script.finding(service)?))).collect();
        decide(&rules, &found)
    }

    #[test]
    fn a_name_is_read_without_case_and_any_other_name_passes() {
        for (name, script) in [
            ("Test Pass", Script::Pass),
            ("test fail", Script::Fail),
            ("TEST REFER", Script::Refer),
            ("Test Slow", Script::Slow),
            ("Test Unavailable", Script::Unavailable),
            ("Test Reason liveness_failed", Script::Reason("liveness_failed".into())),
            ("ada@example.org", Script::Pass),
            ("", Script::Pass),
        ] {
            assert_eq!(Script::of(Some(name)), script, "{name}");
        }
        assert_eq!(Script::of(None), Script::Pass);
    }

    #[test]
    fn the_verdicts_come_out_of_the_built_in_rules() {
        assert_eq!(decided(&Script::Pass).verdict, Verdict::Pass);
        assert_eq!(decided(&Script::Fail).verdict, Verdict::Fail);
        assert_eq!(decided(&Script::Refer).verdict, Verdict::Refer);
    }

    #[test]
    fn every_reason_of_a_video_can_be_had() {
        for code in catalogue::codes("decision") {
            // Of match-faces alone, of the recording rather than of a service, or of rules that require nothing.
            if code.starts_with("reference_match")
                || code.starts_with("media_replay")
                || code == "nothing_decisive"
            {
                continue;
            }
            let decision = decided(&Script::Reason(code.to_owned()));
            let is_absent = code == "media_authenticity_missing";
            assert!(
                decision.reasons.contains(&code.to_owned()) || is_absent,
                "{code}: {:?}",
                decision.reasons
            );
        }
        let faceless = decided(&Script::Reason("no_face".into()));
        assert_eq!(faceless.verdict, Verdict::Fail);
    }

    #[tokio::test]
    async fn a_reason_that_does_not_exist_is_refused() {
        assert!(Script::Reason("no_such_code".into()).begin().await.is_err());
        assert!(Script::Unavailable.begin().await.is_err());
        assert!(Script::Pass.begin().await.is_ok());
    }
}
