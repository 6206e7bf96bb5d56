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

/// Sources: the states' specimens in PRADO (Council of the EU, public register of identity documents) unless another is named.
const TABLE: [Habit; 21] = [
    // Real Decreto 1553/2005, art. 6: permanent from the age of 70 on, printed 01 01 9999.
    Habit { permanent: "990101", ..numbered("ESP", MrzFormat::Td1, "AAA999999") },
    // Lei 7/2007 as amended: valid for life from the age of 65 on, printed 31 12 9999.
    Habit { state: "PRT", permanent: "991231", ..NONE },
    // Law 5490 and the decree on Turkish identity cards: serial number of letter, two digits, letter, five digits.
    numbered("TUR", MrzFormat::Td1, "A99A99999"),
    // Personalausweisverordnung and Passverordnung: digits and CFGHJKLMNPRTVWXYZ, so that nothing can be confused.
    Habit { state: "D", excluded_letters: "ABDEIOQSU", ..NONE },
    Habit { state: "D", format: MrzFormat::Td2, excluded_letters: "ABDEIOQSU", ..NONE },
    Habit { state: "D", format: MrzFormat::Td3, excluded_letters: "ABDEIOQSU", ..NONE },
    // Besluit paspoortgegevens: two letters, six of both, a digit; the letter O is never used.
    Habit { excluded_letters: "O", ..numbered("NLD", MrzFormat::Td1, "AA******9") },
    Habit { excluded_letters: "O", ..numbered("NLD", MrzFormat::Td3, "AA******9") },
    // The national number is in the second line; the document number has twelve digits and goes on in the optional data.
    Habit { personal_number: PersonalNumber::SecondOptional, ..numbered("BEL", MrzFormat::Td1, "999999999") },
    // Ordonanta de urgenta 97/2005: two letters and six digits; the personal code without the birth in the optional data.
    Habit { personal_number: PersonalNumber::AroundBirth, ..numbered("ROU", MrzFormat::Td2, "AA999999<") },
    // Carta d'identita elettronica: two letters, five digits, two letters.
    numbered("ITA", MrzFormat::Td1, "AA99999AA"),
    numbered("ITA", MrzFormat::Td3, "AA9999999"),
    numbered("POL", MrzFormat::Td1, "AAA999999"),
    numbered("POL", MrzFormat::Td3, "AA9999999"),
    numbered("ESP", MrzFormat::Td3, "AAA999999"),
    numbered("HRV", MrzFormat::Td1, "999999999"),
    numbered("HRV", MrzFormat::Td3, "999999999"),
    numbered("SRB", MrzFormat::Td1, "999999999"),
    numbered("SRB", MrzFormat::Td3, "999999999"),
    numbered("GBR", MrzFormat::Td3, "999999999"),
    numbered("CZE", MrzFormat::Td1, "999999999"),
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
