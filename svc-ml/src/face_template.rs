//! Face templates: the mean of their pictures, and the anchor that all had to match.

use face::{Embedding, Similarity, score};
use zeroize::Zeroizing;

use crate::error::Error;

/// First byte of the current format. Version 1 had none: it was SFace's vector only, [`V1_BYTES`] long.
const VERSION: u8 = 2;
const V1_BYTES: usize = 4 * 128;

/// A template. A probe has to match the mean, and must not be far from the anchor: whatever is added to the mean, a
/// probe is accepted only within [`DRIFT_FMR`] of the first live enrollment.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceTemplate {
    pub mean: Embedding,
    pub anchor: Embedding,
}

/// False match rate of the threshold of a probe against the anchor alone.
const DRIFT_FMR: f64 = 1e-3;

impl FaceTemplate {
    /// Builds the template of one picture.
    pub fn of(face: Embedding) -> Self {
        Self { mean: face.clone(), anchor: face }
    }

    /// Compares a probe with the mean; the score is lowered when the probe is too far from the anchor.
    pub fn compare(&self, probe: &Embedding) -> Similarity {
        let mean = probe.compare(&self.mean);
        let anchor = probe.compare(&self.anchor);
        let allowance =
            anchor.networks.threshold(score::VERIFICATION_FMR) - anchor.networks.threshold(DRIFT_FMR);
        let anchor = Similarity { cosine: anchor.cosine + allowance, ..anchor };
        if anchor.log_odds(1) < mean.log_odds(1) { anchor } else { mean }
    }

    /// The version, the length of the mean (u16, big endian), the mean, the anchor.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let (mean, anchor) = (Zeroizing::new(self.mean.to_bytes()), Zeroizing::new(self.anchor.to_bytes()));
        let length = u16::try_from(mean.len()).unwrap_or(u16::MAX).to_be_bytes();
        let mut bytes = Zeroizing::new(Vec::with_capacity(3 + mean.len() + anchor.len()));
        bytes.push(VERSION);
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(&mean);
        bytes.extend_from_slice(&anchor);
        bytes
    }

    /// Parses [`FaceTemplate::to_bytes`] and the format of version 1.
    ///
    /// # Errors
    /// When the bytes have neither format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() == V1_BYTES {
            return Ok(Self::of(Embedding::from_bytes(bytes)?));
        }
        let Some((&[VERSION, high, low], rest)) = bytes.split_first_chunk::<3>() else {
            return Err(Error::Malformed);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (mean, anchor) = rest.split_at_checked(length).ok_or(Error::Malformed)?;
        Ok(Self { mean: Embedding::from_bytes(mean)?, anchor: Embedding::from_bytes(anchor)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns a face of both networks, `tilt` radians from one axis towards the next.
    pub fn face(tilt: f32) -> Embedding {
        let vector = |n: usize| {
            let mut values = vec![0.0; n];
            (values[0], values[1]) = (tilt.cos(), tilt.sin());
            Embedding::unit(&values)
        };
        Embedding::both(&vector(128), &vector(512))
    }

    #[test]
    fn a_probe_near_the_mean_and_far_from_the_anchor_is_no_match() {
        let drifted = FaceTemplate { anchor: face(0.0), mean: face(0.9) };
        assert!(drifted.compare(&face(1.0)).is_match(), "near both");
        let near_mean = drifted.compare(&face(1.4));
        assert!(face(1.4).compare(&drifted.mean).is_match() && !near_mean.is_match());
    }

    #[test]
    fn a_template_of_version_1_is_read_and_compared_by_its_one_network() {
        let mut values = vec![0.0; 128];
        values[0] = 1.0;
        let old = FaceTemplate::from_bytes(&Embedding::unit(&values).to_bytes()).unwrap();
        let compared = old.compare(&face(0.2));
        assert_eq!(compared.networks, face::Networks::SFace);
        assert!(compared.is_match() && !old.compare(&face(1.5)).is_match());
    }

    proptest! {
        #[test]
        fn a_template_survives_its_bytes(a in 0f32..1.5, b in 0f32..1.5) {
            let template = FaceTemplate { mean: face(a), anchor: face(b) };
            let read = FaceTemplate::from_bytes(&template.to_bytes()).unwrap();
            prop_assert!(read.mean.cosine(&template.mean) > 0.9999 && read.anchor.cosine(&template.anchor) > 0.9999);
        }

        #[test]
        fn no_bytes_crash_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..6000)) {
            let _ = FaceTemplate::from_bytes(&bytes);
        }
    }
}
