//! Moonshine's two networks: the encoder, and the decoder step by step over a cache of keys and values.
//!
//! The decoder file holds two branches. The first call (no cache) makes the keys and values of the sound once; all later
//! calls take them, one set for all rows of the batch, and one new token for each row. No cache tensor is copied but
//! where the rows of the batch change.

use ort::{
    session::{Session, SessionInputValue},
    value::{DynValue, Tensor},
};

use crate::{
    Error,
    error::inference,
    tokenizer::{BOS, Token},
};

const LAYERS: usize = 6;
const HEADS: usize = 8;
const HEAD: usize = 36;
const HIDDEN: usize = 288;
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

/// The sound as the decoder sees it: keys and values of all layers.
pub(crate) struct Sound {
    cross: Vec<DynValue>,
}

/// Keys and values of the tokens so far, one row for each hypothesis.
pub(crate) struct Cache {
    own: Vec<DynValue>,
    rows: usize,
    tokens: usize,
}

/// What the network thinks comes next, for each row.
pub(crate) struct Logits {
    value: DynValue,
    width: usize,
}

impl Logits {
    /// Logits of every token after row `row`.
    pub(crate) fn row(&self, row: usize) -> Result<&[f32], Error> {
        let (_, all) = self.value.try_extract_tensor::<f32>().map_err(inference(STAGE))?;
        all.get(row * self.width..(row + 1) * self.width)
            .ok_or(Error::BadModel("the speech decoder's output"))
    }
}

/// Runs the encoder over 16 kHz sound: hidden states [1, S, 288].
pub(crate) fn encode(session: &mut Session, audio: &[f32]) -> Result<DynValue, Error> {
    let samples = Tensor::from_array(([1, audio.len()], audio.to_vec())).map_err(inference(STAGE))?;
    let mask = Tensor::from_array(([1, audio.len()], vec![1i64; audio.len()])).map_err(inference(STAGE))?;
    let inputs = ort::inputs!["input_values" => samples, "attention_mask" => mask];
    let mut outputs = session.run(inputs).map_err(inference(STAGE))?;
    outputs.remove("last_hidden_state").ok_or(Error::BadModel("the speech encoder"))
}

/// One decoder session at work.
pub(crate) struct Decoder<'s> {
    session: &'s mut Session,
    slots: Vec<Slot>,
    vocabulary: usize,
}

impl<'s> Decoder<'s> {
    pub(crate) fn new(session: &'s mut Session, vocabulary: usize) -> Result<Self, Error> {
        let slots: Option<_> = session.inputs().iter().map(|i| slot(i.name())).collect();
        Ok(Self { slots: slots.ok_or(Error::BadModel("the speech decoder"))?, session, vocabulary })
    }

    /// The first step: `hidden` from [`encode`], `samples` the length of the sound it came from.
    pub(crate) fn start(
        &mut self,
        hidden: &DynValue,
        samples: usize,
    ) -> Result<(Sound, Cache, Logits), Error> {
        let tensor = |e| inference(STAGE)(e);
        let tokens = Tensor::from_array(([1, 1], vec![i64::from(BOS)])).map_err(tensor)?.into_dyn();
        let mask = Tensor::from_array(([1, samples], vec![1i64; samples])).map_err(tensor)?.into_dyn();
        let fresh = Tensor::from_array(([1], vec![false])).map_err(tensor)?.into_dyn();
        let empty =
            Tensor::<f32>::new(self.session.allocator(), [1, HEADS, 0, HEAD]).map_err(tensor)?.into_dyn();
        let (own, cross, logits) = self.run(|slot| match slot {
            Slot::Tokens => &tokens,
            Slot::Sound => hidden,
            Slot::SoundMask => &mask,
            Slot::UseCache => &fresh,
            Slot::Own(_) | Slot::Cross(_) => &empty,
        })?;
        Ok((Sound { cross }, Cache { own, rows: 1, tokens: 1 }, logits))
    }

    /// One more token for each row of `cache`.
    pub(crate) fn step(
        &mut self,
        sound: &Sound,
        cache: &Cache,
        next: &[Token],
    ) -> Result<(Cache, Logits), Error> {
        let tensor = |e| inference(STAGE)(e);
        let tokens = next.iter().map(|t| i64::from(*t)).collect::<Vec<_>>();
        let tokens = Tensor::from_array(([next.len(), 1], tokens)).map_err(tensor)?.into_dyn();
        // With the cache this branch reads neither the hidden states nor their mask.
        let hidden = Tensor::from_array(([1, 1, HIDDEN], vec![0f32; HIDDEN])).map_err(tensor)?.into_dyn();
        let mask = Tensor::from_array(([1, 1], vec![1i64])).map_err(tensor)?.into_dyn();
        let cached = Tensor::from_array(([1], vec![true])).map_err(tensor)?.into_dyn();
        let (own, _, logits) = self.run(|slot| match slot {
            Slot::Tokens => &tokens,
            Slot::Sound => &hidden,
            Slot::SoundMask => &mask,
            Slot::UseCache => &cached,
            Slot::Own(i) => &cache.own[i],
            Slot::Cross(i) => &sound.cross[i],
        })?;
        Ok((Cache { own, rows: next.len(), tokens: cache.tokens + 1 }, logits))
    }

    fn run<'v>(
        &mut self,
        feed: impl Fn(Slot) -> &'v DynValue,
    ) -> Result<(Vec<DynValue>, Vec<DynValue>, Logits), Error> {
        let inputs: Vec<SessionInputValue<'_>> = self.slots.iter().map(|s| feed(*s).into()).collect();
        let mut outputs = self.session.run(inputs.as_slice()).map_err(inference(STAGE))?;
        let mut take = |name: String| outputs.remove(&name).ok_or(Error::BadModel("the speech decoder"));
        let mut present = |of: &str| -> Result<Vec<DynValue>, Error> {
            let names =
                (0..LAYERS * 2).map(|i| format!("present.{}.{of}.{}", i / 2, ["key", "value"][i % 2]));
            names.map(&mut take).collect()
        };
        let (own, cross) = (present("decoder")?, present("encoder")?);
        Ok((own, cross, Logits { value: take("logits".to_owned())?, width: self.vocabulary }))
    }
}

impl Cache {
    /// The rows `parents`, in that order, as a new cache; nothing is copied when they are all the rows in order.
    pub(crate) fn select(self, parents: &[usize]) -> Result<Self, Error> {
        if parents.iter().copied().eq(0..self.rows) {
            return Ok(self);
        }
        let own = self.own.iter().map(|v| gather(v, parents, self.tokens)).collect::<Result<_, _>>()?;
        Ok(Self { own, rows: parents.len(), tokens: self.tokens })
    }
}

fn gather(value: &DynValue, rows: &[usize], tokens: usize) -> Result<DynValue, Error> {
    let (_, all) = value.try_extract_tensor::<f32>().map_err(inference(STAGE))?;
    let size = HEADS * tokens * HEAD;
    let mut chosen = Vec::with_capacity(rows.len() * size);
    for row in rows {
        let part =
            all.get(row * size..(row + 1) * size).ok_or(Error::BadModel("the speech decoder's cache"))?;
        chosen.extend_from_slice(part);
    }
    let shape = [rows.len(), HEADS, tokens, HEAD];
    Ok(Tensor::from_array((shape, chosen)).map_err(inference(STAGE))?.into_dyn())
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
