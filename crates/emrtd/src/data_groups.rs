//! DG1, the machine-readable zone, and DG2, the holder's face.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use image::{DynamicImage, GrayImage, RgbImage, codecs::jpeg::JpegEncoder};

use crate::{Error, tlv};

/// Tags of DG1 and of the MRZ in it.
const DG1: u16 = 0x61;
const ZONE: u16 = 0x5f1f;
/// Tags of DG2, its group of templates, a template, and biometric data.
const DG2: u16 = 0x75;
const TEMPLATES: u16 = 0x7f61;
const TEMPLATE: u16 = 0x7f60;
const BIOMETRIC_DATA: [u16; 2] = [0x5f2e, 0x7f2e];

/// Maximum pixels of a portrait; Doc 9303-9 asks for about 0.1 million, and decoding takes 12 bytes of memory for each.
const MAX_PIXELS: u32 = 4_000_000;
const JPEG_QUALITY: u8 = 92;

/// Tags of DG1 to DG16.
const TAGS: [u16; 16] =
    [DG1, DG2, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70];
const NAMES: [&str; 16] = [
    "DG1", "DG2", "DG3", "DG4", "DG5", "DG6", "DG7", "DG8", "DG9", "DG10", "DG11", "DG12", "DG13", "DG14",
    "DG15", "DG16",
];

/// Returns data group `number` without trailing bytes: some apps read whole blocks from the chip.
///
/// # Errors
/// When it is another data group, truncated, or not a file of a chip.
pub fn trim_group(number: u8, bytes: &[u8]) -> Result<&[u8], Error> {
    let at = usize::from(number).checked_sub(1).filter(|at| *at < TAGS.len());
    let at = at.ok_or(Error::Malformed("the data group"))?;
    let group = tlv::read_tlv(bytes).filter(|t| t.tag == TAGS[at]).ok_or(Error::Malformed(NAMES[at]))?;
    Ok(&bytes[..bytes.len() - group.rest.len()])
}

/// The holder's face as a picture that every service reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portrait {
    pub jpeg: Vec<u8>,
}

/// Returns the lines of the MRZ in DG1.
///
/// # Errors
/// When it is not a DG1, or its MRZ has a length of no format.
pub fn read_mrz(dg1: &[u8]) -> Result<Vec<String>, Error> {
    const MALFORMED: Error = Error::Malformed("DG1");
    let group = tlv::read_tlv(dg1).filter(|t| t.tag == DG1).ok_or(MALFORMED)?;
    let zone = tlv::find_value(group.value, ZONE).ok_or(MALFORMED)?;
    let text = std::str::from_utf8(zone).map_err(|_| MALFORMED)?;
    let length = match text.len() {
        90 => 30,
        72 => 36,
        88 => 44,
        _ => return Err(MALFORMED),
    };
    let is_zone = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'<';
    if !text.bytes().all(is_zone) {
        return Err(MALFORMED);
    }
    Ok((0..text.len() / length).map(|line| text[line * length..(line + 1) * length].to_owned()).collect())
}

/// Returns the first face in DG2 (ISO/IEC 19794-5 and 39794-5: the picture is located by its signature).
///
/// # Errors
/// When it is not a DG2, or its picture cannot be decoded.
pub fn read_portrait(dg2: &[u8]) -> Result<Portrait, Error> {
    const MALFORMED: Error = Error::Malformed("DG2");
    let group = tlv::read_tlv(dg2).filter(|t| t.tag == DG2).ok_or(MALFORMED)?;
    let templates = tlv::find_value(group.value, TEMPLATES).ok_or(MALFORMED)?;
    let template = tlv::find_value(templates, TEMPLATE).ok_or(MALFORMED)?;
    let data = BIOMETRIC_DATA.into_iter().find_map(|tag| tlv::find_value(template, tag)).ok_or(MALFORMED)?;
    let picture = picture(data).ok_or(Error::Portrait)?;
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY);
    picture.write_with_encoder(encoder).map_err(|_| Error::Portrait)?;
    Ok(Portrait { jpeg })
}

/// Signatures of the picture formats: JPEG, JP2, and a bare JPEG 2000 codestream.
const SIGNATURES: [&[u8]; 3] =
    [&[0xff, 0xd8, 0xff], &[0, 0, 0, 0x0c, 0x6a, 0x50, 0x20, 0x20], &[0xff, 0x4f, 0xff, 0x51]];

fn picture(data: &[u8]) -> Option<DynamicImage> {
    let begins = |signature: &[u8]| data.windows(signature.len()).position(|window| window == signature);
    let (start, is_jpeg) = SIGNATURES
        .iter()
        .enumerate()
        .filter_map(|(at, signature)| Some((begins(signature)?, at == 0)))
        .min_by_key(|(start, _)| *start)?;
    let picture = data.get(start..)?;
    if is_jpeg { decode_jpeg(picture) } else { decode_jpeg2000(picture) }
}

fn decode_jpeg(bytes: &[u8]) -> Option<DynamicImage> {
    let reader = image::ImageReader::with_format(std::io::Cursor::new(bytes), image::ImageFormat::Jpeg);
    let (width, height) = reader.into_dimensions().ok()?;
    let is_bounded = width.checked_mul(height).is_some_and(|pixels| pixels <= MAX_PIXELS);
    is_bounded.then(|| image::load_from_memory_with_format(bytes, image::ImageFormat::Jpeg).ok())?
}

fn decode_jpeg2000(bytes: &[u8]) -> Option<DynamicImage> {
    let image = Image::new(bytes, &DecodeSettings::default()).ok()?;
    let (width, height) = (image.width(), image.height());
    let is_bounded = width.checked_mul(height).is_some_and(|pixels| pixels <= MAX_PIXELS);
    let has_alpha = image.has_alpha();
    let channels = image.color_space().num_channels() + u8::from(has_alpha);
    if !is_bounded {
        return None;
    }
    let mut context = DecoderContext::default();
    let pixels = image.decode(&mut context).ok()?.data_u8();
    match (channels, has_alpha) {
        (1, false) => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        (3, false) => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
        (4, true) => {
            let opaque = pixels.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
            RgbImage::from_raw(width, height, opaque).map(DynamicImage::from)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A value with its tag and length.
    fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
        let tag = if tag > 0xff { tag.to_be_bytes().to_vec() } else { vec![tag as u8] };
        let length = (value.len() as u32).to_be_bytes();
        [&tag[..], &[0x84], &length, value].concat()
    }

    #[test]
    fn the_zone_of_dg1_is_read_in_lines() {
        let lines = [
            "I<UTOD231458907<<<<<<<<<<<<<<<",
            "7408122F1204159UTO<<<<<<<<<<<6",
            "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
        ];
        assert_eq!(read_mrz(&tlv(DG1, &tlv(ZONE, lines.concat().as_bytes()))).unwrap(), lines);
        assert!(read_mrz(&tlv(DG1, &tlv(ZONE, b"I<UTO"))).is_err());
        assert!(read_mrz(b"\x61\x00").is_err());
    }

    #[test]
    fn a_group_is_taken_without_what_follows_it_and_under_its_own_name_alone() {
        let group = tlv(DG1, b"zone");
        assert_eq!(trim_group(1, &[&group[..], &[0; 9]].concat()).unwrap(), group);
        assert!(
            trim_group(2, &group).is_err()
                && trim_group(0, &group).is_err()
                && trim_group(17, &group).is_err()
        );
        assert!(trim_group(1, &group[..group.len() - 1]).is_err());
    }

    #[test]
    fn the_face_of_dg2_is_read_from_behind_its_header() {
        let mut jpeg = Vec::new();
        let face = RgbImage::from_fn(40, 50, |x, y| image::Rgb([x as u8 * 5, y as u8 * 4, 90]));
        face.write_with_encoder(JpegEncoder::new(&mut jpeg)).unwrap();
        let record = [&b"FAC\x00010\x00 header of thirty bytes or so ......"[..], &jpeg].concat();
        let template = [tlv(0xa1, b"\x80\x01\x01"), tlv(0x5f2e, &record)].concat();
        let group = tlv(DG2, &tlv(TEMPLATES, &[tlv(0x02, &[1]), tlv(TEMPLATE, &template)].concat()));
        let portrait = read_portrait(&group).unwrap();
        let read = image::load_from_memory(&portrait.jpeg).unwrap();
        assert_eq!((read.width(), read.height()), (40, 50));
        assert!(read_portrait(&group[..group.len() / 2]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (read_mrz(&bytes), read_portrait(&bytes), picture(&bytes));
            let _ = read_portrait(&tlv(DG2, &tlv(TEMPLATES, &tlv(TEMPLATE, &tlv(0x5f2e, &bytes)))));
        }
    }
}
