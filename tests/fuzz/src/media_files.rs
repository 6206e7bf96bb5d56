//! Videos, sound and pictures, as media workers decode them.

use std::io::Cursor;

use media::{Error, Limits, Pixels, Still};

/// Small, so that thousands of files are tried in seconds.
const LIMITS: Limits =
    Limits { duration_s: 2.0, side: 512, frame_pixels: 65_536, fps: 120, total_pixels: 4_000_000 };

/// Bytes as a video: its container, its frames, its sound.
pub fn demux(bytes: &[u8]) {
    // Also as what a worker says a frame is.
    let _ = media::Frame::read_from(bytes, 0, false);
    let mut frames = 0;
    let decoded = media::decode(Cursor::new(bytes.to_vec()), &LIMITS, |frame| {
        assert_eq!(frame.index, frames, "frames come in order");
        assert!(frame.width().max(frame.height()) <= LIMITS.side, "a frame beyond the limits");
        frames += 1;
        let mut written = Vec::new();
        frame.write_to(&mut written);
        assert!(
            media::Frame::read_from(&written, frame.index, frame.is_repeat).is_some(),
            "a frame no reader takes"
        );
        Ok::<_, Error>(())
    });
    if let Ok(decoded) = decoded {
        assert_eq!(decoded.info.frames, frames);
        assert!(decoded.audio.is_none_or(|sound| is_sound(&sound)), "sound beyond the limits");
    }
}

/// Bytes as a recording.
pub fn sound(bytes: &[u8]) {
    if let Ok(sound) = media::decode_audio(Cursor::new(bytes.to_vec()), &LIMITS) {
        assert!(is_sound(&sound), "sound beyond the limits");
    }
}

/// Bytes as a picture of a face.
pub fn still(bytes: &[u8]) {
    if let Ok(still) = Still::decode(bytes) {
        let (width, height) = still.rgb.dimensions();
        assert!(width > 0 && height > 0 && (1..=8).contains(&still.exif_orientation));
        assert!(u64::from(width) * u64::from(height) <= media::KEPT_PIXELS.min(still.pixels.max(1)));
    }
}

fn is_sound(samples: &[f32]) -> bool {
    let longest = (LIMITS.duration_s + 2.0) * f64::from(media::SAMPLE_RATE);
    samples.len() as f64 <= longest && samples.iter().all(|sample| sample.is_finite())
}
