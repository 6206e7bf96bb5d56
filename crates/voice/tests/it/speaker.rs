use voice::{Bandwidth, Pairing, Quality, compare_voices};

use crate::{engine, fixture, heard, resampled, speech};

/// Returns the voiceprint of a part of the speech fixture, between two shares of its length.
fn part(from: f32, to: f32) -> voice::Voiceprint {
    let (audio, _) = speech();
    let at = |share: f32| (audio.len() as f32 * share) as usize;
    let (audio, activity) = heard(audio[at(from)..at(to)].to_vec());
    engine().voiceprint(&audio, &activity).unwrap()
}

/// Returns the voiceprint of a whole recording.
fn voiceprint(file: &str) -> voice::Voiceprint {
    let (audio, activity) = heard(fixture(file));
    engine().voiceprint(&audio, &activity).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// Recordings by speaker. The source states that each group is one person (`setup/fixtures.toml`).
const SPEAKERS: [&[&str]; 3] = [
    &["reader_1.wav", "reader_2.wav", "reader_3.wav", "reader_4.wav", "reader_5.wav"],
    &["cards_1.wav", "cards_2.wav", "cards_3.wav"],
    &["obama_speech.wav"],
];
/// Recordings of other people, for rejections only.
const STRANGERS: [&str; 3] = ["command_1.wav", "command_2.wav", "command_3.wav"];

#[test]
fn the_halves_of_one_speech_are_one_speaker() {
    let result = compare_voices(&part(0.0, 0.5), &part(0.5, 1.0));
    assert!(result.matched && result.imposter_prob < 0.1 && result.log_odds > 2.0, "{result:?}");
    assert_eq!(result.pairing, Pairing::Wide);
}

#[test]
fn recordings_of_one_speaker_match_and_recordings_of_two_do_not() {
    let mut voices: Vec<_> = SPEAKERS
        .iter()
        .enumerate()
        .flat_map(|(speaker, files)| files.iter().map(move |file| (Some(speaker), *file, voiceprint(file))))
        .collect();
    voices.extend(STRANGERS.map(|file| (None, file, voiceprint(file))));
    let (mut genuine, mut impostors) = (0, 0);
    for (index, (speaker, file, voice)) in voices.iter().enumerate() {
        for (other_speaker, other_file, other) in &voices[index + 1..] {
            if speaker.is_none() && other_speaker.is_none() {
                continue;
            }
            let result = compare_voices(voice, other);
            let expected = speaker == other_speaker;
            assert_eq!(result.matched, expected, "{file} and {other_file}: {result:?}");
            if expected { genuine += 1 } else { impostors += 1 }
        }
    }
    // 10 pairs of the reader and 3 of the card player; all others of 12 recordings but the 3 among strangers.
    assert_eq!((genuine, impostors), (13, 50));
}

#[test]
fn a_telephone_copy_is_recognised_as_narrow_and_judged_by_its_own_threshold() {
    let (audio, _) = speech();
    let (narrow, activity) = heard(resampled(&resampled(audio, 2, 1), 1, 2));
    let voice = engine().voiceprint(&narrow, &activity).unwrap();
    assert_eq!(voice.bandwidth(), Bandwidth::Narrow);
    let result = compare_voices(&voice, &part(0.0, 1.0));
    assert!(result.pairing == Pairing::Mixed && result.matched, "{result:?}");
}

#[test]
fn the_speech_fixture_is_good_enough_to_enroll() {
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
