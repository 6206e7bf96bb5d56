//! Which vectors a search has looked at. The lists are kept for the next search.

use std::sync::{Mutex, PoisonError};

use super::Slot;

/// Lists that are kept; a list of more searches at once is dropped after its search.
const KEPT: usize = 8;

#[derive(Debug, Default)]
pub struct Visits(Mutex<Vec<Visited>>);

/// A mark for each vector: the number of the search that looked at it last.
#[derive(Debug, Default)]
pub struct Visited {
    marks: Vec<u16>,
    search: u16,
}

impl Visits {
    pub fn begin(&self, vectors: usize) -> Visited {
        let mut visited = self.lists().pop().unwrap_or_default();
        if visited.search == u16::MAX {
            visited.marks.fill(0);
            visited.search = 0;
        }
        visited.search += 1;
        if visited.marks.len() < vectors {
            visited.marks.resize(vectors.next_power_of_two(), 0);
        }
        visited
    }

    pub fn end(&self, visited: Visited) {
        let mut lists = self.lists();
        if lists.len() < KEPT {
            lists.push(visited);
        }
    }

    fn lists(&self) -> std::sync::MutexGuard<'_, Vec<Visited>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn bytes(&self) -> usize {
        self.lists().iter().map(|visited| visited.marks.capacity() * size_of::<u16>()).sum()
    }
}

impl Visited {
    /// False: it was there already.
    pub fn insert(&mut self, slot: Slot) -> bool {
        match self.marks.get_mut(slot as usize) {
            Some(mark) if *mark != self.search => {
                *mark = self.search;
                true
            }
            _ => false,
        }
    }
}
