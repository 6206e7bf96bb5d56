use voice::{DIGITS, Error, Method, Phrase, PhraseEvidence, Reason};

use crate::{engine, fixture, heard, speech};

/// The words of the fixture (President Obama, 2015, a work of the US government); the clip ends within the last word.
const SAID: &str = "today after two years of negotiations the united states together with our international partners \
                    has achieved something";

fn score(expected: &str, vocabulary: &[&str]) -> Result<PhraseEvidence, Error> {
    let (audio, activity) = speech();
    engine().score_phrase(audio, activity, &Phrase::parse(expected), vocabulary)
}

#[test]
fn the_speech_is_written_down() {
    let (audio, activity) = speech();
    let text = engine().transcribe(audio, activity).unwrap();
    let likeness = Phrase::parse(&text).similarity(&Phrase::parse(SAID));
    assert!(likeness > 0.7, "{likeness}: {text}");
}

/// The sentences of the audiobook's reader, from the transcription published with the recordings.
const READER: [(&str, &str); 5] = [
    (
        "reader_1.wav",
        "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do for them",
    ),
    ("reader_2.wav", "he was not an ill disposed young man"),
    ("reader_3.wav", "unless to be rather cold hearted and rather selfish is to be ill disposed"),
    (
        "reader_4.wav",
        "had he married a more amiable woman he might have been made still more respectable than he was",
    ),
    ("reader_5.wav", "he might even have been made amiable himself"),
];

#[test]
fn a_reader_said_their_own_sentences_and_no_other() {
    for (file, said) in READER {
        let (audio, activity) = heard(fixture(file));
        for (_, phrase) in READER {
            let evidence = engine().score_phrase(&audio, &activity, &Phrase::parse(phrase), &[]).unwrap();
            assert_eq!(evidence.said, phrase == said, "{file}, {phrase}: {evidence:?}");
        }
    }
}

/// What lossy codecs of telephones and browsers leave of a sound.
fn coded(file: &str, options: &str, kind: &str) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let (coded, heard) = (folder.path().join(format!("coded.{kind}")), folder.path().join("heard.wav"));
    let ffmpeg = |input: &std::path::Path, options: &str, out: &std::path::Path| {
        let mut command = std::process::Command::new("ffmpeg");
        command
            .args(["-v", "error", "-nostdin", "-y", "-i"])
            .arg(input)
            .args(options.split_whitespace())
            .arg(out);
        assert!(command.status().unwrap().success());
    };
    ffmpeg(&crate::root().join("fixtures").join(file), options, &coded);
    ffmpeg(&coded, "-ac 1 -ar 16000 -c:a pcm_s16le", &heard);
    crate::read_wav(&heard)
}

#[test]
fn the_codec_of_a_recording_does_not_change_the_verdict() {
    for (options, kind) in [
        ("-ar 48000 -c:a aac -b:a 96k", "m4a"),
        ("-ar 44100 -ac 2 -c:a aac -b:a 64k", "m4a"),
        ("-ar 48000 -c:a libopus -b:a 24k", "webm"),
        ("-ar 44100 -c:a libmp3lame -b:a 64k", "mp3"),
    ] {
        for (at, (file, said)) in READER.into_iter().enumerate().skip(1).step_by(2) {
            let (audio, activity) = heard(coded(file, options, kind));
            for (phrase, is_said) in [(said, true), (READER[(at + 1) % READER.len()].1, false)] {
                let evidence = engine().score_phrase(&audio, &activity, &Phrase::parse(phrase), &[]).unwrap();
                assert_eq!(evidence.said, is_said, "{kind}, {options}, {file}, {phrase}: {evidence:?}");
            }
        }
    }
}

#[test]
fn a_phrase_that_was_not_spoken_is_rejected() {
    let truth = score(SAID, &[]).unwrap();
    assert!(truth.said && truth.method == Method::Free, "{truth:?}");
    let lie = score("my voice is my password and nobody else can say it", &[]).unwrap();
    assert!(!lie.said && lie.llr <= -10.0 && lie.similarity < 0.3, "{lie:?}");
}

#[test]
fn one_wrong_word_among_many_is_noticed() {
    let evidence = score(&SAID.replace("years", "weeks"), &[]).unwrap();
    assert!(!evidence.said && evidence.similarity > 0.8, "{evidence:?}");
}

#[test]
fn digits_that_were_not_spoken_are_rejected() {
    let evidence = score("4 7 1 9 3 0", &DIGITS).unwrap();
    assert!(!evidence.said && evidence.method == Method::Vocabulary, "{evidence:?}");
}

#[test]
fn a_phrase_that_cannot_be_checked_says_why() {
    let reason = |r: Result<PhraseEvidence, Error>| match r {
        Err(Error::CannotJudge(reason)) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(score(" ?! ", &[])), Reason::NoWords);
    assert_eq!(reason(score(&"a".repeat(100_000), &[])), Reason::PhraseTooLong);
    assert_eq!(reason(score("one banana", &DIGITS)), Reason::OutsideVocabulary);
}

#[test]
fn spoken_words_are_accepted_and_one_changed_content_word_is_not() {
    let truth = score(SAID, &[]).unwrap();
    assert!(truth.said, "{truth:?}");
    for (said, other) in [("years", "weeks"), ("states", "nations"), ("partners", "soldiers")] {
        let evidence = score(&SAID.replace(said, other), &[]).unwrap();
        assert!(!evidence.said, "{other}: {evidence:?}");
    }
}

#[test]
fn an_offset_of_the_microphone_does_not_change_the_verdict() {
    let (audio, _) = speech();
    let (shifted, activity) = crate::heard(audio.iter().map(|v| v * 0.5 + 0.2).collect());
    let evidence = engine().score_phrase(&shifted, &activity, &Phrase::parse(SAID), &[]).unwrap();
    assert!(evidence.said, "{evidence:?}");
}

#[test]
fn digits_of_another_language_are_checked_and_other_phrases_of_it_are_refused() {
    for digits in ["uno dos tres cuatro", "eins zwei drei vier", "一二三四"] {
        let evidence = score(digits, &[]).unwrap();
        assert!(!evidence.said && evidence.method == Method::Vocabulary, "{evidence:?}");
    }
    for phrase in ["мой голос мой пароль", "mi contraseña también"] {
        let refused = score(phrase, &[]);
        assert!(matches!(refused, Err(Error::CannotJudge(Reason::UnsupportedLanguage))), "{refused:?}");
    }
}
