//! How many attempts each endpoint may have under way, so that none takes the place of the others: its number halves with
//! each failure and grows by one with each success, and what is free is shared out evenly, starting with another each time.

use std::collections::HashMap;

/// What an endpoint starts with.
const START: usize = 8;

#[derive(Debug)]
pub struct Lanes {
    /// Attempts under way at a time, in all and for one endpoint.
    total: usize,
    most: usize,
    under_way: usize,
    lanes: HashMap<String, Lane>,
    /// Who was first the last time.
    turn: usize,
}

#[derive(Clone, Copy, Debug)]
struct Lane {
    allowed: usize,
    under_way: usize,
    /// It got all that it was allowed, so more may wait.
    more: bool,
}

impl Lanes {
    pub fn new(total: usize, most: usize) -> Self {
        Self { total, most, under_way: 0, lanes: HashMap::new(), turn: 0 }
    }

    /// No attempt may be begun, for whomever.
    pub fn full(&self) -> bool {
        self.under_way >= self.total
    }

    /// How many of its deliveries to claim for each of the endpoints `ready`; those that may have none are left out.
    pub fn share<'a>(&mut self, ready: &[&'a str]) -> Vec<(&'a str, usize)> {
        let start = START.min(self.most);
        self.lanes.retain(|_, lane| lane.under_way > 0 || lane.allowed < start);
        self.turn = self.turn.wrapping_add(1);
        let mut free = self.total.saturating_sub(self.under_way);
        let mut shares = Vec::new();
        for at in 0..ready.len() {
            let endpoint = ready[(at + self.turn) % ready.len()];
            let lane = self.lanes.entry(endpoint.into()).or_insert(Lane {
                allowed: start,
                under_way: 0,
                more: false,
            });
            let fair = free.div_ceil(ready.len() - at);
            let share = lane.allowed.saturating_sub(lane.under_way).min(fair);
            lane.more = true;
            if share > 0 {
                free -= share;
                shares.push((endpoint, share));
            }
        }
        shares
    }

    /// `begun` attempts of those shared out to `endpoint` are under way now; `all`: as many as it could have.
    pub fn began(&mut self, endpoint: &str, begun: usize, all: bool) {
        if let Some(lane) = self.lanes.get_mut(endpoint) {
            lane.under_way += begun;
            lane.more = all;
            self.under_way += begun;
        }
    }

    /// One attempt ended. True when it is time to look for more for its endpoint: in lots, as each look costs a commit.
    pub fn ended(&mut self, endpoint: &str, succeeded: bool) -> bool {
        self.under_way = self.under_way.saturating_sub(1);
        let Some(lane) = self.lanes.get_mut(endpoint) else { return false };
        lane.under_way = lane.under_way.saturating_sub(1);
        lane.allowed = if succeeded { (lane.allowed + 1).min(self.most) } else { (lane.allowed / 2).max(1) };
        lane.more && lane.under_way <= lane.allowed / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(lanes: &mut Lanes, ready: &[&str]) -> HashMap<String, usize> {
        let shares = lanes.share(ready);
        for (endpoint, share) in &shares {
            lanes.began(endpoint, *share, true);
        }
        shares.into_iter().map(|(endpoint, share)| (endpoint.to_owned(), share)).collect()
    }

    #[test]
    fn one_that_never_answers_leaves_room_for_the_others() {
        let mut lanes = Lanes::new(20, 64);
        assert_eq!(begin(&mut lanes, &["slow"])["slow"], START);
        for _ in 0..START {
            lanes.ended("slow", false);
        }
        assert_eq!(
            begin(&mut lanes, &["slow", "well"]),
            HashMap::from([("slow".into(), 1), ("well".into(), START)])
        );
    }

    #[test]
    fn one_that_answers_gets_more_and_more() {
        let mut lanes = Lanes::new(256, 64);
        for _ in 0..10 {
            for _ in 0..begin(&mut lanes, &["well"])["well"] {
                lanes.ended("well", true);
            }
        }
        assert_eq!(lanes.share(&["well"]), [("well", START)], "an idle lane is forgotten");
        let mut busy = Lanes::new(256, 64);
        begin(&mut busy, &["well"]);
        for _ in 0..200 {
            busy.ended("well", true);
            busy.began("well", 1, true);
        }
        busy.ended("well", true);
        assert_eq!(begin(&mut busy, &["well"])["well"], 64 - (START - 1));
    }

    #[test]
    fn scarce_room_is_shared_evenly_and_the_first_changes() {
        let mut lanes = Lanes::new(3, 64);
        let first = begin(&mut lanes, &["a", "b", "c"]);
        assert_eq!(first.values().copied().collect::<Vec<_>>(), [1, 1, 1]);
        assert!(lanes.full());

        let mut lanes = Lanes::new(1, 64);
        let mut served = Vec::new();
        for _ in 0..3 {
            let (endpoint, _) = lanes.share(&["a", "b", "c"])[0];
            lanes.began(endpoint, 1, true);
            lanes.ended(endpoint, true);
            served.push(endpoint);
        }
        served.sort_unstable();
        assert_eq!(served, ["a", "b", "c"]);
    }

    #[test]
    fn it_is_time_to_look_again_when_half_of_a_full_lane_is_done() {
        let mut lanes = Lanes::new(256, 8);
        begin(&mut lanes, &["a"]);
        let looks: Vec<bool> = (0..8).map(|_| lanes.ended("a", true)).collect();
        assert_eq!(looks, [false, false, false, true, true, true, true, true]);
        lanes.share(&["a"]);
        lanes.began("a", 2, false);
        assert!(!lanes.ended("a", true), "there were no more");
    }
}
