//! Readers of the decoder's output that share its batch: greedy free reading, and beam search held to a grammar.

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
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = logits.iter().map(|l| (l - most).exp()).sum();
        Ok((logits, most + sum.ln()))
    }
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

    pub(crate) fn rows(&self) -> usize {
        usize::from(!self.done)
    }

    /// The log-probability of the finished reading.
    pub(crate) fn result(&self) -> Option<f32> {
        self.done.then_some(self.logp)
    }

    pub(crate) fn advance(&mut self, outlook: &Outlook<'_>) -> Result<Vec<Row>, Error> {
        if self.done {
            return Ok(Vec::new());
        }
        let (logits, total) = outlook.row(0)?;
        let best = (0..).zip(logits).max_by(|a, b| a.1.total_cmp(b.1));
        let (token, logit) = best.map_or((EOS, total), |(t, l)| (t, *l));
        self.logp += logit - total;
        self.done = token == EOS;
        if !self.done {
            self.tokens.push(token);
            self.break_loop();
        }
        Ok((0..self.rows()).map(|parent| Row { parent, token }).collect())
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
        let start = Reading { words: vec![], logp: 0.0, at: Position::Start, row: Row { parent: 0, token: 0 } };
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
        for &token in tokens.iter().take_while(|_| true) {
            if greedy.done {
                break;
            }
            greedy.tokens.push(token);
            greedy.break_loop();
        }
        greedy.tokens
    }

    #[test]
    fn a_circling_reading_ends_with_one_round() {
        let circling: Vec<Token> = [5, 6].iter().copied().chain([7, 8, 9].into_iter().cycle().take(30)).collect();
        assert_eq!(after(&circling), [5, 6, 7, 8, 9]);
    }

    #[test]
    fn words_really_said_twice_or_thrice_stay() {
        let spoken = [5, 6, 7, 5, 6, 7, 4, 8, 8, 8];
        assert_eq!(after(&spoken), spoken);
    }
}
