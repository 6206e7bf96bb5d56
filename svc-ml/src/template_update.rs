//! Rules for updating a template when its subject is enrolled again.
//!
//! The first live enrollment of a subject is its anchor (until there is one, the first enrollment of any kind). The anchor is
//! never dropped or changed, except by a replacement that an administrator asks for. A template is the mean of the anchor
//! and of the best others, at most [`MAX_SAMPLES`], weighted by quality. One more enters the mean only when its caller may
//! change templates or it comes from a video that was judged live, when it matches the anchor at a stricter threshold than
//! that of recognition, and when it matches every other one too. Somebody else is refused. What was made by another version
//! of a model cannot be compared and is replaced.

mod biometric;

use crate::gallery::Modality;

pub use biometric::{Biometric, ENOUGH_SPEECH_S, speech_seconds};

/// Pictures or recordings a template is made of at most.
pub const MAX_SAMPLES: usize = 5;
/// Live samples up to which videos that pass strengthen a template; later ones leave it as it is.
pub const MAX_LIVE_SAMPLES: usize = 3;

/// One picture or recording.
#[derive(Clone, Debug)]
pub struct Weighted<V> {
    pub vector: V,
    /// Above 0.
    pub quality: f64,
    /// It comes from a video whose face was judged live.
    pub is_live: bool,
}

/// What an enrollment did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrollmentOutcome {
    /// Kept; it does not suffice for a template yet.
    Partial,
    /// There was no template; now there is.
    Enrolled,
    /// The template is the mean of one more.
    Strengthened,
    /// The template was made anew.
    Replaced,
    /// The same person; the template stays as it is.
    Unchanged,
    /// Refused: not the person that is enrolled. Nothing was changed.
    AnotherPerson,
    /// Refused: too many others tried before. Nothing was changed.
    Locked,
}

/// What the caller of an enrollment may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permissions {
    /// Make the template anew, also of another person.
    pub replace: bool,
    /// Change the mean of a template that is there.
    pub strengthen: bool,
}

/// A decision: which of the known samples stay, whether the new one is kept, and the template from now on.
#[derive(Debug)]
pub struct TemplateUpdate<V: Biometric> {
    pub outcome: EnrollmentOutcome,
    /// Places among the known ones.
    pub keep: Vec<usize>,
    pub keeps_new: bool,
    pub template: Option<V::Template>,
}

/// The place of the anchor among samples that come oldest first.
fn anchor<V>(known: &[Weighted<V>]) -> Option<usize> {
    known.iter().position(|sample| sample.is_live).or((!known.is_empty()).then_some(0))
}

/// Decides about `new`, given the `known` samples of the current model, oldest first, and the template made of them.
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
    // What does not match the first live sample goes, so it cannot keep that one out.
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

/// Adds `new` to the known samples, whose anchor is at `place`. The first live sample becomes the anchor, and what does
/// not match it goes.
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

/// Decides about `new` of a video that passed. Without a template it makes one, together with those of the known samples
/// that are the same person's. A template that is there is strengthened by a few live faces and else left alone: `None`.
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

/// Of `candidates` and the new sample (whose place is the number of known ones), the anchor and the best others, at most
/// [`MAX_SAMPLES`]; of equals the later ones. Returns the places of known ones and whether the new one is kept.
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
