//! Runs the simulation on every planted wrong until a checker finds it: `cargo xtask mutants`.

use std::{collections::BTreeSet, process::ExitCode, time::Instant};

use ringback_core::mutant::{self, ALL, Mutant};
use ringback_sim::{
    checks,
    hunt::{hunt, shown},
    named::NAMED,
};

/// Seeds within which a mutant has to die.
const SEEDS: u64 = 100_000;

/// Seeds that one may take whose wrong shows only where several rare faults meet.
const MORE_SEEDS: u64 = 1_000_000;

/// What became of the mutants.
#[derive(Default)]
struct Report {
    killed: usize,
    late: Vec<&'static str>,
    exercised: BTreeSet<&'static str>,
    /// Seeds that do not show any more what they found.
    stale: Vec<u64>,
}

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |mutant: &&Mutant| names.is_empty() || names.iter().any(|name| mutant.name.contains(&name[..]));
    let mutants: Vec<&Mutant> = ALL.iter().filter(wanted).collect();
    // A planted wrong may make a seed panic; that is a way to be found.
    std::panic::set_hook(Box::new(|_| {}));
    let mut report = Report::default();
    for mutant in &mutants {
        mutant::switch(Some(mutant));
        report.attack(mutant);
        mutant::switch(None);
    }
    println!("more than {SEEDS} seeds: {}", listed(&report.late));
    println!("seeds that show no more what they found: {}", listed(&report.stale));
    if names.is_empty() {
        let idle = checks::all().map(|(invariant, _)| invariant).filter(|name| !report.exercised.contains(name));
        println!("checkers that no mutant exercises: {}", listed(&idle.collect::<Vec<_>>()));
    }
    println!("{} planted, {} killed", mutants.len(), report.killed);
    let all = report.killed == mutants.len() && report.stale.is_empty();
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Report {
    fn attack(&mut self, mutant: &Mutant) {
        let began = Instant::now();
        let found = hunt(0, SEEDS).or_else(|| hunt(SEEDS, MORE_SEEDS - SEEDS));
        self.killed += usize::from(found.is_some());
        let (seeds, by) = found.map_or((MORE_SEEDS, vec!["SURVIVED"]), |(seed, by)| (seed + 1, by));
        self.late.extend((seeds > SEEDS).then_some(mutant.name));
        self.exercised.extend(&by);
        let named = NAMED.iter().filter(|named| named.mutant == mutant.name && shown(named.seed).is_none());
        self.stale.extend(named.map(|named| named.seed));
        println!("{seeds:>7} seeds  {:<60} {}  ({:.1} s)", mutant.name, by.join(" "), began.elapsed().as_secs_f32());
    }
}

fn listed<T: ToString>(all: &[T]) -> String {
    let all: Vec<String> = all.iter().map(T::to_string).collect();
    if all.is_empty() { "none".into() } else { all.join("; ") }
}
