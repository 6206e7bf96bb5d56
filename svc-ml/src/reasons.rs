//! Why a service could not judge, or did not enroll: one order for every response. Of several reasons the first is
//! reported: faults of the file or the clip before their consequences, and faults that the person can correct before
//! others. Each word has its remedy in the catalogue of reasons.

use scoring::catalogue::{self, Language};

/// The words, in order of priority.
const ORDER: [&str; 38] = [
    // The file and the clip as a whole.
    "sound_unreadable",
    "no_sound",
    "sound_invalid",
    "picture_turned",
    "clip_too_short",
    "picture_frozen",
    // Number and position of faces.
    "no_face",
    "more_than_one_face",
    "face_too_small",
    "face_not_centred",
    "face_cut_off",
    "face_covered",
    "face_too_dark",
    "face_too_bright",
    "face_low_contrast",
    "face_not_sharp",
    "face_turned",
    "too_few_frames",
    "face_tracking_broke",
    "face_not_clear",
    "face_points_invalid",
    // The sound.
    "sound_clipped",
    "no_speech",
    "too_little_speech",
    "sound_noisy",
    "sound_too_quiet",
    "lips_still",
    // The request.
    "phrase_not_said",
    "phrase_without_words",
    "phrase_outside_vocabulary",
    "phrase_word_unknown",
    "phrase_too_long",
    "phrase_language_unsupported",
    // Reasons that the person cannot correct.
    "duplicate_identity",
    "another_person",
    "template_locked",
    "media_replayed",
    "internal_error",
];

/// Returns the rank of a word; unknown ones come last.
pub fn rank(error: &str) -> usize {
    ORDER.iter().position(|word| *word == error).unwrap_or(ORDER.len())
}

/// Returns the remedy of a word.
pub fn remedy(error: &str) -> Option<&'static str> {
    catalogue::reason(error, Language::En)?.remedy.as_deref()
}

/// Adds the remedy to `what`, unless it has one.
pub fn described(error: &str, what: String) -> String {
    match remedy(error) {
        Some(remedy) if !what.contains("; ") && !what.contains(": ") => {
            let (first, rest) = remedy.split_at(1);
            format!("{what}; {}{rest}", first.to_ascii_lowercase())
        }
        _ => what,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::judged::Unjudged;

    #[test]
    fn no_word_is_twice_in_the_order_and_every_word_of_the_crates_is_in_it() {
        for (at, word) in ORDER.iter().enumerate() {
            assert_eq!(rank(word), at, "{word} twice");
        }
        let voice = [
            voice::Reason::NoSpeech,
            voice::Reason::TooShort { speech_s: 0.1, needed_s: 1.0 },
            voice::Reason::Clipped { share: 0.2 },
            voice::Reason::NotANumber,
            voice::Reason::NoWords,
            voice::Reason::OutsideVocabulary,
            voice::Reason::PhraseTooLong,
            voice::Reason::UnsupportedLanguage,
        ];
        let lips = [
            lips::Reason::TrackingBroke,
            lips::Reason::NotAFace,
            lips::Reason::LipsStill,
            lips::Reason::NoSpeech,
            lips::Reason::FaceSmall,
            lips::Reason::FaceTurned,
            lips::Reason::FewFrames,
            lips::Reason::NoisySound,
            lips::Reason::LittleSpeech,
            lips::Reason::NotANumber,
            lips::Reason::NoWords,
            lips::Reason::UnknownWord,
            lips::Reason::TooShort,
        ];
        let face = [face::Doubt::FaceTooSmall, face::Doubt::TooFewFrames, face::Doubt::CutOff];
        let words = voice.map(|reason| reason.code()).into_iter();
        let words = words.chain(lips.map(|reason| reason.code())).chain(face.map(|doubt| doubt.code()));
        for word in words {
            assert!(remedy(word).is_some(), "{word} has no remedy");
        }
    }

    #[test]
    fn the_catalogue_explains_these_words_and_no_others() {
        let explained: BTreeSet<&str> = catalogue::codes("capture").collect();
        assert_eq!(explained, ORDER.into_iter().collect());
        let prints = fingerprint::Reason::ALL.map(fingerprint::Reason::code);
        assert!(prints.iter().all(|word| catalogue::codes("fingerprint").any(|code| code == *word)));
    }

    proptest! {
        /// In whatever order services notice them.
        #[test]
        fn of_several_reasons_the_first_of_the_order_is_reported(
            found in prop::collection::vec(prop::sample::select(ORDER.to_vec()), 1..8)
        ) {
            let reported = Unjudged::first(found.iter().map(|word| Unjudged::because(word, "this is the matter"))).unwrap();
            prop_assert_eq!(rank(reported.error), found.iter().map(|word| rank(word)).min().unwrap());
            let remedy = remedy(reported.error).is_some_and(|remedy| !remedy.is_empty());
            prop_assert_eq!(reported.description.contains("; "), remedy);
        }
    }

    #[test]
    fn only_a_picture_that_is_not_sharp_asks_for_a_sharper_one() {
        for word in ORDER {
            let remedy = remedy(word).unwrap_or_default();
            let asks = ["sharp", "focus", "blur"].iter().any(|about| remedy.contains(about));
            assert_eq!(asks, word == "face_not_sharp", "{word}: {remedy}");
        }
    }

    #[test]
    fn a_remedy_is_added_once() {
        assert_eq!(
            described("no_face", "no face found".into()),
            "no face found; show your face to the camera"
        );
        assert_eq!(
            described("face_too_small", "the face is too small; come closer".into()),
            "the face is too small; come closer"
        );
        assert_eq!(described("unheard_of", "what".into()), "what");
    }

    #[test]
    fn a_fault_of_the_clip_is_reported_before_its_consequences() {
        for (first, then) in [
            ("clip_too_short", "face_tracking_broke"),
            ("picture_frozen", "face_tracking_broke"),
            ("picture_turned", "no_face"),
            ("face_too_dark", "face_not_sharp"),
            ("face_covered", "face_not_sharp"),
            ("sound_clipped", "sound_noisy"),
            ("sound_unreadable", "no_sound"),
        ] {
            assert!(rank(first) < rank(then), "{first} after {then}");
        }
    }
}
