//! Vectors of one byte per number, contiguous in parts of fixed size. Each is scaled so that its greatest number is
//! 127: a cosine does not depend on lengths, and the whole range of a byte is used.
//!
//! Parts are not moved when the index grows, so growing copies nothing and needs no second allocation of the same size.

use zeroize::Zeroize;

use super::Slot;

/// Numbers of a block: one cache line.
const WIDTH: usize = 64;
/// Numbers that are multiplied at once.
const SIMD_WIDTH: usize = 8;
/// Vectors per part.
const PART: usize = 4096;

#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
struct Block([i8; WIDTH]);

impl Default for Block {
    fn default() -> Self {
        Self([0; WIDTH])
    }
}

impl zeroize::DefaultIsZeroes for Block {}

/// The query vector, overwritten on drop.
pub struct Query {
    blocks: Vec<Block>,
    /// 1 / length.
    scale: f32,
}

impl Query {
    pub fn of(vector: &[f32]) -> Self {
        let greatest = vector.iter().fold(f32::MIN_POSITIVE, |greatest, v| greatest.max(v.abs()));
        let blocks: Vec<Block> = vector
            .chunks(WIDTH)
            .map(|part| {
                let mut block = Block::default();
                let numbers = part.iter().map(|v| (v / greatest * 127.0).round() as i8);
                block.0.iter_mut().zip(numbers).for_each(|(place, number)| *place = number);
                block
            })
            .collect();
        let length = (dot(&blocks, &blocks) as f32).sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        Self { blocks, scale }
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        self.blocks.zeroize();
    }
}

#[derive(Debug)]
pub struct Vectors {
    dimensions: usize,
    parts: Vec<Vec<Block>>,
    scales: Vec<f32>,
}

/// Products fit 16 bits and their sum 32, so nothing wraps; without overflow checks, eight numbers are multiplied at
/// once.
fn dot(a: &[Block], b: &[Block]) -> i32 {
    let mut sums = [0i32; SIMD_WIDTH];
    for (a, b) in a.iter().zip(b) {
        for (a, b) in a.0.as_chunks::<SIMD_WIDTH>().0.iter().zip(b.0.as_chunks::<SIMD_WIDTH>().0) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum = sum.wrapping_add(i16::from(*a).wrapping_mul(i16::from(*b)).into());
            }
        }
    }
    sums.iter().sum()
}

impl Vectors {
    pub fn new(dimensions: usize) -> Self {
        Self { dimensions, parts: Vec::new(), scales: Vec::new() }
    }

    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn width(&self) -> usize {
        self.dimensions.div_ceil(WIDTH).max(1)
    }

    fn row(&self, slot: Slot) -> &[Block] {
        let (part, row) = (slot as usize / PART, slot as usize % PART);
        &self.parts[part][row * self.width()..][..self.width()]
    }

    fn row_mut(&mut self, slot: Slot) -> &mut [Block] {
        let (part, row, width) = (slot as usize / PART, slot as usize % PART, self.width());
        &mut self.parts[part][row * width..][..width]
    }

    /// Writes a vector at its position, which is at most the one after the last.
    pub fn set(&mut self, slot: Slot, vector: &Query) {
        let size = PART * self.width();
        if slot as usize / PART == self.parts.len() {
            self.parts.push(vec![Block::default(); size]);
        }
        if slot as usize == self.scales.len() {
            self.scales.push(0.0);
        }
        self.row_mut(slot).copy_from_slice(&vector.blocks);
        self.scales[slot as usize] = vector.scale;
    }

    /// Moves the last vector to a position, and overwrites its old one.
    pub fn swap_remove(&mut self, slot: Slot) {
        let last = self.scales.len() - 1;
        let last_slot = Slot::try_from(last).unwrap_or(slot);
        let mut moved = self.row(last_slot).to_vec();
        self.row_mut(slot).copy_from_slice(&moved);
        self.row_mut(last_slot).zeroize();
        moved.zeroize();
        self.scales.swap_remove(slot as usize);
    }

    pub fn cosine(&self, query: &Query, slot: Slot) -> f32 {
        dot(&query.blocks, self.row(slot)) as f32 * query.scale * self.scales[slot as usize]
    }

    pub fn bytes(&self) -> usize {
        let part = PART * self.width() * size_of::<Block>();
        self.parts.len() * part + self.scales.capacity() * size_of::<f32>()
    }
}

impl Drop for Vectors {
    fn drop(&mut self) {
        self.parts.iter_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_vectors_are_overwritten_and_the_last_moves_to_their_place() {
        let mut vectors = Vectors::new(100);
        for (slot, axis) in [(0, 5), (1, 70), (2, 99)] {
            let mut numbers = vec![0.0; 100];
            numbers[axis] = 2.0;
            vectors.set(slot, &Query::of(&numbers));
        }
        vectors.swap_remove(0);
        assert!(vectors.row(0)[1].0[99 - WIDTH] == 127 && vectors.row(0)[0].0 == [0; WIDTH]);
        assert!(vectors.row(2).iter().all(|block| block.0 == [0; WIDTH]));
        vectors.swap_remove(1);
        assert!(vectors.row(1).iter().all(|block| block.0 == [0; WIDTH]));
        assert_eq!(vectors.scales.len(), 1);
    }
}
