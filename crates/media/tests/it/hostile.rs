//! Files made to be expensive: each is rejected at little cost.

use std::{
    io::Cursor,
    time::{Duration, Instant},
};

use media::{Error, Limits, Still, decode, decode_audio};

use crate::hostile_files::{cmov, flac, png};

/// Longest time a hostile file may take: several times what it takes on an idle machine, a fraction of what it would take
/// without its limit.
const MAX_TIME: Duration = Duration::from_secs(30);

fn video(file: &[u8]) -> Result<media::Decoded, Error> {
    decode(Cursor::new(file.to_vec()), &Limits::default(), |_| Ok::<_, Error>(()))
}

fn sound(file: &[u8]) -> Result<Vec<f32>, Error> {
    decode_audio(Cursor::new(file.to_vec()), &Limits::default())
}

#[test]
fn an_index_that_unpacks_to_hundreds_of_megabytes_is_refused_packed() {
    for outer in [b"moov", b"udta"] {
        let file = cmov(outer, 200);
        assert_eq!(video(&file).unwrap_err(), Error::CompressedIndex);
        assert_eq!(sound(&file).unwrap_err(), Error::CompressedIndex);
    }
}

#[test]
fn a_codec_that_is_not_read_is_not_run_either() {
    let folder = tempfile::tempdir().unwrap();
    let (picture, out) = (folder.path().join("a.png"), folder.path().join("a.mov"));
    std::fs::write(&picture, png(9000, 9000)).unwrap();
    let done = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-framerate", "1", "-loop", "1", "-i"])
        .arg(&picture)
        .args(["-t", "2", "-c", "copy"])
        .arg(&out)
        .status();
    assert!(done.unwrap().success());
    let file = std::fs::read(out).unwrap();
    // Decoding it takes a second; looking for streams takes milliseconds. The fastest of several attempts counts, for on a
    // loaded machine any single one may be late.
    let refused_after = |_| {
        let started = Instant::now();
        assert_eq!(video(&file).unwrap_err(), Error::UnsupportedCodec("png".into()));
        started.elapsed()
    };
    let fastest = (0..10).map(refused_after).min().unwrap();
    assert!(fastest < Duration::from_millis(400), "{fastest:?}");
}

/// MPEG-2 decoders copy how colours are coded from the file, and the values in no list made a worker jump to an address of the
/// file's choice among the program's data.
#[test]
fn colours_coded_in_an_unknown_way_are_shown_in_the_usual_one() {
    let file = mpeg2_with_colour_description();
    let start = file.windows(5).position(|w| w == [0, 0, 1, 0xB5, 0x2B]).expect("it describes its colours");
    for value in [1, 3, 15, 44, 128, 255] {
        let mut changed = file.clone();
        // Primaries, transfer and matrix.
        changed[start + 5..start + 8].fill(value);
        assert_eq!(video(&changed).unwrap().info.frames, 10, "{value}");
    }
}

fn mpeg2_with_colour_description() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.mpg");
    let done = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x64:r=25:d=0.4", "-c:v", "mpeg2video"])
        .args(["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"])
        .arg(&out)
        .status();
    assert!(done.unwrap().success());
    std::fs::read(out).unwrap()
}

#[test]
fn sixty_megapixels_of_sixteen_bits_are_decoded_row_by_row() {
    let file = png(7740, 7740);
    let started = Instant::now();
    let still = Still::decode(&file).unwrap();
    assert!(u64::from(still.rgb.width()) * u64::from(still.rgb.height()) <= media::KEPT_PIXELS);
    assert!(started.elapsed() < MAX_TIME);
    assert_eq!(Still::decode(&png(10_400, 7_800)).unwrap_err(), Error::TooManyPixels(60));
}

#[test]
fn sound_that_no_microphone_records_is_refused_at_once() {
    let started = Instant::now();
    assert_eq!(sound(&flac(50_000, 400_000, 8)).unwrap_err(), Error::UnsupportedSound);
    // Within the rates that are read, the number of samples ends it, or the play time.
    assert_eq!(sound(&flac(50_000, 384_000, 8)).unwrap_err(), Error::TooMuchWork);
    assert_eq!(sound(&flac(2_000, 48_000, 2)).unwrap_err(), Error::TooLong(60));
    assert!(started.elapsed() < MAX_TIME, "{:?}", started.elapsed());
}

#[test]
fn more_packets_than_a_minute_can_hold_end_a_file() {
    // A second of sound, a sample a packet; the limit is lowered instead of the file being long.
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("tiny.mkv");
    let done = std::process::Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "sine=r=16000:d=1:samples_per_frame=4",
            "-c:a",
            "pcm_s16le",
        ])
        .arg(&out)
        .status();
    assert!(done.unwrap().success());
    let limits = Limits { duration_s: 1.0, ..Limits::default() };
    let file = Cursor::new(std::fs::read(out).unwrap());
    assert_eq!(decode_audio(file, &limits).unwrap_err(), Error::TooMuchWork);
}

#[test]
fn frames_larger_than_any_telephone_films_and_more_of_them_than_a_minute_holds_are_refused() {
    let file = std::fs::read(crate::fixture("small.mp4")).unwrap();
    let few = Limits { total_pixels: 1_000_000, ..Limits::default() };
    let tiny = Limits { frame_pixels: 10_000, ..Limits::default() };
    let with = |limits| decode(Cursor::new(file.clone()), &limits, |_| Ok::<_, Error>(())).unwrap_err();
    assert_eq!(with(few), Error::TooMuchWork);
    assert_eq!(with(tiny), Error::TooLarge(4096));
}
