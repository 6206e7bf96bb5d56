//! Holders of specimens: invented people whose names exercise transliteration.

use rand::{Rng, seq::IndexedRandom};
use time::{Date, Duration};

/// A person.
#[derive(Clone, Debug)]
pub struct Holder {
    pub surname: String,
    pub given_names: String,
    pub sex: char,
    pub birth: Date,
    pub birthplace: &'static str,
}

const SURNAMES: &[&str] = &[
    "Müller",
    "Sørensen",
    "Ångström",
    "García Márquez",
    "Núñez",
    "Łukasiewicz",
    "Dvořák",
    "Škvorecký",
    "Þórsdóttir",
    "Çelik",
    "Yıldız",
    "Großmann",
    "Åkesson",
    "Lefèvre",
    "D'Angelo",
    "O'Brien",
    "Van der Meer",
    "Smith-Jones",
    "Novák",
    "Kovács",
    "Szabó",
    "Nagy",
    "Rossi",
    "Bianchi",
    "Silva Conceição",
    "Jensen",
    "Nielsen",
    "Virtanen",
    "Mäkinen",
    "Ionescu",
    "Popescu",
    "Dimitrov",
    "Petrova",
    "Horvat",
    "Jovanović",
    "Đorđević",
    "Kowalski",
    "Wiśniewska",
    "Schmidt",
    "Weber",
    "Dupont",
    "Martin",
    "Fontaine",
    "Brown",
    "Taylor",
    "Walker",
    "Bogaerts",
    "De Clercq",
    "Ozols",
    "Kalniņš",
    "Kazlauskas",
    "Tamm",
    "Saar",
    "Murphy",
    "Byrne",
    "Camilleri",
    "Papadopoulos",
    "Wolfeschlegelsteinhausenbergerdorff",
];
const FEMALE: &[&str] = &[
    "Anna",
    "María José",
    "Zoë",
    "Chloé",
    "Åsa",
    "Øyvor",
    "Małgorzata",
    "Šárka",
    "Eszter",
    "Ana-Lucía",
    "Gül",
    "Ingrid",
    "Hélène",
    "Françoise",
    "Katarzyna",
    "Sigríður",
    "Elif",
    "Laura",
    "Emma",
    "Marta",
    "Olivia",
    "Noora",
    "Ilze",
];
const MALE: &[&str] = &[
    "Jürgen",
    "Søren",
    "Björn",
    "José",
    "Łukasz",
    "Jiří",
    "François",
    "Jean-Pierre",
    "André",
    "Gábor",
    "Þór",
    "Mehmet",
    "İsmail",
    "Peter",
    "Thomas",
    "Marco",
    "Mikael",
    "Ján",
    "Andrei",
    "Luka",
    "Oisín",
    "Karl-Heinz",
    "Tiago",
    "Jonas",
];
const LONG: &[&str] =
    &["Maximilian Alexander Ferdinand", "Wilhelmina Constantina Josephine", "Bartholomäus Christophorus"];
const PLACES: &[&str] =
    &["BERGEN", "LYON", "GRAZ", "TURKU", "PORTO", "BRNO", "GDYNIA", "SZEGED", "VARNA", "CORK"];

impl Holder {
    /// Somebody of 18 to 80 years on `today`.
    pub fn drawn(rng: &mut impl Rng, today: Date) -> Self {
        let sex = if rng.random_bool(0.5) { 'F' } else { 'M' };
        let first = *pick(rng, if sex == 'F' { FEMALE } else { MALE });
        let given_names = match rng.random_range(0..10) {
            0 => format!("{first} {}", pick(rng, LONG)),
            1..=4 => format!("{first} {}", pick(rng, if sex == 'F' { FEMALE } else { MALE })),
            _ => first.to_owned(),
        };
        let birth = today - Duration::days(rng.random_range(18 * 366..80 * 365));
        let birthplace = pick(rng, PLACES);
        Self { surname: (*pick(rng, SURNAMES)).to_owned(), given_names, sex, birth, birthplace }
    }
}

/// One of some.
///
/// # Panics
/// On an empty list: the lists are constants.
pub(crate) fn pick<'a, T>(rng: &mut impl Rng, from: &'a [T]) -> &'a T {
    from.choose(rng).unwrap_or(&from[0])
}

/// A name in the zone's alphabet (Doc 9303-3, section 6): letters transliterated, apostrophes left out, all else a
/// filler.
pub fn zone_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_uppercase) {
        match c {
            'A'..='Z' | '0'..='9' => out.push(c),
            '\'' | '’' | '.' | ',' => {}
            _ => match latin(c) {
                "" if out.ends_with('<') || out.is_empty() => {}
                "" => out.push('<'),
                letters => out.push_str(letters),
            },
        }
    }
    out.trim_end_matches('<').to_owned()
}

fn latin(c: char) -> &'static str {
    match c {
        'Ä' | 'Æ' => "AE",
        'Ö' | 'Ø' | 'Œ' => "OE",
        'Ü' => "UE",
        'Å' => "AA",
        'ß' | 'ẞ' => "SS",
        'Þ' => "TH",
        'Á' | 'À' | 'Â' | 'Ã' | 'Ă' | 'Ą' | 'Ā' => "A",
        'Ç' | 'Ć' | 'Č' => "C",
        'Ď' | 'Đ' | 'Ð' => "D",
        'É' | 'È' | 'Ê' | 'Ë' | 'Ę' | 'Ě' | 'Ē' => "E",
        'Ğ' | 'Ģ' => "G",
        'Í' | 'Ì' | 'Î' | 'Ï' | 'İ' | 'Ī' => "I",
        'Ķ' => "K",
        'Ł' | 'Ļ' | 'Ĺ' | 'Ľ' => "L",
        'Ñ' | 'Ń' | 'Ň' | 'Ņ' => "N",
        'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ő' => "O",
        'Ř' => "R",
        'Ś' | 'Š' | 'Ş' | 'Ș' => "S",
        'Ť' | 'Ț' | 'Ţ' => "T",
        'Ú' | 'Ù' | 'Û' | 'Ű' | 'Ů' | 'Ū' => "U",
        'Ý' => "Y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_lists_has_letters_for_all_of_its_own() {
        for name in SURNAMES.iter().chain(FEMALE).chain(MALE).chain(LONG) {
            let letters = name.chars().filter(|c| c.is_alphabetic()).count();
            let shown = zone_text(name).chars().filter(char::is_ascii_uppercase).count();
            assert!(shown >= letters, "{name}: {}", zone_text(name));
        }
    }

    #[test]
    fn names_are_transliterated_as_doc_9303_says() {
        assert_eq!(zone_text("Þórsdóttir"), "THORSDOTTIR");
        assert_eq!(zone_text("Großmann"), "GROSSMANN");
        assert_eq!(zone_text("D'Angelo"), "DANGELO");
        assert_eq!(zone_text("Jean-Pierre"), "JEAN<PIERRE");
        assert_eq!(zone_text("García Márquez"), "GARCIA<MARQUEZ");
    }
}
