//! Printed spellings of words in a zone: with marks that the zone has no letters for, or transliterated.

use mrz::{TransliterationStyle, transliterate};

use super::{distance, words};

/// How a word of the zone is printed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Spelling {
    /// In one of the spellings of its letters.
    Same,
    /// As this word, which differs in at most one letter of eight.
    Near(String),
}

/// Returns how `text` contains the word `token` of a machine readable zone, in any of the spellings of its letters.
pub(super) fn spelling(text: &str, token: &str, cut: bool) -> Option<Spelling> {
    let without_marks: String =
        text.chars().filter(|c| !matches!(c, '\'' | '\u{2019}' | '`' | '.')).collect();
    let spelled = [text, &without_marks]
        .into_iter()
        .flat_map(|text| [words(text), words(&transliterate(text, TransliterationStyle::Expanded))]);
    let mut near = None;
    for line in spelled {
        for word in line.split(' ') {
            let allowed = token.len() / 8 + usize::from(token.len() >= 5);
            let word =
                if cut && word.len() > token.len() { word.get(..token.len()).unwrap_or(word) } else { word };
            if word == token || has_lost_marks(word, token) {
                return Some(Spelling::Same);
            }
            if word.len().abs_diff(token.len()) <= allowed && distance(word, token) <= allowed {
                near.get_or_insert_with(|| word.to_owned());
            }
        }
    }
    near.map(Spelling::Near)
}

/// Letters with marks that zones write as two letters.
const PAIRS: [(&str, &str); 6] =
    [("AE", "A"), ("OE", "O"), ("UE", "U"), ("AA", "A"), ("SS", "S"), ("TH", "T")];
/// Most pairs of a word that are tried, each as two letters and as one.
const MOST_PAIRS: usize = 8;

/// Returns whether `word` is `token` without marks that the recogniser lost, on letters that the zone writes as two. A
/// word with more letters than the zone's does not match: the zone may have lost a letter.
fn has_lost_marks(word: &str, token: &str) -> bool {
    fn rest_fits(word: &str, token: &str, pairs_left: usize) -> bool {
        let single = |(pair, letter): &(&str, &str)| {
            let rests = token.strip_prefix(pair).zip(word.strip_prefix(letter));
            rests.is_some_and(|(token, word)| rest_fits(word, token, pairs_left - 1))
        };
        if word.is_empty() && token.is_empty() || pairs_left > 0 && PAIRS.iter().any(single) {
            return true;
        }
        let (mut rest, mut token) = (word.chars(), token.chars());
        rest.next().zip(token.next()).is_some_and(|(a, b)| a == b)
            && rest_fits(rest.as_str(), token.as_str(), pairs_left)
    }
    word.len() < token.len() && rest_fits(word, token, MOST_PAIRS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_same(printed: &str, zone: &str) -> bool {
        spelling(printed, zone, false) == Some(Spelling::Same)
    }

    #[test]
    fn marks_may_be_printed_written_out_or_lost() {
        for (printed, zone) in [
            ("M\u{fc}ller", "MUELLER"),
            ("M\u{fc}ller", "MULLER"),
            ("Muller", "MUELLER"),
            ("Mueller", "MUELLER"),
            ("O\u{2019}Brien", "OBRIEN"),
            ("S\u{f8}rgaard", "SOERGAARD"),
            ("Sorgard", "SOERGAARD"),
            ("Strau\u{df}", "STRAUSS"),
        ] {
            assert!(is_same(printed, zone), "{printed} {zone}");
        }
    }

    /// A zone that lost a letter is no zone that writes one letter where two are printed.
    #[test]
    fn a_word_of_fewer_letters_than_printed_is_another_word() {
        for (printed, zone) in [("ROSSI", "ROSI"), ("SMITH", "SMIT"), ("KLAAS", "KLAS"), ("SMITH", "SMHTH")] {
            assert_eq!(
                spelling(printed, zone, false),
                Some(Spelling::Near(printed.into())).filter(|_| zone.len() >= 5),
                "{zone}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_letter_that_was_lost_or_misread_is_never_the_same(name in "[A-Z]{4,14}", at in 0usize..14, other in "[A-Z]") {
            let at = at % name.len();
            let lost = format!("{}{}", &name[..at], &name[at + 1..]);
            let misread = format!("{}{other}{}", &name[..at], &name[at + 1..]);
            prop_assert!(!is_same(&name, &lost));
            prop_assert_eq!(is_same(&name, &misread), misread == name);
        }
    }
}
