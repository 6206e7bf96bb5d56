//! What was said: free transcription and the evidence for an expected phrase.

use ort::value::DynValue;

use crate::{
    Error, Phrase, Reason, SAMPLE_RATE,
    beam::{Beam, Greedy, Outlook, Row},
    decoder::{self, Decoder},
    grammar::Grammar,
    pool::Pool,
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
/// A free phrase also counts as said when the transcript has this much of it.
const ACCEPT_SIMILARITY: f32 = 0.8;
/// Beyond this, the search need not go: the phrase was something else.
const FAR: f32 = 20.0;
const BEAM: usize = 6;
const EXPECTED_BEAM: usize = 3;
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
        let (free, _) = self.read(audio, &mut [])?;
        Ok(self.tokenizer.decode(&free.tokens))
    }

    /// Reads freely, as the expected words, and as any words of the vocabulary: one encoder run, one decoder batch.
    pub(crate) fn score(&self, audio: &[f32], expected: &Phrase, vocabulary: &[&str]) -> Result<PhraseEvidence, Error> {
        check(expected, vocabulary)?;
        let wanted = Grammar::fixed(&self.tokenizer, expected.words());
        let allowed = (!vocabulary.is_empty()).then(|| Grammar::any(&self.tokenizer, vocabulary));
        let mut beams = vec![Beam::new(&wanted, EXPECTED_BEAM)];
        beams.extend(allowed.as_ref().map(|g| Beam::new(g, BEAM)));
        let (free, found) = self.read(audio, &mut beams)?;
        let transcript = self.tokenizer.decode(&free.tokens);
        let evidence = match found.get(1) {
            Some((words, logp)) => {
                let best = words.iter().map(|w| vocabulary[usize::from(*w)]).collect::<Vec<_>>().join(" ");
                verdict(expected, transcript, best, found[0].1 - logp, Method::Vocabulary)
            }
            None => {
                let best = Phrase::parse(&transcript).to_string();
                verdict(expected, transcript, best, found[0].1 - free.logp, Method::Free)
            }
        };
        Ok(evidence)
    }

    /// Runs the readers to their end. Of each beam: words and log-probability of its best reading, or the bound on what
    /// it could still have reached when it was given up.
    fn read(&self, audio: &[f32], beams: &mut [Beam<'_>]) -> Result<(Greedy, Vec<(Vec<u16>, f32)>), Error> {
        let hidden = self.encoder.with(|s| decoder::encode(s, audio))?;
        self.decoder.with(|session| {
            let decoder = Decoder::new(session, self.tokenizer.len())?;
            read(decoder, &hidden, audio.len(), beams)
        })
    }
}

fn read(
    mut decoder: Decoder<'_>,
    hidden: &DynValue,
    samples: usize,
    beams: &mut [Beam<'_>],
) -> Result<(Greedy, Vec<(Vec<u16>, f32)>), Error> {
    let mut free = Greedy::new();
    let (sound, mut cache, logits) = decoder.start(hidden, samples)?;
    // All readers begin with the one row there is.
    let mut rows = advance(&mut free, beams, |_| Outlook::new(&logits, 0), |_| 0)?;
    for _ in 0..longest_reading(samples) {
        if rows.is_empty() {
            break;
        }
        let parents: Vec<usize> = rows.iter().map(|r| r.parent).collect();
        let tokens: Vec<u32> = rows.iter().map(|r| r.token).collect();
        let (next, logits) = decoder.step(&sound, &cache.select(&parents)?, &tokens)?;
        cache = next;
        rows = advance(&mut free, beams, |first| Outlook::new(&logits, first), |first| first)?;
        give_up(&free, beams, &mut rows);
    }
    let found = beams.iter().map(|b| {
        b.best().map_or_else(|| (vec![], b.bound()), |r| (r.words.clone(), r.logp))
    });
    Ok((free, found.collect()))
}

/// Advances every reader; `outlook` and `offset` say where a reader's rows lie in the batch.
fn advance<'l>(
    free: &mut Greedy,
    beams: &mut [Beam<'_>],
    outlook: impl Fn(usize) -> Outlook<'l>,
    offset: impl Fn(usize) -> usize,
) -> Result<Vec<Row>, Error> {
    let mut first = free.rows();
    let mut rows = free.advance(&outlook(0))?;
    for beam in &mut *beams {
        let count = beam.rows();
        let moved = |r: Row| Row { parent: r.parent + offset(first), ..r };
        rows.extend(beam.advance(&outlook(first))?.into_iter().map(moved));
        first += count;
    }
    Ok(rows)
}

/// Ends the search for the expected words (the first beam) once they cannot come within [`FAR`] of what was found.
fn give_up(free: &Greedy, beams: &mut [Beam<'_>], rows: &mut Vec<Row>) {
    let Some((expected, others)) = beams.split_first_mut() else { return };
    let rival = others.first().map_or_else(|| free.result(), |b| b.best().map(|r| r.logp));
    if rival.is_some_and(|found| expected.bound() < found - FAR) {
        rows.drain(free.rows()..free.rows() + expected.rows());
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
    let known = |w: &String| vocabulary.contains(&w.as_str());
    let inside = vocabulary.is_empty() || expected.words().iter().all(known);
    if inside { Ok(()) } else { Err(Reason::OutsideVocabulary) }
}

fn verdict(expected: &Phrase, transcript: String, best: String, llr: f32, method: Method) -> PhraseEvidence {
    let similarity = expected.similarity(&Phrase::parse(&best));
    let llr = if llr.is_nan() { -FAR } else { llr.clamp(-FAR, FAR) };
    let said = llr > ACCEPT_LLR || (method == Method::Free && similarity >= ACCEPT_SIMILARITY);
    PhraseEvidence { transcript, best, llr, similarity, said, method }
}
