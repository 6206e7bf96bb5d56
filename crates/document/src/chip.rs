//! Compares the chip's DG1 with the MRZ, the barcode and the VIZ of the picture.

use time::Date;

use crate::{
    Check, Field, Mrz, Report, Source,
    comparison::{agree, is_same, letters},
    mrz::ZoneDates,
    printed::distance,
    report::{FieldName, Fields},
    zone_fields,
};

/// A field to compare.
struct Compared {
    name: FieldName,
    /// Its name in the evidence.
    what: &'static str,
    /// Its name in the zone.
    zone: &'static str,
}

const COMPARED: [Compared; 5] = [
    Compared { name: FieldName::DocumentNumber, what: "number", zone: "document number" },
    Compared { name: FieldName::BirthDate, what: "date of birth", zone: "date of birth" },
    Compared { name: FieldName::ExpiryDate, what: "date of expiry", zone: "date of expiry" },
    Compared { name: FieldName::LastName, what: "surname", zone: "names" },
    Compared { name: FieldName::NationalityCode, what: "nationality", zone: "nationality" },
];

/// How a value of the picture compares with the chip's.
enum Comparison {
    Same,
    /// Different, or misread.
    Unclear,
    Other,
}

/// Returns the zone's fields in a chip's DG1; `None` when its lines have no form of a zone.
pub fn chip_fields(lines: &[String], today: Date) -> Option<Fields> {
    let mrz = Mrz::parse_lines(lines)?;
    let mut fields = zone_fields::fields(&mrz, &ZoneDates::resolve(&mrz, &[], today));
    for field in fields.values_mut() {
        (field.source, field.confidence) = (Source::Chip, 1.0);
    }
    Some(fields)
}

/// Compares the fields read from the picture with the chip's. If the chip is `authentic`, matching fields become
/// certain and missing ones are added; the data of any other chip are ignored.
pub fn compare_chip(report: &mut Report, chip: &Fields, authentic: bool) -> Check {
    const NAME: &str = "chip_mrz";
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for field in COMPARED {
        let doubt = report.mrz.as_ref().and_then(|mrz| mrz.doubt(field.zone));
        let (Some(read), Some(claimed)) = (report.fields.get_mut(&field.name), chip.get(&field.name)) else {
            continue;
        };
        match compared(field.name, read, &claimed.value, doubt.is_some()) {
            Comparison::Same => {
                same.push(field.what);
                if authentic
                    && (field.name != FieldName::LastName || is_same(field.name, &read.value, &claimed.value))
                {
                    read.confidence = 1.0;
                }
            }
            Comparison::Other => other.push(field.what),
            Comparison::Unclear => {}
        }
    }
    if authentic {
        for (name, field) in chip {
            report.fields.entry(*name).or_insert_with(|| field.clone());
        }
    }
    if !other.is_empty() {
        return Check::gating(NAME, false, format!("the chip has another {}", other.join(", ")));
    }
    if same.is_empty() {
        return Check::not_checked(NAME, false, "nothing on the picture could be compared with the chip");
    }
    Check::gating(NAME, true, format!("the chip has the same {}", same.join(", ")))
}

/// Values that are only in the VIZ or were not read reliably contradict nothing, because they may be misread.
fn compared(name: FieldName, read: &Field, claimed: &str, is_doubtful: bool) -> Comparison {
    // The zone does not contain the century.
    let is_date = matches!(name, FieldName::BirthDate | FieldName::ExpiryDate);
    let part = |value: &str| if is_date { value.get(2..).unwrap_or_default() } else { value }.to_owned();
    let (own, claimed) = (part(&read.value), part(claimed));
    if agree(name, &own, &claimed) {
        return Comparison::Same;
    }
    // Names have no check digit: a character or two may be misread.
    let is_near = name == FieldName::LastName && {
        let (own, claimed) = (letters(&own), letters(&claimed));
        distance(&own, &claimed) <= claimed.len() / 4
    };
    if is_doubtful || is_near || read.source == Source::Print {
        Comparison::Unclear
    } else {
        Comparison::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 06 - 01);

    fn chip() -> Fields {
        let lines =
            ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
        chip_fields(&lines.map(str::to_owned), TODAY).unwrap()
    }

    fn report(source: Source, all: &[(FieldName, &str)]) -> Report {
        let field = |value: &str| Field { value: value.to_owned(), source, confidence: 0.8 };
        let fields = all.iter().map(|(name, value)| (*name, field(value))).collect();
        Report { fields, ..Report::default() }
    }

    #[test]
    fn what_the_chip_has_too_is_certain_and_what_it_has_besides_is_taken_over() {
        let mut read = report(
            Source::Mrz,
            &[(FieldName::DocumentNumber, "L898902C3"), (FieldName::LastName, "ERIKSSON")],
        );
        assert_eq!(compare_chip(&mut read, &chip(), true).outcome, Outcome::Passed);
        assert!((read.fields[&FieldName::LastName].confidence - 1.0).abs() < 1e-6);
        assert_eq!(read.fields[&FieldName::BirthDate].source, Source::Chip);
    }

    #[test]
    fn another_number_fails_and_a_chip_that_is_not_authentic_adds_nothing() {
        let mut read = report(Source::Mrz, &[(FieldName::DocumentNumber, "L898902C4")]);
        assert_eq!(compare_chip(&mut read, &chip(), false).outcome, Outcome::Failed);
        assert_eq!(read.fields.len(), 1);
        let nothing = compare_chip(&mut report(Source::Mrz, &[]), &chip(), true);
        assert_eq!(nothing.outcome, Outcome::NotChecked);
    }

    #[test]
    fn another_surname_fails_a_misread_one_and_another_century_do_not() {
        let outcome =
            |source, all: &[(FieldName, &str)]| compare_chip(&mut report(source, all), &chip(), true).outcome;
        assert_eq!(outcome(Source::Mrz, &[(FieldName::LastName, "SVENSSON")]), Outcome::Failed);
        assert_eq!(outcome(Source::Mrz, &[(FieldName::LastName, "ERIKSSDN")]), Outcome::NotChecked);
        assert_eq!(outcome(Source::Mrz, &[(FieldName::BirthDate, "1874-08-12")]), Outcome::Passed);
        assert_eq!(outcome(Source::Print, &[(FieldName::BirthDate, "1974-08-13")]), Outcome::NotChecked);
        assert_eq!(outcome(Source::Mrz, &[(FieldName::BirthDate, "1974-08-13")]), Outcome::Failed);
    }

    #[test]
    fn lines_that_are_no_zone_are_none() {
        assert!(chip_fields(&["I<UTO".to_owned()], TODAY).is_none());
    }
}
