//! Which token sequences spell which words: the automaton that the beam search walks.
//!
//! The recogniser writes the same words in many ways ("One, two", "1 2", "1-2", "12."). A [`Grammar`] allows all of them
//! and counts words, so the best spelling stands for its words.

use crate::tokenizer::{EOS, Token, Tokenizer};

/// A word's place in the grammar's word list.
pub(crate) type Word = u16;

/// Either any sequence of the words (at least one), or exactly these in order.
pub(crate) struct Grammar {
    order: Order,
    lexicons: Vec<Lexicon>,
    marks: Marks,
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    Any,
    Fixed,
}

/// Where a hypothesis stands; equal positions have the same future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Position {
    Start,
    /// In a lexicon's tree; the node may end a word.
    Inside {
        lexicon: u16,
        node: u16,
    },
    /// After a word and a mark.
    After(Mark),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    Comma,
    Stop,
    Hyphen,
}

/// A step the grammar allows: the token, where it leads, and the word it ends, if it moved on from one.
pub(crate) struct Move {
    pub(crate) token: Token,
    pub(crate) to: Position,
    pub(crate) word: Option<Word>,
}

impl Grammar {
    /// Any sequence of `words`.
    pub(crate) fn any(tokenizer: &Tokenizer, words: &[&str]) -> Self {
        let mut lexicon = Lexicon::default();
        words.iter().enumerate().for_each(|(i, w)| lexicon.add(tokenizer, w, i as Word));
        // Afterwards: a word of the vocabulary that sounds like a letter keeps its own spelling.
        words.iter().enumerate().for_each(|(i, w)| lexicon.add_letter_names(tokenizer, w, i as Word));
        Self { order: Order::Any, lexicons: vec![lexicon], marks: Marks::new(tokenizer) }
    }

    /// Exactly `words`, in order.
    pub(crate) fn fixed(tokenizer: &Tokenizer, words: &[String]) -> Self {
        let lexicon = |(i, word): (usize, &String)| {
            let mut lexicon = Lexicon::default();
            lexicon.add(tokenizer, word, i as Word);
            lexicon.add_letter_names(tokenizer, word, i as Word);
            lexicon
        };
        let lexicons = words.iter().enumerate().map(lexicon).collect();
        Self { order: Order::Fixed, lexicons, marks: Marks::new(tokenizer) }
    }

    /// All moves from `at`, with `said` words already moved on from.
    pub(crate) fn moves(&self, at: Position, said: usize) -> Vec<Move> {
        let mut moves = Vec::new();
        match at {
            Position::Start => self.next_word(&mut moves, said, Glue::Never, None),
            Position::After(mark) => {
                self.finish(&mut moves, said, None);
                let glue = if mark == Mark::Hyphen { Glue::Any } else { Glue::Figures };
                self.next_word(&mut moves, said, glue, None);
            }
            Position::Inside { lexicon, node } => self.inside(&mut moves, lexicon, node, said),
            Position::End => {}
        }
        moves
    }

    fn inside(&self, moves: &mut Vec<Move>, lexicon: u16, at: u16, said: usize) {
        let node = &self.lexicons[usize::from(lexicon)].nodes[usize::from(at)];
        let child = |(token, node): &(Token, u16)| Move {
            token: *token,
            to: Position::Inside { lexicon, node: *node },
            word: None,
        };
        moves.extend(node.children.iter().map(child));
        let Some(word) = node.ends else { return };
        let said = said + 1;
        self.finish(moves, said, Some(word));
        moves.extend(self.marks.0.iter().map(|(mark, token)| Move {
            token: *token,
            to: Position::After(*mark),
            word: Some(word),
        }));
        self.next_word(moves, said, if node.figure { Glue::Figures } else { Glue::Never }, Some(word));
    }

    fn finish(&self, moves: &mut Vec<Move>, said: usize, word: Option<Word>) {
        let complete = match self.order {
            Order::Any => said > 0,
            Order::Fixed => said == self.lexicons.len(),
        };
        moves.extend(complete.then_some(Move { token: EOS, to: Position::End, word }));
    }

    fn next_word(&self, moves: &mut Vec<Move>, said: usize, glue: Glue, word: Option<Word>) {
        let index = if self.order == Order::Any { 0 } else { said };
        let Some(lexicon) = self.lexicons.get(index) else { return };
        let roots =
            [Some(SPACED), (glue != Glue::Never).then_some(FIGURES), (glue == Glue::Any).then_some(GLUED)];
        for root in roots.into_iter().flatten() {
            let enter = |(token, node): &(Token, u16)| Move {
                token: *token,
                to: Position::Inside { lexicon: index as u16, node: *node },
                word,
            };
            moves.extend(lexicon.nodes[usize::from(root)].children.iter().map(enter));
        }
    }
}

/// What may follow without a space: nothing, figures ("12"), or any word (after a hyphen).
#[derive(Clone, Copy, PartialEq)]
enum Glue {
    Never,
    Figures,
    Any,
}

const SPACED: u16 = 0;
const FIGURES: u16 = 1;
const GLUED: u16 = 2;

/// How the names of letters are written where they are taken for words.
const LETTERS: [(&str, &[&str]); 20] = [
    ("b", &["be", "bee"]),
    ("c", &["see", "sea"]),
    ("d", &["dee"]),
    ("f", &["eff"]),
    ("g", &["gee"]),
    ("i", &["eye"]),
    ("j", &["jay"]),
    ("k", &["kay"]),
    ("l", &["el", "ell"]),
    ("m", &["em"]),
    ("n", &["en"]),
    ("o", &["oh"]),
    ("p", &["pee", "pea"]),
    ("q", &["queue", "cue"]),
    ("r", &["are"]),
    ("t", &["tea", "tee"]),
    ("u", &["you"]),
    ("x", &["ex"]),
    ("y", &["why"]),
    ("z", &["zed", "zee"]),
];

/// Prefix trees over the spellings of words, with three roots.
struct Lexicon {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    children: Vec<(Token, u16)>,
    ends: Option<Word>,
    figure: bool,
}

impl Default for Lexicon {
    fn default() -> Self {
        Self { nodes: (0..3).map(|_| Node::default()).collect() }
    }
}

impl Lexicon {
    /// Adds every plausible spelling of a word in normal form.
    fn add(&mut self, tokenizer: &Tokenizer, word: &str, index: Word) {
        let spoken = crate::DIGITS.iter().position(|d| *d == word);
        let other = (word == "zero").then_some("oh");
        for text in [Some(word), other].into_iter().flatten() {
            for text in [text.to_owned(), capitalised(text)] {
                self.insert(SPACED, &tokenizer.encode(&text, true), index, false);
                self.insert(GLUED, &tokenizer.encode(&text, false), index, false);
            }
        }
        if let Some(digit) = spoken {
            self.insert(SPACED, &tokenizer.encode(&digit.to_string(), true), index, true);
            self.insert(FIGURES, &tokenizer.encode(&digit.to_string(), false), index, true);
        }
    }

    /// A letter said alone is often written as the word that sounds like its name.
    fn add_letter_names(&mut self, tokenizer: &Tokenizer, word: &str, index: Word) {
        let names = LETTERS.iter().filter(|(letter, _)| *letter == word).flat_map(|(_, names)| *names);
        for name in names {
            for text in [(*name).to_owned(), capitalised(name)] {
                self.insert(SPACED, &tokenizer.encode(&text, true), index, false);
            }
        }
    }

    fn insert(&mut self, root: u16, tokens: &[Token], word: Word, figure: bool) {
        let mut at = usize::from(root);
        for &token in tokens {
            let known = self.nodes[at].children.iter().find(|(t, _)| *t == token).map(|(_, n)| *n);
            at = usize::from(known.unwrap_or_else(|| self.grow(at, token)));
        }
        let node = &mut self.nodes[at];
        node.ends.get_or_insert(word);
        node.figure |= figure;
    }

    fn grow(&mut self, at: usize, token: Token) -> u16 {
        let new = self.nodes.len() as u16;
        self.nodes.push(Node::default());
        self.nodes[at].children.push((token, new));
        new
    }
}

/// The marks the recogniser puts after words, as tokens.
struct Marks(Vec<(Mark, Token)>);

impl Marks {
    fn new(tokenizer: &Tokenizer) -> Self {
        use Mark::{Comma, Hyphen, Stop};
        let marks =
            [(Comma, ","), (Comma, ";"), (Comma, ":"), (Stop, "."), (Stop, "?"), (Stop, "!"), (Hyphen, "-")];
        Self(marks.iter().filter_map(|(mark, text)| Some((*mark, tokenizer.token(text)?))).collect())
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::tests::small;

    /// The words a grammar reads in these tokens, when it allows them up to the end.
    fn read(grammar: &Grammar, tokens: &[Token]) -> Option<Vec<Word>> {
        let mut paths = vec![(Position::Start, Vec::new())];
        for token in tokens.iter().chain(&[EOS]) {
            let mut next = Vec::new();
            for (at, words) in paths {
                for m in grammar.moves(at, words.len()).into_iter().filter(|m| m.token == *token) {
                    next.push((m.to, words.iter().copied().chain(m.word).collect()));
                }
            }
            paths = next;
        }
        paths.into_iter().next().map(|(_, words)| words)
    }

    fn tokens(tokenizer: &Tokenizer, pieces: &[&str]) -> Vec<Token> {
        pieces.iter().map(|p| tokenizer.token(p).unwrap()).collect()
    }

    const SPELLINGS: [&[&str]; 8] = [
        &["▁one", "▁two"],
        &["▁one", ",", "▁two", "."],
        &["▁", "1", ",", "▁", "2", "."],
        &["▁", "1", "-", "2"],
        &["▁", "1", "2"],
        &["▁", "1", "▁", "2"],
        &["▁one", "-", "t", "w", "o"],
        &["▁one", "▁", "2"],
    ];

    #[test]
    fn all_spellings_of_the_same_words_are_read_alike() {
        let t = small();
        let mut fixed = Grammar::fixed(&t, &["one".to_owned(), "two".to_owned()]);
        let mut any = Grammar::any(&t, &["one", "two"]);
        for pieces in SPELLINGS {
            let tokens = if pieces.contains(&"t") {
                [&t.encode("one", true)[..], &tokens(&t, &["-"]), &t.encode("two", false)].concat()
            } else {
                tokens(&t, pieces)
            };
            assert_eq!(read(&any, &tokens), Some(vec![0, 1]), "{pieces:?}");
            assert_eq!(read(&fixed, &tokens), Some(vec![0, 1]), "{pieces:?}");
        }
        (fixed, any) = (Grammar::fixed(&t, &["two".to_owned()]), Grammar::any(&t, &["two"]));
        assert_eq!(read(&fixed, &tokens(&t, SPELLINGS[0])), None);
        assert_eq!(read(&any, &tokens(&t, SPELLINGS[0])), None);
    }

    #[test]
    fn a_letter_may_be_written_as_the_word_that_sounds_like_it_but_not_against_a_real_word() {
        let t = small();
        let name = t.encode("tee", true);
        assert_eq!(read(&Grammar::fixed(&t, &["t".to_owned()]), &name), Some(vec![0]));
        assert_eq!(read(&Grammar::any(&t, &["t", "tee"]), &name), Some(vec![1]));
        assert_eq!(read(&Grammar::fixed(&t, &["two".to_owned()]), &name), None);
    }

    #[test]
    fn other_words_missing_words_and_added_words_are_not_allowed() {
        let t = small();
        let fixed = Grammar::fixed(&t, &["one".to_owned(), "two".to_owned()]);
        for pieces in [&["▁one"][..], &["▁two", "▁one"], &["▁one", "▁two", "▁two"], &["▁", "1"], &[]]
        {
            assert_eq!(read(&fixed, &tokens(&t, pieces)), None, "{pieces:?}");
        }
    }
}
