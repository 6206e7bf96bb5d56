//! The machine readable zone against the printed zone.

use time::Date;

use crate::{
    Check, Mrz,
    printed::{Confirmation, Printed},
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
