//! Tracks the faces of a video frame by frame.
//!
//! Faces are detected on key frames only. For the largest two of similar size the mesh is taken on every second
//! frame, each time at the last mesh; when that fails for the first of them, the next frame becomes a key frame.

use media::{Frame, Pixels};

use crate::{
    Error,
    align::{Quality, TEXTURE_ZOOMS, align, texture_crop},
    backlight::Backlight,
    detect::Detection,
    engine::{Engine, PICTURE_SIDE, VIDEO_SIDE},
    landmarks::PRESENT,
    mesh::{Mesh, Region, is_jump},
    mouth::MouthDetail,
    presence,
    track::{FaceTracks, MeshFrame, Sample, Sighting, Track},
    upright::{Turn, is_surely_upright},
};

/// Frames between key frames: 0.64 s, a multiple of [`STEP`] so that key frames have a mesh.
const KEY: usize = 16;
/// Frames between meshes.
const STEP: usize = 2;
/// Meshes between measured mouths.
const MOUTH_STEP: usize = 3;
/// A detection that overlaps a track's last box by this much is the same face.
const SAME: f32 = 0.25;
/// Frames without a sighting after which another face may be followed.
const GONE: usize = 2 * KEY;
/// Frames without a sighting after which a track ends: a face at its position is another track.
const ENDED: usize = 3 * KEY;
/// Largest faces of a key frame that are cropped.
const CROPPED: usize = 2;
/// Most faces with a mesh at a time: the main one, and a possible speaker beside it.
const FOLLOWED: usize = 2;
/// Key frames that are also examined rotated when no face is clearly upright; each costs three detections.
const TURN_CHECKS: usize = 2;
/// Most faces tracked in a video; enough to detect a crowd.
const TRACKS: usize = 16;

/// Tracks the faces of one video, fed its frames in order.
#[derive(Debug, Default)]
pub struct FaceTracker {
    found: FaceTracks,
    backlight: Backlight,
    /// The tracks with a mesh, and their next regions; the one followed longest first.
    followed: Vec<(usize, Region)>,
    last_key: usize,
    next_key: usize,
    next_mesh: usize,
    without_mesh: bool,
    upright: UprightVotes,
}

/// Key frames that were examined rotated, and how many of them show upright and rotated faces.
#[derive(Debug, Default)]
struct UprightVotes {
    upright: usize,
    turned: usize,
    /// A face was clearly upright; no more frames need to be examined.
    is_sure: bool,
}

impl FaceTracker {
    pub fn new() -> Self {
        Self::default()
    }

    /// Finds faces and stores their best crops, without meshes: enough for recognition, at half the work.
    pub fn without_mesh() -> Self {
        Self { without_mesh: true, ..Self::default() }
    }

    /// Processes the next frame. Repeated frames are skipped: the results of the original apply.
    ///
    /// # Errors
    /// When a network fails.
    pub fn feed(&mut self, engine: &mut Engine, frame: &Frame<'_>) -> Result<(), Error> {
        self.found.frames = frame.index + 1;
        (self.found.width, self.found.height) = (frame.width(), frame.height());
        if frame.is_repeat {
            return Ok(());
        }
        let seen = if frame.index >= self.next_key { self.key_frame(engine, frame)? } else { Vec::new() };
        if !self.without_mesh {
            self.backlight.look(frame, frame.index);
            if frame.index >= self.next_mesh {
                self.follow(engine, frame)?;
            }
        }
        self.crop(engine, frame, seen)
    }

    /// Finishes the video and selects its main face.
    pub fn finish(mut self) -> FaceTracks {
        let weight = |t: &Track| t.weight(self.found.width, self.found.height);
        let tracks = self.found.tracks.iter().enumerate();
        let main = tracks.max_by(|a, b| weight(a.1).total_cmp(&weight(b.1))).map(|(i, _)| i);
        self.found.main = main;
        self.found.is_turned = !self.upright.is_sure && self.upright.turned > self.upright.upright;
        let beat = self.backlight.beat();
        for track in &mut self.found.tracks {
            track.beat = beat;
            track.settle();
        }
        self.found
    }

    /// Examines a key frame rotated, unless its faces are clearly upright or enough frames were examined.
    fn check_upright(
        &mut self,
        engine: &mut Engine,
        frame: &Frame<'_>,
        faces: &[Detection],
    ) -> Result<(), Error> {
        let votes = &mut self.upright;
        if votes.is_sure || votes.upright + votes.turned >= TURN_CHECKS {
            return Ok(());
        }
        if is_surely_upright(faces) {
            votes.is_sure = true;
            return Ok(());
        }
        let (turn, found) = engine.turn_by_faces(frame, faces.to_vec(), VIDEO_SIDE)?;
        match turn {
            Turn::None => votes.upright += usize::from(!found.is_empty()),
            _ => votes.turned += 1,
        }
        Ok(())
    }

    /// Detects the faces of a key frame; returns their tracks, largest face first.
    fn key_frame(
        &mut self,
        engine: &mut Engine,
        frame: &Frame<'_>,
    ) -> Result<Vec<(usize, Detection)>, Error> {
        (self.last_key, self.next_key) = (frame.index, frame.index + KEY);
        let mut faces = engine.detect(frame, VIDEO_SIDE)?;
        if faces.is_empty() && frame.width().max(frame.height()) > VIDEO_SIDE {
            faces = engine.detect(frame, PICTURE_SIDE)?;
        }
        self.check_upright(engine, frame, &faces)?;
        self.found.counts.push((frame.index, presence::count(&faces)));
        let seen = self.assign(frame.index, &faces);
        self.choose(frame.index);
        Ok(seen)
    }

    /// Crops the largest faces of a key frame, aligned by this frame's mesh.
    fn crop(
        &mut self,
        engine: &mut Engine,
        frame: &Frame<'_>,
        seen: Vec<(usize, Detection)>,
    ) -> Result<(), Error> {
        for (rank, (track, face)) in seen.into_iter().take(CROPPED).enumerate() {
            let Some(track) = self.found.tracks.get_mut(track) else { continue };
            let laid = match track.meshes.last() {
                Some(m) if m.index == frame.index => face.refined(&m.mesh),
                _ => engine.refine(frame, &face)?,
            };
            let crop = align(frame, &laid);
            let quality = Quality::of(&laid, &crop);
            let textures = TEXTURE_ZOOMS.map(|zoom| texture_crop(frame, &face, zoom));
            track.add_sample(Sample { index: frame.index, face: crop, textures, quality });
            if rank == 0 && !self.without_mesh {
                track.screen.look(frame, &face.rect);
            }
        }
        Ok(())
    }

    /// Assigns each face to the live track it overlaps most, or opens a new track; in the order of `faces`.
    fn assign(&mut self, index: usize, faces: &[Detection]) -> Vec<(usize, Detection)> {
        let mut seen: Vec<(usize, Detection)> = Vec::new();
        for face in faces {
            let live = self
                .found
                .tracks
                .iter()
                .enumerate()
                .filter(|(_, t)| (1..=ENDED).contains(&t.unseen_for(index)));
            let overlaps = live.map(|(i, t)| (i, t.rect().overlap(&face.rect)));
            let best = overlaps.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, overlap)| *overlap > SAME);
            let track = match best {
                Some((track, _)) => track,
                None if self.found.tracks.len() < TRACKS => {
                    self.found.tracks.push(Track::default());
                    self.found.tracks.len() - 1
                }
                None => continue,
            };
            let kept = &mut self.found.tracks[track];
            kept.sightings.push(Sighting { index, face: *face });
            seen.push((track, *face));
        }
        seen
    }

    /// Keeps following the same faces while they are visible, and adds the largest others of similar size.
    fn choose(&mut self, index: usize) {
        let tracks = &self.found.tracks;
        self.followed.retain(|(track, _)| tracks[*track].unseen_for(index) < GONE);
        let mut here: Vec<(usize, &Detection)> = tracks
            .iter()
            .enumerate()
            .filter(|(_, t)| t.unseen_for(index) == 0)
            .filter_map(|(i, t)| Some((i, &t.sightings.last()?.face)))
            .collect();
        here.sort_by(|a, b| b.1.rect.area().total_cmp(&a.1.rect.area()));
        let widest = here.first().map_or(0.0, |(_, face)| face.rect.w);
        for (track, face) in here {
            let is_new = self.followed.iter().all(|(known, _)| *known != track);
            if is_new && self.followed.len() < FOLLOWED && presence::is_like(face, widest) {
                self.followed.push((track, Region::of_detection(face)));
            }
        }
    }

    fn follow(&mut self, engine: &mut Engine, frame: &Frame<'_>) -> Result<(), Error> {
        if !self.followed.is_empty() {
            self.next_mesh = frame.index + STEP;
        }
        for (place, (track, region)) in std::mem::take(&mut self.followed).into_iter().enumerate() {
            let (mesh, skin) = engine.mesh_and_skin(frame, &region)?;
            let kept = &mut self.found.tracks[track];
            if mesh.presence < PRESENT || is_lost(kept, frame.index, &mesh) {
                kept.jumps.push(frame.index);
                if place == 0 {
                    // Detects at once, but not repeatedly when the detector finds a face and the mesh does not.
                    self.next_key = (frame.index + 1).max(self.last_key + KEY / 3);
                }
                continue;
            }
            self.followed.push((track, region.towards(&Region::of_mesh(&mesh))));
            let is_whole = mesh.rect().is_within(frame.width(), frame.height());
            if kept.meshes.len().is_multiple_of(MOUTH_STEP) {
                kept.mouths.extend(MouthDetail::measure(frame, &mesh));
            }
            kept.meshes.push(MeshFrame { index: frame.index, mesh, is_whole, skin });
        }
        Ok(())
    }
}

/// Whether a mesh so soon after the last one cannot be the same face.
fn is_lost(track: &Track, index: usize, mesh: &Mesh) -> bool {
    track.meshes.last().is_some_and(|last| index - last.index <= KEY && is_jump(&last.mesh, mesh))
}
