//! The codes of reports: HTTP codes for the outcome of a service, and own numbers for faults of a picture.

use proto::ml::{Outcome, OutcomeStatus};

/// The code of a service that judged.
pub const OK_CODE: i32 = 200;
const NO_CONSENT_CODE: i32 = 403;
const CANNOT_JUDGE_CODE: i32 = 422;
const FAILED_CODE: i32 = 500;

/// The codes of refused pictures and recordings. They are documented and do not change.
const REFUSAL_CODES: [(&str, i32); 14] = [
    ("no_face", 461),
    ("more_than_one_face", 462),
    ("face_too_small", 463),
    ("face_not_centred", 464),
    ("face_too_dark", 465),
    ("face_too_bright", 466),
    ("face_low_contrast", 467),
    ("face_not_sharp", 468),
    ("face_turned", 469),
    ("another_person", 470),
    ("duplicate_identity", 471),
    ("template_locked", 472),
    ("face_covered", 473),
    ("media_replayed", 474),
];

fn refusal_code(error: &str) -> Option<i32> {
    REFUSAL_CODES.iter().find(|(word, _)| *word == error).map(|(_, code)| *code)
}

/// Whether refusals for this reason have their own code.
pub fn is_refusal(error: &str) -> bool {
    refusal_code(error).is_some()
}

/// Returns the code of an outcome; a missing outcome counts as failed.
pub fn code_of(outcome: Option<&Outcome>) -> i32 {
    let Some(outcome) = outcome else { return FAILED_CODE };
    match outcome.status() {
        OutcomeStatus::Judged => OK_CODE,
        OutcomeStatus::CannotJudge => CANNOT_JUDGE_CODE,
        OutcomeStatus::Refused => refusal_code(&outcome.error).unwrap_or(CANNOT_JUDGE_CODE),
        OutcomeStatus::NoConsent => NO_CONSENT_CODE,
        OutcomeStatus::Failed | OutcomeStatus::Unspecified => FAILED_CODE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_has_its_number() {
        let code = |status: OutcomeStatus, error: &str| {
            code_of(Some(&Outcome { status: status.into(), error: error.into(), ..Outcome::default() }))
        };
        assert_eq!(code(OutcomeStatus::Judged, ""), 200);
        assert_eq!(code(OutcomeStatus::CannotJudge, "no_face"), 422);
        assert_eq!(code(OutcomeStatus::Refused, "no_face"), 461);
        assert_eq!(code(OutcomeStatus::Refused, "picture_turned"), 422);
        assert_eq!(code(OutcomeStatus::NoConsent, "no_authorization_consent"), 403);
        assert_eq!(code(OutcomeStatus::Failed, "internal_error"), 500);
        assert_eq!(code_of(None), 500);
    }
}
