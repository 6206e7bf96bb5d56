//! Lips and sounds of other people, to normalise a score.

use std::ops::{Range, RangeInclusive};

use crate::{
    Error, sound,
    sync::{self, Heard},
};

type Clip = Vec<[f32; sync::DIM]>;

/// Vectors of clips outside the networks' training data, lips and sound of the same clips in the same order, and the
/// weights of the sounds' frames.
pub(crate) struct Cohort {
    lips: Vec<Clip>,
    sounds: Vec<Clip>,
    weights: Vec<Vec<f32>>,
}

const MAGIC: &[u8; 4] = b"AVC2";

impl Cohort {
    /// Parses `AVC2`, then clips, frames and dimensions as little-endian u32, then all lips and all sounds as i8 over
    /// 127, then the loudness of all sounds' frames as u8 over 255.
    ///
    /// # Errors
    /// [`Error::BadModel`] for anything else.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(bytes).ok_or(Error::BadModel("the sync cohort"))
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (header, values) = bytes.split_at_checked(16)?;
        let number = |i: usize| Some(u32::from_le_bytes(header.get(i..i + 4)?.try_into().ok()?) as usize);
        let (clips, frames, dim) = (number(4)?, number(8)?, number(12)?);
        let half = clips.checked_mul(frames)?.checked_mul(sync::DIM)?;
        let length = half.checked_mul(2)?.checked_add(clips * frames)?;
        if !header.starts_with(MAGIC) || dim != sync::DIM || half == 0 || values.len() != length {
            return None;
        }
        let vector = |v: &[u8]| std::array::from_fn(|i| f32::from(v[i].cast_signed()) / 127.0);
        let clip = |bytes: &[u8]| bytes.chunks_exact(sync::DIM).map(vector).collect();
        let read = |part: &[u8]| part.chunks_exact(frames * sync::DIM).map(clip).collect();
        let (lips, rest) = values.split_at(half);
        let (sounds, loudness) = rest.split_at(half);
        let weights = |clip: &[u8]| clip.iter().map(|v| sound::weight(f32::from(*v) / 255.0)).collect();
        let weights = loudness.chunks_exact(frames).map(weights).collect();
        Some(Self { lips: read(lips), sounds: read(sounds), weights })
    }

    /// Returns the s-normed score of lips and sound: the mean over windows of the cohort's clip length, so that
    /// scores of long and short clips are comparable. Each pair counts with its best lag of those `accepted`.
    pub(crate) fn normalised_score(
        &self,
        lips: &[[f32; sync::DIM]],
        sound: Heard<'_>,
        accepted: &RangeInclusive<isize>,
    ) -> f32 {
        let frames = lips.len().min(sound.vectors.len());
        let parts = windows(frames, self.lips[0].len());
        let count = parts.len() as f32;
        parts.into_iter().map(|part| self.score(&lips[part.clone()], sound.part(part), accepted)).sum::<f32>()
            / count
    }

    /// Scores one window against the cohort's clips cut to its length.
    fn score(&self, lips: &[[f32; sync::DIM]], sound: Heard<'_>, accepted: &RangeInclusive<isize>) -> f32 {
        let frames = lips.len();
        let others = self.sounds.iter().zip(&self.weights);
        let others = others.map(|(vectors, weights)| Heard { vectors, weights }.part(0..frames));
        let with_lips = others.map(|other| sync::peak(lips, other, accepted));
        let with_sound = self.lips.iter().map(|other| sync::peak(&other[..frames], sound, accepted));
        let by_lips = sync::mean_and_deviation(&with_lips.collect::<Vec<_>>());
        let by_sound = sync::mean_and_deviation(&with_sound.collect::<Vec<_>>());
        sync::s_norm(sync::peak(lips, sound, accepted), by_lips, by_sound)
    }
}

/// Returns the fewest stretches of `length` frames that cover the clip, spread evenly; the whole clip if it is not
/// longer.
fn windows(frames: usize, length: usize) -> Vec<Range<usize>> {
    if frames <= length {
        return std::iter::once(0..frames).collect();
    }
    let count = frames.div_ceil(length);
    let start = |k: usize| k * (frames - length) / (count - 1);
    (0..count).map(|k| start(k)..start(k) + length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(clips: u32, frames: u32, dim: u32) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for n in [clips, frames, dim] {
            bytes.extend(n.to_le_bytes());
        }
        let each = (clips * frames * dim) as usize;
        bytes.extend((0..2 * each).map(|i| (i / (frames * dim) as usize) as u8));
        bytes.extend((0..clips * frames).map(|_| 255));
        bytes
    }

    #[test]
    fn a_score_does_not_grow_with_the_length_of_the_clip() {
        let cohort = Cohort::parse(&bytes(3, 10, 64)).unwrap();
        let one: Clip = vec![[0.3; sync::DIM]; 10];
        let long = one.repeat(4);
        let score = |clip: &Clip| {
            let heard = Heard { vectors: clip, weights: &[1.0; 40][..clip.len()] };
            cohort.normalised_score(clip, heard, &(-3..=3))
        };
        let (short, long) = (score(&one), score(&long));
        assert!((short - long).abs() < 1e-3, "{short} {long}");
    }

    proptest! {
        #[test]
        fn windows_cover_the_clip(frames in 1usize..500, length in 1usize..100) {
            let all = windows(frames, length);
            prop_assert_eq!((all[0].start, all[all.len() - 1].end), (0, frames));
            prop_assert!(all.windows(2).all(|w| w[1].start <= w[0].end));
            prop_assert!(all.iter().all(|w| w.len() == length.min(frames)));
        }

        #[test]
        fn a_damaged_cohort_is_refused(cut in 0usize..400, clips in 0u32..4, dim in 63u32..66) {
            let whole = bytes(clips, 2, dim);
            let damaged = &whole[..whole.len().saturating_sub(cut)];
            prop_assert_eq!(Cohort::parse(damaged).is_ok(), cut == 0 && clips > 0 && dim == 64);
        }
    }
}
