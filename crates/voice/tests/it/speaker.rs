use voice::{Bandwidth, Pairing, Quality, compare};

use crate::{engine, fixture, heard, resampled, speech};

/// The voice of a part of the speech fixture, between two shares of its length.
fn part(from: f32, to: f32) -> voice::Voiceprint {
    let (audio, _) = speech();
    let at = |share: f32| (audio.len() as f32 * share) as usize;
    let (audio, activity) = heard(audio[at(from)..at(to)].to_vec());
    engine().voiceprint(&audio, &activity).unwrap()
}

/// The fixture slowed down by a fifth: lower formants and pitch, so another throat.
fn other_throat() -> voice::Voiceprint {
    let (audio, _) = speech();
    let (audio, activity) = heard(resampled(audio, 4, 5));
    engine().voiceprint(&audio, &activity).unwrap()
}

#[test]
fn the_halves_of_one_speech_are_one_speaker() {
    let result = compare(&part(0.0, 0.5), &part(0.5, 1.0));
    assert!(result.matched && result.imposter_prob < 0.1 && result.log_odds > 2.0, "{result:?}");
    assert_eq!(result.pairing, Pairing::Wide);
}

#[test]
fn another_throat_scores_lower_than_the_same() {
    let (first, second, other) = (part(0.0, 0.5), part(0.5, 1.0), other_throat());
    let (same, different) = (compare(&first, &second), compare(&first, &other));
    assert!(different.score + 0.15 < same.score, "same {} different {}", same.score, different.score);
}

#[test]
fn a_telephone_copy_is_recognised_as_narrow_and_judged_by_its_own_threshold() {
    let (audio, _) = speech();
    let (narrow, activity) = heard(resampled(&resampled(audio, 2, 1), 1, 2));
    let voice = engine().voiceprint(&narrow, &activity).unwrap();
    assert_eq!(voice.bandwidth(), Bandwidth::Narrow);
    let result = compare(&voice, &part(0.0, 1.0));
    assert!(result.pairing == Pairing::Mixed && result.matched, "{result:?}");
}

#[test]
fn the_speech_fixture_is_good_enough_to_enrol() {
    let (audio, activity) = speech();
    let quality = Quality::measure(audio, activity);
    assert!(quality.speech_s > 5.0 && quality.duration_s > 8.0, "{quality:?}");
    assert!((-45.0..-5.0).contains(&quality.level_dbfs) && quality.clipped_share < 0.01, "{quality:?}");
    assert!(quality.bandwidth == Bandwidth::Wide && quality.snr_db.is_some_and(|s| s > 5.0), "{quality:?}");
}

#[test]
fn silence_has_no_speech_and_no_speaker() {
    let (audio, activity) = heard(fixture("silence.wav"));
    assert!(activity.segments.is_empty());
    assert!(matches!(
        engine().voiceprint(&audio, &activity),
        Err(voice::Error::CannotJudge(voice::Reason::NoSpeech))
    ));
}

#[test]
fn speech_is_found_all_the_way_through_a_long_recording() {
    let (audio, once) = speech();
    let (_, thrice) = heard(audio.repeat(3));
    let ratio = thrice.speech_seconds() / once.speech_seconds();
    assert!((2.8..3.2).contains(&ratio), "{ratio}");
}
