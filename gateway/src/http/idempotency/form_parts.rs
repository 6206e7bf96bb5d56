//! Identifies a form independently of its encoding: its fields by name with a hash of their bytes, in any order.
//!
//! The boundary, the order of the fields, and file names and types chosen by a client's library are ignored.

use axum::http::{HeaderMap, header};
use memchr::memmem::{self, Finder};
use sha2::{Digest, Sha256};

/// Longest head of a field; a longer one is hashed unparsed.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// A form being read, in chunks of any size.
pub struct FormParts {
    boundary: Finder<'static>,
    /// The end of the data read so far, which may be the start of a boundary.
    tail: Vec<u8>,
    part: Part,
    parts: Vec<[u8; 32]>,
}

/// The part between two boundaries.
enum Part {
    /// Before the first one.
    Preamble,
    /// An incomplete head.
    Head(Vec<u8>),
    Content(Sha256),
    /// After the last one.
    Epilogue,
}

impl FormParts {
    /// Returns `None` when the body is not a form.
    pub fn new(headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let boundary = Finder::new(&format!("--{}", boundary(content_type)?)).into_owned();
        Some(Self { boundary, tail: Vec::new(), part: Part::Preamble, parts: Vec::new() })
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        let mut done = 0;
        while let Some(at) = self.boundary.find(&self.tail[done..]) {
            let piece: Vec<u8> = self.tail[done..done + at].to_vec();
            self.add(&piece);
            self.end_part();
            done += at + self.boundary.needle().len();
        }
        let certain = self.tail.len().saturating_sub(self.boundary.needle().len() - 1).max(done);
        let piece: Vec<u8> = self.tail[done..certain].to_vec();
        self.add(&piece);
        self.tail.drain(..certain);
    }

    /// A hash of all fields.
    pub fn finish(mut self) -> [u8; 32] {
        let tail = std::mem::take(&mut self.tail);
        self.add(&tail);
        self.end_part();
        self.parts.sort_unstable();
        let mut whole = Sha256::new();
        self.parts.iter().for_each(|part| whole.update(part));
        whole.finalize().into()
    }

    fn add(&mut self, bytes: &[u8]) {
        match &mut self.part {
            Part::Preamble | Part::Epilogue => {}
            Part::Content(hash) => hash.update(bytes),
            Part::Head(head) => {
                head.extend_from_slice(bytes);
                if head.starts_with(b"--") {
                    self.part = Part::Epilogue;
                } else if let Some(at) = memmem::find(head, b"\r\n\r\n") {
                    let mut hash = named(&head[..at + 2]);
                    hash.update(&head[at + 4..]);
                    self.part = Part::Content(hash);
                } else if head.len() > MAX_HEAD_BYTES {
                    self.part = Part::Content(Sha256::new_with_prefix(&*head));
                }
            }
        }
    }

    /// Handles a boundary.
    fn end_part(&mut self) {
        let begun = match self.part {
            Part::Epilogue => Part::Epilogue,
            _ => Part::Head(Vec::new()),
        };
        match std::mem::replace(&mut self.part, begun) {
            Part::Content(hash) => self.parts.push(hash.finalize().into()),
            // A field with an incomplete head is invalid, but still makes the form different.
            Part::Head(head) if !head.is_empty() => self.parts.push(Sha256::digest(&head).into()),
            Part::Preamble | Part::Head(_) | Part::Epilogue => {}
        }
    }
}

/// Begins the hash of a field with its name; a head without a name is hashed unparsed.
fn named(head: &[u8]) -> Sha256 {
    let name = field_name(head);
    let name = name.as_deref().unwrap_or(head);
    let mut hash = Sha256::new();
    hash.update((name.len() as u64).to_be_bytes());
    hash.update(name);
    hash
}

/// Returns the `name` of a head's `Content-Disposition`.
fn field_name(head: &[u8]) -> Option<Vec<u8>> {
    let mut lines = head.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = line[..colon].trim_ascii();
        name.eq_ignore_ascii_case(b"content-disposition").then(|| line[colon + 1..].trim_ascii())
    })?;
    let mut rest = &value[value.iter().position(|byte| *byte == b';')?..];
    loop {
        rest = rest.trim_ascii_start().strip_prefix(b";")?.trim_ascii_start();
        let equals = rest.iter().position(|byte| *byte == b'=')?;
        let key = rest[..equals].trim_ascii();
        let (value, after) = parameter_value(rest[equals + 1..].trim_ascii_start())?;
        if key.eq_ignore_ascii_case(b"name") {
            return Some(value);
        }
        rest = after;
    }
}

/// Returns a parameter's value, with or without quotes, and the rest.
fn parameter_value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
        return Some((text[..end].trim_ascii().to_vec(), &text[end..]));
    };
    let (mut value, mut at) = (Vec::new(), 0);
    loop {
        match *quoted.get(at)? {
            b'"' => return Some((value, &quoted[at + 1..])),
            b'\\' if matches!(quoted.get(at + 1), Some(b'"' | b'\\')) => {
                value.push(quoted[at + 1]);
                at += 1;
            }
            byte => value.push(byte),
        }
        at += 1;
    }
}

/// The boundary of a form, as its Content-Type names it.
fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut pairs = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let (_, boundary) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let boundary = boundary.trim().trim_matches('"');
    (!boundary.is_empty()).then(|| boundary.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A field: name, file name, bytes.
    type Field<'a> = (&'a str, Option<&'a str>, &'a [u8]);

    fn form(boundary: &str, fields: &[Field<'_>]) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, file, bytes) in fields {
            let file = file.map(|file| format!("; filename=\"{file}\"\r\nContent-Type: video/mp4"));
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{}\r\n\r\n",
                file.unwrap_or_default()
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        body
    }

    fn hash(boundary: &str, body: &[u8], chunk: usize) -> [u8; 32] {
        let content_type = format!("multipart/form-data; boundary={boundary}").parse().unwrap();
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]);
        let mut parts = FormParts::new(&headers).unwrap();
        body.chunks(chunk.max(1)).for_each(|bytes| parts.update(bytes));
        parts.finish()
    }

    const VIDEO: Field<'_> = ("video", Some("tmp_8f3a.mp4"), b"bytes\r\n\r\nof a video");
    const PHRASE: Field<'_> = ("phrase", None, b"one two three");

    #[test]
    fn order_boundary_and_file_names_do_not_count() {
        let first = hash("abc", &form("abc", &[VIDEO, PHRASE]), 1000);
        let renamed = ("video", Some("upload-77"), VIDEO.2);
        assert_eq!(first, hash("x-y", &form("x-y", &[PHRASE, renamed]), 3));
        let without = ("video", None, VIDEO.2);
        assert_eq!(first, hash("abc", &form("abc", &[without, PHRASE]), 1));
    }

    #[test]
    fn names_and_bytes_count() {
        let first = hash("abc", &form("abc", &[VIDEO, PHRASE]), 1000);
        let others: [&[Field<'_>]; 5] = [
            &[VIDEO],
            &[VIDEO, PHRASE, ("more", None, b"")],
            &[VIDEO, ("phrase", None, b"one two thre")],
            &[("phrase", None, VIDEO.2), ("video", None, PHRASE.2)],
            &[("phras", None, b"eone two three"), VIDEO],
        ];
        for other in others {
            assert_ne!(first, hash("abc", &form("abc", other), 1000));
        }
    }

    #[test]
    fn the_name_is_read_as_clients_write_it() {
        let name = |head: &str| field_name(head.as_bytes()).map(|name| String::from_utf8(name).unwrap());
        for head in [
            "Content-Type: text/plain\r\ncontent-disposition:form-data;name=\"a\"\r\n",
            "Content-Disposition: form-data; filename=\"x; name=b\"; name=a\r\n",
            "Content-Disposition: form-data; NAME=a ; filename=b\r\n",
        ] {
            assert_eq!(name(head).as_deref(), Some("a"), "{head}");
        }
        assert_eq!(name("Content-Disposition: form-data; name=\"a\\\"b\"\r\n").as_deref(), Some("a\"b"));
        for none in ["", "Content-Disposition: form-data\r\n", "Content-Disposition: form-data; name=\"a\r\n"]
        {
            assert_eq!(name(none), None, "{none}");
        }
    }

    #[test]
    fn only_forms_have_parts() {
        for none in [
            "application/json",
            "multipart/mixed; boundary=x",
            "multipart/form-data",
            "multipart/form-data; boundary=",
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, none.parse().unwrap())]);
            assert!(FormParts::new(&headers).is_none(), "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_pieces_of_a_form_are_the_same_form(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4),
            one in "[a-zA-Z0-9'_-]{1,40}-x", other in "[a-zA-Z0-9'_-]{1,40}-y",
            chunk in 1_usize..50,
        ) {
            // A boundary does not occur in the form.
            let inside = |boundary: &str| contents.iter().any(|f| memmem::find(f, boundary.as_bytes()).is_some());
            prop_assume!(!inside(&one) && !inside(&other));
            let fields: Vec<Field<'_>> = contents.iter().map(|bytes| ("f", None, bytes.as_slice())).collect();
            let first = form(&one, &fields);
            let fingerprint = hash(&one, &first, chunk);
            prop_assert_eq!(fingerprint, hash(&one, &first, first.len()));
            prop_assert_eq!(fingerprint, hash(&other, &form(&other, &fields), 7));
            let more: Vec<Field<'_>> = fields.iter().copied().chain([("f", None, &b"one more"[..])]).collect();
            prop_assert_ne!(fingerprint, hash(&one, &form(&one, &more), chunk));
        }

        #[test]
        fn any_bytes_are_read_alike_in_any_pieces(bytes in prop::collection::vec(any::<u8>(), 0..300), chunk in 1_usize..20) {
            let body = [b"--x\r\n".as_slice(), &bytes, b"\r\n--x", &bytes].concat();
            prop_assert_eq!(hash("x", &body, chunk), hash("x", &body, body.len()));
        }
    }
}
