//! Surname and given names of a zone (ICAO Doc 9303-3, section 4.6).

/// Returns surname and given names of a field of names, with single spaces between words. Two fillers separate the two;
/// without them all of it is the surname, and a field that begins with them has only given names.
pub(super) fn split_names(field: &str) -> (String, String) {
    let field = field.trim_end_matches('<');
    let (surname, given) = field.split_once("<<").unwrap_or((field, ""));
    (spaced(surname), spaced(given))
}

/// Replaces fillers between words by single spaces.
pub(super) fn spaced(field: &str) -> String {
    field.split('<').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns whether a field of names is well-formed: letters and fillers, beginning with a letter or, without a surname,
/// with two fillers.
pub(super) fn is_well_formed(field: &str) -> bool {
    let begins = field.starts_with(|c: char| c.is_ascii_uppercase())
        || field.strip_prefix("<<").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
    begins && field.bytes().all(|c| c.is_ascii_uppercase() || c == b'<')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_separated_at_two_fillers_only() {
        let named = |s: &str, g: &str| (s.to_owned(), g.to_owned());
        assert_eq!(split_names("ERIKSSON<<ANNA<MARIA<<<<<"), named("ERIKSSON", "ANNA MARIA"));
        assert_eq!(split_names("AHMAD<ABDULLAH<ALSABAH<<<"), named("AHMAD ABDULLAH ALSABAH", ""));
        assert_eq!(split_names("<<SUHARTO<<<<<<<<<<<<<<<<"), named("", "SUHARTO"));
        assert_eq!(split_names("VAN<DER<MEER<<JAN<<PIET<<"), named("VAN DER MEER", "JAN PIET"));
        assert_eq!(split_names("<<<<"), named("", ""));
    }

    #[test]
    fn a_field_of_names_begins_with_a_letter_or_two_fillers() {
        assert!(is_well_formed("LIND<<KARIN") && is_well_formed("<<SUHARTO<") && is_well_formed("AHMAD<ALI"));
        assert!(
            !is_well_formed("<LIND<<KARIN")
                && !is_well_formed("<<<LIND")
                && !is_well_formed("L1ND")
                && !is_well_formed("<<")
        );
    }

    proptest! {
        #[test]
        fn no_letter_is_lost(field in "[A-Z<]{0,39}") {
            let (surname, given) = split_names(&field);
            let letters = |text: &str| text.chars().filter(char::is_ascii_uppercase).collect::<String>();
            prop_assert_eq!(letters(&field), letters(&format!("{surname}{given}")));
        }
    }
}
