//! Files made of others, the same on every machine.

/// A linear congruential generator; its output depends on its seed alone.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.roll(256) as u8
    }
}

/// Longest file made, bytes.
const LONGEST: usize = 64 * 1024;
/// Values at which lengths and counts go wrong.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xfe, 0xff, b'<', b'"'];

/// An endless stream of files: the seeds themselves first, then changed, spliced, cut and random ones.
pub struct Mutations {
    seeds: Vec<Vec<u8>>,
    dice: Dice,
    made: usize,
}

impl Mutations {
    /// Of `seeds`; another `start` gives other files.
    pub const fn of(seeds: Vec<Vec<u8>>, start: u64) -> Self {
        Self { seeds, dice: Dice(start), made: 0 }
    }

    fn seed(&mut self) -> Vec<u8> {
        let at = self.dice.roll(self.seeds.len());
        self.seeds.get(at).cloned().unwrap_or_default()
    }

    /// A known start and then anything, or nothing known at all.
    fn random(&mut self) -> Vec<u8> {
        let mut bytes = if self.dice.roll(2) == 0 { self.seed() } else { Vec::new() };
        bytes.truncate(self.dice.roll(40));
        bytes.extend((0..self.dice.roll(600)).map(|_| self.dice.byte()));
        bytes
    }

    /// The start of one seed and the end of another.
    fn spliced(&mut self) -> Vec<u8> {
        let (mut first, second) = (self.seed(), self.seed());
        first.truncate(self.dice.roll(first.len() + 1));
        let from = self.dice.roll(second.len() + 1);
        first.extend_from_slice(second.get(from..).unwrap_or_default());
        first
    }

    fn changed(&mut self) -> Vec<u8> {
        let mut bytes = self.seed();
        for _ in 0..=self.dice.roll(12) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.dice.roll(bytes.len());
        let end = (at + self.dice.roll(64)).min(bytes.len());
        match self.dice.roll(7) {
            0 => bytes.truncate(at.max(4)),
            1 => bytes.insert(at.min(bytes.len()), self.dice.byte()),
            2 => {
                let piece = bytes.get(at..end).unwrap_or_default().to_vec();
                bytes.splice(at..at, piece);
            }
            3 => drop(bytes.drain(at..end)),
            4 => {
                let edge = EDGES[self.dice.roll(EDGES.len())];
                bytes.iter_mut().skip(at).take(1 + self.dice.0 as usize % 4).for_each(|byte| *byte = edge);
            }
            5 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (self.dice.0 >> 60 & 7)),
            _ => {
                let other = self.dice.byte();
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = other);
            }
        }
    }
}

impl Iterator for Mutations {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let index = self.made;
        self.made += 1;
        if let Some(seed) = self.seeds.get(index) {
            return Some(seed.clone());
        }
        let mut made = match self.dice.roll(8) {
            0 => self.random(),
            1 => self.spliced(),
            _ => self.changed(),
        };
        made.truncate(LONGEST);
        Some(made)
    }
}
