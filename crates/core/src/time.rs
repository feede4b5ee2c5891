//! Time as an argument. The core has no clock: whoever calls it says what the time is.

use serde::{Deserialize, Serialize};

/// One run of one process: random, and new at every start, so that its uptime is comparable with itself only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incarnation(pub u64);

/// The time of an event.
///
/// `wall` (milliseconds since 1970-01-01T00:00:00Z) can jump and only dates things; `uptime_ms` is monotonic
/// within its `incarnation` and measures every waiting time that trust depends on (P5, L6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Milliseconds since the epoch, UTC.
    #[serde(rename = "w")]
    pub wall_ms: i64,
    /// Milliseconds since this incarnation started.
    #[serde(rename = "u")]
    pub uptime_ms: u64,
    /// The run of the process that measured it.
    #[serde(rename = "i")]
    pub incarnation: Incarnation,
}

/// When a state asks to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wake {
    /// After so many milliseconds of uptime since `from`; a restart waits in full again, so that a storm of
    /// restarts shortens nothing (L6).
    After {
        /// The start of the wait.
        from: Now,
        /// How long it lasts, in milliseconds of uptime.
        ms: u64,
    },
    /// At an instant of the wall clock, for waits that people count: days, dates.
    At {
        /// Milliseconds since the epoch, UTC.
        wall_ms: i64,
    },
}

impl Wake {
    /// Milliseconds that are left to wait at `now`; zero when it is due.
    pub fn left_ms(self, now: Now) -> u64 {
        match self {
            Self::After { from, ms } if from.incarnation == now.incarnation => {
                ms.saturating_sub(now.uptime_ms.saturating_sub(from.uptime_ms))
            }
            Self::After { ms, .. } => ms,
            Self::At { wall_ms } => u64::try_from(wall_ms.saturating_sub(now.wall_ms)).unwrap_or(0),
        }
    }

    /// Whether the wait is over at `now`.
    pub fn is_due(self, now: Now) -> bool {
        self.left_ms(now) == 0
    }

    /// The same wait counted from `now` when it was begun by an earlier incarnation.
    #[must_use]
    pub fn rearmed(self, now: Now) -> Self {
        match self {
            Self::After { from, ms } if from.incarnation != now.incarnation => Self::After { from: now, ms },
            other => other,
        }
    }
}

impl Now {
    /// Milliseconds of uptime since an earlier instant of the same incarnation; nothing across a restart.
    pub fn uptime_since(self, earlier: Self) -> Option<u64> {
        (self.incarnation == earlier.incarnation).then(|| self.uptime_ms.saturating_sub(earlier.uptime_ms))
    }

    /// The UTC day that this instant falls on, counted from 1970-01-01.
    pub fn day(self) -> i64 {
        self.wall_ms.div_euclid(86_400_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(uptime_ms: u64, incarnation: u64) -> Now {
        Now { wall_ms: 0, uptime_ms, incarnation: Incarnation(incarnation) }
    }

    #[test]
    fn l6_a_restart_waits_in_full_again() {
        let wake = Wake::After { from: at(1_000, 1), ms: 500 };
        assert_eq!(wake.left_ms(at(1_400, 1)), 100);
        assert!(wake.is_due(at(1_500, 1)));
        assert_eq!(wake.left_ms(at(9_000, 2)), 500);
        assert!(wake.rearmed(at(9_000, 2)).is_due(at(9_500, 2)));
    }
}
