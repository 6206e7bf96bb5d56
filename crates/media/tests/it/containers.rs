//! What containers may say of a clip: edit lists, rotation, no duration, gaps, rates, and anything at all in an index.

use std::{
    io::Cursor,
    sync::LazyLock,
    time::{Duration, Instant},
};

use media::{Decoded, Error, FPS, Limits, Pixels, decode};
use proptest::prelude::*;

use crate::fixture;
use crate::quirks::{VIDEO, made, seconds};

/// Longest time a file may take, whatever is written in it. A file takes milliseconds; a loaded machine is slower.
const MAX_TIME: Duration = Duration::from_secs(30);

fn from_video(options: &str, kind: &str) -> Vec<u8> {
    made(&[&fixture(VIDEO)], options, kind)
}

/// The clip, and the sizes its frames were handed out in.
fn run(file: Vec<u8>) -> Result<(Decoded, Vec<(u32, u32)>), Error> {
    let mut sizes = Vec::new();
    let decoded = decode(Cursor::new(file), &Limits::default(), |frame| {
        sizes.push((frame.width(), frame.height()));
        Ok::<_, Error>(())
    })?;
    sizes.dedup();
    Ok((decoded, sizes))
}

#[test]
fn a_clip_without_a_stated_duration_is_as_long_as_it_plays() {
    for (kind, options) in [
        ("webm", "-t 2 -c:v libvpx -deadline realtime -c:a libopus -live 1"),
        ("mkv", "-t 2 -c:v libx264 -preset ultrafast -c:a aac -live 1"),
        (
            "mp4",
            "-t 2 -c:v libx264 -preset ultrafast -c:a aac -movflags frag_every_frame+empty_moov+default_base_moof",
        ),
    ] {
        let (decoded, _) = run(from_video(options, kind)).unwrap();
        assert!((seconds(&decoded) - 2.0).abs() < 0.25, "{kind}: {} s", seconds(&decoded));
        assert!(decoded.audio.is_some(), "{kind}");
    }
}

#[test]
fn every_rotation_a_telephone_notes_is_undone() {
    let plain = from_video("-t 0.5 -s 320x240 -c:v libx264 -preset ultrafast -an", "mp4");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.mp4");
    std::fs::write(&path, plain).unwrap();
    for (degrees, size) in [("0", (320, 240)), ("90", (240, 320)), ("180", (320, 240)), ("270", (240, 320))] {
        let out = folder.path().join("turned.mp4");
        let mut command = std::process::Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-i"]).arg(&path);
        command.args(["-c", "copy", "-metadata:s:v:0", &format!("rotate={degrees}")]).arg(&out);
        assert!(command.status().unwrap().success());
        let (decoded, sizes) = run(std::fs::read(&out).unwrap()).unwrap();
        assert_eq!((decoded.info.width, decoded.info.height), size, "{degrees}");
        assert_eq!(sizes, [size], "{degrees}");
    }
}

/// An MP4 with sound, cut without new coding: its edit lists begin in the middle of a group of pictures.
#[test]
fn an_edit_list_cuts_the_clip_and_keeps_picture_and_sound_together() {
    let whole = from_video("-t 4 -c:v libx264 -g 60 -bf 2 -preset veryfast -c:a aac", "mp4");
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("whole.mp4"), folder.path().join("cut.mp4"));
    std::fs::write(&path, whole).unwrap();
    let mut command = std::process::Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-ss", "1.3", "-i"]).arg(&path).args(["-c", "copy"]).arg(&out);
    assert!(command.status().unwrap().success());
    let (decoded, _) = run(std::fs::read(&out).unwrap()).unwrap();
    let sound = decoded.audio.as_ref().unwrap().len() as f64 / f64::from(media::SAMPLE_RATE);
    // What lies before the cut in the group of pictures is not shown.
    assert!((seconds(&decoded) - 2.7).abs() < 0.4, "{} s", seconds(&decoded));
    assert!(
        (sound - seconds(&decoded)).abs() < 0.3,
        "{sound} s of sound, {} s of picture",
        seconds(&decoded)
    );
}

/// What FFmpeg makes of the files in `inputs` with `options`, as a file of the ending `kind`.
fn remade(inputs: &[&[u8]], options: &str, kind: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<std::path::PathBuf> =
        (0..inputs.len()).map(|at| folder.path().join(format!("{at}.in"))).collect();
    for (path, bytes) in paths.iter().zip(inputs) {
        std::fs::write(path, bytes).unwrap();
    }
    made(&paths.iter().map(std::path::PathBuf::as_path).collect::<Vec<_>>(), options, kind)
}

/// Telephones write sound, sensors' data, subtitles and a cover beside the picture, and some a second picture.
#[test]
fn of_several_tracks_of_every_kind_the_first_picture_and_a_sound_are_taken() {
    let small = from_video("-t 2 -s 160x120 -c:v libx264 -preset ultrafast -c:a aac", "mp4");
    let large = from_video("-t 2 -s 640x480 -c:v libx264 -preset ultrafast -an", "mp4");
    let words: &[u8] = b"1\n00:00:00,000 --> 00:00:01,000\nhello\n\n";
    let cover = from_video("-frames:v 1 -s 320x320 -c:v mjpeg -f image2", "jpg");
    let several = "-map 0:a -map 0:v -map 1:v -c copy";
    for (kind, inputs, options) in [
        ("mp4", vec![&small[..], &large], several.to_owned()),
        ("mkv", vec![&small[..], &large], several.to_owned()),
        ("mkv", vec![&small[..], &large, words], format!("{several} -map 2:s -c:s srt")),
        ("mp4", vec![&small[..], &large, words], format!("{several} -map 2:s -c:s mov_text")),
        ("mp4", vec![&small[..], &cover], "-map 1:v -map 0 -c copy -disposition:v:0 attached_pic".to_owned()),
    ] {
        let (decoded, sizes) = run(remade(&inputs, &options, kind)).unwrap();
        assert!((seconds(&decoded) - 2.0).abs() < 0.25, "{kind} {options}: {} s", seconds(&decoded));
        assert!(decoded.audio.is_some() && decoded.unread_sound.is_none(), "{kind} {options}");
        assert_eq!(sizes.len(), 1, "{kind} {options}");
        assert_ne!(sizes, [(320, 320)], "the cover is no video");
    }
}

/// A file whose first picture track is of a codec that is not read.
#[test]
fn of_several_pictures_one_that_can_be_decoded_is_shown() {
    let unread = from_video("-t 1 -s 160x120 -c:v prores -an", "mov");
    let read = from_video("-t 1 -s 320x240 -c:v libx264 -preset ultrafast -c:a aac", "mp4");
    let both = remade(&[&unread, &read], "-map 0:v -map 1 -c copy", "mov");
    let (decoded, sizes) = run(both).unwrap();
    assert_eq!((decoded.info.codec.as_str(), sizes), ("h264", vec![(320, 240)]));
}

/// Four seconds with a key frame each two, to be cut without new coding.
static WHOLE: LazyLock<Vec<u8>> =
    LazyLock::new(|| from_video("-t 4 -s 160x120 -c:v libx264 -g 50 -bf 2 -preset veryfast -c:a aac", "mp4"));

/// Frames and sound of two seconds.
static CLIP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    from_video("-t 2 -s 160x120 -c:v libx264 -preset ultrafast -bf 2 -c:a aac -movflags faststart", "mp4")
});

/// Where the contents of the atoms with these names are.
fn contents(file: &[u8], names: &[&[u8; 4]]) -> Vec<std::ops::Range<usize>> {
    let found = |name: &[u8; 4]| {
        let at = file.windows(4).enumerate().filter(|(_, w)| w == name).map(|(at, _)| at).collect::<Vec<_>>();
        at.into_iter()
            .filter_map(|at| {
                let size = u32::from_be_bytes(file.get(at.checked_sub(4)?..at)?.try_into().ok()?) as usize;
                (8..=4096).contains(&size).then(|| at + 4..(at - 4 + size).min(file.len()))
            })
            .collect::<Vec<_>>()
    };
    names.iter().flat_map(|name| found(name)).filter(|range| range.len() >= 4).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    /// Gaps and rates of every kind give a clip as long as it plays.
    #[test]
    fn gaps_and_rates_of_any_kind_keep_the_length(rate in 5u32..60, from in 3u32..8, gap in 1u32..9) {
        let (from, to) = (f64::from(from) / 10.0, f64::from(from + gap) / 10.0);
        let options = format!(
            "-t 2 -s 160x120 -vf fps={rate},select='not(between(t,{from},{to}))' -fps_mode vfr -c:v libx264 \
             -preset ultrafast -c:a aac"
        );
        let (decoded, _) = run(from_video(&options, "mkv")).unwrap();
        prop_assert!((seconds(&decoded) - 2.0).abs() < 0.4, "{} s", seconds(&decoded));
        prop_assert!(decoded.info.longest_freeze_s + 0.3 > to - from, "{:?}", decoded.info);
    }

    /// Wherever a clip is cut without new coding, it plays from the cut on, picture and sound together.
    #[test]
    fn edit_lists_of_any_start_keep_picture_and_sound_together(start in 0u32..30, late in 0u32..6) {
        let (start, late) = (f64::from(start) / 10.0, f64::from(late) / 10.0);
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("whole.mp4"), folder.path().join("cut.mp4"));
        std::fs::write(&path, &*WHOLE).unwrap();
        let mut command = std::process::Command::new("ffmpeg");
        // The sound begins later than the picture: its edit list begins with an empty piece.
        command.args(["-v", "error", "-y", "-ss", &start.to_string(), "-i"]).arg(&path);
        command.args(["-ss", &start.to_string(), "-itsoffset", &late.to_string(), "-i"]).arg(&path);
        command.args(["-map", "0:v", "-map", "1:a", "-c", "copy"]).arg(&out);
        prop_assert!(command.status().unwrap().success());
        let (decoded, _) = run(std::fs::read(&out).unwrap()).unwrap();
        let shown = seconds(&decoded);
        let heard = decoded.audio.as_ref().unwrap().len() as f64 / f64::from(media::SAMPLE_RATE);
        prop_assert!((shown - (4.0 - start)).abs() < 0.4, "{} s of picture", shown);
        prop_assert!((heard - (4.0 - start + late)).abs() < 0.4, "{} s of sound", heard);
    }

    /// Screens that are shared, networks that become weak and telephones that are turned change size, rate or both midway.
    #[test]
    fn sizes_and_rates_that_change_midway_keep_the_length_and_the_first_size(
        sizes in [(8u32..30, 8u32..30), (8u32..30, 8u32..30)], rates in [8u32..50, 8u32..50],
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut lines = String::new();
        for (at, ((width, height), rate)) in sizes.iter().zip(rates).enumerate() {
            let options = format!(
                "-t 1 -s {}x{} -r {rate} -c:v libvpx -deadline realtime -b:v 500k -an", width * 16, height * 16
            );
            let path = folder.path().join(format!("{at}.webm"));
            std::fs::write(&path, from_video(&options, "webm")).unwrap();
            lines.push_str(&format!("file '{}'\n", path.display()));
        }
        let (list, out) = (folder.path().join("list"), folder.path().join("both.webm"));
        std::fs::write(&list, lines).unwrap();
        let mut command = std::process::Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-f", "concat", "-safe", "0", "-i"]).arg(&list);
        prop_assert!(command.args(["-c", "copy"]).arg(&out).status().unwrap().success());
        let (decoded, shown) = run(std::fs::read(&out).unwrap()).unwrap();
        prop_assert!((seconds(&decoded) - 2.0).abs() < 0.4, "{} s", seconds(&decoded));
        prop_assert_eq!(shown, vec![(sizes[0].0 * 16, sizes[0].1 * 16)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Durations, edit lists, times of frames, their sizes and places: whatever stands there, the clip is read or refused, soon
    /// and within the limits.
    #[test]
    fn any_mp4_index_is_read_within_limits_or_rejected(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop_oneof![
            Just(0u32), Just(1), Just(u32::MAX), Just(i32::MAX as u32), Just(0x8000_0000), any::<u32>(),
        ]), 1..6),
    ) {
        let mut file = CLIP.clone();
        let names: [&[u8; 4]; 10] =
            [b"mvhd", b"tkhd", b"mdhd", b"elst", b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"stss"];
        let places = contents(&file, &names);
        prop_assert!(places.len() >= 12, "{}", places.len());
        for (atom, at, value) in changes {
            let place = &places[atom.index(places.len())];
            let at = place.start + at.index(place.len() - 3);
            file[at..at + 4].copy_from_slice(&value.to_be_bytes());
        }
        let started = Instant::now();
        if let Ok((decoded, _)) = run(file) {
            prop_assert!(decoded.info.frames <= 61 * FPS as usize, "{} frames", decoded.info.frames);
        }
        prop_assert!(started.elapsed() < MAX_TIME, "{:?}", started.elapsed());
    }
}
