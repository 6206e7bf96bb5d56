//! Lists as files: CSV or one JSON object per line, streamed.

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::Stream;
use serde::Serialize;
use serde_json::Value;

use crate::core::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Every cell is quoted, and spreadsheets treat none as a formula, whatever delimiter they assume.
    Csv,
    Ndjson,
}

impl Format {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// Returns a response with a file attachment of this name, without its extension.
    pub fn attachment(
        self,
        name: &str,
        pieces: impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
    ) -> Response {
        let content_type = match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        };
        let disposition = format!("attachment; filename=\"{name}.{}\"", self.name());
        let headers = [
            (header::CONTENT_TYPE, content_type),
            (header::CONTENT_DISPOSITION, disposition.as_str()),
            (header::CACHE_CONTROL, "private, no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, Body::from_stream(pieces)).into_response()
    }

    /// The header row of CSV.
    pub fn head<const N: usize>(self, columns: [&str; N]) -> Option<Result<Vec<u8>, Error>> {
        (self == Self::Csv).then(|| csv([columns.map(Cell::from)]))
    }

    /// Writes rows; `cells` are a row's in the order of the columns.
    pub fn rows<T: Serialize, const N: usize>(
        self,
        rows: impl IntoIterator<Item = T>,
        cells: fn(T) -> [Cell; N],
    ) -> Result<Vec<u8>, Error> {
        match self {
            Self::Csv => csv(rows.into_iter().map(cells)),
            Self::Ndjson => rows.into_iter().try_fold(Vec::new(), |mut text, row| {
                serde_json::to_writer(&mut text, &row).map_err(|error| Error::internal(&error))?;
                text.push(b'\n');
                Ok(text)
            }),
        }
    }
}

/// A cell of a row.
#[derive(Clone, Debug)]
pub enum Cell {
    Text(String),
    /// Empty for null.
    Json(Value),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.unwrap_or_default())
    }
}

impl From<Option<Value>> for Cell {
    fn from(value: Option<Value>) -> Self {
        Self::Json(value.unwrap_or_default())
    }
}

impl From<Vec<String>> for Cell {
    /// An empty list is an empty cell.
    fn from(list: Vec<String>) -> Self {
        if list.is_empty() { Self::Json(Value::Null) } else { Self::Json(list.into()) }
    }
}

impl Cell {
    /// The text of the cell, which no spreadsheet executes (OWASP, CSV Injection). A program that splits lines at another
    /// character than the comma sees cells begin in the midst of ours, so every place counts where one could.
    fn harmless(self) -> String {
        match self {
            Self::Text(text) => guard_text(&text),
            Self::Json(Value::Null) => String::new(),
            Self::Json(value) => guard_json(&value.to_string()),
        }
    }
}

const fn starts_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
}

/// Puts an apostrophe before each character that starts a formula and does not follow a letter or digit.
fn guard_text(text: &str) -> String {
    let mut guarded = String::with_capacity(text.len() + 1);
    if text.starts_with(['\t', '\r', '\n']) {
        guarded.push('\'');
    }
    let mut last = None;
    for c in text.chars() {
        if starts_formula(c)
            && last.is_none_or(|last: char| !last.is_alphanumeric())
            && !guarded.ends_with('\'')
        {
            guarded.push('\'');
        }
        guarded.push(c);
        last = Some(c);
    }
    guarded
}

/// Escapes such characters in strings, which a JSON parser undoes. Signs of numbers stay: a number is not a formula.
fn guard_json(json: &str) -> String {
    let mut guarded = String::with_capacity(json.len());
    let (mut in_string, mut is_escaped) = (false, false);
    for c in json.chars() {
        if in_string && starts_formula(c) {
            guarded.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            guarded.push(c);
        }
        match c {
            '"' if !is_escaped => in_string = !in_string,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    guarded
}

fn csv<const N: usize>(rows: impl IntoIterator<Item = [Cell; N]>) -> Result<Vec<u8>, Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.map(Cell::harmless)).map_err(|error| Error::internal(&error))?;
    }
    writer.into_inner().map_err(|error| Error::internal(&error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_that_starts_like_a_formula_is_text() {
        for bad in ["=1", "+1", "-1", "@SUM(A1)", "\tx", "\r1", "\n1", "＝1"] {
            assert_eq!(guard_text(bad), format!("'{bad}"));
        }
        assert_eq!((guard_text(" =1"), guard_text("\t=1")), (" '=1".into(), "'\t'=1".into()));
        assert_eq!(guard_text("ada;=cmd|'/c calc'!A1"), "ada;'=cmd|'/c calc'!A1");
        for fine in ["", "ada@example.org", "a=b", "1", "2026-01-31T12:00:00Z"] {
            assert_eq!(guard_text(fine), fine);
        }
    }

    proptest! {
        #[test]
        fn written_cells_are_parsed_back(cell in ".{0,20}", other in "[\",\r\n;'=a]{0,10}") {
            let mut row = [const { String::new() }; 6];
            row[0] = cell;
            row[5] = other;
            let text = csv([["name"; 6].map(Cell::from), row.clone().map(Cell::from)]).unwrap();
            let row = row.map(|cell| guard_text(&cell));
            let mut reader = csv::Reader::from_reader(text.as_slice());
            let read = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), row.each_ref().map(String::as_str));
        }

        #[test]
        fn no_delimiter_makes_a_formula(
            text in "[a;,|\t:=+@'\" -]{0,16}", name in "[a;,|\t:=+@'\" -]{0,16}", number in -9_i32..9,
            delimiter in prop::sample::select(vec![',', ';', '\t', '|', ':', ' ', '\'']),
        ) {
            let json = serde_json::json!({"name": name, "number": number});
            let file = csv([[Cell::from(text), Cell::Json(json.clone())]]).unwrap();
            let file = String::from_utf8(file).unwrap();
            for piece in file.split(delimiter).flat_map(str::lines) {
                let cell = piece.trim_start_matches(|c: char| c == '"' || c.is_whitespace());
                let digits = cell.trim_start_matches('-').chars().next().is_some_and(|c| c.is_ascii_digit());
                let is_number = cell.starts_with('-') && digits;
                prop_assert!(is_number || delimiter == '\'' || !cell.starts_with(starts_formula), "{file} {cell}");
            }
            let read = csv::ReaderBuilder::new().has_headers(false).from_reader(file.as_bytes());
            let record = read.into_records().next().unwrap().unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&record[1]).unwrap(), json);
        }
    }
}
