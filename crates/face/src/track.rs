//! What is kept of each face of a video.

use crate::{
    align::{AlignedFace, Quality},
    detect::Detection,
    geometry::{Rect, distance, median},
    mesh::Mesh,
};

/// Most crops kept of a track.
pub const SAMPLES: usize = 5;

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
}

/// Crops of one frame, for recognition and for the texture network.
#[derive(Clone, Debug)]
pub struct Sample {
    pub index: usize,
    pub face: AlignedFace,
    /// See [`crate::texture_crop`].
    pub texture: Vec<f32>,
    pub quality: Quality,
}

/// One face through a video.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// On key frames, in order.
    pub sightings: Vec<Sighting>,
    /// On every second frame, in order; only of the faces that were followed, the largest two of a like size.
    pub meshes: Vec<MeshFrame>,
    /// The best crops by quality, best first, at most [`SAMPLES`].
    pub samples: Vec<Sample>,
    /// Frames at which following the face broke off: it moved, grew or vanished faster than a face does.
    pub jumps: Vec<usize>,
}

impl Track {
    /// Frames since its last sighting, at frame `index`.
    pub(crate) fn unseen_for(&self, index: usize) -> usize {
        self.sightings.last().map_or(usize::MAX, |s| index.saturating_sub(s.index))
    }

    /// Where it was seen last.
    pub fn rect(&self) -> Rect {
        let seen = self.sightings.last().map(|s| (s.index, s.face.rect));
        let followed = self.meshes.last().map(|m| (m.index, m.mesh.rect()));
        match (seen, followed) {
            (Some((seen, rect)), Some((followed, _))) if seen >= followed => rect,
            (_, Some((_, rect))) | (Some((_, rect)), None) => rect,
            (None, None) => Rect::default(),
        }
    }

    /// Median width of the face in pixels.
    pub fn width(&self) -> f32 {
        median(self.sightings.iter().map(|s| s.face.rect.w))
    }

    /// Median of [`Rect::off_centre`].
    pub fn off_centre(&self, width: u32, height: u32) -> f32 {
        median(self.sightings.iter().map(|s| s.face.rect.off_centre(width, height)))
    }

    /// Mean speed of the face over the video, in face widths a second.
    pub fn speed(&self) -> f32 {
        let steps = self.meshes.windows(2).map(|m| {
            let (a, b) = (m[0].mesh.rect(), m[1].mesh.rect());
            let seconds = (m[1].index - m[0].index).max(1) as f32 / media::FPS as f32;
            distance(a.centre(), b.centre()) / a.w.max(1.0) / seconds
        });
        let steps: Vec<f32> = steps.collect();
        if steps.is_empty() { 0.0 } else { steps.iter().sum::<f32>() / steps.len() as f32 }
    }

    /// How much this is the face the video is about: seen long, large and near the middle.
    pub(crate) fn weight(&self, width: u32, height: u32) -> f32 {
        let central = 1.0 - 0.5 * self.off_centre(width, height).min(1.0);
        self.sightings.len() as f32 * self.width() * central
    }

    pub(crate) fn add_sample(&mut self, sample: Sample) {
        let better = |s: &Sample| s.quality.overall() >= sample.quality.overall();
        let at = self.samples.iter().take_while(|s| better(s)).count();
        if at < SAMPLES {
            self.samples.insert(at, sample);
            self.samples.truncate(SAMPLES);
        }
    }
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
    /// For each key frame, its index and how many faces of a like size were there.
    pub counts: Vec<(usize, usize)>,
    pub(crate) main: Option<usize>,
}

impl FaceTracks {
    /// The face the video is about, if it has any.
    pub fn main(&self) -> Option<&Track> {
        self.tracks.get(self.main?)
    }

    /// The other faces whose mesh was taken.
    pub fn beside_main(&self) -> impl Iterator<Item = &Track> {
        let others = self.tracks.iter().enumerate().filter(|(i, _)| Some(*i) != self.main);
        others.map(|(_, track)| track).filter(|track| !track.meshes.is_empty())
    }

    pub fn most_faces_at_once(&self) -> usize {
        self.counts.iter().map(|(_, n)| *n).max().unwrap_or(0)
    }

    /// The share of key frames with exactly one face, 0-1.
    pub fn alone(&self) -> f32 {
        let alone = self.counts.iter().filter(|(_, n)| *n == 1).count();
        alone as f32 / self.counts.len().max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(confidence: f32) -> Sample {
        let quality = Quality { size: 1.0, sharpness: 1.0, frontal: 1.0, exposure: 1.0, confidence };
        Sample { index: 0, face: AlignedFace { planes: Vec::new() }, texture: Vec::new(), quality }
    }

    #[test]
    fn only_the_best_crops_are_kept_best_first() {
        let mut track = Track::default();
        for quality in [0.3, 0.9, 0.1, 0.5, 0.7, 0.6, 0.2] {
            track.add_sample(sample(quality));
        }
        let kept: Vec<_> = track.samples.iter().map(|s| s.quality.confidence).collect();
        assert_eq!(kept, [0.9, 0.7, 0.6, 0.5, 0.3]);
    }
}
