//! `cargo xtask check`: everything that a change has to pass, on a machine that has nothing but Rust.

use std::{
    env,
    process::{Command, ExitCode},
};

use crate::{campaign, dependencies, mutants, parts::Part};

/// A real part that tests start, and the tests that need it.
struct Needed {
    part: Part,
    tests: &'static [&'static str],
}

const NEEDED: [Needed; 1] =
    [Needed { part: Part { program: "osmo-hlr", package: "osmo-hlr" }, tests: &["real_", "hlr_end_to_end"] }];

/// What seeds the property tests.
const PROPTEST_SEED: &str = "PROPTEST_RNG_SEED";

/// How many worlds the simulation goes through.
const SEEDS: &str = "100000";

/// The simulation runs as optimised as what is shipped, with every assertion and every overflow check.
const SIMULATE: [&str; 10] =
    ["run", "--quiet", "--profile", "proof", "--package", "ringback", "--", "simulate", "--seeds", SEEDS];

/// Only the simulation is built with them.
const LINT_WRONGS: [&str; 9] =
    ["clippy", "--package", "ringback-sim", "--all-targets", "--features", "mutants", "--quiet", "--", "-Dwarnings"];

pub(crate) fn check() -> ExitCode {
    let missing: Vec<&Needed> = NEEDED.iter().filter(|needed| !needed.part.is_provided()).collect();
    let skipped: Vec<&str> = missing.iter().flat_map(|part| part.tests).flat_map(|test| ["--skip", test]).collect();
    let tests: Vec<&str> =
        ["test", "--workspace", "--quiet", "--no-fail-fast", "--"].into_iter().chain(skipped).collect();
    let passed = cargo("format", &["fmt", "--all", "--check"])
        && cargo("lints", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])
        && cargo("lints of the planted wrongs", &LINT_WRONGS)
        && dependencies::are_used()
        && cargo("documentation", &["doc", "--workspace", "--no-deps", "--quiet"])
        && cargo("tests", &tests)
        && cargo(&format!("simulation of {SEEDS} seeds"), &SIMULATE)
        && wrongs()
        && kills();
    for Needed { part: Part { program, package }, tests } in missing {
        eprintln!("LEFT OUT: {} (no {program}). To add it: apt-get install {package}", tests.join(", "));
    }
    if passed {
        eprintln!("check: passed");
        ExitCode::SUCCESS
    } else {
        eprintln!("check: failed");
        ExitCode::FAILURE
    }
}

/// A few planted wrongs are found; `cargo xtask mutants` runs all.
fn wrongs() -> bool {
    eprintln!("check: {} planted wrongs", mutants::FEW.len());
    mutants::are_found(&mutants::FEW)
}

/// The binary is killed a hundred times; building it as it is shipped comes before the minutes are counted.
fn kills() -> bool {
    eprintln!("check: 100 kills");
    campaign::campaign(&campaign::Arguments::kills(100, 4)) == ExitCode::SUCCESS
}

fn cargo(name: &str, arguments: &[&str]) -> bool {
    eprintln!("check: {name}");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).env("RUSTDOCFLAGS", "-D warnings");
    // What lands is decided by the same cases each time; new ones are searched for by hand, and by the simulation.
    if env::var_os(PROPTEST_SEED).is_none() {
        command.env(PROPTEST_SEED, "1");
    }
    command.status().is_ok_and(|status| status.success())
}
