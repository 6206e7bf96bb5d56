use voice::{DIGITS, Error, Method, Phrase, PhraseEvidence, Reason};

use crate::{engine, speech};

/// What is said in the fixture (President Obama, 2015, a work of the US government); the clip ends within the last word.
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

#[test]
fn words_that_were_said_are_told_from_words_that_were_not() {
    let text = score("anything", &[]).unwrap().transcript;
    let truth = score(&text, &[]).unwrap();
    assert!(truth.said && truth.llr.abs() < 0.01 && truth.method == Method::Free, "{truth:?}");
    let lie = score("my voice is my password and nobody else can say it", &[]).unwrap();
    assert!(!lie.said && lie.llr <= -10.0 && lie.similarity < 0.3, "{lie:?}");
}

#[test]
fn one_wrong_word_among_many_is_noticed() {
    let text = Phrase::parse(&score("anything", &[]).unwrap().transcript);
    let wrong =
        text.words().iter().map(|w| if w == "years" { "weeks" } else { w }).collect::<Vec<_>>().join(" ");
    assert_ne!(wrong, text.to_string());
    let evidence = score(&wrong, &[]).unwrap();
    assert!(!evidence.said && evidence.similarity > 0.8, "{evidence:?}");
}

#[test]
fn digits_nobody_said_are_not_heard() {
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
fn what_was_said_is_accepted_and_one_changed_content_word_is_not() {
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
