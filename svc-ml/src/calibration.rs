//! From the cosine of two faces to a probability.

use std::sync::LazyLock;

use serde::Deserialize;

/// A logistic curve; its parameters and where they come from stand in `face_calibration.json`.
#[derive(Debug, Deserialize)]
struct Logistic {
    /// The cosine at even odds: also the 1:1 threshold.
    centre: f64,
    /// Natural log odds for each unit of cosine.
    slope: f64,
}

static FACE: LazyLock<Logistic> = LazyLock::new(|| {
    serde_json::from_str(include_str!("face_calibration.json"))
        .expect("the embedded table is checked by a test")
});

/// What a cosine of two SFace embeddings says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceComparison {
    /// -1..=1.
    pub score: f64,
    /// That both are the same person, when that was as likely as not beforehand; 0..=1.
    pub probability: f64,
    pub matched: bool,
    /// How many templates it is the nearest of.
    pub candidates: usize,
}

/// Compares a probe with one template, or with the nearest of `candidates`: the chance that some stranger comes near
/// grows with their number, so the odds are divided by it (Bayes, with every candidate equally likely beforehand).
pub fn compare_faces(score: f64, candidates: usize) -> FaceComparison {
    let log_odds = FACE.slope * (score - FACE.centre) - (candidates.max(1) as f64).ln();
    FaceComparison {
        score,
        probability: 1.0 / (1.0 + (-log_odds).exp()),
        matched: log_odds >= 0.0,
        candidates,
    }
}

/// The threshold of one comparison, as that of the nearest of `candidates`.
pub fn among(threshold: f64, candidates: usize) -> f64 {
    threshold + (candidates.max(1) as f64).ln() / FACE.slope
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn even_odds_are_at_the_threshold_the_face_crate_names() {
        assert!((FACE.centre - f64::from(face::SAME_PERSON)).abs() < 1e-6);
    }

    #[test]
    fn the_worst_genuine_pair_matches_and_the_best_impostor_does_not() {
        assert!(compare_faces(0.384, 1).matched);
        assert!(!compare_faces(0.353, 1).matched);
    }

    proptest! {
        #[test]
        fn a_higher_score_is_likelier_and_a_larger_gallery_less(a in -1f64..1.0, b in -1f64..1.0, n in 1usize..10_000) {
            let (low, high) = (compare_faces(a.min(b), n), compare_faces(a.max(b), n));
            prop_assert!(low.probability <= high.probability && low.matched <= high.matched);
            prop_assert!(compare_faces(a, n).probability <= compare_faces(a, 1).probability);
            prop_assert!((0.0..=1.0).contains(&low.probability));
        }
    }
}
