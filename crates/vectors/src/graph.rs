//! Approximate search: a hierarchical navigable small world (Malkov and Yashunin, arXiv 1603.09320) over vectors of one
//! byte a number.
//!
//! Every vector is linked with near ones; a search walks along links towards the query. A few vectors are on upper levels as
//! well, whose links are longer. Each vector is scaled so that its greatest number is 127: a cosine does not depend on
//! lengths, and the whole range of a byte is used.
//!
//! Written here because the engines at hand do not fit: `usearch` leaves the bytes of a removed vector where they are, needs
//! a 100 MB library of kernels (or compares a number at a time) and a feature of `proc-macro2` that recompiles the whole
//! workspace; `hnsw_rs` cannot remove, and keeps three allocations a vector.

mod links;
mod quantized;
mod visited;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use fastrand::Rng;

use crate::{Error, Index, Key, Neighbour, check};
use links::{Links, MAX_UPPER};
use quantized::{Query, Vectors};
use visited::Visits;

/// Names a vector by its place.
type Slot = u32;

/// How many near vectors are looked at as one is added and as one is searched.
const BREADTH_ADD: usize = 96;
const BREADTH_SEARCH: usize = 192;
/// Links a new vector makes.
const LINKS: usize = MAX_UPPER;
/// A list of links that is full is cut to this share, so that it is not cut again for each new link.
const CUT: (usize, usize) = (3, 4);
/// Vectors whose neighbours are found at once, by several threads, are at most this share of those that are there.
const BATCH_SHARE: usize = 32;
const MAX_BATCH: usize = 1024;
const MAX_LEVEL: usize = 8;

/// A graph of neighbours.
#[derive(Debug)]
pub struct GraphIndex {
    vectors: Vectors,
    links: Links,
    /// None: the place is free.
    keys: Vec<Option<Key>>,
    slots: HashMap<Key, Slot>,
    free: Vec<Slot>,
    /// Where searches begin: a vector on the highest level.
    entry: Option<Slot>,
    visits: Visits,
    random: Rng,
}

/// A vector and how near it is; ordered by that.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Near {
    cosine: f32,
    slot: Slot,
}

impl Eq for Near {}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.cosine.total_cmp(&other.cosine).then(self.slot.cmp(&other.slot))
    }
}

/// Where a new vector belongs: its level, and its near ones on each level from the lowest.
struct Plan {
    query: Query,
    near: Vec<Vec<Near>>,
}

impl GraphIndex {
    pub fn new(dimensions: usize) -> Self {
        Self {
            vectors: Vectors::new(dimensions),
            links: Links::default(),
            keys: Vec::new(),
            slots: HashMap::new(),
            free: Vec::new(),
            entry: None,
            visits: Visits::default(),
            // Levels must be spread evenly, not secret.
            random: Rng::with_seed(1),
        }
    }

    /// On how many upper levels a new vector is: each has 1 in [`LINKS`] of the one below.
    fn new_level(&mut self) -> usize {
        let share = self.random.f64().max(f64::MIN_POSITIVE);
        ((-share.ln() / (LINKS as f64).ln()) as usize).min(MAX_LEVEL)
    }

    /// Follows the links of a level towards the query, one vector at a time.
    fn descend(&self, query: &Query, from: Near, level: usize) -> Near {
        let mut nearest = from;
        loop {
            let next = self.links.of(nearest.slot, level).map(|slot| self.near(query, slot)).max();
            match next {
                Some(next) if next.cosine > nearest.cosine => nearest = next,
                _ => return nearest,
            }
        }
    }

    /// Returns up to `breadth` near vectors of a level, the nearest first.
    fn spread(&self, query: &Query, from: Near, level: usize, breadth: usize) -> Vec<Near> {
        let mut visited = self.visits.begin(self.keys.len());
        visited.insert(from.slot);
        let mut open = BinaryHeap::from([from]);
        let mut best = BinaryHeap::from([Reverse(from)]);
        while let Some(next) = open.pop() {
            let worst = best.peek().map_or(f32::MIN, |Reverse(near)| near.cosine);
            if best.len() >= breadth && next.cosine < worst {
                break;
            }
            for slot in self.links.of(next.slot, level) {
                if !visited.insert(slot) {
                    continue;
                }
                let near = self.near(query, slot);
                let worst = best.peek().map_or(f32::MIN, |Reverse(near)| near.cosine);
                if best.len() < breadth || near.cosine > worst {
                    open.push(near);
                    best.push(Reverse(near));
                    if best.len() > breadth {
                        best.pop();
                    }
                }
            }
        }
        self.visits.end(visited);
        best.into_sorted_vec().into_iter().map(|Reverse(near)| near).collect()
    }

    fn near(&self, query: &Query, slot: Slot) -> Near {
        Near { cosine: self.vectors.cosine(query, slot), slot }
    }

    fn plan(&self, query: Query, level: usize) -> Plan {
        let mut near = vec![Vec::new(); level + 1];
        if let Some(entry) = self.entry {
            let top = self.links.level(entry);
            let mut from = self.near(&query, entry);
            for upper in (level + 1..=top).rev() {
                from = self.descend(&query, from, upper);
            }
            for shared in (0..=level.min(top)).rev() {
                near[shared] = self.spread(&query, from, shared, BREADTH_ADD);
                from = near[shared].first().copied().unwrap_or(from);
            }
        }
        Plan { query, near }
    }

    /// Of near vectors, the nearest first, those that are nearer to the vector than to each other: links lead in different
    /// directions.
    fn diverse(&self, near: &[Near], most: usize) -> Vec<Slot> {
        let mut chosen: Vec<Slot> = Vec::with_capacity(most);
        for candidate in near {
            if chosen.len() == most {
                break;
            }
            let is_nearer =
                |other: &Slot| self.vectors.cosine_between(candidate.slot, *other) > candidate.cosine;
            if !chosen.iter().any(is_nearer) {
                chosen.push(candidate.slot);
            }
        }
        // Where all lead one way, the nearest of the others.
        let others = near.iter().map(|near| near.slot);
        let others: Vec<Slot> = others.filter(|slot| !chosen.contains(slot)).collect();
        chosen.extend(others.into_iter().take((most / 2).saturating_sub(chosen.len())));
        chosen
    }

    fn insert(&mut self, key: Key, plan: &Plan) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.keys.push(None);
            Slot::try_from(self.keys.len() - 1).unwrap_or(Slot::MAX)
        });
        let level = plan.near.len() - 1;
        self.vectors.set(slot, &plan.query);
        self.links.make(slot, level);
        self.keys[slot as usize] = Some(key);
        self.slots.insert(key, slot);
        for (level, near) in plan.near.iter().enumerate() {
            let alive: Vec<Near> = near.iter().filter(|near| self.is_alive(near.slot)).copied().collect();
            let chosen = self.diverse(&alive, LINKS);
            for other in &chosen {
                self.link(*other, slot, level);
            }
            self.links.set(slot, level, &chosen);
        }
        if self.entry.is_none_or(|entry| self.links.level(entry) < level) {
            self.entry = Some(slot);
        }
    }

    fn is_alive(&self, slot: Slot) -> bool {
        self.keys[slot as usize].is_some()
    }

    /// Adds a link; of a full list the most useful stay.
    fn link(&mut self, from: Slot, to: Slot, level: usize) {
        if self.links.push(from, level, to) {
            return;
        }
        let all: Vec<Slot> = self.links.of(from, level).chain([to]).collect();
        self.relink(from, level, &all, Links::room(level) * CUT.0 / CUT.1);
    }

    fn relink(&mut self, from: Slot, level: usize, to: &[Slot], most: usize) {
        let near = |slot: &Slot| Near { cosine: self.vectors.cosine_between(from, *slot), slot: *slot };
        let mut all: Vec<Near> = to.iter().filter(|slot| self.is_alive(**slot)).map(near).collect();
        all.sort_by(|a, b| b.cmp(a));
        all.dedup();
        let chosen = self.diverse(&all, most);
        self.links.set(from, level, &chosen);
    }

    /// Takes a vector out: those it linked with are linked with each other instead.
    fn take_out(&mut self, slot: Slot) {
        self.keys[slot as usize] = None;
        for level in 0..=self.links.level(slot) {
            let around: Vec<Slot> = self.links.of(slot, level).collect();
            for other in &around {
                let of_other: Vec<Slot> = self.links.of(*other, level).collect();
                if of_other.contains(&slot) {
                    let instead = of_other.into_iter().chain(around.iter().copied());
                    let instead: Vec<Slot> = instead.filter(|link| link != other).collect();
                    self.relink(*other, level, &instead, Links::room(level));
                }
            }
        }
        self.vectors.clear(slot);
        self.links.clear(slot);
        self.free.push(slot);
        if self.entry == Some(slot) {
            self.entry = self.links.highest().filter(|slot| self.is_alive(*slot)).or_else(|| {
                let any = self.keys.iter().position(Option::is_some)?;
                Slot::try_from(any).ok()
            });
        }
    }

    /// Finds the places of several vectors, with a thread for each core.
    fn plans(&mut self, vectors: &[(Key, Vec<f32>)]) -> Result<Vec<Plan>, Error> {
        let levels: Vec<usize> = vectors.iter().map(|_| self.new_level()).collect();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let each = vectors.len().div_ceil(cores).max(1);
        let this = &*self;
        let plan = |(vectors, levels): (&[(Key, Vec<f32>)], &[usize])| {
            let both = vectors.iter().zip(levels);
            both.map(|((_, vector), level)| this.plan(Query::of(vector), *level)).collect::<Vec<_>>()
        };
        std::thread::scope(|scope| {
            let parts = vectors.chunks(each).zip(levels.chunks(each));
            let threads: Vec<_> = parts.map(|part| scope.spawn(move || plan(part))).collect();
            let mut plans = Vec::with_capacity(vectors.len());
            for thread in threads {
                plans.extend(thread.join().map_err(|_| Error::Crashed)?);
            }
            Ok(plans)
        })
    }
}

impl Index for GraphIndex {
    fn dimensions(&self) -> usize {
        self.vectors.dimensions()
    }

    fn add(&mut self, key: Key, vector: &[f32]) -> Result<(), Error> {
        check(self.dimensions(), vector)?;
        self.remove(key)?;
        let level = self.new_level();
        let plan = self.plan(Query::of(vector), level);
        self.insert(key, &plan);
        Ok(())
    }

    /// Vectors that are added together are not linked with each other at first, so only few are at a time.
    fn add_all(&mut self, vectors: &[(Key, Vec<f32>)]) -> Result<(), Error> {
        let mut rest = vectors;
        while !rest.is_empty() {
            let batch = (self.len() / BATCH_SHARE).clamp(1, MAX_BATCH).min(rest.len());
            let (next, later) = rest.split_at(batch);
            rest = later;
            if let [(key, vector)] = next {
                self.add(*key, vector)?;
                continue;
            }
            for (key, vector) in next {
                check(self.dimensions(), vector)?;
                self.remove(*key)?;
            }
            for ((key, _), plan) in next.iter().zip(self.plans(next)?) {
                self.remove(*key)?;
                self.insert(*key, &plan);
            }
        }
        Ok(())
    }

    fn remove(&mut self, key: Key) -> Result<bool, Error> {
        let slot = self.slots.remove(&key);
        if let Some(slot) = slot {
            self.take_out(slot);
        }
        Ok(slot.is_some())
    }

    fn contains(&self, key: Key) -> bool {
        self.slots.contains_key(&key)
    }

    fn search(&self, query: &[f32], count: usize) -> Result<Vec<Neighbour>, Error> {
        check(self.dimensions(), query)?;
        let (Some(entry), true) = (self.entry, count > 0) else { return Ok(Vec::new()) };
        let query = Query::of(query);
        let mut from = self.near(&query, entry);
        for upper in (1..=self.links.level(entry)).rev() {
            from = self.descend(&query, from, upper);
        }
        let found = self.spread(&query, from, 0, BREADTH_SEARCH.max(count));
        let named = |near: Near| Some(Neighbour { key: self.keys[near.slot as usize]?, cosine: near.cosine });
        Ok(found.into_iter().filter_map(named).take(count).collect())
    }

    fn len(&self) -> usize {
        self.slots.len()
    }

    fn bytes(&self) -> usize {
        let table = self.slots.capacity() * (size_of::<(Key, Slot)>() + 1);
        let places = self.keys.capacity() * size_of::<Option<Key>>();
        self.vectors.bytes() + self.links.bytes() + self.visits.bytes() + table + places
    }
}
