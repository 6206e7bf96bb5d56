//! Decides from common marks which recordings are the same.

use std::collections::{BTreeMap, BTreeSet};

use super::Kind;

/// A stored mark that equals one of the new recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The stored recording.
    pub seq: i64,
    pub kind: Kind,
    /// Its place in the stored recording, and in the new one.
    pub stored_place: u32,
    pub place: u32,
}

/// The number of marks of a kind in a recording, and their first and last place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub stored: u32,
    pub first: u32,
    pub last: u32,
}

/// Bounds for two recordings to be the same: fitted on half of the development clips, verified on the other
/// (docs/ACCURACY.md).
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Tolerance of a displacement, in places.
    slack: i64,
    /// Fewest common marks at one displacement.
    marks: u32,
    /// Least share of the stored marks in the common part. A tone that an application plays at the start of every
    /// recording is a small part of it.
    share: f64,
    /// Least length of the common part, in places.
    overlap: i64,
}

impl Kind {
    const fn bounds(self) -> Bounds {
        match self {
            // 6 milliseconds per place.
            Self::Sound => Bounds { slack: 3, marks: 6, share: 0.06, overlap: 120 },
            // 40 milliseconds per place.
            Self::Picture => Bounds { slack: 1, marks: 16, share: 0.4, overlap: 25 },
        }
    }
}

/// From here on, two recordings are the same; see [`likeness`].
const SAME: f64 = 1.0;

/// Returns the recordings that are the same as the new one, and by what; `at_hand` are its spans, `stored` those of
/// the others.
pub fn same_recordings(
    rows: &[Row],
    at_hand: &BTreeMap<Kind, Span>,
    stored: &BTreeMap<(i64, Kind), Span>,
) -> BTreeMap<i64, BTreeSet<Kind>> {
    let mut same: BTreeMap<i64, BTreeSet<Kind>> = BTreeMap::new();
    for ((seq, kind), likeness) in likeness(rows, at_hand, stored) {
        if likeness >= SAME {
            same.entry(seq).or_default().insert(kind);
        }
    }
    same
}

/// Returns the similarity of the new recording to each one with a common mark, by kind, as a multiple of the bound
/// for equal recordings.
pub fn likeness(
    rows: &[Row],
    at_hand: &BTreeMap<Kind, Span>,
    stored: &BTreeMap<(i64, Kind), Span>,
) -> BTreeMap<(i64, Kind), f64> {
    let mut all = BTreeMap::new();
    for ((seq, kind), displacements) in by_displacement(rows) {
        if let Some((query, other)) = at_hand.get(&kind).zip(stored.get(&(seq, kind))) {
            all.insert((seq, kind), likeness_of(kind, &displacements, *query, *other));
        }
    }
    all
}

/// Places of the stored recording by displacement, by recording and kind.
type Displacements = BTreeMap<i64, BTreeSet<u32>>;

fn by_displacement(rows: &[Row]) -> BTreeMap<(i64, Kind), Displacements> {
    let mut all: BTreeMap<(i64, Kind), Displacements> = BTreeMap::new();
    for row in rows {
        let displacement = i64::from(row.place) - i64::from(row.stored_place);
        let of_recording = all.entry((row.seq, row.kind)).or_default();
        of_recording.entry(displacement).or_default().insert(row.stored_place);
    }
    all
}

fn likeness_of(kind: Kind, displacements: &Displacements, at_hand: Span, stored: Span) -> f64 {
    let Bounds { slack, marks, share, overlap } = kind.bounds();
    let at = |displacement: &i64| {
        let both = overlapping(*displacement, at_hand, stored);
        if both < overlap {
            return 0.0;
        }
        // Marks of one displacement within the slack; each stored one counts once.
        let near = displacements.range(*displacement..=*displacement + slack);
        let common: BTreeSet<u32> = near.flat_map(|(_, places)| places.iter().copied()).collect();
        let density = f64::from(stored.stored) / (i64::from(stored.last - stored.first).max(1) as f64);
        let expected = (density * both as f64).max(1.0);
        (common.len() as f64 / f64::from(marks)).min(common.len() as f64 / expected / share)
    };
    displacements.keys().map(at).fold(0.0, f64::max)
}

/// Returns the places of the common part.
fn overlapping(displacement: i64, at_hand: Span, stored: Span) -> i64 {
    let start = i64::from(at_hand.first).max(i64::from(stored.first) + displacement);
    let end = i64::from(at_hand.last).min(i64::from(stored.last) + displacement);
    end - start
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPAN: Span = Span { stored: 100, first: 0, last: 400 };

    fn rows(places: impl Iterator<Item = u32>, by: u32) -> Vec<Row> {
        let row = |place| Row { seq: 1, kind: Kind::Sound, stored_place: place, place: place + by };
        places.map(row).collect()
    }

    fn is_found(rows: &[Row], at_hand: Span) -> bool {
        let stored = [((1, Kind::Sound), SPAN)].into();
        !same_recordings(rows, &[(Kind::Sound, at_hand)].into(), &stored).is_empty()
    }

    #[test]
    fn marks_at_one_displacement_count_and_scattered_ones_do_not() {
        assert!(is_found(&rows((0..400).step_by(20), 0), SPAN));
        assert!(is_found(&rows((0..400).step_by(20), 150), Span { last: 550, ..SPAN }), "cut at the front");
        let scattered: Vec<Row> = (0..20).flat_map(|i| rows(std::iter::once(i * 20), i * 17)).collect();
        assert!(!is_found(&scattered, SPAN));
        assert!(!is_found(&rows((0..100).step_by(20), 0), SPAN), "too few");
    }

    #[test]
    fn a_sound_that_all_recordings_begin_with_is_too_small_a_part() {
        let long = Span { stored: 1000, first: 0, last: 4000 };
        let stored = [((1, Kind::Sound), long)].into();
        let tone = rows((0..160).step_by(4), 0);
        assert!(same_recordings(&tone, &[(Kind::Sound, long)].into(), &stored).is_empty());
        let begun = Span { stored: 40, first: 0, last: 160 };
        assert!(
            !same_recordings(&tone, &[(Kind::Sound, begun)].into(), &stored).is_empty(),
            "it is all there is"
        );
    }

    proptest! {
        #[test]
        fn any_rows_are_counted(rows in prop::collection::vec((0i64..3, any::<u32>(), any::<u32>()), 0..50), span in any::<(u32, u32)>()) {
            let rows: Vec<Row> = rows.into_iter()
                .map(|(seq, stored_place, place)| Row { seq, kind: Kind::Picture, stored_place, place }).collect();
            let span = Span { stored: span.0, first: 0, last: span.1 };
            let _ = same_recordings(&rows, &[(Kind::Picture, span)].into(), &[((1, Kind::Picture), span)].into());
        }
    }
}
