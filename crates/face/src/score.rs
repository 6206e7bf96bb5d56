//! Thresholds of the cosine similarity of two faces.
//!
//! `score.json` has the cosines at three measured false match rates and their source. Between and beyond them the
//! logarithm of the false match rate is linear in the cosine.

use std::sync::LazyLock;

use serde::Deserialize;

/// The false match rate of one comparison at the service's own threshold.
pub const VERIFICATION_FMR: f64 = 1e-4;
/// A face that may change a template must be this much closer to its anchor.
pub const ANCHOR_FMR: f64 = 1e-5;
/// Maximum rate of searches of an unenrolled person that identify somebody (FPIR, ISO/IEC 19795-1).
const IDENTIFICATION_FPIR: f64 = 0.01;

/// The networks of a cosine; thresholds differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Networks {
    /// SFace and fr_feature.
    Both,
    /// SFace only: one side is a template of an older version.
    SFace,
}

/// The similarity of two faces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// -1..=1.
    pub cosine: f64,
    pub networks: Networks,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "provenance")]
    _provenance: String,
    both: Thresholds,
    sface: Thresholds,
}

/// Cosines at a false match rate of 10^-3, 10^-4 and 10^-5.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thresholds {
    fmr_1e3: f64,
    fmr_1e4: f64,
    fmr_1e5: f64,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("score.json")).expect("the embedded table is checked by a test")
});

impl Networks {
    fn thresholds(self) -> &'static Thresholds {
        match self {
            Self::Both => &TABLE.both,
            Self::SFace => &TABLE.sface,
        }
    }

    /// Returns the cosine that a share `fmr` of impostor pairs reaches.
    pub fn threshold(self, fmr: f64) -> f64 {
        let Thresholds { fmr_1e3, fmr_1e4, fmr_1e5 } = self.thresholds();
        let decades = -fmr.max(f64::MIN_POSITIVE).log10();
        if decades <= 4.0 {
            fmr_1e4 + (decades - 4.0) * (fmr_1e4 - fmr_1e3)
        } else {
            fmr_1e4 + (decades - 4.0) * (fmr_1e5 - fmr_1e4)
        }
    }

    /// Natural log odds per unit of cosine above the verification threshold.
    fn slope(self) -> f64 {
        let Thresholds { fmr_1e4, fmr_1e5, .. } = self.thresholds();
        std::f64::consts::LN_10 / (fmr_1e5 - fmr_1e4)
    }
}

/// Returns the false match rate allowed for each of `candidates` so that the nearest may be identified.
fn identification_fmr(candidates: usize) -> f64 {
    (IDENTIFICATION_FPIR / candidates.max(1) as f64).min(VERIFICATION_FMR)
}

impl Similarity {
    /// Returns the threshold for the nearest of `candidates`; 1 is a comparison with one person.
    pub fn threshold(&self, candidates: usize) -> f64 {
        self.networks.threshold(identification_fmr(candidates))
    }

    /// Returns the natural log odds, 0 at the threshold: comparable between networks.
    pub fn log_odds(&self, candidates: usize) -> f64 {
        self.networks.slope() * (self.cosine - self.threshold(candidates))
    }

    /// Whether both are the same person at a false match rate of `fmr`.
    pub fn matches_at(&self, fmr: f64) -> bool {
        self.cosine >= self.networks.threshold(fmr)
    }

    /// Whether both are the same person, at the service's own threshold.
    pub fn is_match(&self) -> bool {
        self.matches_at(VERIFICATION_FMR)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn similarity(cosine: f64) -> Similarity {
        Similarity { cosine, networks: Networks::Both }
    }

    #[test]
    fn thresholds_are_those_of_the_table_and_grow_with_the_gallery() {
        assert!((Networks::Both.threshold(1e-3) - 0.335).abs() < 1e-9);
        assert!((Networks::Both.threshold(1e-4) - 0.39).abs() < 1e-9);
        assert!((Networks::SFace.threshold(1e-5) - 0.47).abs() < 1e-9);
        let at = |candidates| similarity(0.5).threshold(candidates);
        assert!((at(1) - at(100)).abs() < 1e-9, "a hundred candidates stay below 1 % by the 1:1 threshold");
        assert!((at(1000) - 0.44).abs() < 1e-9 && (at(10_000) - 0.49).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_rarer_false_match_and_a_larger_gallery_ask_for_more(
            a in 1e-9f64..0.1, b in 1e-9f64..0.1, n in 1usize..1_000_000, more in 0usize..1_000_000,
        ) {
            for networks in [Networks::Both, Networks::SFace] {
                prop_assert!(networks.threshold(a.min(b)) >= networks.threshold(a.max(b)));
            }
            let pair = similarity(0.4);
            prop_assert!(pair.threshold(n) <= pair.threshold(n + more));
            prop_assert!(pair.log_odds(n) >= pair.log_odds(n + more));
            prop_assert_eq!(pair.is_match(), pair.log_odds(1) >= 0.0);
        }
    }
}
