//! The in-memory gallery of one project: finds candidates near a probe.
//!
//! A result is a candidate. The stored templates decide which is nearest ([`crate::templates`]), so a deleted
//! template is never returned, whatever is still in memory.

use std::collections::HashMap;

use face::{Embedding, Networks, Similarity};
use uuid::Uuid;
use vectors::{FlatIndex, Index, Key, Neighbour, SketchIndex};
use voice::{Bandwidth, Voiceprint};

use crate::{error::Error, face_template::FaceTemplate, voice_template::voice_from_bytes};

/// Number of templates of one kind up to which all are compared; above it, sketches preselect, and nearly always find
/// the same.
pub const MAX_COMPARED: usize = 50_000;
/// Dimensions of SFace's vector and of both networks'.
const SFACE: usize = 128;
const BOTH: usize = 640;
/// Largest error of a cosine computed in memory.
const SLACK: f32 = 0.01;

/// The modality of a template.
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

/// A template in memory.
#[derive(Debug)]
pub enum Template {
    Face(FaceTemplate),
    Voice(Voiceprint),
}

impl Template {
    /// # Errors
    /// When the bytes are not a template of that modality.
    pub fn from_bytes(modality: Modality, bytes: &[u8]) -> Result<Self, Error> {
        Ok(match modality {
            Modality::Face => Self::Face(FaceTemplate::from_bytes(bytes)?),
            Modality::Voice => Self::Voice(voice_from_bytes(bytes)?),
        })
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Face(face) if face.mean.has_both() => Kind::FaceBoth,
            Self::Face(_) => Kind::FaceSFace,
            Self::Voice(voice) => Kind::of_voice(voice.bandwidth()),
        }
    }

    fn vector(&self) -> &[f32] {
        match self {
            Self::Face(face) if face.mean.has_both() => face.mean.values(),
            Self::Face(face) => sface(&face.mean),
            Self::Voice(voice) => voice.embedding(),
        }
    }
}

fn sface(face: &Embedding) -> &[f32] {
    face.values().get(..SFACE).unwrap_or(face.values())
}

/// Templates whose vectors are compared with a probe in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    FaceBoth,
    /// Of versions before the second network.
    FaceSFace,
    VoiceWide,
    VoiceNarrow,
}

impl Kind {
    const ALL: [Self; 4] = [Self::FaceBoth, Self::FaceSFace, Self::VoiceWide, Self::VoiceNarrow];

    fn of_voice(bandwidth: Bandwidth) -> Self {
        match bandwidth {
            Bandwidth::Wide => Self::VoiceWide,
            Bandwidth::Narrow => Self::VoiceNarrow,
        }
    }

    fn dimensions(self) -> usize {
        match self {
            Self::FaceBoth => BOTH,
            Self::FaceSFace => SFACE,
            Self::VoiceWide | Self::VoiceNarrow => voice::EMBEDDING_LEN,
        }
    }

    fn modality(self) -> Modality {
        match self {
            Self::FaceBoth | Self::FaceSFace => Modality::Face,
            Self::VoiceWide | Self::VoiceNarrow => Modality::Voice,
        }
    }
}

/// A template that may be near a probe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    pub template_id: Uuid,
    /// Upper bound of the comparison's lead over its threshold, in the unit of [`crate::templates`]'s comparisons.
    pub bound: f64,
}

/// The vectors of a project's templates.
#[derive(Debug)]
pub struct Gallery {
    spaces: [Space; 4],
}

/// The vectors of one kind.
#[derive(Debug)]
struct Space {
    kind: Kind,
    index: Stage,
    /// A vector's key is the lower half of its template's random id; this is the upper half.
    ids: HashMap<Key, u64>,
}

#[derive(Debug)]
enum Stage {
    Exact(FlatIndex),
    Approximate(SketchIndex),
}

/// The vectors of a space that became too large to compare all, as of the copy.
pub struct Outgrown {
    kind: Kind,
    vectors: Vec<(Key, Vec<f32>)>,
}

/// The sketches of an outgrown space.
pub struct Grown {
    kind: Kind,
    index: SketchIndex,
    keys: Vec<Key>,
}

impl Outgrown {
    /// Builds the sketches, which takes a second.
    ///
    /// # Errors
    /// When there is not enough memory.
    pub fn grow(self) -> Result<Grown, Error> {
        let mut sketches = SketchIndex::new(self.kind.dimensions());
        sketches.add_all(&self.vectors)?;
        let keys = self.vectors.into_iter().map(|(key, _)| key).collect();
        Ok(Grown { kind: self.kind, index: sketches, keys })
    }
}

impl Default for Gallery {
    fn default() -> Self {
        Self { spaces: Kind::ALL.map(Space::new) }
    }
}

impl Gallery {
    /// Adds templates, or replaces those with the same ids.
    ///
    /// # Errors
    /// Those of the index.
    pub fn add(&mut self, templates: &[(Uuid, Template)]) -> Result<(), Error> {
        for space in &mut self.spaces {
            let of_kind = templates.iter().filter(|(_, template)| template.kind() == space.kind);
            let vectors: Vec<_> = of_kind.map(|(id, t)| (id.as_u64_pair(), t.vector().to_vec())).collect();
            space.ids.extend(vectors.iter().map(|((high, key), _)| (*key, *high)));
            let vectors: Vec<_> = vectors.into_iter().map(|((_, key), vector)| (key, vector)).collect();
            space.index_mut().add_all(&vectors)?;
        }
        Ok(())
    }

    /// Removes a template, if present.
    ///
    /// # Errors
    /// Those of the index.
    pub fn remove(&mut self, template_id: Uuid) -> Result<(), Error> {
        let (_, key) = template_id.as_u64_pair();
        for space in &mut self.spaces {
            if space.ids.remove(&key).is_some() {
                space.index_mut().remove(key)?;
            }
        }
        Ok(())
    }

    pub fn contains(&self, template_id: Uuid) -> bool {
        let (high, key) = template_id.as_u64_pair();
        self.spaces.iter().any(|space| space.ids.get(&key) == Some(&high))
    }

    pub fn len(&self, modality: Modality) -> usize {
        self.spaces.iter().filter(|s| s.kind.modality() == modality).map(|s| s.index().len()).sum()
    }

    pub fn bytes(&self) -> usize {
        let of_ids = |space: &Space| space.ids.capacity() * (size_of::<(Key, u64)>() + 1);
        self.spaces.iter().map(|space| space.index().bytes() + of_ids(space)).sum()
    }

    /// Returns up to `count` templates that may be the nearest face, the likeliest first.
    ///
    /// # Errors
    /// Those of the index.
    pub fn faces_near(&self, probe: &Embedding, count: usize) -> Result<Vec<Candidate>, Error> {
        let bound =
            |cosine: f32, networks| Similarity { cosine: (cosine + SLACK).into(), networks }.log_odds(1);
        let mut near = if probe.has_both() {
            self.near(Kind::FaceBoth, probe.values(), count, |cosine| bound(cosine, Networks::Both))?
        } else {
            // Compared with the first network's part of longer vectors, whose length is known to the template only.
            let padded: Vec<f32> = sface(probe).iter().copied().chain([0.0; BOTH - SFACE]).collect();
            self.near(Kind::FaceBoth, &padded, count, |_| f64::INFINITY)?
        };
        near.extend(self.near(Kind::FaceSFace, sface(probe), count, |c| bound(c, Networks::SFace))?);
        Ok(likeliest(near, count))
    }

    /// Returns up to `count` templates that may be the nearest voice, the likeliest first.
    ///
    /// # Errors
    /// Those of the index.
    pub fn voices_near(&self, probe: &Voiceprint, count: usize) -> Result<Vec<Candidate>, Error> {
        let mut near = Vec::new();
        for bandwidth in [Bandwidth::Wide, Bandwidth::Narrow] {
            let like = Voiceprint::new(probe.embedding().to_vec(), bandwidth, probe.speech_seconds())?;
            let threshold = voice::compare_voices(probe, &like).threshold;
            let bound = |cosine| f64::from(cosine + SLACK - threshold);
            near.extend(self.near(Kind::of_voice(bandwidth), probe.embedding(), count, bound)?);
        }
        Ok(likeliest(near, count))
    }

    fn near(
        &self,
        kind: Kind,
        probe: &[f32],
        count: usize,
        bound: impl Fn(f32) -> f64,
    ) -> Result<Vec<Candidate>, Error> {
        let Some(space) = self.spaces.iter().find(|space| space.kind == kind) else { return Ok(Vec::new()) };
        let found = space.index().search(probe, count)?;
        let candidate = |Neighbour { key, cosine }| {
            let template_id = Uuid::from_u64_pair(*space.ids.get(&key)?, key);
            Some(Candidate { template_id, bound: bound(cosine) })
        };
        Ok(found.into_iter().filter_map(candidate).collect())
    }

    /// Whether a space has outgrown exact comparison.
    pub fn outgrown_any(&self, most: usize) -> bool {
        self.spaces.iter().any(|s| matches!(&s.index, Stage::Exact(flat) if flat.len() > most))
    }

    /// Returns copies of the outgrown spaces.
    pub fn outgrown(&self, most: usize) -> Vec<Outgrown> {
        let outgrown = |space: &Space| match &space.index {
            Stage::Exact(flat) if flat.len() > most => {
                Some(Outgrown { kind: space.kind, vectors: flat.vectors().collect() })
            }
            _ => None,
        };
        self.spaces.iter().filter_map(outgrown).collect()
    }

    /// Searches by sketches from now on; changes since the copy are applied now.
    ///
    /// # Errors
    /// Those of the index.
    pub fn replace(&mut self, grown: Grown) -> Result<(), Error> {
        let Some(space) = self.spaces.iter_mut().find(|space| space.kind == grown.kind) else {
            return Ok(());
        };
        let Stage::Exact(flat) = &space.index else { return Ok(()) };
        let mut sketches = grown.index;
        for key in grown.keys.iter().filter(|key| !flat.contains(**key)) {
            sketches.remove(*key)?;
        }
        for (key, vector) in flat.vectors().filter(|(key, _)| !sketches.contains(*key)).collect::<Vec<_>>() {
            sketches.add(key, &vector)?;
        }
        space.index = Stage::Approximate(sketches);
        Ok(())
    }
}

/// Merges the sorted results of several kinds, the likeliest first.
fn likeliest(mut near: Vec<Candidate>, count: usize) -> Vec<Candidate> {
    near.sort_by(|a, b| b.bound.total_cmp(&a.bound));
    near.truncate(count);
    near
}

impl Space {
    fn new(kind: Kind) -> Self {
        Self { kind, index: Stage::Exact(FlatIndex::new(kind.dimensions())), ids: HashMap::new() }
    }

    fn index(&self) -> &dyn Index {
        match &self.index {
            Stage::Exact(flat) => flat,
            Stage::Approximate(sketches) => sketches,
        }
    }

    fn index_mut(&mut self) -> &mut dyn Index {
        match &mut self.index {
            Stage::Exact(flat) => flat,
            Stage::Approximate(sketches) => sketches,
        }
    }
}

#[cfg(test)]
mod tests;
