//! Decoding of real files; needs `make setup`.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod containers;
mod hostile;
#[expect(dead_code, reason = "the tests of crates/sandbox use the rest")]
mod hostile_files;
mod quirks;

use std::{cell::RefCell, fs::File, io::Cursor, path::PathBuf};

use media::{Decoded, Error, FPS, Limits, Pixels, SAMPLE_RATE, crop_rgb, decode, decode_audio};
use proptest::prelude::*;

fn fixture(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name);
    assert!(path.is_file(), "fixtures/{name} is missing; run `make setup`");
    path
}

fn open(name: &str) -> File {
    File::open(fixture(name)).unwrap()
}

/// Decodes a fixture and counts its frames and samples.
fn run(name: &str) -> Result<(Decoded, usize), Error> {
    let mut seen = 0;
    let decoded = decode(open(name), &Limits::default(), |frame| {
        assert_eq!(frame.index, seen, "frames come in order, none left out");
        seen += 1;
        Ok::<_, Error>(())
    })?;
    Ok((decoded, seen))
}

/// A small copy of the frame shown at `second`.
fn thumbnail(name: &str, second: usize) -> Vec<u8> {
    let kept = RefCell::new(Vec::new());
    decode(open(name), &Limits::default(), |frame| {
        if frame.index == second * FPS as usize {
            let map = media::Affine::shrink(frame.width() as f32 / 48.0);
            *kept.borrow_mut() = crop_rgb(frame, &map, 48, 72);
        }
        Ok::<_, Error>(())
    })
    .unwrap();
    kept.into_inner()
}

fn difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

#[test]
fn twelve_frames_a_second_become_twenty_five_with_their_sound() {
    let (decoded, frames) = run("speaker_crop.mp4").unwrap();
    let seconds = frames as f64 / f64::from(FPS);
    assert!((8.5..9.0).contains(&seconds), "{seconds}");
    assert!((decoded.info.fps - 12.0).abs() < 0.3, "{:?}", decoded.info);
    assert_eq!((decoded.info.width, decoded.info.height), (480, 720));
    let audio = decoded.audio.unwrap();
    assert!((audio.len() as f64 / f64::from(SAMPLE_RATE) - seconds).abs() < 0.3);
    assert!(audio.iter().any(|s| s.abs() > 0.1) && audio.iter().all(|s| s.abs() <= 1.0));
}

#[test]
fn every_container_and_codec_shows_the_same_pictures() {
    let original = thumbnail("speaker_crop.mp4", 2);
    let copies = [
        "speaker_crop.mov",
        "speaker_crop.webm",
        "vp9_vorbis.webm",
        "hevc_opus.mkv",
        "h264_pcm.avi",
        "rotated.mp4",
    ];
    for name in copies {
        let off = difference(&original, &thumbnail(name, 2));
        assert!(off < 6.0, "{name} differs by {off} of 255");
    }
}

#[test]
fn every_container_has_its_sound_in_the_same_place() {
    let (original, _) = run("speaker_crop.mp4").unwrap();
    let original = loudness(&original.audio.unwrap());
    for name in ["speaker_crop.mov", "speaker_crop.webm", "vp9_vorbis.webm", "hevc_opus.mkv", "h264_pcm.avi"]
    {
        let (decoded, _) = run(name).unwrap();
        let lag = best_lag(&original, &loudness(&decoded.audio.unwrap()));
        assert!(lag.abs() <= 1, "{name}: sound is {lag} x 20 ms off");
    }
}

/// Energy of each 20 ms.
fn loudness(audio: &[f32]) -> Vec<f32> {
    audio.chunks(320).map(|c| c.iter().map(|s| s * s).sum::<f32>().sqrt()).collect()
}

fn best_lag(a: &[f32], b: &[f32]) -> i32 {
    let likeness = |lag: i32| -> f32 {
        let shifted = (0..100).map(|i| (20 + i, 20 + i as i32 + lag));
        shifted.map(|(i, j)| a[i] * b[j as usize]).sum()
    };
    (-15..=15).max_by(|x, y| likeness(*x).total_cmp(&likeness(*y))).unwrap()
}

#[test]
fn a_rotation_tag_turns_the_picture_upright() {
    let (decoded, _) = run("rotated.mp4").unwrap();
    assert_eq!((decoded.info.width, decoded.info.height), (480, 720));
}

#[test]
fn a_video_without_sound_is_no_error_and_sound_without_video_is() {
    assert!(run("no_audio.mp4").unwrap().0.audio.is_none());
    assert_eq!(run("audio_only.m4a").unwrap_err(), Error::NoVideo);
    assert_eq!(run("obama_speech.wav").unwrap_err(), Error::NoVideo);
}

#[test]
fn sound_is_read_from_sound_files_and_from_videos() {
    for name in ["obama_speech.wav", "audio_only.m4a", "crowd.mp3", "speaker_crop.webm"] {
        let sound = decode_audio(open(name), &Limits { duration_s: 600.0, ..Limits::default() }).unwrap();
        assert!(sound.len() > 8 * SAMPLE_RATE as usize && sound.iter().any(|s| s.abs() > 0.05), "{name}");
    }
    assert_eq!(decode_audio(open("no_audio.mp4"), &Limits::default()), Err(Error::NoAudio));
}

#[test]
fn a_video_that_ends_midway_gives_what_came_before_or_a_clean_error() {
    let (whole, partial) = (run("speaker_crop.mp4").unwrap().1, run("truncated_index_first.mp4").unwrap().1);
    assert!(partial > 25 && partial < whole, "{partial} of {whole}");
    assert_eq!(run("truncated.mp4").unwrap_err(), Error::Undecodable);
}

#[test]
fn limits_are_kept() {
    let short = Limits { duration_s: 2.0, ..Limits::default() };
    let small = Limits { side: 400, ..Limits::default() };
    let none = |_: &media::Frame<'_>| -> Result<(), Error> { panic!("no frame is decoded") };
    assert_eq!(decode(open("speaker_crop.mp4"), &short, none).unwrap_err(), Error::TooLong(2));
    assert_eq!(decode(open("speaker_crop.mp4"), &small, none).unwrap_err(), Error::TooLarge(400));
    assert_eq!(decode_audio(open("obama_speech.wav"), &short), Err(Error::TooLong(2)));
}

#[test]
fn text_playlists_and_nothing_are_no_media() {
    for bytes in [&b""[..], b"hello", b"#EXTM3U\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile a.mp4\n"]
    {
        let seen = decode(Cursor::new(bytes), &Limits::default(), |_| Ok::<_, Error>(()));
        assert_eq!(seen.unwrap_err(), Error::NotMedia);
    }
}

#[test]
fn an_error_of_the_caller_ends_decoding_at_once() {
    let mut seen = 0;
    let stopped = decode(open("speaker_crop.mp4"), &Limits::default(), |_| {
        seen += 1;
        if seen == 3 { Err(Error::Io) } else { Ok(()) }
    });
    assert_eq!((stopped.unwrap_err(), seen), (Error::Io, 3));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_crash(
        which in 0usize..6, flips in prop::collection::vec((0.0f64..1.0, 0u8..8), 1..60), keep in 0.2f64..1.3
    ) {
        let names = ["vp9_vorbis.webm", "hevc_opus.mkv", "h264_pcm.avi", "truncated_index_first.mp4", "small.mp4",
            "obama_speech.mp4"];
        let mut bytes = std::fs::read(fixture(names[which])).unwrap();
        bytes.truncate((bytes.len() as f64 * keep.min(1.0)) as usize);
        for (at, bit) in flips {
            let at = (at * (bytes.len() - 1) as f64) as usize;
            bytes[at] ^= 1 << bit;
        }
        let mut frames = 0;
        let decoded = decode(Cursor::new(bytes), &Limits { duration_s: 15.0, ..Limits::default() }, |frame| {
            crop_rgb(frame, &media::Affine::shrink(4.0), 40, 40);
            frames += 1;
            Ok::<_, Error>(())
        });
        if let Ok(decoded) = decoded {
            prop_assert_eq!(decoded.info.frames, frames);
        }
    }

    #[test]
    fn damaged_sounds_never_crash(
        which in 0usize..3, flips in prop::collection::vec((0.0f64..1.0, 0u8..8), 1..60)
    ) {
        let names = ["obama_speech.wav", "crowd.mp3", "audio_only.m4a"];
        let mut bytes = std::fs::read(fixture(names[which])).unwrap();
        for (at, bit) in flips {
            let at = (at * (bytes.len() - 1) as f64) as usize;
            bytes[at] ^= 1 << bit;
        }
        if let Ok(samples) = decode_audio(Cursor::new(bytes), &Limits::default()) {
            prop_assert!(samples.len() <= 61 * SAMPLE_RATE as usize && samples.iter().all(|s| s.abs() <= 1.0));
        }
    }
}
