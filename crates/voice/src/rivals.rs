//! Alternative words at one position of a phrase.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    Phrase,
    dictionary::Dictionary,
    language::Language,
    phrase::edit_distance,
    spelling::{WordForms, is_letter},
    tokenizer::{Token, Tokenizer},
};

/// One position of a phrase: the expected word and its rivals.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) expected: WordForms,
    /// These words compete with it.
    pub(crate) rivals: Vec<WordForms>,
    /// So does any word the recogniser prefers.
    pub(crate) open: Option<Open>,
    pub(crate) may_be_dropped_or_repeated: bool,
}

/// Allows any whole word with a different sound at a position.
pub(crate) struct Open {
    /// Sounds of the expected word.
    excluded: Vec<u32>,
    /// Pronunciations of the expected word.
    phones: Vec<String>,
    /// Lead (natural logarithm) that such a word may have without counting against the expected one.
    tolerance: f32,
}

/// Whether two words differ in so few phones that they sound nearly the same.
fn is_near(a: &str, b: &str) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = (a.split(' ').collect(), b.split(' ').collect());
    let distance = edit_distance(&a, &b) as f32;
    distance <= NEAR_SHARE * a.len().max(b.len()) as f32
}

/// A word of a phrase with its other spellings.
fn forms(word: &str, language: Language) -> WordForms {
    let digit = language.digit(word);
    let spellings = digit.map_or(&[][..], |(_, spellings)| spellings);
    let others = spellings.iter().filter(|s| **s != word).map(|s| (*s).to_owned()).collect();
    WordForms { word: word.to_owned(), others, digit: digit.map(|d| d.0) }
}

/// Words without content that are half swallowed in running speech: the recogniser guesses them from context.
const FUNCTION_WORDS: [&str; 41] = [
    "a", "an", "the", "and", "or", "but", "of", "at", "by", "in", "on", "to", "with", "from", "for", "as",
    "is", "are", "was", "were", "be", "been", "it", "its", "he", "she", "we", "they", "you", "this", "that",
    "these", "those", "his", "her", "their", "has", "have", "had", "will", "would",
];
const FUNCTION_WORD_TOLERANCE: f32 = 4.0;
/// A word that sounds nearly the same ("been" for "bin") is distinguished by context rather than by its sound, so it
/// must be clearly ahead too. Near is this share of the phones, or any word when the expected one is unknown.
const NEAR_TOLERANCE: f32 = 4.0;
const NEAR_SHARE: f32 = 0.67;
/// When a digit is expected, other digits are the likely mistake, so any other word must be clearly ahead.
const DIGIT_TOLERANCE: f32 = 3.0;
/// Most words that the recogniser prefers at one position.
const MAX_OPEN_WORDS: usize = 6;
/// Less likely words (natural logarithm below the likeliest token) are not tried.
const OPEN_MARGIN: f32 = 12.0;

/// The words of a recogniser that are one token each, indexed by their sound.
pub(crate) struct WholeWords {
    words: Vec<(Token, u32)>,
    /// The first word of each sound, and its phones.
    names: Vec<(String, String)>,
    by_phones: HashMap<String, u32>,
    dictionary: Arc<Dictionary>,
}

impl WholeWords {
    pub(crate) fn new(tokenizer: &Tokenizer, dictionary: Arc<Dictionary>) -> Self {
        let (mut words, mut names, mut by_phones) = (Vec::new(), Vec::new(), HashMap::new());
        let mut all: Vec<_> = tokenizer.whole_words().collect();
        all.sort_unstable();
        for (token, word) in all {
            let Some(first) = dictionary.pronunciations(&word).into_iter().next() else { continue };
            let sound = *by_phones.entry(first.phones).or_insert_with_key(|phones| {
                names.push((word.clone(), phones.clone()));
                names.len() as u32 - 1
            });
            words.push((token, sound));
        }
        Self { words, names, by_phones, dictionary }
    }

    /// Returns the word of a sound.
    pub(crate) fn name(&self, sound: u32) -> &str {
        self.names.get(sound as usize).map_or("", |(word, _)| word.as_str())
    }

    /// Returns the lead that the word of a sound may have over the expected word without counting against it.
    pub(crate) fn tolerance(&self, open: &Open, sound: u32) -> f32 {
        let heard = self.names.get(sound as usize).map_or("", |(_, phones)| phones.as_str());
        let is_near = open.phones.is_empty() || open.phones.iter().any(|phones| is_near(phones, heard));
        if is_near { open.tolerance.max(NEAR_TOLERANCE) } else { open.tolerance }
    }

    /// Returns the likeliest next words except those that `open` excludes.
    pub(crate) fn likeliest(&self, open: &Open, logits: &[f32]) -> Vec<(Token, u32)> {
        let likeliest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let logit = |token: Token| logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
        let near = self.words.iter().filter(|(token, _)| logit(*token) > likeliest - OPEN_MARGIN);
        let mut near: Vec<_> = near.filter(|(_, sound)| !open.excluded.contains(sound)).copied().collect();
        near.sort_unstable_by(|a, b| logit(b.0).total_cmp(&logit(a.0)));
        near.truncate(MAX_OPEN_WORDS);
        near
    }

    /// Returns each word of `expected` with its rivals: the other words of the vocabulary, or without one other
    /// digits, other letters, or any word.
    pub(crate) fn places(&self, expected: &Phrase, vocabulary: &[&str], language: Language) -> Vec<Place> {
        let words = expected.words();
        let is_digit = |i: usize| words.get(i).is_some_and(|w| language.digit(w).is_some());
        let in_run = |i: usize| is_digit(i) && (is_digit(i + 1) || i.checked_sub(1).is_some_and(is_digit));
        let place = |(i, word): (usize, &String)| Place {
            may_be_dropped_or_repeated: in_run(i),
            ..self.place(word, vocabulary, language)
        };
        words.iter().enumerate().map(place).collect()
    }

    fn place(&self, word: &str, vocabulary: &[&str], language: Language) -> Place {
        let expected = forms(word, language);
        let differs = |other: &WordForms| {
            other.word != word && (other.digit.is_none() || other.digit != expected.digit)
        };
        let others =
            |words: &[&str]| words.iter().map(|w| forms(w, language)).filter(differs).collect::<Vec<_>>();
        if !vocabulary.is_empty() {
            return Place { rivals: others(vocabulary), expected, ..Place::default() };
        }
        if is_letter(word) {
            let letters = ('a'..='z').map(String::from).filter(|letter| letter != word);
            let rivals = letters.map(|word| WordForms { word, ..WordForms::default() }).collect();
            return Place { rivals, expected, ..Place::default() };
        }
        let digits = if expected.digit.is_some() { others(&language.digit_words()) } else { vec![] };
        if language != Language::English {
            return Place { rivals: digits, expected, ..Place::default() };
        }
        self.open_place(expected, digits)
    }

    fn open_place(&self, mut expected: WordForms, rivals: Vec<WordForms>) -> Place {
        let word = expected.word.as_str();
        let pronunciations = self.dictionary.pronunciations(word);
        let excluded: Vec<u32> =
            pronunciations.iter().filter_map(|p| self.by_phones.get(&p.phones)).copied().collect();
        let tolerance = match word {
            _ if expected.digit.is_some() => DIGIT_TOLERANCE,
            word if FUNCTION_WORDS.contains(&word) => FUNCTION_WORD_TOLERANCE,
            _ => 0.0,
        };
        let written = pronunciations.iter().map(|p| p.written).chain(excluded.iter().map(|s| self.name(*s)));
        let sounds_same: BTreeSet<&str> = written.filter(|w| *w != word).collect();
        let others: Vec<String> = sounds_same.into_iter().map(str::to_owned).collect();
        let phones = pronunciations.into_iter().map(|p| p.phones).collect();
        expected.others.extend(others);
        let open = Some(Open { excluded, phones, tolerance });
        Place { expected, rivals, open, ..Place::default() }
    }

    #[cfg(test)]
    pub(crate) fn none() -> Self {
        let dictionary = Arc::new(Dictionary::new(Vec::new()).unwrap());
        Self { words: Vec::new(), names: Vec::new(), by_phones: HashMap::new(), dictionary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_few_other_phones_are_near() {
        assert!(is_near("B IH N", "B EH N") && is_near("W AY T", "R AY T"));
        assert!(!is_near("B L UW", "R EH D") && !is_near("S UW N", "AH G EH N"));
    }
}
