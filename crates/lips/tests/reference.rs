//! Features and scores agree with the code that trained the networks.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::{path::Path, sync::LazyLock};

use lips::{DIGITS, Engine, LIP_FEATURES, LipMotion, MESH_POINTS, Reason};
use serde_json::Value;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(DATA).join(name)).unwrap()
}

fn floats(name: &str) -> Vec<f32> {
    bytes(name).chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

fn reference() -> Value {
    serde_json::from_slice(&bytes("reference.json")).unwrap()
}

fn sound() -> Vec<f32> {
    bytes("sound.i16")
        .chunks_exact(2)
        .map(|b| f32::from(i16::from_le_bytes(b.try_into().unwrap())) / 32768.0)
        .collect()
}

/// Returns meshes of every second frame with the used points at their indices.
fn meshes() -> Vec<(usize, Box<[[f32; 3]; MESH_POINTS]>)> {
    let used: Vec<usize> = serde_json::from_value(reference()["points"].clone()).unwrap();
    let mesh = |(k, values): (usize, &[f32])| {
        let mut points = Box::new([[0f32; 3]; MESH_POINTS]);
        for (place, xyz) in used.iter().zip(values.chunks_exact(3)) {
            points[*place] = xyz.try_into().unwrap();
        }
        (2 * k, points)
    };
    floats("points.f32").chunks_exact(3 * used.len()).enumerate().map(mesh).collect()
}

fn motion() -> LipMotion {
    let meshes = meshes();
    LipMotion::new(meshes.iter().map(|(index, points)| (*index, &**points)), &[]).unwrap()
}

/// Shared by all tests: a process has one inference runtime.
fn engine() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
        let pack = models::Pack::open(Some(Path::new(root))).unwrap();
        Engine::load(&models::Runtime::load(&pack).unwrap()).unwrap()
    });
    &ENGINE
}

fn worst(got: impl IntoIterator<Item = f32>, expected: impl IntoIterator<Item = f32>) -> f32 {
    got.into_iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn close(got: f32, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    assert!((f64::from(got) - expected).abs() < tolerance, "{got} for {expected}");
}

#[test]
fn lip_features_and_mouth_opening_are_those_of_training() {
    let (motion, reference) = (motion(), reference());
    assert_eq!(motion.frames() as u64, reference["frames"].as_u64().unwrap());
    let every_fifth = motion.features().chunks_exact(LIP_FEATURES).step_by(5).flatten().copied();
    assert!(worst(every_fifth, floats("lips.f32")) < 2e-3);
    let opening: Vec<f32> = serde_json::from_value(reference["aperture"].clone()).unwrap();
    assert!(worst(motion.aperture().iter().step_by(5).copied(), opening) < 1e-4);
}

#[test]
fn sound_in_time_with_the_lips_is_theirs() {
    let (got, expected) = (engine().sync(&motion(), &sound()).unwrap(), &reference()["in_time"]);
    close(got.agreement, &expected["agreement"], 0.005);
    close(got.s_norm, &expected["s_norm"], 0.05);
    close(got.prominence, &expected["prominence"], 0.05);
    close(got.lead, &expected["lead"], 0.005);
    close(got.aperture_correlation, &expected["aperture_correlation"], 0.005);
    close(got.probability, &expected["probability"], 0.02);
    assert_eq!(i64::from(got.lag_ms), expected["lag_ms"].as_i64().unwrap());
    assert!(got.speaking);
}

#[test]
fn the_same_sound_late_is_not_theirs() {
    let late = delayed(800);
    let (got, expected) = (engine().sync(&motion(), &late).unwrap(), &reference()["late"]);
    close(got.agreement, &expected["agreement"], 0.005);
    close(got.s_norm, &expected["s_norm"], 0.05);
    close(got.prominence, &expected["prominence"], 0.05);
    close(got.lead, &expected["lead"], 0.005);
    close(got.probability, &expected["probability"], 0.02);
    assert!(!got.speaking && got.out_of_sync);
    assert_eq!(i64::from(got.lag_ms), expected["lag_ms"].as_i64().unwrap());
}

#[test]
fn a_lag_that_devices_have_is_reported_and_accepted() {
    let engine = engine();
    let before = engine.sync(&motion(), &sound()).unwrap();
    let accepted = engine.accepted_lag_ms();
    for lag in [-160, 80, 160] {
        let after = engine.sync(&motion(), &delayed(lag)).unwrap();
        assert_eq!(after.lag_ms - before.lag_ms, lag, "{after:?}");
        assert!(after.lag_ms.abs() <= accepted && after.speaking && !after.out_of_sync, "{after:?}");
    }
}

/// Returns the clip's sound, shifted by so many milliseconds.
fn delayed(milliseconds: i32) -> Vec<f32> {
    let samples = usize::try_from(milliseconds.abs()).unwrap() * 16;
    if milliseconds < 0 { sound()[samples..].to_vec() } else { [vec![0.0; samples], sound()].concat() }
}

#[test]
fn what_the_lips_say_is_what_training_reads() {
    let (got, expected) = (
        engine().read_phrase(&motion(), None, &["one", "two", "three", "four"], &DIGITS).unwrap(),
        &reference()["reading"],
    );
    close(got.ratio, &expected["ratio"], 0.05);
    assert_eq!(serde_json::to_value(&got.words).unwrap(), expected["words"]);
    assert!(got.ratio < 0.0 && !got.agrees);
}

#[test]
fn digits_that_were_heard_are_read_where_the_sound_has_them() {
    let expected = &reference()["timed_reading"];
    let got =
        engine().read_phrase(&motion(), Some(&sound()), &["one", "two", "three", "four"], &DIGITS).unwrap();
    assert!(got.timed_by_sound);
    close(got.ratio, &expected["ratio"], 0.05);
    close(got.score, &expected["score"], 0.02);
    assert_eq!(serde_json::to_value(&got.words).unwrap(), expected["words"]);
}

#[test]
fn without_speech_or_digits_the_lips_are_read_alone() {
    let engine = engine();
    let alone = engine.read_phrase(&motion(), None, &["one", "two"], &DIGITS).unwrap();
    assert_eq!(engine.read_phrase(&motion(), Some(&[0.0; 80_000]), &["one", "two"], &DIGITS).unwrap(), alone);
    assert!(!engine.read_phrase(&motion(), Some(&sound()), &["good", "day"], &[]).unwrap().timed_by_sound);
}

/// Returns lips that move like those of the clip a second and a half later; then as at the beginning.
fn another_face() -> LipMotion {
    let meshes = meshes();
    let moved = meshes.iter().cycle().skip(19).take(meshes.len()).zip(&meshes);
    let moved: Vec<_> = moved.map(|((_, points), (index, _))| (*index, points)).collect();
    LipMotion::new(moved.iter().map(|(index, points)| (*index, &***points)), &[]).unwrap()
}

#[test]
fn of_two_faces_the_one_whose_lips_fit_speaks() {
    let engine = engine();
    let alone = engine.sync(&motion(), &sound()).unwrap();
    let speaker = engine.sync_among(&motion(), &[another_face()], &sound()).unwrap();
    assert!(speaker.speaking && speaker.probability <= alone.probability && speaker.beside < 0.5);
    let listener = engine.sync_among(&another_face(), &[motion()], &sound()).unwrap();
    assert!(!listener.speaking && listener.beside == alone.probability, "{listener:?}");
    // Two faces with the same lip motion cannot be distinguished.
    let twins = engine.sync_among(&motion(), &[motion()], &sound()).unwrap();
    assert!(twins.probability < 0.5 && !twins.speaking);
    assert_eq!(engine.sync_among(&motion(), &[], &sound()).unwrap().beside, 0.0);
}

#[test]
fn what_is_read_is_the_likeliest_phrase_itself() {
    let engine = engine();
    let read = engine.read_phrase(&motion(), None, &["one", "two", "three", "four"], &DIGITS).unwrap();
    let words: Vec<&str> = read.words.iter().map(String::as_str).collect();
    let same = engine.read_phrase(&motion(), None, &words, &DIGITS).unwrap();
    assert!(same.ratio.abs() < 1e-4 && same.agrees);
}

#[test]
fn silence_and_unknown_words_cannot_be_judged() {
    let engine = engine();
    let reason = |result: Result<(), lips::Error>| match result.unwrap_err() {
        lips::Error::CannotJudge(reason) => reason,
        other => panic!("{other}"),
    };
    assert_eq!(reason(engine.sync(&motion(), &[0.0; 80_000]).map(drop)), Reason::NoSpeech);
    assert_eq!(reason(engine.sync(&motion(), &[f32::NAN; 80_000]).map(drop)), Reason::NotANumber);
    assert_eq!(
        reason(engine.read_phrase(&motion(), None, &["xyzzyx"], &DIGITS).map(drop)),
        Reason::UnknownWord
    );
    assert_eq!(reason(engine.read_phrase(&motion(), None, &[], &DIGITS).map(drop)), Reason::NoWords);
    assert_eq!(
        reason(engine.read_phrase(&motion(), None, &["seven"; 60], &DIGITS).map(drop)),
        Reason::TooShort
    );
}
