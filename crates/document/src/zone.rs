//! Finds the machine readable zone among the lines of a page.

use crate::{
    geometry::{Quad, smallest_rectangle},
    mrz::{Candidate, Mrz},
    text::ReadLine,
};

/// Characters of a zone's line, allowing for a few that were missed or added.
const LENGTHS: std::ops::RangeInclusive<usize> = 22..=50;
/// A line of names may have lost most of its trailing fillers.
const SHORTEST_NAMES: usize = 10;
/// Fillers that must have been read, not inserted: there are always two between surname and given names, and ordinary
/// text has none.
const READ_FILLERS: usize = 2;
/// Number of digits read in a name field above which the text is not a zone, or has another format.
const DIGITS_IN_NAMES: usize = 3;
/// Least mean probability of a zone's characters under the zone's alphabet; ordinary text has less. A line of fillers
/// that the full alphabet misreads also has little.
const LIKELY: f32 = 0.3;
/// Fillers of the shortest zone that is accepted without a right check digit.
const FILLERS: usize = 5;
/// Largest distance between lines of a zone, in line heights.
const APART: f32 = 4.0;

/// Returns the zone in `lines`, if any: among all runs of neighbouring lines the one with the most right digits.
pub(crate) fn find(lines: &[ReadLine]) -> Option<Mrz> {
    let candidates = candidates(lines);
    let mut best: Option<Mrz> = None;
    for count in [3, 2, 1] {
        for run in candidates.windows(count).filter(|run| are_neighbours(run)) {
            let fillers: usize = run.iter().map(|c| c.text.matches('<').count()).sum();
            if fillers < READ_FILLERS {
                continue;
            }
            let Some(found) = Mrz::of(run).filter(is_believable) else { continue };
            if best.as_ref().is_none_or(|best| rank(&found) > rank(best)) {
                best = Some(found);
            }
        }
    }
    best
}

/// Ranks zones: by share of right digits, then their number, then whether all other content is possible, then
/// confidence.
pub(crate) fn rank(zone: &Mrz) -> f32 {
    let right = zone.right_digits() as f32;
    let plausible = if zone.is_plausible() { 1.0 } else { 0.0 };
    100.0 * right / zone.check_digits.len().max(1) as f32 + right + plausible + zone.confidence
}

/// Returns lines that may belong to a zone, top to bottom.
fn candidates(lines: &[ReadLine]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = lines.iter().filter_map(candidate).collect();
    found.sort_by(|a, b| a.quad.centre()[1].total_cmp(&b.quad.centre()[1]));
    found
}

pub(crate) fn candidate(line: &ReadLine) -> Option<Candidate> {
    let text: String = line.mrz.iter().map(|g| g.character).collect();
    let confidence = mean(line);
    let is_names = text.contains("<<") && (SHORTEST_NAMES..*LENGTHS.start()).contains(&text.len());
    ((LENGTHS.contains(&text.len()) || is_names) && confidence >= LIKELY).then_some(Candidate {
        text,
        probabilities: line.mrz.iter().map(|g| g.probability).collect(),
        alternatives: line.mrz.iter().map(|g| g.alternatives.clone()).collect(),
        quad: line.line.quad,
        confidence,
    })
}

fn mean(line: &ReadLine) -> f32 {
    line.mrz.iter().map(|g| g.probability).sum::<f32>() / line.mrz.len().max(1) as f32
}

fn are_neighbours(run: &[Candidate]) -> bool {
    run.windows(2).all(|pair| {
        let [a, b] = pair else { return false };
        let height = a.quad.height().max(b.quad.height());
        let gap = b.quad.centre()[1] - a.quad.centre()[1];
        gap < APART * height && gap > 0.4 * height
    })
}

fn is_believable(zone: &Mrz) -> bool {
    let fillers = zone.lines.iter().flat_map(|l| l.bytes()).filter(|c| *c == b'<').count();
    let digits = zone.surname.chars().chain(zone.given_names.chars()).filter(char::is_ascii_digit).count();
    if digits > DIGITS_IN_NAMES {
        return false;
    }
    // A single line has a single digit, which can be right by chance: everything else must be possible as well.
    if zone.lines.len() == 1 {
        return zone.is_plausible();
    }
    let starts_well = zone.lines.first().is_some_and(|l| l.starts_with(['P', 'I', 'A', 'C', 'V']));
    zone.right_digits() >= 3 || (starts_well && fillers >= FILLERS && zone.right_digits() >= 1)
}

/// Fillers from which a line outside any zone still counts as one of a zone.
const FILLERS_OF_LINE: usize = 4;

/// Returns whether the lines contain the first line of a zone whose other lines are cut off.
pub(crate) fn has_first_line(lines: &[ReadLine]) -> bool {
    let is_first = |c: &Candidate| {
        let state = c.text.get(2..5).map(|state| state.trim_end_matches('<')).unwrap_or("");
        is_of_zone(c) && c.text.starts_with(['P', 'I', 'A', 'C', 'V']) && mrz::country_name(state).is_some()
    };
    lines.iter().filter_map(candidate).any(|c| is_first(&c))
}

/// Returns whether there are several lines like those of a zone next to each other, in any form.
pub(crate) fn has_unknown_form(lines: &[ReadLine]) -> bool {
    candidates(lines).windows(2).any(|pair| are_neighbours(pair) && pair.iter().all(is_of_zone))
}

fn is_of_zone(line: &Candidate) -> bool {
    line.text.matches('<').count() >= FILLERS_OF_LINE && line.text.len() >= *LENGTHS.start()
}

/// Joins rows that were detected in pieces, which is common where fillers run: returns the whole row of each.
pub(crate) fn broken_rows(lines: &[ReadLine]) -> Vec<Quad> {
    let is_piece = |l: &&ReadLine| l.mrz.len() >= 3 && mean(l) >= LIKELY;
    let pieces: Vec<&ReadLine> = lines.iter().filter(is_piece).collect();
    let fillers = |l: &ReadLine| l.mrz.iter().filter(|g| g.character == '<').count();
    let mut rows = Vec::new();
    for piece in &pieces {
        let row: Vec<&&ReadLine> =
            pieces.iter().filter(|p| are_level(&piece.line.quad, &p.line.quad)).collect();
        let is_first = row.iter().all(|p| p.line.quad.0[0][0] >= piece.line.quad.0[0][0]);
        let length: usize = row.iter().map(|p| p.mrz.len()).sum();
        let count: usize = row.iter().map(|p| fillers(p)).sum();
        if row.len() < 2 || !is_first || count < 2 || length < 20 || rows.len() >= 6 {
            continue;
        }
        let corners: Vec<[f32; 2]> = row.iter().flat_map(|p| p.line.quad.0).collect();
        rows.extend(smallest_rectangle(&corners));
    }
    rows
}

/// Returns whether two quads are on one line of text.
fn are_level(a: &Quad, b: &Quad) -> bool {
    let ([ax, ay], [bx, by]) = (a.centre(), b.centre());
    let slope = a.angle().tan();
    let height = a.height().min(b.height());
    (by - ay - slope * (bx - ax)).abs() < 0.5 * height && a.height().max(b.height()) < 1.8 * height
}
