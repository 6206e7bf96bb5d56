//! The machine readable zone as ICAO Doc 9303 writes it, made here and not by what reads it.

use time::Date;

use crate::{holder::zone_text, truth::Kind};

/// The fields of a zone; texts as printed, in any script of Europe.
#[derive(Clone, Debug)]
pub struct Content<'a> {
    /// Two characters, such as `P<` or `ID`.
    pub code: &'a str,
    pub state: &'a str,
    pub nationality: &'a str,
    pub surname: &'a str,
    pub given_names: &'a str,
    pub number: &'a str,
    pub birth: Date,
    pub expiry: Date,
    pub sex: char,
    pub personal_number: Option<&'a str>,
}

/// The check digit of a field: weights 7, 3, 1, modulo 10.
pub fn check_digit(field: &str) -> char {
    let value = |c: char| match c {
        '0'..='9' => c as u32 - '0' as u32,
        'A'..='Z' => c as u32 - 'A' as u32 + 10,
        _ => 0,
    };
    let sum: u32 = field.chars().zip([7, 3, 1].iter().cycle()).map(|(c, weight)| value(c) * weight).sum();
    char::from_digit(sum % 10, 10).unwrap_or('0')
}

/// The lines of a document's zone; none for a licence, which has a barcode instead.
pub fn lines(kind: Kind, content: &Content<'_>) -> Vec<String> {
    match kind {
        Kind::Td1 | Kind::CardBack => td1(content),
        Kind::Td2 => td2(content),
        Kind::Td3 => td3(content),
        Kind::Licence => Vec::new(),
    }
}

fn td3(c: &Content<'_>) -> Vec<String> {
    let personal = padded(c.personal_number.unwrap_or(""), 14);
    let personal_digit = if c.personal_number.is_some() { check_digit(&personal) } else { '<' };
    let (number, dates) = (checked(&padded(c.number, 9)), dates(c));
    let body = format!("{number}{}{}{personal}{personal_digit}", padded(c.nationality, 3), dates.joined);
    let sum = check_digit(&format!("{number}{}{}{personal}{personal_digit}", dates.birth, dates.expiry));
    vec![format!("{}{}{}", padded(c.code, 2), padded(c.state, 3), names(c, 39)), format!("{body}{sum}")]
}

fn td2(c: &Content<'_>) -> Vec<String> {
    let (number, dates) = (checked(&padded(c.number, 9)), dates(c));
    let optional = padded(c.personal_number.filter(|p| p.len() <= 7).unwrap_or(""), 7);
    let sum = check_digit(&format!("{number}{}{}{optional}", dates.birth, dates.expiry));
    vec![
        format!("{}{}{}", padded(c.code, 2), padded(c.state, 3), names(c, 31)),
        format!("{number}{}{}{optional}{sum}", padded(c.nationality, 3), dates.joined),
    ]
}

fn td1(c: &Content<'_>) -> Vec<String> {
    let (number, dates) = (checked(&padded(c.number, 9)), dates(c));
    let optional = padded(c.personal_number.unwrap_or(""), 15);
    let sum = check_digit(&format!("{number}{optional}{}{}{}", dates.birth, dates.expiry, padded("", 11)));
    vec![
        format!("{}{}{number}{optional}", padded(c.code, 2), padded(c.state, 3)),
        format!("{}{}{}{sum}", dates.joined, padded(c.nationality, 3), padded("", 11)),
        names(c, 30),
    ]
}

/// Birth and expiry with their check digits, and both about the sex as every format has them.
struct Dates {
    birth: String,
    expiry: String,
    joined: String,
}

fn dates(c: &Content<'_>) -> Dates {
    let (birth, expiry) = (checked(&six(c.birth)), checked(&six(c.expiry)));
    let joined = format!("{birth}{}{expiry}", c.sex);
    Dates { birth, expiry, joined }
}

fn six(date: Date) -> String {
    format!("{:02}{:02}{:02}", date.year().rem_euclid(100), u8::from(date.month()), date.day())
}

fn checked(field: &str) -> String {
    format!("{field}{}", check_digit(field))
}

fn padded(text: &str, width: usize) -> String {
    text.chars().chain(std::iter::repeat('<')).take(width).collect()
}

/// The field of names, cut when it is too long so that at least one letter of the given names is left.
fn names(c: &Content<'_>, width: usize) -> String {
    let (mut surname, given) = (zone_text(c.surname), zone_text(c.given_names));
    if !given.is_empty() {
        surname.truncate(width - 3);
    }
    padded(&format!("{surname}<<{given}"), width)
}

/// Surname and given names as the zone's lines show them, fillers as spaces.
pub fn shown_names(kind: Kind, lines: &[String]) -> (String, String) {
    let field = match (kind, lines) {
        (Kind::Td1 | Kind::CardBack, [_, _, names]) => names.as_str(),
        (Kind::Td2 | Kind::Td3, [first, _]) => first.get(5..).unwrap_or(""),
        _ => "",
    };
    let spaced = |text: &str| text.replace('<', " ").trim().to_owned();
    let (surname, given) = field.split_once("<<").unwrap_or((field, ""));
    (spaced(surname), spaced(given))
}

/// Where a field lies in the zone: line, first character, characters. Its check digit follows it.
pub fn place(kind: Kind, field: &str) -> Option<(usize, usize, usize)> {
    Some(match (kind, field) {
        (Kind::Td1 | Kind::CardBack, "number") => (0, 5, 9),
        (Kind::Td1 | Kind::CardBack, "birth") => (1, 0, 6),
        (Kind::Td1 | Kind::CardBack, "expiry") => (1, 8, 6),
        (Kind::Td2 | Kind::Td3, "number") => (1, 0, 9),
        (Kind::Td2 | Kind::Td3, "birth") => (1, 13, 6),
        (Kind::Td2 | Kind::Td3, "expiry") => (1, 21, 6),
        _ => return None,
    })
}

/// Adds one to the last digit of a field that holds one, and leaves every check digit as it was.
pub fn spoil(kind: Kind, lines: &mut [String], field: &str) {
    let Some((line, from, length)) = place(kind, field) else { return };
    let Some(text) = lines.get_mut(line) else { return };
    let mut characters: Vec<char> = text.chars().collect();
    if let Some(c) = characters[from..from + length].iter_mut().rev().find(|c| c.is_ascii_digit()) {
        *c = char::from_digit((c.to_digit(10).unwrap_or(0) + 1) % 10, 10).unwrap_or('0');
    }
    *text = characters.into_iter().collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    fn eriksson() -> Content<'static> {
        Content {
            code: "P<",
            state: "UTO",
            nationality: "UTO",
            surname: "Eriksson",
            given_names: "Anna Maria",
            number: "L898902C3",
            birth: date!(1974 - 08 - 12),
            expiry: date!(2012 - 04 - 15),
            sex: 'F',
            personal_number: Some("ZE184226B"),
        }
    }

    #[test]
    fn the_worked_examples_of_doc_9303_come_out() {
        assert_eq!(
            lines(Kind::Td3, &eriksson()),
            ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]
        );
        let card = Content { code: "I<", number: "D23145890", personal_number: None, ..eriksson() };
        assert_eq!(
            lines(Kind::Td1, &card),
            [
                "I<UTOD231458907<<<<<<<<<<<<<<<",
                "7408122F1204159UTO<<<<<<<<<<<6",
                "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
            ]
        );
        assert_eq!(
            lines(Kind::Td2, &card),
            ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"]
        );
    }

    #[test]
    fn a_spoilt_field_no_longer_has_its_check_digit() {
        for (kind, field) in
            [(Kind::Td3, "number"), (Kind::Td3, "birth"), (Kind::Td1, "expiry"), (Kind::Td2, "birth")]
        {
            let mut zone = lines(kind, &eriksson());
            spoil(kind, &mut zone, field);
            let (line, from, length) = place(kind, field).unwrap();
            let shown = &zone[line][from..from + length];
            assert_ne!(Some(check_digit(shown)), zone[line].chars().nth(from + length), "{kind:?} {field}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_digit_is_always_seen(before in "[A-Z0-9<]{0,7}", old in 0u32..10, by in 1u32..10, after in "[A-Z0-9<]{0,6}") {
            let with = |digit: u32| format!("{before}{digit}{after}");
            // 7, 3 and 1 have no factor in common with 10.
            prop_assert_ne!(check_digit(&with(old)), check_digit(&with((old + by) % 10)));
        }

        #[test]
        fn a_zone_has_its_format_and_its_alphabet(surname in "\\PC{1,60}", given in "\\PC{0,60}", number in "[A-Z0-9]{1,9}") {
            let content = Content { surname: &surname, given_names: &given, number: &number, ..eriksson() };
            for (kind, shape) in [(Kind::Td1, (3, 30)), (Kind::Td2, (2, 36)), (Kind::Td3, (2, 44))] {
                let zone = lines(kind, &content);
                prop_assert_eq!((zone.len(), zone.iter().map(String::len).max()), (shape.0, Some(shape.1)));
                prop_assert!(zone.iter().flat_map(|l| l.chars()).all(|c| matches!(c, 'A'..='Z' | '0'..='9' | '<')));
            }
        }
    }
}
