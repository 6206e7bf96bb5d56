//! Face embeddings.

use crate::{
    Error,
    score::{Networks, Similarity},
};

/// Dimensions of SFace's vector and of the second network's.
const SFACE: usize = 128;
const SECOND: usize = 512;
/// SFace's share in the cosine of both networks. Its errors at a false match rate of 10^-4 are half of the second's.
const SFACE_SHARE: f32 = 0.7;

/// A unit vector: of SFace, of the second network, or of [both](Self::both). Vectors of the same networks are compared by
/// their cosine.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// `values` scaled to length 1.
    pub fn unit(values: &[f32]) -> Self {
        let length = values.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        Self(values.iter().map(|v| v / length).collect())
    }

    /// Joins the vectors of both networks: the cosine of two of these is the weighted mean of the networks' cosines.
    pub fn both(sface: &Self, second: &Self) -> Self {
        let scaled = |of: &Self, share: f32| of.0.iter().map(|v| v * share.sqrt()).collect::<Vec<_>>();
        Self([scaled(sface, SFACE_SHARE), scaled(second, 1.0 - SFACE_SHARE)].concat())
    }

    /// Whether it has the vectors of both networks.
    pub fn has_both(&self) -> bool {
        self.0.len() == SFACE + SECOND
    }

    /// Compares two faces by the networks that both have: templates of older versions have only SFace's vector.
    pub fn compare(&self, other: &Self) -> Similarity {
        if self.has_both() && other.has_both() {
            return Similarity { cosine: self.cosine(other).into(), networks: Networks::Both };
        }
        let sface = |of: &Self| Self::unit(of.0.get(..SFACE).unwrap_or(&of.0));
        Similarity { cosine: sface(self).cosine(&sface(other)).into(), networks: Networks::SFace }
    }

    /// Returns the unit mean; `None` for an empty list.
    pub fn mean(each: &[Self]) -> Option<Self> {
        Self::weighted_mean(each.iter().map(|embedding| (embedding, 1.0)))
    }

    /// Returns the weighted unit mean, with weights of 0 or more; `None` for an empty list or zero weights.
    pub fn weighted_mean<'a>(each: impl IntoIterator<Item = (&'a Self, f32)>) -> Option<Self> {
        let mut sum: Vec<f32> = Vec::new();
        let mut total = 0.0;
        for (embedding, weight) in each {
            sum.resize(embedding.0.len(), 0.0);
            sum.iter_mut().zip(&embedding.0).for_each(|(sum, value)| *sum += weight * value);
            total += weight;
        }
        (total > 0.0).then(|| Self::unit(&sum))
    }

    /// Returns the cosine, -1..1; higher is more similar.
    pub fn cosine(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }

    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// Little-endian 32-bit floats.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    /// Parses the output of [`Embedding::to_bytes`].
    ///
    /// # Errors
    /// When the length matches no network of this crate or a value is not a number.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if ![SFACE, SECOND, SFACE + SECOND].map(|numbers| 4 * numbers).contains(&bytes.len()) {
            return Err(Error::Embedding);
        }
        let values: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if values.iter().all(|v| v.is_finite()) { Ok(Self::unit(&values)) } else { Err(Error::Embedding) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_bring_it_back() {
        let values: Vec<f32> = (0..128).map(|i| (i as f32 * 0.7).sin()).collect();
        let embedding = Embedding::unit(&values);
        assert!(Embedding::from_bytes(&embedding.to_bytes()).unwrap().cosine(&embedding) > 0.99999);
        assert!(Embedding::from_bytes(&[0; 7]).is_err());
        assert!(Embedding::from_bytes(&f32::NAN.to_le_bytes().repeat(128)).is_err());
    }

    #[test]
    fn the_cosine_of_both_networks_is_the_weighted_mean_of_theirs() {
        let vector = |seed: f32, n: usize| {
            Embedding::unit(&(0..n).map(|i| (i as f32 * seed + seed).sin()).collect::<Vec<_>>())
        };
        let ([a, b], [c, d]) =
            ([0.7, 0.9].map(|seed| vector(seed, SFACE)), [0.31, 0.33].map(|seed| vector(seed, SECOND)));
        let (one, two) = (Embedding::both(&a, &c), Embedding::both(&b, &d));
        let compared = one.compare(&two);
        let expected = f64::from(SFACE_SHARE * a.cosine(&b) + (1.0 - SFACE_SHARE) * c.cosine(&d));
        assert!(compared.networks == Networks::Both && (compared.cosine - expected).abs() < 1e-5);
        let old = one.compare(&b);
        assert!(old.networks == Networks::SFace && (old.cosine - f64::from(a.cosine(&b))).abs() < 1e-5);
        assert_eq!(Embedding::from_bytes(&one.to_bytes()).unwrap().compare(&one).networks, Networks::Both);
    }

    #[test]
    fn the_mean_lies_between() {
        let (a, b) = (Embedding::unit(&[1.0, 0.0]), Embedding::unit(&[0.0, 2.0]));
        let mean = Embedding::mean(&[a.clone(), b]).unwrap();
        assert!((mean.cosine(&a) - 0.5_f32.sqrt()).abs() < 1e-6);
        assert_eq!(Embedding::mean(&[]), None);
    }

    #[test]
    fn a_better_crop_pulls_the_mean_further() {
        let (a, b) = (Embedding::unit(&[1.0, 0.0]), Embedding::unit(&[0.0, 1.0]));
        let mean = Embedding::weighted_mean([(&a, 0.9), (&b, 0.3)]).unwrap();
        assert!((mean.cosine(&a) - 0.9 / 0.9f32.hypot(0.3)).abs() < 1e-6);
        assert_eq!(Embedding::weighted_mean([(&a, 0.0)]), None);
    }
}
