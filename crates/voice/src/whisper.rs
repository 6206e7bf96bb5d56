//! Whisper base, for English when Moonshine is undecided, and for other languages.

use std::sync::Arc;

use ort::{session::Session, value::Tensor};

use crate::{
    Error, Phrase,
    decoder::{Encoded, Layout},
    dictionary::Dictionary,
    error::inference,
    language::Language,
    log_mel::{LogMel, MELS},
    recogniser::{Kind, Recogniser, Scores},
    tokenizer::{Coding, Token, Tokenizer},
};

/// Text tokens come first, then the end of text, then control tokens.
const END: Token = 50_257;
const BEGIN: Token = END + 1;
const TRANSCRIBE: Token = 50_359;
const NO_TIMESTAMPS: Token = 50_363;
const STAGE: &str = "speech recognition";
const KIND: Kind = Kind {
    encoder: "whisper_encoder",
    decoder: "whisper_decoder",
    layout: Layout { head: 64, tokens: 51_865, text_tokens: END as usize + 1 },
    end: END,
};

pub(crate) struct Whisper {
    recogniser: Recogniser,
    log_mel: LogMel,
}

impl Whisper {
    pub(crate) fn load(runtime: &models::Runtime, dictionary: Arc<Dictionary>) -> Result<Self, Error> {
        let tokenizer = Tokenizer::read(&runtime.pack().bytes("whisper_tokenizer")?, Coding::Bytes)?;
        if tokenizer.len() != END as usize {
            return Err(Error::BadModel("the speech tokenizer"));
        }
        let recogniser = Recogniser::load(runtime, &KIND, tokenizer, dictionary)?;
        Ok(Self { recogniser, log_mel: LogMel::new() })
    }

    pub(crate) fn score(
        &self,
        audio: &[f32],
        expected: &Phrase,
        vocabulary: &[&str],
        language: Language,
    ) -> Result<Scores, Error> {
        let prompt = [BEGIN, language.token(), TRANSCRIBE, NO_TIMESTAMPS];
        self.recogniser.score(|s| self.encode(s, audio), &prompt, audio.len(), expected, vocabulary, language)
    }

    /// Returns the keys and values of the decoder's cross-attention, all layers.
    fn encode(&self, session: &mut Session, audio: &[f32]) -> Result<Encoded, Error> {
        let failed = inference(STAGE);
        let (features, frames) = self.log_mel.features(audio);
        let mels = Tensor::from_array(([1, MELS, frames], features)).map_err(&failed)?;
        let mut outputs = session.run(ort::inputs!["mels" => mels]).map_err(&failed)?;
        let names: Vec<String> = outputs.keys().map(str::to_owned).collect();
        Ok(Encoded::KeysAndValues(names.iter().filter_map(|name| outputs.remove(name)).collect()))
    }
}
