//! Exact search: one aligned allocation, read from front to back.
//!
//! The inner loop is plain Rust over blocks of 16 numbers, which the compiler turns into vector instructions of the
//! target; it is bound by memory, so hand-written kernels (`simsimd`) would not be faster.

use std::collections::HashMap;

use zeroize::Zeroize;

use crate::{Error, Index, Key, Neighbour, check};

/// Numbers of a block: one cache line.
const WIDTH: usize = 16;
/// Rows of the first allocation.
const FIRST_ROWS: usize = 16;

#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
struct Block([f32; WIDTH]);

impl Default for Block {
    fn default() -> Self {
        Self([0.0; WIDTH])
    }
}

impl zeroize::DefaultIsZeroes for Block {}

/// All vectors, scaled to length 1, contiguous.
#[derive(Debug)]
pub struct FlatIndex {
    dimensions: usize,
    /// The vectors in order of `keys`, each padded with zeros to whole blocks.
    blocks: Vec<Block>,
    keys: Vec<Key>,
    rows: HashMap<Key, usize>,
}

impl FlatIndex {
    pub fn new(dimensions: usize) -> Self {
        Self { dimensions, blocks: Vec::new(), keys: Vec::new(), rows: HashMap::new() }
    }

    /// Returns every stored vector, scaled to length 1.
    pub fn vectors(&self) -> impl Iterator<Item = (Key, Vec<f32>)> {
        let rows = self.blocks.chunks_exact(self.blocks_per_row());
        self.keys.iter().copied().zip(rows).map(|(key, row)| {
            let numbers = row.iter().flat_map(|block| block.0);
            (key, numbers.take(self.dimensions).collect())
        })
    }

    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    fn blocks_per_row(&self) -> usize {
        self.dimensions.div_ceil(WIDTH).max(1)
    }

    /// Makes room for one more row. Copied memory is overwritten at its old place.
    fn make_room(&mut self) {
        let (wanted, capacity) = (self.blocks.len() + self.blocks_per_row(), self.blocks.capacity());
        if wanted > capacity {
            let grown = (2 * capacity).max(FIRST_ROWS * self.blocks_per_row());
            let mut larger = Vec::with_capacity(grown);
            larger.extend_from_slice(&self.blocks);
            self.blocks.zeroize();
            self.blocks = larger;
        }
    }
}

/// Returns the vector at length 1, in whole blocks.
fn blocks_of(vector: &[f32]) -> impl Iterator<Item = Block> {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    vector.chunks(WIDTH).map(move |part| {
        let mut block = Block::default();
        block.0.iter_mut().zip(part).for_each(|(number, value)| *number = value / length);
        block
    })
}

fn dot(a: &[Block], b: &[Block]) -> f32 {
    let mut sums = [0.0f32; WIDTH];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(&a.0).zip(&b.0) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// Inserts into a list of at most `count` items, sorted by descending cosine.
fn insert(best: &mut Vec<Neighbour>, count: usize, found: Neighbour) {
    if best.len() == count && best.last().is_none_or(|last| found.cosine <= last.cosine) {
        return;
    }
    let place = best.partition_point(|known| known.cosine >= found.cosine);
    best.insert(place, found);
    best.truncate(count);
}

impl Index for FlatIndex {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn add(&mut self, key: Key, vector: &[f32]) -> Result<(), Error> {
        check(self.dimensions, vector)?;
        let width = self.blocks_per_row();
        if let Some(row) = self.rows.get(&key) {
            let stored = self.blocks.iter_mut().skip(row * width);
            stored.zip(blocks_of(vector)).for_each(|(block, new)| *block = new);
            return Ok(());
        }
        self.make_room();
        self.rows.insert(key, self.keys.len());
        self.keys.push(key);
        self.blocks.extend(blocks_of(vector));
        Ok(())
    }

    fn remove(&mut self, key: Key) -> Result<bool, Error> {
        let Some(row) = self.rows.remove(&key) else { return Ok(false) };
        let (width, last) = (self.blocks_per_row(), self.keys.len() - 1);
        if row != last {
            self.blocks.copy_within(last * width..(last + 1) * width, row * width);
            self.rows.insert(self.keys[last], row);
        }
        self.blocks[last * width..].zeroize();
        self.blocks.truncate(last * width);
        self.keys.swap_remove(row);
        Ok(true)
    }

    fn contains(&self, key: Key) -> bool {
        self.rows.contains_key(&key)
    }

    fn search(&self, query: &[f32], count: usize) -> Result<Vec<Neighbour>, Error> {
        check(self.dimensions, query)?;
        let mut query: Vec<Block> = blocks_of(query).collect();
        let mut best = Vec::with_capacity(count.min(self.keys.len()) + 1);
        if count > 0 {
            let rows = self.blocks.chunks_exact(self.blocks_per_row());
            for (key, row) in self.keys.iter().zip(rows) {
                insert(&mut best, count, Neighbour { key: *key, cosine: dot(&query, row) });
            }
        }
        query.zeroize();
        Ok(best)
    }

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn bytes(&self) -> usize {
        let table = self.rows.capacity() * (size_of::<(Key, usize)>() + 1);
        self.blocks.capacity() * size_of::<Block>() + self.keys.capacity() * size_of::<Key>() + table
    }
}

impl Drop for FlatIndex {
    fn drop(&mut self) {
        self.blocks.zeroize();
    }
}
