//! What people see: every help text, and the tables of a whole run, as one snapshot each.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

#[path = "support/sandbox.rs"]
pub mod sandbox;

use sandbox::{RINGBACK, Sandbox, three_contacts, three_lines};

#[test]
fn help() {
    let text = help_of(&[]);
    insta::assert_snapshot!("help", text);
    let commands = text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()));
    for name in names.filter(|name| *name != "help") {
        insta::assert_snapshot!(format!("help_{name}"), help_of(&[name]));
    }
}

/// A command's help at the width of a wide terminal.
fn help_of(command: &[&str]) -> String {
    let mut help = Command::new(RINGBACK);
    help.args(command).arg("--help").env("NO_COLOR", "1").env("COLUMNS", "100").env_remove("RINGBACK_CONFIG");
    let done = help.output().unwrap();
    assert!(done.status.success() && done.stderr.is_empty());
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn tables_of_a_whole_run() {
    let sandbox = Sandbox::start(tempfile::tempdir().unwrap(), &three_lines("12 CNY"), &[]);
    sandbox.init(&["--probe", "1 CNY", "--set", "remembered", "--amount", "30 CNY"]);
    let file = sandbox.write("contacts.vcf", three_contacts("李"));
    sandbox.run(&["import", &file], &[0]);
    sandbox.run(&["enrol", "--all"], &[0]);
    let shows = |name: &str, command: &[&str]| {
        let text = String::from_utf8(sandbox.run(command, &[0]).stdout).unwrap();
        insta::assert_snapshot!(name, redacted(&text));
    };
    // One after the other, so that the ledger's order is the same each time.
    sandbox.run(&["recover", "13700137000"], &[0]);
    sandbox.run(&["recover", "13800138000"], &[0]);
    shows("ledger", &["ledger"]);
    shows("ledger_statement", &["ledger", "--statement"]);
    shows("ledger_verify", &["ledger", "--verify"]);
    shows("show", &["show", "13800138000"]);
    sandbox.run(&["recover", "13900139000", "--claims"], &[0]);
    shows("lines", &["lines"]);
    shows("lines_waiting", &["lines", "--waiting"]);
    let claims = String::from_utf8(sandbox.run(&["claims"], &[0]).stdout).unwrap();
    let mut claims: Vec<String> = redacted(&claims).lines().map(str::to_owned).collect();
    // They are shown by their references, which are random.
    claims[1..].sort();
    insta::assert_snapshot!("claims", claims.join("\n"));
}

/// References, instants, and how often a line was queried until it came back differ with each run.
fn redacted(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && !"-:".contains(c)) {
        let end = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).len();
        let (body, tail) = word.split_at(end);
        let shape: String = body.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        out.push_str(match &*shape {
            "0000-00-00" => "DATE",
            "00:00:00" => "TIME",
            _ if is_reference(body) => "REFERENCE",
            _ => body,
        });
        out.push_str(tail);
    }
    let mut again = false;
    let lines = out.lines().filter(|line| !line.ends_with("says: restricted") || !std::mem::replace(&mut again, true));
    lines.collect::<Vec<_>>().join("\n")
}

/// `TopUpRef`: 26 digits and capital letters.
fn is_reference(word: &str) -> bool {
    word.len() == 26 && word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}
