//! Why a picture cannot be judged, and what to do about it: one ordered table. Of several reasons the first is reported, and
//! what the person who takes the picture can change comes first.

use crate::{Mrz, PageText, barcode::UnknownBarcode, quality::Quality, zone_checks};

/// A reason. Their order here is the order in which they are reported.
#[derive(Clone, Debug, PartialEq)]
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
    /// What is the matter, and the remedy.
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

/// What is known of a picture on which nothing decisive was read.
pub(crate) struct Unread<'a> {
    pub page: &'a PageText,
    pub quality: &'a Quality,
    pub is_mirrored: bool,
    pub barcode: Option<UnknownBarcode>,
}

impl Unread<'_> {
    /// The first reason that applies.
    pub fn reason(&self) -> Reason {
        let Self { page, quality, .. } = self;
        let taking = quality.reason();
        if taking == Some(Reason::PictureTooSmall) {
            return Reason::PictureTooSmall;
        }
        if self.is_mirrored {
            return Reason::Mirrored;
        }
        if page.has_part_of_zone {
            return Reason::ZoneCutOff;
        }
        let barcode = self.barcode.map(Reason::BarcodeUnknown);
        let unknown_zone = page.has_unknown_zone.then_some(Reason::ZoneUnknown);
        let nothing =
            if page.lines.len() < FEWEST_LINES { Reason::NoDocument } else { Reason::NothingReadable };
        taking.or(barcode).or(unknown_zone).unwrap_or(nothing)
    }
}

/// Lines of text below which a picture shows no document.
const FEWEST_LINES: usize = 3;

/// Why a zone that was found neither fails nor passes a document, if so.
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
        for reason in all {
            let message = reason.message();
            assert!(message.contains("; "), "{message}");
            assert_eq!(message.contains("focus"), reason == Reason::Blurred, "{message}");
        }
    }
}
