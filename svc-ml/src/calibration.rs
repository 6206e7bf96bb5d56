//! From the similarity of two faces to a probability and a decision; the thresholds are those of [`face::score`].

use face::Similarity;

/// The comparison of two faces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceComparison {
    pub similarity: Similarity,
    /// The probability of the same person, 0..=1; one half is the threshold.
    pub probability: f64,
    pub matched: bool,
    /// Number of templates it is the nearest of.
    pub candidates: usize,
}

impl FaceComparison {
    /// Returns the cosine, -1..=1.
    pub fn score(&self) -> f64 {
        self.similarity.cosine
    }
}

/// Compares a probe with one template, or with the nearest of `candidates`: the chance of a similar unenrolled person
/// grows with their number, and so does the threshold.
pub fn compare_faces(similarity: Similarity, candidates: usize) -> FaceComparison {
    let log_odds = similarity.log_odds(candidates);
    FaceComparison {
        similarity,
        probability: 1.0 / (1.0 + (-log_odds).exp()),
        matched: log_odds >= 0.0,
        candidates,
    }
}

/// Raises an operator's 1:1 threshold for the nearest of `candidates`, by as much as the shipped one is raised.
pub fn among(threshold: f64, similarity: Similarity, candidates: usize) -> f64 {
    threshold + similarity.threshold(candidates) - similarity.threshold(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use face::Networks;
    use proptest::prelude::*;

    fn compared(cosine: f64, candidates: usize) -> FaceComparison {
        compare_faces(Similarity { cosine, networks: Networks::Both }, candidates)
    }

    #[test]
    fn even_odds_are_at_the_threshold() {
        let threshold = Networks::Both.threshold(face::score::VERIFICATION_FMR);
        assert!((compared(threshold, 1).probability - 0.5).abs() < 1e-9);
        assert!(compared(threshold + 0.001, 1).matched && !compared(threshold - 0.001, 1).matched);
        assert!(
            !compared(threshold + 0.001, 1000).matched,
            "a stranger of a thousand comes near more easily"
        );
    }

    proptest! {
        #[test]
        fn a_higher_score_is_likelier_and_a_larger_gallery_less(a in -1f64..1.0, b in -1f64..1.0, n in 1usize..10_000) {
            let (low, high) = (compared(a.min(b), n), compared(a.max(b), n));
            prop_assert!(low.probability <= high.probability && low.matched <= high.matched);
            prop_assert!(compared(a, n).probability <= compared(a, 1).probability);
            prop_assert!((0.0..=1.0).contains(&low.probability));
        }
    }
}
