//! Hypotheses of a tested phrase: the expected words, or the same with one word changed.
//!
//! The recogniser writes the same words in many ways ("One, two", "1 2", "1-2", "12."). A [`Grammar`] accepts all of
//! them, so that hypotheses are compared by their words.

use crate::{
    rivals::{Open, Place, WholeWords},
    spelling::{Joint, NodeId, SpellingTree},
    tokenizer::{Token, Tokenizer},
};

/// The hypotheses of one phrase.
pub(crate) struct Grammar<'w> {
    slots: Vec<Slot>,
    marks: Marks,
    end: Token,
    /// Joint between words without a mark.
    joint: Joint,
    whole_words: &'w WholeWords,
}

/// One position of the phrase.
struct Slot {
    expected: SpellingTree,
    rivals: SpellingTree,
    open: Option<Open>,
    may_be_dropped_or_repeated: bool,
}

/// The difference of a hypothesis from the expected words: at most one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Change {
    None,
    /// Within another word that is not complete yet.
    Pending,
    /// Another word of the slot's list.
    Word {
        slot: u16,
        word: u16,
    },
    /// Another word, by its sound.
    Heard {
        slot: u16,
        sound: u32,
    },
    Dropped {
        slot: u16,
    },
    Repeated {
        slot: u16,
    },
}

/// The state of a hypothesis; equal states have the same continuations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct State {
    pub(crate) change: Change,
    /// The position of the current word, or of the next.
    slot: u16,
    at: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Position {
    Start,
    InExpected(NodeId),
    InRival(NodeId),
    /// At the end of another word that is one token.
    WordEnd,
    After(Mark),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Mark {
    Comma,
    Stop,
    Hyphen,
}

impl State {
    pub(crate) const START: Self = Self { change: Change::None, slot: 0, at: Position::Start };

    pub(crate) fn is_end(self) -> bool {
        self.at == Position::End
    }
}

/// A transition the grammar allows.
pub(crate) struct Move {
    pub(crate) token: Token,
    pub(crate) to: State,
}

impl<'w> Grammar<'w> {
    /// Builds the grammar. `is_spaced`: the language separates words by spaces.
    pub(crate) fn new(
        tokenizer: &Tokenizer,
        end: Token,
        is_spaced: bool,
        whole_words: &'w WholeWords,
        places: Vec<Place>,
    ) -> Self {
        let slot = |place: Place| {
            let (mut expected, mut rivals) = (SpellingTree::new(), SpellingTree::new());
            expected.add_expected(tokenizer, &place.expected, 0);
            (0..).zip(&place.rivals).for_each(|(id, forms)| rivals.add_rival(tokenizer, forms, id));
            let (open, may_be_dropped_or_repeated) = (place.open, place.may_be_dropped_or_repeated);
            Slot { expected, rivals, open, may_be_dropped_or_repeated }
        };
        let slots = places.into_iter().map(slot).collect();
        let joint = if is_spaced { Joint::Space } else { Joint::Hyphen };
        Self { slots, marks: Marks::new(tokenizer), end, joint, whole_words }
    }

    /// Returns the lead a hypothesis may have over the expected words without counting against them.
    pub(crate) fn tolerance(&self, change: Change) -> f32 {
        let Change::Heard { slot, sound } = change else { return 0.0 };
        let open = self.slots.get(usize::from(slot)).and_then(|slot| slot.open.as_ref());
        open.map_or(0.0, |open| self.whole_words.tolerance(open, sound))
    }

    /// Returns all transitions from `state`; `logits` choose among words beyond the lists.
    pub(crate) fn moves(&self, state: State, logits: &[f32]) -> Vec<Move> {
        let mut moves = Vec::new();
        let State { change, slot, at } = state;
        let position = usize::from(slot);
        match at {
            Position::Start => self.next_word(&mut moves, change, slot, self.joint, logits),
            Position::After(mark) => {
                self.finish(&mut moves, change, slot);
                let glued = mark == Mark::Hyphen || self.joint == Joint::Hyphen;
                let joint = if glued { Joint::Hyphen } else { Joint::Figure };
                self.next_word(&mut moves, change, slot, joint, logits);
            }
            Position::InExpected(node) => {
                let tree = &self.slots[position].expected;
                let inside = |(token, node): &(Token, NodeId)| Move {
                    token: *token,
                    to: State { at: Position::InExpected(*node), ..state },
                };
                moves.extend(tree.children(node).iter().map(inside));
                if let Some((_, joint)) = tree.end(node) {
                    self.after_word(&mut moves, change, slot + 1, joint, logits);
                }
            }
            Position::InRival(node) => {
                let tree = &self.slots[position].rivals;
                let inside = |(token, node): &(Token, NodeId)| Move {
                    token: *token,
                    to: State { at: Position::InRival(*node), ..state },
                };
                moves.extend(tree.children(node).iter().map(inside));
                if let Some((word, joint)) = tree.end(node) {
                    self.after_word(&mut moves, Change::Word { slot, word }, slot + 1, joint, logits);
                }
            }
            Position::WordEnd => self.after_word(&mut moves, change, slot + 1, self.joint, logits),
            Position::End => {}
        }
        moves
    }

    fn after_word(&self, moves: &mut Vec<Move>, change: Change, next: u16, joint: Joint, logits: &[f32]) {
        self.finish(moves, change, next);
        moves.extend(self.marks.0.iter().map(|(mark, token)| Move {
            token: *token,
            to: State { change, slot: next, at: Position::After(*mark) },
        }));
        let joint = if self.joint == Joint::Hyphen { self.joint } else { joint };
        self.next_word(moves, change, next, joint, logits);
    }

    fn finish(&self, moves: &mut Vec<Move>, change: Change, next: u16) {
        let end = |change| Move { token: self.end, to: State { change, slot: next, at: Position::End } };
        let left = self.slots.len() - usize::from(next).min(self.slots.len());
        if left == 0 {
            moves.push(end(change));
        } else if left == 1 && next > 0 && change == Change::None && self.may_drop(next) {
            moves.push(end(Change::Dropped { slot: next }));
        }
    }

    fn may_drop(&self, slot: u16) -> bool {
        self.slots.get(usize::from(slot)).is_some_and(|s| s.may_be_dropped_or_repeated)
    }

    /// Adds the transitions into the word of `slot`: the expected one, and if nothing was changed before, another
    /// one, the one after it, or the one before it again.
    fn next_word(&self, moves: &mut Vec<Move>, change: Change, slot: u16, joint: Joint, logits: &[f32]) {
        self.enter_expected(moves, change, slot, joint);
        if change != Change::None {
            return;
        }
        if let Some(here) = self.slots.get(usize::from(slot)) {
            moves.extend(here.rivals.enter(joint).map(|(token, node)| Move {
                token,
                to: State { change: Change::Pending, slot, at: Position::InRival(node) },
            }));
            let heard = here.open.iter().flat_map(|open| self.whole_words.likeliest(open, logits));
            moves.extend(heard.map(|(token, sound)| Move {
                token,
                to: State { change: Change::Heard { slot, sound }, slot, at: Position::WordEnd },
            }));
        }
        if self.may_drop(slot) {
            self.enter_expected(moves, Change::Dropped { slot }, slot + 1, joint);
        }
        if let Some(before) = slot.checked_sub(1).filter(|before| self.may_drop(*before)) {
            self.enter_expected(moves, Change::Repeated { slot: before }, before, joint);
        }
    }

    fn enter_expected(&self, moves: &mut Vec<Move>, change: Change, slot: u16, joint: Joint) {
        let Some(here) = self.slots.get(usize::from(slot)) else { return };
        moves.extend(
            here.expected.enter(joint).map(|(token, node)| Move {
                token,
                to: State { change, slot, at: Position::InExpected(node) },
            }),
        );
    }
}

/// The punctuation tokens that the recogniser writes after words.
struct Marks(Vec<(Mark, Token)>);

impl Marks {
    fn new(tokenizer: &Tokenizer) -> Self {
        use Mark::{Comma, Hyphen, Stop};
        let marks =
            [(Comma, ","), (Comma, ";"), (Comma, ":"), (Stop, "."), (Stop, "?"), (Stop, "!"), (Hyphen, "-")];
        Self(marks.iter().filter_map(|(mark, text)| Some((*mark, tokenizer.token(text)?))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{spelling::WordForms, tokenizer::tests::small};

    const EOS: Token = 2;

    fn forms(word: &str) -> WordForms {
        let digit = crate::DIGITS.iter().position(|d| *d == word);
        WordForms { word: word.to_owned(), others: Vec::new(), digit }
    }

    fn place(expected: &str, rivals: &[&str]) -> Place {
        let rivals = rivals.iter().map(|w| forms(w)).collect();
        Place { expected: forms(expected), rivals, ..Place::default() }
    }

    /// Returns the changes by which a grammar accepts these tokens up to the end.
    fn read(tokenizer: &Tokenizer, places: Vec<Place>, tokens: &[Token]) -> Vec<Change> {
        let words = WholeWords::none();
        let grammar = Grammar::new(tokenizer, EOS, true, &words, places);
        let mut states = vec![State::START];
        for token in tokens.iter().chain(&[EOS]) {
            let moves = states.iter().flat_map(|s| grammar.moves(*s, &[]));
            states = moves.filter(|m| m.token == *token).map(|m| m.to).collect();
        }
        let mut changes: Vec<Change> = states.into_iter().filter(|s| s.is_end()).map(|s| s.change).collect();
        changes.sort_unstable();
        changes.dedup();
        changes
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
    fn all_spellings_of_the_expected_words_are_read() {
        let t = small();
        for pieces in SPELLINGS {
            let tokens = if pieces.contains(&"t") {
                [&t.encode("one", true)[..], &tokens(&t, &["-"]), &t.encode("two", false)].concat()
            } else {
                tokens(&t, pieces)
            };
            let places = || vec![place("one", &[]), place("two", &[])];
            assert_eq!(read(&t, places(), &tokens), [Change::None], "{pieces:?}");
        }
    }

    #[test]
    fn one_word_may_be_another_but_not_two() {
        let t = small();
        let places = || vec![place("one", &["two"]), place("two", &["one"])];
        let heard = |pieces: &[&str]| read(&t, places(), &tokens(&t, pieces));
        assert_eq!(heard(&["▁two", "▁two"]), [Change::Word { slot: 0, word: 0 }]);
        assert_eq!(heard(&["▁one", "▁one"]), [Change::Word { slot: 1, word: 0 }]);
        assert!(heard(&["▁two", "▁one"]).is_empty());
    }

    #[test]
    fn a_digit_may_be_dropped_or_repeated_when_enabled() {
        let t = small();
        let places = |edits| {
            let place = |word| Place { may_be_dropped_or_repeated: edits, ..place(word, &[]) };
            vec![place("one"), place("two")]
        };
        let heard = |edits, pieces: &[&str]| read(&t, places(edits), &tokens(&t, pieces));
        assert_eq!(heard(true, &["▁one"]), [Change::Dropped { slot: 1 }]);
        assert_eq!(heard(true, &["▁two"]), [Change::Dropped { slot: 0 }]);
        assert_eq!(heard(true, &["▁one", "▁one", "▁two"]), [Change::Repeated { slot: 0 }]);
        assert_eq!(heard(true, &["▁one", "▁two", "▁two"]), [Change::Repeated { slot: 1 }]);
        assert!(heard(false, &["▁one"]).is_empty() && heard(false, &["▁one", "▁two", "▁two"]).is_empty());
    }

    #[test]
    fn an_expected_letter_may_be_written_as_its_name_and_a_rival_may_not() {
        let t = small();
        let name = t.encode("tee", true);
        assert_eq!(read(&t, vec![place("t", &[])], &name), [Change::None]);
        assert!(read(&t, vec![place("o", &["t"])], &name).is_empty());
    }
}
