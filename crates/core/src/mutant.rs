//! Planted wrongs, to show that the simulation finds them: compiled in with the feature `mutants` alone, switched by
//! name. Without the feature every `mutant!` is `false`, and nothing of this is in the product.

#[cfg(feature = "mutants")]
use std::sync::atomic::{AtomicUsize, Ordering};

/// A planted wrong.
#[cfg(feature = "mutants")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mutant {
    /// What is wrong, in one line; also its name.
    pub name: &'static str,
    /// The invariants that it breaks.
    pub breaks: &'static str,
}

/// Every planted wrong.
#[cfg(feature = "mutants")]
pub const ALL: &[Mutant] = &[
    // Admission.
    wrong("a cap ignores held money", "C1"),
    wrong("a cap ignores the order itself", "C1"),
    wrong("the caps of now are ignored", "C1"),
    wrong("the caps that were pinned are ignored", "C4"),
    wrong("a delivery that was taken back restores the cap", "C2"),
    wrong("an order without a required cap is admitted", "C7"),
    wrong("the day is reopened by the clock", "C3"),
    wrong("a clock far ahead is trusted", "C3"),
    wrong("an unresolved order does not stop another book's", "P3"),
    wrong("the kill switch does not stop a commit or a dispatch", "N3"),
    wrong("a failing database does not stop a dispatch", "S2"),
    wrong("an untrusted clock stops nothing", "C3 S2"),
    wrong("a missing consent stops nothing", "N1 N2 P9"),
    wrong("a watched line is paid", "N1"),
    wrong("a doubt does not stop a payment", "K4"),
    wrong("a status of any age is fresh", "K1"),
    // Judging.
    wrong("unknown is restricted", "K2"),
    wrong("fraud is arrears", "K3"),
    wrong("a number without a subscriber raises no doubt", "K4"),
    wrong("another SIM raises no doubt", "K4"),
    wrong("a delivery needs no time to settle", "L6"),
    wrong("late money needs no time after an order that was out", "L6"),
    wrong("a line in service goes on claiming", "R6"),
    wrong("recoveries are not counted", "C6"),
    wrong("a clock that stood ahead forgets recoveries", "C6"),
    wrong("a parked line begins anew by itself", "C6"),
    wrong("a ladder that was cut proves a suspension", "K5"),
    wrong("a rung that was taken back proves a suspension", "K5"),
    wrong("unknown plans prove a suspension", "K5"),
    wrong("an order cites a void read", "K1"),
    // Orders and their outcomes.
    wrong("a refusal counts as a rung", "K5"),
    wrong("a partial delivery counts in full", "K5"),
    wrong("one not-found is failed", "P5"),
    wrong("a not-found counts at once", "P5"),
    wrong("not-founds need no space between them", "P5"),
    wrong("a refusal settles without an inquiry", "P5 P6"),
    wrong("no answer is failed", "P5"),
    wrong("a refusal gives its hold back before it settles", "M3 P6"),
    wrong("late success is not posted", "M4"),
    wrong("late success alerts nobody", "P7"),
    wrong("late success on a suspended line is not claimed", "P7"),
    wrong("an answer about another order is taken", "P11"),
    wrong("a reversal is not posted", "M4"),
    wrong("a reversal alerts nobody", "P12"),
    wrong("what was taken back is claimed as well", "R3"),
    wrong("a person's word about an order that is out is not marked", "P13"),
    wrong("a provider that contradicts a person is believed", "P13"),
    wrong("a late outcome voids no read", "K1"),
    wrong("the set amount is owed again after it was paid", "S105"),
    wrong("a line is parked without a word", "L2"),
    wrong("something is tried again for ever", "L1"),
    wrong("the orders of a recovery are not bounded", "C5"),
    wrong("a withheld order keeps its hold", "M3"),
    wrong("an order holds nothing", "M3"),
    wrong("a release gives back more than was held", "M1"),
    wrong("a delivery posts what was asked", "M4"),
    wrong("an open recovery follows the policy of now", "P10"),
    wrong("a signal is a success", "S1"),
    wrong("inquiries follow each other at once", "L3"),
    wrong("a restart ends the settling time", "L6"),
    wrong("an older read takes a later one's place", "L6"),
    wrong("a restart begins no wait anew", "L1"),
    // Claims.
    wrong("a claim that was denied is asked on", "R5"),
    wrong("a frozen claim is asked about", "K4"),
    wrong("a refund is posted when the desk has the claim", "M5"),
    wrong("a parked line claims back", "R4"),
    wrong("what was reserved is claimed", "R2"),
    wrong("a failed order is claimed", "R3"),
    wrong("a delivery that came into doubt is claimed again", "R1"),
    wrong("a desk is asked for more than was claimed", "R1"),
    // The engine.
    wrong("a reference is drawn twice", "P2"),
    wrong("an order leaves before its commit", "P1"),
    wrong("a commit that failed is carried out", "P1"),
    wrong("an order is sent again after a restart", "P4"),
    wrong("nothing is checked again at dispatch", "P9"),
    wrong("an order leaves while its line is being committed", "P9"),
    wrong("the kill switch is not looked at", "N3"),
    wrong("timers are not re-armed", "L4"),
    wrong("a read is as old as its answer", "K1"),
    wrong("a late answer is told again after a conflict", "M4"),
    wrong("a comparison leaves out who was read before", "M4"),
    wrong("a comparison accepts any amount", "M4"),
    wrong("a clock fault that was stored holds for ever", "L1"),
    wrong("a fence stops nothing", "S3"),
    wrong("a fence opens while an order may be on its way", "S3"),
    wrong("a lost booking is left out", "S3 M4"),
    wrong("a log shows whole numbers", "S6"),
    wrong("a requested query waits for the switch", "L5"),
    // The store.
    wrong("the version of a line is not looked at", "P8"),
    wrong("a late answer is posted whatever the top-up is", "M4"),
    wrong("the orders of one batch do not count for each other", "C1"),
    wrong("balances are not carried on", "M2"),
    wrong("a line in service leaves its claims open in the store", "R6"),
];

#[cfg(feature = "mutants")]
const fn wrong(name: &'static str, breaks: &'static str) -> Mutant {
    Mutant { name, breaks }
}

#[cfg(feature = "mutants")]
static ON: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Switches one of them on, or all of them off.
#[cfg(feature = "mutants")]
pub fn switch(mutant: Option<&Mutant>) {
    ON.store(mutant.map_or(usize::MAX, |mutant| place(mutant.name)), Ordering::Relaxed);
}

/// The place of a name; a name that is not listed does not compile.
#[cfg(feature = "mutants")]
pub const fn place(name: &str) -> usize {
    let mut place = 0;
    while place < ALL.len() {
        if is_same(ALL[place].name.as_bytes(), name.as_bytes()) {
            return place;
        }
        place += 1;
    }
    panic!("this mutant is not in the list");
}

#[cfg(feature = "mutants")]
const fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// Whether the mutant at this place of the list is on.
#[cfg(feature = "mutants")]
pub fn is_on(place: usize) -> bool {
    ON.load(Ordering::Relaxed) == place
}

/// Whether the planted wrong of this name is on.
#[cfg(feature = "mutants")]
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {{
        const PLACE: usize = $crate::mutant::place($name);
        $crate::mutant::is_on(PLACE)
    }};
}

/// Never, in the product.
#[cfg(not(feature = "mutants"))]
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {
        $crate::mutant::off()
    };
}

/// What every `mutant!` is in the product.
#[cfg(not(feature = "mutants"))]
#[inline]
pub const fn off() -> bool {
    false
}
