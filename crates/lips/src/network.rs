//! Words as chains of phones, and the best path of frame emissions through them (Viterbi).

use std::ops::Range;

/// Pronunciations of one word, each a chain of emission indices.
pub(crate) type Word = Vec<Vec<usize>>;

const SILENCE: usize = 0;
/// The score of an impossible path; far below any clip's log-likelihood, far above the limit of `f32`.
const NEVER: f32 = -1e9;

struct State {
    phone: usize,
    /// Predecessors besides itself; all come earlier in the list.
    after: Vec<usize>,
    /// Its word, as (slot, number in the slot).
    word: Option<(usize, usize)>,
    begins: bool,
}

/// One word from each slot in order; silence may be before, between and after them.
pub(crate) struct Network {
    states: Vec<State>,
    ends: Vec<usize>,
}

/// The best path: log-likelihood of all frames, for each slot the word's number in it, and its frames.
#[derive(Debug, PartialEq)]
pub(crate) struct Path {
    pub(crate) log_likelihood: f32,
    pub(crate) words: Vec<usize>,
    pub(crate) spans: Vec<Range<usize>>,
}

impl Network {
    /// Builds the network; `slots` lists each slot's alternatives.
    pub(crate) fn new(slots: &[Vec<&Word>]) -> Self {
        let mut network = Self { states: Vec::new(), ends: Vec::new() };
        network.ends = vec![network.add(SILENCE, Vec::new(), None, true)];
        for (place, words) in slots.iter().enumerate() {
            let before = std::mem::take(&mut network.ends);
            let chains = words
                .iter()
                .enumerate()
                .flat_map(|(number, word)| word.iter().map(move |chain| (number, chain)));
            let tails: Vec<usize> =
                chains.map(|(number, chain)| network.add_chain(chain, &before, (place, number))).collect();
            let pause = network.add(SILENCE, tails.clone(), None, false);
            network.ends = tails;
            network.ends.push(pause);
        }
        network
    }

    fn add(&mut self, phone: usize, after: Vec<usize>, word: Option<(usize, usize)>, begins: bool) -> usize {
        self.states.push(State { phone, after, word, begins });
        self.states.len() - 1
    }

    /// Returns the last state.
    fn add_chain(&mut self, chain: &[usize], before: &[usize], word: (usize, usize)) -> usize {
        let mut after = before.to_vec();
        for (i, phone) in chain.iter().enumerate() {
            // Only the first slot's words may open a path.
            after = vec![self.add(*phone, after, Some(word), i == 0 && word.0 == 0)];
        }
        after.last().copied().unwrap_or(0)
    }

    /// Returns the best path over `emissions` (one row of log-likelihoods per frame); `None` when there are too few
    /// frames.
    pub(crate) fn best_path(&self, emissions: &[&[f32]]) -> Option<Path> {
        let first = emissions.first()?;
        let opening = |s: &State| if s.begins { first[s.phone] } else { NEVER };
        let mut scores: Vec<f32> = self.states.iter().map(opening).collect();
        let mut back: Vec<Vec<usize>> = Vec::with_capacity(emissions.len());
        for row in &emissions[1..] {
            let (next, from) = self.step(&scores, row);
            scores = next;
            back.push(from);
        }
        let end = *self.ends.iter().reduce(|a, b| if scores[*b] > scores[*a] { b } else { a })?;
        (scores[end] > NEVER / 2.0).then(|| {
            let (words, spans) = self.words_to(end, &back).into_iter().unzip();
            Path { log_likelihood: scores[end], words, spans }
        })
    }

    /// Advances one frame: each state's best score and its predecessor.
    fn step(&self, scores: &[f32], row: &[f32]) -> (Vec<f32>, Vec<usize>) {
        let best = |(i, state): (usize, &State)| {
            let from = state
                .after
                .iter()
                .copied()
                .fold(i, |best, s| if scores[s] > scores[best] { s } else { best });
            ((scores[from] + row[state.phone]).max(NEVER), from)
        };
        self.states.iter().enumerate().map(best).unzip()
    }

    /// Returns each slot's word and its frames on the path that ends in state `end`.
    fn words_to(&self, end: usize, back: &[Vec<usize>]) -> Vec<(usize, Range<usize>)> {
        let mut states = vec![end];
        for from in back.iter().rev() {
            states.push(from[states[states.len() - 1]]);
        }
        let words =
            states.iter().rev().enumerate().filter_map(|(frame, s)| Some((frame, self.states[*s].word?)));
        let words: Vec<_> = words.collect();
        let one_word = words.chunk_by(|(_, a), (_, b)| a == b);
        one_word.map(|w| (w[0].1.1, w[0].0..w[w.len() - 1].0 + 1)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PHONES: usize = 5;

    /// Returns frames that clearly show these phones.
    fn showing(phones: &[usize]) -> Vec<Vec<f32>> {
        phones.iter().map(|p| (0..PHONES).map(|k| if k == *p { -0.1 } else { -5.0 }).collect()).collect()
    }

    fn path(slots: &[Vec<&Word>], frames: &[Vec<f32>]) -> Option<Path> {
        Network::new(slots).best_path(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn words() -> [Word; 3] {
        [vec![vec![1, 2]], vec![vec![3, 2], vec![4]], vec![vec![2, 1]]]
    }

    #[test]
    fn the_words_shown_are_read_with_and_without_pauses() {
        let [a, b, c] = &words();
        let slot = vec![a, b, c];
        for frames in [&[0, 1, 2, 0, 3, 2, 2, 1, 0][..], &[1, 1, 2, 3, 2, 0, 0, 2, 1], &[1, 2, 4, 4, 4, 2, 1]]
        {
            let got = path(&[slot.clone(), slot.clone(), slot.clone()], &showing(frames)).unwrap();
            assert_eq!(got.words, [0, 1, 2]);
            assert!((got.log_likelihood + 0.1 * frames.len() as f32).abs() < 1e-4);
        }
    }

    #[test]
    fn words_have_their_frames() {
        let [a, b, _] = &words();
        let frames = showing(&[0, 1, 1, 2, 0, 0, 3, 2, 0]);
        assert_eq!(path(&[vec![a], vec![b]], &frames).unwrap().spans, [1..4, 6..8]);
        let joined = showing(&[1, 2, 1, 2]);
        assert_eq!(path(&[vec![a], vec![a]], &joined).unwrap().spans, [0..2, 2..4]);
    }

    #[test]
    fn a_phrase_that_was_not_shown_is_less_likely() {
        let [a, b, c] = &words();
        let frames = showing(&[0, 1, 2, 3, 2, 0]);
        let (said, other) =
            (path(&[vec![a], vec![b]], &frames).unwrap(), path(&[vec![a], vec![c]], &frames).unwrap());
        assert!(said.log_likelihood > other.log_likelihood + 3.0);
    }

    #[test]
    fn the_same_word_twice_is_two_words() {
        let [a, ..] = &words();
        assert_eq!(path(&[vec![a], vec![a]], &showing(&[1, 2, 1, 2])).unwrap().words, [0, 0]);
    }

    #[test]
    fn too_few_frames_for_the_phones_are_no_path() {
        let [a, ..] = &words();
        assert_eq!(path(&[vec![a], vec![a]], &showing(&[1, 2, 1])), None);
        assert_eq!(path(&[vec![a]], &[]), None);
    }

    proptest! {
        #[test]
        fn more_alternatives_are_never_less_likely(rows in prop::collection::vec(prop::collection::vec(-8f32..0.0, PHONES), 6..20)) {
            let [a, b, c] = &words();
            let one = path(&[vec![a], vec![b]], &rows).unwrap();
            let all = path(&[vec![a, b, c], vec![a, b, c]], &rows).unwrap();
            prop_assert!(all.log_likelihood >= one.log_likelihood - 1e-3);
            prop_assert_eq!(all.words.len(), 2);
        }
    }
}
