//! Adaptive concurrency limit per endpoint (AIMD), so that no endpoint blocks the others: the limit halves with each
//! failure and grows by one with each success, and free capacity is shared evenly, in rotating order. The total is
//! shared fairly by project, so that one with many endpoints leaves room for the others.

use std::collections::HashMap;

use shares::{FairPlace, FairPool};

/// Initial limit of an endpoint.
const START: usize = 8;

#[derive(Debug)]
pub struct ConcurrencyLimits {
    /// Attempts in progress, by project.
    pool: FairPool,
    /// Limit of one endpoint.
    most: usize,
    endpoints: HashMap<String, EndpointLimit>,
    /// First endpoint of the last round.
    turn: usize,
}

#[derive(Clone, Copy, Debug)]
struct EndpointLimit {
    allowed: usize,
    under_way: usize,
    /// It used its whole limit, so more may wait.
    more: bool,
}

impl ConcurrencyLimits {
    pub fn new(total: usize, most: usize) -> Self {
        Self { pool: FairPool::new(total), most, endpoints: HashMap::new(), turn: 0 }
    }

    /// Whether no attempt may begin for any endpoint.
    pub fn full(&self) -> bool {
        self.pool.taken() >= self.pool.capacity()
    }

    /// Returns a permit for each delivery to claim for the `ready` endpoints, given with their projects; endpoints
    /// without any are left out.
    pub fn share<'a>(&mut self, ready: &[(&'a str, &str)]) -> Vec<(&'a str, Vec<FairPlace>)> {
        let start = START.min(self.most);
        self.endpoints.retain(|_, limit| limit.under_way > 0 || limit.allowed < start);
        self.turn = self.turn.wrapping_add(1);
        let mut shares = Vec::new();
        for at in 0..ready.len() {
            let (endpoint, project) = ready[(at + self.turn) % ready.len()];
            let free = self.pool.capacity().saturating_sub(self.pool.taken());
            let limit = self.endpoints.entry(endpoint.into()).or_insert(EndpointLimit {
                allowed: start,
                under_way: 0,
                more: false,
            });
            let fair = free.div_ceil(ready.len() - at);
            let share = limit.allowed.saturating_sub(limit.under_way).min(fair);
            limit.more = true;
            let places: Vec<_> = (0..share).map_while(|_| self.pool.admit(project)).collect();
            if !places.is_empty() {
                shares.push((endpoint, places));
            }
        }
        shares
    }

    /// Records that `begun` attempts of the permits of `endpoint` are in progress; `all`: as many as it could have.
    pub fn began(&mut self, endpoint: &str, begun: usize, all: bool) {
        if let Some(limit) = self.endpoints.get_mut(endpoint) {
            limit.under_way += begun;
            limit.more = all;
        }
    }

    /// Records the end of one attempt. True when more should be claimed for its endpoint: in batches, because each
    /// claim costs a commit.
    pub fn ended(&mut self, endpoint: &str, succeeded: bool) -> bool {
        let Some(limit) = self.endpoints.get_mut(endpoint) else { return false };
        limit.under_way = limit.under_way.saturating_sub(1);
        limit.allowed =
            if succeeded { (limit.allowed + 1).min(self.most) } else { (limit.allowed / 2).max(1) };
        limit.more && limit.under_way <= limit.allowed / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The permits of attempts in progress, by endpoint.
    #[derive(Default)]
    struct Held(HashMap<String, Vec<FairPlace>>);

    impl Held {
        fn begin(
            &mut self,
            limits: &mut ConcurrencyLimits,
            ready: &[(&str, &str)],
        ) -> HashMap<String, usize> {
            let mut begun = HashMap::new();
            for (endpoint, places) in limits.share(ready) {
                limits.began(endpoint, places.len(), true);
                begun.insert(endpoint.to_owned(), places.len());
                self.0.entry(endpoint.into()).or_default().extend(places);
            }
            begun
        }

        fn end(&mut self, limits: &mut ConcurrencyLimits, endpoint: &str, succeeded: bool) -> bool {
            self.0.get_mut(endpoint).unwrap().pop().unwrap();
            limits.ended(endpoint, succeeded)
        }
    }

    #[test]
    fn a_silent_endpoint_does_not_block_the_others() {
        let (mut limits, mut held) = (ConcurrencyLimits::new(20, 64), Held::default());
        assert_eq!(held.begin(&mut limits, &[("slow", "p")])["slow"], START);
        for _ in 0..START {
            held.end(&mut limits, "slow", false);
        }
        assert_eq!(
            held.begin(&mut limits, &[("slow", "p"), ("well", "p")]),
            HashMap::from([("slow".into(), 1), ("well".into(), START)])
        );
    }

    #[test]
    fn a_responding_endpoint_gets_a_growing_limit() {
        let (mut limits, mut held) = (ConcurrencyLimits::new(256, 64), Held::default());
        for _ in 0..10 {
            for _ in 0..held.begin(&mut limits, &[("well", "p")])["well"] {
                held.end(&mut limits, "well", true);
            }
        }
        assert_eq!(limits.share(&[("well", "p")])[0].1.len(), START, "an idle endpoint is forgotten");
        let (mut busy, mut held) = (ConcurrencyLimits::new(256, 64), Held::default());
        held.begin(&mut busy, &[("well", "p")]);
        for _ in 0..200 {
            busy.ended("well", true);
            busy.began("well", 1, true);
        }
        held.end(&mut busy, "well", true);
        assert_eq!(held.begin(&mut busy, &[("well", "p")])["well"], 64 - (START - 1));
    }

    #[test]
    fn scarce_room_is_shared_evenly_and_the_first_changes() {
        let (mut limits, mut held) = (ConcurrencyLimits::new(3, 64), Held::default());
        let first = held.begin(&mut limits, &[("a", "p"), ("b", "q"), ("c", "r")]);
        assert_eq!(first.values().copied().collect::<Vec<_>>(), [1, 1, 1]);
        assert!(limits.full());

        let (mut limits, mut served) = (ConcurrencyLimits::new(1, 64), Vec::new());
        for _ in 0..3 {
            let mut held = Held::default();
            let begun = held.begin(&mut limits, &[("a", "p"), ("b", "p"), ("c", "p")]);
            let endpoint = begun.keys().next().unwrap().clone();
            held.end(&mut limits, &endpoint, true);
            served.push(endpoint);
        }
        served.sort_unstable();
        assert_eq!(served, ["a", "b", "c"]);
    }

    #[test]
    fn a_project_with_many_endpoints_leaves_room_for_its_neighbour() {
        let (mut limits, mut held) = (ConcurrencyLimits::new(32, 64), Held::default());
        let names: Vec<String> = (0..20).map(|n| format!("greedy-{n}")).collect();
        let greedy: Vec<_> = names.iter().map(|name| (name.as_str(), "greedy")).collect();
        for _ in 0..5 {
            held.begin(&mut limits, &greedy);
        }
        assert!(limits.pool.taken() <= 21, "{} of 32", limits.pool.taken());
        let all: Vec<_> = greedy.iter().copied().chain([("well", "neighbour")]).collect();
        (0..3).for_each(|_| _ = held.begin(&mut limits, &all));
        assert!(!held.0["well"].is_empty());
    }

    #[test]
    fn more_is_claimed_when_half_of_a_full_limit_is_done() {
        let (mut limits, mut held) = (ConcurrencyLimits::new(256, 8), Held::default());
        held.begin(&mut limits, &[("a", "p")]);
        let looks: Vec<bool> = (0..8).map(|_| held.end(&mut limits, "a", true)).collect();
        assert_eq!(looks, [false, false, false, true, true, true, true, true]);
        limits.share(&[("a", "p")]);
        limits.began("a", 2, false);
        assert!(!limits.ended("a", true), "there were no more");
    }
}
