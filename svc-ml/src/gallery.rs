//! The templates of one project in memory, and the search among them.

use face::{Embedding, Similarity};
use voice::{Bandwidth, Comparison, Voiceprint};
use zeroize::Zeroizing;

use crate::{
    calibration::{FaceComparison, compare_faces},
    error::Error,
    face_template::FaceTemplate,
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

/// The templates of a project. They are wiped when it is dropped.
#[derive(Debug, Default)]
pub struct Gallery {
    faces: Vec<Enrolled<FaceTemplate>>,
    voices: Vec<Enrolled<Zeroizing<Vec<u8>>>>,
}

#[derive(Debug)]
struct Enrolled<T> {
    subject_id: String,
    /// What the template was last made or changed in.
    transaction_id: String,
    template: T,
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
    /// Adds a template as it was stored.
    ///
    /// # Errors
    /// [`Error::Face`] or [`Error::Malformed`] when a face's template is malformed.
    pub fn add(
        &mut self,
        modality: Modality,
        subject_id: &str,
        transaction_id: &str,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let (subject_id, transaction_id) = (subject_id.to_owned(), transaction_id.to_owned());
        match modality {
            Modality::Face => {
                let template = FaceTemplate::from_bytes(bytes)?;
                self.faces.push(Enrolled { subject_id, transaction_id, template });
            }
            Modality::Voice => {
                let template = Zeroizing::new(bytes.to_vec());
                self.voices.push(Enrolled { subject_id, transaction_id, template });
            }
        }
        Ok(())
    }

    #[cfg(test)]
    pub fn len(&self, modality: Modality) -> usize {
        match modality {
            Modality::Face => self.faces.len(),
            Modality::Voice => self.voices.len(),
        }
    }

    /// The face of one subject.
    pub fn face(&self, subject_id: &str) -> Option<&FaceTemplate> {
        of_subject(&self.faces, subject_id)
    }

    /// Compares with the face of one subject (1:1); `None` when it has none.
    pub fn compare_face(&self, probe: &Embedding, subject_id: &str) -> Option<FaceComparison> {
        self.face(subject_id).map(|template| compare_faces(template.compare(probe), 1))
    }

    /// The nearest face of the project (1:N, open set: `matched` says whether it is near enough to be the same person);
    /// `except` is passed over.
    pub fn nearest_face(&self, probe: &Embedding, except: Option<&str>) -> Option<Nearest<FaceComparison>> {
        let mut best: Option<(&Enrolled<FaceTemplate>, Similarity)> = None;
        let mut candidates = 0;
        for enrolled in others(&self.faces, except) {
            candidates += 1;
            let similarity = enrolled.template.compare(probe);
            // Cosines of different networks are not comparable; how far above their own threshold they are is.
            if best.is_none_or(|(_, known)| similarity.log_odds(1) > known.log_odds(1)) {
                best = Some((enrolled, similarity));
            }
        }
        best.map(|(enrolled, similarity)| enrolled.near(compare_faces(similarity, candidates)))
    }

    /// Compares with the voice of one subject (1:1); `None` when it has none.
    ///
    /// # Errors
    /// [`Error::Voice`] or [`Error::Malformed`] when the template is malformed.
    pub fn compare_voice(&self, probe: &Voiceprint, subject_id: &str) -> Result<Option<Comparison>, Error> {
        let stored = of_subject(&self.voices, subject_id);
        let template = stored.map(|bytes| voice_from_bytes(bytes)).transpose()?;
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
        let mut best: Option<(&Enrolled<_>, Comparison)> = None;
        let mut candidates = 0;
        for enrolled in others(&self.voices, except) {
            candidates += 1;
            let comparison = voice::compare(probe, &voice_from_bytes(&enrolled.template)?);
            // Scores above another threshold are not comparable; how far above their own they are is.
            let lead = |c: &Comparison| c.score - c.threshold;
            if best.as_ref().is_none_or(|(_, known)| lead(&comparison) > lead(known)) {
                best = Some((enrolled, comparison));
            }
        }
        Ok(best.map(|(enrolled, comparison)| enrolled.near(identified(comparison, candidates))))
    }
}

impl<T> Enrolled<T> {
    fn near<C>(&self, comparison: C) -> Nearest<C> {
        let (subject_id, transaction_id) = (self.subject_id.clone(), self.transaction_id.clone());
        Nearest { subject_id, transaction_id, comparison }
    }
}

fn of_subject<'a, T>(all: &'a [Enrolled<T>], subject_id: &str) -> Option<&'a T> {
    all.iter().find(|e| e.subject_id == subject_id).map(|e| &e.template)
}

fn others<'a, T>(all: &'a [Enrolled<T>], except: Option<&'a str>) -> impl Iterator<Item = &'a Enrolled<T>> {
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
            let template = FaceTemplate::of(face_along(axis, 0.0)).to_bytes();
            gallery.add(Modality::Face, &format!("s{axis}"), "tx", &template).unwrap();
        }
        gallery
    }

    #[test]
    fn the_nearest_is_found_and_a_stranger_is_not_a_match() {
        let gallery = gallery_of(50);
        let found = gallery.nearest_face(&face_along(7, 0.3), None).unwrap();
        assert_eq!((found.subject_id.as_str(), found.comparison.matched), ("s7", true));
        let stranger = gallery.nearest_face(&face_along(100, 0.0), None).unwrap();
        assert!(!stranger.comparison.matched && stranger.comparison.probability < 0.01);
        let other = gallery.nearest_face(&face_along(7, 0.3), Some("s7")).unwrap();
        assert!(other.subject_id != "s7" && !other.comparison.matched);
        assert!(Gallery::default().nearest_face(&face_along(0, 0.0), None).is_none());
    }

    #[test]
    fn one_to_one_looks_at_one_subject_alone() {
        let gallery = gallery_of(3);
        assert!(gallery.compare_face(&face_along(1, 0.1), "s1").unwrap().matched);
        assert!(!gallery.compare_face(&face_along(1, 0.1), "s2").unwrap().matched);
        assert!(gallery.compare_face(&face_along(1, 0.1), "nobody").is_none());
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
