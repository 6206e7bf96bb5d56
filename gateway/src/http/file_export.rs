//! Lists as files: CSV or one JSON object a line, streamed.

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::Stream;
use serde::Serialize;

use crate::core::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Cells that a spreadsheet would take for a formula start with an apostrophe.
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

    /// The answer whose body is a file of this name, without its ending.
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
        (self == Self::Csv).then(|| csv([columns.map(str::to_owned)]))
    }

    /// Rows as written to the file; `cells` are a row's in the order of the columns.
    pub fn rows<T: Serialize, const N: usize>(
        self,
        rows: impl IntoIterator<Item = T>,
        cells: fn(T) -> [String; N],
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

fn csv<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> Result<Vec<u8>, Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.map(escape_formula)).map_err(|error| Error::internal(&error))?;
    }
    writer.into_inner().map_err(|error| Error::internal(&error))
}

/// Makes a cell safe for spreadsheets: one that starts like a formula gets an apostrophe in front
/// (OWASP, CSV Injection); the characters after white space count too, as some programs trim it.
fn escape_formula(cell: String) -> String {
    let starts =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}');
    if cell.starts_with(['\t', '\r', '\n']) || cell.trim_start().starts_with(starts) {
        return format!("'{cell}");
    }
    cell
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_that_starts_like_a_formula_is_text() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1"] {
            assert_eq!(escape_formula(bad.into()), format!("'{bad}"));
        }
        for fine in ["", "ada@example.org", "a=b", "{\"a\":1}", "1"] {
            assert_eq!(escape_formula(fine.into()), fine);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_cell_by_cell(cell in ".{0,20}", other in "[\",\r\n;'=a]{0,10}") {
            let mut row = [const { String::new() }; 6];
            row[0] = cell;
            row[5] = other;
            let text = csv([["name"; 6].map(str::to_owned), row.clone()]).unwrap();
            let row = row.map(escape_formula);
            let mut reader = csv::Reader::from_reader(text.as_slice());
            let read = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), row.each_ref().map(String::as_str));
        }
    }
}
