//! What the owner of a book decided: amounts, ladder, times, bounds.

use serde::{Deserialize, Serialize};

use crate::{admit::Caps, ladder, money::Amount};

/// The owner's settings of one book. A recovery pins what it needs when it starts (P10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The small amount paid first (S102).
    pub probe: Amount,
    /// How the set amount is found (S105).
    pub set: SetAmount,
    /// How plan amounts are climbed.
    pub ladder: ladder::Kind,
    /// Plans above this amount are not tried; such a ladder ends parked.
    pub highest_plan: Amount,
    /// The limits of spending; without them nothing is spent (C7).
    pub caps: Caps,
    /// Waiting times.
    pub timing: Timing,
    /// The greatest number of orders in one recovery (C5).
    pub max_orders: u32,
    /// The greatest number of recoveries of one line in 30 days (C6).
    pub max_recoveries: u32,
    /// The claim desk that is asked for refunds.
    pub desk: String,
}

/// How the set amount is found (S105). Until an amount is known, the person types it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "way", content = "amount")]
pub enum SetAmount {
    /// Typed in each time.
    Typed,
    /// Remembered from the first time, or preset here, and paid at once.
    Remembered(Option<Amount>),
    /// Remembered from the first time, or preset here, and offered for change before it is paid.
    Offered(Option<Amount>),
}

/// Waiting times, in milliseconds. Those of trust count uptime; those that people count, the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// How long a delivered top-up may take to lift a bar.
    pub settling_ms: u64,
    /// How old a status may be when a payment is dispatched.
    pub fresh_ms: u64,
    /// The wait before something out of order is tried again; it doubles with each try.
    pub retry_ms: u64,
    /// How long a typed set amount is waited for.
    pub typed_ms: i64,
    /// How long an offered set amount may be changed.
    pub offered_ms: i64,
    /// How long an order may be without any answer before an inquiry is made.
    pub answer_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        const HOUR_MS: i64 = 3_600_000;
        Self {
            settling_ms: 15 * 60_000,
            fresh_ms: 60_000,
            retry_ms: 60_000,
            typed_ms: 7 * 24 * HOUR_MS,
            offered_ms: 24 * HOUR_MS,
            answer_ms: 120_000,
        }
    }
}
