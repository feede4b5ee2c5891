//! A lane to one channel, provider or desk: bounded concurrency and rate, first come first served (L5).

use std::collections::{BTreeMap, VecDeque};

use ringback_core::Now;

use crate::config::{Config, Limits};

/// Of so many calls one is taken from those that are not urgent, so that none of them starves (L5).
const FAIR_TURN: u32 = 4;

/// Lanes by the name of the channel, provider or desk.
#[derive(Debug)]
pub(crate) struct Lanes<T>(BTreeMap<String, Lane<T>>);

/// What waits for a lane, and what is on it.
#[derive(Debug)]
pub(crate) struct Lane<T> {
    limits: Limits,
    /// What goes first: calls that hold money, or a status that grows old.
    urgent: VecDeque<T>,
    waiting: VecDeque<T>,
    turn: u32,
    in_flight: usize,
    /// Calls that may begin now, in thousandths, refilled by uptime.
    tokens_milli: u64,
    refilled_ms: u64,
}

impl<T> Lanes<T> {
    /// The lane of this name, made at its first use.
    pub(crate) fn of(&mut self, config: &Config, name: &str) -> &mut Lane<T> {
        if !self.0.contains_key(name) {
            let limits = config.limits.get(name).copied().unwrap_or_default();
            self.0.insert(name.to_owned(), Lane::new(limits));
        }
        self.0.get_mut(name).expect("inserted just above")
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Lane<T>> {
        self.0.get_mut(name)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut Lane<T>)> {
        self.0.iter_mut()
    }

    /// How many calls wait in all of them.
    pub(crate) fn waiting(&self) -> usize {
        self.0.values().map(|lane| lane.urgent.len() + lane.waiting.len()).sum()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.0.values().all(Lane::is_idle)
    }

    /// When a call that only a rate holds back may begin.
    pub(crate) fn next_ms(&self, now: Now) -> Option<u64> {
        self.0.values().filter_map(|lane| lane.next_ms(now.uptime_ms)).min()
    }
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Lane<T> {
    pub(crate) fn new(limits: Limits) -> Self {
        let tokens_milli = u64::from(limits.per_second) * 1000;
        Self {
            limits,
            urgent: VecDeque::new(),
            waiting: VecDeque::new(),
            turn: 0,
            in_flight: 0,
            tokens_milli,
            refilled_ms: 0,
        }
    }

    pub(crate) fn push(&mut self, call: T) {
        self.waiting.push_back(call);
    }

    pub(crate) fn push_urgent(&mut self, call: T) {
        self.urgent.push_back(call);
    }

    /// One call of up to `batch` items, where concurrency and rate allow it.
    pub(crate) fn start(&mut self, uptime_ms: u64) -> Option<Vec<T>> {
        let count = self.limits.batch.max(1).min(self.waiting.len());
        self.begin(uptime_ms).then(|| self.waiting.drain(..count).collect())
    }

    /// One call of one item, where concurrency and rate allow it: whatever the limits say, orders are never batched.
    pub(crate) fn start_one(&mut self, uptime_ms: u64) -> Option<T> {
        if !self.begin(uptime_ms) {
            return None;
        }
        self.turn = (self.turn + 1) % FAIR_TURN;
        let (first, second) =
            if self.turn == 0 { (&mut self.waiting, &mut self.urgent) } else { (&mut self.urgent, &mut self.waiting) };
        first.pop_front().or_else(|| second.pop_front())
    }

    pub(crate) fn finish(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// When a call that only the rate holds back may begin.
    fn next_ms(&self, uptime_ms: u64) -> Option<u64> {
        let held = self.has_waiting() && self.in_flight < self.limits.in_flight;
        let missing = 1000u64.saturating_sub(self.tokens_milli);
        held.then(|| uptime_ms + missing.div_ceil(u64::from(self.limits.per_second.max(1))))
    }

    fn is_idle(&self) -> bool {
        !self.has_waiting() && self.in_flight == 0
    }

    fn has_waiting(&self) -> bool {
        !self.urgent.is_empty() || !self.waiting.is_empty()
    }

    /// Takes the place of one call, where there is one.
    fn begin(&mut self, uptime_ms: u64) -> bool {
        self.refill(uptime_ms);
        let may = self.has_waiting() && self.in_flight < self.limits.in_flight && self.tokens_milli >= 1000;
        if may {
            self.tokens_milli -= 1000;
            self.in_flight += 1;
        }
        may
    }

    fn refill(&mut self, uptime_ms: u64) {
        let full = u64::from(self.limits.per_second.max(1)) * 1000;
        let passed_ms = uptime_ms.saturating_sub(self.refilled_ms);
        let gained = passed_ms.saturating_mul(u64::from(self.limits.per_second.max(1)));
        self.tokens_milli = self.tokens_milli.saturating_add(gained).min(full);
        self.refilled_ms = uptime_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l5_what_is_urgent_goes_first_and_starves_nobody() {
        let mut lane = Lane::new(Limits { in_flight: 9, per_second: 9, batch: 1 });
        for item in [10, 11] {
            lane.push(item);
        }
        (0..6).for_each(|item| lane.push_urgent(item));
        let order: Vec<i32> = std::iter::from_fn(|| lane.start_one(0)).collect();
        assert_eq!(order, [0, 1, 2, 10, 3, 4, 5, 11]);
    }

    #[test]
    fn a_lane_bounds_concurrency_and_rate() {
        let mut lane = Lane::new(Limits { in_flight: 2, per_second: 3, batch: 2 });
        (0..20).for_each(|item| lane.push(item));
        assert_eq!(lane.start(0), Some(vec![0, 1]));
        assert_eq!(lane.start(0), Some(vec![2, 3]));
        assert_eq!(lane.start(0), None, "two calls are out");
        lane.finish();
        assert_eq!(lane.start(0), Some(vec![4, 5]));
        lane.finish();
        assert_eq!(lane.start(0), None, "three calls a second");
        assert_eq!(lane.next_ms(0), Some(334));
        assert_eq!(lane.start(334), Some(vec![6, 7]));
    }
}
