//! Checks of the machine readable zone and of its fields.

use time::Date;

use crate::{
    Check, Mrz,
    mrz::{Expiry, ZoneDates},
};

/// Holders and document numbers that manufacturers and states print on specimens.
const SPECIMEN_NAMES: [&str; 4] = ["SPECIMEN", "MUSTERMANN", "ERIKSSON ANNA MARIA", "TRAVELER HAPPY"];
const SPECIMEN_NUMBERS: [&str; 7] =
    ["L898902C3", "D23145890", "L8988901C", "123456789", "000000000", "007007007", "C01X00T47"];
/// States that exist on specimens alone.
const SPECIMEN_STATES: [&str; 1] = ["UTO"];
/// Oldest holder, years.
const OLDEST: i32 = 125;

/// Every check of a zone.
pub(crate) fn checks(mrz: &Mrz, zone: &ZoneDates, today: Date) -> Vec<Check> {
    vec![
        structure(mrz),
        check_digits(mrz),
        states(mrz),
        dates(mrz, zone, today),
        expiry(mrz, zone, today),
        specimen(mrz),
    ]
}

/// The checks that need a zone and have none.
pub(crate) fn missing() -> Vec<Check> {
    let names = ["mrz_structure", "mrz_check_digits", "mrz_states"];
    names
        .into_iter()
        .map(|name| Check::not_checked(name, false, "no machine readable zone was found"))
        .collect()
}

/// The fields of a zone that are wrong but were not read reliably: they neither fail the document nor let it pass.
pub(crate) fn unreliable(mrz: &Mrz) -> Vec<&'static str> {
    let mut all = [mrz.unproven(), mrz.malformed(), mrz.unknown_states()].concat();
    all.retain(|field| mrz.doubt(field).is_some());
    all.sort_unstable();
    all.dedup();
    all
}

/// A check that `wrong` fields fail: only by those that were read reliably.
fn failed_by(name: &'static str, mrz: &Mrz, wrong: &[&'static str], evidence: String) -> Check {
    let doubts: Vec<_> = wrong.iter().map(|field| (*field, mrz.doubt(field))).collect();
    if wrong.is_empty() || doubts.iter().any(|(_, doubt)| doubt.is_none()) {
        return Check::gating(name, wrong.is_empty(), evidence);
    }
    let reasons = doubts.iter().map(|(field, doubt)| format!("{field}: {}", doubt.unwrap_or_default()));
    Check::not_checked(name, false, format!("not read reliably; {}", reasons.collect::<Vec<_>>().join("; ")))
}

/// Names are letters, dates are figures, and every line is as long as its form says.
fn structure(mrz: &Mrz) -> Check {
    let wrong = mrz.malformed();
    let mut evidence =
        format!("{}, {} lines of {}", mrz.format.as_str(), mrz.lines.len(), mrz.format.size().1);
    if !wrong.is_empty() {
        evidence = format!("{evidence}; malformed: {}", wrong.join(", "));
    }
    failed_by("mrz_structure", mrz, &wrong, evidence)
}

fn check_digits(mrz: &Mrz) -> Check {
    let word = |(name, right): &(&str, bool)| format!("{name} {}", if *right { "right" } else { "wrong" });
    let mut evidence: Vec<String> = mrz.check_digits.iter().map(word).collect();
    evidence.extend(mrz.repairs.iter().map(|repair| format!("read again: {repair}")));
    failed_by("mrz_check_digits", mrz, &mrz.unproven(), evidence.join("; "))
}

fn states(mrz: &Mrz) -> Check {
    let unknown = mrz.unknown_states();
    let evidence = match unknown.as_slice() {
        [] => "issuing state and nationality are known codes".to_owned(),
        names => format!("not a code of ICAO Doc 9303: {}", names.join(", ")),
    };
    failed_by("mrz_states", mrz, &unknown, evidence)
}

/// Birth lies before today, expiry after birth, and both are days as far as they are known.
fn dates(mrz: &Mrz, zone: &ZoneDates, today: Date) -> Check {
    const NAME: &str = "date_logic";
    let (of_birth, of_expiry) = (&["date of birth"][..], &["date of expiry"][..]);
    let problem = match (zone.birth, zone.expiry) {
        (None, _) if !zone.is_birth_unknown => Some(("the date of birth is not a day", of_birth)),
        (_, Expiry::Invalid) => Some(("the date of expiry is not a day", of_expiry)),
        (Some(birth), _) if today.year() - birth.year() > OLDEST => {
            Some(("the holder would be too old", of_birth))
        }
        (Some(birth), Expiry::On(expiry)) if expiry <= birth.earliest() => {
            Some(("it expires before the holder's birth", &["date of birth", "date of expiry"][..]))
        }
        _ => None,
    };
    match problem {
        // Two fields that contradict each other say nothing where one of them is in doubt.
        Some((_, fields)) if fields.iter().any(|f| mrz.doubt(f).is_some()) => {
            Check::not_checked(NAME, false, "a date was not read reliably")
        }
        Some((problem, _)) => Check::gating(NAME, false, problem),
        None if zone.birth.is_none_or(|birth| birth.full().is_none()) => Check::gating(
            NAME,
            true,
            "the date of birth is not wholly known; what is known lies before expiry",
        ),
        None => Check::gating(NAME, true, "birth before today, expiry after birth"),
    }
}

fn expiry(mrz: &Mrz, zone: &ZoneDates, today: Date) -> Check {
    const NAME: &str = "not_expired";
    // A date that was not read reliably is no date: the document is neither expired by it nor valid.
    if mrz.format.has_expiry() && mrz.doubt("date of expiry").is_some() {
        return Check::not_checked(NAME, false, "the date of expiry was not read reliably");
    }
    match zone.expiry {
        Expiry::On(date) => check_expiry_day(date, today),
        Expiry::Never(why) => no_expiry(why),
        Expiry::Never99(_) => Check::not_checked(
            NAME,
            false,
            "permanent, or expired in 1999: the zone has the last year of the century, and no printed date tells which",
        ),
        Expiry::NotStated => {
            Check::not_checked(NAME, false, "the document has no date of expiry that could be read")
        }
        Expiry::Invalid => Check::not_checked(NAME, false, "the date of expiry is not a day"),
    }
}

/// Whether a document that expires on `date` is valid today.
pub(crate) fn check_expiry_day(date: Date, today: Date) -> Check {
    let days = (today - date).whole_days();
    if days > 0 {
        Check::gating("not_expired", false, format!("expired {days} days ago"))
    } else {
        Check::gating("not_expired", true, format!("expires in {} days", -days))
    }
}

/// The same of a document that never expires, and by what that is known.
pub(crate) fn no_expiry(why: &str) -> Check {
    Check::gating("not_expired", true, why)
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
    use crate::{
        Outcome,
        mrz::{CLEAR, Candidate},
    };
    use proptest::prelude::*;
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
        let all = checks(mrz, &ZoneDates::resolve(mrz, &[], TODAY), TODAY);
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

    /// `zone` with a character of its second line changed, which was read with this probability.
    fn misread(zone: &Mrz, at: usize, to: u8, probability: f32) -> Mrz {
        let mut lines = zone.lines.clone();
        lines[1].replace_range(at..=at, &char::from(to).to_string());
        let mut read: Vec<Candidate> = lines.into_iter().map(Candidate::sure).collect();
        read[1].probabilities[at] = probability;
        Mrz::of(&read).unwrap()
    }

    fn outcomes(mrz: &Mrz) -> impl Fn(&str) -> Outcome {
        let all = checks(mrz, &ZoneDates::resolve(mrz, &[], TODAY), TODAY);
        move |name| all.iter().find(|c| c.name == name).unwrap().outcome
    }

    #[test]
    fn a_wrong_digit_fails_where_it_was_read_clearly_and_is_not_held_against_anybody_where_it_was_not() {
        let genuine = passport("740812", "300415", "LIND<<KARIN");
        let forged = misread(&genuine, 14, b'6', 0.99);
        assert_eq!((outcomes(&forged)("mrz_check_digits"), unreliable(&forged).len()), (Outcome::Failed, 0));
        let unclear = misread(&genuine, 14, b'6', 0.6);
        assert_eq!(outcomes(&unclear)("mrz_check_digits"), Outcome::NotChecked);
        assert_eq!(unreliable(&unclear), ["composite", "date of birth"]);
        assert!(failed(&unclear).is_empty());
    }

    /// A forger's figure may be such that, were it the letter it looks like, the check digit would be right.
    #[test]
    fn a_digit_that_is_right_only_by_exchanging_a_look_alike_is_neither_right_nor_wrong() {
        let mut genuine = passport("740812", "300415", "LIND<<KARIN");
        // B and 8 differ by 3, which weight 3 makes 9: of the digits one agrees.
        let digit = mrz::check_digit("AB1234567").unwrap();
        genuine.lines[1].replace_range(1..=1, "8");
        assert_ne!(mrz::check_digit("A81234567").unwrap(), digit);
        let read = |probability| misread(&genuine, 1, b'8', probability);
        assert_eq!(outcomes(&read(0.5))("mrz_check_digits"), Outcome::NotChecked);
        assert!(!read(0.5).has_right_digits() && read(0.5).all_digits_right());
        assert_eq!(unreliable(&read(0.5)), ["document number"]);
        assert_eq!(outcomes(&read(0.99))("mrz_check_digits"), Outcome::Failed);
    }

    #[test]
    fn a_state_that_was_not_read_clearly_is_not_called_unknown() {
        let genuine = passport("740812", "300415", "LIND<<KARIN");
        assert_eq!(failed(&misread(&genuine, 11, b'H', 0.99)), ["mrz_states"]);
        let unclear = misread(&genuine, 11, b'H', 0.6);
        assert!(failed(&unclear).is_empty() && unreliable(&unclear) == ["nationality"]);
    }

    #[test]
    fn a_date_of_expiry_that_was_not_read_clearly_neither_expires_nor_holds() {
        let expired = passport("740812", "260531", "LIND<<KARIN");
        let unclear = misread(&expired, 21, b'3', 0.6);
        assert_eq!(outcomes(&unclear)("not_expired"), Outcome::NotChecked);
        let unclear = misread(&passport("740812", "300415", "LIND<<KARIN"), 21, b'2', 0.6);
        assert_eq!(outcomes(&unclear)("not_expired"), Outcome::NotChecked);
    }

    proptest! {
        /// However it is read, a wrong figure never lets the check of the digits pass, and fails it only where it is clear.
        #[test]
        fn a_wrong_figure_never_passes(at in 13usize..19, by in 1u8..10, probability in 0.0f32..1.0) {
            let genuine = passport("740812", "300415", "LIND<<KARIN");
            let to = b'0' + (genuine.lines[1].as_bytes()[at] - b'0' + by) % 10;
            let outcome = outcomes(&misread(&genuine, at, to, probability))("mrz_check_digits");
            let expected = if probability < CLEAR { Outcome::NotChecked } else { Outcome::Failed };
            prop_assert_eq!(outcome, expected);
        }
    }

    #[test]
    fn without_a_zone_nothing_is_claimed() {
        assert!(missing().iter().all(|c| c.outcome == Outcome::NotChecked));
    }
}
