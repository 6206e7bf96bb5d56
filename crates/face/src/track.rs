//! The track of each face of a video.

use crate::{
    align::{AlignedFace, Quality},
    detect::Detection,
    embedding::Embedding,
    geometry::{Rect, distance, median},
    mesh::Mesh,
    mouth::MouthDetail,
    screen::ScreenSigns,
    skin::Skin,
};

/// Most crops of a track.
pub const SAMPLES: usize = 5;
/// Frames of the first part of a clip; in longer clips the parts are longer.
const PART: usize = 15;

/// A detection and the frame it was made on.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// Index on the 25 fps clock.
    pub index: usize,
    pub face: Detection,
}

/// The mesh of one frame.
#[derive(Clone, Debug)]
pub struct MeshFrame {
    /// Index on the 25 fps clock.
    pub index: usize,
    pub mesh: Mesh,
    /// Whether all of the face is inside the frame.
    pub is_whole: bool,
    pub skin: Skin,
}

/// Crops of one frame, for recognition and for the texture network.
#[derive(Clone, Debug)]
pub struct Sample {
    pub index: usize,
    pub face: AlignedFace,
    /// See [`crate::texture_crop`]: a close one, and one with its outline.
    pub textures: [Vec<f32>; 2],
    pub quality: Quality,
}

/// One face in a video.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// On key frames, in order.
    pub sightings: Vec<Sighting>,
    /// On every second frame, in order; only of followed faces, the largest two of similar size.
    pub meshes: Vec<MeshFrame>,
    /// The mouth on every third mesh, when visible.
    pub mouths: Vec<MouthDetail>,
    /// The best crop of each part of the clip, best first, at most [`SAMPLES`]: they cover the whole clip, so a
    /// swapped face is among them.
    pub samples: Vec<Sample>,
    /// Traces of a display; only of the largest face of each key frame.
    pub screen: ScreenSigns,
    /// Relative amplitude of display flicker; `None` when it cannot be measured.
    pub beat: Option<f32>,
    /// Frames per part of the clip; 0 before the first crop.
    pub(crate) part: usize,
    /// Frames at which tracking broke: the face moved, grew or vanished faster than a face does.
    pub jumps: Vec<usize>,
}

impl Track {
    /// Returns the frames since its last sighting, at frame `index`.
    pub(crate) fn unseen_for(&self, index: usize) -> usize {
        self.sightings.last().map_or(usize::MAX, |s| index.saturating_sub(s.index))
    }

    /// Returns the unit mean of the best samples' embeddings, in their order, weighted by quality; `None` without any.
    pub(crate) fn mean(&self, each: &[Embedding]) -> Option<Embedding> {
        Embedding::weighted_mean(each.iter().zip(self.samples.iter().map(|s| s.quality.overall())))
    }

    /// Returns its last position.
    pub fn rect(&self) -> Rect {
        let seen = self.sightings.last().map(|s| (s.index, s.face.rect));
        let followed = self.meshes.last().map(|m| (m.index, m.mesh.rect()));
        match (seen, followed) {
            (Some((seen, rect)), Some((followed, _))) if seen >= followed => rect,
            (_, Some((_, rect))) | (Some((_, rect)), None) => rect,
            (None, None) => Rect::default(),
        }
    }

    /// Returns the median width of the face in pixels.
    pub fn width(&self) -> f32 {
        median(self.sightings.iter().map(|s| s.face.rect.w))
    }

    /// Returns the median of [`Rect::off_centre`].
    pub fn off_centre(&self, width: u32, height: u32) -> f32 {
        median(self.sightings.iter().map(|s| s.face.rect.off_centre(width, height)))
    }

    /// Returns the mean speed of the face over the video, in face widths per second.
    pub fn speed(&self) -> f32 {
        let steps = self.meshes.windows(2).map(|m| {
            let (a, b) = (m[0].mesh.rect(), m[1].mesh.rect());
            let seconds = (m[1].index - m[0].index).max(1) as f32 / media::FPS as f32;
            distance(a.centre(), b.centre()) / a.w.max(1.0) / seconds
        });
        let steps: Vec<f32> = steps.collect();
        if steps.is_empty() { 0.0 } else { steps.iter().sum::<f32>() / steps.len() as f32 }
    }

    /// Returns the prominence of the face in the video: long, large and near the middle.
    pub(crate) fn weight(&self, width: u32, height: u32) -> f32 {
        let central = 1.0 - 0.5 * self.off_centre(width, height).min(1.0);
        self.sightings.len() as f32 * self.width() * central
    }

    /// Stores the crop if it is the best of its part of the clip; samples are added in the order of their frames.
    pub(crate) fn add_sample(&mut self, sample: Sample) {
        self.part = self.part.max(PART);
        self.samples.push(sample);
        self.keep_best_of_parts();
        while self.samples.len() > 2 * SAMPLES {
            self.part *= 2;
            self.keep_best_of_parts();
        }
    }

    fn keep_best_of_parts(&mut self) {
        let part = self.part;
        keep_best(&mut self.samples, |s| s.index / part);
    }

    /// Finishes the track: at most [`SAMPLES`] crops, the best of as many even parts, best first.
    pub(crate) fn settle(&mut self) {
        let (first, last) = match (self.samples.first(), self.samples.last()) {
            (Some(first), Some(last)) if self.samples.len() > SAMPLES => (first.index, last.index),
            _ => (0, 0),
        };
        if last > first {
            keep_best(&mut self.samples, |s| (s.index - first) * SAMPLES / (last - first + 1));
        }
        self.samples.sort_by(|a, b| b.quality.overall().total_cmp(&a.quality.overall()));
    }
}

/// Keeps only the best of neighbours at the same position.
fn keep_best(samples: &mut Vec<Sample>, place: impl Fn(&Sample) -> usize) {
    samples.dedup_by(|later, earlier| {
        let is_same = place(later) == place(earlier);
        if is_same && later.quality.overall() > earlier.quality.overall() {
            std::mem::swap(later, earlier);
        }
        is_same
    });
}

/// All faces of a video.
#[derive(Clone, Debug, Default)]
pub struct FaceTracks {
    pub tracks: Vec<Track>,
    /// Frames fed, at 25 a second.
    pub frames: usize,
    /// Frame size in pixels.
    pub width: u32,
    pub height: u32,
    /// The index of each key frame, and its number of faces of similar size.
    pub counts: Vec<(usize, usize)>,
    /// The picture is rotated or upside down: measures of its faces are meaningless.
    pub is_turned: bool,
    pub(crate) main: Option<usize>,
}

impl FaceTracks {
    /// Returns the main face of the video, if any.
    pub fn main(&self) -> Option<&Track> {
        self.tracks.get(self.main?)
    }

    /// Returns the other faces with meshes.
    pub fn beside_main(&self) -> impl Iterator<Item = &Track> {
        let others = self.tracks.iter().enumerate().filter(|(i, _)| Some(*i) != self.main);
        others.map(|(_, track)| track).filter(|track| !track.meshes.is_empty())
    }

    pub fn most_faces_at_once(&self) -> usize {
        self.counts.iter().map(|(_, n)| *n).max().unwrap_or(0)
    }

    /// Returns the share of key frames with exactly one face, 0-1.
    pub fn alone(&self) -> f32 {
        let alone = self.counts.iter().filter(|(_, n)| *n == 1).count();
        alone as f32 / self.counts.len().max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(index: usize, confidence: f32) -> Sample {
        let quality = Quality { size: 1.0, sharpness: 1.0, frontal: 1.0, exposure: 1.0, confidence };
        Sample {
            index,
            face: AlignedFace { planes: Vec::new() },
            textures: [Vec::new(), Vec::new()],
            quality,
        }
    }

    #[test]
    fn the_best_crop_of_each_part_is_kept_best_first() {
        let mut track = Track::default();
        let qualities = [0.3, 0.9, 0.1, 0.5, 0.7, 0.6, 0.2, 0.8, 0.4, 0.35];
        qualities.into_iter().enumerate().for_each(|(i, quality)| track.add_sample(sample(15 * i, quality)));
        track.settle();
        let kept: Vec<_> = track.samples.iter().map(|s| s.quality.confidence).collect();
        assert_eq!(kept, [0.9, 0.8, 0.7, 0.5, 0.4]);
    }

    proptest! {
        #[test]
        fn crops_are_few_sorted_and_spread_over_the_clip(
            qualities in prop::collection::vec(0.01f32..1.0, 1..200), step in 1usize..40
        ) {
            let mut track = Track::default();
            for (i, quality) in qualities.iter().enumerate() {
                track.add_sample(sample(step * i, *quality));
                prop_assert!(track.samples.len() <= 2 * SAMPLES);
            }
            track.settle();
            prop_assert!((1..=SAMPLES).contains(&track.samples.len()));
            prop_assert!(track.samples.windows(2).all(|s| s[0].quality.overall() >= s[1].quality.overall()));
            let last = step * (qualities.len() - 1);
            if last >= 8 * PART {
                prop_assert!(track.samples.iter().any(|s| s.index <= last / 2));
                prop_assert!(track.samples.iter().any(|s| s.index >= last / 2));
            }
        }
    }
}
