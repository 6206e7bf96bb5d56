//! Phrases that the server chooses, so that no video can be recorded in advance.

use blob::{KeyRing, Purpose};
use zeroize::Zeroizing;

use crate::{error::Error, session::SessionId};

/// Words of two or three syllables, all in the CMU Pronouncing Dictionary, any two of which differ by at least two
/// sounds: chosen for this list, then thinned by that distance. A power of two, so that a random byte selects one.
const WORDS: &str = include_str!("challenge_words.txt");
const WORD_COUNT: usize = 256;
/// 4 of 256: 32 bits.
const WORDS_A_PHRASE: usize = 4;
const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
/// No digit follows itself, which is hard to hear and often spoken as "double": 10 x 9^6, 22.3 bits.
const DIGITS_A_PHRASE: usize = 7;
/// Lifetime of a phrase.
pub const LIFETIME_MS: i64 = 3 * 60 * 1000;
/// Most phrases of one session. With them, a video of a fixed phrase matches one of a session's with a probability of
/// at most one in a million.
pub const MAX_CHALLENGES: i64 = 5;
/// The models' vocabulary of digits.
const DIGIT_VOCABULARY: &str = "en_digits";

pub const PHRASE: Purpose = Purpose("phrase of a session's challenge");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Digits,
    Words,
}

/// Fills a slice with unpredictable random bytes; tests pass their own.
pub type Random = fn(&mut [u8]) -> Result<(), Error>;

/// Returns random bytes of the system's generator.
///
/// # Errors
/// When the system has no randomness.
pub fn system_random(bytes: &mut [u8]) -> Result<(), Error> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| Error::Randomness)
}

/// Returns a phrase, separated by spaces.
///
/// # Errors
/// When there is no randomness.
pub fn phrase(kind: Kind, random: Random) -> Result<Zeroizing<String>, Error> {
    let words: Vec<&str> = match kind {
        Kind::Digits => digits(random)?,
        Kind::Words => words(random)?,
    };
    Ok(Zeroizing::new(words.join(" ")))
}

fn words(random: Random) -> Result<Vec<&'static str>, Error> {
    let mut places = Zeroizing::new([0; WORDS_A_PHRASE]);
    random(&mut *places)?;
    let list: Vec<&str> = WORDS.lines().take(WORD_COUNT).collect();
    Ok(places.iter().filter_map(|place| list.get(usize::from(*place)).copied()).collect())
}

/// Each digit is uniform among those that differ from the previous one. Bytes that would bias the choice are skipped.
fn digits(random: Random) -> Result<Vec<&'static str>, Error> {
    let mut chosen: Vec<u8> = Vec::with_capacity(DIGITS_A_PHRASE);
    let mut byte = [0];
    while chosen.len() < DIGITS_A_PHRASE {
        random(&mut byte)?;
        let [value] = byte;
        let choices = if chosen.is_empty() { 10 } else { 9 };
        if value >= u8::MAX - u8::MAX % choices {
            continue;
        }
        let digit = match chosen.last() {
            Some(last) if value % choices >= *last => value % choices + 1,
            _ => value % choices,
        };
        chosen.push(digit);
    }
    Ok(chosen.into_iter().map(|digit| DIGITS[usize::from(digit)]).collect())
}

/// Returns the models' vocabulary of an issued phrase; empty: any words.
pub fn vocabulary(phrase: &str) -> &'static str {
    if phrase.split(' ').all(|word| DIGITS.contains(&word)) { DIGIT_VOCABULARY } else { "" }
}

/// Whether a caller names the issued phrase: case, punctuation and spelled or written digits are ignored.
pub fn is_same(issued: &str, named: &str) -> bool {
    let named = named.to_lowercase();
    let mut words: Vec<&str> = Vec::new();
    for word in named.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            words.extend(word.bytes().map(|byte| DIGITS[usize::from(byte - b'0')]));
        } else {
            words.push(word);
        }
    }
    words.iter().copied().eq(issued.split(' '))
}

/// Seals the phrase of session `id`.
///
/// # Errors
/// When the system has no randomness.
pub fn seal(ring: &KeyRing, id: &SessionId, phrase: &str) -> Result<Vec<u8>, Error> {
    Ok(ring.seal(PHRASE, id.as_str().as_bytes(), phrase.as_bytes())?)
}

/// Opens the phrase that [`seal`] sealed for the same session.
///
/// # Errors
/// When the row was changed, or its master key is no longer in the ring.
pub fn open(ring: &KeyRing, id: &SessionId, sealed: &[u8]) -> Result<String, Error> {
    let phrase = ring.open_sealed(PHRASE, id.as_str().as_bytes(), sealed)?;
    String::from_utf8(phrase.to_vec()).map_err(|_| blob::Error::Refused.into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_words_are_as_many_as_a_byte_has_values_and_all_different() {
        let words: BTreeSet<&str> = WORDS.lines().collect();
        assert_eq!((words.len(), WORDS.lines().count()), (WORD_COUNT, WORD_COUNT));
        assert!(words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
    }

    #[test]
    fn every_digit_comes_at_every_place_and_none_twice_in_a_row() {
        let mut seen = vec![BTreeSet::new(); DIGITS_A_PHRASE];
        for _ in 0..2000 {
            let phrase = phrase(Kind::Digits, system_random).unwrap();
            let digits: Vec<String> = phrase.split(' ').map(str::to_owned).collect();
            assert_eq!(digits.len(), DIGITS_A_PHRASE);
            assert!(digits.windows(2).all(|two| two[0] != two[1]), "{digits:?}");
            assert_eq!(vocabulary(&phrase), DIGIT_VOCABULARY);
            seen.iter_mut().zip(digits).for_each(|(seen, digit)| _ = seen.insert(digit));
        }
        assert!(seen.iter().all(|digits| digits.len() == 10), "{seen:?}");
    }

    #[test]
    fn phrases_differ() {
        let phrases: BTreeSet<String> =
            (0..200).map(|_| phrase(Kind::Words, system_random).unwrap().to_string()).collect();
        assert!(phrases.len() >= 199);
        assert!(phrases.iter().all(|phrase| phrase.split(' ').count() == WORDS_A_PHRASE));
        assert_eq!(vocabulary("velvet copper"), "");
    }

    #[test]
    fn the_phrase_is_the_same_however_it_is_written() {
        let issued = "three one four";
        for named in ["three one four", "Three, one, FOUR.", "314", "3 1 4", "3-1-four"] {
            assert!(is_same(issued, named), "{named}");
        }
        for named in ["", "three one", "three one four one", "3145", "three one five"] {
            assert!(!is_same(issued, named), "{named}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_compared(named in any::<String>()) {
            let _ = is_same("velvet copper", &named);
        }
    }
}
