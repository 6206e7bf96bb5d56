//! Characters that look alike, told apart by check digits.
//!
//! A digit is only ever exchanged for the letter it looks like and the other way round, never for another digit: a changed
//! figure stays changed. Where a field of letters and figures has a check digit, the exchange must make it right, be the
//! likeliest that does, and be of a character that was not read clearly: else every second forged number could be made
//! right. Even so it is a guess, which another reading has to confirm. Names and states hold no digits, so a digit read there was a letter; dates hold no letters.

use super::layout::{Class, MrzFormat, Span};

/// A letter, and the digit it looks like. The check digit tells each pair apart: their values differ modulo 10.
const ALIKE: [(u8, u8); 7] =
    [(b'O', b'0'), (b'Q', b'0'), (b'D', b'0'), (b'I', b'1'), (b'Z', b'2'), (b'S', b'5'), (b'B', b'8')];
/// Also alike, but of equal value modulo 10: only where the place allows no letter.
const ALSO: [(u8, u8); 3] = [(b'G', b'6'), (b'L', b'1'), (b'A', b'4')];

/// A character more probable than this is not exchanged where its place allows both: of generated documents those that had
/// to be were at 0.5.
pub(super) const UNCLEAR: f32 = 0.7;

/// Most digits in a field of letters that are taken for misread letters.
const MOST_IN_LETTERS: usize = 3;

/// What was exchanged.
#[derive(Debug, Default)]
pub(crate) struct Repairs {
    /// In words.
    pub told: Vec<String>,
    /// The fields in whose places both letters and figures may stand: the exchange is a guess.
    pub guessed: Vec<&'static str>,
}

/// Repairs `lines` (of `format`, each of its length, their characters' probabilities beside) in place and tells what was done: never the characters themselves,
/// only the field and how many.
pub(crate) fn repair(format: MrzFormat, lines: &mut [String], sureness: &[&[f32]]) -> Repairs {
    let mut repairs = Repairs::default();
    for span in format.spans() {
        let (Some(line), Some(sureness)) = (lines.get_mut(span.line), sureness.get(span.line)) else {
            continue;
        };
        let before = line.get(span.at.clone()).map(str::to_owned);
        if let Some(changed) = repaired(line, &span, sureness) {
            repairs.told.push(format!("{}: {changed} look-alike characters, {}", span.name, why(&span)));
            // A letter read for the check digit itself is no guess: only figures stand there.
            if span.class == Class::Any && line.get(span.at.clone()) != before.as_deref() {
                repairs.guessed.push(span.name);
            }
        }
    }
    repairs
}

fn why(span: &Span) -> &'static str {
    if span.check.is_some() { "decided by its check digit" } else { "a field without digits" }
}

/// How many characters of `span` were changed, if any.
fn repaired(line: &mut String, span: &Span, sureness: &[f32]) -> Option<usize> {
    let mut bytes = line.clone().into_bytes();
    let before = bytes.clone();
    match (span.class, span.check) {
        (Class::Letters, _) => {
            let digits = bytes[span.at.clone()].iter().filter(|c| c.is_ascii_digit()).count();
            // More than a few are not misread letters: this is no such line.
            if digits <= MOST_IN_LETTERS {
                bytes[span.at.clone()].iter_mut().for_each(|c| *c = letter(*c));
            }
            if span.name == "names" {
                clear_after_names(&mut bytes[span.at.clone()]);
            }
        }
        (_, None) => {}
        (class, Some(check)) => {
            let field = solved(&bytes[span.at.clone()], bytes[check], class, sureness.get(span.at.clone())?)?;
            bytes[span.at.clone()].copy_from_slice(&field.0);
            bytes[check] = field.1;
        }
    }
    let changed = bytes.iter().zip(&before).filter(|(a, b)| a != b).count();
    *line = String::from_utf8(bytes).ok()?;
    (changed > 0).then_some(changed)
}

/// Most letters after the names that are taken for misread fillers.
const MOST_IN_FILLERS: usize = 2;

/// Two fillers part surname and given names, and after two more nothing follows: a letter there was a filler.
fn clear_after_names(names: &mut [u8]) {
    let pair = |from: usize| names.get(from..)?.windows(2).position(|w| w == b"<<").map(|at| from + at);
    let Some(parted) = pair(0) else { return };
    // More than two fillers at once: there are no given names.
    let is_alone = names.get(parted + 2) == Some(&b'<');
    let Some(ended) = (if is_alone { Some(parted) } else { pair(parted + 2) }) else { return };
    if names[ended..].iter().filter(|c| **c != b'<').count() <= MOST_IN_FILLERS {
        names[ended..].fill(b'<');
    }
}

/// The field and its check digit made to agree by the fewest exchanges; none when they agree already, when nothing makes
/// them agree, or when two fields that are as likely would.
fn solved(field: &[u8], check: u8, class: Class, sureness: &[f32]) -> Option<(Vec<u8>, u8)> {
    if agrees(field, check) && (class != Class::Digits || is_numeric(field)) {
        return None;
    }
    let check = digit(check);
    let field: Vec<u8> =
        if class == Class::Digits { field.iter().map(|c| digit(*c)).collect() } else { field.to_vec() };
    if agrees(&field, check) {
        return Some((field, check));
    }
    if class == Class::Digits {
        return None;
    }
    let mut single: Vec<Vec<u8>> = Vec::new();
    for (at, (c, sure)) in field.iter().zip(sureness).enumerate() {
        for other in alike(*c).filter(|_| *sure < UNCLEAR) {
            let mut candidate = field.clone();
            candidate[at] = other;
            if agrees(&candidate, check) {
                single.push(candidate);
            }
        }
    }
    fewest_turns(single).map(|field| (field, check))
}

/// Of fields that all agree with the check digit, the one with the fewest turns between letters and figures: numbers are
/// issued as runs of both, so a lone letter among figures is the less likely reading. None when two have as few.
fn fewest_turns(mut fields: Vec<Vec<u8>>) -> Option<Vec<u8>> {
    let turns =
        |field: &[u8]| field.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count();
    fields.sort_by_key(|field| turns(field));
    match fields.as_slice() {
        [first, second, ..] if turns(first) == turns(second) => None,
        _ => fields.into_iter().next(),
    }
}

fn agrees(field: &[u8], check: u8) -> bool {
    std::str::from_utf8(field).is_ok_and(|field| mrz::verify(field, char::from(check)))
}

fn is_numeric(field: &[u8]) -> bool {
    field.iter().all(|c| c.is_ascii_digit() || *c == b'<')
}

fn alike(c: u8) -> impl Iterator<Item = u8> {
    ALIKE.into_iter().filter_map(
        move |(letter, digit)| {
            if c == letter { Some(digit) } else { (c == digit).then_some(letter) }
        },
    )
}

fn digit(c: u8) -> u8 {
    ALIKE.iter().chain(&ALSO).find(|(letter, _)| *letter == c).map_or(c, |(_, digit)| *digit)
}

fn letter(c: u8) -> u8 {
    ALIKE.iter().chain(&ALSO).find(|(_, digit)| *digit == c).map_or(c, |(letter, _)| *letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    const FIRST: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
    const SECOND: &str = "L898902C36UTO7408122F1204159ZE184226B<<<<<10";

    /// Of a zone whose every character is so probable.
    fn repair_read(first: &str, second: &str, sure: f32) -> (Vec<String>, Vec<String>) {
        let mut lines = vec![first.to_owned(), second.to_owned()];
        let repairs = repair(MrzFormat::Td3, &mut lines, &[&[sure; 44], &[sure; 44]]);
        (lines, repairs.told)
    }

    fn repair_td3(first: &str, second: &str) -> (Vec<String>, Vec<String>) {
        repair_read(first, second, 0.5)
    }

    /// The forged 2 and the Z it might have been give the same check digit, so only how it was read can tell.
    #[test]
    fn a_clear_character_of_a_number_is_not_exchanged_however_well_that_would_fit() {
        let read = "T278607031DNK8811042M28072812680152587<<<<46";
        let (lines, told) = repair_read(FIRST, read, 0.95);
        assert_eq!((lines[1].as_str(), told.len()), (read, 0));
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
        for kept in
            ["NAGY<<NOORA<<EVA<<", "NAGY<<NOORA<EVA<MA", "NAGY<<NOORA<EVA<M<", "NAGYNOORA", "A<<B", "<<", ""]
        {
            assert_eq!(cleared(kept), kept);
        }
    }

    #[test]
    fn look_alikes_are_put_right_and_told() {
        let (lines, told) =
            repair_td3(&FIRST.replace("UTO", "UT0"), &SECOND.replace("L898902C3", "L8989O2C3"));
        assert_eq!(lines, [FIRST, SECOND]);
        assert_eq!(told.len(), 2, "{told:?}");
    }

    /// The digit would also agree with a D for the last but one zero, and with an I for the second one of the other number.
    #[test]
    fn of_several_exchanges_that_agree_the_one_with_the_fewest_turns_is_made() {
        for (read, right) in [
            ("T278607031DNK8811042M28072812680152587<<<<46", "TZ7860703"),
            ("X224311988ESP6802217M36072932314760636<<<<26", "XZ2431198"),
        ] {
            let (lines, told) = repair_td3(FIRST, read);
            assert_eq!((&lines[1][..9], told.len()), (right, 1));
        }
    }

    #[test]
    fn a_changed_figure_stays_changed() {
        let forged = SECOND.replace("740812", "840812");
        let (lines, told) = repair_td3(FIRST, &forged);
        assert_eq!((lines[1].as_str(), told.len()), (forged.as_str(), 0));
    }

    proptest! {
        #[test]
        fn a_right_zone_is_left_alone(number in "[A-Z0-9]{9}") {
            let check = mrz::check_digit(&number).unwrap();
            let second = format!("{number}{check}UTO7408122F1204159ZE184226B<<<<<10");
            let (lines, told) = repair_td3(FIRST, &second);
            prop_assert_eq!(&lines[1], &second);
            prop_assert!(told.is_empty());
        }

        #[test]
        fn a_number_read_clearly_stays_as_it_was_read(second in "[A-Z0-9<]{44}", sure in UNCLEAR..1.0) {
            let (lines, _) = repair_read(FIRST, &second, sure);
            prop_assert_eq!((&lines[1][..9], &lines[1][28..42]), (&second[..9], &second[28..42]));
        }

        #[test]
        fn no_digit_becomes_another_digit(second in "[A-Z0-9<]{44}") {
            let (lines, _) = repair_td3(FIRST, &second);
            for (after, before) in lines[1].bytes().zip(second.bytes()) {
                prop_assert!(after == before || !(after.is_ascii_digit() && before.is_ascii_digit()));
            }
        }
    }
}
