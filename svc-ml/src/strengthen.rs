//! What becomes of a template when its subject is enrolled once more: pure rules.
//!
//! A template is the mean of the best [`MOST`] pictures or recordings, weighted by their quality. Who is enrolled already
//! adds to the mean when the new one is the same person's (the 1:1 threshold), and is refused otherwise, unless the caller
//! asks to begin anew. What was made by another version of a model is not compared, it is replaced.

use face::Embedding;
use voice::{Bandwidth, Voiceprint};
use zeroize::Zeroizing;

use crate::{
    calibration::compare_faces,
    error::Error,
    gallery::{Modality, voice_from_bytes, voice_to_bytes},
};

/// Pictures or recordings a template is made of at most.
pub const MOST: usize = 5;
/// Seconds of speech, over all recordings, from which a voice template is made: below about three seconds the error of
/// a speaker network grows steeply.
pub const ENOUGH_SPEECH_S: f32 = 3.0;

/// What templates are made of.
pub trait Biometric: Clone {
    const MODALITY: Modality;

    /// # Errors
    /// When the bytes are not what [`Biometric::to_bytes`] gives.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error>;

    fn to_bytes(&self) -> Zeroizing<Vec<u8>>;

    /// The weighted mean; none of nothing.
    fn combined(of: &[Weighted<Self>]) -> Option<Self>;

    /// Whether a template may be made of so little.
    fn suffices(of: &[Weighted<Self>]) -> bool;

    fn is_same_person(&self, other: &Self) -> bool;
}

/// One picture or recording, or a template.
#[derive(Clone, Debug)]
pub struct Weighted<V> {
    pub vector: V,
    /// Above 0.
    pub quality: f64,
}

/// What an enrolment did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Kept; it does not suffice for a template yet.
    Partial,
    /// There was no template; now there is.
    Enrolled,
    /// The template is the mean of one more.
    Strengthened,
    /// The template was made anew.
    Replaced,
    /// Refused: not the person that is enrolled. Nothing was changed.
    AnotherPerson,
}

/// A decision: which of the known ones stay, whether the new one is kept, and the template from now on.
#[derive(Debug)]
pub struct Plan<V> {
    pub standing: Standing,
    /// Places among the known ones.
    pub keep: Vec<usize>,
    pub keeps_new: bool,
    pub template: Option<V>,
}

/// Decides about `new`, given the `known` ones of the current model, oldest first, and the template made of them.
pub fn plan<V: Biometric>(
    known: &[Weighted<V>],
    template: Option<&V>,
    new: &Weighted<V>,
    replace: bool,
) -> Plan<V> {
    let is_known = template.is_some() || !known.is_empty();
    if replace && is_known {
        let template = Some(new.vector.clone());
        return Plan { standing: Standing::Replaced, keep: Vec::new(), keeps_new: true, template };
    }
    let reference = template.cloned().or_else(|| V::combined(known));
    if reference.is_some_and(|known| !known.is_same_person(&new.vector)) {
        let (keep, template) = ((0..known.len()).collect(), template.cloned());
        return Plan { standing: Standing::AnotherPerson, keep, keeps_new: false, template };
    }
    let (keep, keeps_new) = best(known, new);
    let kept: Vec<_> = keep.iter().map(|i| known[*i].clone()).chain(keeps_new.then(|| new.clone())).collect();
    let suffices = template.is_some() || V::suffices(&kept);
    let standing = match (template.is_some(), suffices) {
        (true, _) => Standing::Strengthened,
        (false, true) => Standing::Enrolled,
        (false, false) => Standing::Partial,
    };
    Plan { standing, keep, keeps_new, template: if suffices { V::combined(&kept) } else { None } }
}

/// Decides about `new` of a video that passed: it makes the template, together with those of the `known` ones that are
/// the same person's.
pub fn adopt<V: Biometric>(known: &[Weighted<V>], new: &Weighted<V>) -> Plan<V> {
    let same: Vec<usize> =
        (0..known.len()).filter(|i| known[*i].vector.is_same_person(&new.vector)).collect();
    let of: Vec<_> = same.iter().map(|i| known[*i].clone()).collect();
    let mut plan = plan(&of, None, new, false);
    plan.keep = plan.keep.iter().map(|i| same[*i]).collect();
    let kept: Vec<_> =
        plan.keep.iter().map(|i| known[*i].clone()).chain(plan.keeps_new.then(|| new.clone())).collect();
    Plan { standing: Standing::Enrolled, template: V::combined(&kept), ..plan }
}

/// The places of the [`MOST`] best, and whether the new one is among them; of equals the later ones.
fn best<V>(known: &[Weighted<V>], new: &Weighted<V>) -> (Vec<usize>, bool) {
    let mut order: Vec<usize> = (0..=known.len()).collect();
    let quality = |i: &usize| known.get(*i).map_or(new.quality, |k| k.quality);
    order.sort_by(|a, b| quality(b).total_cmp(&quality(a)).then(b.cmp(a)));
    order.truncate(MOST);
    let keeps_new = order.contains(&known.len());
    order.retain(|i| *i < known.len());
    order.sort_unstable();
    (order, keeps_new)
}

fn weighted_sum<'a>(each: impl Iterator<Item = (&'a [f32], f64)>) -> Vec<f32> {
    let mut sum: Vec<f64> = Vec::new();
    for (values, weight) in each {
        sum.resize(values.len(), 0.0);
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * f64::from(*value));
    }
    sum.into_iter().map(|v| v as f32).collect()
}

impl Biometric for Embedding {
    const MODALITY: Modality = Modality::Face;

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::from_bytes(bytes)?)
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(Self::to_bytes(self))
    }

    fn combined(of: &[Weighted<Self>]) -> Option<Self> {
        let sum = weighted_sum(of.iter().map(|w| (w.vector.values(), w.quality)));
        (!sum.is_empty()).then(|| Self::unit(&sum))
    }

    fn suffices(of: &[Weighted<Self>]) -> bool {
        !of.is_empty()
    }

    fn is_same_person(&self, other: &Self) -> bool {
        compare_faces(f64::from(self.cosine(other)), 1).matched
    }
}

/// The recordings a voice template is made of: the wide-band ones where there are any, because narrow ones score
/// differently and would blur the mean.
fn heard_best(of: &[Weighted<Voiceprint>]) -> impl Iterator<Item = &Weighted<Voiceprint>> {
    let is_wide = of.iter().any(|w| w.vector.bandwidth() == Bandwidth::Wide);
    of.iter().filter(move |w| !is_wide || w.vector.bandwidth() == Bandwidth::Wide)
}

/// Seconds of speech a voice template would be made of.
pub fn speech_seconds(of: &[Weighted<Voiceprint>]) -> f32 {
    heard_best(of).map(|w| w.vector.speech_seconds()).sum()
}

impl Biometric for Voiceprint {
    const MODALITY: Modality = Modality::Voice;

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        voice_from_bytes(bytes)
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        voice_to_bytes(self)
    }

    fn combined(of: &[Weighted<Self>]) -> Option<Self> {
        let first = heard_best(of).next()?;
        let sum = weighted_sum(heard_best(of).map(|w| (w.vector.embedding(), w.quality)));
        // Only voices that are each other's very opposite add up to nothing.
        let mean = Self::new(sum, first.vector.bandwidth(), speech_seconds(of));
        Some(mean.unwrap_or_else(|_| first.vector.clone()))
    }

    fn suffices(of: &[Weighted<Self>]) -> bool {
        speech_seconds(of) >= ENOUGH_SPEECH_S
    }

    fn is_same_person(&self, other: &Self) -> bool {
        voice::compare(self, other).matched
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Faces near one axis, by less than any two of a person differ.
    fn face(axis: usize, noise: &[f32]) -> Embedding {
        let mut values = vec![0.0; 128];
        values[axis] = 1.0;
        noise.iter().enumerate().for_each(|(i, n)| values[64 + i] += 0.1 * n);
        Embedding::unit(&values)
    }

    fn weighted(vector: Embedding, quality: f64) -> Weighted<Embedding> {
        Weighted { vector, quality }
    }

    fn voice(seconds: f32, bandwidth: Bandwidth, axis: usize) -> Weighted<Voiceprint> {
        let mut values = vec![0.01; voice::EMBEDDING_LEN];
        values[axis] = 1.0;
        Weighted { vector: Voiceprint::new(values, bandwidth, seconds).unwrap(), quality: seconds.into() }
    }

    #[test]
    fn somebody_else_changes_nothing_unless_asked_to() {
        let known = [weighted(face(0, &[]), 0.8)];
        let template = face(0, &[]);
        let other = weighted(face(1, &[]), 0.9);
        let refused = plan(&known, Some(&template), &other, false);
        assert_eq!((refused.standing, refused.keeps_new), (Standing::AnotherPerson, false));
        assert_eq!((refused.keep, refused.template), (vec![0], Some(template.clone())));
        let replaced = plan(&known, Some(&template), &other, true);
        assert_eq!((replaced.standing, replaced.keep), (Standing::Replaced, vec![]));
        assert_eq!(replaced.template, Some(face(1, &[])));
    }

    #[test]
    fn recordings_add_up_until_they_suffice() {
        let mut known = Vec::new();
        for standing in [Standing::Partial, Standing::Partial, Standing::Enrolled] {
            let new = voice(1.2, Bandwidth::Wide, 0);
            let plan = plan(&known, None, &new, false);
            assert_eq!((plan.standing, plan.template.is_some()), (standing, standing == Standing::Enrolled));
            known.push(new);
        }
        let stranger = plan(&known[..1], None, &voice(9.0, Bandwidth::Wide, 5), false);
        assert_eq!(stranger.standing, Standing::AnotherPerson, "also while there is no template yet");
    }

    #[test]
    fn a_template_of_little_speech_stays_one_when_it_is_strengthened() {
        let first = voice(1.2, Bandwidth::Wide, 0);
        let more =
            plan(std::slice::from_ref(&first), Some(&first.vector), &voice(1.1, Bandwidth::Wide, 0), false);
        assert_eq!(more.standing, Standing::Strengthened);
        assert!((more.template.unwrap().speech_seconds() - 2.3).abs() < 1e-5);
    }

    #[test]
    fn narrow_recordings_count_where_there_are_no_wide_ones() {
        let (wide, narrow) = (voice(2.0, Bandwidth::Wide, 0), voice(4.0, Bandwidth::Narrow, 0));
        assert!(Voiceprint::suffices(std::slice::from_ref(&narrow)));
        assert!(!Voiceprint::suffices(&[wide.clone(), narrow.clone()]));
        assert_eq!(Voiceprint::combined(&[narrow, wide]).unwrap().bandwidth(), Bandwidth::Wide);
    }

    #[test]
    fn a_passing_video_makes_the_template_and_strangers_recordings_go() {
        let known = [voice(1.0, Bandwidth::Wide, 7), voice(1.0, Bandwidth::Wide, 0)];
        let adopted = adopt(&known, &voice(1.5, Bandwidth::Wide, 0));
        assert_eq!((adopted.standing, adopted.keep), (Standing::Enrolled, vec![1]));
        assert!((adopted.template.unwrap().speech_seconds() - 2.5).abs() < 1e-5);
    }

    fn noises() -> impl Strategy<Value = Vec<(Vec<f32>, f64)>> {
        prop::collection::vec((prop::collection::vec(-1f32..1.0, 8), 0.01f64..1.0), 0..9)
    }

    proptest! {
        #[test]
        fn a_template_is_near_all_it_is_made_of_and_of_unit_length(each in noises()) {
            let each: Vec<_> = each.iter().map(|(n, q)| weighted(face(0, n), *q)).collect();
            let Some(mean) = Embedding::combined(&each) else { return Ok(()) };
            let length: f32 = mean.values().iter().map(|v| v * v).sum();
            prop_assert!((length - 1.0).abs() < 1e-4);
            for one in &each {
                prop_assert!(mean.is_same_person(&one.vector));
            }
        }

        #[test]
        fn the_order_of_enrolments_and_the_scale_of_their_weights_do_not_matter(each in noises(), scale in 0.1f64..10.0) {
            let all: Vec<_> = each.iter().map(|(n, q)| weighted(face(0, n), *q)).collect();
            let scaled: Vec<_> = each.iter().rev().map(|(n, q)| weighted(face(0, n), scale * q)).collect();
            if let (Some(a), Some(b)) = (Embedding::combined(&all), Embedding::combined(&scaled)) {
                prop_assert!(a.cosine(&b) > 0.9999);
            }
        }

        #[test]
        fn only_the_best_are_kept_and_never_more_than_a_few(each in noises(), quality in 0.01f64..1.0) {
            let known: Vec<_> = each.iter().take(MOST).map(|(n, q)| weighted(face(0, n), *q)).collect();
            let new = weighted(face(0, &[]), quality);
            let plan = plan(&known, Embedding::combined(&known).as_ref(), &new, false);
            let kept = plan.keep.len() + usize::from(plan.keeps_new);
            prop_assert!(kept <= MOST && kept == MOST.min(known.len() + 1));
            let worst_kept = plan.keep.iter().map(|i| known[*i].quality).chain(plan.keeps_new.then_some(quality));
            let worst_kept = worst_kept.fold(f64::INFINITY, f64::min);
            let dropped = (0..known.len()).filter(|i| !plan.keep.contains(i)).map(|i| known[i].quality);
            prop_assert!(dropped.chain((!plan.keeps_new).then_some(quality)).all(|q| q <= worst_kept));
            prop_assert!(plan.template.is_some());
        }

        #[test]
        fn a_stranger_never_moves_a_template(each in noises(), quality in 0.01f64..1.0) {
            let known: Vec<_> = each.iter().map(|(n, q)| weighted(face(0, n), *q)).collect();
            let template = Embedding::combined(&known);
            prop_assume!(template.is_some());
            let plan = plan(&known, template.as_ref(), &weighted(face(3, &[]), quality), false);
            prop_assert_eq!(plan.standing, Standing::AnotherPerson);
            prop_assert_eq!(plan.template, template);
            prop_assert_eq!(plan.keep.len(), known.len());
        }
    }
}
