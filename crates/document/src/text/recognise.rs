//! Reads a line: PP-OCR's recogniser and greedy decoding of its output (connectionist temporal classification, Graves
//! et al. 2006).

use crate::{
    Error, Page,
    geometry::Quad,
    mrz::look_alikes,
    network::{Network, planes},
};

/// Height of a line for the network, and the widths it may have.
const HEIGHT: u32 = 48;
const NARROWEST: u32 = 320;
const WIDEST: u32 = 2400;
/// A line whose height is at least this many times its width is vertical, and is rotated before it is read.
const UPRIGHT: f32 = 1.5;

/// Characters that the full alphabet reads instead of a filler.
const LIKE_FILLER: [&str; 9] = ["≤", "«", "‹", "Λ", "∧", "く", "〈", "《", "＜"];

/// The characters the network knows.
#[derive(Clone, Debug)]
pub(crate) struct Alphabet {
    /// By class; class 0 is the blank.
    characters: Vec<String>,
    /// The classes of A-Z, 0-9 and `<`.
    mrz: Vec<usize>,
    /// The classes that each of these may be confused with.
    alike: Vec<(usize, Vec<(u8, usize)>)>,
    /// The class of `<`, and those of characters that a filler is misread as.
    filler: usize,
    like_filler: Vec<usize>,
}

/// One character as read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Glyph {
    pub character: char,
    /// 0-1.
    pub probability: f32,
    /// The look-alikes of a character and their probabilities.
    pub alternatives: Vec<(u8, f32)>,
}

/// A line under both readings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recognised {
    pub text: String,
    /// Mean probability of its characters, 0-1; 0 when there are none.
    pub confidence: f32,
    /// The same line read with only the alphabet of machine readable zones.
    pub mrz: Vec<Glyph>,
}

impl Alphabet {
    /// Builds the alphabet from `lines`, one character per line; a space is added after the last.
    pub fn parse(lines: &str) -> Self {
        let mut characters = vec![String::new()];
        characters.extend(lines.split('\n').map(|l| l.trim_end_matches('\r').to_owned()));
        while characters.last().is_some_and(String::is_empty) && characters.len() > 1 {
            characters.pop();
        }
        characters.push(" ".into());
        let is_mrz = |c: &str| matches!(c.as_bytes(), [b'A'..=b'Z' | b'0'..=b'9' | b'<']);
        let mrz = characters.iter().enumerate().filter(|(_, c)| is_mrz(c)).map(|(i, _)| i).collect();
        let classes = |wanted: &dyn Fn(&str) -> bool| {
            characters.iter().enumerate().filter(|(_, c)| wanted(c)).map(|(i, _)| i).collect::<Vec<_>>()
        };
        let filler = classes(&|c| c == "<").first().copied().unwrap_or(0);
        let like_filler = classes(&|c| LIKE_FILLER.contains(&c));
        let class = |c: u8| characters.iter().position(|known| known.as_bytes() == [c]);
        let confused = |c: u8| look_alikes(c).filter_map(|other| Some((other, class(other)?))).collect();
        let alike = (b'0'..=b'Z').filter_map(|c| Some((class(c)?, confused(c)))).collect();
        Self { characters, mrz, alike, filler, like_filler }
    }

    /// Builds the alphabet from `characters` of a network's metadata; the part after the last line end is a space.
    pub fn of_network(network: &Network) -> Option<Self> {
        Some(Self::parse(&network.metadata("character")?))
    }

    fn decode(&self, data: &[f32], classes: usize) -> Recognised {
        let mut read = Recognised::default();
        let (mut last, mut last_mrz) = (0, 0);
        let mut sum = 0.0;
        let mut count = 0;
        for step in data.chunks_exact(classes.max(1)) {
            // Only one probability can exceed a half, and mostly it is the blank's.
            if step[0] > 0.5 {
                (last, last_mrz) = (0, 0);
                continue;
            }
            let (class, probability) = best(step.iter().copied().enumerate());
            if class != 0 && class != last {
                read.text.push_str(self.characters.get(class).map_or("", String::as_str));
                sum += probability;
                count += 1;
            }
            last = class;
            let (full, sure) = (class, probability);
            let allowed = std::iter::once(0).chain(self.mrz.iter().copied());
            let (mut class, mut probability) = best(allowed.filter_map(|i| Some((i, *step.get(i)?))));
            if self.filler > 0 && self.like_filler.contains(&full) {
                (class, probability) = (self.filler, sure);
            }
            if class == 0 {
                last_mrz = 0;
                continue;
            }
            let character = self.characters.get(class).and_then(|c| c.chars().next()).unwrap_or('<');
            let alternatives = self.alternatives(class, step);
            match read.mrz.last_mut() {
                Some(glyph) if class == last_mrz => {
                    glyph.probability = glyph.probability.max(probability);
                    for ((_, most), (_, now)) in glyph.alternatives.iter_mut().zip(alternatives) {
                        *most = most.max(now);
                    }
                }
                _ => read.mrz.push(Glyph { character, probability, alternatives }),
            }
            last_mrz = class;
        }
        read.confidence = if count > 0 { sum / count as f32 } else { 0.0 };
        read
    }
}

impl Alphabet {
    /// Returns the look-alikes of a class and their probabilities in one step.
    fn alternatives(&self, class: usize, step: &[f32]) -> Vec<(u8, f32)> {
        let others =
            self.alike.iter().find(|(known, _)| *known == class).map_or(&[][..], |(_, others)| others);
        others.iter().map(|(other, at)| (*other, step.get(*at).copied().unwrap_or(0.0))).collect()
    }
}

fn best(scores: impl Iterator<Item = (usize, f32)>) -> (usize, f32) {
    scores.fold((0, f32::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best })
}

/// A recogniser with its alphabet.
pub(crate) struct Recogniser {
    pub network: Network,
    pub alphabet: Alphabet,
}

impl Recogniser {
    /// Reads the line in `quad`.
    pub fn recognise_line(&mut self, page: &Page, quad: &Quad) -> Result<Recognised, Error> {
        let quad = if quad.height() >= UPRIGHT * quad.width() { laid_down(quad) } else { *quad };
        let wide = HEIGHT as f32 * quad.width() / quad.height().max(1.0);
        let width = (wide.ceil() as u32).clamp(8, WIDEST);
        let Some(crop) = page.flattened(&quad, width, HEIGHT) else { return Ok(Recognised::default()) };
        let padded = width.max(NARROWEST) as usize;
        let input = planes(&crop, padded, HEIGHT as usize, |_, v| (f32::from(v) / 255.0 - 0.5) / 0.5);
        let output = self.network.run_network(HEIGHT as usize, padded, &input)?;
        Ok(self.alphabet.decode(&output.data, output.shape.last().copied().unwrap_or(1)))
    }
}

/// Returns the same quad rotated, so that its right side becomes the upper one: vertical text reads from bottom to top.
fn laid_down(quad: &Quad) -> Quad {
    let [a, b, c, d] = quad.0;
    Quad([b, c, d, a])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One-hot steps of the alphabet blank, A, b, <, space.
    fn steps(classes: &[usize]) -> Vec<f32> {
        classes.iter().flat_map(|c| (0..5).map(move |i| if i == *c { 0.9 } else { 0.02 })).collect()
    }

    #[test]
    fn repeats_fall_together_unless_a_blank_parts_them() {
        let alphabet = Alphabet::parse("A\nb\n<\n");
        let read = alphabet.decode(&steps(&[1, 1, 0, 1, 2, 4, 3]), 5);
        assert_eq!(read.text, "AAb <");
        assert!((read.confidence - 0.9).abs() < 1e-6);
    }

    #[test]
    fn the_masked_reading_knows_the_machine_alphabet_alone() {
        let alphabet = Alphabet::parse("A\nb\n<\n");
        let mut data = steps(&[1, 2, 3]);
        data[5 + 3] = 0.3; // where `b` is read, `<` is the best of what is allowed
        let mrz: String = alphabet.decode(&data, 5).mrz.iter().map(|g| g.character).collect();
        assert_eq!(mrz, "A<");
    }
}
