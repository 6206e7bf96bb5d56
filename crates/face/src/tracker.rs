//! Tracks the faces of a video frame by frame.
//!
//! Faces are looked for on key frames only. Of the largest two of a like size the mesh is taken on every second frame, each
//! time where the last mesh was; when that breaks for the first of them, the next frame becomes a key frame.

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

/// Frames from one key frame to the next: 0.64 s, a multiple of [`STEP`] so that a mesh is taken of key frames.
const KEY: usize = 16;
/// Frames from one mesh to the next.
const STEP: usize = 2;
/// Meshes from one measured mouth to the next.
const MOUTH_STEP: usize = 3;
/// A detection that overlaps a track's last box by this much is that face.
const SAME: f32 = 0.25;
/// Frames without a sighting after which another face may be followed.
const GONE: usize = 2 * KEY;
/// Frames without a sighting after which a track has ended: a face in its place is another track.
const ENDED: usize = 3 * KEY;
/// Largest faces of a key frame that crops are kept of.
const CROPPED: usize = 2;
/// Most faces with a mesh at a time: the one the video is about, and the one that may be speaking beside it.
const FOLLOWED: usize = 2;
/// Key frames that are looked at turned where no face clearly stands upright; each costs three detections.
const TURN_CHECKS: usize = 2;
/// Most faces known of a video; a crowd needs no more to be one.
const TRACKS: usize = 16;

/// Fed the frames of one video in order, it keeps the tracks of the faces.
#[derive(Debug, Default)]
pub struct FaceTracker {
    found: FaceTracks,
    backlight: Backlight,
    /// The tracks whose mesh is taken, and where to look for them next; first the one that was taken up first.
    followed: Vec<(usize, Region)>,
    last_key: usize,
    next_key: usize,
    next_mesh: usize,
    without_mesh: bool,
    upright: UprightVotes,
}

/// Key frames that were looked at turned, and how many of them show upright and turned faces.
#[derive(Debug, Default)]
struct UprightVotes {
    upright: usize,
    turned: usize,
    /// A face was clearly upright; nothing more needs to be looked at.
    is_sure: bool,
}

impl FaceTracker {
    pub fn new() -> Self {
        Self::default()
    }

    /// Finds faces and keeps their best crops, and takes no mesh: enough to know who it is, and half the work.
    pub fn without_mesh() -> Self {
        Self { without_mesh: true, ..Self::default() }
    }

    /// Takes the next frame. Repeated frames cost nothing: what was found on the original holds.
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

    /// No more frames: settles which face the video is about.
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

    /// Looks at a key frame turned, unless its faces clearly stand upright or enough frames were looked at.
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

    /// The track of each face that is seen, the largest first.
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

    /// Cuts out the largest faces of a key frame, aligned by this frame's mesh.
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

    /// Gives each face to the live track it overlaps most, or opens a track for it; in the order of `faces`.
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

    /// Keeps following the same faces while they are there, and takes up the largest others of a like size.
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
                    // Looked for at once, but not over and over where the detector sees a face and the mesh does not.
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
