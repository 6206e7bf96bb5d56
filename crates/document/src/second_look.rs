//! Selects the printed lines to read a second time with the larger network: those most similar to unsettled values.
//!
//! A second reading takes some 25 ms per line, so only a few lines of a page are selected, likeliest first.

use time::Date;

use crate::{
    Check, Mrz, Outcome, TextLine,
    mrz::ZoneDates,
    partial_date::PartialDate,
    printed::{distance, words},
};

/// Share of a line's characters that may differ from the value searched for; labels differ more.
const UNLIKE: f32 = 0.6;
/// Shortest piece of a line or value that is compared.
const SHORTEST: usize = 2;

/// Returns the values of the zone that `checks`, the comparisons with print, have not settled, as letters and digits in
/// their printed forms.
pub(crate) fn missed(mrz: &Mrz, dates: &ZoneDates, checks: &[Check]) -> Vec<String> {
    let unsettled = checks.iter().filter(|c| c.outcome != Outcome::Passed);
    unsettled
        .flat_map(|check| match check.name {
            "mrz_print_number" => vec![mrz.document_number.clone()],
            "mrz_print_birth" => dates.birth.and_then(PartialDate::full).map(ways).unwrap_or_default(),
            "mrz_print_expiry" => dates.expiry.day().map(ways).unwrap_or_default(),
            _ => mrz.surname.split(' ').chain(mrz.given_names.split(' ')).map(str::to_owned).collect(),
        })
        .filter(|text| text.len() >= SHORTEST)
        .collect()
}

/// Returns the digits of a date in the printed orders; a month may be printed in letters.
fn ways(date: Date) -> Vec<String> {
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    vec![
        format!("{day:02}{month:02}{year}"),
        format!("{year}{month:02}{day:02}"),
        format!("{month:02}{day:02}{year}"),
        format!("{day:02}{month:02}{:02}", year % 100),
        format!("{day:02}{year}"),
    ]
}

/// Returns the indices of `lines` that are similar to a value in `missed`, most similar first.
pub(crate) fn worth_reading(lines: &[TextLine], missed: &[String]) -> Vec<usize> {
    let mut all: Vec<(usize, f32)> = lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| {
            let unlike = missed.iter().map(|value| unlikeness(&line.text, value)).fold(1.0, f32::min);
            (unlike < UNLIKE).then_some((at, unlike))
        })
        .collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    all.into_iter().map(|(at, _)| at).collect()
}

/// Returns the share of characters that differ between a value and the most similar part of a line, 0-1.
fn unlikeness(line: &str, value: &str) -> f32 {
    if value.bytes().all(|c| c.is_ascii_digit()) {
        return figures_unlike(line, value);
    }
    let words = words(line);
    let whole = words.replace(' ', "");
    let share =
        |word: &str| distance(word, value) as f32 / word.chars().count().max(value.len()).max(1) as f32;
    words.split(' ').chain([whole.as_str()]).map(share).fold(1.0, f32::min)
}

/// Returns the same for digits. A line may contain only a part of a date, which is split at its spaces: missing digits
/// then count half.
fn figures_unlike(line: &str, value: &str) -> f32 {
    let figures: String = line.chars().filter(char::is_ascii_digit).collect();
    if figures.len() < SHORTEST {
        return 1.0;
    }
    let lacks = value.len().saturating_sub(figures.len());
    let differing = distance(&figures, value).saturating_sub(lacks);
    (differing as f32 + 0.5 * lacks as f32) / figures.len().max(value.len()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Quad;
    use proptest::prelude::*;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 06 - 01);

    fn page(texts: &[&str]) -> Vec<TextLine> {
        let line =
            |text: &&str| TextLine { quad: Quad([[0.0; 2]; 4]), text: (*text).into(), confidence: 0.9 };
        texts.iter().map(line).collect()
    }

    fn zone() -> Mrz {
        let lines =
            ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
        Mrz::parse_lines(&lines.map(str::to_owned)).unwrap()
    }

    fn order(unsettled: &'static str, texts: &[&str]) -> Vec<usize> {
        let checks = [Check::not_checked(unsettled, false, ""), Check::gating("mrz_print_expiry", true, "")];
        worth_reading(&page(texts), &missed(&zone(), &ZoneDates::resolve(&zone(), &[], TODAY), &checks))
    }

    const TEXTS: [&str; 6] = [
        "Date of birth / Date de naissance",
        "12 AUG 1914",
        "ERIKSS0N",
        "L8989O2C3",
        "15.04.2012",
        "ANNA MARIA",
    ];

    #[test]
    fn a_misread_value_comes_first_and_labels_never() {
        assert_eq!(order("mrz_print_birth", &TEXTS)[0], 1);
        assert_eq!(order("mrz_print_number", &TEXTS)[0], 3);
        let names = order("mrz_print_names", &TEXTS);
        assert_eq!(names[..2], [5, 2]);
        for unsettled in ["mrz_print_birth", "mrz_print_number", "mrz_print_names"] {
            assert!(!order(unsettled, &TEXTS).contains(&0), "{unsettled}");
        }
    }

    #[test]
    fn no_pass_runs_when_nothing_is_pending() {
        let settled = [Check::gating("mrz_print_birth", true, "")];
        assert!(
            worth_reading(
                &page(&TEXTS),
                &missed(&zone(), &ZoneDates::resolve(&zone(), &[], TODAY), &settled)
            )
            .is_empty()
        );
    }

    proptest! {
        #[test]
        fn each_line_comes_once_at_most_and_what_says_it_exactly_comes_first(texts in prop::collection::vec("\\PC{0,30}", 0..12)) {
            let mut lines = page(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            lines.extend(page(&["L898902C3"]));
            let found = worth_reading(&lines, &["L898902C3".to_owned()]);
            let mut once = found.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), found.len());
            prop_assert!(lines[found[0]].text.contains("L898902C3") || found[0] == lines.len() - 1);
        }
    }
}
