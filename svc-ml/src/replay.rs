//! Replay detection: fingerprints of a recording's bytes, sound and picture.
//!
//! A recording has marks (bits at a place), some of which are stored as keyed hashes of project, kind and bits:
//! without the master key no recording can be compared with them, and equal recordings of two projects share no hash.
//! A later recording looks its marks up; one that shares enough of them, at one displacement in time, is the same
//! recording, however it was coded, scaled, mirrored or cut.

mod keyed;
mod motion;
mod sound;
mod votes;

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::Read,
};

use aws_lc_rs::digest;
use media::{Frame, Limits};
use sandbox::MediaFile;

pub use keyed::Keys;
pub(crate) use keyed::MARKS;
pub use votes::{Row, Span, likeness, same_recordings};

use crate::error::Error;

/// Bits at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Steps from the beginning.
    pub place: u32,
    pub bits: u64,
    /// Whether it is stored; the others are only looked up.
    pub is_stored: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Sound,
    Picture,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Sound, Self::Picture];

    /// Returns the stored number.
    pub const fn number(self) -> i64 {
        match self {
            Self::Sound => 1,
            Self::Picture => 2,
        }
    }

    pub fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// The fingerprint of a recording.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// Hash of the file's bytes.
    pub sha256: Vec<u8>,
    pub of: BTreeMap<Kind, Vec<Mark>>,
}

impl Marks {
    /// Returns the marks of a recording without pictures, before its bytes are hashed.
    pub fn of_sound(sound: &[f32]) -> Self {
        Self { sha256: Vec::new(), of: [(Kind::Sound, distinctive(sound::marks(sound)))].into() }
    }

    /// Returns the marks of a file without running any service.
    ///
    /// # Errors
    /// When the file is not supported.
    pub fn of_file(file: File, limits: &Limits) -> Result<Self, Error> {
        let (file, mut marker) = (MediaFile::new(file)?, Marker::default());
        let decoded = media::decode(file.clone(), limits, |frame| -> Result<(), Error> {
            marker.see(frame);
            Ok(())
        })?;
        marker.hear(decoded.audio.as_deref().unwrap_or_default());
        marker.finish(file)
    }

    /// Returns the similarity to a stored recording, by kind, as a multiple of the bound for equal recordings.
    pub fn likeness(&self, stored: &Self) -> BTreeMap<Kind, f64> {
        let mut rows = Vec::new();
        for (kind, marks) in &self.of {
            let mut places: HashMap<u64, Vec<u32>> = HashMap::new();
            for mark in stored.of.get(kind).into_iter().flatten().filter(|mark| mark.is_stored) {
                places.entry(mark.bits).or_default().push(mark.place);
            }
            for mark in marks {
                let equal = places.get(&mark.bits).into_iter().flatten();
                rows.extend(equal.map(|stored_place| Row {
                    seq: 0,
                    kind: *kind,
                    stored_place: *stored_place,
                    place: mark.place,
                }));
            }
        }
        let at_hand = Kind::ALL.map(|kind| (kind, self.span(kind))).into();
        let others = Kind::ALL.map(|kind| ((0, kind), stored.span(kind))).into();
        likeness(&rows, &at_hand, &others).into_iter().map(|((_, kind), value)| (kind, value)).collect()
    }

    /// Returns the stored marks of one kind, and the last place of any.
    pub fn span(&self, kind: Kind) -> Span {
        let marks = self.of.get(&kind).map(Vec::as_slice).unwrap_or_default();
        Span {
            stored: u32::try_from(marks.iter().filter(|mark| mark.is_stored).count()).unwrap_or(u32::MAX),
            first: marks.iter().map(|mark| mark.place).min().unwrap_or(0),
            last: marks.iter().map(|mark| mark.place).max().unwrap_or(0),
        }
    }
}

/// Collects the marks of one recording while it is decoded.
#[derive(Default)]
pub struct Marker {
    motion: motion::Motion,
    sound: Vec<Mark>,
}

impl Marker {
    pub fn see(&mut self, frame: &Frame<'_>) {
        self.motion.see(frame);
    }

    /// `sound`: 16 kHz.
    pub fn hear(&mut self, sound: &[f32]) {
        self.sound = sound::marks(sound);
    }

    /// Finishes with `file`, the recording as received.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn finish(self, file: impl Read) -> Result<Marks, Error> {
        let of = [(Kind::Sound, self.sound), (Kind::Picture, self.motion.marks())];
        let of = of.map(|(kind, marks)| (kind, distinctive(marks)));
        Ok(Marks { sha256: sha256(file)?, of: of.into() })
    }
}

/// Most places of one recording at which the same bits are looked up, and at which they are stored: repeated bits (a
/// tone, a hum) are uninformative, and their lookups grow with the square.
const MAX_REPEATED: usize = 16;
const MAX_STORED_REPEATED: usize = 2;

pub fn distinctive(marks: Vec<Mark>) -> Vec<Mark> {
    let mut places: HashMap<u64, usize> = HashMap::new();
    for mark in &marks {
        *places.entry(mark.bits).or_default() += 1;
    }
    let mut stored: HashMap<u64, usize> = HashMap::new();
    let mut kept = Vec::with_capacity(marks.len());
    for mark in marks.into_iter().filter(|mark| places.get(&mark.bits).is_some_and(|n| *n <= MAX_REPEATED)) {
        let count = stored.entry(mark.bits).or_default();
        let is_stored = mark.is_stored && *count < MAX_STORED_REPEATED;
        *count += usize::from(is_stored);
        kept.push(Mark { is_stored, ..mark });
    }
    kept
}

/// Returns the hash of a recording's bytes.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(mut file: impl Read) -> Result<Vec<u8>, Error> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(context.finish().as_ref().to_vec()),
            count => context.update(&buffer[..count]),
        }
    }
}
