//! Nearest-neighbour search by cosine over vectors in memory.
//!
//! [`FlatIndex`] compares a query with every vector and is exact; [`SketchIndex`] compares sketches of one bit per
//! number first and nearly always finds the same, in a quarter of the memory and an eighth of the time. Both are an
//! [`Index`], tested by one suite (`tests/it.rs`).
//!
//! Invariants: a removed vector is never found again and its numbers are overwritten at once; the memory of an index
//! is overwritten on drop.
//!
//! Caller: `svc-ml`, which verifies candidates against the stored templates.

mod flat;
mod sketch;

pub use flat::FlatIndex;
pub use sketch::SketchIndex;

/// Identifies a vector.
pub type Key = u64;

/// A search result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    pub key: Key,
    /// -1..=1; exact of a flat index, within about .005 of sketches.
    pub cosine: f32,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a vector of {found} numbers does not fit an index of {expected}")]
    Dimensions { expected: usize, found: usize },
    #[error("the index is full")]
    Full,
}

/// Vectors of equal dimensions, searched by cosine.
pub trait Index: Send + Sync + std::fmt::Debug {
    fn dimensions(&self) -> usize;

    /// Adds a vector; replaces one of the same key.
    ///
    /// # Errors
    /// [`Error::Dimensions`], [`Error::Full`].
    fn add(&mut self, key: Key, vector: &[f32]) -> Result<(), Error>;

    /// Adds several.
    ///
    /// # Errors
    /// As [`Index::add`]; some vectors may have been added then.
    fn add_all(&mut self, vectors: &[(Key, Vec<f32>)]) -> Result<(), Error> {
        vectors.iter().try_for_each(|(key, vector)| self.add(*key, vector))
    }

    /// Removes a vector and overwrites it; false: there was none.
    ///
    /// # Errors
    /// Those of the index.
    fn remove(&mut self, key: Key) -> Result<bool, Error>;

    fn contains(&self, key: Key) -> bool;

    /// Returns up to `count` vectors, the nearest first.
    ///
    /// # Errors
    /// [`Error::Dimensions`].
    fn search(&self, query: &[f32], count: usize) -> Result<Vec<Neighbour>, Error>;

    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the memory in use.
    fn bytes(&self) -> usize;
}

fn check(expected: usize, vector: &[f32]) -> Result<(), Error> {
    let found = vector.len();
    if found == expected { Ok(()) } else { Err(Error::Dimensions { expected, found }) }
}
