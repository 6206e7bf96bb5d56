//! Second readings: by the larger network, or from slightly different crops.

use time::Date;

use super::{Engine, PageText, preferred};
use crate::{
    Error, Mrz, Page, TextLine,
    comparison::{compare, is_settled},
    geometry::Quad,
    mrz::{Rereading, ZoneDates},
    printed::{Confirmation, Printed},
    report::Fields,
    second_look,
    text::ReadLine,
    zone, zone_checks,
};

/// Crops with which a line of the zone is read again when its content is impossible: shares of its height added left
/// and right, above and below.
const CUTS: [(f32, f32); 4] = [(0.3, 0.12), (0.0, -0.08), (0.5, 0.25), (0.2, 0.0)];

/// Most lines of print that are read again, 25 ms each, and the number after which the result is checked.
const MOST_AGAIN: usize = 6;
const AT_ONCE: usize = 2;

impl Engine {
    /// Adds a reading by the larger network of lines that are not settled, likeliest first.
    pub(super) fn read_print_again(
        &self,
        read: &PageText,
        mrz: &Mrz,
        straight: &impl Fn(&[TextLine]) -> Printed,
        readings: &mut Vec<Printed>,
        today: Date,
    ) -> Result<(), Error> {
        let compared = |readings: &[Printed]| {
            let dates = ZoneDates::resolve(mrz, readings, today);
            (compare(mrz, &dates, readings, &mut Fields::new()), dates)
        };
        let (checks, dates) = compared(readings);
        if is_settled(&checks) {
            return Ok(());
        }
        let is_zone = |l: &TextLine| mrz.quads.iter().any(|q| l.quad.contains(q.centre()));
        let mut lines = read.lines.clone();
        let mut worth = second_look::worth_reading(&lines, &second_look::missed(mrz, &dates, &checks));
        worth.retain(|at| !is_zone(&lines[*at]));
        worth.truncate(MOST_AGAIN);
        for some in worth.chunks(AT_ONCE) {
            for at in some {
                let Some(again) = self.text.read_again(&read.page, lines[*at].quad)? else { return Ok(()) };
                lines[*at] = again.line;
            }
            readings.truncate(1);
            readings.push(straight(&lines));
            if is_settled(&compared(readings).0) {
                break;
            }
        }
        Ok(())
    }

    /// Corrects words of the names that differ slightly from print, when the larger network reads the zone as it is
    /// printed. Words that still differ confirm nothing.
    pub(super) fn correct_names(
        &self,
        read: &PageText,
        mrz: &mut Mrz,
        readings: &[Printed],
    ) -> Result<(), Error> {
        let words: Vec<String> =
            format!("{} {}", mrz.surname, mrz.given_names).split_whitespace().map(str::to_owned).collect();
        let is_same = |word: &str| {
            readings.iter().any(|p| matches!(p.confirms_name(word, false), Confirmation::Confirmed(_)))
        };
        let differing: Vec<(String, Vec<String>)> = words
            .into_iter()
            .filter(|word| !is_same(word))
            .map(|word| {
                let printed = readings.iter().filter_map(|p| p.near_spelling(&word)).collect();
                (word, printed)
            })
            .filter(|(_, printed): &(_, Vec<String>)| !printed.is_empty())
            .collect();
        let (false, Some(quad)) = (differing.is_empty(), mrz.names_quad()) else { return Ok(()) };
        let Some(again) = self.text.read_again(&read.page, quad)? else { return Ok(()) };
        let again: String = again.mrz.iter().map(|glyph| glyph.character).collect();
        let reads = |word: &str| again.split('<').any(|other| other == word || other.ends_with(word));
        for (word, printed) in differing {
            if let Some(right) = printed.iter().find(|right| reads(right) && !reads(&word)) {
                mrz.correct_name(&word, right);
            }
        }
        Ok(())
    }

    /// Returns the best of several readings of a zone with impossible content: its faulty lines are read by the larger
    /// network, then from different crops. For a zone that may be right but was read with little margin, only the
    /// larger network is asked. Differences to the best reading are recorded as disputed.
    pub(super) fn zone_again(
        &mut self,
        page: &Page,
        mut first: Mrz,
        lines: &[ReadLine],
    ) -> Result<Mrz, Error> {
        let is_plausible = first.is_plausible();
        let worth = if is_plausible { first.lines_with_rivals() } else { first.lines_at_fault() };
        if worth.is_empty() && is_plausible {
            return Ok(first);
        }
        let again: Vec<Quad> = worth.into_iter().filter_map(|i| first.quads.get(i).copied()).collect();
        let kept: Vec<ReadLine> = first
            .quads
            .iter()
            .filter(|quad| !again.contains(quad))
            .filter_map(|quad| lines.iter().rev().find(|l| l.line.quad == *quad).cloned())
            .collect();
        let zone_with = |again: Vec<ReadLine>| zone::find(&[kept.clone(), again].concat());
        let larger: Option<Vec<ReadLine>> =
            again.iter().map(|quad| self.text.read_again(page, *quad)).collect::<Result<_, _>>()?;
        if is_plausible {
            if let Some(larger) = larger.and_then(zone_with) {
                first.contest(&larger, Rereading::OtherNetwork);
            }
            return Ok(first);
        }
        let mut best = first.clone();
        let mut larger_zone = None;
        if let Some(mut larger) = larger.map(zone_with) {
            if let Some(larger) = &larger
                && larger.confirms_letters_of(&first)
                && zone_checks::unreliable(larger).is_empty()
            {
                return Ok(larger.clone());
            }
            if let Some(larger) = &mut larger {
                larger.contest(&first, Rereading::OtherNetwork);
            }
            best = larger.iter().cloned().fold(best, preferred);
            best.dispute(Some(&first));
            best.dispute(larger.as_ref());
            // Different crops do not change what two networks read alike and clearly.
            if best.is_plausible() || zone_checks::unreliable(&best).is_empty() {
                return Ok(best);
            }
            larger_zone = larger;
        }
        for (across, along) in CUTS {
            let cut = |quad: &Quad| quad.grown(across * quad.height(), along * quad.height());
            let cut = again.iter().map(|quad| self.text.read_line(page, cut(quad)));
            let Some(mut again) = zone_with(cut.collect::<Result<_, _>>()?) else { continue };
            again.dispute(Some(&best));
            again.dispute(Some(&first));
            for earlier in [&best, &first].into_iter().chain(&larger_zone) {
                again.contest(earlier, Rereading::SameNetwork);
            }
            best = preferred(best, again);
            if best.is_plausible() {
                break;
            }
        }
        Ok(best)
    }
}
