//! The labels of fields in the languages of documents, and the lines with their values.

use crate::{TextLine, report::FieldName};

/// Prefixes of labels, without accents and in capitals; the longest match wins.
const LABELS: [(FieldName, &[&str]); 8] = [
    (
        FieldName::BirthDate,
        &[
            "DATE OF BIRTH",
            "DATE DE NAISSANCE",
            "BIRTH DATE",
            "GEBURTSDATUM",
            "FECHA DE NACIMIENTO",
            "DATA DI NASCITA",
            "DATA DE NASCIMENTO",
            "GEBOORTEDATUM",
            "FODELSEDATUM",
            "DATUM RODENJA",
            "SUNNIAEG",
            "DOB",
            "BORN",
            "DATUM NAROZENI",
            "DATA URODZENIA",
            "SYNTYMAAIKA",
            "FODSELSDATO",
        ],
    ),
    (
        FieldName::ExpiryDate,
        &[
            "DATE OF EXPIRY",
            "DATE D EXPIRATION",
            "EXPIRY DATE",
            "EXPIRATION DATE",
            "EXPIRES",
            "EXPIRY",
            "EXPIRATION",
            "VALID UNTIL",
            "VALID THRU",
            "VALABLE JUSQU",
            "VALIDE JUSQU",
            "GULTIG BIS",
            "FECHA DE CADUCIDAD",
            "CADUCIDAD",
            "DATA DI SCADENZA",
            "SCADENZA",
            "GELDIG TOT",
            "KEHTIV KUNI",
            "DATUM ISTEKA",
            "EXP",
            "VALIDADE",
            "VALID TO",
        ],
    ),
    (
        FieldName::IssueDate,
        &[
            "DATE OF ISSUE",
            "DATE DE DELIVRANCE",
            "ISSUE DATE",
            "DATE ISSUED",
            "AUSSTELLUNGSDATUM",
            "FECHA DE EXPEDICION",
            "DATA DI RILASCIO",
            "VALJA ANTUD",
            "ISS",
            "ISSUED",
            "DATUM IZDAVANJA",
            "VALID FROM",
        ],
    ),
    (
        FieldName::DocumentNumber,
        &[
            "DOCUMENT NO",
            "DOCUMENT NUMBER",
            "PASSPORT NO",
            "PASSPORT NUMBER",
            "CARD NO",
            "CARD NUMBER",
            "DOC NO",
            "N DU DOC",
            "NUMERO DE DOCUMENT",
            "N DE PASSEPORT",
            "PASSNUMMER",
            "IDENTITY CARD NO",
            "LICENCE NO",
            "LICENSE NO",
            "LICENCE NUMBER",
            "DL NO",
            "DLN",
            "NUMERO DE PASAPORTE",
            "ID NO",
            "NO OF DOCUMENT",
            "LIC NO",
        ],
    ),
    (
        FieldName::LastName,
        &[
            "SURNAME",
            "LAST NAME",
            "FAMILY NAME",
            "NACHNAME",
            "APELLIDOS",
            "COGNOME",
            "PRIMARY IDENTIFIER",
            "PEREKONNANIMI",
            "NOM",
        ],
    ),
    (
        FieldName::FirstName,
        &[
            "GIVEN NAMES",
            "GIVEN NAME",
            "FIRST NAME",
            "FORENAMES",
            "FORENAME",
            "PRENOMS",
            "PRENOM",
            "VORNAMEN",
            "VORNAME",
            "NOMBRES",
            "SECONDARY IDENTIFIER",
            "EESNIMI",
            "NOME",
        ],
    ),
    (
        FieldName::FatherName,
        &["FATHER S NAME", "FATHERS NAME", "FATHER NAME", "NAME OF FATHER", "NOM DU PERE"],
    ),
    (FieldName::Sex, &["SEX", "SEXE", "GESCHLECHT", "SEXO", "SESSO", "GENDER"]),
];

/// A field's label found on a line, and the rest of the line after it.
pub(crate) struct Labelled<'a> {
    pub name: FieldName,
    pub line: &'a TextLine,
    pub rest: String,
}

/// Returns the labels among `lines`.
pub(crate) fn labels(lines: &[TextLine]) -> Vec<Labelled<'_>> {
    let mut found = Vec::new();
    for line in lines {
        let text = super::words(&line.text);
        let padded = format!(" {text} ");
        let mut best: Option<(FieldName, usize, usize)> = None;
        for (name, words) in LABELS {
            for word in words {
                let Some(at) = padded.find(&format!(" {word}")) else { continue };
                let is_short = word.len() <= 4;
                let is_whole = padded[at + 1 + word.len()..].starts_with(' ');
                // A number and a full stop may precede a label, and its translation may follow it.
                let leads = at <= 4;
                if leads && (is_whole || !is_short) && best.is_none_or(|(_, _, length)| word.len() > length) {
                    best = Some((name, at + word.len(), word.len()));
                }
            }
        }
        if let Some((name, end, _)) = best {
            found.push(Labelled {
                name,
                line,
                rest: padded.get(end + 1..).unwrap_or_default().trim().to_owned(),
            });
        }
    }
    found
}

/// Returns lines that may hold the value of a label at `label`: below it or to its right, nearest first.
pub(crate) fn neighbours<'a>(label: &TextLine, lines: &'a [TextLine]) -> Vec<&'a TextLine> {
    let from = label.quad.bounds();
    let height = label.quad.height().max(1.0);
    let mut near: Vec<(f32, &TextLine)> = Vec::new();
    for line in lines {
        let to = line.quad.bounds();
        let down = to.y + to.h / 2.0 - (from.y + from.h / 2.0);
        let overlap = (from.x + from.w).min(to.x + to.w) - from.x.max(to.x);
        let below = down > 0.4 * height && down < 3.5 * height.max(to.h) && overlap > -0.5 * height;
        let right = down.abs() < 0.7 * height.max(to.h)
            && to.x > from.x + 0.5 * from.w
            && to.x - (from.x + from.w) < 12.0 * height;
        if below {
            near.push((down + (to.x - from.x).abs() * 0.3, line));
        } else if right {
            near.push(((to.x - from.x - from.w).max(0.0) * 0.4 + height, line));
        }
    }
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.into_iter().map(|(_, line)| line).take(4).collect()
}
