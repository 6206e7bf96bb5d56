//! The expected phrase in normal form: lower-case words, no punctuation, digits spelled one by one.

use crate::DIGITS;

/// A phrase in normal form: `"12, Three!"` is `one two three`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    words: Vec<String>,
}

impl Phrase {
    /// Normalises any text. Digits are read one by one (`"42"` is `four two`), each Chinese character is a word,
    /// apostrophes are removed, every other mark separates words, and in a phrase of digits only `oh` means `zero`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut words = Vec::new();
        let mut word = String::new();
        for c in text.chars().flat_map(char::to_lowercase) {
            let digit = c.to_digit(10).map(|d| DIGITS[d as usize]);
            if is_dropped(c) {
                continue;
            }
            if digit.is_none() && !is_ideograph(c) && (c.is_alphanumeric() || is_indic_mark(c)) {
                word.push(c);
                continue;
            }
            words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()));
            words.extend(digit.map(str::to_owned));
            words.extend(is_ideograph(c).then(|| c.to_string()));
        }
        words.extend(Some(word).filter(|w| !w.is_empty()));
        Self::of(words)
    }

    fn of(mut words: Vec<String>) -> Self {
        let all_digits = words.iter().all(|w| w == "oh" || DIGITS.contains(&w.as_str()));
        for word in words.iter_mut().filter(|w| all_digits && *w == "oh") {
            "zero".clone_into(word);
        }
        Self { words }
    }

    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether it consists of spoken digits only, so that [`DIGITS`] is its vocabulary.
    #[must_use]
    pub fn is_digits(&self) -> bool {
        !self.is_empty() && self.words.iter().all(|w| DIGITS.contains(&w.as_str()))
    }

    /// Returns the similarity of two phrases: 1 minus the word edit distance over the longer length, 0..=1. Two empty
    /// ones are equal.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f32 {
        let longer = self.words.len().max(other.words.len()).max(1);
        1.0 - edit_distance(&self.words, &other.words) as f32 / longer as f32
    }
}

impl std::fmt::Display for Phrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words.join(" "))
    }
}

/// Ignored marks: apostrophes, combining accents, Arabic vowel signs and stretching.
fn is_dropped(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{300}'..='\u{36f}' | '\u{640}' | '\u{64b}'..='\u{652}')
}

/// Signs that distinguish words of an Indic script: nukta and virama.
fn is_indic_mark(c: char) -> bool {
    matches!(c, '\u{93c}' | '\u{94d}')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

/// Levenshtein distance.
pub(crate) fn edit_distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let best = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> String {
        Phrase::parse(text).to_string()
    }

    #[test]
    fn digits_are_words_however_they_are_written() {
        for text in ["123", "1 2 3", "1, 2, 3.", "1-2-3", "One, two, THREE!", "one 2three", "  one\ttwo\n3"] {
            assert_eq!(words(text), "one two three", "{text:?}");
        }
        assert_eq!(words("oh 7 Oh"), "zero seven zero");
    }

    #[test]
    fn other_words_keep_their_letters() {
        assert_eq!(words("Don\u{2019}t say \u{201c}oh\u{201d} at 9 o'clock"), "dont say oh at nine oclock");
        assert_eq!(words("Straße, NAÏVE"), "straße naïve");
        assert_eq!(words("शून्य, ज़ीरो"), "शून्य ज़ीरो");
        assert_eq!(words("三七九"), "三 七 九");
        assert!(Phrase::parse(" ?!… ").is_empty());
    }

    #[test]
    fn similarity_counts_wrong_missing_and_added_words() {
        let said = Phrase::parse("one two three four");
        for (heard, expected) in [("1234", 1.0), ("1 2 5 4", 0.75), ("1 2 3", 0.75), ("", 0.0)] {
            assert!((said.similarity(&Phrase::parse(heard)) - expected).abs() < 1e-6, "{heard}");
        }
    }

    proptest! {
        #[test]
        fn normal_form_is_stable(text in any::<String>()) {
            let once = Phrase::parse(&text);
            prop_assert_eq!(Phrase::parse(&once.to_string()), once);
        }

        #[test]
        fn spelling_of_digits_does_not_matter(digits in prop::collection::vec(0usize..10, 1..12), join in "[ ,.;-]{1,3}") {
            let figures: String = digits.iter().map(usize::to_string).collect();
            let spelled: Vec<String> = digits.iter().map(|d| DIGITS[*d].to_uppercase()).collect();
            let phrase = Phrase::parse(&figures);
            prop_assert!(phrase.is_digits() && phrase.words().len() == digits.len());
            prop_assert_eq!(Phrase::parse(&spelled.join(&join)), phrase);
        }

        #[test]
        fn similarity_is_symmetric_and_bounded(a in "[ab ]{0,20}", b in "[ab ]{0,20}") {
            let (a, b) = (Phrase::parse(&a), Phrase::parse(&b));
            prop_assert_eq!(a.similarity(&b), b.similarity(&a));
            prop_assert!((0.0..=1.0).contains(&a.similarity(&b)) && a.similarity(&a) == 1.0);
        }
    }
}
