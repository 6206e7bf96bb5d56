//! Why a service could not judge, or did not enroll: one table for every answer. Of several reasons that apply the first of the
//! table is reported: what ails the file or the clip as a whole before what came of it, and what the person can mend before what
//! they cannot. Each word has its remedy.

/// Words and what the person can do.
const TABLE: [(&str, &str); 38] = [
    // The file and the clip as a whole.
    ("sound_unreadable", "record with another app or browser"),
    ("no_sound", "allow the microphone and record again"),
    ("sound_invalid", "record again"),
    ("picture_turned", "hold the camera upright"),
    ("clip_too_short", "film at least 2 seconds, and the whole phrase"),
    ("picture_frozen", "record again"),
    // Whom it shows, and how.
    ("no_face", "show your face to the camera"),
    ("more_than_one_face", "nobody else may be in the picture"),
    ("face_too_small", "come closer"),
    ("face_not_centred", "bring your face into the middle of the picture"),
    ("face_cut_off", "bring all of your face into the picture"),
    ("face_covered", "take off what covers the face"),
    ("face_too_dark", "find more light"),
    ("face_too_bright", "avoid direct light"),
    ("face_low_contrast", "light the face evenly"),
    ("face_not_sharp", "hold still and let the camera focus"),
    ("face_turned", "look straight into the camera"),
    ("too_few_frames", "record for longer, with more light"),
    ("face_tracking_broke", "hold still and keep your face in the picture"),
    ("face_not_clear", "hold still in even light and look into the camera"),
    ("face_points_invalid", "record again"),
    // What is heard.
    ("sound_clipped", "speak less loudly or further away"),
    ("no_speech", "speak while you record"),
    ("too_little_speech", "say the whole phrase"),
    ("sound_noisy", "find a quieter place"),
    ("sound_too_quiet", "speak up or come closer"),
    ("lips_still", "say the phrase aloud, with your mouth in sight"),
    // What was asked for.
    ("phrase_not_said", "say the phrase that is shown"),
    ("phrase_without_words", "give a phrase of words"),
    ("phrase_outside_vocabulary", "give a phrase of the vocabulary"),
    ("phrase_word_unknown", "give a phrase of common words"),
    ("phrase_too_long", "give a shorter phrase"),
    ("phrase_language_unsupported", "give an English phrase, or digits"),
    // What the person cannot mend.
    ("duplicate_identity", "ask who runs this service"),
    ("another_person", "enroll under your own name, or ask who runs this service"),
    ("template_locked", "try again in an hour, or ask who runs this service"),
    ("media_replayed", "record anew"),
    ("internal_error", "try again later"),
];

/// The place of a word in the table; one that is not there comes last.
pub fn rank(error: &str) -> usize {
    TABLE.iter().position(|(word, _)| *word == error).unwrap_or(TABLE.len())
}

/// What the person can do about it.
pub fn remedy(error: &str) -> Option<&'static str> {
    TABLE.iter().find(|(word, _)| *word == error).map(|(_, remedy)| *remedy)
}

/// `what` is the matter, and the remedy; a text that has one already is left as it is.
pub fn described(error: &str, what: String) -> String {
    match remedy(error) {
        Some(remedy) if !what.contains("; ") && !what.contains(": ") => format!("{what}; {remedy}"),
        _ => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_twice_in_the_table_and_every_word_of_the_crates_is_in_it() {
        for (at, (word, remedy)) in TABLE.iter().enumerate() {
            assert_eq!(rank(word), at, "{word} twice");
            assert!(!remedy.is_empty() && !remedy.ends_with('.'));
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
    fn what_ails_the_clip_comes_before_what_came_of_it() {
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
