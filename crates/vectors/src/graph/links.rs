//! Who is linked with whom, level by level.

use std::collections::HashMap;

use super::Slot;

/// Links of a vector at most, on the lowest level and on each above.
const MAX_LOWEST: usize = 32;
pub const MAX_UPPER: usize = 16;
/// Vectors of a part: parts are not moved when the graph grows.
const PART: usize = 4096;
const NONE: Slot = Slot::MAX;

#[derive(Debug, Default)]
pub struct Links {
    /// The lowest level: [`MAX_LOWEST`] places for each vector.
    lowest: Vec<Vec<Slot>>,
    /// The levels above, of the few vectors that are there.
    upper: HashMap<Slot, Vec<[Slot; MAX_UPPER]>>,
}

impl Links {
    pub fn room(level: usize) -> usize {
        if level == 0 { MAX_LOWEST } else { MAX_UPPER }
    }

    /// Makes room for a vector that is on `level` levels above the lowest.
    pub fn make(&mut self, slot: Slot, level: usize) {
        if slot as usize / PART == self.lowest.len() {
            self.lowest.push(vec![NONE; PART * MAX_LOWEST]);
        }
        if level > 0 {
            self.upper.insert(slot, vec![[NONE; MAX_UPPER]; level]);
        }
    }

    pub fn level(&self, slot: Slot) -> usize {
        self.upper.get(&slot).map_or(0, Vec::len)
    }

    fn list(&self, slot: Slot, level: usize) -> &[Slot] {
        match level.checked_sub(1) {
            None => {
                let (part, row) = (slot as usize / PART, slot as usize % PART);
                self.lowest.get(part).map_or(&[], |part| &part[row * MAX_LOWEST..][..MAX_LOWEST])
            }
            Some(above) => {
                self.upper.get(&slot).and_then(|levels| levels.get(above)).map_or(&[], <[Slot; _]>::as_slice)
            }
        }
    }

    fn list_mut(&mut self, slot: Slot, level: usize) -> &mut [Slot] {
        match level.checked_sub(1) {
            None => {
                let (part, row) = (slot as usize / PART, slot as usize % PART);
                self.lowest.get_mut(part).map_or(&mut [], |part| &mut part[row * MAX_LOWEST..][..MAX_LOWEST])
            }
            Some(above) => {
                let levels = self.upper.get_mut(&slot);
                levels.and_then(|levels| levels.get_mut(above)).map_or(&mut [], <[Slot; _]>::as_mut_slice)
            }
        }
    }

    pub fn of(&self, slot: Slot, level: usize) -> impl Iterator<Item = Slot> {
        self.list(slot, level).iter().copied().take_while(|link| *link != NONE)
    }

    /// Sets the links of a vector; those for which there is no room are left out.
    pub fn set(&mut self, slot: Slot, level: usize, links: &[Slot]) {
        let list = self.list_mut(slot, level);
        list.fill(NONE);
        list.iter_mut().zip(links).for_each(|(place, link)| *place = *link);
    }

    /// Adds a link; false: the list is full.
    pub fn push(&mut self, slot: Slot, level: usize, link: Slot) -> bool {
        match self.list_mut(slot, level).iter_mut().find(|place| **place == NONE || **place == link) {
            Some(place) => {
                *place = link;
                true
            }
            None => false,
        }
    }

    pub fn clear(&mut self, slot: Slot) {
        self.list_mut(slot, 0).fill(NONE);
        self.upper.remove(&slot);
    }

    /// Returns a vector on the highest level there is above the lowest.
    pub fn highest(&self) -> Option<Slot> {
        self.upper.iter().max_by_key(|(_, levels)| levels.len()).map(|(slot, _)| *slot)
    }

    pub fn bytes(&self) -> usize {
        let lowest = self.lowest.len() * PART * MAX_LOWEST * size_of::<Slot>();
        let table = self.upper.capacity() * (size_of::<(Slot, Vec<[Slot; MAX_UPPER]>)>() + 1);
        lowest + table + self.upper.len() * size_of::<[Slot; MAX_UPPER]>()
    }
}
