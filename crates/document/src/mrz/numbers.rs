//! Numbers of a zone: document numbers that continue in the optional data, check digits, and personal numbers where
//! states write them.

use super::{MrzFormat, habits::PersonalNumber, names};

/// A document number of more than nine characters (Doc 9303-5 and -6, note j): there is a filler in place of its check
/// digit, and the optional data begin with the rest of the number and the check digit of the whole number.
pub(super) struct LongNumber {
    pub number: String,
    is_right: bool,
    /// Characters of the optional data that it occupies, including the terminating filler.
    pub(super) taken: usize,
}

pub(super) fn long_number(format: MrzFormat, lines: &[String]) -> Option<LongNumber> {
    let span = format.spans().into_iter().find(|s| s.name == "document number")?;
    let (line, at) = match format {
        MrzFormat::Td3 => (1, 28..42),
        _ => format.optional().into_iter().next()?,
    };
    if matches!(format, MrzFormat::MrvA | MrzFormat::MrvB)
        || lines.get(span.line)?.as_bytes().get(span.check?) != Some(&b'<')
    {
        return None;
    }
    let (start, optional) = (lines.get(span.line)?.get(span.at)?, lines.get(line)?.get(at)?);
    let rest = optional.split('<').next().filter(|rest| rest.len() >= 2)?;
    let (rest, check) = rest.split_at(rest.len() - 1);
    let number = format!("{start}{rest}");
    let is_right = check.bytes().all(|c| c.is_ascii_digit()) && mrz::verify(&number, check.chars().next()?);
    let is_number = start.bytes().any(|c| c != b'<') && check.bytes().all(|c| c.is_ascii_digit());
    is_number.then(|| LongNumber {
        number: number.replace('<', ""),
        is_right,
        taken: (rest.len() + 2).min(optional.len()),
    })
}

/// Returns the name of each check digit and whether it is right.
pub(super) fn check_digits(
    format: MrzFormat,
    lines: &[String],
    long: Option<&LongNumber>,
) -> Vec<(&'static str, bool)> {
    let text =
        |line: usize, at: std::ops::Range<usize>| lines.get(line).and_then(|l| l.get(at)).unwrap_or("");
    let own = format.spans().into_iter().filter_map(|span| {
        let digit = text(span.line, span.check?..span.check? + 1).chars().next()?;
        let right = match long.filter(|_| span.name == "document number") {
            Some(long) => long.is_right,
            None => mrz::verify(text(span.line, span.at), digit),
        };
        Some((span.name, right))
    });
    let covered: String = format.composite().into_iter().map(|(line, at)| text(line, at)).collect();
    let composite = covered
        .char_indices()
        .next_back()
        .map(|(at, digit)| ("composite", mrz::verify(&covered[..at], digit)));
    own.chain(composite).collect()
}

/// Returns the personal number, where the state writes it.
pub(super) fn personal_number(
    format: MrzFormat,
    place: PersonalNumber,
    lines: &[String],
    long: Option<&LongNumber>,
) -> String {
    let text =
        |line: usize, at: std::ops::Range<usize>| lines.get(line).and_then(|l| l.get(at)).unwrap_or("");
    let taken = long.map_or(0, |long| long.taken);
    let cleaned = |field: &str| names::spaced(field);
    let optional = |index: usize| {
        let (line, at) = format.optional().into_iter().nth(index)?;
        let skipped = if index == 0 { taken.min(at.len()) } else { 0 };
        Some(cleaned(text(line, at.start + skipped..at.end)))
    };
    let first = match format {
        MrzFormat::Td3 => cleaned(text(1, 28 + taken.min(14)..42)),
        _ => optional(0).unwrap_or_default(),
    };
    let second = || optional(1).filter(|second| !second.is_empty());
    match place {
        PersonalNumber::SecondOptional => second().unwrap_or(first),
        PersonalNumber::AroundBirth if first.len() == 7 => {
            let number = format!("{}{}{}", &first[..1], text(1, 13..19), &first[1..]);
            if is_romanian_code(&number) { number } else { first }
        }
        _ if first.is_empty() => optional(1).unwrap_or_default(),
        _ => first,
    }
}

/// Whether thirteen digits are a personal code of Romania (CNP): the last is the sum of the others, weighted, modulo 11.
fn is_romanian_code(number: &str) -> bool {
    const WEIGHTS: [u32; 12] = [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9];
    let digits: Option<Vec<u32>> = number.chars().map(|c| c.to_digit(10)).collect();
    let Some([rest @ .., check]) = digits.as_deref() else { return false };
    let sum: u32 = rest.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    rest.len() == WEIGHTS.len() && *check == if sum % 11 == 10 { 1 } else { sum % 11 }
}

#[cfg(test)]
mod tests {
    use crate::Mrz;
    use crate::mrz::tests::read_card;

    #[test]
    fn a_long_number_continues_in_the_optional_data() {
        let digit = mrz::check_digit("000590448902").unwrap();
        let read = read_card("IDBEL", "000590448+", &format!("902{digit}"), "85073003328", "DUPONT<<JEAN");
        assert_eq!(
            (read.document_number.as_str(), read.personal_number.as_str()),
            ("000590448902", "85073003328")
        );
        assert!(read.all_digits_right(), "{:?}", read.check_digits);
        let wrong = read_card("IDBEL", "000590448+", &format!("903{digit}"), "", "DUPONT<<JEAN");
        assert_eq!(wrong.check_digits[0], ("document number", false));
    }

    #[test]
    fn personal_numbers_are_read_where_the_state_writes_them() {
        assert_eq!(
            read_card("IDESP", "BAA482190", "99999999R", "", "GARCIA<<ANA").personal_number,
            "99999999R"
        );
        assert_eq!(
            read_card("I<TUR", "A08O26475", "10000000146", "", "YILMAZ<<ALI").personal_number,
            "10000000146"
        );
        let romanian = ["IDROUIONESCU<<ION<<<<<<<<<<<<<<<<<<<".to_owned(), {
            let head = format!(
                "RX123456<{}ROU800514{}M300514{}1123459",
                digit("RX123456<"),
                digit("800514"),
                digit("300514")
            );
            let covered = format!("{}{}{}", &head[..10], &head[13..20], &head[21..]);
            format!("{head}{}", digit(&covered))
        }];
        let read = Mrz::parse_lines(&romanian).unwrap();
        assert!(read.all_digits_right(), "{:?}", read.check_digits);
        assert_eq!(
            (read.document_number.as_str(), read.personal_number.as_str()),
            ("RX123456", "1800514123459")
        );
    }

    #[test]
    fn a_first_card_of_belgium_has_the_national_number_in_the_first_line() {
        let read = read_card("IDBEL", "590330101", "85020100200", "", "VAN<DER<VELDEN<<GREET");
        assert_eq!(
            (read.document_number.as_str(), read.personal_number.as_str()),
            ("590330101", "85020100200")
        );
    }

    fn digit(field: &str) -> u32 {
        mrz::check_digit(field).unwrap()
    }
}
