//! Readers of the decoder's output: greedy free reading, and beam search held to a grammar.

use std::collections::HashMap;

use crate::{
    Error,
    decoder::Logits,
    grammar::{Grammar, Position, Word},
    tokenizer::{EOS, Token},
};

/// A row of the decoder's next batch: which row it continues and with which token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) parent: usize,
    pub(crate) token: Token,
}

/// The log-probabilities after each row of a reader; makes log-softmax once a row, on demand.
pub(crate) struct Outlook<'a> {
    logits: &'a Logits,
    first: usize,
}

impl<'a> Outlook<'a> {
    /// Of the rows from `first` on.
    pub(crate) fn new(logits: &'a Logits, first: usize) -> Self {
        Self { logits, first }
    }

    fn row(&self, row: usize) -> Result<(&'a [f32], f32), Error> {
        let logits = self.logits.row(self.first + row)?;
        Ok((logits, log_sum_exp(logits)))
    }
}

/// Numbers taken side by side, so that the compiler can use vector instructions.
const LANES: usize = 16;

/// log(sum(exp(logits))). This is done for 32,768 logits a row and step, so it must be quick: exact to about 1e-4, which
/// is far below the noise of the network's own 8-bit arithmetic.
fn log_sum_exp(logits: &[f32]) -> f32 {
    let mut most = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = logits.as_chunks::<LANES>();
    for chunk in chunks {
        for (m, l) in most.iter_mut().zip(chunk) {
            *m = if *l > *m { *l } else { *m };
        }
    }
    let most = most.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = [0f32; LANES];
    for chunk in chunks {
        for (s, l) in sum.iter_mut().zip(chunk) {
            *s += exp_below_one(l - most);
        }
    }
    let rest: f32 = rest.iter().map(|l| exp_below_one(l - most)).sum();
    most + (sum.iter().sum::<f32>() + rest).ln()
}

/// exp(x) for x <= 0 without a branch: the whole part of x / ln 2 becomes the exponent, a polynomial does the rest.
#[inline]
fn exp_below_one(x: f32) -> f32 {
    let y = (x * std::f32::consts::LOG2_E).max(-125.0);
    // Rounding down by truncation: `floor` would be a call and keep the loop scalar.
    let whole = y as i32 - 1;
    let part = y - whole as f32;
    // Least-squares polynomial of 2^part on 0..1, relative error 5.3e-6.
    let mantissa =
        1.000_005_3 + part * (0.692_974_3 + part * (0.241_508_8 + part * (0.051_989_6 + part * 0.013_511_6)));
    f32::from_bits(((whole + 127) << 23) as u32) * mantissa
}

/// Free reading, one token after the other.
pub(crate) struct Greedy {
    pub(crate) tokens: Vec<Token>,
    pub(crate) logp: f32,
    done: bool,
}

/// Loops of up to this many tokens are seen, and at this many rounds broken off.
const LONGEST_LOOP: usize = 12;
const ROUNDS: usize = 3;

impl Greedy {
    pub(crate) fn new() -> Self {
        Self { tokens: Vec::new(), logp: 0.0, done: false }
    }

    pub(crate) fn advance(&mut self, outlook: &Outlook<'_>) -> Result<Vec<Row>, Error> {
        let (logits, total) = outlook.row(0)?;
        let best =
            (0..).zip(logits).fold((EOS, f32::NEG_INFINITY), |a, (t, l)| if *l > a.1 { (t, *l) } else { a });
        let (token, logit) = best;
        self.logp += logit - total;
        self.done = token == EOS;
        if !self.done {
            self.tokens.push(token);
            self.break_loop();
        }
        Ok(if self.done { vec![] } else { vec![Row { parent: 0, token }] })
    }

    /// The recogniser may circle ("8, 8, 8, ..."): after [`ROUNDS`] equal rounds one is kept and reading ends. Short
    /// loops need more, or real repetitions would be cut: at least nine tokens.
    fn break_loop(&mut self) {
        for period in 1..=LONGEST_LOOP {
            let rounds = ROUNDS.max(9_usize.div_ceil(period));
            let Some(start) = self.tokens.len().checked_sub(period * rounds) else { continue };
            let tail = &self.tokens[start..];
            if tail.iter().zip(&tail[period..]).all(|(a, b)| a == b) {
                self.tokens.truncate(start + period);
                self.done = true;
                return;
            }
        }
    }
}

/// One reading of the sound within the grammar.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) words: Vec<Word>,
    pub(crate) logp: f32,
    at: Position,
    row: Row,
}

/// Beam search over a grammar.
pub(crate) struct Beam<'g> {
    grammar: &'g Grammar,
    width: usize,
    live: Vec<Reading>,
    best: Option<Reading>,
    reach: f32,
}

/// Readings this far behind the best (natural logarithm) are given up.
const MARGIN: f32 = 12.0;

impl<'g> Beam<'g> {
    pub(crate) fn new(grammar: &'g Grammar, width: usize) -> Self {
        let start =
            Reading { words: vec![], logp: 0.0, at: Position::Start, row: Row { parent: 0, token: 0 } };
        Self { grammar, width, live: vec![start], best: None, reach: f32::NEG_INFINITY }
    }

    pub(crate) fn rows(&self) -> usize {
        self.live.len()
    }

    /// The best complete reading so far.
    pub(crate) fn best(&self) -> Option<&Reading> {
        self.best.as_ref()
    }

    /// The best any reading can still reach: probabilities only fall from here.
    pub(crate) fn bound(&self) -> f32 {
        let live = self.live.iter().map(|r| r.logp);
        live.chain(self.best.iter().map(|b| b.logp)).fold(self.reach, f32::max)
    }

    /// Gives up; [`Beam::bound`] keeps what could still have been reached.
    pub(crate) fn stop(&mut self) {
        self.reach = self.bound();
        self.live.clear();
    }

    pub(crate) fn advance(&mut self, outlook: &Outlook<'_>) -> Result<Vec<Row>, Error> {
        let mut open: HashMap<(Vec<Word>, Position), Reading> = HashMap::new();
        for (row, reading) in self.live.iter().enumerate() {
            let (logits, total) = outlook.row(row)?;
            for step in self.grammar.moves(reading.at, reading.words.len()) {
                let logit = logits.get(step.token as usize).copied().unwrap_or(f32::NEG_INFINITY);
                let words: Vec<Word> = reading.words.iter().copied().chain(step.word).collect();
                let row = Row { parent: row, token: step.token };
                let next = Reading { words, logp: reading.logp + logit - total, at: step.to, row };
                keep_better(&mut open, next);
            }
        }
        let (ended, open): (Vec<_>, Vec<_>) = open.into_values().partition(|r| r.at == Position::End);
        self.best = self.best.take().into_iter().chain(ended).max_by(|a, b| a.logp.total_cmp(&b.logp));
        self.live = self.survivors(open);
        Ok(self.live.iter().map(|r| r.row).collect())
    }

    fn survivors(&self, mut open: Vec<Reading>) -> Vec<Reading> {
        // Ties by words and row: a hash map's order must not show in the result.
        open.sort_by(|a, b| {
            b.logp.total_cmp(&a.logp).then_with(|| a.words.cmp(&b.words)).then(a.row.token.cmp(&b.row.token))
        });
        open.truncate(self.width);
        let leader = open.first().map_or(f32::NEG_INFINITY, |r| r.logp);
        let done = self.best.as_ref().map_or(f32::NEG_INFINITY, |b| b.logp);
        open.retain(|r| r.logp > leader - MARGIN && r.logp > done);
        open
    }
}

/// Of two spellings that have read the same words and stand at the same place, the likelier goes on.
fn keep_better(open: &mut HashMap<(Vec<Word>, Position), Reading>, reading: Reading) {
    let known = open.entry((reading.words.clone(), reading.at)).or_insert_with(|| reading.clone());
    if reading.logp > known.logp {
        *known = reading;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(tokens: &[Token]) -> Vec<Token> {
        let mut greedy = Greedy::new();
        for &token in tokens {
            if greedy.done {
                break;
            }
            greedy.tokens.push(token);
            greedy.break_loop();
        }
        greedy.tokens
    }

    #[test]
    fn the_quick_sum_is_the_exact_one() {
        let logits: Vec<f32> = (0..1003).map(|i| ((i * 37) % 101) as f32 * 0.3 - 20.0).collect();
        let exact = logits.iter().map(|l| f64::from(*l).exp()).sum::<f64>().ln();
        assert!((f64::from(log_sum_exp(&logits)) - exact).abs() < 1e-4);
        assert!((log_sum_exp(&[-1e30, 5.0]) - 5.0).abs() < 1e-4);
    }

    #[test]
    fn a_circling_reading_ends_with_one_round() {
        let circling: Vec<Token> =
            [5, 6].iter().copied().chain([7, 8, 9].into_iter().cycle().take(30)).collect();
        assert_eq!(after(&circling), [5, 6, 7, 8, 9]);
    }

    #[test]
    fn words_really_said_twice_or_thrice_stay() {
        let spoken = [5, 6, 7, 5, 6, 7, 4, 8, 8, 8];
        assert_eq!(after(&spoken), spoken);
    }
}
