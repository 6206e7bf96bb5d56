//! Moonshine's tokens: reading `tokenizer.bin`, text to tokens and back.

use std::collections::HashMap;

use crate::Error;

pub(crate) type Token = u32;
pub(crate) const BOS: Token = 1;
pub(crate) const EOS: Token = 2;
/// Tokens 3 to 258 stand for the bytes 0 to 255.
const FIRST_BYTE: Token = 3;
/// SentencePiece writes spaces as this character.
const SPACE: &str = "\u{2581}";

pub(crate) struct Tokenizer {
    pieces: Vec<Vec<u8>>,
    ids: HashMap<Vec<u8>, Token>,
}

impl Tokenizer {
    /// Reads length-prefixed byte strings by id; lengths from 128 on take two bytes, low seven bits first.
    pub(crate) fn read(file: &[u8]) -> Result<Self, Error> {
        let pieces = pieces(file).ok_or(Error::BadModel("the speech tokenizer"))?;
        let mut ids = HashMap::new();
        // The first 259 are control tokens and bytes; of doubles the earlier counts.
        for (id, piece) in (0..).zip(&pieces).skip(259) {
            ids.entry(piece.clone()).or_insert(id);
        }
        Ok(Self { pieces, ids })
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The token of exactly this text.
    pub(crate) fn token(&self, text: &str) -> Option<Token> {
        self.ids.get(text.as_bytes()).copied()
    }

    /// Tokens of one word with a space before it (`spaced`) or glued to what came before.
    ///
    /// Byte-pair merging as SentencePiece does it: the vocabulary is in order of merging, so of all neighbours the pair
    /// that makes the lowest id is merged first. Characters without a token of their own become bytes.
    pub(crate) fn encode(&self, word: &str, spaced: bool) -> Vec<Token> {
        let text = if spaced { format!("{SPACE}{word}") } else { word.to_owned() };
        let mut parts: Vec<Vec<u8>> = text.chars().map(|c| c.to_string().into_bytes()).collect();
        while let Some((at, merged)) = self.first_merge(&parts) {
            parts[at] = merged;
            parts.remove(at + 1);
        }
        parts.iter().flat_map(|p| self.tokens_of(p)).collect()
    }

    fn first_merge(&self, parts: &[Vec<u8>]) -> Option<(usize, Vec<u8>)> {
        let pairs = parts.windows(2).map(|w| w.concat()).enumerate();
        pairs.filter_map(|(i, p)| Some((*self.ids.get(&p)?, i, p))).min().map(|(_, i, p)| (i, p))
    }

    fn tokens_of(&self, part: &[u8]) -> Vec<Token> {
        let bytes = || part.iter().map(|b| FIRST_BYTE + Token::from(*b)).collect();
        self.ids.get(part).map_or_else(bytes, |id| vec![*id])
    }

    /// The text of tokens; control tokens are left out and broken UTF-8 is replaced.
    pub(crate) fn decode(&self, tokens: &[Token]) -> String {
        let mut bytes = Vec::new();
        for &token in tokens {
            match token {
                0..FIRST_BYTE => {}
                FIRST_BYTE..259 => bytes.push((token - FIRST_BYTE) as u8),
                _ => bytes.extend_from_slice(self.pieces.get(token as usize).map_or(&[], Vec::as_slice)),
            }
        }
        String::from_utf8_lossy(&bytes).replace(SPACE, " ").trim().to_owned()
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
        Tokenizer::read(&file).unwrap()
    }

    #[test]
    fn the_earliest_merge_wins() {
        let t = small();
        assert_eq!(t.encode("one", true), [t.token("\u{2581}one").unwrap()]);
        assert_eq!(t.encode("two", true), [t.token("\u{2581}two").unwrap()]);
        assert_eq!(t.decode(&t.encode("one", false)), "one");
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
        assert!(Tokenizer::read(&[3, b'a']).is_err() && Tokenizer::read(&[200]).is_err());
    }

    proptest! {
        #[test]
        fn every_word_comes_back(word in "[a-zA-Z0-9é,.-]{1,12}") {
            let t = small();
            prop_assert_eq!(t.decode(&t.encode(&word, true)), word);
        }

        #[test]
        fn any_file_reads_or_is_an_error(file in prop::collection::vec(any::<u8>(), 0..300), token in any::<u32>()) {
            if let Ok(t) = Tokenizer::read(&file) {
                let _ = t.decode(&[token, 5, 300]);
            }
        }
    }
}
