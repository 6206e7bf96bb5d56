//! Decoding strategies: greedy free transcription, and the search among the hypotheses of a phrase.

use std::collections::{BTreeMap, HashMap};

use crate::{
    Error,
    decoder::Logits,
    grammar::{Change, Grammar, State},
    tokenizer::Token,
};

/// A row of the decoder's next batch: the row it continues, and its token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) parent: usize,
    pub(crate) token: Token,
}

/// The log-probabilities after each row; computes log-softmax once per row, on demand.
pub(crate) struct Outlook<'a> {
    logits: &'a Logits,
    first: usize,
}

impl<'a> Outlook<'a> {
    /// Takes the rows from `first` on.
    pub(crate) fn new(logits: &'a Logits, first: usize) -> Self {
        Self { logits, first }
    }

    fn row(&self, row: usize) -> Result<(&'a [f32], f32), Error> {
        let logits = self.logits.row(self.first + row)?;
        Ok((logits, log_sum_exp(logits)))
    }
}

/// Numbers processed side by side, so that the compiler can use vector instructions.
const SIMD_WIDTH: usize = 16;

/// log(sum(exp(logits))). It runs over all logits of every row and step, so it must be fast: accurate to about 1e-4,
/// far below the noise of the network's 8-bit arithmetic.
fn log_sum_exp(logits: &[f32]) -> f32 {
    let mut most = [f32::NEG_INFINITY; SIMD_WIDTH];
    let (chunks, rest) = logits.as_chunks::<SIMD_WIDTH>();
    for chunk in chunks {
        for (m, l) in most.iter_mut().zip(chunk) {
            *m = if *l > *m { *l } else { *m };
        }
    }
    let most = most.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = [0f32; SIMD_WIDTH];
    for chunk in chunks {
        for (s, l) in sum.iter_mut().zip(chunk) {
            *s += exp_below_one(l - most);
        }
    }
    let rest: f32 = rest.iter().map(|l| exp_below_one(l - most)).sum();
    most + (sum.iter().sum::<f32>() + rest).ln()
}

/// exp(x) for x <= 0 without a branch: the integer part of x / ln 2 becomes the exponent, a polynomial does the rest.
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

/// log(exp(a) + exp(b)).
fn log_add(a: f32, b: f32) -> f32 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f32::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// Free transcription, one token at a time.
pub(crate) struct Greedy {
    pub(crate) tokens: Vec<Token>,
    pub(crate) logp: f32,
    end: Token,
    done: bool,
}

/// Longest repeated sequence in tokens that is detected, and the number of rounds after which decoding stops.
const LONGEST_LOOP: usize = 12;
const ROUNDS: usize = 3;

impl Greedy {
    pub(crate) fn new(end: Token) -> Self {
        Self { tokens: Vec::new(), logp: 0.0, end, done: false }
    }

    pub(crate) fn rows(&self) -> usize {
        usize::from(!self.done)
    }

    pub(crate) fn advance(&mut self, outlook: &Outlook<'_>) -> Result<Vec<Row>, Error> {
        if self.done {
            return Ok(Vec::new());
        }
        let (logits, total) = outlook.row(0)?;
        let best = (0..)
            .zip(logits)
            .fold((self.end, f32::NEG_INFINITY), |a, (t, l)| if *l > a.1 { (t, *l) } else { a });
        let (token, logit) = best;
        self.logp += logit - total;
        self.done = token == self.end;
        if !self.done {
            self.tokens.push(token);
            self.break_loop();
        }
        Ok(if self.done { vec![] } else { vec![Row { parent: 0, token }] })
    }

    /// Stops a repetition ("8, 8, 8, ..."): after [`ROUNDS`] equal rounds one is kept and decoding ends. Short
    /// sequences need more, at least nine tokens, or real repetitions would be cut.
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

/// One hypothesis about the audio so far.
#[derive(Clone, Copy)]
struct Hypothesis {
    state: State,
    /// log of the summed probability of all spellings of this hypothesis.
    mass: f32,
    /// That of the likeliest spelling, whose row continues for all.
    lead: f32,
    row: Row,
}

/// Hypotheses kept at each step: of the expected words, and of all others.
const EXPECTED_WIDTH: usize = 8;
const RIVAL_WIDTH: usize = 16;
/// Rivals this far behind the best (natural logarithm) are dropped.
const MARGIN: f32 = 12.0;

/// Search over the hypotheses of a phrase. Spellings of the same words are summed.
pub(crate) struct Search<'g> {
    grammar: &'g Grammar<'g>,
    live: Vec<Hypothesis>,
    ended: BTreeMap<Change, f32>,
}

impl<'g> Search<'g> {
    pub(crate) fn new(grammar: &'g Grammar<'g>) -> Self {
        let row = Row { parent: 0, token: 0 };
        let start = Hypothesis { state: State::START, mass: 0.0, lead: 0.0, row };
        Self { grammar, live: vec![start], ended: BTreeMap::new() }
    }

    /// Returns log P of each completed hypothesis, spellings summed.
    pub(crate) fn ended(&self) -> &BTreeMap<Change, f32> {
        &self.ended
    }

    /// Returns the upper bound of the expected words' probability: it only falls from here.
    pub(crate) fn expected_bound(&self) -> f32 {
        let live = self.live.iter().filter(|h| h.state.change == Change::None).map(|h| h.mass);
        live.chain(self.ended.get(&Change::None).copied()).fold(f32::NEG_INFINITY, log_add)
    }

    pub(crate) fn advance(&mut self, outlook: &Outlook<'_>) -> Result<Vec<Row>, Error> {
        let mut next: HashMap<State, Hypothesis> = HashMap::new();
        for (row, hypothesis) in self.live.iter().enumerate() {
            let (logits, total) = outlook.row(row)?;
            for step in self.grammar.moves(hypothesis.state, logits) {
                let logit = logits.get(step.token as usize).copied().unwrap_or(f32::NEG_INFINITY);
                let gain = logit - total;
                let (mass, lead) = (hypothesis.mass + gain, hypothesis.lead + gain);
                let row = Row { parent: row, token: step.token };
                add(&mut next, Hypothesis { state: step.to, mass, lead, row });
            }
        }
        for (state, hypothesis) in next.extract_if(|state, _| state.is_end()) {
            let sum = self.ended.entry(state.change).or_insert(f32::NEG_INFINITY);
            *sum = log_add(*sum, hypothesis.mass);
        }
        self.keep_likeliest(next.into_values().collect());
        Ok(self.live.iter().map(|h| h.row).collect())
    }

    fn keep_likeliest(&mut self, mut next: Vec<Hypothesis>) {
        // Ties are sorted by state: the order of a hash map differs from run to run.
        next.sort_unstable_by(|a, b| b.mass.total_cmp(&a.mass).then_with(|| a.state.cmp(&b.state)));
        let best = next.iter().map(|h| h.mass).chain(self.ended.values().copied());
        let least = best.fold(f32::NEG_INFINITY, f32::max) - MARGIN;
        let (mut expected, mut rivals) = (0, 0);
        next.retain(|h| {
            let (count, width, likely) = match h.state.change {
                Change::None => (&mut expected, EXPECTED_WIDTH, true),
                _ => (&mut rivals, RIVAL_WIDTH, h.mass >= least),
            };
            *count += usize::from(likely);
            likely && *count <= width
        });
        self.live = next;
    }
}

fn add(all: &mut HashMap<State, Hypothesis>, new: Hypothesis) {
    all.entry(new.state)
        .and_modify(|known| {
            known.mass = log_add(known.mass, new.mass);
            if new.lead > known.lead {
                (known.lead, known.row) = (new.lead, new.row);
            }
        })
        .or_insert(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the remainder of a test recording that says `tokens`.
    fn after(tokens: &[Token]) -> Vec<Token> {
        let mut greedy = Greedy::new(0);
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
        assert!((log_add(-1.0, -2.0) - ((-1f32).exp() + (-2f32).exp()).ln()).abs() < 1e-6);
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
