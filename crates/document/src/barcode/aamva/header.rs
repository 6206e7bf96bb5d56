//! The header of an AAMVA barcode and the subfiles it points to (DL/ID Card Design Standard, annex D.12; versions 00 to 10).
//!
//! `@ LF RS CR`, the file type (`ANSI ` or `AAMVA`), six digits of the issuer, two of the version, from version 02 on
//! two of the jurisdiction's version, two of the number of subfiles; then for each subfile its type, offset and length.
//! Offset and length are authoritative; when they cannot be right, the subfile is located by its type.

use std::ops::Range;

/// Bytes before the file type.
const PREAMBLE: usize = 4;
/// Bytes of a subfile's entry: type, offset, length.
const ENTRY: usize = 10;
/// Most subfiles read.
const MAX_SUBFILES: usize = 10;
/// The file types that begin a header.
const FILE_TYPES: [&[u8]; 2] = [b"ANSI", b"AAMVA"];
/// Most bytes between a file type and the issuer's number: at most one space.
const MAX_GAP: usize = 2;
/// Bytes by which an offset may be wrong: issuers miscount the preamble, and decoders drop control characters.
const MISCOUNT: usize = 4;

/// A header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Six digits.
    pub issuer: String,
    pub version: u8,
    pub subfiles: Vec<Subfile>,
}

/// A subfile: its type and the range of its elements in the bytes of the barcode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subfile {
    pub kind: [u8; 2],
    pub elements: Range<usize>,
}

/// An entry of the header as written.
struct Entry {
    kind: [u8; 2],
    offset: usize,
    length: usize,
}

impl Header {
    /// Parses the header of `bytes`; `None` when there is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let starts = FILE_TYPES.iter().filter_map(|name| Some((find(bytes, name)?, name.len())));
        let (at, name) = starts.min()?;
        let (base, after_type) = (at.cast_signed() - PREAMBLE.cast_signed(), at + name);
        let gap =
            bytes.get(after_type..)?.iter().position(u8::is_ascii_digit).filter(|gap| *gap <= MAX_GAP)?;
        let digits = after_type + gap;
        let issuer = number(bytes, digits, 6)?;
        let version = u8::try_from(number(bytes, digits + 6, 2)?.parse::<u32>().ok()?).ok()?;
        // The jurisdiction's version came with version 02, but some issuers of version 01 write it, and some of later
        // ones do not.
        let (usual, other) = if version >= 2 { (12, 10) } else { (10, 12) };
        let entries = [usual, other].into_iter().find_map(|gap| {
            let from = digits + gap;
            let found = entries(bytes, from);
            (!found.is_empty()).then_some((from + found.len() * ENTRY, found))
        });
        let (end, entries) = entries?;
        let starts: Vec<usize> =
            entries.iter().map(|entry| start(bytes, base, end, entry)).collect::<Option<_>>()?;
        let subfiles = entries.iter().zip(&starts).map(|(entry, from)| {
            let others = entries.iter().zip(&starts).filter(|(_, other)| *other > from);
            let next = others.map(|(other, start)| before_type(bytes, other.kind, *start)).min();
            Subfile { kind: entry.kind, elements: *from..finish(bytes, *from, entry.length, next) }
        });
        Some(Self { issuer, version, subfiles: subfiles.collect() })
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Returns `length` digits at `at` as text.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<String> {
    let digits = bytes.get(at..at + length)?;
    digits.iter().all(u8::is_ascii_digit).then(|| String::from_utf8_lossy(digits).into_owned())
}

/// Parses consecutive entries from `at` on.
fn entries(bytes: &[u8], at: usize) -> Vec<Entry> {
    let entry = |index: usize| {
        let from = at + index * ENTRY;
        let kind: [u8; 2] = bytes.get(from..from + 2)?.try_into().ok()?;
        let value = |at| number(bytes, at, 4)?.parse::<usize>().ok();
        let (offset, length) = (value(from + 2)?, value(from + 6)?);
        kind.iter().all(u8::is_ascii_uppercase).then_some(Entry { kind, offset, length })
    };
    (0..MAX_SUBFILES).map_while(entry).collect()
}

/// Returns the position of a subfile's first element: at the header's offset, after the type if it is repeated there;
/// otherwise after a repeated type elsewhere; otherwise directly after the entries.
fn start(bytes: &[u8], base: isize, end: usize, entry: &Entry) -> Option<usize> {
    let stated = base.checked_add_unsigned(entry.offset).and_then(|at| usize::try_from(at).ok());
    let stated = stated.filter(|at| *at >= end.saturating_sub(MISCOUNT));
    let aside = |at: usize| (1..=MISCOUNT).flat_map(move |by| [at + by, at.saturating_sub(by)]);
    let is_code = |at: usize| {
        let code = bytes.get(at..at + 3)?;
        let first = if entry.kind[0] == b'Z' { b'Z' } else { b'D' };
        // `DLD` is the type and the beginning of an element, because no element begins with `DL`.
        let is_code = code[0] == first && code.iter().all(u8::is_ascii_uppercase) && &code[..2] != b"DL";
        is_code.then_some(at)
    };
    let follows = |at: usize, ends: &[u8]| {
        at == end || at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(|b| ends.contains(b))
    };
    let after_type = |at: usize| bytes.get(at..at + 2).filter(|k| **k == entry.kind).and(is_code(at + 2));
    // A value can look like the code of an element (`DANIEL`), and a wrong offset can point at any element: away from
    // the offset, a subfile begins only where another ends.
    let element = |at: usize, ends: &[u8]| is_code(at).filter(|at| *at >= end && follows(*at, ends));
    let exactly = |at: usize| {
        let is_behind_type = bytes.get(at.saturating_sub(2)..at) == Some(&entry.kind[..]);
        after_type(at)
            .or_else(|| element(at, &super::SEPARATORS))
            .or_else(|| is_code(at).filter(|at| *at >= end && is_behind_type))
    };
    let nearly = |at: usize| aside(at).find_map(|at| after_type(at).or_else(|| element(at, b"\r")));
    let repeated = || {
        let all = || end..bytes.len();
        all()
            .filter(|at| follows(*at, &super::SEPARATORS))
            .find_map(after_type)
            .or_else(|| all().find_map(after_type))
    };
    let found = stated.and_then(exactly).or_else(|| stated.and_then(nearly)).or_else(repeated);
    Some(found.unwrap_or(end)).filter(|at| *at <= bytes.len())
}

/// Returns the beginning of a subfile, including its type.
fn before_type(bytes: &[u8], kind: [u8; 2], start: usize) -> usize {
    let before = start.saturating_sub(2);
    if bytes.get(before..start) == Some(&kind[..]) { before } else { start }
}

/// Returns the end of a subfile: after its length, or at the start of the next one. A length that ends before the
/// terminator was miscounted, and the subfile is read up to the terminator.
fn finish(bytes: &[u8], from: usize, length: usize, next: Option<usize>) -> usize {
    let limit = next.unwrap_or(bytes.len()).min(bytes.len());
    let stated = if length == 0 { limit } else { (from + length).min(limit) };
    let is_terminator = |at: usize| bytes.get(at) == Some(&b'\r');
    let ended = (stated..limit).find(|at| is_terminator(*at) || is_terminator(at.saturating_sub(1)));
    ended.unwrap_or(limit).max(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements<'a>(text: &'a str, header: &Header, at: usize) -> &'a str {
        &text[header.subfiles[at].elements.clone()]
    }

    #[test]
    fn offsets_point_at_the_type_or_at_the_first_element() {
        for text in [
            "@\n\u{1e}\rANSI 636026010002DL00410012ZA00530006DLDAQ1234567\rZAZAA1\r",
            "@\n\u{1e}\rANSI 636026040002DL00410010ZA00510006DAQ1234567\rZAZAA1\r",
            "@\n\u{1e}\rAAMVA6360260101DL00290010DAQ1234567\r",
            "@\n\u{1e}\rANSI 636026080001DL00000012DLDAQ1234567\r",
        ] {
            let header = Header::parse(text.as_bytes()).unwrap();
            assert_eq!(elements(text, &header, 0).trim_end(), "DAQ1234567", "{text:?}");
        }
    }

    #[test]
    fn a_type_written_in_another_subfile_does_not_mislead() {
        let text = "@\n\u{1e}\rANSI 636026080002ZA00410012DL00530012ZAZAADLDAQ66\rDLDAQ1234567\r";
        let header = Header::parse(text.as_bytes()).unwrap();
        assert_eq!(header.subfiles[1].kind, *b"DL");
        assert_eq!(elements(text, &header, 1).trim_end(), "DAQ1234567");
    }
}
