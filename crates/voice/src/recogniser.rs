//! One speech recogniser: an encoder, a decoder and their tokens.

use std::sync::Arc;

use models::Pool;

use crate::{
    Error, Phrase, SAMPLE_RATE,
    decoder::{Decoder, Encoded, Layout, Logits},
    dictionary::Dictionary,
    grammar::{Change, Grammar},
    language::Language,
    rivals::WholeWords,
    search::{Greedy, Outlook, Row, Search},
    tokenizer::{Token, Tokenizer},
};

/// The expected words are abandoned when further behind free transcription than this (natural logarithm per word).
const GIVE_UP_PER_WORD: f32 = 10.0;

/// The parts of a recogniser beside its networks.
pub(crate) struct Kind {
    pub(crate) encoder: &'static str,
    pub(crate) decoder: &'static str,
    pub(crate) layout: Layout,
    pub(crate) end: Token,
}

pub(crate) struct Recogniser {
    pub(crate) kind: &'static Kind,
    encoder: Pool,
    decoder: Pool,
    pub(crate) tokenizer: Tokenizer,
    words: WholeWords,
}

/// Scores of one recogniser for a phrase; all are natural logarithms.
#[derive(Clone, Debug)]
pub(crate) struct Scores {
    /// Free transcription.
    pub(crate) transcript: String,
    /// log P(expected) - log P(best hypothesis of equally many words, including the expected one), at most 0.
    pub(crate) against_rivals: f32,
    /// (log P(expected) - log P(free transcription)) per word.
    pub(crate) against_free: f32,
    /// The words of the best hypothesis.
    pub(crate) best: Vec<String>,
}

impl Recogniser {
    pub(crate) fn load(
        runtime: &models::Runtime,
        kind: &'static Kind,
        tokenizer: Tokenizer,
        dictionary: Arc<Dictionary>,
    ) -> Result<Self, Error> {
        let words = WholeWords::new(&tokenizer, dictionary);
        let (encoder, decoder) = (Pool::load(runtime, kind.encoder)?, Pool::load(runtime, kind.decoder)?);
        Ok(Self { kind, encoder, decoder, tokenizer, words })
    }

    /// Transcribes freely. `encode` converts `samples` samples of audio to the decoder's input.
    pub(crate) fn transcribe(
        &self,
        encode: impl FnOnce(&mut ort::session::Session) -> Result<Encoded, Error>,
        prompt: &[Token],
        samples: usize,
    ) -> Result<String, Error> {
        let sound = self.encoder.with(encode)?;
        let mut free = Greedy::new(self.kind.end);
        self.decode(sound, prompt, samples, |logits, _| free.advance(&Outlook::new(logits, 0)))?;
        Ok(self.tokenizer.decode(&free.tokens))
    }

    /// Decodes freely and among the hypotheses of the phrase, both in one batch.
    pub(crate) fn score(
        &self,
        encode: impl FnOnce(&mut ort::session::Session) -> Result<Encoded, Error>,
        prompt: &[Token],
        samples: usize,
        expected: &Phrase,
        vocabulary: &[&str],
        language: Language,
    ) -> Result<Scores, Error> {
        let places = self.words.places(expected, vocabulary, language);
        let named: Vec<Vec<String>> =
            places.iter().map(|p| p.rivals.iter().map(|r| r.word.clone()).collect()).collect();
        let spaced = language.is_spaced();
        let grammar = Grammar::new(&self.tokenizer, self.kind.end, spaced, &self.words, places);
        let sound = self.encoder.with(encode)?;
        let (mut free, mut search) = (Greedy::new(self.kind.end), Search::new(&grammar));
        let words = expected.words().len() as f32;
        self.decode(sound, prompt, samples, |logits, begin| {
            let after = if begin { 0 } else { free.rows() };
            let moved = |r: Row| Row { parent: r.parent + after, ..r };
            let others = search.advance(&Outlook::new(logits, after))?;
            let mut rows = free.advance(&Outlook::new(logits, 0))?;
            if free.rows() == 0 && search.expected_bound() < free.logp - GIVE_UP_PER_WORD * words {
                return Ok(Vec::new());
            }
            rows.extend(others.into_iter().map(moved));
            Ok(rows)
        })?;
        let wanted = search.expected_bound();
        let rival = search.ended().iter().map(|(change, p)| (*change, p - grammar.tolerance(*change)));
        let best = rival.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|best| best.1 > wanted);
        let best = best.unwrap_or((Change::None, wanted));
        Ok(Scores {
            transcript: self.tokenizer.decode(&free.tokens),
            against_rivals: wanted - best.1,
            against_free: (wanted - free.logp) / words,
            best: self.changed(expected.words(), &named, best.0),
        })
    }

    /// Returns the words of a hypothesis.
    fn changed(&self, expected: &[String], named: &[Vec<String>], change: Change) -> Vec<String> {
        let mut words = expected.to_vec();
        match change {
            Change::None | Change::Pending => {}
            Change::Word { slot, word } => {
                words[usize::from(slot)].clone_from(&named[usize::from(slot)][usize::from(word)]);
            }
            Change::Heard { slot, sound } => words[usize::from(slot)] = self.words.name(sound).to_owned(),
            Change::Dropped { slot } => drop(words.remove(usize::from(slot))),
            Change::Repeated { slot } => words.insert(usize::from(slot), expected[usize::from(slot)].clone()),
        }
        words
    }

    /// Steps the decoder for as long as `advance` (which gets the logits and whether they are the first) returns rows.
    fn decode(
        &self,
        sound: Encoded,
        prompt: &[Token],
        samples: usize,
        mut advance: impl FnMut(&Logits, bool) -> Result<Vec<Row>, Error>,
    ) -> Result<(), Error> {
        self.decoder.with(|session| {
            let mut decoder = Decoder::new(session, self.kind.layout)?;
            let (mut cache, logits) = decoder.start(sound, prompt)?;
            let mut rows = advance(&logits, true)?;
            for _ in 0..longest_reading(samples) {
                if rows.is_empty() {
                    break;
                }
                let parents: Vec<usize> = rows.iter().map(|r| r.parent).collect();
                let tokens: Vec<u32> = rows.iter().map(|r| r.token).collect();
                let (next, logits) = decoder.step(&cache.select(&parents)?, &tokens)?;
                cache = next;
                rows = advance(&logits, false)?;
            }
            Ok(())
        })
    }
}

/// Returns the tokens that fit into this much audio; Moonshine's own bound is 6.5 per second.
fn longest_reading(samples: usize) -> usize {
    samples * 13 / (2 * SAMPLE_RATE) + 8
}
