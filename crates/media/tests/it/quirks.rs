//! Files as telephones, browsers and cameras write them: made by FFmpeg from the fixtures.

use std::{io::Cursor, path::Path, process::Command};

use media::{Decoded, Error, FPS, Limits, Pixels, SAMPLE_RATE, crop_rgb, decode, decode_audio};
use proptest::prelude::*;

use crate::fixture;

pub const VIDEO: &str = "obama_speech.mp4";
const SOUND: &str = "obama_speech.wav";

/// What FFmpeg makes of `inputs` with `options`, as a file of the ending `kind`.
pub fn made(inputs: &[&Path], options: &str, kind: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join(format!("made.{kind}"));
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]);
    for input in inputs {
        command.arg("-i").arg(input);
    }
    let done = command.args(options.split_whitespace()).arg(&out).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::read(out).unwrap()
}

fn from_video(options: &str, kind: &str) -> Vec<u8> {
    made(&[&fixture(VIDEO)], options, kind)
}

fn run(file: Vec<u8>) -> Result<Decoded, Error> {
    decode(Cursor::new(file), &Limits::default(), |_| Ok::<_, Error>(()))
}

pub fn seconds(decoded: &Decoded) -> f64 {
    decoded.info.frames as f64 / f64::from(FPS)
}

fn loudness(sound: &[f32]) -> f32 {
    (sound.iter().map(|s| s * s).sum::<f32>() / sound.len().max(1) as f32).sqrt()
}

#[test]
fn a_clock_that_starts_at_an_hour_is_no_hour_of_video() {
    for (options, kind) in [
        ("-t 3 -c:v libvpx -b:v 1M -c:a libopus -output_ts_offset 3600", "webm"),
        ("-t 3 -c:v libx264 -c:a aac -output_ts_offset 3600", "mkv"),
        ("-t 3 -c:v libx264 -c:a aac -output_ts_offset 3600", "mp4"),
        ("-t 3 -c:v mpeg2video -c:a mp2 -output_ts_offset 3600", "ts"),
    ] {
        let decoded = run(from_video(options, kind)).unwrap();
        assert!((seconds(&decoded) - 3.0).abs() < 0.3, "{kind}: {} s", seconds(&decoded));
        let sound = decoded.audio.unwrap().len() as f64 / f64::from(SAMPLE_RATE);
        assert!((sound - 3.0).abs() < 0.3, "{kind}: {sound} s of sound");
    }
    let sound = from_video("-t 3 -vn -c:a libopus -output_ts_offset 3600", "webm");
    assert!(decode_audio(Cursor::new(sound), &Limits::default()).unwrap().len() > 40_000);
}

/// Overwrites the last sound track's codec by an unknown one, like the spatial sound of new telephones.
fn with_unknown_codec(mut file: Vec<u8>) -> Vec<u8> {
    for name in [b"mp4a", b"esds"] {
        let at = file.windows(4).rposition(|w| w == name).unwrap();
        file[at..at + 4].copy_from_slice(b"qqqq");
    }
    file
}

#[test]
fn of_several_sound_tracks_one_that_can_be_decoded_is_heard() {
    let options = "-t 3 -map 0:v -map 0:a -map 0:a -c:v copy -c:a aac -ac:a:0 1 -ac:a:1 2 \
                   -disposition:a:0 0 -disposition:a:1 default";
    let decoded = run(with_unknown_codec(from_video(options, "mp4"))).unwrap();
    assert!(loudness(&decoded.audio.unwrap()) > 0.01);
    assert_eq!(decoded.unread_sound, None);
}

#[test]
fn sound_that_cannot_be_decoded_is_reported() {
    let file = with_unknown_codec(from_video("-t 3 -c:v copy -c:a aac", "mp4"));
    let decoded = run(file.clone()).unwrap();
    assert!(decoded.audio.is_none() && decoded.unread_sound.is_some());
    assert!(matches!(decode_audio(Cursor::new(file), &Limits::default()), Err(Error::UnsupportedCodec(_))));
}

#[test]
fn frames_that_change_their_size_midway_keep_the_first_size() {
    let folder = tempfile::tempdir().unwrap();
    let part = |name: &str, options: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, from_video(options, "webm")).unwrap();
        path
    };
    // A call that becomes sharper, and one in which the telephone is turned.
    for (first, second) in [("480x360", "640x480"), ("640x480", "360x480")] {
        let options = |size| format!("-t 1.5 -s {size} -c:v libvpx -b:v 1M -an");
        let parts = [part("a.webm", &options(first)), part("b.webm", &options(second))];
        let list = folder.path().join("list");
        let lines: String = parts.iter().map(|p| format!("file '{}'\n", p.display())).collect();
        std::fs::write(&list, lines).unwrap();
        let out = folder.path().join("both.webm");
        let concat = ["-v", "error", "-y", "-f", "concat", "-safe", "0", "-i"];
        let done = Command::new("ffmpeg").args(concat).arg(&list).args(["-c", "copy"]).arg(&out).status();
        assert!(done.unwrap().success());
        let mut sizes = Vec::new();
        let file = Cursor::new(std::fs::read(out).unwrap());
        decode(file, &Limits::default(), |frame| {
            sizes.push((frame.width(), frame.height()));
            assert_eq!(crop_rgb(frame, &media::Affine::shrink(4.0), 40, 40).len(), 40 * 40 * 3);
            Ok::<_, Error>(())
        })
        .unwrap();
        sizes.dedup();
        let (width, height) = first.split_once('x').unwrap();
        assert_eq!(sizes, [(width.parse().unwrap(), height.parse().unwrap())]);
    }
}

#[test]
fn opposite_phase_is_heard_as_well_as_one_channel() {
    let mono = decode_audio(std::fs::File::open(fixture(SOUND)).unwrap(), &Limits::default()).unwrap();
    for (kind, codec) in [("wav", "pcm_s16le"), ("m4a", "aac"), ("flac", "flac"), ("mkv", "libopus")] {
        let options = format!("-ar 48000 -af pan=stereo|c0=c0|c1=-1*c0 -c:a {codec}");
        let file = made(&[&fixture(SOUND)], &options, kind);
        let heard = decode_audio(Cursor::new(file), &Limits::default()).unwrap();
        let share = loudness(&heard) / loudness(&mono);
        assert!((0.8..1.2).contains(&share), "{kind}: {share}");
    }
}

#[test]
fn every_sound_format_of_telephones_and_browsers_is_read() {
    for (kind, options) in [
        ("aiff", "-ar 44100"),
        ("caf", "-c:a pcm_s16le"),
        ("caf", "-c:a alac"),
        ("m4a", "-c:a aac"),
        ("aac", "-c:a aac"),
        ("mp3", "-c:a libmp3lame"),
        ("ogg", "-c:a libvorbis"),
        ("opus", "-c:a libopus"),
        ("webm", "-c:a libopus"),
        ("flac", ""),
        ("wav", "-c:a pcm_mulaw -ar 8000"),
        ("wav", "-c:a adpcm_ima_wav"),
        ("mka", "-c:a pcm_f32le"),
    ] {
        let file = made(&[&fixture(SOUND)], &format!("-t 5 {options}"), kind);
        let heard = decode_audio(Cursor::new(file), &Limits::default()).unwrap();
        let length = heard.len() as f64 / f64::from(SAMPLE_RATE);
        assert!((length - 5.0).abs() < 0.2 && loudness(&heard) > 0.01, "{kind} {options}: {length} s");
    }
}

/// Bare frames of 20 ms as older telephones write them, and the same in 3GP. No encoder is at hand: any bits are a sound.
#[test]
fn the_speech_codecs_of_telephones_are_read() {
    for (magic, head, bytes, rate) in
        [(&b"#!AMR\n"[..], 0x3c_u8, 31, 8_000), (b"#!AMR-WB\n", 0x44, 60, 16_000)]
    {
        let mut bare = magic.to_vec();
        for frame in 0..100_u32 {
            bare.push(head);
            bare.extend((0..bytes).map(|at| (frame * 31 + at * 17) as u8));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bare.amr");
        std::fs::write(&path, &bare).unwrap();
        for file in [bare, made(&[&path], "-c copy", "3gp")] {
            let heard = decode_audio(Cursor::new(file), &Limits::default()).unwrap();
            let length = heard.len() as f64 / f64::from(SAMPLE_RATE);
            assert!((length - 2.0).abs() < 0.1, "{rate} Hz: {length} s");
        }
    }
}

#[test]
fn every_video_format_of_telephones_browsers_and_cameras_is_read() {
    for (kind, options) in [
        ("mp4", "-c:v libx264 -c:a aac -movflags frag_keyframe+empty_moov"),
        ("mp4", "-c:v libx265 -tag:v hvc1 -c:a aac"),
        ("mov", "-c:v libx264 -c:a alac"),
        ("3gp", "-c:v h263 -s 352x288 -c:a aac"),
        ("webm", "-c:v libvpx-vp9 -b:v 500k -speed 8 -c:a libopus"),
        ("mkv", "-c:v mjpeg -c:a pcm_s16le"),
        ("avi", "-c:v mpeg4 -c:a libmp3lame"),
        ("mpg", "-c:v mpeg1video -r 25 -c:a mp2"),
        ("mpg", "-f vob -c:v mpeg2video -r 25 -c:a ac3"),
        ("ts", "-c:v libx264 -c:a aac"),
        ("mts", "-f mpegts -mpegts_m2ts_mode 1 -c:v libx264 -c:a ac3"),
    ] {
        let decoded = run(from_video(&format!("-t 3 {options}"), kind)).unwrap();
        let length = seconds(&decoded);
        assert!((length - 3.0).abs() < 0.3, "{kind} {options}: {length} s");
        assert!(decoded.audio.is_some_and(|sound| loudness(&sound) > 0.01), "{kind} {options}: no sound");
    }
}

#[test]
fn unsupported_codecs_are_rejected_with_the_supported_ones() {
    let gif = from_video("-t 1 -s 160x120 -an", "gif");
    let wmv = from_video("-t 1 -c:v wmv2 -c:a wmav2", "wmv");
    for file in [gif, wmv] {
        let refused = run(file).unwrap_err().to_string();
        for name in ["MP4", "WebM", "MPEG-TS", "WAV", "CAF", "AIFF", "AMR"] {
            assert!(refused.contains(name), "{refused}");
        }
    }
    for (options, kind, codec) in
        [("-c:v prores -c:a pcm_s16le", "mov", "prores"), ("-c:v libtheora -an", "ogv", "theora")]
    {
        let refused = run(from_video(&format!("-t 0.2 -s 160x120 {options}"), kind)).unwrap_err().to_string();
        for name in [codec, "H.264", "HEVC", "VP9", "AV1", "Motion JPEG", "AAC", "Opus", "PCM"] {
            assert!(refused.contains(name), "{refused}");
        }
    }
}

#[test]
fn a_picture_that_freezes_is_noticed() {
    let decoded = run(from_video("-t 3", "mp4")).unwrap();
    assert!(decoded.info.longest_freeze_s < 0.3, "{:?}", decoded.info);
    // A hole between two frames, and the same frame over and over.
    let hole = "-t 3 -vf select='not(between(t,1,1.8))' -vsync vfr -c:v libx264 -an";
    let same = "-t 3 -vf loop=loop=20:size=1:start=25,fps=25 -c:v libx264 -an";
    for options in [hole, same] {
        let decoded = run(from_video(options, "mp4")).unwrap();
        assert!((0.6..1.1).contains(&decoded.info.longest_freeze_s), "{options}: {:?}", decoded.info);
    }
}

#[test]
fn large_frames_are_halved_and_reported_at_their_own_size() {
    let file = from_video("-t 0.4 -s 3840x2160 -c:v libx264 -preset ultrafast -an", "mp4");
    let mut seen = None;
    let decoded = decode(Cursor::new(file), &Limits::default(), |frame| {
        seen.get_or_insert((frame.width(), frame.height()));
        Ok::<_, Error>(())
    });
    let info = decoded.unwrap().info;
    assert_eq!((seen, info.width, info.height), (Some((1920, 1080)), 3840, 2160));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Wherever the clock starts, the frames are those of the clip.
    #[test]
    fn time_stamps_of_any_size_give_the_same_clip(
        offset in -20_000i32..2_000_000, kind in 0usize..3, rate in 10u32..60
    ) {
        let (kind, codecs) = [
            ("mkv", "-c:v libx264 -preset ultrafast -c:a aac"),
            ("mp4", "-c:v libx264 -preset ultrafast -c:a aac"),
            ("webm", "-c:v libvpx -deadline realtime -c:a libopus"),
        ][kind];
        let options =
            format!("-t 1 -r {rate} -s 320x240 {codecs} -avoid_negative_ts disabled -output_ts_offset {offset}ms");
        let decoded = run(from_video(&options, kind)).unwrap();
        prop_assert!((seconds(&decoded) - 1.0).abs() < 0.25, "{} s", seconds(&decoded));
    }
}

/// A file that MPEG-TS holds is decoded frame by frame, the same in MP4 without those that nobody would miss.
#[test]
fn emitted_frames_do_not_depend_on_skipped_ones() {
    for rate in ["30", "50", "60", "30000/1001", "47.952"] {
        let options = format!("-t 2 -r {rate} -c:v libx264 -preset veryfast -bf 3 -b_strategy 0 -c:a aac");
        let clip = from_video(&options, "mp4");
        let folder = tempfile::tempdir().unwrap();
        let stored = folder.path().join("clip.mp4");
        std::fs::write(&stored, &clip).unwrap();
        let shown = [clip, made(&[&stored], "-c copy", "ts")].map(|file| {
            let mut frames = Vec::new();
            let decoded = decode(Cursor::new(file), &Limits::default(), |frame| {
                let map = media::Affine::shrink(frame.width() as f32 / 64.0);
                frames.push((frame.index, frame.is_repeat, crop_rgb(frame, &map, 64, 36)));
                Ok::<_, Error>(())
            });
            (frames, decoded.unwrap().info)
        });
        let [(frames, info), (all_frames, all_info)] = shown;
        assert_eq!(frames.len(), all_frames.len(), "{rate}");
        assert!(frames == all_frames, "{rate}: other frames");
        assert_eq!(info, all_info, "{rate}");
    }
}

/// The picture of a file of 4K is its half, whatever the depth, and as bright and as colourful as of any other size.
#[test]
fn pictures_of_4k_are_their_half() {
    let small = thumbnail_of(&from_video(
        "-t 0.4 -vf scale=1920:1080 -c:v libx264 -qp 10 -preset ultrafast -an",
        "mp4",
    ));
    for format in ["yuv420p", "yuvj420p", "yuv420p10le"] {
        let codec = if format == "yuv420p10le" {
            "libx265 -x265-params log-level=none:qp=10"
        } else {
            "libx264 -qp 10"
        };
        let options =
            format!("-t 0.4 -vf scale=3840:2160,format={format} -c:v {codec} -preset ultrafast -an");
        let large = thumbnail_of(&from_video(&options, "mp4"));
        let off = crate::difference(&small, &large);
        assert!(off < 2.0, "{format}: {off}");
    }
}

/// The edges of blocks in 4K are not smoothed, in frames of which others are made too: the difference stays invisible.
#[test]
fn frames_of_4k_do_not_drift_from_their_smoothed_half() {
    let large =
        from_video("-t 1 -vf scale=3840:2160 -c:v libx264 -preset veryfast -b:v 20M -g 250 -an", "mp4");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.mp4");
    std::fs::write(&path, &large).unwrap();
    let half = made(&[&path], "-vf scale=1920:1080:flags=area -c:v libx264 -preset ultrafast -qp 0", "mp4");
    let [large, half] = [large, half].map(|file| {
        let mut last = Vec::new();
        let shown = decode(Cursor::new(file), &Limits::default(), |frame| {
            last = crop_rgb(frame, &media::Affine::shrink(2.0), 960, 540);
            Ok::<_, Error>(())
        });
        assert!(shown.unwrap().info.frames >= 25);
        last
    });
    let off = crate::difference(&large, &half);
    assert!(off > 0.0 && off < 2.0, "{off}");
}

fn thumbnail_of(file: &[u8]) -> Vec<u8> {
    let mut shown = Vec::new();
    let decoded = decode(Cursor::new(file.to_vec()), &Limits::default(), |frame| {
        if shown.is_empty() {
            assert_eq!((frame.width(), frame.height()), (1920, 1080));
            shown = crop_rgb(frame, &media::Affine::shrink(10.0), 192, 108);
        }
        Ok::<_, Error>(())
    });
    decoded.unwrap();
    shown
}
