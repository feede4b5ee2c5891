//! Many seeds over all cores; one seed as a story; the shortest prefix of a seed that still fails.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use crate::{
    checks::{Violation, violations},
    database::Kind,
    history::History,
    world::World,
};

/// What became of one seed.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How many steps had faults on.
    pub steps: u32,
    /// How many things happened.
    pub events: u64,
    /// How many faults struck.
    pub faults: u64,
    /// What did not hold.
    pub violations: Vec<Violation>,
    /// What happened.
    pub history: History,
    /// The same in words, where it was asked for.
    pub story: Vec<String>,
}

/// What became of many seeds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// How many seeds ran.
    pub seeds: u64,
    /// How many things happened.
    pub events: u64,
    /// How many faults struck.
    pub faults: u64,
    /// How many seeds violated an invariant.
    pub violations: u64,
    /// The first seed that did.
    pub first: Option<Found>,
}

/// A seed that violates an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// The fewest steps with faults on that still violate one.
    pub steps: u32,
    /// What did not hold.
    pub violations: Vec<Violation>,
}

/// Runs one seed; with `steps`, faults stop after so many.
pub fn one(seed: u64, kind: Kind, steps: Option<u32>, traced: bool) -> Outcome {
    let mut world = World::new(seed, kind, traced);
    world.run(steps);
    let violations = violations(&world.history);
    let history = std::mem::take(&mut world.history);
    let steps = steps.unwrap_or(u32::MAX).min(world.steps());
    Outcome { steps, events: world.events, faults: world.faults(), violations, history, story: world.into_story() }
}

/// Runs the seeds from `from` on, over so many threads; whatever their number, the result is the same.
pub fn many(from: u64, seeds: u64, threads: usize, kind: Kind, progress: &(dyn Fn(u64) + Sync)) -> Summary {
    let next = AtomicU64::new(0);
    let parts: Vec<Summary> = thread::scope(|scope| {
        let worker = || part(from, seeds, kind, &next, progress);
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(worker)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a seed never panics")).collect()
    });
    let mut all = parts.into_iter().reduce(Summary::with).unwrap_or_default();
    if let Some(found) = &mut all.first {
        *found = shrunk(found.seed, kind);
    }
    all
}

/// How many seeds a second that was.
pub fn per_second(seeds: u64, began: Instant) -> u64 {
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    seeds.saturating_mul(1_000) / ms
}

/// A violating seed with the fewest steps with faults on that still violate an invariant.
pub fn shrunk(seed: u64, kind: Kind) -> Found {
    let most = World::new(seed, kind, false).steps();
    let fails = |steps| Some((steps, one(seed, kind, Some(steps), false).violations)).filter(|(_, v)| !v.is_empty());
    let (steps, violations) = (0..=most).find_map(fails).unwrap_or((most, Vec::new()));
    Found { seed, steps, violations }
}

/// Seeds are taken a few at a time.
const CHUNK: u64 = 64;

fn part(from: u64, seeds: u64, kind: Kind, next: &AtomicU64, progress: &(dyn Fn(u64) + Sync)) -> Summary {
    let mut summary = Summary::default();
    loop {
        let first = next.fetch_add(CHUNK, Ordering::Relaxed);
        if first >= seeds {
            return summary;
        }
        for seed in first..(first + CHUNK).min(seeds) {
            summary = summary.with(Summary::of(from + seed, one(from + seed, kind, None, false)));
        }
        progress(first);
    }
}

impl Summary {
    fn of(seed: u64, outcome: Outcome) -> Self {
        let Outcome { events, faults, violations, .. } = outcome;
        let found = (!violations.is_empty()).then_some(Found { seed, steps: 0, violations });
        Self { seeds: 1, events, faults, violations: u64::from(found.is_some()), first: found }
    }

    fn with(self, other: Self) -> Self {
        Self {
            seeds: self.seeds + other.seeds,
            events: self.events + other.events,
            faults: self.faults + other.faults,
            violations: self.violations + other.violations,
            first: self.first.into_iter().chain(other.first).min_by_key(|found| found.seed),
        }
    }
}
