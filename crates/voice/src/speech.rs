//! Speech recognition: free transcription and the evidence for an expected phrase.

use std::sync::{Arc, OnceLock};

use crate::{
    Error, Language, Phrase, Reason, SAMPLE_RATE, dictionary::Dictionary, moonshine::Moonshine,
    recogniser::Scores, whisper::Whisper,
};

/// How a phrase was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Against the other words of a vocabulary.
    Vocabulary,
    /// Against any words.
    Free,
}

/// The evidence for and against the expected phrase.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct PhraseEvidence {
    /// Free transcription, as the recogniser spells it.
    pub transcript: String,
    /// The most likely words, in normal form: the expected ones, those with one word changed, or the transcript's if
    /// the phrase is unrelated.
    pub best: String,
    /// Log-likelihood ratio of the expected words to the best hypothesis, -20..=0; 0 when they are the best.
    pub llr: f32,
    /// Word-level similarity of `best` and the expected words, 0..=1.
    pub similarity: f32,
    /// The decision.
    pub said: bool,
    pub method: Method,
}

/// From here on the expected words count as spoken.
const ACCEPT_LLR: f32 = -3.0;
/// Less likely than free transcription by more than this per word (natural logarithm) counts as other words.
const ACCEPT_AGAINST_FREE: f32 = -2.2;
/// Weight of a difference of 1 from [`ACCEPT_AGAINST_FREE`] in [`PhraseEvidence::llr`].
const FREE_SCALE: f32 = 3.0;
const MIN_LLR: f32 = -20.0;
/// Within this distance of the threshold a second recogniser is used.
const UNDECIDED: std::ops::Range<f32> = -12.0..-0.5;
/// Of digits in languages other than English, at least this share must be in the free transcript, because rejection
/// of unrelated speech was not measured there.
const MIN_DIGITS_HEARD: f32 = 0.5;
/// Words in a phrase, more than anyone says in 30 s; spelling a longer one out would cost for nothing.
const MAX_PHRASE_WORDS: usize = 100;
/// The recogniser accepts up to 30 s.
pub(crate) const MAX_SAMPLES: usize = 30 * SAMPLE_RATE;

/// The recognisers.
pub(crate) struct Speech {
    moonshine: Moonshine,
    whisper: OnceLock<Whisper>,
    dictionary: Arc<Dictionary>,
    runtime: models::Runtime,
}

impl Speech {
    pub(crate) fn load(runtime: &models::Runtime) -> Result<Self, Error> {
        let dictionary = Arc::new(Dictionary::new(runtime.pack().bytes("cmudict")?)?);
        let moonshine = Moonshine::load(runtime, dictionary.clone())?;
        Ok(Self { moonshine, whisper: OnceLock::new(), dictionary, runtime: runtime.clone() })
    }

    /// Transcribes up to 30 s freely.
    pub(crate) fn transcribe(&self, audio: &[f32]) -> Result<String, Error> {
        self.moonshine.transcribe(audio)
    }

    /// Compares the expected words with the same phrase with one word changed, and with free transcription. Moonshine
    /// decodes English first; if it is undecided, the mean of both recognisers decides. Other languages use Whisper.
    pub(crate) fn score(
        &self,
        audio: &[f32],
        expected: &Phrase,
        vocabulary: &[&str],
    ) -> Result<PhraseEvidence, Error> {
        check(expected, vocabulary)?;
        let method = if vocabulary.is_empty() { Method::Free } else { Method::Vocabulary };
        let language =
            if vocabulary.is_empty() { Language::of(expected, &self.dictionary)? } else { Language::English };
        if language != Language::English {
            let digits = language.digit_words();
            let mut scores = self.whisper()?.score(audio, expected, &digits, language)?;
            let heard = Phrase::parse(&scores.transcript);
            if language.normal(expected).similarity(&language.normal(&heard)) < MIN_DIGITS_HEARD {
                scores.against_free = MIN_LLR;
            }
            return Ok(decide(expected, &scores, Method::Vocabulary));
        }
        let mut first = self.moonshine.score(audio, expected, vocabulary)?;
        if is_unrelated(expected, &Phrase::parse(&first.transcript), method) {
            first.against_free = MIN_LLR;
        }
        if !is_undecided(expected, &first) {
            return Ok(decide(expected, &first, method));
        }
        let second = self.whisper()?.score(audio, expected, vocabulary, language)?;
        Ok(decide(expected, &mean(first, &second), method))
    }

    /// Whisper is loaded on first use: a server with clear speech need not spend its memory.
    fn whisper(&self) -> Result<&Whisper, Error> {
        if let Some(loaded) = self.whisper.get() {
            return Ok(loaded);
        }
        let loaded = Whisper::load(&self.runtime, self.dictionary.clone())?;
        Ok(self.whisper.get_or_init(|| loaded))
    }
}

fn check(expected: &Phrase, vocabulary: &[&str]) -> Result<(), Reason> {
    if expected.is_empty() {
        return Err(Reason::NoWords);
    }
    let letters: usize = expected.words().iter().map(String::len).sum();
    if expected.words().len() > MAX_PHRASE_WORDS || letters > MAX_PHRASE_WORDS * 10 {
        return Err(Reason::PhraseTooLong);
    }
    let known = |w: &String| vocabulary.contains(&w.as_str());
    let inside = vocabulary.is_empty() || expected.words().iter().all(known);
    if inside { Ok(()) } else { Err(Reason::OutsideVocabulary) }
}

/// Whether free transcription has so little in common with the phrase that other words were spoken: any digits would
/// then be equally likely, and one in ten would pass.
fn is_unrelated(expected: &Phrase, heard: &Phrase, method: Method) -> bool {
    let much_longer = heard.words().len() > 2 * expected.words().len() + 2;
    much_longer || (method == Method::Vocabulary && expected.similarity(heard) <= 0.0)
}

/// Whether a second recogniser could change the decision.
fn is_undecided(expected: &Phrase, scores: &Scores) -> bool {
    UNDECIDED.contains(&evidence(scores)) && Phrase::parse(&scores.transcript) != *expected
}

/// Averages the scores; transcript and best words stay those of the first.
fn mean(first: Scores, second: &Scores) -> Scores {
    let mean = |a: f32, b: f32| f32::midpoint(a.max(MIN_LLR), b.max(MIN_LLR));
    Scores {
        against_rivals: mean(first.against_rivals, second.against_rivals),
        against_free: mean(first.against_free, second.against_free),
        ..first
    }
}

/// Returns the evidence as one number: against rivals or against free transcription, whichever speaks more against
/// the phrase.
fn evidence(scores: &Scores) -> f32 {
    let against_free = ACCEPT_LLR + (scores.against_free - ACCEPT_AGAINST_FREE) * FREE_SCALE;
    // If not even the expected words could be spelled, the difference of two infinities is not a number.
    if scores.against_rivals.is_nan() || against_free.is_nan() {
        return MIN_LLR;
    }
    scores.against_rivals.min(against_free).clamp(MIN_LLR, 0.0)
}

fn decide(expected: &Phrase, scores: &Scores, method: Method) -> PhraseEvidence {
    let heard = Phrase::parse(&scores.transcript);
    let llr = if heard == *expected { 0.0 } else { evidence(scores) };
    let said = llr > ACCEPT_LLR;
    let out_of_question = !said && scores.against_free <= ACCEPT_AGAINST_FREE;
    let best = if out_of_question { heard } else { Phrase::parse(&scores.best.join(" ")) };
    let similarity = expected.similarity(&best);
    let transcript = scores.transcript.clone();
    PhraseEvidence { transcript, best: best.to_string(), llr, similarity, said, method }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(against_rivals: f32, against_free: f32, transcript: &str) -> Scores {
        let best = vec!["open".to_owned(), "door".to_owned()];
        Scores { transcript: transcript.to_owned(), against_rivals, against_free, best }
    }

    fn said(against_rivals: f32, against_free: f32) -> bool {
        let expected = Phrase::parse("open sesame");
        decide(&expected, &scores(against_rivals, against_free, "opens"), Method::Free).said
    }

    #[test]
    fn a_likelier_word_or_a_likelier_text_speaks_against_the_phrase() {
        assert!(said(0.0, -0.5) && said(-2.0, -2.0));
        assert!(!said(-5.0, -0.5), "another word was said");
        assert!(!said(0.0, -6.0), "something else was said");
        assert!(!said(f32::NEG_INFINITY, f32::NEG_INFINITY) && !said(f32::NAN, 0.0));
    }

    #[test]
    fn a_long_text_or_one_without_any_of_the_digits_is_unrelated() {
        let unrelated =
            |heard: &str, method| is_unrelated(&Phrase::parse("4 8 2"), &Phrase::parse(heard), method);
        assert!(unrelated("you have seen", Method::Vocabulary) && !unrelated("you have seen", Method::Free));
        assert!(!unrelated("for 8 too", Method::Vocabulary));
        assert!(unrelated("a man who goes on and on about four horses", Method::Free));
    }

    #[test]
    fn a_word_for_word_transcript_is_accepted() {
        let expected = Phrase::parse("open sesame");
        let evidence = decide(&expected, &scores(-1.0, -9.0, "Open, sesame!"), Method::Free);
        assert!(evidence.said && evidence.llr == 0.0, "{evidence:?}");
    }
}
