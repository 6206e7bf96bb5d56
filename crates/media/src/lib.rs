//! Decodes videos, sounds and pictures.
//!
//! Input is untrusted: types are detected by content, never by name or declared type, and decoding is bounded by
//! [`Limits`]. One pass over a video returns its frames at a constant 25 per second, one at a time in the planes the
//! decoder wrote, and its sound at 16 kHz mono on the same clock. No frame is converted to a whole RGB picture:
//! callers take small crops through [`Pixels`], which also applies the rotation that phones only note.
//!
//! Callers: `face` (crops), `svc-ml` and `svc-docauth` (everything else). Nothing here knows what a face is.

mod audio;
mod colour;
mod convert;
mod downmix;
mod error;
mod frame;
mod gate;
mod h264;
mod halve;
mod orientation;
mod picture;
mod pixels;
mod resample;
mod sniff;
mod sound;
mod still;
mod timeline;
mod video;

use serde::{Deserialize, Serialize};

pub use error::Error;
pub use frame::Frame;
pub use picture::Picture;
pub use pixels::{Affine, Pixels, Row, crop_rgb};
pub use sniff::{Kind, sniff};
pub use sound::decode_audio;
pub use still::{KEPT_PIXELS, Still};
pub use video::{Decoded, Info, decode};

/// Video frames a second handed to callers, whatever the file has.
pub const FPS: u32 = 25;
/// Samples a second of decoded sound.
pub const SAMPLE_RATE: u32 = 16_000;

/// Limits of a file; the caller limits its size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Longest play time in seconds.
    pub duration_s: f64,
    /// Largest width and height of a frame, in pixels.
    pub side: u32,
    /// Most pixels of a frame.
    pub frame_pixels: u64,
    /// Most decoded frames for each second of play time.
    pub fps: u32,
    /// Most pixels of all decoded frames together.
    pub total_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            duration_s: 60.0,
            side: 4096,
            // 4096 x 2304, the largest that telephones film in.
            frame_pixels: 9_437_184,
            fps: 120,
            // 24 seconds of 4K, or 90 of 1080p, at 30 a second.
            total_pixels: 6_000_000_000,
        }
    }
}
