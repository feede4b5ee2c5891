//! The search for a seed that shows a planted wrong.

use std::{panic::catch_unwind, thread};

use crate::{database::Kind, run::one};

/// Seeds that are searched at once; the first of them that shows the wrong is found, whatever the number of threads.
const ROUND: u64 = 64;

/// The first seed from `from` on that violates something, and what.
pub fn hunt(from: u64, seeds: u64) -> Option<(u64, Vec<&'static str>)> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut rounds = (0..seeds.div_ceil(ROUND)).map(|round| from + round * ROUND);
    rounds.find_map(|first| {
        thread::scope(|scope| {
            let part = move |offset| (first + offset..first + ROUND).step_by(threads).find_map(shown);
            let parts: Vec<_> = (0..threads as u64).map(|offset| scope.spawn(move || part(offset))).collect();
            parts.into_iter().filter_map(|part| part.join().ok().flatten()).min_by_key(|(seed, _)| *seed)
        })
    })
}

/// What a seed violates, if anything; a seed that panics violates as well.
pub fn shown(seed: u64) -> Option<(u64, Vec<&'static str>)> {
    let violated = catch_unwind(|| one(seed, Kind::Memory, None, false).violations)
        .map_or_else(|_| vec!["panic"], |violations| violations.iter().map(|violation| violation.invariant).collect());
    (!violated.is_empty()).then_some((seed, violated))
}
