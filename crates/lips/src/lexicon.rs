//! Pronunciations of words: the CMU Pronouncing Dictionary, as phones without stress.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher},
};

use crate::{Error, Reason, network::Word};

/// Most pronunciations of a word.
const MOST: usize = 2;

/// The dictionary's text, an index of each word's lines, and the phones' indices in the emissions.
pub(crate) struct Lexicon {
    text: String,
    /// A word's hash and the start of one of its lines, sorted: two megabytes instead of a map of 126,000 strings.
    lines: Vec<(u64, usize)>,
    places: HashMap<String, usize>,
}

impl Lexicon {
    /// Parses `dictionary`: a word and its ARPAbet phones per line, `word(2)` for another pronunciation, `#` before
    /// comments.
    ///
    /// # Errors
    /// [`Error::BadModel`] when it is not text, or lacks phones of the emissions.
    pub(crate) fn new(dictionary: Vec<u8>, phones: &[String]) -> Result<Self, Error> {
        let text =
            String::from_utf8(dictionary).map_err(|_| Error::BadModel("the pronouncing dictionary"))?;
        let start = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
        let mut lines: Vec<_> = text.lines().map(|line| (hash(head(line)), start(line))).collect();
        lines.sort_unstable();
        let lexicon = Self { lines, text, places: phones.iter().cloned().zip(0..).collect() };
        lexicon.words(&crate::DIGITS).map_err(|_| Error::BadModel("the pronouncing dictionary"))?;
        Ok(lexicon)
    }

    /// Returns up to two pronunciations of each of `words` (lower case; apostrophes are ignored).
    ///
    /// # Errors
    /// [`Reason::UnknownWord`] when the dictionary lacks one.
    pub(crate) fn words(&self, words: &[&str]) -> Result<Vec<Word>, Reason> {
        words.iter().map(|word| self.word(word)).collect::<Option<_>>().ok_or(Reason::UnknownWord)
    }

    fn word(&self, word: &str) -> Option<Word> {
        let key = hash(word);
        let first = self.lines.partition_point(|(hash, _)| *hash < key);
        let mut found = Word::new();
        for (_, start) in self.lines[first..].iter().take_while(|(hash, _)| *hash == key) {
            let line = self.text[*start..].lines().next().unwrap_or_default();
            // Two words may share a hash.
            if !head(line).chars().filter(|c| *c != '\'').eq(word.chars().filter(|c| *c != '\'')) {
                continue;
            }
            let phones = line.split_once(' ').map_or("", |(_, phones)| phones);
            let chain = self.chain(phones).filter(|c| !found.contains(c));
            found.extend(chain.filter(|_| found.len() < MOST));
        }
        Some(found).filter(|word| !word.is_empty())
    }

    /// Returns `None` when there is no phone, or one that the emissions lack.
    fn chain(&self, phones: &str) -> Option<Vec<usize>> {
        let phones = phones.split('#').next().unwrap_or_default().split_whitespace();
        let place = |p: &str| {
            self.places.get(&p.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase()).copied()
        };
        phones.map(place).collect::<Option<Vec<_>>>().filter(|chain| !chain.is_empty())
    }
}

/// Returns the word of a line, without the number of its pronunciation.
fn head(line: &str) -> &str {
    line.split([' ', '(']).next().unwrap_or(line)
}

/// Returns the same hash for words that differ only in apostrophes.
fn hash(word: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    word.bytes().filter(|b| *b != b'\'').for_each(|b| hash.write_u8(b));
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "zero Z\nzero(2) Z # again\none W\ntwo T\nthree TH\nfour F\nfive F\nsix S\nseven S\neight EY1\n\
        nine N\ndon't D OW1 N T\nread R EH1 D\nread(2) R IY1 D # verb\nread(3) R D\nodd QQ\n";

    fn lexicon() -> Lexicon {
        let phones = "sil z w t th f s ey n d ow r eh iy".split(' ').map(str::to_owned);
        Lexicon::new(TEXT.into(), &phones.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_word_has_its_pronunciations_without_stress() {
        assert_eq!(
            lexicon().words(&["read", "zero"]).unwrap(),
            [vec![vec![11, 12, 9], vec![11, 13, 9]], vec![vec![1]]]
        );
    }

    #[test]
    fn apostrophes_do_not_count() {
        assert_eq!(lexicon().words(&["dont"]).unwrap(), lexicon().words(&["don't"]).unwrap());
    }

    #[test]
    fn a_word_that_cannot_be_pronounced_is_unknown() {
        for word in ["xyzzy", "odd", ""] {
            assert_eq!(lexicon().words(&["one", word]), Err(Reason::UnknownWord), "{word:?}");
        }
    }

    #[test]
    fn a_dictionary_without_the_digits_is_refused() {
        assert!(Lexicon::new(b"one W\n".to_vec(), &["w".to_owned()]).is_err());
        assert!(Lexicon::new(vec![0xff], &[]).is_err());
    }
}
