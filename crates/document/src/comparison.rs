//! Compares the machine readable zone with the VIZ and the barcode.

use time::Date;

use crate::{
    Check, Mrz,
    mrz::ZoneDates,
    partial_date::PartialDate,
    printed::{Confirmation, Printed, dates, plain},
    report::{FieldName, Fields},
};

/// Confidence of a value that differs slightly between print and zone.
const DISPUTED: f32 = 0.5;

/// The comparison of one field.
struct Comparison {
    check: &'static str,
    what: &'static str,
    fields: &'static [FieldName],
    found: Confirmation,
    /// The field's name in the zone, if it has a check digit.
    zone: &'static str,
}

/// Compares both zones. `printed` has one or two readings of the page: a value is confirmed when one of them contains
/// it, and contradicted when all differ. Confirmation raises the confidence of a field.
pub(crate) fn compare(mrz: &Mrz, zone: &ZoneDates, printed: &[Printed], fields: &mut Fields) -> Vec<Check> {
    let best = |ask: &dyn Fn(&Printed) -> Confirmation| agreed(printed.iter().map(ask));
    let date = |name, date: Option<PartialDate>| match date {
        Some(date) => best(&|p| p.confirms_date(name, date)),
        None => Confirmation::NotFound,
    };
    let may_be_cut = mrz.lines.iter().any(|l| !l.ends_with('<') && l.bytes().all(|c| !c.is_ascii_digit()));
    let all = [
        Comparison {
            check: "mrz_print_number",
            what: "the document number",
            fields: &[FieldName::DocumentNumber],
            found: best(&|p| p.confirms_number(&mrz.document_number)),
            zone: "document number",
        },
        Comparison {
            check: "mrz_print_birth",
            what: "the date of birth",
            fields: &[FieldName::BirthDate],
            found: date(FieldName::BirthDate, zone.birth),
            zone: "date of birth",
        },
        Comparison {
            check: "mrz_print_expiry",
            what: "the date of expiry",
            fields: &[FieldName::ExpiryDate],
            found: date(FieldName::ExpiryDate, zone.expiry.day().map(PartialDate::from)),
            zone: "date of expiry",
        },
        Comparison {
            check: "mrz_print_names",
            what: "the names",
            fields: &[FieldName::LastName, FieldName::FirstName],
            found: best(&|p| {
                let names = [&mrz.surname, &mrz.given_names].into_iter().filter(|name| !name.is_empty());
                let each = names.map(|name| p.confirms_name(name, may_be_cut));
                each.reduce(both).unwrap_or(Confirmation::NotFound)
            }),
            zone: "names",
        },
    ];
    all.into_iter().map(|c| concluded(&c, mrz, fields)).collect()
}

fn concluded(comparison: &Comparison, mrz: &Mrz, fields: &mut Fields) -> Check {
    let Comparison { check, what, fields: names, found, zone } = *comparison;
    match found {
        Confirmation::Contradicted if mrz.doubt(zone).is_some() => {
            Check::not_checked(check, false, format!("{what} was not read reliably in the zone"))
        }
        Confirmation::Confirmed(confidence) => {
            for name in names {
                if let Some(field) = fields.get_mut(name) {
                    field.confidence = field.confidence.max(0.9 + 0.1 * confidence);
                }
            }
            Check::gating(check, true, format!("printed as in the zone: {what}"))
        }
        Confirmation::Contradicted => {
            for name in names {
                if let Some(field) = fields.get_mut(name) {
                    field.confidence = field.confidence.min(0.3);
                }
            }
            Check::gating(check, false, format!("another value is printed where {what} stands"))
        }
        // One of both was misread, and it is unknown which, so nothing is confirmed.
        Confirmation::Near => {
            for name in names {
                if let Some(field) = fields.get_mut(name) {
                    field.confidence = field.confidence.min(DISPUTED);
                }
            }
            Check::not_checked(check, false, format!("{what} could not be read alike in print and zone"))
        }
        Confirmation::NotFound => {
            Check::not_checked(check, false, format!("{what} could not be read in print"))
        }
    }
}

/// A wrong or doubtful field does not count as a claim of the zone: a barcode may supply it instead.
pub(crate) fn without_doubtful(mrz: &Mrz, claimed: &Fields, fields: &mut Fields) {
    let all = [
        (FieldName::DocumentNumber, "document number"),
        (FieldName::BirthDate, "date of birth"),
        (FieldName::ExpiryDate, "date of expiry"),
    ];
    for (name, field) in all {
        if claimed.contains_key(&name) && mrz.doubt(field).is_some() {
            fields.remove(&name);
        }
    }
}

/// Compares the zone with a barcode on the same side: fields in both must agree, and fields missing in the zone are
/// added. `claimed` is `None` when no barcode was found.
pub(crate) fn compare_barcode(claimed: Option<&Fields>, fields: &mut Fields) -> Check {
    const NAME: &str = "mrz_barcode";
    let Some(claimed) = claimed else {
        return Check::not_checked(NAME, false, "no barcode that could be read is beside the zone");
    };
    let asked = [
        (FieldName::DocumentNumber, "number"),
        (FieldName::BirthDate, "date of birth"),
        (FieldName::ExpiryDate, "date of expiry"),
        (FieldName::LastName, "surname"),
    ];
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for (name, what) in asked {
        let (Some(zone), Some(code)) = (fields.get_mut(&name), claimed.get(&name)) else { continue };
        if agree(name, &zone.value, &code.value) {
            if is_same(name, &zone.value, &code.value) {
                zone.confidence = zone.confidence.max(code.confidence);
            }
            same.push(what);
        } else {
            zone.confidence = zone.confidence.min(0.3);
            other.push(what);
        }
    }
    for (name, field) in claimed {
        fields.entry(*name).or_insert_with(|| field.clone());
    }
    if !other.is_empty() {
        return Check::gating(NAME, false, format!("the barcode has another {}", other.join(", ")));
    }
    if same.is_empty() {
        return Check::not_checked(NAME, false, "the barcode has no field of the zone");
    }
    Check::gating(NAME, true, format!("the barcode has the same {}", same.join(", ")))
}

/// Fewest letters of a truncated name.
const SHORTEST: usize = 3;

/// Returns whether two zones agree: names may be truncated in either, and are compared without marks.
pub(crate) fn agree(name: FieldName, a: &str, b: &str) -> bool {
    if name != FieldName::LastName {
        return a == b;
    }
    let (a, b) = (letters(a), letters(b));
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.starts_with(&short) && (short.len() == long.len() || short.len() >= SHORTEST)
}

/// Returns whether two values agree completely. A name that is a prefix of the other may be truncated or misread, so
/// its confidence does not rise.
pub(crate) fn is_same(name: FieldName, a: &str, b: &str) -> bool {
    if name == FieldName::LastName { letters(a) == letters(b) } else { a == b }
}

/// Returns the letters of a name without marks.
pub(crate) fn letters(name: &str) -> String {
    plain(name).chars().filter(char::is_ascii_alphabetic).collect()
}

/// Returns the printed date of issue, which the zone lacks: after birth, before expiry, not in the future. A date that
/// belongs to another field is ignored.
pub(crate) fn issue_date(
    mrz: &Mrz,
    zone: &ZoneDates,
    readings: &[Printed],
    today: Date,
    fields: &mut Fields,
) -> Check {
    const NAME: &str = "issue_date_logic";
    let each: Vec<Fields> = readings.iter().map(Printed::fields).collect();
    for name in [FieldName::IssueDate, FieldName::FatherName] {
        if let Some(field) = each.iter().find_map(|f| f.get(&name)) {
            fields.insert(name, field.clone());
        }
    }
    let printed: Vec<Date> = each
        .iter()
        .filter_map(|f| dates(&f.get(&FieldName::IssueDate)?.value, today).first().copied())
        .collect();
    let sure = |field: &str, date: Option<Date>| date.filter(|_| mrz.doubt(field).is_none());
    let birth = sure("date of birth", zone.birth.map(PartialDate::earliest));
    let expiry = sure("date of expiry", zone.expiry.day());
    let of_its_own = |d: &&Date| Some(**d) != birth && Some(**d) != expiry;
    let Some(issue) = printed.iter().find(of_its_own).filter(|d| printed.iter().all(|other| other == *d))
    else {
        fields.remove(&FieldName::IssueDate);
        return Check::not_checked(NAME, false, "no printed date of issue could be read");
    };
    let problem = if birth.is_some_and(|b| *issue <= b) {
        Some("issued before the holder's birth")
    } else if expiry.is_some_and(|e| *issue >= e) {
        Some("issued after its expiry")
    } else if *issue > today {
        Some("issued after today")
    } else {
        None
    };
    Check::gating(NAME, problem.is_none(), problem.unwrap_or("birth before issue, issue before expiry"))
}

/// Returns whether nothing is left to read again.
pub(crate) fn is_settled(checks: &[Check]) -> bool {
    checks.iter().all(|c| c.outcome == crate::Outcome::Passed)
}

fn agreed(each: impl Iterator<Item = Confirmation>) -> Confirmation {
    each.reduce(|a, b| match (a, b) {
        (Confirmation::Confirmed(x), Confirmation::Confirmed(y)) => Confirmation::Confirmed(x.max(y)),
        (sure @ Confirmation::Confirmed(_), _) | (_, sure @ Confirmation::Confirmed(_)) => sure,
        (Confirmation::Near, _) | (_, Confirmation::Near) => Confirmation::Near,
        (Confirmation::Contradicted, Confirmation::Contradicted) => Confirmation::Contradicted,
        _ => Confirmation::NotFound,
    })
    .unwrap_or(Confirmation::NotFound)
}

fn both(a: Confirmation, b: Confirmation) -> Confirmation {
    match (a, b) {
        (Confirmation::Confirmed(x), Confirmation::Confirmed(y)) => Confirmation::Confirmed(x.min(y)),
        (Confirmation::Near, Confirmation::Confirmed(_) | Confirmation::Near)
        | (Confirmation::Confirmed(_), Confirmation::Near) => Confirmation::Near,
        _ => Confirmation::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, Outcome, Source};
    use proptest::prelude::*;

    fn fields(source: Source, all: &[(FieldName, &str)]) -> Fields {
        let field = |value: &str| Field { value: value.to_owned(), source, confidence: 0.8 };
        all.iter().map(|(name, value)| (*name, field(value))).collect()
    }

    fn zone() -> Fields {
        let all = [
            (FieldName::DocumentNumber, "AB1234567"),
            (FieldName::BirthDate, "1974-08-12"),
            (FieldName::LastName, "MUELLER LUEDENSCHEID"),
        ];
        fields(Source::Mrz, &all)
    }

    #[test]
    fn a_barcode_that_agrees_confirms_the_zone_and_adds_to_it() {
        let code = [
            (FieldName::BirthDate, "1974-08-12"),
            (FieldName::LastName, "Mueller-Luedenscheidt"),
            (FieldName::IssueDate, "2024-02-01"),
        ];
        let mut read = zone();
        let mut claimed = fields(Source::Barcode, &code);
        claimed.values_mut().for_each(|f| f.confidence = 1.0);
        assert_eq!(compare_barcode(Some(&claimed), &mut read).outcome, Outcome::Passed);
        assert_eq!(read[&FieldName::BirthDate].confidence, 1.0);
        assert_eq!(read[&FieldName::IssueDate].source, Source::Barcode);
    }

    proptest! {
        /// The beginning of a name may be all of a zone that was cut short, or a misreading.
        #[test]
        fn a_name_that_agrees_in_part_does_not_become_surer(name in "[A-Z]{4,12}", lost in 0usize..9) {
            let own = &name[..(name.len() - lost.min(name.len() - 3))];
            let mut read = fields(Source::Mrz, &[(FieldName::LastName, own)]);
            let mut claimed = fields(Source::Barcode, &[(FieldName::LastName, &name)]);
            claimed.values_mut().for_each(|f| f.confidence = 1.0);
            prop_assert_eq!(compare_barcode(Some(&claimed), &mut read).outcome, Outcome::Passed);
            prop_assert_eq!(read[&FieldName::LastName].confidence > 0.8, own == name);
        }

        /// One letter more, less or another is another name: nothing makes it surer.
        #[test]
        fn a_name_that_is_nearly_the_barcodes_does_not_become_surer(name in "[A-Y]{4,12}", at in 0usize..12) {
            let at = at % name.len();
            let misread = format!("{}Z{}", &name[..at], &name[at + 1..]);
            let mut read = fields(Source::Mrz, &[(FieldName::LastName, &misread)]);
            let mut claimed = fields(Source::Barcode, &[(FieldName::LastName, &name)]);
            claimed.values_mut().for_each(|f| f.confidence = 1.0);
            compare_barcode(Some(&claimed), &mut read);
            prop_assert!(read[&FieldName::LastName].confidence <= 0.8);
        }
    }

    #[test]
    fn another_birth_or_holder_fails_and_nothing_to_compare_is_no_answer() {
        let outcome = |all: &[(FieldName, &str)]| {
            compare_barcode(Some(&fields(Source::Barcode, all)), &mut zone()).outcome
        };
        assert_eq!(outcome(&[(FieldName::BirthDate, "1984-08-12")]), Outcome::Failed);
        assert_eq!(outcome(&[(FieldName::LastName, "SCHMIDT")]), Outcome::Failed);
        assert_eq!(outcome(&[(FieldName::IssueDate, "2024-02-01")]), Outcome::NotChecked);
        assert_eq!(compare_barcode(None, &mut zone()).outcome, Outcome::NotChecked);
    }
}
