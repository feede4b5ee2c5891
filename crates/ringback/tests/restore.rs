//! A backup while the engine runs, and an old one put back: nothing is paid twice (S3, M4, P3).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, process::Stdio, time::Duration};

use serde_json::Value;

#[path = "support/sandbox.rs"]
pub mod sandbox;

use sandbox::{Sandbox, three_contacts, three_lines};

const OWES: &str = "+8613800138000";
const SUSPENDED: &str = "+8613900139000";

/// A sandbox with three enrolled lines: one in arrears, one that its owner suspended, one in service.
fn enrolled() -> Sandbox {
    sandbox_with(&three_lines("0.50 CNY"))
}

fn sandbox_with(lines: &str) -> Sandbox {
    let sandbox = Sandbox::start(tempfile::tempdir().unwrap(), lines, &[]);
    sandbox.init(&["--probe", "1 CNY", "--set", "remembered", "--amount", "30 CNY"]);
    let file = sandbox.write("contacts.vcf", three_contacts("Li"));
    sandbox.run(&["import", &file], &[0]);
    sandbox.run(&["enrol", "--all", "--mode", "auto"], &[0]);
    sandbox
}

/// The provider's own books: the number and the reference of each order, in their order.
fn booked(sandbox: &Sandbox) -> Vec<(String, String)> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let statement = sandbox.admin("statement");
    statement.as_array().unwrap().iter().map(|row| (text(row, "msisdn"), text(row, "reference"))).collect()
}

fn backup(sandbox: &Sandbox) -> String {
    let file = sandbox.path("backup.db").display().to_string();
    let made = sandbox.json(&["backup", &file], &[0]);
    assert_eq!(made["head"]["hash"].as_str().map(str::len), Some(64), "{made}");
    file
}

/// Settles what is in suspense for a number by a person's word, one order after the other.
fn settle_all(sandbox: &Sandbox, number: &str) -> usize {
    let settle = ["settle", number, "delivered", "--reason", "it stands in the provider's statement"];
    let settled = |_: &usize| sandbox.command(&settle).output().unwrap().status.success();
    (0..100).take_while(settled).count()
}

#[test]
fn s3_what_was_paid_after_the_backup_is_found_and_never_paid_again() {
    let sandbox = enrolled();
    sandbox.run(&["recover", OWES], &[0]);
    let before = booked(&sandbox).len();
    let file = backup(&sandbox);
    // The engine pays on, and dies.
    let mut engine = sandbox.command(&["run"]).stdout(Stdio::null()).spawn().unwrap();
    until(|| booked(&sandbox).len() >= before + 2);
    engine.kill().and_then(|()| engine.wait()).unwrap();

    let restored = sandbox.json(&["restore", &file], &[0]);
    let aside = restored["aside"].as_str().unwrap();
    assert!(restored["fenced"] == true && fs::metadata(aside).unwrap().len() > 0, "{restored}");
    let lost = booked(&sandbox);
    assert!(lost.len() >= before + 2, "what the backup does not know");

    let said = String::from_utf8(sandbox.run(&["recover"], &[3]).stderr).unwrap();
    assert!(said.contains("nothing is paid before it is reconciled with sandbox"), "{said}");
    assert!(said.contains("the ledger is reconciled: payments are made again"), "{said}");
    assert_eq!(booked(&sandbox), lost, "nothing was paid for what was paid already");

    let found = sandbox.json(&["ledger", "--verify"], &[4]);
    let differences = found["differences"].as_array().unwrap();
    assert_eq!((differences.len(), &found["findings"]), (lost.len() - before, &Value::Array(vec![])), "{found}");
    assert!(differences.iter().all(|d| d["detail"].as_str().unwrap().contains("in suspense")), "{found}");

    assert_eq!(settle_all(&sandbox, SUSPENDED), lost.len() - before);
    let found = sandbox.json(&["ledger", "--verify"], &[0, 4]);
    sandbox.run(&["recover"], &[0, 3]);
    let sound = sandbox.json(&["ledger", "--verify"], &[0]);
    assert_eq!(sound["sound"], true, "{found} {sound}");
}

/// What was not paid before is paid once the fence is open, by itself.
#[test]
fn s3_a_line_that_nothing_was_paid_for_goes_on_by_itself() {
    let sandbox = enrolled();
    let file = backup(&sandbox);
    sandbox.run(&["recover", SUSPENDED], &[0, 3]);
    let lost = booked(&sandbox);
    sandbox.run(&["restore", &file], &[0]);
    sandbox.run(&["recover"], &[3]);
    let after = booked(&sandbox);
    assert_eq!(after[..lost.len()], lost);
    assert!(after.len() > lost.len() && after[lost.len()..].iter().all(|(number, _)| number == OWES), "{after:?}");
    let shown = sandbox.json(&["lines"], &[0]);
    let line = |number: &str| shown["lines"].as_array().unwrap().iter().find(|line| line["number"] == number).unwrap();
    assert_eq!(line(OWES)["state"], "in service");
    assert!(line(SUSPENDED)["state"].as_str().unwrap().contains("does not fit the ledger"), "{shown}");
}

/// P13: a person says which order it was and what less the line received; the provider's books agree, and all is sound.
#[test]
fn p13_what_less_the_line_received_of_a_lost_order_is_settled_as_it_was() {
    // The first line's first order is delivered by half.
    let sandbox = sandbox_with(&three_lines("0.50 CNY").replacen("\n[[", "\nfault = \"partial\"\n[[", 1));
    let file = backup(&sandbox);
    sandbox.run(&["recover", OWES], &[0]);
    sandbox.run(&["restore", &file], &[0]);
    sandbox.run(&["recover", OWES], &[3]);
    let rows = sandbox.admin("statement");
    let rows: Vec<&Value> = rows.as_array().unwrap().iter().filter(|row| row["msisdn"] == OWES).collect();
    assert!(rows.len() > 1 && rows[0]["delivered"] != rows[0]["requested"], "{rows:?}");
    let error = sandbox.error(&["settle", OWES, "failed", "--received", "1 CNY", "--reason", "read"]);
    assert!(error.contains("the line received nothing"), "{error}");
    // Who says that all of it arrived contradicts the provider, and is asked again.
    let half = rows[0]["reference"].as_str().unwrap();
    sandbox.run(&["settle", OWES, "delivered", "--of", half, "--reason", "guessed"], &[0]);
    sandbox.run(&["recover"], &[3]);
    let found = sandbox.json(&["ledger", "--verify"], &[4]);
    assert_eq!(found["differences"].as_array().map(Vec::len), Some(rows.len()), "{found}");
    // The last one first, to show that a reference is heard.
    for row in rows.iter().rev() {
        let [reference, received] = ["reference", "delivered"].map(|key| row[key].as_str().unwrap());
        let word = ["settle", OWES, "delivered", "--of", reference, "--received", received, "--reason", "read"];
        sandbox.run(&word, &[0]);
        let error = sandbox.error(&word);
        assert!(error.contains(&format!("no {reference} waits to be settled")), "{error}");
    }
    sandbox.run(&["recover"], &[0, 3]);
    let sound = sandbox.json(&["ledger", "--verify"], &[0]);
    assert_eq!(sound["sound"], true, "{sound}");
}

#[test]
fn a_backup_is_made_beside_a_running_engine_and_replaces_nothing_unasked() {
    let sandbox = enrolled();
    let mut engine = sandbox.command(&["run"]).stdout(Stdio::null()).spawn().unwrap();
    until(|| booked(&sandbox).len() > 1);
    let file = backup(&sandbox);
    let bytes = fs::read(&file).unwrap();
    let error = sandbox.error(&["backup", &file]);
    assert!(error.contains("backup.db is there already") && fs::read(&file).unwrap() == bytes, "{error}");
    let error = sandbox.error(&["restore", &file]);
    assert!(error.contains("ringback.db is in use by run"), "{error}");
    engine.kill().and_then(|()| engine.wait()).unwrap();
    sandbox.run(&["backup", &file, "--force"], &[0]);
    assert!(fs::read(&file).unwrap() != bytes);
}

#[test]
fn s5_a_head_that_was_kept_is_found_again_until_an_older_database_is_in_place() {
    let sandbox = enrolled();
    let file = backup(&sandbox);
    sandbox.run(&["recover", OWES], &[0]);
    let head = sandbox.json(&["ledger", "--head"], &[0])["head"]["hash"].as_str().unwrap().to_owned();
    sandbox.run(&["ledger", "--verify", "--head", &head], &[0]);
    sandbox.run(&["restore", &file], &[0]);
    let checked = sandbox.json(&["ledger", "--verify", "--head", &head], &[4]);
    assert_eq!((&checked["lost_head"]["head"], &checked["findings"]), (&head.into(), &Value::Array(vec![])));
    assert!(sandbox.error(&["ledger", "--verify", "--head", "12ab"]).contains("64 hexadecimal digits"));
}

/// Looks until it is so; a minute is far beyond what the sandbox's times need.
fn until(is_so: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "it did not come to that within a minute");
    }
}
