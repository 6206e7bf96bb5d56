//! The templates of one project in memory, and the search among them.

use face::Embedding;
use voice::{Bandwidth, Comparison, Voiceprint};
use zeroize::Zeroizing;

use crate::{
    calibration::{FaceComparison, compare_faces},
    error::Error,
    open_set::identified,
};

/// What a template is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modality {
    Face,
    Voice,
}

impl Modality {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Voice => "voice",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Face, Self::Voice].into_iter().find(|m| m.as_str() == text)
    }
}

/// The enrolled of a project. The bytes are wiped when it is dropped.
#[derive(Debug, Default)]
pub struct Gallery {
    faces: Vec<Enrolled>,
    voices: Vec<Enrolled>,
}

#[derive(Debug)]
struct Enrolled {
    subject_id: String,
    /// What the template was last made or changed in.
    transaction_id: String,
    bytes: Zeroizing<Vec<u8>>,
}

/// The nearest of a gallery.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest<C> {
    pub subject_id: String,
    /// What its template was last made or changed in.
    pub transaction_id: String,
    pub comparison: C,
}

impl Gallery {
    pub fn add(
        &mut self,
        modality: Modality,
        subject_id: &str,
        transaction_id: &str,
        bytes: Zeroizing<Vec<u8>>,
    ) {
        let (subject_id, transaction_id) = (subject_id.to_owned(), transaction_id.to_owned());
        let enrolled = Enrolled { subject_id, transaction_id, bytes };
        match modality {
            Modality::Face => self.faces.push(enrolled),
            Modality::Voice => self.voices.push(enrolled),
        }
    }

    fn all(&self, modality: Modality) -> &[Enrolled] {
        match modality {
            Modality::Face => &self.faces,
            Modality::Voice => &self.voices,
        }
    }

    /// The template of one subject.
    pub fn bytes(&self, modality: Modality, subject_id: &str) -> Option<&[u8]> {
        let enrolled = self.all(modality).iter().find(|e| e.subject_id == subject_id);
        enrolled.map(|e| e.bytes.as_slice())
    }

    #[cfg(test)]
    pub fn len(&self, modality: Modality) -> usize {
        self.all(modality).len()
    }

    /// Compares with the face of one subject (1:1); `None` when it has none.
    ///
    /// # Errors
    /// [`Error::Face`] when the template is malformed.
    pub fn compare_face(&self, probe: &Embedding, subject_id: &str) -> Result<Option<FaceComparison>, Error> {
        let template = self.bytes(Modality::Face, subject_id).map(Embedding::from_bytes).transpose()?;
        Ok(template.map(|template| compare_faces(f64::from(probe.cosine(&template)), 1)))
    }

    /// The nearest face of the project (1:N, open set: `matched` says whether it is near enough to be the same person);
    /// `except` is passed over.
    ///
    /// # Errors
    /// [`Error::Face`] when a template is malformed.
    pub fn nearest_face(
        &self,
        probe: &Embedding,
        except: Option<&str>,
    ) -> Result<Option<Nearest<FaceComparison>>, Error> {
        let mut best: Option<(&Enrolled, f32)> = None;
        let mut candidates = 0;
        for enrolled in others(&self.faces, except) {
            candidates += 1;
            let score = probe.cosine(&Embedding::from_bytes(&enrolled.bytes)?);
            if best.is_none_or(|(_, known)| score > known) {
                best = Some((enrolled, score));
            }
        }
        Ok(best.map(|(enrolled, score)| enrolled.near(compare_faces(f64::from(score), candidates))))
    }

    /// Compares with the voice of one subject (1:1); `None` when it has none.
    ///
    /// # Errors
    /// [`Error::Voice`] or [`Error::Malformed`] when the template is malformed.
    pub fn compare_voice(&self, probe: &Voiceprint, subject_id: &str) -> Result<Option<Comparison>, Error> {
        let template = self.bytes(Modality::Voice, subject_id).map(voice_from_bytes).transpose()?;
        Ok(template.map(|template| voice::compare(probe, &template)))
    }

    /// The likeliest voice of the project (1:N, open set: `matched` says whether it is near enough among so many, see
    /// [`identified`]); `except` is passed over.
    ///
    /// # Errors
    /// [`Error::Voice`] or [`Error::Malformed`] when a template is malformed.
    pub fn nearest_voice(
        &self,
        probe: &Voiceprint,
        except: Option<&str>,
    ) -> Result<Option<Nearest<Comparison>>, Error> {
        let mut best: Option<(&Enrolled, Comparison)> = None;
        let mut candidates = 0;
        for enrolled in others(&self.voices, except) {
            candidates += 1;
            let comparison = voice::compare(probe, &voice_from_bytes(&enrolled.bytes)?);
            // Scores above another threshold are not comparable; how far above their own they are is.
            let lead = |c: &Comparison| c.score - c.threshold;
            if best.as_ref().is_none_or(|(_, known)| lead(&comparison) > lead(known)) {
                best = Some((enrolled, comparison));
            }
        }
        Ok(best.map(|(enrolled, comparison)| enrolled.near(identified(comparison, candidates))))
    }
}

impl Enrolled {
    fn near<C>(&self, comparison: C) -> Nearest<C> {
        let (subject_id, transaction_id) = (self.subject_id.clone(), self.transaction_id.clone());
        Nearest { subject_id, transaction_id, comparison }
    }
}

fn others<'a>(all: &'a [Enrolled], except: Option<&'a str>) -> impl Iterator<Item = &'a Enrolled> {
    all.iter().filter(move |e| Some(e.subject_id.as_str()) != except)
}

/// A voice as it is kept: bandwidth, seconds of speech, numbers, little endian.
pub fn voice_to_bytes(voice: &Voiceprint) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(5 + 4 * voice.embedding().len()));
    bytes.push(u8::from(voice.bandwidth() == Bandwidth::Narrow));
    bytes.extend_from_slice(&voice.speech_seconds().to_le_bytes());
    voice.embedding().iter().for_each(|v| bytes.extend_from_slice(&v.to_le_bytes()));
    bytes
}

pub fn voice_from_bytes(bytes: &[u8]) -> Result<Voiceprint, Error> {
    let (narrow, rest) = bytes.split_first().ok_or(Error::Malformed)?;
    let (seconds, rest) = rest.split_first_chunk::<4>().ok_or(Error::Malformed)?;
    let (numbers, odd) = rest.as_chunks::<4>();
    if !odd.is_empty() {
        return Err(Error::Malformed);
    }
    let bandwidth = if *narrow == 0 { Bandwidth::Wide } else { Bandwidth::Narrow };
    let numbers = numbers.iter().map(|b| f32::from_le_bytes(*b)).collect();
    Ok(Voiceprint::new(numbers, bandwidth, f32::from_le_bytes(*seconds))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Unit vectors along one axis, with a little of the next.
    fn face_along(axis: usize, tilt: f32) -> Embedding {
        let mut numbers = [0f32; 128];
        (numbers[axis], numbers[axis + 1]) = (tilt.cos(), tilt.sin());
        let bytes: Vec<u8> = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
        Embedding::from_bytes(&bytes).unwrap()
    }

    fn gallery_of(count: usize) -> Gallery {
        let mut gallery = Gallery::default();
        for axis in 0..count {
            gallery.add(
                Modality::Face,
                &format!("s{axis}"),
                "tx",
                face_along(axis, 0.0).to_bytes().to_vec().into(),
            );
        }
        gallery
    }

    #[test]
    fn the_nearest_is_found_and_a_stranger_is_not_a_match() {
        let gallery = gallery_of(50);
        let found = gallery.nearest_face(&face_along(7, 0.3), None).unwrap().unwrap();
        assert_eq!((found.subject_id.as_str(), found.comparison.matched), ("s7", true));
        let stranger = gallery.nearest_face(&face_along(100, 0.0), None).unwrap().unwrap();
        assert!(!stranger.comparison.matched && stranger.comparison.probability < 0.01);
        let other = gallery.nearest_face(&face_along(7, 0.3), Some("s7")).unwrap().unwrap();
        assert!(other.subject_id != "s7" && !other.comparison.matched);
        assert!(Gallery::default().nearest_face(&face_along(0, 0.0), None).unwrap().is_none());
    }

    #[test]
    fn one_to_one_looks_at_one_subject_alone() {
        let gallery = gallery_of(3);
        assert!(gallery.compare_face(&face_along(1, 0.1), "s1").unwrap().unwrap().matched);
        assert!(!gallery.compare_face(&face_along(1, 0.1), "s2").unwrap().unwrap().matched);
        assert!(gallery.compare_face(&face_along(1, 0.1), "nobody").unwrap().is_none());
    }

    proptest! {
        #[test]
        fn a_voice_survives_its_bytes(
            numbers in prop::collection::vec(-1f32..1.0, voice::EMBEDDING_LEN), narrow in any::<bool>(), seconds in 0f32..60.0,
        ) {
            prop_assume!(numbers.iter().any(|v| v.abs() > 1e-3));
            let bandwidth = if narrow { Bandwidth::Narrow } else { Bandwidth::Wide };
            let voice = Voiceprint::new(numbers, bandwidth, seconds).unwrap();
            let read = voice_from_bytes(&voice_to_bytes(&voice)).unwrap();
            prop_assert!(read.cosine(&voice) > 0.9999);
            prop_assert_eq!((read.bandwidth(), read.speech_seconds()), (bandwidth, seconds));
        }

        #[test]
        fn no_bytes_crash_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..900)) {
            let _ = voice_from_bytes(&bytes);
        }
    }
}
