//! What single states write into their zones beyond ICAO Doc 9303, in one table.

use super::MrzFormat;

/// Where a state writes the holder's personal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PersonalNumber {
    /// In the (first) optional data.
    Optional,
    /// In the optional data of the second line of a card.
    SecondOptional,
    /// The optional data are what follows the date of birth in a number of S YYMMDD NNNNNN: the first digit, then the rest.
    AroundBirth,
}

/// The habits of one state in one form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habit {
    state: &'static str,
    format: MrzFormat,
    /// The form of document numbers: `A` a letter, `9` a digit, `*` either, `<` a filler; empty when it is not known.
    pub number: &'static str,
    /// Letters that numbers never have.
    pub excluded_letters: &'static str,
    /// Figures of the date of expiry of documents that are valid for ever.
    pub permanent: &'static str,
    pub personal_number: PersonalNumber,
}

/// No habit known.
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

/// Each line with where it can be looked up (read on 30 November 2026). What is not known from such a source is not here.
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

/// Returns the habits of `state` in `format`; of a state that is not in the table those of Doc 9303.
pub(crate) fn habits(state: &str, format: MrzFormat) -> &'static Habit {
    TABLE.iter().find(|h| h.state == state && h.format == format).unwrap_or(&NONE)
}

impl Habit {
    /// Whether `number` (fillers included) has the form of the state's numbers; `None` when that is not known.
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
