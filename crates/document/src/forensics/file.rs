//! Metadata of a picture file.

use std::io::Cursor;

/// Programs that edit pictures, by the names they write into files. Firmware of cameras is not included.
const EDITORS: [(&str, &str); 15] = [
    ("photoshop", "Photoshop"),
    ("lightroom", "Lightroom"),
    ("illustrator", "Illustrator"),
    ("gimp", "GIMP"),
    ("affinity", "Affinity"),
    ("pixelmator", "Pixelmator"),
    ("paint.net", "Paint.NET"),
    ("snapseed", "Snapseed"),
    ("picsart", "PicsArt"),
    ("canva", "Canva"),
    ("coreldraw", "Corel"),
    ("paintshop", "PaintShop"),
    ("imagemagick", "ImageMagick"),
    ("inkscape", "Inkscape"),
    ("krita", "Krita"),
];
/// Bytes of a file that are searched for metadata other than EXIF.
const HEAD: usize = 64 * 1024;

/// Returns the editing program named in EXIF, XMP, Photoshop's own segment or PNG text.
pub fn editor(file: &[u8]) -> Option<&'static str> {
    let exif = exif::Reader::new().read_from_container(&mut Cursor::new(file)).ok();
    let tags = [exif::Tag::Software, exif::Tag(exif::Context::Tiff, 0x000b)];
    let values = exif.iter().flat_map(|e| tags.map(|t| e.get_field(t, exif::In::PRIMARY)));
    let from_exif = values.flatten().find_map(|field| known(&field.display_value().to_string()));
    from_exif.or_else(|| from_head(file.get(..HEAD).unwrap_or(file)))
}

fn known(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    EDITORS.iter().find(|(word, _)| text.contains(word)).map(|(_, name)| *name)
}

fn from_head(head: &[u8]) -> Option<&'static str> {
    if find(head, b"Photoshop 3.0\0").is_some() {
        return Some("Photoshop");
    }
    ["CreatorTool", "Software\0"].iter().find_map(|word| {
        let from = find(head, word.as_bytes())? + word.len();
        let value = head.get(from..).map(|rest| rest.get(..80).unwrap_or(rest))?;
        known(&String::from_utf8_lossy(value))
    })
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|w| w == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A JPEG's head with one EXIF note, `Software`.
    fn jpeg_by(software: &str) -> Vec<u8> {
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x31\0\x02".to_vec();
        exif.extend((software.len() as u32 + 1).to_be_bytes());
        exif.extend(26_u32.to_be_bytes());
        exif.extend([0; 4]);
        exif.extend(software.as_bytes());
        exif.push(0);
        let length = (exif.len() as u16 + 2).to_be_bytes();
        [&[0xff, 0xd8, 0xff, 0xe1][..], &length, &exif, &[0xff, 0xd9]].concat()
    }

    #[test]
    fn an_editor_is_named_and_a_camera_is_not() {
        assert_eq!(editor(&jpeg_by("Adobe Photoshop 25.0 (Windows)")), Some("Photoshop"));
        assert_eq!(editor(&jpeg_by("GIMP 2.10.34")), Some("GIMP"));
        assert_eq!(editor(&jpeg_by("17.5.1")), None);
        assert_eq!(editor(b"\x89PNG\r\n\x1a\n....tEXtSoftware\0Paint.NET v5...."), Some("Paint.NET"));
        assert_eq!(editor(b"<x:xmpmeta xmp:CreatorTool=\"Affinity Photo\"/>"), Some("Affinity"));
        assert_eq!(editor(&[]), None);
    }

    proptest! {
        #[test]
        fn any_header_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0usize..90) {
            editor(&bytes);
            let jpeg = jpeg_by("Photoshop");
            editor(&jpeg[..cut.min(jpeg.len())]);
        }
    }
}
