//! The files of a document's chip, sent as form fields.

use proto::docauth::ChipFile;

use crate::{core::error::Error, http::multipart::Form};

/// Names of the form fields: the security object and the data groups of ICAO Doc 9303-10.
const NAMES: [&str; 17] = [
    "SOD", "DG1", "DG2", "DG3", "DG4", "DG5", "DG6", "DG7", "DG8", "DG9", "DG10", "DG11", "DG12", "DG13",
    "DG14", "DG15", "DG16",
];
/// The limit of the document service.
const MAX_BYTES: usize = 1024 * 1024;

/// The files of a form: a picture, and those of the chip.
pub const fn picture_and_chip(picture: &'static str) -> [&'static str; NAMES.len() + 1] {
    let mut files = [picture; NAMES.len() + 1];
    let mut at = 0;
    while at < NAMES.len() {
        files[at + 1] = NAMES[at];
        at += 1;
    }
    files
}

/// Returns the chip's files that were sent.
///
/// # Errors
/// 400 for a file that is too large.
pub async fn chip_files(form: &Form) -> Result<Vec<ChipFile>, Error> {
    let mut files = Vec::new();
    for name in NAMES.into_iter().filter(|name| form.has_file(name)) {
        let file = form.file(name)?;
        if file.len_bytes() > MAX_BYTES {
            return Err(Error::Invalid(format!("'{name}' file is larger than 1 MB").into()));
        }
        files.push(ChipFile { name: name.to_owned(), content: file.read_bytes().await? });
    }
    Ok(files)
}
