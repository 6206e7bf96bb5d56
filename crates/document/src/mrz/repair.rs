//! Characters that look alike, distinguished by check digits.
//!
//! A digit is only exchanged for the letter it looks like and vice versa, never for another digit: a changed digit
//! stays changed. Names and states contain no digits, so a digit read there was a letter; dates contain no letters. In
//! a field of both with a check digit, every exchange that the recogniser considers possible is tried, and exactly one
//! must fit. The result is a guess, unless the height of the characters on the picture (see [`super::shape`]) or the
//! form of the state's numbers proves it: otherwise every second forged number could be made right.

mod apart;

use super::{
    habits::Habit,
    layout::{Class, MrzFormat, Span},
    look_alikes::{Candidate, agrees, candidates, digit, letter},
    shape::Shape,
};

/// Share of the read character's probability from which a look-alike counts as an equally good reading.
const EQUAL: f32 = 0.3;
/// Odds by which a repair must exceed the next one to be made when several fit.
const ODDS: f32 = 20.0;

/// Most digits in a field of letters that are treated as misread letters.
const MOST_IN_LETTERS: usize = 3;
/// The reading of one character.
#[derive(Clone, Debug, Default)]
pub(crate) struct CharacterReading {
    /// 0-1.
    pub probability: f32,
    /// Its look-alikes and their probabilities.
    pub alternatives: Vec<(u8, f32)>,
    /// Its class by its height on the picture.
    pub shape: Option<Shape>,
}

/// The exchanges made in a zone.
#[derive(Debug, Default)]
pub(crate) struct Repairs {
    /// Descriptions without the characters themselves.
    pub reported: Vec<String>,
    /// Fields that allow both letters and digits, where only a check digit supports the exchange.
    pub guessed: Vec<&'static str>,
    /// Fields that can be read in two ways.
    pub ambiguous: Vec<&'static str>,
}

/// The outcome of repairing a field.
enum Solution {
    AsRead,
    Repaired { field: Vec<u8>, check: u8, proof: Option<&'static str> },
    Ambiguous,
}

/// Repairs `lines` (of `format`, each of its length) in place and returns the corrections.
pub(crate) fn repair(
    format: MrzFormat,
    habit: &Habit,
    lines: &mut [String],
    readings: &[Vec<CharacterReading>],
) -> Repairs {
    let mut repairs = Repairs::default();
    for span in format.spans() {
        let (Some(line), Some(reading)) = (lines.get_mut(span.line), readings.get(span.line)) else {
            continue;
        };
        let Some(check) = span.check else {
            if span.class == Class::Letters && read_letters(line, &span) {
                repairs
                    .reported
                    .push(format!("{}: look-alike characters, a field without digits", span.name));
            }
            continue;
        };
        let (Some(field), Some(digit), Some(reading)) =
            (line.as_bytes().get(span.at.clone()), line.as_bytes().get(check), reading.get(span.at.clone()))
        else {
            continue;
        };
        // A long number continues in the optional data, with its check digit.
        if *digit == b'<' && span.name == "document number" {
            continue;
        }
        let habit = (span.name == "document number").then_some(habit);
        match solve(field, *digit, span.class, reading, habit) {
            Solution::AsRead => {}
            Solution::Ambiguous => repairs.ambiguous.push(span.name),
            Solution::Repaired { field: repaired, check: digit, proof } => {
                // A letter read in place of the check digit is no guess: only digits occur there.
                if span.class == Class::Any && repaired != field && proof.is_none() {
                    repairs.guessed.push(span.name);
                }
                let why = proof.unwrap_or("decided by its check digit");
                repairs.reported.push(format!("{}: look-alike characters, {why}", span.name));
                replace(line, span.at.start, &repaired);
                replace(line, check, &[digit]);
            }
        }
    }
    apart::repair(format, lines, readings, &mut repairs);
    repairs
}

/// Returns the code of a state as read in letters, without fillers.
pub(super) fn read_state(field: &str) -> String {
    field.trim_end_matches('<').bytes().map(|c| char::from(letter(c))).collect()
}

fn replace(line: &mut String, at: usize, with: &[u8]) {
    if let Ok(text) = std::str::from_utf8(with)
        && line.is_char_boundary(at)
        && line.is_char_boundary(at + with.len())
    {
        line.replace_range(at..at + with.len(), text);
    }
}

/// Replaces digits in a field of letters by their look-alikes; returns whether there were any.
fn read_letters(line: &mut String, span: &Span) -> bool {
    let Some(before) = line.as_bytes().get(span.at.clone()).map(<[u8]>::to_vec) else { return false };
    let mut field = before.clone();
    // More than a few are not misread letters: it is another kind of line.
    if field.iter().filter(|c| c.is_ascii_digit()).count() <= MOST_IN_LETTERS {
        field.iter_mut().for_each(|c| *c = letter(*c));
    }
    if span.name == "names" {
        clear_after_names(&mut field);
    }
    replace(line, span.at.start, &field);
    field != before
}

/// Most letters after the names that are treated as misread fillers.
const MOST_IN_FILLERS: usize = 2;

/// Two fillers separate surname and given names, and nothing follows two more: a letter there was a filler.
fn clear_after_names(names: &mut [u8]) {
    // Without a surname the field begins with the two fillers.
    let names = if names.starts_with(b"<<") { &mut names[2..] } else { names };
    let pair = |from: usize| names.get(from..)?.windows(2).position(|w| w == b"<<").map(|at| from + at);
    let Some(parted) = pair(0) else { return };
    // More than two fillers in a row: there are no given names.
    let is_alone = names.get(parted + 2) == Some(&b'<');
    let Some(ended) = (if is_alone { Some(parted) } else { pair(parted + 2) }) else { return };
    if names[ended..].iter().filter(|c| **c != b'<').count() <= MOST_IN_FILLERS {
        names[ended..].fill(b'<');
    }
}

/// Makes the field and its check digit agree.
fn solve(
    field: &[u8],
    check: u8,
    class: Class,
    reading: &[CharacterReading],
    habit: Option<&Habit>,
) -> Solution {
    let digit_check = digit(check);
    let repaired = |field: Vec<u8>, proof| Solution::Repaired { field, check: digit_check, proof };
    if class == Class::Digits {
        let digits: Vec<u8> = field.iter().map(|c| digit(*c)).collect();
        let is_changed = digits != field || digit_check != check;
        return if is_changed && agrees(&digits, digit_check) {
            repaired(digits, None)
        } else {
            Solution::AsRead
        };
    }
    let candidates = candidates(field, digit_check, reading);
    let has_form = |field: &[u8]| habit.and_then(|habit| habit.fits(field));
    if agrees(field, digit_check) {
        // Another reading fits equally well: G and 6, L and 1 give the same digit.
        let rivals = candidates.iter().filter(|c| c.odds >= EQUAL && has_form(&c.field) != Some(false));
        return match (has_form(field), rivals.count()) {
            (Some(true), _) | (_, 0) if digit_check == check => Solution::AsRead,
            (Some(true), _) | (_, 0) => repaired(field.to_vec(), None),
            _ => Solution::Ambiguous,
        };
    }
    let formed: Vec<&Candidate> = candidates.iter().filter(|c| has_form(&c.field) == Some(true)).collect();
    if let [only] = formed[..] {
        return repaired(only.field.clone(), Some("the form of the state's numbers decides"));
    }
    match candidates.as_slice() {
        [] => Solution::AsRead,
        [best, rest @ ..] if rest.first().is_none_or(|next| best.odds >= ODDS * next.odds) => {
            repaired(best.field.clone(), best.is_proven.then_some("the height of the characters decides"))
        }
        _ => Solution::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mrz::habits::habits;

    use proptest::prelude::*;

    const FIRST: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
    const SECOND: &str = "L898902C36UTO7408122F1204159ZE184226B<<<<<10";

    fn readings(length: usize, probability: f32) -> Vec<CharacterReading> {
        vec![CharacterReading { probability, ..CharacterReading::default() }; length]
    }

    fn repair_in(
        state: &str,
        first: &str,
        second: &str,
        reading: Vec<CharacterReading>,
    ) -> (Vec<String>, Repairs) {
        let mut lines = vec![first.to_owned(), second.to_owned()];
        let habit = habits(state, MrzFormat::Td3);
        let repairs = repair(MrzFormat::Td3, habit, &mut lines, &[readings(44, 0.99), reading]);
        (lines, repairs)
    }

    /// Of a zone whose every character is so probable.
    fn repair_read(first: &str, second: &str, probability: f32) -> (Vec<String>, Repairs) {
        repair_in("UTO", first, second, readings(44, probability))
    }

    fn repair_td3(first: &str, second: &str) -> (Vec<String>, Repairs) {
        repair_read(first, second, 0.5)
    }

    /// The second line of a document with this number.
    fn with_number(number: &str) -> String {
        format!("{number}{}UTO7408122F1204159ZE184226B<<<<<10", mrz::check_digit(number).unwrap())
    }

    /// The forged 2 and the Z it might have been give the same check digit, so only how it was read can tell.
    #[test]
    fn a_clear_character_of_a_number_is_not_exchanged_however_well_that_would_fit() {
        let read = "T278647931DNK8811042M28072812680152587<<<<46";
        let (lines, repairs) = repair_read(FIRST, read, 0.95);
        assert_eq!((lines[1].as_str(), repairs.guessed.len()), (read, 0));
    }

    /// The recogniser reads every O of OCR-B as a zero and is sure of it.
    #[test]
    fn an_o_read_as_a_clear_zero_is_put_right_and_is_a_guess_where_nothing_else_shows_it() {
        let right = with_number("A18O26475");
        let (lines, repairs) = repair_read(FIRST, &right.replace('O', "0").replace("UT0", "UTO"), 0.99);
        assert_eq!(lines[1], right);
        assert_eq!(repairs.guessed, ["document number"]);
    }

    #[test]
    fn what_the_height_of_a_character_shows_is_no_guess_and_what_it_rules_out_is_not_done() {
        let right = with_number("A18O26475");
        let read = right.replace('O', "0").replace("UT0", "UTO");
        let shaped = |shape| {
            let mut reading = readings(44, 0.99);
            reading[3].shape = Some(shape);
            repair_in("UTO", FIRST, &read, reading)
        };
        let (lines, repairs) = shaped(Shape::Letter);
        assert_eq!((lines[1].as_str(), repairs.guessed.len()), (right.as_str(), 0));
        let (lines, repairs) = shaped(Shape::Digit);
        assert_eq!((lines[1].as_str(), repairs.reported.len()), (read.as_str(), 0));
    }

    /// Two zeros stand where one weight falls on both, so the check digit cannot tell which is the letter.
    #[test]
    fn ambiguous_readings_are_dropped_unless_the_number_format_decides() {
        let right = with_number("A01O23055");
        let read = right.replace('O', "0").replace("UT0", "UTO");
        let (lines, repairs) = repair_read(FIRST, &read, 0.99);
        assert_eq!(
            (lines[1].as_str(), repairs.ambiguous.as_slice()),
            (read.as_str(), &["document number"][..])
        );
        let card = |number: &str| {
            let mut lines =
                vec![format!("I<TUR{number}{}<<<<<<<<<<<<<<<", mrz::check_digit("A01O23055").unwrap())];
            let habit = habits("TUR", MrzFormat::Td1);
            let repairs = repair(MrzFormat::Td1, habit, &mut lines, &[readings(30, 0.99)]);
            (lines.remove(0), repairs)
        };
        let (line, repairs) = card("A01023055");
        assert_eq!((&line[5..14], repairs.guessed.len(), repairs.ambiguous.len()), ("A01O23055", 0, 0));
    }

    #[test]
    fn a_look_alike_of_equal_digit_is_ambiguous_where_it_is_as_probable() {
        let mut reading = readings(44, 0.5);
        reading[1].alternatives = vec![(b'G', 0.45)];
        let (lines, repairs) = repair_in("UTO", FIRST, &with_number("A61234577"), reading);
        assert_eq!((&lines[1][..9], repairs.ambiguous.as_slice()), ("A61234577", &["document number"][..]));
        let (_, repairs) = repair_read(FIRST, &with_number("A61234577"), 0.99);
        assert!(repairs.ambiguous.is_empty());
    }

    #[test]
    fn letters_among_the_fillers_after_the_names_were_fillers() {
        let cleared = |text: &str| {
            let mut names = text.as_bytes().to_vec();
            clear_after_names(&mut names);
            String::from_utf8(names).unwrap()
        };
        assert_eq!(cleared("NAGY<<NOORA<<<<<A<"), "NAGY<<NOORA<<<<<<<");
        assert_eq!(cleared("NAGY<<NOORA<EVA<<A"), "NAGY<<NOORA<EVA<<<");
        assert_eq!(cleared("NAGY<<<<<<<<A<<<<<"), "NAGY<<<<<<<<<<<<<<");
        for kept in [
            "NAGY<<NOORA<<EVA<<",
            "NAGY<<NOORA<EVA<MA",
            "NAGY<<NOORA<EVA<M<",
            "NAGYNOORA",
            "A<<B",
            "<<SUHARTO<<<<<",
            "<<",
            "",
        ] {
            assert_eq!(cleared(kept), kept);
        }
    }

    #[test]
    fn look_alikes_are_put_right_and_reported() {
        let (lines, repairs) =
            repair_td3(&FIRST.replace("UTO", "UT0"), &SECOND.replace("L898902C3", "L8989O2C3"));
        assert_eq!(lines, [FIRST, SECOND]);
        assert_eq!(repairs.reported.len(), 2, "{repairs:?}");
    }

    #[test]
    fn a_changed_figure_stays_changed() {
        let forged = SECOND.replace("740812", "840812");
        let (lines, repairs) = repair_td3(FIRST, &forged);
        assert_eq!((lines[1].as_str(), repairs.reported.len()), (forged.as_str(), 0));
    }

    proptest! {
        #[test]
        fn a_right_zone_is_left_alone(number in "[A-Z0-9]{9}") {
            let second = with_number(&number);
            let (lines, repairs) = repair_read(FIRST, &second, 0.99);
            prop_assert_eq!(&lines[1], &second);
            prop_assert!(repairs.reported.is_empty());
        }

        /// One O anywhere among digits, read as a zero: put right, or reported as ambiguous, never left to fail in silence.
        #[test]
        fn an_o_anywhere_is_found(digits in "[1-9]{9}", at in 0usize..9) {
            let number = format!("{}O{}", &digits[..at], &digits[at + 1..]);
            let right = with_number(&number);
            let read = format!("{}{}", right[..9].replace('O', "0"), &right[9..]);
            let (lines, repairs) = repair_read(FIRST, &read, 0.99);
            prop_assert_eq!(&lines[1], &right);
            prop_assert_eq!(repairs.guessed, vec!["document number"]);
        }

        #[test]
        fn no_digit_becomes_another_digit(second in "[A-Z0-9<]{44}", probability in 0.0f32..1.0) {
            let (lines, _) = repair_read(FIRST, &second, probability);
            for (after, before) in lines[1].bytes().zip(second.bytes()) {
                prop_assert!(after == before || !(after.is_ascii_digit() && before.is_ascii_digit()));
            }
        }
    }
}
