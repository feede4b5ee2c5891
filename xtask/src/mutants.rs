//! `cargo xtask mutants`: the simulation has to find every planted wrong.

use std::process::{Command, ExitCode};

use crate::build;

/// Which planted wrongs.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only those whose name has one of these in it.
    names: Vec<String>,
}

/// A planted wrong of each kind that dies within a second: what the test command runs.
pub(crate) const FEW: [&str; 5] = [
    "a cap ignores held money",
    "one not-found is failed",
    "a ladder that was cut proves a suspension",
    "an order leaves before its commit",
    "timers are not re-armed",
];

/// Planted wrongs are compiled in here alone. The product is named as well, so that what both depend on is the same.
const BUILD: [&str; 8] =
    ["--package", "ringback", "--package", "ringback-sim", "--features", "ringback-sim/mutants", "--bin", "mutants"];

pub(crate) fn mutants(arguments: &Arguments) -> ExitCode {
    let names: Vec<&str> = arguments.names.iter().map(String::as_str).collect();
    if are_found(&names) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the simulation finds these wrongs, or all where none is named.
pub(crate) fn are_found(names: &[&str]) -> bool {
    let ran = build::optimised(&BUILD).and_then(|program| Ok(Command::new(program).args(names).status()?));
    match ran {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("mutants: {error:#}");
            false
        }
    }
}
