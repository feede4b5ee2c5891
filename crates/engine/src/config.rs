//! What the engine is told about its surroundings.

use std::{collections::BTreeMap, sync::Arc};

use ringback_core::{BookId, Line, Now, Policy, Route};

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
    /// The status channels that are asked, in their order.
    pub route: Route,
    /// Other routes that a line may have, by name.
    pub routes: BTreeMap<String, Route>,
    /// How long after a line was seen it is not queried again only because somebody asks, in milliseconds.
    pub cool_down_ms: i64,
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
    /// A book's wiring, with one route and no cool-down.
    pub fn new(policy: Policy, route: Route, providers: Vec<String>) -> Self {
        Self { policy: Arc::new(policy), route, routes: BTreeMap::new(), cool_down_ms: 0, providers }
    }

    /// The channels that are asked about a line.
    pub(crate) fn route(&self, line: &Line) -> &Route {
        line.route.as_ref().and_then(|name| self.routes.get(name)).unwrap_or(&self.route)
    }

    /// Whether a line was seen so lately that it is not queried only because somebody asks.
    pub(crate) fn is_cooling(&self, line: &Line, now: Now) -> bool {
        let seen_ms = line.seen.as_ref().map(|seen| now.wall_ms.saturating_sub(seen.at_ms));
        // What was seen at a later time than now was seen by another clock.
        seen_ms.is_some_and(|ago_ms| (0..self.cool_down_ms).contains(&ago_ms))
    }
}

impl Config {
    /// The books that this engine works for; it leaves every other alone.
    pub(crate) fn books(&self) -> Vec<BookId> {
        self.books.keys().copied().collect()
    }
}
