//! `simulate`: the seeded world that attacks the real engine, over all cores; or one seed as a story.

use std::time::Instant;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use ringback_sim::{Found, Kind, Summary};
use serde_json::json;

use crate::{
    Finished,
    cli::{self, Cli},
};

pub(crate) fn simulate(cli: &Cli, args: &cli::Simulate) -> Result<Finished> {
    match args.seed {
        Some(seed) => Ok(one(cli, args, seed)),
        None => many(cli, args),
    }
}

fn many(cli: &Cli, args: &cli::Simulate) -> Result<Finished> {
    let threads = args.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let style = ProgressStyle::with_template("{spinner} seed {pos} of {len}, {per_sec}, {eta} left")?;
    let progress = ProgressBar::new(args.seeds).with_style(style);
    let began = Instant::now();
    let summary =
        ringback_sim::many(args.from, args.seeds, threads, args.store.into(), &|seeds| progress.set_position(seeds));
    let seeds_per_s = ringback_sim::per_second(summary.seeds, began);
    progress.finish_and_clear();
    if cli.json {
        let Summary { seeds, events, faults, violations, first } = &summary;
        let first_violation = first.as_ref().map(|found| {
            json!({ "seed": found.seed, "steps": found.steps, "invariants": invariants(found), "detail": detail(found) })
        });
        println!(
            "{}",
            json!({ "seeds": seeds, "events": events, "faults": faults, "violations": violations,
                "seeds_per_s": seeds_per_s, "first_violation": first_violation })
        );
    } else {
        print(&summary, seeds_per_s);
    }
    Ok(finished(summary.first.as_ref()))
}

fn print(summary: &Summary, seeds_per_s: u64) {
    let Summary { seeds, events, faults, violations, first } = summary;
    println!("{seeds} seeds, {events} events, {faults} faults, {violations} violations, {seeds_per_s} seeds/s");
    if let Some(found) = first {
        println!("seed {}: {} after {} steps with faults on", found.seed, invariants(found).join(", "), found.steps);
        println!("{}", detail(found));
        println!("its story: ringback simulate --seed {} --steps {} --trace", found.seed, found.steps);
    }
}

fn one(cli: &Cli, args: &cli::Simulate, seed: u64) -> Finished {
    let kind: Kind = args.store.into();
    let outcome = ringback_sim::one(seed, kind, args.steps, args.trace);
    for line in &outcome.story {
        println!("{line}");
    }
    let found = Found { seed, steps: args.steps.unwrap_or(outcome.steps), violations: outcome.violations };
    if cli.json {
        println!(
            "{}",
            json!({ "seed": seed, "events": outcome.events, "faults": outcome.faults,
                "violations": invariants(&found), "detail": detail(&found) })
        );
    } else {
        println!("seed {seed}: {} events, {} faults", outcome.events, outcome.faults);
        for violation in &found.violations {
            println!("{} does not hold: {}", violation.invariant, violation.detail);
        }
    }
    finished(Some(&found).filter(|found| !found.violations.is_empty()))
}

fn finished(found: Option<&Found>) -> Finished {
    if found.is_some() { Finished::Violated } else { Finished::Done }
}

fn invariants(found: &Found) -> Vec<&'static str> {
    found.violations.iter().map(|violation| violation.invariant).collect()
}

fn detail(found: &Found) -> String {
    let details = found.violations.iter().map(|violation| format!("{}: {}", violation.invariant, violation.detail));
    details.collect::<Vec<_>>().join("\n")
}
