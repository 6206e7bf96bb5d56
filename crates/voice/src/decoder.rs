//! The recognisers' decoders, step by step over a key-value cache.
//!
//! Moonshine's decoder computes the keys and values of the audio in its first call; Whisper's encoder provides them.
//! All later calls are the same: one set of the audio's keys and values for all rows of the batch, and one new token
//! per row. Cache tensors are copied only when the rows of the batch change.

use ort::{
    session::{Session, SessionInputValue},
    value::{DynValue, Tensor},
};

use crate::{Error, error::inference, tokenizer::Token};

const LAYERS: usize = 6;
const HEADS: usize = 8;
const MOONSHINE_HIDDEN: usize = 288;
const STAGE: &str = "speech recognition";

/// The source of a decoder input; indices count keys and values of all layers.
#[derive(Clone, Copy)]
enum Slot {
    Tokens,
    Sound,
    SoundMask,
    UseCache,
    Own(usize),
    Cross(usize),
}

/// The encoder's output.
pub(crate) enum Encoded {
    /// Hidden states of so many samples; the decoder computes keys and values.
    Hidden { value: DynValue, samples: usize },
    /// Keys and values of all layers.
    KeysAndValues(Vec<DynValue>),
}

/// Keys and values of the tokens so far, one row per hypothesis.
pub(crate) struct Cache {
    own: Vec<DynValue>,
    rows: usize,
    tokens: usize,
    head: usize,
}

/// The network's prediction of the next token, for each row.
pub(crate) struct Logits {
    value: DynValue,
    width: usize,
    text_tokens: usize,
}

impl Logits {
    /// Returns the logits of every text token after row `row`.
    pub(crate) fn row(&self, row: usize) -> Result<&[f32], Error> {
        let (_, all) = self.value.try_extract_tensor::<f32>().map_err(inference(STAGE))?;
        all.get(row * self.width..row * self.width + self.text_tokens)
            .ok_or(Error::BadModel("the speech decoder's output"))
    }
}

/// The tensor layout of a recogniser's decoder.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Numbers of one attention head.
    pub(crate) head: usize,
    /// Vocabulary size, and how many tokens, from the first on, are text or its end.
    pub(crate) tokens: usize,
    pub(crate) text_tokens: usize,
}

/// A running decoder session.
pub(crate) struct Decoder<'s> {
    session: &'s mut Session,
    slots: Vec<Slot>,
    layout: Layout,
    /// Keys and values of the audio, all layers.
    cross: Vec<DynValue>,
}

impl<'s> Decoder<'s> {
    pub(crate) fn new(session: &'s mut Session, layout: Layout) -> Result<Self, Error> {
        let slots: Option<_> = session.inputs().iter().map(|i| slot(i.name())).collect();
        let slots = slots.ok_or(Error::BadModel("the speech decoder"))?;
        Ok(Self { slots, session, layout, cross: Vec::new() })
    }

    /// Runs the first step with the audio and the tokens that begin every transcript.
    pub(crate) fn start(&mut self, sound: Encoded, prompt: &[Token]) -> Result<(Cache, Logits), Error> {
        let tensor = |e| inference(STAGE)(e);
        let tokens = prompt.iter().map(|t| i64::from(*t)).collect::<Vec<_>>();
        let tokens = Tensor::from_array(([1, tokens.len()], tokens)).map_err(tensor)?.into_dyn();
        let (hidden, samples, known) = match sound {
            Encoded::Hidden { value, samples } => (value, samples, Vec::new()),
            Encoded::KeysAndValues(cross) => (unused_hidden()?, 1, cross),
        };
        let mask = Tensor::from_array(([1, samples], vec![1i64; samples])).map_err(tensor)?.into_dyn();
        let fresh = Tensor::from_array(([1], vec![false])).map_err(tensor)?.into_dyn();
        let shape = [1, HEADS, 0, self.layout.head];
        let empty = Tensor::<f32>::new(self.session.allocator(), shape).map_err(tensor)?.into_dyn();
        let (own, made, logits) = self.run(|slot| match slot {
            Slot::Tokens => &tokens,
            Slot::Sound => &hidden,
            Slot::SoundMask => &mask,
            Slot::UseCache => &fresh,
            Slot::Own(_) => &empty,
            Slot::Cross(i) => known.get(i).unwrap_or(&empty),
        })?;
        self.cross = if known.is_empty() { made } else { known };
        Ok((Cache { own, rows: 1, tokens: prompt.len(), head: self.layout.head }, logits))
    }

    /// Adds one token to each row of `cache`.
    pub(crate) fn step(&mut self, cache: &Cache, next: &[Token]) -> Result<(Cache, Logits), Error> {
        let tensor = |e| inference(STAGE)(e);
        let tokens = next.iter().map(|t| i64::from(*t)).collect::<Vec<_>>();
        let tokens = Tensor::from_array(([next.len(), 1], tokens)).map_err(tensor)?.into_dyn();
        let hidden = unused_hidden()?;
        let mask = Tensor::from_array(([1, 1], vec![1i64])).map_err(tensor)?.into_dyn();
        let cached = Tensor::from_array(([1], vec![true])).map_err(tensor)?.into_dyn();
        let cross = std::mem::take(&mut self.cross);
        let (own, _, logits) = self.run(|slot| match slot {
            Slot::Tokens => &tokens,
            Slot::Sound => &hidden,
            Slot::SoundMask => &mask,
            Slot::UseCache => &cached,
            Slot::Own(i) => &cache.own[i],
            Slot::Cross(i) => &cross[i],
        })?;
        self.cross = cross;
        Ok((Cache { own, rows: next.len(), tokens: cache.tokens + 1, head: cache.head }, logits))
    }

    /// Returns keys and values of the tokens, those of the audio if the network computes them, and the logits.
    fn run<'v>(
        &mut self,
        feed: impl Fn(Slot) -> &'v DynValue,
    ) -> Result<(Vec<DynValue>, Vec<DynValue>, Logits), Error> {
        let inputs: Vec<SessionInputValue<'_>> = self.slots.iter().map(|s| feed(*s).into()).collect();
        let mut outputs = self.session.run(inputs.as_slice()).map_err(inference(STAGE))?;
        let mut present = |of: &str| -> Vec<DynValue> {
            let names =
                (0..LAYERS * 2).map(|i| format!("present.{}.{of}.{}", i / 2, ["key", "value"][i % 2]));
            names.filter_map(|name| outputs.remove(&name)).collect()
        };
        let (own, cross) = (present("decoder"), present("encoder"));
        let logits = outputs.remove("logits").filter(|_| own.len() == LAYERS * 2);
        let value = logits.ok_or(Error::BadModel("the speech decoder"))?;
        let Layout { tokens, text_tokens, .. } = self.layout;
        Ok((own, cross, Logits { value, width: tokens, text_tokens }))
    }
}

/// With a cache Moonshine's decoder reads neither the hidden states nor their mask.
fn unused_hidden() -> Result<DynValue, Error> {
    let zeros = vec![0f32; MOONSHINE_HIDDEN];
    Ok(Tensor::from_array(([1, 1, MOONSHINE_HIDDEN], zeros)).map_err(inference(STAGE))?.into_dyn())
}

impl Cache {
    /// Returns the rows `parents`, in that order, as a new cache; without a copy when they are all rows in order.
    pub(crate) fn select(self, parents: &[usize]) -> Result<Self, Error> {
        if parents.iter().copied().eq(0..self.rows) {
            return Ok(self);
        }
        let own = self.own.iter().map(|v| self.gather(v, parents)).collect::<Result<_, _>>()?;
        Ok(Self { own, rows: parents.len(), ..self })
    }

    fn gather(&self, value: &DynValue, rows: &[usize]) -> Result<DynValue, Error> {
        let (_, all) = value.try_extract_tensor::<f32>().map_err(inference(STAGE))?;
        let size = HEADS * self.tokens * self.head;
        let mut chosen = Vec::with_capacity(rows.len() * size);
        for row in rows {
            let part =
                all.get(row * size..(row + 1) * size).ok_or(Error::BadModel("the speech decoder's cache"))?;
            chosen.extend_from_slice(part);
        }
        let shape = [rows.len(), HEADS, self.tokens, self.head];
        Ok(Tensor::from_array((shape, chosen)).map_err(inference(STAGE))?.into_dyn())
    }
}

/// Parses an input name: `past_key_values.3.encoder.value` is `Cross(7)`.
fn slot(name: &str) -> Option<Slot> {
    match name {
        "input_ids" => return Some(Slot::Tokens),
        "encoder_hidden_states" => return Some(Slot::Sound),
        "encoder_attention_mask" => return Some(Slot::SoundMask),
        "use_cache_branch" => return Some(Slot::UseCache),
        _ => {}
    }
    let mut parts = name.strip_prefix("past_key_values.")?.split('.');
    let (layer, of, half) = (parts.next()?.parse::<usize>().ok()?, parts.next()?, parts.next()?);
    let index = layer * 2 + usize::from(half == "value");
    (layer < LAYERS).then_some(if of == "encoder" { Slot::Cross(index) } else { Slot::Own(index) })
}
