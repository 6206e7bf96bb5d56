//! Prefix search of subjects whose names are stored encrypted.
//!
//! The prefixes of a name and of each of its parts, three to 24 characters long, are stored as keyed hashes. A search
//! hashes the typed text and finds equal hashes; the names of the subjects found are decrypted from their newest
//! transactions. Without the master key the hashes reveal only how many subjects share a prefix.

use blob::KeyRing;

use crate::{error::Error, seal};

/// Shortest searched text, in characters.
const MIN: usize = 3;
/// Further characters are compared after decryption.
const MAX: usize = 24;
/// Parts of a name that are searchable by their own prefix.
const MAX_PARTS: usize = 4;

/// Returns the hashes by which `name` is found, each once.
///
/// # Errors
/// Never in practice; a failure of the cipher library.
pub fn prefix_hashes(ring: &KeyRing, project: &str, name: &str) -> Result<Vec<Vec<u8>>, Error> {
    let mut hashes = Vec::new();
    for prefix in prefixes(name) {
        hashes.extend(seal::prefix_hashes(ring, project, &prefix)?.into_iter().next());
    }
    Ok(hashes)
}

/// The typed text, normalised for a search.
#[derive(Debug, PartialEq, Eq)]
pub struct Search(String);

impl Search {
    /// # Errors
    /// For a text shorter than three characters.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim().to_lowercase();
        if text.chars().count() < MIN {
            return Err(Error::Invalid(format!("prefix must have at least {MIN} characters")));
        }
        Ok(Self(text))
    }

    /// Returns its possible hashes, of the active key and of retired ones.
    ///
    /// # Errors
    /// As [`prefix_hashes`].
    pub fn hashes(&self, ring: &KeyRing, project: &str) -> Result<Vec<Vec<u8>>, Error> {
        let stored: String = self.0.chars().take(MAX).collect();
        seal::prefix_hashes(ring, project, &stored)
    }

    /// Whether `name` or a part of it begins with the text.
    pub fn matches(&self, name: &str) -> bool {
        parts(&name.to_lowercase()).any(|part| part.starts_with(&self.0))
    }
}

fn prefixes(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let mut found: Vec<String> = Vec::new();
    for part in parts(&name) {
        let ends = part.char_indices().map(|(at, c)| at + c.len_utf8()).skip(MIN - 1).take(MAX + 1 - MIN);
        for prefix in ends.map(|end| &part[..end]) {
            if !found.iter().any(|known| known == prefix) {
                found.push(prefix.to_owned());
            }
        }
    }
    found
}

/// Returns the name from its beginning, and from the beginning of each further part.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    let begins = name.char_indices().filter(move |(_, c)| {
        let begins = c.is_alphanumeric() && !inside;
        inside = c.is_alphanumeric();
        begins
    });
    begins.map(|(at, _)| &name[at..]).take(MAX_PARTS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_found_by_the_beginning_of_each_part() {
        let found = prefixes("Elena.Petrova@x.org");
        for prefix in ["ele", "elena.p", "pet", "petrova@x", "x.o", "org"] {
            assert!(found.iter().any(|known| known == prefix), "{prefix}");
        }
        assert!(!found.iter().any(|known| known == "lena" || known == "el"));
        assert!(prefixes("Bo").is_empty());
    }

    #[test]
    fn two_characters_are_too_few() {
        assert_eq!(Search::parse(" El ").unwrap_err().to_string(), "prefix must have at least 3 characters");
        let search = Search::parse("PETR").unwrap();
        assert!(search.matches("elena.petrova") && !search.matches("elena.ivanova"));
    }

    proptest! {
        #[test]
        fn every_name_has_a_bounded_number_of_prefixes(name in "\\PC{0,300}") {
            let found = prefixes(&name);
            prop_assert!(found.len() <= MAX_PARTS * (MAX + 1 - MIN));
            prop_assert!(found.iter().all(|prefix| (MIN..=MAX).contains(&prefix.chars().count())));
        }

        #[test]
        fn whatever_begins_a_name_is_found(name in "[a-zäöü]{3,30}", size in 3usize..30) {
            let typed: String = name.chars().take(size).collect();
            let search = Search::parse(&typed).unwrap();
            let stored: String = typed.chars().take(MAX).collect();
            prop_assert!(search.matches(&name) && prefixes(&name).contains(&stored));
        }
    }
}
