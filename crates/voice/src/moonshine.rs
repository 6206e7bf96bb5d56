//! Moonshine tiny, for English.

use std::sync::Arc;

use ort::{session::Session, value::Tensor};

use crate::{
    Error, Phrase,
    decoder::{Encoded, Layout},
    dictionary::Dictionary,
    error::inference,
    language::Language,
    recogniser::{Kind, Recogniser, Scores},
    tokenizer::{Coding, Token, Tokenizer},
};

const BEGIN: Token = 1;
const KIND: Kind = Kind {
    encoder: "moonshine_encoder",
    decoder: "moonshine_decoder",
    layout: Layout { head: 36, tokens: 32_768, text_tokens: 32_768 },
    end: 2,
};

pub(crate) struct Moonshine(Recogniser);

impl Moonshine {
    pub(crate) fn load(runtime: &models::Runtime, dictionary: Arc<Dictionary>) -> Result<Self, Error> {
        let tokens = runtime.pack().bytes("moonshine_tokenizer")?;
        let tokenizer = Tokenizer::read(&tokens, Coding::Characters)?;
        if tokenizer.len() != KIND.layout.tokens {
            return Err(Error::BadModel("the speech tokenizer"));
        }
        Ok(Self(Recogniser::load(runtime, &KIND, tokenizer, dictionary)?))
    }

    pub(crate) fn transcribe(&self, audio: &[f32]) -> Result<String, Error> {
        self.0.transcribe(|session| encode(session, audio), &[BEGIN], audio.len())
    }

    pub(crate) fn score(
        &self,
        audio: &[f32],
        expected: &Phrase,
        vocabulary: &[&str],
    ) -> Result<Scores, Error> {
        self.0.score(
            |session| encode(session, audio),
            &[BEGIN],
            audio.len(),
            expected,
            vocabulary,
            Language::English,
        )
    }
}

/// Runs the encoder over 16 kHz audio: hidden states [1, S, 288].
fn encode(session: &mut Session, audio: &[f32]) -> Result<Encoded, Error> {
    let failed = inference("speech recognition");
    let samples = Tensor::from_array(([1, audio.len()], audio.to_vec())).map_err(&failed)?;
    let mask = Tensor::from_array(([1, audio.len()], vec![1i64; audio.len()])).map_err(&failed)?;
    let inputs = ort::inputs!["input_values" => samples, "attention_mask" => mask];
    let mut outputs = session.run(inputs).map_err(&failed)?;
    let value = outputs.remove("last_hidden_state").ok_or(Error::BadModel("the speech encoder"))?;
    Ok(Encoded::Hidden { value, samples: audio.len() })
}
