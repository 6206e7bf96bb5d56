//! What was said: free transcription and the evidence for an expected phrase.

use ort::value::DynValue;

use models::Pool;

use crate::{
    Error, Phrase, Reason, SAMPLE_RATE,
    beam::{Beam, Greedy, Outlook, Row},
    decoder::{self, Decoder, Logits},
    grammar::Grammar,
    tokenizer::Tokenizer,
};

/// How a phrase was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Against every sequence of the vocabulary's words.
    Vocabulary,
    /// Against free transcription.
    Free,
}

/// What speaks for and against the expected phrase.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct PhraseEvidence {
    /// Free transcription, as the recogniser spells it.
    pub transcript: String,
    /// The most likely allowed words, in normal form (free phrases: the transcript's words).
    pub best: String,
    /// log P(expected) - log P(best allowed), natural logarithm, -20..=20; about 0 when the expected words are the best.
    pub llr: f32,
    /// Word-level likeness of `best` and the expected words, 0..=1.
    pub similarity: f32,
    /// The decision.
    pub said: bool,
    pub method: Method,
}

/// From here on the expected words count as said.
const ACCEPT_LLR: f32 = -3.0;
/// The same for free phrases, where the rival may be any text: of all readings the recogniser's favourite.
const ACCEPT_FREE_LLR: f32 = -6.0;
/// Beyond this, the search need not go: the phrase was something else.
const FAR: f32 = 20.0;
const BEAM: usize = 6;
const EXPECTED_BEAM: usize = 3;
/// Words in a phrase, more than anyone says in 30 s; spelling a longer one out would cost for nothing.
const LONGEST_PHRASE: usize = 100;
/// The recogniser was made for up to 30 s.
pub(crate) const LONGEST: usize = 30 * SAMPLE_RATE;

/// Moonshine, loaded.
pub(crate) struct Recogniser {
    encoder: Pool,
    decoder: Pool,
    tokenizer: Tokenizer,
}

impl Recogniser {
    pub(crate) fn load(runtime: &models::Runtime) -> Result<Self, Error> {
        Ok(Self {
            encoder: Pool::load(runtime, "moonshine_encoder")?,
            decoder: Pool::load(runtime, "moonshine_decoder")?,
            tokenizer: Tokenizer::read(&runtime.pack().bytes("moonshine_tokenizer")?)?,
        })
    }

    /// Free transcription of up to 30 s.
    pub(crate) fn transcribe(&self, audio: &[f32]) -> Result<String, Error> {
        let hidden = self.encoder.with(|s| decoder::encode(s, audio))?;
        self.decoder.with(|session| {
            let free = read_freely(&mut Decoder::new(session, self.tokenizer.len())?, &hidden, audio.len())?;
            Ok(self.tokenizer.decode(&free.tokens))
        })
    }

    /// Reads freely first: when that already gives the expected words nothing allowed is likelier (measured on all 150
    /// such recordings), and the search is spared. Otherwise the expected words and any words of the vocabulary are
    /// searched side by side in one batch. The encoder runs once.
    pub(crate) fn score(
        &self,
        audio: &[f32],
        expected: &Phrase,
        vocabulary: &[&str],
    ) -> Result<PhraseEvidence, Error> {
        check(expected, vocabulary)?;
        let method = if vocabulary.is_empty() { Method::Free } else { Method::Vocabulary };
        let hidden = self.encoder.with(|s| decoder::encode(s, audio))?;
        self.decoder.with(|session| {
            let mut decoder = Decoder::new(session, self.tokenizer.len())?;
            let free = read_freely(&mut decoder, &hidden, audio.len())?;
            let transcript = self.tokenizer.decode(&free.tokens);
            let heard = Phrase::parse(&transcript);
            if heard == *expected {
                return Ok(verdict(expected, transcript, heard.to_string(), 0.0, method));
            }
            let wanted = Grammar::fixed(&self.tokenizer, expected.words());
            let any = (method == Method::Vocabulary).then(|| Grammar::any(&self.tokenizer, vocabulary));
            let mut beams = vec![Beam::new(&wanted, EXPECTED_BEAM)];
            beams.extend(any.as_ref().map(|g| Beam::new(g, BEAM)));
            search(&mut decoder, &hidden, audio.len(), &mut beams, free.logp)?;
            let wanted = beams[0].bound();
            Ok(match beams.get(1).and_then(Beam::best) {
                Some(best) => {
                    let words: Vec<&str> = best.words.iter().map(|w| vocabulary[usize::from(*w)]).collect();
                    verdict(expected, transcript, words.join(" "), wanted - best.logp, method)
                }
                None => verdict(expected, transcript, heard.to_string(), wanted - free.logp, method),
            })
        })
    }
}

fn read_freely(decoder: &mut Decoder<'_>, hidden: &DynValue, samples: usize) -> Result<Greedy, Error> {
    let mut free = Greedy::new();
    decode(decoder, hidden, samples, |logits, _| free.advance(&Outlook::new(logits, 0)))?;
    Ok(free)
}

/// Runs all beams to their end, or until the first, the expected words, is too far behind: behind the best of the second,
/// or without one behind `free`, the likelihood of free reading.
fn search(
    decoder: &mut Decoder<'_>,
    hidden: &DynValue,
    samples: usize,
    beams: &mut [Beam<'_>],
    free: f32,
) -> Result<(), Error> {
    decode(decoder, hidden, samples, |logits, begin| {
        let mut rows = Vec::new();
        let mut first = 0;
        for beam in &mut *beams {
            let count = beam.rows();
            // All beams begin with the one row there is.
            let offset = if begin { 0 } else { first };
            let moved = |r: Row| Row { parent: r.parent + offset, ..r };
            rows.extend(beam.advance(&Outlook::new(logits, offset))?.into_iter().map(moved));
            first += count;
        }
        give_up(beams, free, &mut rows);
        Ok(rows)
    })
}

/// Steps the decoder for as long as `advance` (which gets the logits and whether they are the first) wants rows.
fn decode(
    decoder: &mut Decoder<'_>,
    hidden: &DynValue,
    samples: usize,
    mut advance: impl FnMut(&Logits, bool) -> Result<Vec<Row>, Error>,
) -> Result<(), Error> {
    let (sound, mut cache, logits) = decoder.start(hidden, samples)?;
    let mut rows = advance(&logits, true)?;
    for _ in 0..longest_reading(samples) {
        if rows.is_empty() {
            break;
        }
        let parents: Vec<usize> = rows.iter().map(|r| r.parent).collect();
        let tokens: Vec<u32> = rows.iter().map(|r| r.token).collect();
        let (next, logits) = decoder.step(&sound, &cache.select(&parents)?, &tokens)?;
        cache = next;
        rows = advance(&logits, false)?;
    }
    Ok(())
}

/// Ends the search for the expected words (the first beam) once they cannot come within [`FAR`] of what was found.
fn give_up(beams: &mut [Beam<'_>], free: f32, rows: &mut Vec<Row>) {
    let Some((expected, others)) = beams.split_first_mut() else { return };
    let rival = others.first().map_or(Some(free), |b| b.best().map(|r| r.logp));
    if rival.is_some_and(|found| expected.bound() < found - FAR) {
        rows.drain(..expected.rows());
        expected.stop();
    }
}

/// Tokens that fit into this much sound; the recogniser's own bound is 6.5 a second.
fn longest_reading(samples: usize) -> usize {
    samples * 13 / (2 * SAMPLE_RATE) + 8
}

fn check(expected: &Phrase, vocabulary: &[&str]) -> Result<(), Reason> {
    if expected.is_empty() {
        return Err(Reason::NoWords);
    }
    let letters: usize = expected.words().iter().map(String::len).sum();
    if expected.words().len() > LONGEST_PHRASE || letters > LONGEST_PHRASE * 10 {
        return Err(Reason::PhraseTooLong);
    }
    let known = |w: &String| vocabulary.contains(&w.as_str());
    let inside = vocabulary.is_empty() || expected.words().iter().all(known);
    if inside { Ok(()) } else { Err(Reason::OutsideVocabulary) }
}

fn verdict(expected: &Phrase, transcript: String, best: String, llr: f32, method: Method) -> PhraseEvidence {
    let similarity = expected.similarity(&Phrase::parse(&best));
    let llr = if llr.is_nan() { -FAR } else { llr.clamp(-FAR, FAR) };
    let said = match method {
        Method::Vocabulary => llr > ACCEPT_LLR,
        Method::Free => llr > ACCEPT_FREE_LLR || similarity == 1.0,
    };
    PhraseEvidence { transcript, best, llr, similarity, said, method }
}
