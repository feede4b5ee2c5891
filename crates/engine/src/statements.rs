//! When the ledger is compared with the providers' statements (M4): at the start, by a timer, before a run ends.

use std::collections::BTreeSet;

use ringback_core::mutant;

use crate::config::Config;

/// How often in a row a statement is asked for before a run ends without it.
const MOST_READINGS: u32 = 8;

/// The first wait before a statement that could not be read is asked for again; it doubles with each.
const RETRY_MS: u64 = 1_000;

/// The longest such wait.
const LONGEST_RETRY_MS: u64 = 3_600_000;

#[derive(Debug)]
pub(crate) struct Statements {
    every_ms: Option<u64>,
    next_ms: Option<u64>,
    /// Providers whose statement is being read.
    out: BTreeSet<String>,
    /// Providers whose statement could not be read.
    unread: BTreeSet<String>,
    /// Every statement is wanted, whichever were read before.
    whole: bool,
    failures: u32,
    /// When the last statements were asked for, in milliseconds of uptime.
    asked_ms: u64,
}

impl Statements {
    pub(crate) fn new(every_ms: Option<u64>) -> Self {
        let (out, unread) = (BTreeSet::new(), BTreeSet::new());
        Self { every_ms, next_ms: None, out, unread, whole: false, failures: 0, asked_ms: 0 }
    }

    pub(crate) fn begin(&mut self) {
        (self.whole, self.next_ms, self.failures) = (true, Some(0), 0);
    }

    /// The providers whose statement is to be read now.
    pub(crate) fn due(&mut self, uptime_ms: u64, config: &Config) -> Vec<String> {
        if !self.out.is_empty() || self.next_ms.is_none_or(|at_ms| at_ms > uptime_ms) {
            return Vec::new();
        }
        let all = config.books.values().flat_map(|book| book.providers.iter().cloned());
        let unread = std::mem::take(&mut self.unread);
        let whole = std::mem::take(&mut self.whole) && !mutant!("a comparison leaves out who was read before");
        self.out = if whole || unread.is_empty() { all.collect() } else { unread };
        self.next_ms = self.every_ms.map(|every_ms| uptime_ms + every_ms);
        self.asked_ms = uptime_ms;
        self.out.iter().cloned().collect()
    }

    /// A statement was compared, or could not be read.
    pub(crate) fn read(&mut self, provider: &str, compared: bool, uptime_ms: u64) {
        self.out.remove(provider);
        if compared {
            return;
        }
        self.unread.insert(provider.to_owned());
        let wait_ms = RETRY_MS << self.failures.min(12);
        self.failures += 1;
        if !self.whole {
            self.next_ms = Some(uptime_ms + wait_ms.min(LONGEST_RETRY_MS));
        }
    }

    /// Has all statements compared again, from this uptime on.
    pub(crate) fn again(&mut self, at_ms: u64) {
        let at_ms = at_ms.max(self.asked_ms + RETRY_MS);
        self.next_ms = Some(self.next_ms.map_or(at_ms, |next_ms| next_ms.min(at_ms)));
    }

    /// When the statements that are read or were read last were asked for, in milliseconds of uptime.
    pub(crate) fn asked_ms(&self) -> u64 {
        self.asked_ms
    }

    /// Whether nobody waits any more for a statement that could not be read.
    pub(crate) fn are_given_up(&self) -> bool {
        self.failures >= MOST_READINGS
    }

    /// Whether nothing more is to be waited for.
    pub(crate) fn are_done(&self) -> bool {
        let waits = !self.are_given_up() && (!self.unread.is_empty() || self.next_ms == Some(0));
        self.out.is_empty() && !self.whole && !waits
    }

    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.next_ms.filter(|_| self.out.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use ringback_core::{BookId, Route};

    use super::*;
    use crate::{Limits, Wiring};

    fn config() -> Config {
        let caps = ringback_core::admit::Caps::default();
        let amount = "1 CNY".parse().unwrap();
        let policy = ringback_core::Policy {
            probe: amount,
            set: ringback_core::policy::SetAmount::Typed,
            ladder: ringback_core::ladder::Kind::Stepwise,
            highest_plan: amount,
            caps,
            timing: ringback_core::policy::Timing::default(),
            max_orders: 1,
            max_recoveries: 1,
            desk: "desk".into(),
        };
        let book = Wiring::new(policy, Route::of("network"), vec!["a".into(), "b".into()]);
        Config {
            books: [(BookId(1), book)].into(),
            limits: [("a".to_owned(), Limits::default())].into(),
            batch: 1,
            claim_poll_ms: 1,
            check_every_ms: None,
            statements_every_ms: None,
            statements_final_after_ms: 0,
        }
    }

    #[test]
    fn m4_what_is_asked_for_is_every_statement_even_after_one_could_not_be_read() {
        let (config, mut statements) = (config(), Statements::new(None));
        statements.begin();
        assert_eq!(statements.due(0, &config), ["a", "b"]);
        statements.read("a", true, 0);
        statements.read("b", false, 0);
        statements.begin();
        assert_eq!(statements.due(0, &config), ["a", "b"], "asked for while one waits to be read again");
        statements.begin();
        statements.read("a", true, 0);
        statements.read("b", false, 0);
        assert!(!statements.are_done());
        assert_eq!(statements.due(0, &config), ["a", "b"], "asked for while they were being read");
        statements.read("a", true, 0);
        statements.read("b", false, 0);
        assert_eq!(statements.due(2_000, &config), ["b"], "by itself, only what could not be read");
    }
}
