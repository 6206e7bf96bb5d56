//! Whether there is exactly one face, large enough and in the middle.

use crate::{detect::Detection, track::FaceTracks};

/// The result, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    OneFace,
    NoFace,
    ManyFaces,
    TooSmall,
    NotCentred,
    /// The picture is rotated or upside down.
    Turned,
}

/// Narrower faces, in pixels, are too small to recognise: an eye distance of about 24.
const NARROWEST: f32 = 56.0;
/// A face further out than this is not centred; see [`crate::Rect::off_centre`].
const FURTHEST: f32 = 0.5;
/// A face with less than this share of the largest one's width is a bystander.
const BYSTANDER: f32 = 0.4;
/// A second face in fewer than this share of key frames, or in only one of several, is a false detection.
const OFTEN: f32 = 0.2;

/// Counts the faces of similar size in `faces`, which are sorted by size.
pub(crate) fn count(faces: &[Detection]) -> usize {
    let widest = faces.first().map_or(0.0, |f| f.rect.w);
    faces.iter().filter(|f| is_like(f, widest)).count()
}

/// Whether a face is of similar size to the widest.
pub(crate) fn is_like(face: &Detection, widest: f32) -> bool {
    face.rect.w >= BYSTANDER * widest
}

/// Sorts `faces` of a `width` x `height` picture by prominence: large and near the middle first.
pub(crate) fn by_prominence(
    faces: &[Detection],
    width: u32,
    height: u32,
) -> impl Iterator<Item = Detection> + use<> {
    let prominence =
        |face: &Detection| face.rect.w * (1.0 - 0.5 * face.rect.off_centre(width, height).min(1.0));
    let mut faces = faces.to_vec();
    faces.sort_by(|a, b| prominence(b).total_cmp(&prominence(a)));
    faces.into_iter()
}

impl Presence {
    /// A sentence for the client.
    pub fn description(self) -> &'static str {
        match self {
            Self::OneFace => "one face",
            Self::NoFace => "no face found",
            Self::ManyFaces => "more than one face",
            Self::TooSmall => "the face is too small",
            Self::NotCentred => "the face is not centred",
            Self::Turned => "the picture is turned",
        }
    }

    /// Checks a still picture of `width` x `height`; a document may show several faces, anywhere.
    pub fn of_picture(faces: &[Detection], width: u32, height: u32, is_document: bool) -> Self {
        let Some(face) = faces.first() else { return Self::NoFace };
        let off = face.rect.off_centre(width, height);
        match () {
            () if !is_document && count(faces) > 1 => Self::ManyFaces,
            () if face.rect.w < if is_document { NARROWEST / 2.0 } else { NARROWEST } => Self::TooSmall,
            () if !is_document && off > FURTHEST => Self::NotCentred,
            () => Self::OneFace,
        }
    }
}

impl FaceTracks {
    /// Whether the video shows exactly one face, large enough and in the middle.
    pub fn presence(&self) -> Presence {
        if self.is_turned {
            return Presence::Turned;
        }
        let Some(main) = self.main() else { return Presence::NoFace };
        let crowded = self.counts.iter().filter(|(_, n)| *n > 1).count();
        let seen = self.counts.iter().filter(|(_, n)| *n > 0).count();
        let enough = ((OFTEN * self.counts.len() as f32).ceil() as usize).max(2).min(self.counts.len());
        match () {
            // If less than half the frames have a face, there is no face to judge.
            () if 2 * seen < self.counts.len() => Presence::NoFace,
            () if crowded >= enough.max(1) => Presence::ManyFaces,
            () if main.width() < NARROWEST => Presence::TooSmall,
            () if main.off_centre(self.width, self.height) > FURTHEST => Presence::NotCentred,
            () => Presence::OneFace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        geometry::Rect,
        track::{Sighting, Track},
    };

    fn face(x: f32, w: f32) -> Detection {
        Detection { rect: Rect { x, y: 240.0 - w / 2.0, w, h: w }, points: [[0.0; 2]; 5], score: 0.9 }
    }

    fn video(face: Detection, counts: &[usize]) -> FaceTracks {
        let sightings = (0..counts.len()).map(|i| Sighting { index: 15 * i, face }).collect();
        let counts = counts.iter().enumerate().map(|(i, n)| (15 * i, *n)).collect();
        let tracks = vec![Track { sightings, ..Track::default() }];
        FaceTracks { tracks, frames: 100, width: 640, height: 480, counts, main: Some(0), is_turned: false }
    }

    #[test]
    fn one_large_central_face_is_what_is_wanted() {
        assert_eq!(video(face(260.0, 120.0), &[1, 1, 1, 1]).presence(), Presence::OneFace);
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(FaceTracks::default().presence(), Presence::NoFace);
        let turned = FaceTracks { is_turned: true, ..video(face(260.0, 120.0), &[1, 1, 1]) };
        assert_eq!(turned.presence(), Presence::Turned);
        assert_eq!(video(face(260.0, 120.0), &[2, 2, 1, 1]).presence(), Presence::ManyFaces);
        assert_eq!(video(face(300.0, 40.0), &[1, 1, 1]).presence(), Presence::TooSmall);
        assert_eq!(video(face(500.0, 120.0), &[1, 1, 1]).presence(), Presence::NotCentred);
        assert_eq!(video(face(260.0, 120.0), &[1, 0, 0, 0, 0]).presence(), Presence::NoFace);
    }

    #[test]
    fn one_mistaken_key_frame_makes_no_crowd() {
        assert_eq!(video(face(260.0, 120.0), &[1, 2, 1, 1, 1]).presence(), Presence::OneFace);
    }

    #[test]
    fn bystanders_do_not_count() {
        assert_eq!(count(&[face(0.0, 100.0), face(200.0, 90.0), face(400.0, 20.0)]), 2);
    }

    #[test]
    fn a_large_face_at_the_edge_comes_after_the_one_in_the_middle() {
        let faces = [face(560.0, 110.0), face(270.0, 100.0), face(300.0, 30.0)];
        let order: Vec<_> = by_prominence(&faces, 640, 480).map(|f| f.rect.w).collect();
        assert_eq!(order, [100.0, 110.0, 30.0]);
    }

    #[test]
    fn a_document_may_show_its_portrait_twice_and_off_centre() {
        let faces = [face(20.0, 100.0), face(500.0, 60.0)];
        assert_eq!(Presence::of_picture(&faces, 640, 480, true), Presence::OneFace);
        assert_eq!(Presence::of_picture(&faces, 640, 480, false), Presence::ManyFaces);
    }
}
