//! Sketches of one bit per number.

use fastrand::Rng;
use zeroize::Zeroize;

use super::Slot;

const WORD_BITS: usize = 64;
/// Sketches per part: parts are not moved when the index grows.
const PART: usize = 4096;

/// The rotation before the signs are taken: random signs, then a Walsh-Hadamard transform, twice. Every number of a
/// vector affects every bit by its share of the cosine.
#[derive(Debug)]
pub struct Sketcher {
    signs: [Vec<f32>; 2],
    words: usize,
}

impl Sketcher {
    pub fn new(dimensions: usize) -> Self {
        // The rotation is fixed, not secret: sketches live no longer than the process.
        let mut random = Rng::with_seed(dimensions as u64);
        let size = dimensions.next_power_of_two().max(WORD_BITS);
        let mut signs = || (0..size).map(|_| if random.bool() { 1.0 } else { -1.0 }).collect();
        Self { signs: [signs(), signs()], words: dimensions.div_ceil(WORD_BITS).max(1) }
    }

    pub fn words(&self) -> usize {
        self.words
    }

    pub fn sketch(&self, vector: &[f32]) -> Vec<u64> {
        let mut numbers = vec![0.0; self.signs[0].len()];
        numbers.iter_mut().zip(vector).for_each(|(number, value)| *number = *value);
        for signs in &self.signs {
            numbers.iter_mut().zip(signs).for_each(|(number, sign)| *number *= sign);
            transform(&mut numbers);
        }
        let words = numbers.chunks_exact(WORD_BITS).take(self.words);
        let sketch =
            words.map(|part| part.iter().fold(0, |word, v| word << 1 | u64::from(*v > 0.0))).collect();
        numbers.zeroize();
        sketch
    }
}

/// Applies the fast Walsh-Hadamard transform, up to a factor.
fn transform(numbers: &mut [f32]) {
    let mut half = 1;
    while half < numbers.len() {
        for pair in numbers.chunks_exact_mut(2 * half) {
            let (left, right) = pair.split_at_mut(half);
            for (a, b) in left.iter_mut().zip(right) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

#[derive(Debug)]
pub struct Sketches {
    words: usize,
    parts: Vec<Vec<u64>>,
    len: usize,
}

impl Sketches {
    pub fn new(words: usize) -> Self {
        Self { words, parts: Vec::new(), len: 0 }
    }

    /// Writes a sketch at its position, which is at most the one after the last.
    pub fn set(&mut self, slot: Slot, sketch: &[u64]) {
        let slot = slot as usize;
        if slot / PART == self.parts.len() {
            self.parts.push(vec![0; PART * self.words]);
        }
        self.len = self.len.max(slot + 1);
        self.row_mut(slot).copy_from_slice(sketch);
    }

    /// Moves the last sketch to a position, and overwrites its old one.
    pub fn swap_remove(&mut self, slot: Slot) {
        let last = self.len - 1;
        let (part, row) = (last / PART, last % PART * self.words);
        let moved = self.parts[part][row..][..self.words].to_vec();
        self.row_mut(slot as usize).copy_from_slice(&moved);
        self.row_mut(last).zeroize();
        self.len = last;
    }

    fn row_mut(&mut self, slot: usize) -> &mut [u64] {
        &mut self.parts[slot / PART][slot % PART * self.words..][..self.words]
    }

    /// Counts the bits in which each sketch from `first` on differs from `sketch`.
    pub fn differing(&self, sketch: &[u64], first: usize, counts: &mut [u16]) {
        let mut slot = first;
        let mut rest = counts;
        while !rest.is_empty() {
            let (part, row) = (slot / PART, slot % PART);
            let here = (PART - row).min(rest.len());
            let (now, later) = rest.split_at_mut(here);
            let rows = self.parts[part][row * self.words..].chunks_exact(self.words);
            for (count, stored) in now.iter_mut().zip(rows) {
                let bits: u32 =
                    stored.iter().zip(sketch).map(|(a, b)| (a ^ b).count_ones()).fold(0, u32::wrapping_add);
                *count = bits as u16;
            }
            (slot, rest) = (slot + here, later);
        }
    }

    pub fn bytes(&self) -> usize {
        self.parts.len() * PART * self.words * size_of::<u64>()
    }
}

impl Drop for Sketches {
    fn drop(&mut self) {
        self.parts.iter_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the share of different bits of two vectors at an angle.
    fn share(sketcher: &Sketcher, axis: usize, radians: f32) -> f64 {
        let (mut a, mut b) = (vec![0.0; 640], vec![0.0; 640]);
        a[axis] = 1.0;
        (b[axis], b[(axis + 1) % 640]) = (radians.cos(), radians.sin());
        let mut sketches = Sketches::new(sketcher.words());
        sketches.set(0, &sketcher.sketch(&a));
        let mut counts = [0];
        sketches.differing(&sketcher.sketch(&b), 0, &mut counts);
        f64::from(counts[0]) / (64 * sketcher.words()) as f64
    }

    #[test]
    fn the_share_of_bits_that_differ_is_the_angle() {
        let sketcher = Sketcher::new(640);
        for radians in [0.0f32, 0.4, 0.8, 1.2, 1.57, 2.4, 3.1] {
            let mean: f64 = (0..40).map(|axis| share(&sketcher, axis * 16, radians)).sum::<f64>() / 40.0;
            let expected = f64::from(radians) / std::f64::consts::PI;
            assert!((mean - expected).abs() < 0.03, "{radians}: {mean} instead of {expected}");
        }
    }
}
