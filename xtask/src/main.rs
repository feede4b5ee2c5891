//! `cargo xtask check`: everything that a change has to pass, on a machine that has nothing but Rust.

mod dependencies;

use std::{
    env,
    process::{Command, ExitCode, Stdio},
};

/// A real part that tests start, its Debian package, and the tests that need it.
struct Part {
    program: &'static str,
    package: &'static str,
    tests: &'static [&'static str],
}

const PARTS: [Part; 1] = [Part { program: "osmo-hlr", package: "osmo-hlr", tests: &["real_", "hlr_end_to_end"] }];

const USAGE: &str = "usage: cargo xtask check

Installs the real parts that tests start (on Debian; it says what), then runs fmt, clippy, the check for unused
dependencies, doc warnings and all tests.";

/// What seeds the property tests.
const PROPTEST_SEED: &str = "PROPTEST_RNG_SEED";

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("check") {
        return check();
    }
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

fn check() -> ExitCode {
    let missing: Vec<&Part> = PARTS.iter().filter(|part| !is_there(part.program) && !install(part)).collect();
    let skipped: Vec<&str> = missing.iter().flat_map(|part| part.tests).flat_map(|test| ["--skip", test]).collect();
    let tests: Vec<&str> =
        ["test", "--workspace", "--quiet", "--no-fail-fast", "--"].into_iter().chain(skipped).collect();
    let passed = cargo("format", &["fmt", "--all", "--check"])
        && cargo("lints", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])
        && dependencies::are_used()
        && cargo("documentation", &["doc", "--workspace", "--no-deps", "--quiet"])
        && cargo("tests", &tests);
    for Part { program, package, tests } in missing {
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

fn is_there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// Installs a part with apt-get, as root or with sudo where it asks for no password.
fn install(part: &Part) -> bool {
    if !is_there("apt-get") {
        return false;
    }
    eprintln!("check: {} is missing; installing Debian's package {} with apt-get", part.program, part.package);
    let script = format!(
        "as_root() {{ if [ \"$(id -u)\" = 0 ]; then \"$@\"; else sudo -n \"$@\"; fi; }}
         as_root apt-get -qq update; as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install {}",
        part.package
    );
    let installed = Command::new("sh").args(["-c", &script]).stdout(Stdio::null()).status();
    installed.is_ok_and(|status| status.success()) && is_there(part.program)
}
