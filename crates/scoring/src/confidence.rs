//! The confidence of a score relative to its decision, defined equally for every service.

/// The greatest score of a service that decides no.
const JUST_NO: f64 = 0.499;
/// From this probability on, a sample of a user without a template counts as another user's.
pub const MIN_CLAIM_PROBABILITY: f64 = 0.9;

/// Clamps a score to the service's own decision: at least 0.5 for a yes, below for a no, because rules read one half
/// as the service's threshold.
pub fn clamp_to_decision(score: f64, yes: bool) -> f64 {
    if yes { score.clamp(0.5, 1.0) } else { score.clamp(0.0, JUST_NO) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_score_lies_on_the_side_of_its_decision(score in -1f64..2.0) {
            prop_assert!((0.5..=1.0).contains(&clamp_to_decision(score, true)));
            prop_assert!((0.0..0.5).contains(&clamp_to_decision(score, false)));
        }

        #[test]
        fn a_score_that_is_there_already_stays(score in 0f64..0.499) {
            prop_assert_eq!(clamp_to_decision(score, false), score);
            prop_assert_eq!(clamp_to_decision(score + 0.5, true), score + 0.5);
        }
    }
}
