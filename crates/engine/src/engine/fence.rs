//! The fence (S3): nothing is spent before the ledger is reconciled with every provider.

use ringback_core::{LineId, Now, admit::Switches, fence::Fence, mutant, recovery::Event};

use super::{Engine, Output, STATEMENT_MS};

/// What is compared with a provider's statement (M4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The provider.
    pub provider: String,
    /// From when on, in milliseconds of the wall clock.
    pub since_ms: i64,
    /// The books whose lines a booking that the ledger does not know may belong to.
    pub books: Vec<ringback_core::BookId>,
    /// Whether the ledger may have lost what is in the statement (S3): it is read even where the ledger has nothing.
    pub fenced: bool,
}

impl Engine {
    /// A fence stands, or it was opened.
    pub(super) fn fenced(&mut self, now: Now, since_ms: Option<i64>) {
        let providers = self.config.books.values().flat_map(|book| book.providers.iter().cloned());
        let final_after_ms = self.config.statements_final_after_ms;
        match (since_ms, self.fence.take()) {
            (Some(since_ms), None) => {
                let fence = Fence::new(since_ms, final_after_ms, providers);
                let missing: Vec<&str> = fence.missing().collect();
                let names = missing.join(", ");
                self.out.push(Output::Trouble(format!(
                    "this database was restored or copied: nothing is paid before it is reconciled with {names}, at \
                     the earliest {} s after the start",
                    final_after_ms.div_ceil(1_000)
                )));
                self.fence = Some(fence);
                self.reconcile();
            }
            (Some(_), standing) => self.fence = standing,
            (None, standing) => {
                if standing.is_some() {
                    self.out.push(Output::Trouble("the ledger is reconciled: payments are made again".into()));
                }
                self.release_held(now);
            }
        }
    }

    /// The switches as they bind here: behind a fence everything is frozen.
    pub(super) fn binding(&self) -> Switches {
        let fenced = self.fence.is_some() && !mutant!("a fence stops nothing");
        Switches { frozen: self.switches.frozen || fenced, ..self.switches }
    }

    /// What is to be compared with this provider's statement.
    pub(super) fn comparison(&self, now: Now, provider: String) -> Comparison {
        let usual_ms = now.wall_ms - STATEMENT_MS;
        let since_ms = self.fence.as_ref().map_or(usual_ms, |fence| fence.compare_from_ms().min(usual_ms));
        Comparison { provider, since_ms, books: self.config.books(), fenced: self.fence.is_some() }
    }

    /// A statement was compared; opens the fence once it was the last.
    pub(super) fn compared(&mut self, provider: &str, events: &[(LineId, Event)]) {
        let Some(fence) = &mut self.fence else { return };
        let lost = events.iter().any(|(_, event)| matches!(event, Event::Found { .. }));
        if let Some(at_ms) = fence.compared(provider, self.statements.asked_ms(), lost) {
            self.statements.again(at_ms);
        } else if fence.is_over() {
            self.out.push(Output::Unfence(self.config.books()));
        }
    }

    /// What waited for a switch or a fence goes on, where nothing stops it any more.
    pub(super) fn release_held(&mut self, now: Now) {
        if !self.binding().stop() {
            for id in std::mem::take(&mut self.held) {
                self.settle(now, id);
            }
        }
    }
}
