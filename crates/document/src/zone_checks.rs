//! Checks of the machine readable zone and of what it says.

use time::Date;

use crate::{Check, Mrz};

/// Holders and document numbers that manufacturers and states print on specimens.
const SPECIMEN_NAMES: [&str; 4] = ["SPECIMEN", "MUSTERMANN", "ERIKSSON ANNA MARIA", "TRAVELER HAPPY"];
const SPECIMEN_NUMBERS: [&str; 7] =
    ["L898902C3", "D23145890", "L8988901C", "123456789", "000000000", "007007007", "C01X00T47"];
/// States that exist on specimens alone.
const SPECIMEN_STATES: [&str; 1] = ["UTO"];
/// Oldest holder, years.
const OLDEST: i32 = 125;

/// Every check of a zone; without one, that none was made and why.
pub(crate) fn checks(mrz: Option<&Mrz>, today: Date) -> Vec<Check> {
    let Some(mrz) = mrz else { return missing() };
    vec![structure(mrz), check_digits(mrz), states(mrz), dates(mrz, today), expiry(mrz, today), specimen(mrz)]
}

/// The checks that need a zone and have none.
fn missing() -> Vec<Check> {
    let names = ["mrz_structure", "mrz_check_digits", "mrz_states"];
    names
        .into_iter()
        .map(|name| Check::not_checked(name, false, "no machine readable zone was found"))
        .collect()
}

/// Names are letters, dates are figures, and every line is as long as its form says.
fn structure(mrz: &Mrz) -> Check {
    let spans = mrz.format.spans();
    let at = |line: usize, range: std::ops::Range<usize>| {
        mrz.lines.get(line).and_then(|l| l.get(range)).unwrap_or("")
    };
    let mut wrong: Vec<&str> = Vec::new();
    for span in &spans {
        let text = at(span.line, span.at.clone());
        let fits = match span.name {
            "names" => text.bytes().all(|c| c.is_ascii_uppercase() || c == b'<') && !text.starts_with('<'),
            "sex" => matches!(text, "M" | "F" | "X" | "<"),
            "date of expiry" | "date of birth" => text.bytes().all(|c| c.is_ascii_digit() || c == b'<'),
            _ => true,
        };
        if !fits {
            wrong.push(span.name);
        }
    }
    let read = format!("{}, {} lines of {}", mrz.format.as_str(), mrz.lines.len(), mrz.format.size().1);
    if wrong.is_empty() {
        Check::gating("mrz_structure", true, read)
    } else {
        Check::gating("mrz_structure", false, format!("{read}; malformed: {}", wrong.join(", ")))
    }
}

fn check_digits(mrz: &Mrz) -> Check {
    let word = |(name, right): &(&str, bool)| format!("{name} {}", if *right { "right" } else { "wrong" });
    let mut told: Vec<String> = mrz.check_digits.iter().map(word).collect();
    told.extend(mrz.repairs.iter().map(|repair| format!("read again: {repair}")));
    Check::gating("mrz_check_digits", mrz.all_digits_right(), told.join("; "))
}

fn states(mrz: &Mrz) -> Check {
    let unknown: Vec<&str> = [("issuing state", &mrz.issuing_state), ("nationality", &mrz.nationality)]
        .into_iter()
        .filter(|(_, code)| mrz::country_name(code).is_none())
        .map(|(name, _)| name)
        .collect();
    if unknown.is_empty() {
        Check::gating("mrz_states", true, "issuing state and nationality are known codes")
    } else {
        Check::gating("mrz_states", false, format!("not a code of ICAO Doc 9303: {}", unknown.join(", ")))
    }
}

/// Birth lies before today, expiry after birth, and both are days.
fn dates(mrz: &Mrz, today: Date) -> Check {
    let (birth, expiry) = (mrz.birth_date(today), mrz.expiry_date(today));
    let unknown = |field: &str| field.contains('<');
    let problem = match (birth, expiry) {
        (None, _) if !unknown(&mrz.birth) => Some("the date of birth is not a day"),
        (_, None) if !unknown(&mrz.expiry) => Some("the date of expiry is not a day"),
        (Some(birth), _) if today.year() - birth.year() > OLDEST => Some("the holder would be too old"),
        (Some(birth), Some(expiry)) if expiry <= birth => Some("it expires before the holder's birth"),
        _ => None,
    };
    match problem {
        Some(problem) => Check::gating("date_logic", false, problem),
        None => Check::gating("date_logic", true, "birth before today, expiry after birth"),
    }
}

fn expiry(mrz: &Mrz, today: Date) -> Check {
    match mrz.expiry_date(today) {
        Some(date) => expired(date, today),
        None => Check::not_checked("not_expired", false, "the document has no date of expiry"),
    }
}

/// Whether a document that expires on `date` is valid today.
pub(crate) fn expired(date: Date, today: Date) -> Check {
    let days = (today - date).whole_days();
    if days > 0 {
        Check::gating("not_expired", false, format!("expired {days} days ago"))
    } else {
        Check::gating("not_expired", true, format!("expires in {} days", -days))
    }
}

fn specimen(mrz: &Mrz) -> Check {
    let names = format!("{} {}", mrz.surname, mrz.given_names);
    let hit = if SPECIMEN_STATES.contains(&mrz.issuing_state.as_str()) {
        Some("a state of specimens")
    } else if SPECIMEN_NUMBERS.contains(&mrz.document_number.as_str()) {
        Some("a number of specimens")
    } else if SPECIMEN_NAMES.iter().any(|s| names == *s || mrz.surname == *s || mrz.given_names == *s) {
        Some("a name of specimens")
    } else {
        None
    };
    match hit {
        Some(what) => Check::gating("not_specimen", false, format!("{what} is on it")),
        None => Check::gating("not_specimen", true, "no value known from specimens"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 06 - 01);

    /// A passport of Sweden that is valid until 2030, its check digits right.
    fn passport(birth: &str, expiry: &str, name: &str) -> Mrz {
        let digit = |field: &str| mrz::check_digit(field).unwrap();
        let number = "AB1234567";
        let head = format!("{number}{}SWE{birth}{}F{expiry}{}", digit(number), digit(birth), digit(expiry));
        let optional = "<<<<<<<<<<<<<<0";
        let covered = format!("{}{}{}", &head[..10], &head[13..20], &head[21..28]);
        let composite = digit(&format!("{covered}{optional}"));
        let first = format!("{:<<44}", format!("P<SWE{name}"));
        Mrz::parse_lines(&[first, format!("{head}{optional}{composite}")]).unwrap()
    }

    fn failed(mrz: &Mrz) -> Vec<&'static str> {
        let all = checks(Some(mrz), TODAY);
        all.into_iter().filter(Check::gates).map(|c| c.name).collect()
    }

    #[test]
    fn a_valid_passport_passes_every_check() {
        assert!(failed(&passport("740812", "300415", "LIND<<KARIN")).is_empty());
    }

    #[test]
    fn an_expired_one_fails_that_check_alone() {
        assert_eq!(failed(&passport("740812", "260531", "LIND<<KARIN")), ["not_expired"]);
        assert!(failed(&passport("740812", "260601", "LIND<<KARIN")).is_empty(), "valid on its last day");
    }

    #[test]
    fn impossible_days_and_specimens_fail() {
        assert_eq!(failed(&passport("741312", "300415", "LIND<<KARIN")), ["date_logic"]);
        assert_eq!(failed(&passport("740812", "300415", "MUSTERMANN<<ERIKA")), ["not_specimen"]);
    }

    #[test]
    fn without_a_zone_nothing_is_claimed() {
        assert!(checks(None, TODAY).iter().all(|c| c.outcome == Outcome::NotChecked));
    }
}
