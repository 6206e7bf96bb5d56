//! The ground truth of a specimen: its fields and the attack on it.

use serde::{Deserialize, Serialize};
use time::Date;

/// The documents that can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A card of 85.6 x 54 mm with three lines of thirty characters.
    Td1,
    /// A card of 105 x 74 mm with two lines of 36.
    Td2,
    /// A passport's page of 125 x 88 mm with two lines of 44.
    Td3,
    /// The back of a North American driving licence: a PDF417 with AAMVA's fields.
    Licence,
    /// The back of a card: three lines of thirty characters and a PDF417 that tells the same.
    CardBack,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Td1, Self::Td2, Self::Td3, Self::Licence, Self::CardBack];

    /// Width and height in millimetres.
    pub fn size_mm(self) -> (f32, f32) {
        match self {
            Self::Td1 | Self::Licence | Self::CardBack => (85.6, 54.0),
            Self::Td2 => (105.0, 74.0),
            Self::Td3 => (125.0, 88.0),
        }
    }
}

/// How bad the picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A flatbed scan.
    Scan,
    /// A careful photograph: some perspective, a few degrees, mild blur and noise.
    Moderate,
    /// A careless one: more of everything, and one of glare, low light or a cut edge.
    Hard,
}

/// The kind of attack, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attack {
    /// Photographed off a display.
    Screen,
    /// Photographed off a print with a halftone screen.
    PrintCopy,
    /// Another's portrait put into the photograph on a computer.
    PortraitSpliced,
    /// Another's portrait glued onto the document.
    PortraitPasted,
    /// The ghost image shows somebody else.
    GhostOfAnother,
    /// A digit of the printed number changed; the zone as issued.
    PrintedNumber,
    /// The printed birth date changed; the zone as issued.
    PrintedBirth,
    /// Digits of the zone changed, check digits left.
    ZoneDigits,
    /// A digit of the zone's document number changed, its check digit left; not one of [`Attack::ALL`], whose seeds stay as
    /// they are.
    ZoneNumber,
    /// The zone made out anew with another birth date, check digits right.
    ZoneRemade,
    /// Some characters of the zone set in another face, their values kept.
    ZoneFont,
    /// One printed value in another face and size.
    PrintedFont,
    /// Genuine, and past its date.
    Expired,
    /// Born after it was issued, both zones agreeing.
    Illogical,
    /// The barcode tells another birth date than the zone beside it; made on the back of a card alone.
    BarcodeOther,
    /// Saved by an editor, whose name the file still tells.
    Edited,
}

impl Attack {
    /// All kinds of attacks, in the order of the generator.
    pub const ALL: [Self; 15] = [
        Self::Screen,
        Self::PrintCopy,
        Self::PortraitSpliced,
        Self::PortraitPasted,
        Self::GhostOfAnother,
        Self::PrintedNumber,
        Self::PrintedBirth,
        Self::ZoneDigits,
        Self::ZoneRemade,
        Self::ZoneFont,
        Self::PrintedFont,
        Self::Expired,
        Self::Illogical,
        Self::BarcodeOther,
        Self::Edited,
    ];
}

/// The document's own fields, as issued; an attack may show something else in one zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fields {
    /// ICAO's three letters (Germany's one).
    pub state: String,
    pub nationality: String,
    /// As printed, capitals with their diacritics.
    pub surname: String,
    pub given_names: String,
    /// As the zone has them: transliterated, perhaps cut. The barcode's names on a licence.
    pub zone_surname: String,
    pub zone_given_names: String,
    pub number: String,
    pub personal_number: Option<String>,
    pub sex: char,
    pub birth: Date,
    pub issue: Date,
    pub expiry: Date,
}

/// Everything known of a specimen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    pub seed: u64,
    pub kind: Kind,
    pub level: Level,
    pub attack: Option<Attack>,
    pub fields: Fields,
    /// The zone's lines as drawn.
    pub zone: Vec<String>,
    /// Quarter turns clockwise of the document in the picture.
    pub turns: u8,
    /// Its corners in pixels of the picture, clockwise from the document's own top left.
    pub quad: [[f32; 2]; 4],
    /// The same for the portrait, and each line of the zone.
    pub portrait: Option<[[f32; 2]; 4]>,
    pub ghost: Option<[[f32; 2]; 4]>,
    pub zone_lines: Vec<[[f32; 2]; 4]>,
    /// The day the document is judged on.
    pub today: Date,
}
