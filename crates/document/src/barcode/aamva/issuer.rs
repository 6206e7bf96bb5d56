//! The issuer of a licence, by its issuer identification number.

/// The table of issuers, which can be extended by further lines.
const TABLE: &str = include_str!("issuers.csv");

/// Provinces and territories of Canada, and states of Mexico whose codes differ from those of the United States: used
/// for an address when neither the element DCG nor the issuer's number gives the country.
const CANADA: [&str; 13] = ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"];
const MEXICO: [&str; 3] = ["COA", "HGO", "JAL"];

/// An issuer of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Issuer {
    /// Three letters.
    pub country: &'static str,
    /// Two or three letters; empty for the country itself.
    pub jurisdiction: &'static str,
}

/// Returns the issuer with this number, if it is in the table.
pub(super) fn find_issuer(number: &str) -> Option<Issuer> {
    let entries = TABLE.lines().filter(|line| !line.starts_with('#'));
    entries.filter_map(parse_line).find(|(known, _)| *known == number).map(|(_, issuer)| issuer)
}

fn parse_line(line: &'static str) -> Option<(&'static str, Issuer)> {
    let mut cells = line.split(',');
    let (number, country, jurisdiction) = (cells.next()?, cells.next()?, cells.next()?);
    Some((number, Issuer { country, jurisdiction }))
}

/// Returns the country of a jurisdiction in an address; the United States when it is in no other country's list.
pub(super) fn country_of_jurisdiction(code: &str) -> &'static str {
    if CANADA.contains(&code) {
        "CAN"
    } else if MEXICO.contains(&code) {
        "MEX"
    } else {
        "USA"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_an_issuer_of_its_own() {
        let lines: Vec<&str> = TABLE.lines().filter(|l| !l.starts_with('#')).collect();
        let mut numbers: Vec<&str> = lines.iter().map(|l| parse_line(l).unwrap().0).collect();
        assert!(numbers.iter().all(|n| n.len() == 6 && n.bytes().all(|c| c.is_ascii_digit())));
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), lines.len());
    }

    #[test]
    fn issuers_and_jurisdictions_have_their_country() {
        let ontario = find_issuer("636012").unwrap();
        assert_eq!((ontario.country, ontario.jurisdiction), ("CAN", "ON"));
        assert_eq!(find_issuer("000000"), None);
        assert_eq!([country_of_jurisdiction("QC"), country_of_jurisdiction("CA")], ["CAN", "USA"]);
    }
}
