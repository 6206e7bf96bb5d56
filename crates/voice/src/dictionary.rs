//! Pronunciations of English words: the CMU Pronouncing Dictionary, as phones without stress.

use std::hash::{DefaultHasher, Hasher};

use crate::Error;

/// The dictionary's text, with an index of each word's lines.
pub(crate) struct Dictionary {
    text: String,
    /// A word's hash and the start of one of its lines, sorted: two megabytes instead of a map of 126,000 strings.
    lines: Vec<(u64, usize)>,
}

/// One line: a word and its phones.
pub(crate) struct Pronunciation<'d> {
    pub(crate) written: &'d str,
    pub(crate) phones: String,
}

impl Dictionary {
    /// Parses `dictionary`: a word and its ARPAbet phones per line, `word(2)` for another pronunciation, `#` before
    /// comments.
    pub(crate) fn new(dictionary: Vec<u8>) -> Result<Self, Error> {
        let text =
            String::from_utf8(dictionary).map_err(|_| Error::BadModel("the pronouncing dictionary"))?;
        let start = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
        let mut lines: Vec<_> = text.lines().map(|line| (hash(written(line)), start(line))).collect();
        lines.sort_unstable();
        Ok(Self { lines, text })
    }

    /// Returns all pronunciations of a normalised word: lower case, apostrophes ignored.
    pub(crate) fn pronunciations(&self, word: &str) -> Vec<Pronunciation<'_>> {
        let key = hash(word);
        let first = self.lines.partition_point(|(hash, _)| *hash < key);
        let same = self.lines[first..].iter().take_while(|(hash, _)| *hash == key);
        let lines = same.map(|(_, start)| self.text[*start..].lines().next().unwrap_or_default());
        // Two words may share a hash.
        let lines = lines.filter(|line| letters(written(line)).eq(letters(word)));
        lines.map(|line| Pronunciation { written: written(line), phones: phones(line) }).collect()
    }
}

/// Returns the word of a line, without the number of its pronunciation.
fn written(line: &str) -> &str {
    let word = line.split_once(' ').map_or(line, |(word, _)| word);
    word.split_once('(').map_or(word, |(word, _)| word)
}

fn phones(line: &str) -> String {
    let phones = line.split('#').next().unwrap_or_default().split_once(' ').map_or("", |(_, phones)| phones);
    phones.trim_end().chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn letters(word: &str) -> impl Iterator<Item = char> + '_ {
    word.chars().filter(|c| *c != '\'')
}

fn hash(word: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    letters(word).for_each(|c| hasher.write_u32(c as u32));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phones_of(dictionary: &Dictionary, word: &str) -> Vec<String> {
        dictionary.pronunciations(word).into_iter().map(|p| p.phones).collect()
    }

    #[test]
    fn words_are_found_without_stress_and_apostrophes() {
        let text = "blew B L UW1\nblue B L UW1 # colour\ndon't D OW1 N T\nread R EH1 D\nread(2) R IY1 D\n";
        let dictionary = Dictionary::new(text.into()).unwrap();
        assert_eq!(phones_of(&dictionary, "blue"), ["B L UW"]);
        assert_eq!(phones_of(&dictionary, "blue"), phones_of(&dictionary, "blew"));
        assert_eq!(dictionary.pronunciations("dont")[0].written, "don't");
        let mut read = phones_of(&dictionary, "read");
        read.sort();
        assert_eq!(read, ["R EH D", "R IY D"]);
        assert!(phones_of(&dictionary, "green").is_empty());
    }
}
