//! What the engine is told about its surroundings.

use std::{collections::BTreeMap, sync::Arc};

use ringback_core::{BookId, Policy};

/// Everything that the engine is told before it runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Each book's policy and connections.
    pub books: BTreeMap<BookId, Wiring>,
    /// How fast each channel and provider may be asked, by name; the default for those that are not named.
    pub limits: BTreeMap<String, Limits>,
    /// How many transitions are committed together at most.
    pub batch: usize,
    /// The time between two questions about one claim.
    pub claim_poll_ms: u64,
    /// The time from the end of one sweep over all enrolled lines to the next; nothing for none.
    pub check_every_ms: Option<u64>,
    /// The time between two comparisons with the providers' statements (M4); nothing for none but those asked for.
    pub statements_every_ms: Option<u64>,
    /// How long after it was sent an order may come to stand in a provider's statement, by the slowest of them: a fence
    /// opens no earlier after the start (S3, P5).
    pub statements_final_after_ms: u64,
}

/// A book's policy and the names of its connections.
#[derive(Debug, Clone)]
pub struct Wiring {
    /// The owner's decisions.
    pub policy: Arc<Policy>,
    /// The status channel that is asked.
    pub channel: String,
    /// The providers, in the order in which they are tried.
    pub providers: Vec<String>,
}

/// How fast a channel or provider may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at the same time.
    pub in_flight: usize,
    /// Calls begun in a second.
    pub per_second: u32,
    /// Lines in one call.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { in_flight: 8, per_second: 50, batch: 1 }
    }
}

impl Wiring {
    /// A book's wiring.
    pub fn new(policy: Policy, channel: String, providers: Vec<String>) -> Self {
        Self { policy: Arc::new(policy), channel, providers }
    }
}

impl Config {
    /// The books that this engine works for; it leaves every other alone.
    pub(crate) fn books(&self) -> Vec<BookId> {
        self.books.keys().copied().collect()
    }
}
