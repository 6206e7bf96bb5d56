//! Dates in print.

use time::{Date, Month};

use crate::partial_date::PartialDate;

/// Prefixes of the names of months in the languages of travel documents, without accents. Of a pair in two languages
/// (`AUG/AOUT`) one suffices.
const MONTHS: [&[&str]; 12] = [
    &["JAN", "GEN", "ENE", "JANV", "SIJ", "TAM", "OCA", "STY"],
    &["FEB", "FEV", "FEVR", "HEL", "SUB", "LUT"],
    &["MAR", "MARS", "MRT", "MAE", "MARZ", "MAA"],
    &["APR", "AVR", "ABR", "HUH", "NIS", "KWI"],
    &["MAY", "MAI", "MEI", "MAG", "MAJ", "TOU"],
    &["JUN", "JUIN", "GIU", "JUNI", "KES", "HAZ", "CZE"],
    &["JUL", "JUIL", "LUG", "JULI", "HEI", "TEM", "LIP"],
    &["AUG", "AOUT", "AGO", "AOU", "ELO", "AUGU", "SIE"],
    &["SEP", "SEPT", "SET", "SYY", "EYL", "WRZ"],
    &["OCT", "OKT", "OTT", "OUT", "LOK", "EKI"],
    &["NOV", "MARR", "KAS", "LIS"],
    &["DEC", "DEZ", "DIC", "DES", "JOU", "ARA", "GRU"],
];

/// Returns the days that `text` can mean: one for an unambiguous date, two when day and month can be read in either
/// order.
pub(crate) fn dates(text: &str, today: Date) -> Vec<Date> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for start in 0..tokens.len() {
        for date in at(&tokens[start..], today) {
            if !found.contains(&date) {
                found.push(date);
            }
        }
    }
    found
}

/// Returns the months and years that `text` names when the day is unknown: `00.00.1985`, `XX.07.1985`.
pub(crate) fn partial_dates(text: &str) -> Vec<PartialDate> {
    let tokens = tokens(text);
    let triple = |three: &[Token]| match three {
        [Token::Number(0, 1..=2), month, Token::Number(year, 4)]
        | [Token::Number(year, 4), month, Token::Number(0, 1..=2)] => {
            let month = match month {
                Token::Number(month, 1..=2) => u8::try_from(*month).ok()?,
                Token::Month(month) => *month,
                Token::Number(..) => return None,
            };
            PartialDate::from_parts(*year, month, 0).filter(|d| (1880..2120).contains(&d.year()))
        }
        _ => None,
    };
    tokens.windows(3).filter_map(triple).collect()
}

/// Returns whether `text` is the first or last day of the year 9999, which permanent documents have.
pub(crate) fn is_last_year(text: &str) -> bool {
    let tokens = tokens(text);
    let has_year = tokens.contains(&Token::Number(9999, 4));
    has_year
        && tokens.windows(2).any(|two| {
            [
                [Token::Number(1, 2), Token::Number(1, 2)],
                [Token::Number(31, 2), Token::Number(12, 2)],
                [Token::Number(12, 2), Token::Number(31, 2)],
            ]
            .iter()
            .any(|day| two == day)
        })
}

/// Returns a year that stands alone, after a label or beside one.
pub(crate) fn single_year(text: &str) -> Option<i32> {
    match tokens(text).as_slice() {
        [Token::Number(year, 4)] if (1880..2120).contains(year) => Some(*year),
        _ => None,
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A number and its count of digits.
    Number(i32, usize),
    Month(u8),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        let same = word.chars().last().is_none_or(|l: char| l.is_ascii_digit() == c.is_ascii_digit());
        if c.is_alphanumeric() && same {
            word.push(c);
            continue;
        }
        push(&mut tokens, &word);
        word.clear();
        if c.is_alphanumeric() {
            word.push(c);
        }
    }
    tokens
}

fn push(tokens: &mut Vec<Token>, word: &str) {
    if word.is_empty() {
        return;
    }
    // `XX` means an unknown day or month.
    if matches!(word, "XX" | "xx") {
        tokens.push(Token::Number(0, 2));
    } else if let Ok(number) = word.parse() {
        tokens.push(Token::Number(number, word.len()));
    } else if let Some(month) = month(word) {
        // `AUG/AOUT` is one month.
        if tokens.last() != Some(&Token::Month(month)) {
            tokens.push(Token::Month(month));
        }
    }
}

fn month(word: &str) -> Option<u8> {
    let word = super::plain(word);
    let named = |names: &&[&str]| {
        names.iter().any(|n| word == *n || (n.len() >= 3 && word.len() > 3 && word.starts_with(n)))
    };
    let exact = MONTHS.iter().position(|names| names.contains(&word.as_str()));
    exact.or_else(|| MONTHS.iter().position(named)).map(|m| m as u8 + 1)
}

/// Returns the dates that start with the first token.
fn at(tokens: &[Token], today: Date) -> Vec<Date> {
    use Token::{Month as Named, Number};
    let day = |y: i32, m: i32, d: i32| date(y, m, d);
    match tokens {
        [Number(y, 4), Number(m, 1..=2), Number(d, 1..=2), ..] => day(*y, *m, *d).into_iter().collect(),
        [Number(a, 1..=2), Number(b, 1..=2), Number(y, length @ (2 | 4)), ..] => {
            let years = years(*y, *length, today);
            let either = |y: &i32| [day(*y, *b, *a), day(*y, *a, *b)];
            years.iter().flat_map(either).flatten().collect()
        }
        [Number(d, 1..=2), Named(m), Number(y, length @ (2 | 4)), ..]
        | [Named(m), Number(d, 1..=2), Number(y, length @ (2 | 4)), ..] => {
            years(*y, *length, today).iter().filter_map(|y| day(*y, (*m).into(), *d)).collect()
        }
        [Number(all, 8), ..] => {
            let (first, rest) = (all / 10_000, all % 10_000);
            let plain = day(first, rest / 100, rest % 100);
            let american = day(rest, first / 100, first % 100);
            plain.or(american).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Two digits may mean this century or the last.
fn years(year: i32, length: usize, today: Date) -> Vec<i32> {
    let century = today.year() / 100 * 100;
    if length == 4 { vec![year] } else { vec![century + year, century - 100 + year] }
}

fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?;
    (1880..2120).contains(&year).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 06 - 01);

    #[test]
    fn the_ways_states_write_a_day() {
        for text in [
            "25.12.1982",
            "25/12/1982",
            "25 DEC 1982",
            "25 DEC/DEZ 1982",
            "1982-12-25",
            "25 DÉC /DEC 1982",
            "25DEC1982",
            "12251982",
            "DEC 25, 1982",
            "25 12 1982",
            "Date of birth: 25.12.1982",
        ] {
            assert!(dates(text, TODAY).contains(&date!(1982 - 12 - 25)), "{text}: {:?}", dates(text, TODAY));
        }
        assert!(dates("12 AUG/AOUT 74", TODAY).contains(&date!(1974 - 08 - 12)));
        assert!(dates("07 SEP/SEP 86", TODAY).contains(&date!(1986 - 09 - 07)));
    }

    #[test]
    fn unknown_days_and_months_are_read() {
        let shown = |text: &str| partial_dates(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        for text in ["00.07.1985", "1985-07-00", "XX.07.1985", "00 JUL 1985", "00 JUL/JUIL 1985"] {
            assert_eq!(shown(text), ["1985-07"], "{text}");
        }
        for text in ["00.00.1985", "XX XX 1985", "1985-00-00"] {
            assert_eq!(shown(text), ["1985"], "{text}");
        }
        assert!(shown("12.07.1985").is_empty());
        assert!(is_last_year("01 01 9999") && is_last_year("31.12.9999") && !is_last_year("05.05.9999"));
    }

    #[test]
    fn invalid_dates_are_rejected() {
        for text in ["5412 7512 3412 3456", "31.02.2001", "12/23", "ABC", ""] {
            assert_eq!(dates(text, TODAY), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_is_read_back(day in 0i64..40_000, style in 0usize..4) {
            let date = date!(1930 - 01 - 01) + time::Duration::days(day);
            let (y, m, d) = (date.year(), u8::from(date.month()), date.day());
            let text = match style {
                0 => format!("{d:02}.{m:02}.{y}"),
                1 => format!("{y}-{m:02}-{d:02}"),
                2 => format!("{d:02} {} {y}", MONTHS[usize::from(m) - 1][0]),
                _ => format!("{m:02}/{d:02}/{y}"),
            };
            prop_assert!(dates(&text, TODAY).contains(&date), "{}", text);
        }

        #[test]
        fn any_text_causes_no_panic(text in "\\PC{0,60}") {
            let _ = dates(&text, TODAY);
        }
    }
}
