//! Practices of single states beyond ICAO Doc 9303, in one table.

use super::MrzFormat;

/// The location of the holder's personal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PersonalNumber {
    /// In the (first) optional data.
    Optional,
    /// In the optional data of the second line of a card.
    SecondOptional,
    /// In the optional data as part of a number S YYMMDD NNNNNN around the date of birth: the first digit, then the
    /// rest.
    AroundBirth,
}

/// The practices of one state in one form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habit {
    state: &'static str,
    format: MrzFormat,
    /// The pattern of document numbers: `A` a letter, `9` a digit, `*` either, `<` a filler; empty when unknown.
    pub number: &'static str,
    /// Letters that do not occur in numbers.
    pub excluded_letters: &'static str,
    /// Digits of the date of expiry on permanent documents.
    pub permanent: &'static str,
    pub personal_number: PersonalNumber,
}

/// The default for states without an entry.
const NONE: Habit = Habit {
    state: "",
    format: MrzFormat::Td1,
    number: "",
    excluded_letters: "",
    permanent: "",
    personal_number: PersonalNumber::Optional,
};

const fn numbered(state: &'static str, format: MrzFormat, number: &'static str) -> Habit {
    Habit { state, format, number, ..NONE }
}

/// Each line names its source (read on 30 November 2026). Practices without such a source are left out.
const TABLE: [Habit; 17] = [
    // "Caducidad el 1 de enero de 9999" since 2006 (Policia Nacional; elcomercio.es, 26 October 2025). Numbers of the support
    // as on the specimen BAA000589 (PRADO, ESP-BO).
    Habit { permanent: "990101", ..numbered("ESP", MrzFormat::Td1, "AAA999999") },
    // Two letters or digits, a third, six digits (learn.microsoft.com/purview, Spain passport number).
    numbered("ESP", MrzFormat::Td3, "***999999"),
    // Letter, two digits, letter, five digits: serial numbers on cards since 2017, as A24Y33143 and A11N77702.
    numbered("TUR", MrzFormat::Td1, "A99A99999"),
    // Passverordnung and Personalausweisverordnung: digits and CFGHJKLMNPRTVWXYZ alone (t-online.de, "0 oder O").
    Habit { state: "D", excluded_letters: "ABDEIOQSU", ..NONE },
    Habit { state: "D", format: MrzFormat::Td2, excluded_letters: "ABDEIOQSU", ..NONE },
    Habit { state: "D", format: MrzFormat::Td3, excluded_letters: "ABDEIOQSU", ..NONE },
    // No letter O (government.nl, "number 0 or letter O"); two letters, six of both, a digit (python-stdnum, nl).
    Habit { excluded_letters: "O", ..numbered("NLD", MrzFormat::Td1, "AA******9") },
    Habit { excluded_letters: "O", ..numbered("NLD", MrzFormat::Td3, "AA******9") },
    // Twelve digits, of which three go on in the optional data; then the national number is in the second line, as on the
    // specimens of PRADO, BEL-BO-03003, and of JMRTD. The first cards had nine, and the national number in the first line.
    Habit { personal_number: PersonalNumber::SecondOptional, ..numbered("BEL", MrzFormat::Td1, "999999999") },
    // Two letters and six digits (en.wikipedia.org, Romanian identity card). That the personal code is around the birth is
    // proven for each card by the code's own check digit.
    Habit { personal_number: PersonalNumber::AroundBirth, ..numbered("ROU", MrzFormat::Td2, "AA999999<") },
    // Carta d'identita elettronica: two letters, five digits, two letters, as CA00000AA.
    numbered("ITA", MrzFormat::Td1, "AA99999AA"),
    // Two letters or digits, seven digits (learn.microsoft.com/purview, Italy passport number).
    numbered("ITA", MrzFormat::Td3, "**9999999"),
    // Three letters without O and Q, six digits; passports two letters and seven digits (numerik.slashlab.pl).
    Habit { excluded_letters: "OQ", ..numbered("POL", MrzFormat::Td1, "AAA999999") },
    numbered("POL", MrzFormat::Td3, "AA9999999"),
    // Nine digits (learn.microsoft.com/purview, Croatia identity card number and passport number).
    numbered("HRV", MrzFormat::Td1, "999999999"),
    numbered("HRV", MrzFormat::Td3, "999999999"),
    // Nine digits (criminaljusticehub.org.uk, passport number).
    numbered("GBR", MrzFormat::Td3, "999999999"),
];

/// Returns the practices of `state` in `format`; those of Doc 9303 for a state without an entry.
pub(crate) fn habits(state: &str, format: MrzFormat) -> &'static Habit {
    TABLE.iter().find(|h| h.state == state && h.format == format).unwrap_or(&NONE)
}

impl Habit {
    /// Returns whether `number` (fillers included) matches the pattern of the state's numbers; `None` when it is
    /// unknown.
    pub fn fits(&self, number: &[u8]) -> Option<bool> {
        if self.number.is_empty() && self.excluded_letters.is_empty() {
            return None;
        }
        let has_excluded = number.iter().any(|c| self.excluded_letters.as_bytes().contains(c));
        let has_form = self.number.is_empty()
            || self.number.len() == number.len()
                && self.number.bytes().zip(number).all(|(form, c)| match form {
                    b'A' => c.is_ascii_uppercase(),
                    b'9' => c.is_ascii_digit(),
                    b'*' => c.is_ascii_alphanumeric(),
                    other => other == *c,
                });
        Some(!has_excluded && has_form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_form_of_their_state() {
        let fits = |state, format, number: &str| habits(state, format).fits(number.as_bytes());
        assert_eq!(fits("TUR", MrzFormat::Td1, "A08O26475"), Some(true));
        assert_eq!(fits("TUR", MrzFormat::Td1, "A08026475"), Some(false));
        assert_eq!(fits("D", MrzFormat::Td1, "L01X00T47"), Some(true));
        assert_eq!(fits("D", MrzFormat::Td1, "LO1X00T47"), Some(false));
        assert_eq!(fits("SWE", MrzFormat::Td1, "12345678<"), None);
    }

    #[test]
    fn no_state_is_twice_in_the_table_and_forms_have_the_length_of_the_field() {
        for (at, habit) in TABLE.iter().enumerate() {
            assert!(TABLE[..at].iter().all(|h| (h.state, h.format) != (habit.state, habit.format)));
            assert!(habit.number.is_empty() || habit.number.len() == 9, "{}", habit.state);
        }
    }
}
