//! The recognisers' decoders, step by step over a cache of keys and values.
//!
//! Moonshine's decoder makes the keys and values of the sound in its first call; Whisper's encoder has made them already.
//! All later calls are alike: one set of the sound's keys and values for all rows of the batch, and one new token for each
//! row. No cache tensor is copied but where the rows of the batch change.

use ort::{
    session::{Session, SessionInputValue},
    value::{DynValue, Tensor},
};

use crate::{Error, error::inference, tokenizer::Token};

const LAYERS: usize = 6;
const HEADS: usize = 8;
const MOONSHINE_HIDDEN: usize = 288;
const STAGE: &str = "speech recognition";

/// What one decoder input is to be fed with; indices count keys and values of all layers.
#[derive(Clone, Copy)]
enum Slot {
    Tokens,
    Sound,
    SoundMask,
    UseCache,
    Own(usize),
    Cross(usize),
}

/// The sound as the encoder left it.
pub(crate) enum Encoded {
    /// Hidden states of so many samples, of which the decoder makes keys and values itself.
    Hidden { value: DynValue, samples: usize },
    /// Keys and values of all layers.
    KeysAndValues(Vec<DynValue>),
}

/// Keys and values of the tokens so far, one row for each hypothesis.
pub(crate) struct Cache {
    own: Vec<DynValue>,
    rows: usize,
    tokens: usize,
    head: usize,
}

/// What the network expects next, for each row.
pub(crate) struct Logits {
    value: DynValue,
    width: usize,
    text_tokens: usize,
}

impl Logits {
    /// Logits of every text token after row `row`.
    pub(crate) fn row(&self, row: usize) -> Result<&[f32], Error> {
        let (_, all) = self.value.try_extract_tensor::<f32>().map_err(inference(STAGE))?;
        all.get(row * self.width..row * self.width + self.text_tokens)
            .ok_or(Error::BadModel("the speech decoder's output"))
    }
}

/// What tells one recogniser's decoder from another's.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Numbers of one attention head.
    pub(crate) head: usize,
    /// Tokens the network knows, and how many of them, from the first on, are text or the end of it.
    pub(crate) tokens: usize,
    pub(crate) text_tokens: usize,
}

/// One decoder session at work.
pub(crate) struct Decoder<'s> {
    session: &'s mut Session,
    slots: Vec<Slot>,
    layout: Layout,
    /// Keys and values of the sound, all layers.
    cross: Vec<DynValue>,
}

impl<'s> Decoder<'s> {
    pub(crate) fn new(session: &'s mut Session, layout: Layout) -> Result<Self, Error> {
        let slots: Option<_> = session.inputs().iter().map(|i| slot(i.name())).collect();
        let slots = slots.ok_or(Error::BadModel("the speech decoder"))?;
        Ok(Self { slots, session, layout, cross: Vec::new() })
    }

    /// The first step: takes the sound and the tokens that begin every transcript.
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

    /// One more token for each row of `cache`.
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

    /// Keys and values of the tokens, those of the sound where the network makes them, and the logits.
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
    /// The rows `parents`, in that order, as a new cache; nothing is copied when they are all the rows in order.
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

/// `past_key_values.3.encoder.value` is `Cross(7)`.
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
