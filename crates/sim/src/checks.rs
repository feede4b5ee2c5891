//! The checkers: one for each invariant, each a small function over a history.

mod caps;
mod consent;
mod judging;
mod liveness;
mod money;
mod payment;
mod refunds;
mod system;

use crate::history::{Fact, History};

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant.
    pub invariant: &'static str,
    /// What was seen.
    pub detail: String,
}

/// A checker: what it found, if anything.
pub type Check = fn(&History) -> Option<String>;

/// Every checker by the invariant that it checks, in the order in which they are asked.
pub fn all() -> impl Iterator<Item = (&'static str, Check)> {
    let chapters: [&[(&'static str, Check)]; 8] = [
        &money::CHECKS,
        &payment::CHECKS,
        &caps::CHECKS,
        &judging::CHECKS,
        &consent::CHECKS,
        &refunds::CHECKS,
        &liveness::CHECKS,
        &system::CHECKS,
    ];
    chapters.into_iter().flatten().copied()
}

/// What holds although a part of the ledger was lost: the provider's books say the rest (S3, M4).
const PUT_BACK: [&str; 6] = ["M1", "M2", "M3", "M4", "S3", "L1"];

/// Everything that a history violates.
pub fn violations(history: &History) -> Vec<Violation> {
    let put_back = history.facts.contains(&Fact::PutBack);
    let asked = all().filter(|(invariant, _)| !put_back || PUT_BACK.contains(invariant));
    let found = asked.filter_map(|(invariant, check)| check(history).map(|detail| Violation { invariant, detail }));
    found.collect()
}
