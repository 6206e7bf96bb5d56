//! Quality checks of a recording for an enrollment: each measure against its limit; the fault ranked first in the
//! table of reasons is reported.
//!
//! docs/ACCURACY.md documents the origin of the limits.

use scoring::clamp_to_decision;
use voice::{Activity, PhraseEvidence, Quality, Voiceprint};

use crate::{
    judged::{Judged, Unjudged},
    portrait::Measure,
    template_update::{ENOUGH_SPEECH_S, Weighted, speech_seconds},
};

const SNR_DB: f32 = 8.0;
const CLIPPED_SHARE: f32 = 0.02;
const LEVEL_DBFS: f32 = -45.0;
/// The recogniser's own threshold.
const PHRASE_SCORE: f32 = 0.5;
/// Longer or quieter recordings than this are not better.
const BEST_SPEECH_S: f32 = 10.0;
const BEST_SNR_DB: f32 = 30.0;

/// Measures the sound of a recording.
pub fn measures(sound: &[f32], activity: &Activity, least_speech_s: f32) -> Vec<Measure> {
    let quality = Quality::measure(sound, activity);
    let speech = activity.speech(sound, usize::MAX);
    // Clipped speech is hard to detect; then the whole sound is measured.
    let clipped =
        if quality.speech_s < least_speech_s { quality.clipped_share } else { voice::clipped_share(&speech) };
    vec![
        Measure::at_least("speech_seconds", quality.speech_s, least_speech_s),
        Measure::at_least("signal_to_noise_db", quality.snr_db.unwrap_or(0.0), SNR_DB),
        Measure::at_most("clipped_share", clipped, CLIPPED_SHARE),
        Measure::at_least("level_dbfs", quality.level_dbfs, LEVEL_DBFS),
    ]
}

/// Returns the phrase check as a measure.
pub fn phrase(spoken: &Judged<PhraseEvidence>) -> Measure {
    let score = spoken.as_ref().map_or(0.0, phrase_score);
    Measure::at_least("phrase", score, PHRASE_SCORE)
}

/// Returns the share of the phrase that was heard, clamped to the side of one half of the recogniser's decision.
pub fn phrase_score(spoken: &PhraseEvidence) -> f32 {
    let half = spoken.similarity / 2.0;
    let score = if spoken.said { 0.5 + half } else { half };
    clamp_to_decision(score.into(), spoken.said) as f32
}

/// Returns the reported fault of the failed measures.
pub fn fault(measures: &[Measure]) -> Option<Unjudged> {
    Unjudged::first(measures.iter().filter(|m| !m.passed()).map(fault_of))
}

fn fault_of(failed: &Measure) -> Unjudged {
    let (error, description) = match failed.property {
        "speech_seconds" if failed.value <= 0.0 => ("no_speech", "no speech was found in the sound"),
        "speech_seconds" => ("too_little_speech", "there is too little speech; say the whole phrase"),
        "signal_to_noise_db" => ("sound_noisy", "the sound is too noisy; find a quieter place"),
        "clipped_share" => ("sound_clipped", "the sound is clipped; speak less loudly or further away"),
        "level_dbfs" => ("sound_too_quiet", "the sound is too quiet; speak up or come closer"),
        _ => ("phrase_not_said", "another phrase was said than the one given"),
    };
    Unjudged::because(error, description)
}

/// Returns the weight of a recording: how much speech, and how free of noise.
pub fn quality(measures: &[Measure]) -> f64 {
    let value = |property: &str| measures.iter().find(|m| m.property == property).map_or(0.0, |m| m.value);
    let (speech, snr) = (f64::from(BEST_SPEECH_S), f64::from(BEST_SNR_DB));
    (value("speech_seconds").clamp(0.1, speech) / speech)
        * (value("signal_to_noise_db").clamp(1.0, snr) / snr)
}

/// Measures all stored recordings together.
pub fn combined(kept: &[Weighted<Voiceprint>]) -> Vec<Measure> {
    if kept.is_empty() {
        return Vec::new();
    }
    vec![Measure::at_least("speech_seconds", speech_seconds(kept), ENOUGH_SPEECH_S)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use voice::Segment;

    fn tone(amplitude: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|i| amplitude * (i as f32 * 0.3).sin()).collect()
    }

    /// Returns two seconds of speech-like sound, then one of a pause.
    fn recording(loud: f32, noise: f32) -> (Vec<f32>, Activity) {
        let sound = [tone(loud, 32_000), tone(noise, 16_000)].concat();
        (sound, Activity { segments: vec![Segment { start: 0, end: 32_000 }] })
    }

    fn error(sound: &[f32], activity: &Activity) -> Option<&'static str> {
        fault(&measures(sound, activity, 1.0)).map(|fault| fault.error)
    }

    #[test]
    fn each_fault_of_a_recording_has_its_word() {
        let (good, activity) = recording(0.2, 0.002);
        assert_eq!(error(&good, &activity), None);
        assert_eq!(error(&good, &Activity::default()), Some("no_speech"));
        let short = Activity { segments: vec![Segment { start: 0, end: 8000 }] };
        assert_eq!(error(&good[..8000], &short), Some("too_little_speech"));
        assert_eq!(error(&recording(0.2, 0.1).0, &activity), Some("sound_noisy"));
        let clipped: Vec<f32> = recording(3.0, 0.002).0.into_iter().map(|v| v.clamp(-1.0, 1.0)).collect();
        assert_eq!(error(&clipped, &activity), Some("sound_clipped"));
        assert_eq!(error(&clipped, &Activity::default()), Some("sound_clipped"));
        assert_eq!(error(&recording(0.002, 0.000_01).0, &activity), Some("sound_too_quiet"));
        let phrase = phrase(&Err(Unjudged::no_sound()));
        assert_eq!(fault(&[phrase]).unwrap().error, "phrase_not_said");
    }

    proptest! {
        #[test]
        fn more_speech_and_less_noise_never_weigh_less(a in 0f32..40.0, b in 0f32..40.0, snr in 0f32..60.0, other in 0f32..60.0) {
            let of = |s, n| quality(&[Measure::at_least("speech_seconds", s, 1.0), Measure::at_least("signal_to_noise_db", n, 10.0)]);
            prop_assert!(of(a.min(b), snr) <= of(a.max(b), snr));
            prop_assert!(of(a, snr.min(other)) <= of(a, snr.max(other)));
            prop_assert!(of(a, snr) > 0.0 && of(a, snr) <= 1.0);
        }

        #[test]
        fn a_phrase_is_said_exactly_where_the_recogniser_says_so(similarity in 0f32..=1.0, said in any::<bool>()) {
            let spoken = PhraseEvidence {
                transcript: String::new(), best: String::new(), llr: 0.0, similarity, said, method: voice::Method::Free,
            };
            prop_assert_eq!(phrase(&Ok(spoken)).passed(), said);
        }
    }
}
