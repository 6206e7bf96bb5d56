//! The machine readable zone against the printed zone and the barcode.

use time::Date;

use crate::{
    Check, Mrz,
    printed::{Confirmation, Printed, plain},
    report::{FieldName, Fields},
};

/// The comparison of one field.
struct Comparison {
    check: &'static str,
    what: &'static str,
    fields: &'static [FieldName],
    found: Confirmation,
}

/// Compares what both zones say. `printed` is one reading of the page or two: a value counts as confirmed where one of them
/// has it, and as contradicted where all say otherwise. Confirmed fields become surer.
pub(crate) fn compare(mrz: &Mrz, printed: &[Printed], today: Date, fields: &mut Fields) -> Vec<Check> {
    let best = |ask: &dyn Fn(&Printed) -> Confirmation| agreed(printed.iter().map(ask));
    let date = |name, date: Option<Date>| match date {
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
        },
        Comparison {
            check: "mrz_print_birth",
            what: "the date of birth",
            fields: &[FieldName::BirthDate],
            found: date(FieldName::BirthDate, mrz.birth_date(today)),
        },
        Comparison {
            check: "mrz_print_expiry",
            what: "the date of expiry",
            fields: &[FieldName::ExpiryDate],
            found: date(FieldName::ExpiryDate, mrz.expiry_date(today)),
        },
        Comparison {
            check: "mrz_print_names",
            what: "the names",
            fields: &[FieldName::LastName, FieldName::FirstName],
            found: best(&|p| {
                both(p.confirms_name(&mrz.surname, may_be_cut), p.confirms_name(&mrz.given_names, may_be_cut))
            }),
        },
    ];
    all.into_iter().map(|c| concluded(&c, fields)).collect()
}

fn concluded(comparison: &Comparison, fields: &mut Fields) -> Check {
    let Comparison { check, what, fields: names, found } = *comparison;
    match found {
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
        Confirmation::NotFound => {
            Check::not_checked(check, false, format!("{what} could not be read in print"))
        }
    }
}

/// The zone against a barcode on the same side: what both tell must agree. Fields the zone lacks are taken over. `claimed`
/// is none where no barcode was found.
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
            zone.confidence = zone.confidence.max(code.confidence);
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

/// Letters of a name that was cut short, at least.
const SHORTEST: usize = 3;

/// Whether two zones say the same: names may be cut short in either, and are spelt without marks.
fn agree(name: FieldName, a: &str, b: &str) -> bool {
    if name != FieldName::LastName {
        return a == b;
    }
    let letters = |text: &str| plain(text).chars().filter(char::is_ascii_alphabetic).collect::<String>();
    let (a, b) = (letters(a), letters(b));
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.starts_with(&short) && (short.len() == long.len() || short.len() >= SHORTEST)
}

/// Whether nothing is left to be read again.
pub(crate) fn is_settled(checks: &[Check]) -> bool {
    checks.iter().all(|c| c.outcome == crate::Outcome::Passed)
}

fn agreed(each: impl Iterator<Item = Confirmation>) -> Confirmation {
    each.reduce(|a, b| match (a, b) {
        (Confirmation::Confirmed(x), Confirmation::Confirmed(y)) => Confirmation::Confirmed(x.max(y)),
        (sure @ Confirmation::Confirmed(_), _) | (_, sure @ Confirmation::Confirmed(_)) => sure,
        (Confirmation::Contradicted, Confirmation::Contradicted) => Confirmation::Contradicted,
        _ => Confirmation::NotFound,
    })
    .unwrap_or(Confirmation::NotFound)
}

fn both(a: Confirmation, b: Confirmation) -> Confirmation {
    match (a, b) {
        (Confirmation::Confirmed(x), Confirmation::Confirmed(y)) => Confirmation::Confirmed(x.min(y)),
        _ => Confirmation::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, Outcome, Source};

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
        let mut told = fields(Source::Barcode, &code);
        told.values_mut().for_each(|f| f.confidence = 1.0);
        assert_eq!(compare_barcode(Some(&told), &mut read).outcome, Outcome::Passed);
        assert_eq!(read[&FieldName::BirthDate].confidence, 1.0);
        assert_eq!(read[&FieldName::IssueDate].source, Source::Barcode);
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
