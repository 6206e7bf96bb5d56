//! Look-alikes whose check digit is elsewhere: in long document numbers, whose rest and digit are in the optional data,
//! and in the optional data of cards, which only the composite digit covers.

use super::{CharacterReading, ODDS, Repairs, Solution, replace, solve};
use crate::mrz::{
    layout::{Class, MrzFormat},
    look_alikes::{self, agrees, candidates, digit, has_evidence},
    numbers::{check_digits, long_number},
    shape::Shape,
};

/// A line and a position on it.
type Place = (usize, usize);

/// Repairs the fields that [`super::repair`] leaves out, because it handles fields with their check digits beside them.
pub(super) fn repair(
    format: MrzFormat,
    lines: &mut [String],
    readings: &[Vec<CharacterReading>],
    repairs: &mut Repairs,
) {
    if let Some((number, check)) = long_number_places(format, lines) {
        repair_long_number(lines, readings, &number, check, repairs);
    }
    let long = long_number(format, lines);
    let digits = check_digits(format, lines, long.as_ref());
    let is_composite_wrong = digits.iter().any(|(name, right)| *name == "composite" && !right);
    let are_others_right = digits.iter().all(|(name, right)| *right || *name == "composite");
    if is_composite_wrong && are_others_right && repairs.guessed.is_empty() && repairs.ambiguous.is_empty() {
        let taken = long.map_or(0, |long| long.taken);
        repair_optional(format, lines, readings, taken, repairs);
    }
}

/// Returns the positions of a number that continues in the optional data, and of its check digit there.
fn long_number_places(format: MrzFormat, lines: &[String]) -> Option<(Vec<Place>, Place)> {
    let span = format.spans().into_iter().find(|span| span.name == "document number")?;
    let (line, at) = format.optional().into_iter().next()?;
    let has_filler = lines.get(span.line)?.as_bytes().get(span.check?) == Some(&b'<');
    if matches!(format, MrzFormat::MrvA | MrzFormat::MrvB) || !has_filler {
        return None;
    }
    let rest = lines.get(line)?.get(at.clone())?.split('<').next()?.len();
    let check = at.start + rest.checked_sub(1).filter(|rest| *rest > 0)?;
    let number = span.at.map(|at| (span.line, at)).chain((at.start..check).map(|at| (line, at)));
    Some((number.collect(), (line, check)))
}

fn repair_long_number(
    lines: &mut [String],
    readings: &[Vec<CharacterReading>],
    places: &[Place],
    check: Place,
    repairs: &mut Repairs,
) {
    let (Some(field), Some(reading), Some(digit)) =
        (characters(lines, places), reading_of(readings, places), characters(lines, &[check]))
    else {
        return;
    };
    match solve(&field, digit[0], Class::Any, &reading, None) {
        Solution::AsRead => {}
        Solution::Ambiguous => repairs.ambiguous.push("document number"),
        Solution::Repaired { field: repaired, check: digit, proof } => {
            if repaired != field && proof.is_none() {
                repairs.guessed.push("document number");
            }
            let why = proof.unwrap_or("decided by its check digit");
            repairs.reported.push(format!("document number: look-alike characters, {why}"));
            put(lines, places, &repaired);
            put(lines, &[check], &[digit]);
        }
    }
}

/// Exchanges look-alikes of the optional data so that the composite digit is right: only those that the recogniser
/// considered possible or that the height of a character shows. The other fields are right by their own digits and do
/// not change.
fn repair_optional(
    format: MrzFormat,
    lines: &mut [String],
    readings: &[Vec<CharacterReading>],
    taken: usize,
    repairs: &mut Repairs,
) {
    let covered: Vec<Place> =
        format.composite().into_iter().flat_map(|(line, at)| at.map(move |at| (line, at))).collect();
    let Some((check, places)) = covered.split_last() else { return };
    let skipped = |index: usize| if index == 0 { taken } else { 0 };
    let optional: Vec<Place> = format
        .optional()
        .into_iter()
        .enumerate()
        .flat_map(|(index, (line, at))| (at.start + skipped(index)..at.end).map(move |at| (line, at)))
        .collect();
    let (Some(field), Some(mut reading), Some(digit_read)) =
        (characters(lines, places), reading_of(readings, places), characters(lines, &[*check]))
    else {
        return;
    };
    for ((place, read), reading) in places.iter().zip(&field).zip(&mut reading) {
        if !optional.contains(place) {
            reading.shape = Some(if read.is_ascii_digit() { Shape::Digit } else { Shape::Letter });
        }
    }
    let check_digit = digit(digit_read[0]);
    let mut found = if agrees(&field, check_digit) {
        vec![look_alikes::Candidate { field: field.clone(), odds: 1.0, is_proven: true }]
    } else {
        candidates(&field, check_digit, &reading)
    };
    found.retain(|candidate| {
        let changed = candidate.field.iter().zip(&field).zip(&reading);
        changed
            .filter(|((other, read), _)| other != read)
            .all(|((other, _), reading)| has_evidence(*other, reading))
    });
    match found.as_slice() {
        [] => {}
        [best, rest @ ..] if rest.first().is_none_or(|next| best.odds >= ODDS * next.odds) => {
            if !best.is_proven {
                repairs.guessed.push("composite");
            }
            let why = if best.is_proven {
                "the height of the characters decides"
            } else {
                "decided by the composite digit"
            };
            repairs.reported.push(format!("optional data: look-alike characters, {why}"));
            put(lines, places, &best.field);
            put(lines, &[*check], &[check_digit]);
        }
        _ => repairs.ambiguous.push("composite"),
    }
}

fn characters(lines: &[String], places: &[Place]) -> Option<Vec<u8>> {
    places.iter().map(|(line, at)| lines.get(*line)?.as_bytes().get(*at).copied()).collect()
}

fn reading_of(readings: &[Vec<CharacterReading>], places: &[Place]) -> Option<Vec<CharacterReading>> {
    places.iter().map(|(line, at)| readings.get(*line)?.get(*at).cloned()).collect()
}

fn put(lines: &mut [String], places: &[Place], with: &[u8]) {
    for ((line, at), with) in places.iter().zip(with) {
        if let Some(line) = lines.get_mut(*line) {
            replace(line, *at, &[*with]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Mrz,
        mrz::{Candidate, tests::card},
    };

    /// The card with the character at `at` of its first line read as `read`, which the recogniser held to be `seen` with
    /// so much probability.
    fn misread(lines: &[String], at: usize, read: char, seen: u8, probability: f32) -> Mrz {
        let mut all: Vec<Candidate> = lines.iter().cloned().map(Candidate::sure).collect();
        let first = &mut all[0];
        first.text.replace_range(at..=at, &read.to_string());
        first.probabilities[at] = 0.97;
        first.alternatives = vec![Vec::new(); first.text.len()];
        if probability > 0.0 {
            first.alternatives[at] = vec![(seen, probability)];
        }
        Mrz::of(&all).unwrap()
    }

    #[test]
    fn a_letter_of_the_optional_data_is_put_right_by_the_composite_digit_as_a_guess() {
        for (optional, at, read, seen) in
            [("12345678Z", 23, '2', b'Z'), ("X1234567S", 23, '5', b'S'), ("B1234567X", 15, '8', b'B')]
        {
            let lines = card("IDESP", "BAA482190", optional, "", "GARCIA<<ANA");
            let found = misread(&lines, at, read, seen, 0.02);
            assert_eq!(found.personal_number, optional);
            assert_eq!(found.unproven(), ["composite"]);
            assert!(found.doubt("composite").is_some(), "neither right nor wrong");
            // Characters that the recogniser excludes are not tried: a forged digit stays as it was read.
            let clear = misread(&lines, at, read, seen, 0.0);
            assert_ne!(clear.personal_number, optional);
            assert!(clear.unproven() == ["composite"] && clear.doubt("composite").is_none());
        }
    }

    #[test]
    fn a_letter_in_the_rest_of_a_long_number_is_put_right_by_the_numbers_own_digit() {
        let digit = mrz::check_digit("123924759ZA7").unwrap();
        let lines = card("I<PRT", "123924759+", &format!("ZA7{digit}"), "", "SILVA<<ANA");
        assert_eq!(Mrz::parse_lines(&lines).unwrap().document_number, "123924759ZA7");
        let found = misread(&lines, 15, '2', b'Z', 0.02);
        assert_eq!((found.document_number.as_str(), found.unproven().len()), ("123924759ZA7", 1));
        assert!(found.doubt("document number").is_some());
    }
}
