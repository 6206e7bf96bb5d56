//! Messages between a service and its workers.
//!
//! A job is one datagram with three descriptors: the file, the pipe for results, and the pipe that reports how the
//! worker ended. A result is a message of a tag, a length and that many bytes; each tag has its own bound.

use std::io::{self, Write};

use fingerprint::Print;
use image::RgbImage;
use media::{Frame, Info, KEPT_PIXELS, Limits, Still};
use serde::{Deserialize, Serialize};

/// The kind of work on a file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job {
    Video(Limits),
    Sound(Limits),
    Still,
    /// A picture of one fingerprint: extracts its minutiae.
    Print,
    /// Compares two fingerprint templates; there is no file.
    ComparePrints,
    /// Does nothing; shows whether a worker can be started.
    Probe,
}

/// Most bytes of a job.
pub const MAX_JOB_BYTES: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// The worker has dropped its privileges; one byte: whether the kernel filters its system calls.
    Ready = 1,
    Frame = 2,
    /// The previous frame again.
    Repeat = 3,
    Sound = 4,
    Still = 5,
    /// The result of decoding; no message follows.
    Done = 6,
    Print = 7,
}

impl Tag {
    pub fn from_byte(byte: u8) -> Option<Self> {
        let all = [Self::Ready, Self::Frame, Self::Repeat, Self::Sound, Self::Still, Self::Done, Self::Print];
        all.into_iter().find(|tag| *tag as u8 == byte)
    }

    /// Most bytes of a message.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Ready => 1,
            Self::Frame => Frame::MAX_BYTES,
            Self::Repeat => 0,
            Self::Sound => 64 << 20,
            Self::Still => STILL_HEADER_BYTES + 3 * KEPT_PIXELS as usize,
            Self::Done => 4096,
            Self::Print => Print::MAX_BYTES,
        }
    }
}

/// Bytes of a tag and a length.
pub const HEADER_BYTES: usize = 5;

/// The result of a job.
#[derive(Debug, Serialize, Deserialize)]
pub enum Done {
    Video {
        info: Info,
        unread_sound: Option<String>,
    },
    Sound,
    Still,
    Print,
    /// The score of two fingerprints.
    Compared(u32),
    /// A fingerprint that cannot be judged; without a reason, processing failed.
    NoPrint(Option<fingerprint::Reason>),
    Refused(media::Error),
}

/// Writes one message.
///
/// # Errors
/// When the reader is gone.
pub fn send(out: &mut impl Write, tag: Tag, body: &[u8]) -> io::Result<()> {
    send_parts(out, tag, &[body])
}

/// Writes one message whose body is in parts.
///
/// # Errors
/// As [`send`].
pub fn send_parts(out: &mut impl Write, tag: Tag, parts: &[&[u8]]) -> io::Result<()> {
    let mut header = [tag as u8, 0, 0, 0, 0];
    let length = u32::try_from(parts.iter().map(|part| part.len()).sum::<usize>());
    header[1..].copy_from_slice(&length.map_err(|_| io::ErrorKind::InvalidInput)?.to_le_bytes());
    out.write_all(&header)?;
    parts.iter().try_for_each(|part| out.write_all(part))
}

pub fn sound_bytes(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

/// Returns `None` for values that are not valid for audio.
pub fn read_sound(bytes: &[u8]) -> Option<Vec<f32>> {
    let samples: Vec<f32> =
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let is_sound = samples.len() * 4 == bytes.len() && samples.iter().all(|s| s.abs() <= 8.0);
    is_sound.then_some(samples)
}

/// Width, height, pixels of the file, EXIF orientation.
const STILL_HEADER_BYTES: usize = 4 + 4 + 8 + 1;

pub fn still_header(still: &Still) -> Vec<u8> {
    let mut header = Vec::with_capacity(STILL_HEADER_BYTES);
    header.extend(still.rgb.width().to_le_bytes());
    header.extend(still.rgb.height().to_le_bytes());
    header.extend(still.pixels.to_le_bytes());
    header.push(still.exif_orientation);
    header
}

/// Returns `None` for values out of bounds.
pub fn read_still(mut bytes: Vec<u8>) -> Option<Still> {
    let header: [u8; STILL_HEADER_BYTES] = bytes.get(..STILL_HEADER_BYTES)?.try_into().ok()?;
    let number = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?));
    let (width, height) = (number(0)?, number(4)?);
    let pixels = u64::from_le_bytes(header.get(8..16)?.try_into().ok()?);
    bytes.drain(..STILL_HEADER_BYTES);
    let shown = u64::from(width) * u64::from(height);
    if shown == 0 || shown > KEPT_PIXELS || bytes.len() as u64 != 3 * shown {
        return None;
    }
    let rgb = RgbImage::from_raw(width, height, bytes)?;
    Some(Still { rgb, pixels: pixels.max(shown), exif_orientation: header[16] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_and_a_sound_come_back_as_they_were_and_nothing_else_does() {
        let rgb = RgbImage::from_fn(3, 2, |x, y| image::Rgb([x as u8, y as u8, 9]));
        let still = Still { rgb: rgb.clone(), pixels: 600, exif_orientation: 6 };
        let bytes = [still_header(&still), rgb.as_raw().clone()].concat();
        let read = read_still(bytes.clone()).unwrap();
        assert_eq!((read.rgb, read.pixels, read.exif_orientation), (rgb, 600, 6));
        assert!(read_still(bytes[..bytes.len() - 1].to_vec()).is_none() && read_still(Vec::new()).is_none());
        assert_eq!(read_sound(&sound_bytes(&[0.5, -1.0])), Some(vec![0.5, -1.0]));
        assert_eq!(read_sound(&sound_bytes(&[f32::NAN])), None);
        assert_eq!(read_sound(&[1, 2, 3]), None);
    }
}
