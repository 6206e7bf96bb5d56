//! Rules for updating a template when its subject is enrolled again.
//!
//! The first live enrollment of a subject is its anchor (before there is one, the first enrollment of any kind). The
//! anchor is never dropped or changed, except when an administrator replaces the template. A template is the mean of
//! the anchor and of the best others, at most [`MAX_SAMPLES`], weighted by quality. Another sample is added only when
//! its caller may change templates or it is from a video judged live, when it matches the anchor at a stricter
//! threshold than that of recognition, and when it matches every other sample too. Other people are refused. Samples
//! of other model versions cannot be compared and are replaced.

mod biometric;

use crate::gallery::Modality;

pub use biometric::{Biometric, ENOUGH_SPEECH_S, speech_seconds};

/// Most pictures or recordings of a template.
pub const MAX_SAMPLES: usize = 5;
/// Number of live samples up to which passed videos strengthen a template; later ones leave it unchanged.
pub const MAX_LIVE_SAMPLES: usize = 3;

/// One picture or recording.
#[derive(Clone, Debug)]
pub struct Weighted<V> {
    pub vector: V,
    /// Above 0.
    pub quality: f64,
    /// Whether it is from a video with a face judged live.
    pub is_live: bool,
}

/// The result of an enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrollmentOutcome {
    /// Stored; more is needed for a template.
    Partial,
    /// The first template was made.
    Enrolled,
    /// One more sample was added to the template's mean.
    Strengthened,
    /// The template was replaced.
    Replaced,
    /// The same person; the template is unchanged.
    Unchanged,
    /// Refused: another person than the enrolled one. Nothing was changed.
    AnotherPerson,
    /// Refused: too many other people tried before. Nothing was changed.
    Locked,
}

/// The permissions of an enrollment's caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permissions {
    /// Replace the template, even by another person's.
    pub replace: bool,
    /// Change the mean of an existing template.
    pub strengthen: bool,
}

/// A decision: the known samples to keep, whether the new one is stored, and the new template.
#[derive(Debug)]
pub struct TemplateUpdate<V: Biometric> {
    pub outcome: EnrollmentOutcome,
    /// Indices of the known samples.
    pub keep: Vec<usize>,
    pub keeps_new: bool,
    pub template: Option<V::Template>,
}

/// Returns the index of the anchor among samples sorted by age.
fn anchor<V>(known: &[Weighted<V>]) -> Option<usize> {
    known.iter().position(|sample| sample.is_live).or((!known.is_empty()).then_some(0))
}

/// Decides about `new`, given the `known` samples of the current model, oldest first, and their template.
pub fn update<V: Biometric>(
    known: &[Weighted<V>],
    template: Option<&V::Template>,
    new: &Weighted<V>,
    may: Permissions,
) -> TemplateUpdate<V> {
    let unchanged = |outcome| TemplateUpdate {
        outcome,
        keep: (0..known.len()).collect(),
        keeps_new: false,
        template: template.cloned(),
    };
    let Some(place) = anchor(known) else { return first(new) };
    if may.replace {
        let made = V::template(&new.vector, std::slice::from_ref(new));
        return TemplateUpdate {
            outcome: EnrollmentOutcome::Replaced,
            keep: Vec::new(),
            keeps_new: true,
            template: made,
        };
    }
    let anchor = &known[place];
    let reference = template.cloned().or_else(|| V::template(&anchor.vector, known));
    if reference.is_some_and(|reference| !new.vector.is_of(&reference)) {
        return unchanged(EnrollmentOutcome::AnotherPerson);
    }
    // Samples that do not match the first live one are dropped, so they cannot exclude it.
    let is_new_anchor = new.is_live && !anchor.is_live;
    let agrees = |sample: &Weighted<V>| is_new_anchor || new.vector.is_same_person(&sample.vector);
    let may_change = may.strengthen && new.vector.matches_anchor(&anchor.vector) && known.iter().all(agrees);
    if template.is_some() && !may_change {
        return unchanged(EnrollmentOutcome::Unchanged);
    }
    add(known, place, new, template.is_some())
}

fn first<V: Biometric>(new: &Weighted<V>) -> TemplateUpdate<V> {
    let of = std::slice::from_ref(new);
    let template = if V::suffices(of) { V::template(&new.vector, of) } else { None };
    let outcome = if template.is_some() { EnrollmentOutcome::Enrolled } else { EnrollmentOutcome::Partial };
    TemplateUpdate { outcome, keep: Vec::new(), keeps_new: true, template }
}

/// Adds `new` to the known samples, whose anchor is at `place`. The first live sample becomes the anchor, and samples
/// that do not match it are dropped.
fn add<V: Biometric>(
    known: &[Weighted<V>],
    place: usize,
    new: &Weighted<V>,
    had_template: bool,
) -> TemplateUpdate<V> {
    let is_new_anchor = new.is_live && !known[place].is_live;
    let stays = |i: &usize| !is_new_anchor || known[*i].vector.matches_anchor(&new.vector);
    let candidates: Vec<usize> = (0..known.len()).filter(stays).collect();
    let anchored = if is_new_anchor { known.len() } else { place };
    let (keep, keeps_new) = best(known, new, candidates, anchored);
    let kept: Vec<_> = keep.iter().map(|i| known[*i].clone()).chain(keeps_new.then(|| new.clone())).collect();
    let anchor = known.get(anchored).unwrap_or(new);
    let suffices = had_template || V::suffices(&kept);
    let outcome = match (had_template, suffices) {
        (true, _) => EnrollmentOutcome::Strengthened,
        (false, true) => EnrollmentOutcome::Enrolled,
        (false, false) => EnrollmentOutcome::Partial,
    };
    let template = if suffices { V::template(&anchor.vector, &kept) } else { None };
    TemplateUpdate { outcome, keep, keeps_new, template }
}

/// Decides about `new` of a passed video. Without a template it makes one, together with the known samples of the
/// same person. An existing template is strengthened by a few live faces and otherwise unchanged: `None`.
pub fn update_from_video<V: Biometric>(
    known: &[Weighted<V>],
    template: Option<&V::Template>,
    new: &Weighted<V>,
) -> Option<TemplateUpdate<V>> {
    if template.is_some() {
        let live = known.iter().filter(|sample| sample.is_live).count();
        let strengthens = V::MODALITY == Modality::Face && new.is_live && live < MAX_LIVE_SAMPLES;
        let may = Permissions { strengthen: true, replace: false };
        let made = strengthens.then(|| update(known, template, new, may));
        return made.filter(|made| made.outcome == EnrollmentOutcome::Strengthened);
    }
    let same: Vec<usize> =
        (0..known.len()).filter(|i| known[*i].vector.is_same_person(&new.vector)).collect();
    let of: Vec<_> = same.iter().map(|i| known[*i].clone()).collect();
    let mut made = match anchor(&of) {
        Some(place) => add(&of, place, new, false),
        None => first(new),
    };
    made.keep = made.keep.iter().map(|i| same[*i]).collect();
    let kept: Vec<_> =
        made.keep.iter().map(|i| known[*i].clone()).chain(made.keeps_new.then(|| new.clone())).collect();
    let anchor = anchor(&kept).map_or(&new.vector, |place| &kept[place].vector);
    let template = V::template(anchor, &kept);
    Some(TemplateUpdate { outcome: EnrollmentOutcome::Enrolled, template, ..made })
}

/// Selects the anchor and the best others, at most [`MAX_SAMPLES`], of `candidates` and the new sample (whose index
/// is the number of known ones); of equals the later ones. Returns the indices of known ones and whether the new one
/// is stored.
fn best<V>(
    known: &[Weighted<V>],
    new: &Weighted<V>,
    candidates: Vec<usize>,
    anchor: usize,
) -> (Vec<usize>, bool) {
    let mut order = candidates;
    order.push(known.len());
    let rank = |i: &usize| (*i == anchor, known.get(*i).map_or(new.quality, |k| k.quality));
    order.sort_by(|a, b| {
        let ((a_anchors, a_quality), (b_anchors, b_quality)) = (rank(a), rank(b));
        b_anchors.cmp(&a_anchors).then(b_quality.total_cmp(&a_quality)).then(b.cmp(a))
    });
    order.truncate(MAX_SAMPLES);
    let keeps_new = order.contains(&known.len());
    order.retain(|i| *i < known.len());
    order.sort_unstable();
    (order, keeps_new)
}

#[cfg(test)]
mod tests;
