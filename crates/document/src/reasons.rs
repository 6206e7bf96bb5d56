//! Reasons why a picture cannot be judged, with remedies, in one ordered table. Of several reasons the first is
//! reported; those that the photographer can fix come first.

use crate::{Mrz, PageText, barcode::UnknownBarcode, quality::Quality, zone_checks};

/// A reason. When several apply, the first in this order is reported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    PictureTooSmall,
    Mirrored,
    ZoneCutOff,
    Blurred,
    Glare,
    DocumentCutOff,
    /// Fields of the zone that were not read reliably.
    ZoneUnreliable(Vec<&'static str>),
    /// Fields of the zone that can be read in two ways.
    TwoReadings(Vec<&'static str>),
    BarcodeUnknown(UnknownBarcode),
    ZoneUnknown,
    NoDocument,
    NothingReadable,
}

impl Reason {
    /// The problem and its remedy.
    pub fn message(&self) -> String {
        let message = match self {
            Self::PictureTooSmall => "the picture is too small; take it from nearer or with a better camera",
            Self::Mirrored => {
                "the picture is mirrored; use the rear camera, or switch off mirroring of the front camera"
            }
            Self::ZoneCutOff => {
                "lines of the machine readable zone are cut off or covered; show the whole page, its lower edge included"
            }
            Self::Blurred => "the picture is blurred; hold still and let the camera focus",
            Self::Glare => "glare covers the document; tilt it away from the light",
            Self::DocumentCutOff => "the document is cut off; show all of it",
            Self::ZoneUnreliable(fields) => {
                return format!(
                    "the machine readable zone could not be read reliably ({}); take the picture from straight above, with \
                     the zone evenly lit and as wide as the picture",
                    fields.join(", ")
                );
            }
            Self::TwoReadings(fields) => {
                return format!(
                    "a character of the machine readable zone may be a letter or a digit, and the check digit does not \
                     tell which ({}); a person has to compare it with the document",
                    fields.join(", ")
                );
            }
            Self::BarcodeUnknown(kind) => {
                return format!(
                    "the barcode holds {}, which is not read here; show the side with the machine readable zone",
                    kind.description()
                );
            }
            Self::ZoneUnknown => {
                "the machine readable lines are of a form that is not known here; show the side with the printed fields, \
                 or use another document"
            }
            Self::NoDocument => {
                "no document was found on the picture; show the document alone, filling the picture"
            }
            Self::NothingReadable => {
                "no machine readable zone, barcode or labelled fields could be read; show the side that has them"
            }
        };
        message.to_owned()
    }
}

/// Measures of a picture from which nothing decisive was read.
pub(crate) struct Unread<'a> {
    pub page: &'a PageText,
    pub quality: &'a Quality,
    pub is_mirrored: bool,
    pub barcode: Option<UnknownBarcode>,
}

impl Unread<'_> {
    /// Returns the first reason that applies.
    pub fn reason(&self) -> Reason {
        let Self { page, quality, is_mirrored, barcode } = self;
        let applying = [
            quality.reason(),
            is_mirrored.then_some(Reason::Mirrored),
            page.has_part_of_zone.then_some(Reason::ZoneCutOff),
            barcode.map(Reason::BarcodeUnknown),
            page.has_unknown_zone.then_some(Reason::ZoneUnknown),
            (page.lines.len() < FEWEST_LINES).then_some(Reason::NoDocument),
        ];
        applying.into_iter().flatten().min().unwrap_or(Reason::NothingReadable)
    }
}

/// Number of lines of text below which a picture shows no document.
const FEWEST_LINES: usize = 3;

/// Returns why a zone that was found can neither pass nor fail a document, if so.
pub(crate) fn reason_of_zone(mrz: &Mrz, quality: &Quality) -> Option<Reason> {
    let unreliable = zone_checks::unreliable(mrz);
    if unreliable.is_empty() {
        return None;
    }
    let ambiguous = mrz.ambiguous_fields();
    let others: Vec<_> = unreliable.iter().copied().filter(|field| !ambiguous.contains(field)).collect();
    if others.is_empty() || mrz.all_digits_right() && !ambiguous.is_empty() {
        return Some(Reason::TwoReadings(ambiguous.to_vec()));
    }
    Some(quality.reason().unwrap_or(Reason::ZoneUnreliable(others)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Page, PageText};
    use image::RgbImage;
    use proptest::prelude::*;

    fn page(side: u32, has_part_of_zone: bool, has_unknown_zone: bool) -> PageText {
        PageText {
            page: Page::from_rgb(RgbImage::from_pixel(side, side, image::Rgb([200; 3]))),
            turned: 0,
            lines: Vec::new(),
            mrz: None,
            outline: None,
            has_part_of_zone,
            has_unknown_zone,
            barcode: None,
        }
    }

    proptest! {
        /// A reason that the person can fix comes first, however many apply; a uniform picture is blurred and shows no document.
        #[test]
        fn of_several_reasons_the_first_of_the_table_is_reported(
            is_small in any::<bool>(), is_mirrored in any::<bool>(), is_cut in any::<bool>(), is_unknown in any::<bool>(),
        ) {
            let page = page(if is_small { 150 } else { 400 }, is_cut, is_unknown);
            let quality = Quality::of(&page.page, &[], None);
            let barcode = is_unknown.then_some(UnknownBarcode::Number);
            let reported = Unread { page: &page, quality: &quality, is_mirrored, barcode }.reason();
            let expected = match (is_small, is_mirrored, is_cut) {
                (true, ..) => Reason::PictureTooSmall,
                (_, true, _) => Reason::Mirrored,
                (.., true) => Reason::ZoneCutOff,
                _ => Reason::Blurred,
            };
            prop_assert_eq!(reported, expected);
        }
    }

    #[test]
    fn every_reason_says_what_to_do_and_only_blur_asks_for_sharpness() {
        let all = [
            Reason::PictureTooSmall,
            Reason::Mirrored,
            Reason::ZoneCutOff,
            Reason::Blurred,
            Reason::Glare,
            Reason::DocumentCutOff,
            Reason::ZoneUnreliable(vec!["names"]),
            Reason::TwoReadings(vec!["document number"]),
            Reason::BarcodeUnknown(UnknownBarcode::Address),
            Reason::ZoneUnknown,
            Reason::NoDocument,
            Reason::NothingReadable,
        ];
        assert!(all.is_sorted(), "this is their order");
        for reason in all {
            let message = reason.message();
            assert!(message.contains("; "), "{message}");
            assert_eq!(message.contains("focus"), reason == Reason::Blurred, "{message}");
        }
    }
}
