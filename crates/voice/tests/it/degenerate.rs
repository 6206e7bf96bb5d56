//! Degenerate audio: a result or a reason, never a panic or NaN.

use proptest::prelude::*;
use voice::{DIGITS, Error, Phrase, Quality, Reason};

use crate::engine;

#[derive(Clone, Debug)]
enum Sound {
    Silence,
    Constant(f32),
    Noise(f32),
    Square(f32),
    Hum,
}

fn samples(sound: &Sound, length: usize) -> Vec<f32> {
    let mut state = 0x2545_f491_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let value = |i: usize| match sound {
        Sound::Silence => 0.0,
        Sound::Constant(level) => *level,
        Sound::Noise(level) => noise() * level,
        Sound::Square(level) => {
            if (i / 40).is_multiple_of(2) {
                *level
            } else {
                -level
            }
        }
        Sound::Hum => (i as f32 * 0.0392).sin() * 0.3,
    };
    (0..length).map(value).collect()
}

fn sounds() -> impl Strategy<Value = (Sound, usize)> {
    let level = -1.0f32..1.0;
    let sound = prop_oneof![
        Just(Sound::Silence),
        Just(Sound::Hum),
        level.clone().prop_map(Sound::Constant),
        level.clone().prop_map(Sound::Noise),
        level.prop_map(Sound::Square),
    ];
    (sound, prop_oneof![Just(0), Just(1), 2usize..600, 10_000usize..40_000])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_sound_gives_an_answer_or_a_reason((sound, length) in sounds()) {
        let audio = samples(&sound, length);
        let activity = engine().activity(&audio).unwrap();
        let quality = Quality::measure(&audio, &activity);
        prop_assert!(quality.level_dbfs.is_finite() && quality.speech_s <= quality.duration_s + 0.001);
        match engine().voiceprint(&audio, &activity) {
            Ok(voice) => prop_assert!(voice.embedding().iter().all(|v| v.is_finite())),
            Err(e) => prop_assert!(matches!(e, Error::CannotJudge(_)), "{e:?}"),
        }
        match engine().score_phrase(&audio, &activity, &Phrase::parse("1 2 3 4"), &DIGITS) {
            Ok(evidence) => prop_assert!(!evidence.said && evidence.llr.is_finite()),
            Err(e) => prop_assert!(matches!(e, Error::CannotJudge(_)), "{e:?}"),
        }
    }
}

#[test]
fn sound_that_is_not_numbers_is_refused() {
    for bad in [f32::NAN, f32::INFINITY] {
        let mut audio = vec![0.1; 20_000];
        audio[777] = bad;
        assert!(matches!(engine().activity(&audio), Err(Error::CannotJudge(Reason::NotANumber))));
    }
}

#[test]
fn shouting_into_the_limit_is_called_clipped() {
    let (audio, _) = crate::speech();
    let loud: Vec<f32> = audio.iter().map(|v| (v * 60.0).clamp(-1.0, 1.0)).collect();
    let activity = engine().activity(&loud).unwrap();
    let reason = engine().voiceprint(&loud, &activity).unwrap_err();
    assert!(matches!(reason, Error::CannotJudge(Reason::Clipped { share }) if share > 0.1), "{reason:?}");
}
