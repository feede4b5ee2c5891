//! When lines are due, in memory: rebuilt from durable state at every start (L4).

use std::collections::{BTreeMap, BTreeSet};

use ringback_core::{LineId, Now, Wake, mutant};

/// Wall-clock waits are looked at again at least this often, since the wall clock may jump.
const WALL_RECHECK_MS: u64 = 30_000;

#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(u64, LineId)>,
    at: BTreeMap<LineId, u64>,
}

impl Timers {
    pub(crate) fn set(&mut self, line: LineId, wake: Wake, jitter_ms: u64, now: Now) {
        self.clear(line);
        if mutant!("timers are not re-armed") {
            return;
        }
        let left_ms = wake.left_ms(now);
        let wait_ms = match wake {
            Wake::After { .. } => left_ms.saturating_add(jitter_ms),
            Wake::At { .. } => left_ms.min(WALL_RECHECK_MS),
        };
        let at_ms = now.uptime_ms.saturating_add(wait_ms);
        self.due.insert((at_ms, line));
        self.at.insert(line, at_ms);
    }

    pub(crate) fn clear(&mut self, line: LineId) {
        if let Some(at_ms) = self.at.remove(&line) {
            self.due.remove(&(at_ms, line));
        }
    }

    /// Takes one line whose time has come.
    pub(crate) fn pop(&mut self, uptime_ms: u64) -> Option<LineId> {
        let &(at_ms, line) = self.due.first()?;
        if at_ms > uptime_ms {
            return None;
        }
        self.clear(line);
        Some(line)
    }

    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.due.first().map(|(at_ms, _)| *at_ms)
    }
}
