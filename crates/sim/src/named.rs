//! Seeds that found something.
//!
//! What was found is fixed, and planted again as a mutant that the seed must show: `cargo xtask mutants` checks that, and
//! the tests replay each seed without it. A world that learns a new fault draws other things from a seed; then the mutant
//! tells which seed shows the same wrong now.

/// A seed that found something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// The seed.
    pub seed: u64,
    /// What was wrong: the name of the mutant that puts it back.
    pub mutant: &'static str,
    /// What did not hold.
    pub invariant: &'static str,
}

const fn named(seed: u64, invariant: &'static str, mutant: &'static str) -> Named {
    Named { seed, mutant, invariant }
}

/// What the simulation found in this project. One more bug is a test of its own alone: a claim frozen by a commit that was
/// reported as failed was asked about (K4, seed 1071662 of an earlier world); no seed of this world is known to show it.
pub const NAMED: [Named; 11] = [
    named(1, "L5", "a requested query waits for the switch"),
    named(177, "S2", "a failing database does not stop a dispatch"),
    named(77, "L1", "a clock fault that was stored holds for ever"),
    named(216, "M4", "a comparison leaves out who was read before"),
    named(254, "P13", "a person's word about an order that is out is not marked"),
    named(337, "P9", "an order leaves while its line is being committed"),
    named(2_457, "R1", "a delivery that came into doubt is claimed again"),
    named(4_897, "L6", "late money needs no time after an order that was out"),
    named(6_292, "M4", "a late answer is posted whatever the top-up is"),
    named(324_824, "L6", "an older read takes a later one's place"),
    named(32_364, "C6", "a clock that stood ahead forgets recoveries"),
];
