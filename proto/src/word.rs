//! Closed sets of the wire as words, which HTTP and the databases have for them.

use crate::{accounts, consent, docauth, journeys, ml, projects, sessions, transactions};

/// A closed set whose values are named by words: the rest of their names in lower case.
pub trait Word: Copy + Into<i32> + TryFrom<i32> + 'static {
    /// The word and the number of each value, in the order of the `.proto`; `UNSPECIFIED` has no word.
    const WORDS: &'static [(&'static str, i32)];

    /// Empty for `UNSPECIFIED`.
    fn as_word(self) -> &'static str {
        self.to_word().unwrap_or_default()
    }

    /// None for `UNSPECIFIED`.
    fn to_word(self) -> Option<&'static str> {
        let number = self.into();
        Self::WORDS.iter().find(|(_, known)| *known == number).map(|(word, _)| *word)
    }

    fn from_word(word: &str) -> Option<Self> {
        let (_, number) = Self::WORDS.iter().find(|(known, _)| *known == word)?;
        Self::try_from(*number).ok()
    }

    /// All words, as a sentence has them: `pass, fail or refer`.
    fn list_words() -> String {
        let words: Vec<_> = Self::WORDS.iter().map(|(word, _)| *word).collect();
        match words.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => words.concat(),
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/words.rs"));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{docauth::MrzFormat, ml::Service, sessions::SimSwapStatus, transactions::Flag};

    #[test]
    fn a_word_is_the_rest_of_the_name_and_reads_back() {
        assert_eq!(Flag::PossiblyFraudulent.as_word(), "possibly_fraudulent");
        assert_eq!(Flag::from_word("possibly_fraudulent"), Some(Flag::PossiblyFraudulent));
        assert_eq!(SimSwapStatus::NotSwapped.as_word(), "not_swapped");
        assert_eq!(MrzFormat::MrvA.as_word(), "mrv_a");
        assert_eq!(Service::from_word("face_liveness"), Some(Service::FaceLiveness));
        assert_eq!(Flag::list_words(), "fraudulent, possibly_fraudulent or ok");
    }

    #[test]
    fn the_unspecified_value_has_no_word() {
        assert_eq!((Flag::Unspecified.as_word(), Flag::Unspecified.to_word()), ("", None));
        assert_eq!([Flag::from_word(""), Flag::from_word("unspecified"), Flag::from_word("OK")], [None; 3]);
    }
}
