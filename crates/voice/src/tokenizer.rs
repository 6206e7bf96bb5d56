//! Tokens of the recognisers: token lists, encoding and decoding.

use std::collections::HashMap;

use crate::Error;

pub(crate) type Token = u32;

/// The token coding of a recogniser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Coding {
    /// SentencePiece with byte fallback (Moonshine): merges start from characters.
    Characters,
    /// Byte-level byte-pair encoding (Whisper): merges start from bytes.
    Bytes,
}

/// Of [`Coding::Characters`]: lower tokens are control tokens, the next 256 are the bytes 0 to 255.
const FIRST_BYTE: Token = 3;
const FIRST_PIECE: Token = FIRST_BYTE + 256;

pub(crate) struct Tokenizer {
    coding: Coding,
    pieces: Vec<Vec<u8>>,
    ids: HashMap<Vec<u8>, Token>,
}

impl Tokenizer {
    /// Parses length-prefixed byte strings by id; lengths from 128 on take two bytes, low seven bits first.
    pub(crate) fn read(file: &[u8], coding: Coding) -> Result<Self, Error> {
        let pieces = pieces(file).ok_or(Error::BadModel("the speech tokenizer"))?;
        let mut ids = HashMap::new();
        let first = if coding == Coding::Characters { FIRST_PIECE } else { 0 };
        // Of duplicates the first counts.
        for (id, piece) in (0..).zip(&pieces).skip(first as usize) {
            ids.entry(piece.clone()).or_insert(id);
        }
        Ok(Self { coding, pieces, ids })
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Returns the token of exactly this text.
    pub(crate) fn token(&self, text: &str) -> Option<Token> {
        self.ids.get(text.as_bytes()).copied()
    }

    /// Encodes one word with a leading space (`spaced`) or joined to the previous text.
    ///
    /// Byte-pair merging: the vocabulary is in merge order, so of all neighbours the pair with the lowest id is
    /// merged first. Characters without a token become bytes.
    pub(crate) fn encode(&self, word: &str, spaced: bool) -> Vec<Token> {
        let text = if spaced { format!("{}{word}", self.space()) } else { word.to_owned() };
        let mut parts: Vec<Vec<u8>> = match self.coding {
            Coding::Characters => text.chars().map(|c| c.to_string().into_bytes()).collect(),
            Coding::Bytes => text.bytes().map(|b| vec![b]).collect(),
        };
        while let Some((at, merged)) = self.first_merge(&parts) {
            parts[at] = merged;
            parts.remove(at + 1);
        }
        parts.iter().flat_map(|p| self.tokens_of(p)).collect()
    }

    /// Returns tokens that are one whole word with a leading space, and that word in lower case.
    pub(crate) fn whole_words(&self) -> impl Iterator<Item = (Token, String)> + '_ {
        let space = self.space();
        self.ids.iter().filter_map(move |(piece, token)| {
            let word = std::str::from_utf8(piece).ok()?.strip_prefix(space)?;
            let is_word = word.chars().count() > 1 && word.chars().all(char::is_alphabetic);
            is_word.then(|| (*token, word.to_lowercase()))
        })
    }

    /// SentencePiece writes spaces as a character of its own.
    fn space(&self) -> &'static str {
        if self.coding == Coding::Characters { "\u{2581}" } else { " " }
    }

    fn first_merge(&self, parts: &[Vec<u8>]) -> Option<(usize, Vec<u8>)> {
        let pairs = parts.windows(2).map(|w| w.concat()).enumerate();
        pairs.filter_map(|(i, p)| Some((*self.ids.get(&p)?, i, p))).min().map(|(_, i, p)| (i, p))
    }

    fn tokens_of(&self, part: &[u8]) -> Vec<Token> {
        let bytes = || part.iter().map(|b| FIRST_BYTE + Token::from(*b)).collect();
        self.ids.get(part).map_or_else(bytes, |id| vec![*id])
    }

    /// Decodes tokens; control tokens are skipped and broken UTF-8 is replaced.
    pub(crate) fn decode(&self, tokens: &[Token]) -> String {
        let mut bytes = Vec::new();
        for &token in tokens {
            match (self.coding, token) {
                (Coding::Characters, 0..FIRST_BYTE) => {}
                (Coding::Characters, FIRST_BYTE..FIRST_PIECE) => bytes.push((token - FIRST_BYTE) as u8),
                _ => bytes.extend_from_slice(self.pieces.get(token as usize).map_or(&[], Vec::as_slice)),
            }
        }
        String::from_utf8_lossy(&bytes).replace(self.space(), " ").trim().to_owned()
    }
}

fn pieces(mut file: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut pieces = Vec::new();
    while let Some((&low, rest)) = file.split_first() {
        let (length, rest) = match low {
            0..128 => (usize::from(low), rest),
            _ => rest
                .split_first()
                .map(|(high, rest)| (usize::from(*high) * 128 + usize::from(low & 127), rest))?,
        };
        let (piece, rest) = rest.split_at_checked(length)?;
        pieces.push(piece.to_vec());
        file = rest;
    }
    Some(pieces)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A small vocabulary in the real file's format: control tokens, bytes, then merges and letters.
    pub(crate) fn small() -> Tokenizer {
        let mut file = vec![];
        let mut add = |piece: &[u8]| {
            file.push(piece.len() as u8);
            file.extend_from_slice(piece);
        };
        ["<unk>", "<s>", "</s>"].iter().for_each(|p| add(p.as_bytes()));
        (0..=255u8).for_each(|b| add(&[b]));
        let merges = ["on", "\u{2581}on", "\u{2581}one", "tw", "\u{2581}tw", "\u{2581}two", "one"];
        merges.iter().for_each(|p| add(p.as_bytes()));
        ["\u{2581}", "o", "n", "e", "t", "w", "1", "2", ",", ".", "-"].iter().for_each(|p| add(p.as_bytes()));
        Tokenizer::read(&file, Coding::Characters).unwrap()
    }

    /// Byte-level: the 256 bytes, then merges.
    fn bytes() -> Tokenizer {
        let mut file: Vec<u8> = (0..=255u8).flat_map(|b| [1, b]).collect();
        for piece in ["on", "one", " one"] {
            file.push(piece.len() as u8);
            file.extend_from_slice(piece.as_bytes());
        }
        Tokenizer::read(&file, Coding::Bytes).unwrap()
    }

    #[test]
    fn the_earliest_merge_wins() {
        let t = small();
        assert_eq!(t.encode("one", true), [t.token("\u{2581}one").unwrap()]);
        assert_eq!(t.encode("two", true), [t.token("\u{2581}two").unwrap()]);
        assert_eq!(t.decode(&t.encode("one", false)), "one");
    }

    #[test]
    fn bytes_merge_to_words() {
        let t = bytes();
        assert_eq!(t.encode("one", true), [258]);
        assert_eq!(t.decode(&t.encode("né one", true)), "né one");
        assert_eq!(t.whole_words().collect::<Vec<_>>(), [(258, "one".to_owned())]);
    }

    #[test]
    fn letters_without_a_token_become_bytes_and_come_back() {
        let t = small();
        let tokens = t.encode("né", true);
        assert!(tokens.contains(&(FIRST_BYTE + 0xc3)));
        assert_eq!(t.decode(&tokens), "né");
    }

    #[test]
    fn a_cut_file_is_an_error() {
        for file in [&[3, b'a'][..], &[200]] {
            assert!(Tokenizer::read(file, Coding::Characters).is_err());
        }
    }

    proptest! {
        #[test]
        fn every_word_comes_back(word in "[a-zA-Z0-9é,.-]{1,12}") {
            for t in [small(), bytes()] {
                prop_assert_eq!(t.decode(&t.encode(&word, true)), word.clone());
            }
        }

        #[test]
        fn any_file_reads_or_is_an_error(file in prop::collection::vec(any::<u8>(), 0..300), token in any::<u32>()) {
            for coding in [Coding::Characters, Coding::Bytes] {
                if let Ok(t) = Tokenizer::read(&file, coding) {
                    let _ = t.decode(&[token, 5, 300]);
                }
            }
        }
    }
}
