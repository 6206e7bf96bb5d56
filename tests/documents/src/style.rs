//! How an issuer's documents look: colours, faces, labels, the way dates are written.

use rand::Rng;
use time::Date;

use crate::{fonts::Fonts, holder::pick};

/// An issuing state: its code in the zone, its name, its nationals.
pub const STATES: [(&str, &str, &str); 16] = [
    ("D", "GERMANY", "GERMAN"),
    ("FRA", "FRANCE", "FRENCH"),
    ("ESP", "SPAIN", "SPANISH"),
    ("SWE", "SWEDEN", "SWEDISH"),
    ("POL", "POLAND", "POLISH"),
    ("PRT", "PORTUGAL", "PORTUGUESE"),
    ("CZE", "CZECH REPUBLIC", "CZECH"),
    ("AUT", "AUSTRIA", "AUSTRIAN"),
    ("NLD", "NETHERLANDS", "DUTCH"),
    ("FIN", "FINLAND", "FINNISH"),
    ("DNK", "DENMARK", "DANISH"),
    ("HUN", "HUNGARY", "HUNGARIAN"),
    ("IRL", "IRELAND", "IRISH"),
    ("ROU", "ROMANIA", "ROMANIAN"),
    ("ITA", "ITALY", "ITALIAN"),
    ("LVA", "LATVIA", "LATVIAN"),
];

/// One label in the issuer's two languages.
pub struct Labels {
    pub surname: &'static str,
    pub given_names: &'static str,
    pub nationality: &'static str,
    pub birth: &'static str,
    pub sex: &'static str,
    pub number: &'static str,
    pub issue: &'static str,
    pub expiry: &'static str,
    pub birthplace: &'static str,
    pub personal_number: &'static str,
}

const ENGLISH: Labels = Labels {
    surname: "Surname",
    given_names: "Given names",
    nationality: "Nationality",
    birth: "Date of birth",
    sex: "Sex",
    number: "Document No.",
    issue: "Date of issue",
    expiry: "Date of expiry",
    birthplace: "Place of birth",
    personal_number: "Personal No.",
};
const FRENCH: Labels = Labels {
    surname: "Surname / Nom",
    given_names: "Given names / Prénoms",
    nationality: "Nationality / Nationalité",
    birth: "Date of birth / Date de naissance",
    sex: "Sex / Sexe",
    number: "Document No. / N° du document",
    issue: "Date of issue / Date de délivrance",
    expiry: "Date of expiry / Date d'expiration",
    birthplace: "Place of birth / Lieu de naissance",
    personal_number: "Personal No. / N° personnel",
};
const GERMAN: Labels = Labels {
    surname: "Name / Surname",
    given_names: "Vornamen / Given names",
    nationality: "Staatsangehörigkeit / Nationality",
    birth: "Geburtsdatum / Date of birth",
    sex: "Geschlecht / Sex",
    number: "Nummer / Document No.",
    issue: "Ausstellungsdatum / Date of issue",
    expiry: "Gültig bis / Date of expiry",
    birthplace: "Geburtsort / Place of birth",
    personal_number: "Personennummer / Personal No.",
};
const SPANISH: Labels = Labels {
    surname: "Apellidos / Surname",
    given_names: "Nombre / Given names",
    nationality: "Nacionalidad / Nationality",
    birth: "Fecha de nacimiento / Date of birth",
    sex: "Sexo / Sex",
    number: "Número / Document No.",
    issue: "Fecha de expedición / Date of issue",
    expiry: "Fecha de caducidad / Date of expiry",
    birthplace: "Lugar de nacimiento / Place of birth",
    personal_number: "Núm. personal / Personal No.",
};

const LABELS: &[Labels] = &[ENGLISH, FRENCH, GERMAN, SPANISH];

/// One issuer's look, drawn anew for every specimen.
pub struct Style {
    pub labels: &'static Labels,
    pub label_font: usize,
    pub value_font: usize,
    pub dates: usize,
    /// Paper and the two colours of its lines.
    pub paper: [f32; 3],
    pub lines: [[f32; 3]; 2],
    /// Opacity of the lines.
    pub strength: f32,
    /// Whether every second label is left to its English half where space is short.
    pub numbered: bool,
}

impl Style {
    pub fn drawn(rng: &mut impl Rng, fonts: &Fonts) -> Self {
        let hue = rng.random_range(0.0..std::f32::consts::TAU);
        let tint = |shift: f32, deep: f32| {
            std::array::from_fn(|i| {
                let wave = (hue + shift + i as f32 * std::f32::consts::TAU / 3.0).cos();
                1.0 - deep * (0.55 + 0.45 * wave)
            })
        };
        Self {
            labels: pick(rng, LABELS),
            label_font: rng.random_range(0..fonts.text.len()),
            value_font: rng.random_range(0..fonts.text.len()),
            dates: rng.random_range(0..5),
            paper: tint(0.0, 0.16),
            lines: [tint(0.4, 0.6), tint(2.2, 0.6)],
            strength: rng.random_range(0.15..0.45),
            numbered: rng.random_bool(0.2),
        }
    }

    /// A date as this issuer prints it.
    pub fn date(&self, date: Date) -> String {
        const ENGLISH: [&str; 12] =
            ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
        const FRENCH: [&str; 12] =
            ["JAN", "FEV", "MARS", "AVR", "MAI", "JUIN", "JUIL", "AOUT", "SEPT", "OCT", "NOV", "DEC"];
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        let name = ENGLISH[usize::from(month) - 1];
        match self.dates {
            0 => format!("{day:02} {name} {year}"),
            1 => format!("{day:02}.{month:02}.{year}"),
            2 => format!("{day:02} {name}/{} {year}", FRENCH[usize::from(month) - 1]),
            3 => format!("{year}-{month:02}-{day:02}"),
            _ => format!("{day:02}/{month:02}/{year}"),
        }
    }
}
