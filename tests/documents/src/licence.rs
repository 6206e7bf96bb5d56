//! The barcode of a licence: AAMVA DL/ID Card Design Standard (2020), annex D, and its PDF417.

use rxing::{BarcodeFormat, EncodeHints, Writer, pdf417::PDF417Writer};
use time::Date;

use crate::{Error, truth::Fields};

/// Issuer identification numbers and the addresses they go with.
pub const ISSUERS: [(&str, &str, &str); 4] = [
    ("636000", "VA", "RICHMOND"),
    ("636014", "CA", "SACRAMENTO"),
    ("636001", "NY", "ALBANY"),
    ("636015", "TX", "AUSTIN"),
];

/// The barcode's text.
pub fn payload(fields: &Fields, issuer: usize) -> String {
    let (number, state, city) = ISSUERS[issuer % ISSUERS.len()];
    let mmddyyyy = |d: Date| format!("{:02}{:02}{:04}", u8::from(d.month()), d.day(), d.year());
    let sex = if fields.sex == 'M' { '1' } else { '2' };
    let (first, middle) = fields.zone_given_names.split_once(' ').unwrap_or((&fields.zone_given_names, ""));
    let middle = if middle.is_empty() { "NONE" } else { middle };
    let elements = [
        ("DAQ", fields.number.clone()),
        ("DCS", fields.zone_surname.clone()),
        ("DDE", "N".into()),
        ("DAC", first.to_owned()),
        ("DDF", "N".into()),
        ("DAD", middle.to_owned()),
        ("DDG", "N".into()),
        ("DCA", "D".into()),
        ("DCB", "NONE".into()),
        ("DCD", "NONE".into()),
        ("DBD", mmddyyyy(fields.issue)),
        ("DBB", mmddyyyy(fields.birth)),
        ("DBA", mmddyyyy(fields.expiry)),
        ("DBC", sex.into()),
        ("DAU", "069 IN".into()),
        ("DAY", "BRO".into()),
        ("DAG", "100 SAMPLE STREET".into()),
        ("DAI", city.into()),
        ("DAJ", state.into()),
        ("DAK", "123450000".into()),
        ("DCF", "83D9BN217QO983B1".into()),
        ("DCG", "USA".into()),
    ];
    let body: String = elements.iter().map(|(id, value)| format!("{id}{value}\n")).collect();
    let subfile = format!("DL{}\r", body.trim_end_matches('\n').to_owned() + "\n");
    // Header of 21 characters and one designator of 10.
    format!("@\n\x1e\rANSI {number}100001DL0031{:04}{subfile}", subfile.len())
}

/// The barcode as rows of modules, dark ones true, a row as high as [`ROW`] modules are wide.
///
/// # Errors
/// The text is too long for it.
pub fn barcode(text: &str) -> Result<Vec<Vec<bool>>, Error> {
    let hints = EncodeHints {
        Margin: Some("0".into()),
        ErrorCorrection: Some("5".into()),
        Pdf417Dimensions: Some(rxing::pdf417::encoder::Dimensions::new(13, 13, 3, 90)),
        ..EncodeHints::default()
    };
    let matrix = PDF417Writer
        .encode_with_hints(text, &BarcodeFormat::PDF_417, 1, 1, &hints)
        .map_err(|e| Error::Barcode(e.to_string()))?;
    let row = |y| (0..matrix.width()).map(|x| matrix.get(x, y)).collect();
    Ok((0..matrix.height()).step_by(4).map(row).collect())
}

/// Height of a row in modules.
pub const ROW: f32 = 3.0;
