//! Spellings of one word by a recogniser: prefix trees of token sequences.

use crate::tokenizer::{Token, Tokenizer};

/// A node of a [`SpellingTree`].
pub(crate) type NodeId = u16;

/// One word with its spellings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct WordForms {
    pub(crate) word: String,
    /// Other spellings of the same word.
    pub(crate) others: Vec<String>,
    /// The digit it means, which may be written as a figure.
    pub(crate) digit: Option<usize>,
}

impl WordForms {
    fn spellings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.word).chain(&self.others).map(String::as_str)
    }
}

/// What precedes a spelling.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Joint {
    /// A space, or nothing at the start.
    Space,
    /// A figure, a letter or a mark: "12", "F2", "1,2".
    Figure,
    /// A hyphen.
    Hyphen,
}

/// Spellings of letter names as words.
const LETTER_NAMES: [(&str, &[&str]); 23] = [
    ("b", &["be", "bee"]),
    ("c", &["see", "sea"]),
    ("d", &["dee"]),
    ("f", &["eff"]),
    ("g", &["gee"]),
    ("h", &["aitch"]),
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
    ("s", &["ess"]),
    ("t", &["tea", "tee"]),
    ("u", &["you"]),
    ("v", &["vee"]),
    ("x", &["ex"]),
    ("y", &["why"]),
    ("z", &["zed", "zee"]),
];

/// The spellings of some words, by what precedes them.
pub(crate) struct SpellingTree {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    children: Vec<(Token, NodeId)>,
    /// The word that may end here, by its index in the caller's list.
    ends: Option<u16>,
    /// Whether a figure may follow without a space.
    joins_figures: bool,
}

const SPACED: NodeId = 0;
const JOINED_FIGURES: NodeId = 1;
const JOINED_WORDS: NodeId = 2;

impl SpellingTree {
    pub(crate) fn new() -> Self {
        Self { nodes: (0..3).map(|_| Node::default()).collect() }
    }

    /// Adds the spellings of an expected word. Letters are often written as the word that sounds like their name.
    pub(crate) fn add_expected(&mut self, tokenizer: &Tokenizer, forms: &WordForms, id: u16) {
        self.add_word(tokenizer, forms, id);
        let names = LETTER_NAMES.iter().filter(|(letter, _)| *letter == forms.word);
        for name in names.flat_map(|(_, names)| *names) {
            for text in [(*name).to_owned(), capitalised(name)] {
                self.insert(SPACED, &tokenizer.encode(&text, true), id, false);
            }
        }
    }

    /// Adds the spellings of a rival word. A letter is written as a letter only: "you" or "a" are likely anywhere,
    /// and would win against the expected letter without having been spoken.
    pub(crate) fn add_rival(&mut self, tokenizer: &Tokenizer, forms: &WordForms, id: u16) {
        if !is_letter(&forms.word) {
            return self.add_word(tokenizer, forms, id);
        }
        let capital = forms.word.to_uppercase();
        self.insert(SPACED, &tokenizer.encode(&capital, true), id, true);
        self.insert(JOINED_WORDS, &tokenizer.encode(&capital, false), id, true);
        if forms.word != "a" {
            self.insert(SPACED, &tokenizer.encode(&forms.word, true), id, true);
        }
    }

    fn add_word(&mut self, tokenizer: &Tokenizer, forms: &WordForms, id: u16) {
        let joins = is_letter(&forms.word);
        for text in forms.spellings() {
            for text in [text.to_owned(), capitalised(text)] {
                self.insert(SPACED, &tokenizer.encode(&text, true), id, joins);
                self.insert(JOINED_WORDS, &tokenizer.encode(&text, false), id, joins);
            }
        }
        if let Some(figure) = forms.digit.map(|digit| digit.to_string()) {
            self.insert(SPACED, &tokenizer.encode(&figure, true), id, true);
            self.insert(JOINED_FIGURES, &tokenizer.encode(&figure, false), id, true);
        }
    }

    fn insert(&mut self, root: NodeId, tokens: &[Token], word: u16, joins_figures: bool) {
        let mut at = root;
        for &token in tokens {
            let known = self.children(at).iter().find(|(t, _)| *t == token).map(|(_, n)| *n);
            at = known.unwrap_or_else(|| self.grow(at, token));
        }
        let node = &mut self.nodes[usize::from(at)];
        node.ends.get_or_insert(word);
        node.joins_figures |= joins_figures;
    }

    fn grow(&mut self, at: NodeId, token: Token) -> NodeId {
        let new = self.nodes.len() as NodeId;
        self.nodes.push(Node::default());
        self.nodes[usize::from(at)].children.push((token, new));
        new
    }

    /// Returns the first tokens after `joint`, and their nodes.
    pub(crate) fn enter(&self, joint: Joint) -> impl Iterator<Item = (Token, NodeId)> + '_ {
        let roots = [
            Some(SPACED),
            (joint != Joint::Space).then_some(JOINED_FIGURES),
            (joint == Joint::Hyphen).then_some(JOINED_WORDS),
        ];
        roots.into_iter().flatten().flat_map(|root| self.children(root).iter().copied())
    }

    /// Returns the tokens after `node`, and their nodes.
    pub(crate) fn children(&self, node: NodeId) -> &[(Token, NodeId)] {
        &self.nodes[usize::from(node)].children
    }

    /// Returns the word that may end at `node`, and what may follow it without a space.
    pub(crate) fn end(&self, node: NodeId) -> Option<(u16, Joint)> {
        let node = &self.nodes[usize::from(node)];
        Some((node.ends?, if node.joins_figures { Joint::Figure } else { Joint::Space }))
    }
}

pub(crate) fn is_letter(word: &str) -> bool {
    word.len() == 1 && word.chars().all(char::is_alphabetic)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
