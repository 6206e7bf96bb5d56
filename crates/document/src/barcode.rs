//! Barcodes on a page: sought where the page is dense with edges, decoded by the `rxing` crate, understood where their form
//! is known.

mod aamva;
mod chile;
mod guard;
mod region;
mod restore;
mod straight;

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use image::{GrayImage, imageops};
use rxing::{BarcodeFormat, DecodeHints, helpers::detect_in_luma_slice_with_hints};
use time::Date;

use crate::{
    Mrz, Page, Source,
    geometry::{Homography, Quad},
    mrz::{MrzFormat, ZoneDates},
    outline::Outline,
    report::Fields,
    zone_fields,
};

pub(crate) use aamva::Licence;
pub(crate) use chile::Excerpt;

/// Widths a region is shown at, pixels, and by how many degrees it is turned besides: modules of a PDF417 want four pixels
/// or more, and its decoder bears little skew.
const TRIES: [(u32, f32); 7] =
    [(1000, 0.0), (1500, 0.0), (1000, 1.5), (1000, -1.5), (1500, 3.0), (1500, -3.0), (700, 0.0)];
/// Most pixels a region is shown at: a PDF417 has them at a third as high as wide, and decoding costs some 50 ms of them.
const SHOWN: f32 = 700_000.0;
/// Of these so many where the page has been read already, so that a document without a barcode costs little.
const BRIEF: usize = 2;
/// Longer sides the whole page is shown at where no region gave anything: small codes are lost in the regions' blocks.
const WHOLE: [u32; 2] = [1600, 2400];
/// Margin around a region, as shares of its width and height.
const AROUND: (f32, f32) = (0.04, 0.09);

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// The page has been read; a barcode only confirms it.
    Brief,
    /// The barcode may be all there is.
    Full,
}

/// The content of a barcode.
#[derive(Clone, Debug)]
pub(crate) enum Barcode {
    Licence(Licence),
    /// A whole machine readable zone.
    Zone(Box<Mrz>),
    /// What an identity card of Chile repeats of its zone.
    Excerpt(Excerpt),
    /// Readable, of a form that is not read here.
    Other(UnknownBarcode),
}

/// The kind of a barcode that is not supported, by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum UnknownBarcode {
    Address,
    BoardingPass,
    /// An AAMVA header without the mandatory elements of a licence.
    IncompleteLicence,
    /// Bytes that are no text: encrypted or signed data, as several states have.
    Binary,
    Number,
    Text,
}

impl UnknownBarcode {
    fn of(text: &str) -> Self {
        let controls = text.chars().filter(|c| c.is_control() && !c.is_whitespace() || *c > '\u{7f}').count();
        if text.starts_with("http://") || text.starts_with("https://") {
            Self::Address
        } else if text.contains("ANSI ") || text.contains("AAMVA") {
            Self::IncompleteLicence
        } else if 4 * controls > text.chars().count() {
            Self::Binary
        } else if text.starts_with("M1") && text.len() >= 58 {
            Self::BoardingPass
        } else if text.bytes().all(|c| c.is_ascii_digit()) {
            Self::Number
        } else {
            Self::Text
        }
    }

    /// In words that follow "holds".
    pub fn description(self) -> &'static str {
        match self {
            Self::Address => "a web address",
            Self::BoardingPass => "a boarding pass",
            Self::IncompleteLicence => "an AAMVA licence that lacks its number",
            Self::Binary => "encrypted or binary data",
            Self::Number => "a bare number",
            Self::Text => "text of a form that no standard describes",
        }
    }
}

impl Barcode {
    fn parse(text: &str) -> Self {
        let licence = Licence::parse(text).map(Self::Licence);
        let zone = || zone(text).map(|z| Self::Zone(Box::new(z)));
        let known = licence.or_else(zone).or_else(|| Excerpt::parse(text).map(Self::Excerpt));
        known.unwrap_or_else(|| Self::Other(UnknownBarcode::of(text)))
    }

    /// The fields of the holder in it.
    pub fn fields(&self, today: Date) -> Fields {
        match self {
            Self::Licence(licence) => licence.fields(),
            Self::Zone(zone) => {
                let mut fields = zone_fields::fields(zone, &ZoneDates::resolve(zone, &[], today));
                fields.values_mut().for_each(|f| f.source = Source::Barcode);
                fields
            }
            Self::Excerpt(excerpt) => excerpt.fields(today),
            Self::Other(_) => Fields::new(),
        }
    }
}

/// The first barcode of `page` whose form is known, else one that is not. Where lines of the zone lie, none is sought.
pub(crate) fn find(page: &Page, outline: Option<&Outline>, zone: &[Quad], effort: Effort) -> Option<Barcode> {
    let tries = if effort == Effort::Brief { BRIEF } else { TRIES.len() };
    let mut other = None;
    for (at, region) in region::regions(page, outline, zone).into_iter().enumerate() {
        // The largest is the likeliest by far.
        let tries = if at == 0 { tries } else { BRIEF };
        let mut ways: Vec<(u32, f32)> = TRIES.iter().take(tries).map(|way| bounded(&region, *way)).collect();
        ways.dedup();
        let later = ways.split_off(ways.len().min(BRIEF));
        let as_it_is = |ways: Vec<(u32, f32)>| ways.into_iter().find_map(|way| shown(page, &region, way));
        let straight = || if effort == Effort::Full { straight::read(page, &region) } else { None };
        match as_it_is(ways).or_else(straight).or_else(|| as_it_is(later)) {
            Some(unknown @ Barcode::Other(_)) => other = Some(unknown),
            Some(known) => return Some(known),
            None => {}
        }
    }
    if other.is_some() || effort == Effort::Brief {
        return other;
    }
    let longer = page.width().max(page.height());
    WHOLE.into_iter().filter(|side| *side == WHOLE[0] || longer > WHOLE[0]).find_map(|side| {
        let scale = side as f32 / longer.max(1) as f32;
        let to = |v: u32| ((v as f32 * scale) as u32).max(8);
        let small = crate::page::resized(&page.rgb, to(page.width()), to(page.height()));
        decoded(&imageops::grayscale(&small)).map(|text| Barcode::parse(&text))
    })
}

/// A try no larger than is affordable: tall regions are shown narrower.
fn bounded(region: &Quad, (width, degrees): (u32, f32)) -> (u32, f32) {
    let most = (SHOWN * region.width() / region.height().max(1.0)).sqrt();
    (width.min(most as u32).max(8), degrees)
}

/// Decodes a region scaled to a width and turned by an angle in degrees.
fn shown(page: &Page, region: &Quad, (width, degrees): (u32, f32)) -> Option<Barcode> {
    let quad = region.grown(AROUND.0 * region.width(), AROUND.1 * region.height());
    let quad = quad.turned(degrees.to_radians());
    let height = (width as f32 * quad.height() / quad.width().max(1.0)) as u32;
    let crop = page.flattened(&quad, width, height.clamp(8, 2 * width))?;
    decoded(&imageops::grayscale(&crop)).map(|text| Barcode::parse(&text))
}

fn decoded(luma: &GrayImage) -> Option<String> {
    let formats = HashSet::from([BarcodeFormat::PDF_417, BarcodeFormat::QR_CODE]);
    let mut hints = DecodeHints { PossibleFormats: Some(formats), ..DecodeHints::default() };
    let (width, height) = luma.dimensions();
    // The decoder is another's, and pictures are strangers': should it panic, the barcode counts as unreadable.
    let read = catch_unwind(AssertUnwindSafe(|| {
        detect_in_luma_slice_with_hints(luma.as_raw(), width, height, None, &mut hints)
    }));
    read.ok()?.ok().map(|r| r.getText().to_owned())
}

/// A machine readable zone spelt out in the text of a barcode, in lines or in one piece.
fn zone(text: &str) -> Option<Mrz> {
    let is_zone = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<';
    let runs: Vec<&str> = text.split(|c| !is_zone(c)).filter(|run| run.len() >= 30).collect();
    let right = |lines: Vec<String>| Mrz::parse_lines(&lines).filter(Mrz::all_digits_right);
    for format in MrzFormat::ALL {
        let (count, length) = format.size();
        let lines: Vec<String> =
            runs.iter().filter(|r| r.len() == length).take(count).map(|r| (*r).to_owned()).collect();
        let whole = runs.iter().find(|r| r.len() == count * length);
        let cut = whole.map(|r| (0..count).map(|i| r[i * length..(i + 1) * length].to_owned()).collect());
        let found = Some(lines).filter(|l| l.len() == count).and_then(right).or_else(|| right(cut?));
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The part of the page that is looked at: the document made straight where its edges are known, else all of it. With it
/// comes the map back to the page.
fn view(page: &Page, outline: Option<&Outline>, side: u32) -> Option<(GrayImage, Homography)> {
    let whole = Quad([
        [0.0, 0.0],
        [page.width() as f32, 0.0],
        [page.width() as f32, page.height() as f32],
        [0.0, page.height() as f32],
    ]);
    let quad = outline.filter(|o| o.is_askew(page)).map_or(whole, Outline::shown);
    let scale = side as f32 / quad.width().max(quad.height()).max(1.0);
    let to = |v: f32| ((v * scale) as u32).clamp(8, side);
    let (width, height) = (to(quad.width()), to(quad.height()));
    let map = Homography::of_crop(width, height, &quad)?;
    let rgb = if quad == whole {
        crate::page::resized(&page.rgb, width, height)
    } else {
        page.flattened(&quad, width, height)?
    };
    Some((imageops::grayscale(&rgb), map))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_zone_spelt_out_is_read_in_lines_and_in_one_piece() {
        let (first, second) =
            ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10");
        for text in [format!("{first}\n{second}"), format!("v1|{first}{second}|ok")] {
            let Barcode::Zone(zone) = Barcode::parse(&text) else { panic!("{text}") };
            assert_eq!(zone.document_number, "L898902C3");
        }
        let changed = second.replace("740812", "840812");
        assert!(
            matches!(Barcode::parse(&format!("{first}\n{changed}")), Barcode::Other(_)),
            "its digits are wrong"
        );
    }

    #[test]
    fn unread_fields_are_named() {
        let boarding = format!("M1DOE/JOHN            EABC123 {}", "X".repeat(40));
        for (text, kind) in [
            ("https://example.org/?id=1", UnknownBarcode::Address),
            (boarding.as_str(), UnknownBarcode::BoardingPass),
            ("@\n\u{1e}\rANSI 636014080001DL00310008DLDCSDOE\r", UnknownBarcode::IncompleteLicence),
            ("\u{1}\u{9b}\u{9}\u{45}\u{0}\u{0}\u{80}\u{ff}", UnknownBarcode::Binary),
            ("0123456789", UnknownBarcode::Number),
            ("00123@GARCIA@JUAN@M", UnknownBarcode::Text),
        ] {
            let Barcode::Other(found) = Barcode::parse(text) else { panic!("{text}") };
            assert_eq!(found, kind, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_region_is_shown_larger_than_is_affordable(w in 1.0f32..5000.0, h in 1.0f32..5000.0) {
            let region = Quad::of_rect(face::Rect { x: 0.0, y: 0.0, w, h });
            for way in TRIES {
                let width = bounded(&region, way).0 as f32;
                prop_assert!(width <= way.0 as f32 && (width <= 8.0 || width * width * h / w <= SHOWN * 1.001));
            }
        }

        #[test]
        fn any_text_causes_no_panic(text in "\\PC{0,200}", zone in "[A-Z0-9<]{0,200}") {
            let _ = Barcode::parse(&text);
            let _ = Barcode::parse(&zone);
        }
    }
}
