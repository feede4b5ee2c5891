//! The project's own tasks.

mod build;
mod campaign;
mod check;
mod dependencies;
mod mutants;
mod package;
mod parts;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// The test command: installs the real parts that tests start (on Debian; it says what), then runs fmt, clippy, the
    /// check for unused dependencies, doc warnings, all tests, 100,000 seeds of the simulation, five planted wrongs, and 100 kills.
    Check,
    /// Runs the simulation on every planted wrong until a checker finds it.
    Mutants(mutants::Arguments),
    /// Builds the Debian package; installs cargo-deb below `target` where it is missing.
    Package,
    /// Attacks the real binary, then compares its ledger with the carrier's own books.
    Campaign(campaign::Arguments),
}

fn main() -> ExitCode {
    match Cli::parse().task {
        Task::Check => check::check(),
        Task::Package => package::package(),
        Task::Mutants(arguments) => mutants::mutants(&arguments),
        Task::Campaign(arguments) => campaign::campaign(&arguments),
    }
}
