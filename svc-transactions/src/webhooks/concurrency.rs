//! How many attempts each endpoint may have under way, so that none takes the place of the others: its number halves with
//! each failure and grows by one with each success, and what is free is shared out evenly, starting with another each time.
//! In all they are shared fairly by project, so that one with many endpoints leaves room for the others.

use std::collections::HashMap;

use shares::{FairPlace, FairPool};

/// What an endpoint starts with.
const START: usize = 8;

#[derive(Debug)]
pub struct ConcurrencyLimits {
    /// Attempts under way at a time, by project.
    pool: FairPool,
    /// The same for one endpoint.
    most: usize,
    endpoints: HashMap<String, EndpointLimit>,
    /// Who was first the last time.
    turn: usize,
}

#[derive(Clone, Copy, Debug)]
struct EndpointLimit {
    allowed: usize,
    under_way: usize,
    /// It got all that it was allowed, so more may wait.
    more: bool,
}

impl ConcurrencyLimits {
    pub fn new(total: usize, most: usize) -> Self {
        Self { pool: FairPool::new(total), most, endpoints: HashMap::new(), turn: 0 }
    }

    /// No attempt may be begun, for whomever.
    pub fn full(&self) -> bool {
        self.pool.taken() >= self.pool.capacity()
    }

    /// A place for each delivery to claim for the endpoints `ready`, given with their projects; those that may have none are
    /// left out.
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

    /// `begun` attempts of those shared out to `endpoint` are under way now; `all`: as many as it could have.
    pub fn began(&mut self, endpoint: &str, begun: usize, all: bool) {
        if let Some(limit) = self.endpoints.get_mut(endpoint) {
            limit.under_way += begun;
            limit.more = all;
        }
    }

    /// One attempt ended. True when it is time to look for more for its endpoint: in lots, as each look costs a commit.
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

    /// The places of attempts under way, by endpoint.
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
    fn it_is_time_to_look_again_when_half_of_a_full_lane_is_done() {
        let (mut limits, mut held) = (ConcurrencyLimits::new(256, 8), Held::default());
        held.begin(&mut limits, &[("a", "p")]);
        let looks: Vec<bool> = (0..8).map(|_| held.end(&mut limits, "a", true)).collect();
        assert_eq!(looks, [false, false, false, true, true, true, true, true]);
        limits.share(&[("a", "p")]);
        limits.began("a", 2, false);
        assert!(!limits.ended("a", true), "there were no more");
    }
}
