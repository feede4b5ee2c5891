//! A lane to one channel or provider: bounded concurrency and rate, first come first served (L5).

use std::collections::VecDeque;

use crate::config::Limits;

/// What waits for a lane, and what is on it.
#[derive(Debug)]
pub(crate) struct Lane<T> {
    limits: Limits,
    waiting: VecDeque<T>,
    in_flight: usize,
    /// Calls that may begin now, in thousandths, refilled by uptime.
    tokens_milli: u64,
    refilled_ms: u64,
}

impl<T> Lane<T> {
    pub(crate) fn new(limits: Limits) -> Self {
        let tokens_milli = u64::from(limits.per_second) * 1000;
        Self { limits, waiting: VecDeque::new(), in_flight: 0, tokens_milli, refilled_ms: 0 }
    }

    pub(crate) fn push(&mut self, call: T) {
        self.waiting.push_back(call);
    }

    /// One call of up to `batch` items, where concurrency and rate allow it.
    pub(crate) fn start(&mut self, uptime_ms: u64) -> Option<Vec<T>> {
        let count = self.limits.batch.max(1).min(self.waiting.len());
        self.begin(uptime_ms).then(|| self.waiting.drain(..count).collect())
    }

    /// One call of one item, where concurrency and rate allow it: whatever the limits say, orders are never batched.
    pub(crate) fn start_one(&mut self, uptime_ms: u64) -> Option<T> {
        if self.begin(uptime_ms) { self.waiting.pop_front() } else { None }
    }

    pub(crate) fn finish(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// When a call that only the rate holds back may begin.
    pub(crate) fn next_ms(&self, uptime_ms: u64) -> Option<u64> {
        let held = !self.waiting.is_empty() && self.in_flight < self.limits.in_flight;
        let missing = 1000u64.saturating_sub(self.tokens_milli);
        held.then(|| uptime_ms + missing.div_ceil(u64::from(self.limits.per_second.max(1))))
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.in_flight == 0
    }

    /// Takes the place of one call, where there is one.
    fn begin(&mut self, uptime_ms: u64) -> bool {
        self.refill(uptime_ms);
        let may = !self.waiting.is_empty() && self.in_flight < self.limits.in_flight && self.tokens_milli >= 1000;
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
