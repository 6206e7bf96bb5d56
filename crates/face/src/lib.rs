//! Face detection, tracking, recognition and liveness.
//!
//! [`Engine`] holds the networks; running one needs `&mut`, so an engine belongs to one worker. [`FaceTracker`] is
//! fed the frames of a video one at a time and keeps the input of later steps (boxes, mesh points, a few crops),
//! never a frame. [`FaceTracks`] then gives presence ([`FaceTracks::presence`]: exactly one face, large and in the
//! middle), identity ([`Engine::template`]), liveness ([`liveness::judge_main_face`]) and authenticity
//! ([`authenticity::judge_track`]); `lips` reads the mesh points.
//!
//! ```no_run
//! # fn main() -> Result<(), face::Error> {
//! # let runtime = models::Runtime::load(&models::Pack::open(None)?)?;
//! let mut engine = face::Engine::load(&runtime)?;
//! let mut tracker = face::FaceTracker::new();
//! let video = std::fs::File::open("video.mp4").map_err(|_| media::Error::Io)?;
//! media::decode(video, &media::Limits::default(), |frame| tracker.feed(&mut engine, frame))?;
//! let tracks = tracker.finish();
//! # let _ = tracks.presence();
//! # Ok(()) }
//! ```
//!
//! Invariants: a track holds at most [`track::SAMPLES`] crops; points and boxes are in pixels of the frame in display
//! orientation; embeddings have length one.

mod align;
pub mod authenticity;
mod backlight;
mod cover;
mod detect;
mod embedding;
mod engine;
mod error;
mod fusion;
mod geometry;
mod landmarks;
pub mod liveness;
mod mesh;
mod mouth;
mod portrait;
mod presence;
mod pulse;
mod rhythm;
pub mod score;
mod screen;
mod shape;
mod skin;
mod stills;
pub mod track;
mod tracker;
mod upright;

pub use align::{AlignedFace, Quality, align, texture_crop};
pub use authenticity::Authenticity;
pub use cover::Cover;
pub use detect::Detection;
pub use embedding::Embedding;
pub use engine::{Embedders, Engine, Timings, TrackTemplate};
pub use error::Error;
pub use geometry::Rect;
pub use liveness::{Cue, Doubt, Liveness};
pub use mesh::{EYE_CORNERS, Mesh, POINTS, Region, eye_openness, mouth_openness};
pub use mouth::MouthDetail;
pub use portrait::{Portrait, Portraits, Pose};
pub use presence::Presence;
pub use score::{Networks, Similarity};
pub use screen::ScreenSigns;
pub use skin::Skin;
pub use stills::Stills;
pub use track::{FaceTracks, MeshFrame, Sample, Sighting, Track};
pub use tracker::FaceTracker;
pub use upright::{Turn, Turned};
