//! A bounded pool that several owners share fairly: projects, organisations, addresses.
//!
//! An owner may take a permit only if at least half as many permits stay free as it then holds (the dynamic
//! thresholds of Choudhury and Hahne, which switches use to share buffers). One owner alone gets two thirds of the
//! pool, the next two thirds of the rest; an owner without any gets the last permit too. So neither owners nor shares
//! are configured, and a greedy owner is rejected before the others. This crate knows no service.

mod turns;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use turns::{FairTurns, Turn};

/// A pool of permits; clones share it.
#[derive(Clone, Debug)]
pub struct FairPool {
    capacity: usize,
    held: Arc<Mutex<Held>>,
}

/// Owners without a permit have no entry, so memory is bounded by the capacity.
#[derive(Debug, Default)]
struct Held {
    total: usize,
    by_owner: HashMap<Arc<str>, usize>,
}

/// A permit; released on drop.
#[derive(Debug)]
pub struct FairPlace {
    held: Arc<Mutex<Held>>,
    owner: Arc<str>,
}

impl FairPool {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, held: Arc::default() }
    }

    /// Returns a permit for `owner`, or `None` at once: the pool is full, or the owner has its share.
    pub fn admit(&self, owner: &str) -> Option<FairPlace> {
        let mut held = lock(&self.held);
        let free = self.capacity.saturating_sub(held.total);
        let own = held.by_owner.get(owner).copied().unwrap_or_default();
        let allowed = free > 0 && (own == 0 || own < 2 * (free - 1));
        if !allowed {
            return None;
        }
        let owner = held.by_owner.get_key_value(owner).map_or_else(|| owner.into(), |(key, _)| key.clone());
        *held.by_owner.entry(Arc::clone(&owner)).or_default() += 1;
        held.total += 1;
        Some(FairPlace { held: Arc::clone(&self.held), owner })
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Returns the permits taken by all owners.
    pub fn taken(&self) -> usize {
        lock(&self.held).total
    }
}

impl FairPlace {
    pub fn owner(&self) -> &Arc<str> {
        &self.owner
    }
}

impl Drop for FairPlace {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        held.total = held.total.saturating_sub(1);
        if let Some(own) = held.by_owner.get_mut(&self.owner) {
            *own -= 1;
            if *own == 0 {
                held.by_owner.remove(&self.owner);
            }
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn take_all(pool: &FairPool, owner: &str) -> Vec<FairPlace> {
        std::iter::from_fn(|| pool.admit(owner)).collect()
    }

    #[test]
    fn a_greedy_owner_leaves_a_third_to_the_others() {
        for (capacity, alone) in [(1, 1), (2, 1), (3, 2), (18, 12), (32, 21), (256, 170)] {
            let pool = FairPool::new(capacity);
            assert_eq!(take_all(&pool, "greedy").len(), alone, "of {capacity}");
        }
    }

    #[test]
    fn several_greedy_owners_leave_room_for_one_more() {
        let pool = FairPool::new(32);
        let greedy: Vec<_> = ["a", "b", "c"].map(|owner| take_all(&pool, owner)).into_iter().collect();
        assert_eq!(greedy.iter().map(Vec::len).collect::<Vec<_>>(), [21, 7, 2]);
        assert!(pool.admit("neighbour").is_some());
    }

    #[test]
    fn released_permits_can_be_taken_again() {
        let pool = FairPool::new(3);
        let places = take_all(&pool, "a");
        assert!(pool.admit("a").is_none());
        drop(places);
        assert_eq!((pool.taken(), lock(&pool.held).by_owner.len()), (0, 0));
        assert_eq!(take_all(&pool, "a").len(), 2);
    }

    proptest! {
        #[test]
        fn the_pool_is_never_exceeded_and_counts_right(
            capacity in 0_usize..40,
            steps in prop::collection::vec((0_u8..5, any::<bool>()), 0..200),
        ) {
            let pool = FairPool::new(capacity);
            let mut places: HashMap<u8, Vec<FairPlace>> = HashMap::new();
            for (owner, takes) in steps {
                let own = places.entry(owner).or_default();
                if !takes {
                    own.pop();
                } else if let Some(place) = pool.admit(&owner.to_string()) {
                    own.push(place);
                } else {
                    let nothing_held = own.is_empty();
                    prop_assert!(!nothing_held || pool.taken() == capacity, "refused though it held nothing");
                }
                let held: usize = places.values().map(Vec::len).sum();
                prop_assert_eq!(held, pool.taken());
                prop_assert!(held <= capacity);
            }
        }
    }
}
