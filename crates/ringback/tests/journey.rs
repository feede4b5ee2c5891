//! What a person does from the command line, from an empty folder to the last cent.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use serde_json::{Value, json};

#[path = "support/sandbox.rs"]
pub mod sandbox;

use sandbox::Sandbox;

const SUBSCRIBERS: &str = r#"
[[subscriber]]
msisdn = "+8613800138000"
carrier = "China Mobile"
plan = "58 CNY"
state = "arrears"
arrears = "0.50 CNY"

[[subscriber]]
msisdn = "+8613900139000"
carrier = "China Mobile"
plan = "58 CNY"
state = "suspended_by_owner"

[[subscriber]]
msisdn = "+8613700137000"
carrier = "China Mobile"
plan = "58 CNY"
state = "in_service"
"#;

const BOOK: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Li\r\nTEL:138 0013 8000\r\nEND:VCARD\r\n\
                    BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Wang\r\nTEL:+86 139-0013-9000\r\nEND:VCARD\r\n\
                    BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Zhao\r\nTEL:0086 13700137000\r\nEND:VCARD\r\n";

/// A sandbox with the book imported, its lines enrolled in this mode.
fn enrolled(mode: &str, set: &[&str]) -> Sandbox {
    let sandbox = Sandbox::start(tempfile::tempdir().unwrap(), SUBSCRIBERS, &[]);
    sandbox.init(&[&["--probe", "1 CNY"], set].concat());
    let file = sandbox.write("contacts.vcf", BOOK);
    sandbox.run(&["import", &file], &[0]);
    sandbox.run(&["enrol", "--all", "--mode", mode], &[0]);
    sandbox
}

fn line(sandbox: &Sandbox, number: &str) -> Value {
    let lines = sandbox.json(&["lines"], &[0]);
    lines["lines"].as_array().unwrap().iter().find(|line| line["number"] == number).unwrap().clone()
}

fn state(sandbox: &Sandbox, number: &str) -> String {
    line(sandbox, number)["state"].as_str().unwrap().to_owned()
}

fn orders(sandbox: &Sandbox) -> usize {
    sandbox.admin("statement").as_array().unwrap().len()
}

fn is_sound(sandbox: &Sandbox) {
    let verified = sandbox.json(&["ledger", "--verify"], &[0]);
    assert_eq!(verified["sound"], true, "{verified}");
}

#[test]
fn a_dry_run_names_the_money_and_pays_none() {
    let sandbox = enrolled("auto", &["--set", "remembered", "--amount", "30 CNY"]);
    let forecast = sandbox.json(&["recover", "--dry-run"], &[0]);
    let rows = forecast["restricted"].as_array().unwrap();
    assert_eq!((forecast["queried"].as_u64(), rows.len()), (Some(3), 2), "{forecast}");
    assert_eq!((&rows[0]["likely"], rows[0]["payments"][0].as_str()), (&json!("31.00 CNY"), Some("1.00 CNY")));
    assert_eq!(orders(&sandbox), 0);
}

#[test]
fn auto_brings_lines_back_moves_contacts_and_claims() {
    let sandbox = enrolled("auto", &["--set", "remembered", "--amount", "30 CNY"]);
    let shown = String::from_utf8(sandbox.run(&["recover", "--claims"], &[0]).stdout).unwrap();
    for part in ["+8613800138000  ✓ back in service; used up", "+8613900139000  ✗ suspended by its owner", "rung 1"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    is_sound(&sandbox);
    let target = sandbox.path("after.vcf").display().to_string();
    sandbox.run(&["export", &target], &[0]);
    let after = fs::read_to_string(target).unwrap();
    assert_eq!(after.matches("CATEGORIES:In service\r\n").count(), 2, "{after}");
    assert_eq!(after.matches("CATEGORIES:Suspended by owner\r\n").count(), 1, "{after}");
    let claims = sandbox.json(&["claims"], &[0]);
    let claims = claims["claims"].as_array().unwrap();
    assert!(!claims.is_empty() && claims.iter().all(|claim| claim["state"]["paid"].is_object()), "{claims:?}");
    let story = String::from_utf8(sandbox.run(&["show", "13800138000"], &[0]).stdout).unwrap();
    assert!(story.starts_with("Li  +8613800138000  auto  in service"), "{story}");
    assert!(story.contains("recovery 1: used up; received 1.00 CNY"), "{story}");
}

#[test]
fn ask_waits_for_one_tap() {
    let sandbox = enrolled("ask", &["--set", "typed"]);
    sandbox.run(&["recover"], &[3]);
    assert_eq!((state(&sandbox, "+8613800138000").as_str(), orders(&sandbox)), ("restricted; waits for your approval", 0));
    let waiting = sandbox.json(&["lines", "--waiting"], &[0]);
    assert_eq!(waiting["lines"].as_array().unwrap().len(), 2);

    sandbox.run(&["decline", "13900139000"], &[0]);
    sandbox.run(&["approve", "13800138000"], &[0]);
    sandbox.run(&["recover", "13800138000"], &[3]);
    assert_eq!(state(&sandbox, "+8613800138000"), "in service; waits for the set amount");
    sandbox.run(&["amount", "13800138000", "20 CNY"], &[0]);
    sandbox.run(&["recover", "13800138000"], &[0]);
    assert_eq!((state(&sandbox, "+8613800138000").as_str(), orders(&sandbox)), ("in service", 2));
    is_sound(&sandbox);
}

#[test]
fn n3_the_kill_switch_stops_every_payment_and_resume_goes_on() {
    let sandbox = enrolled("auto", &["--set", "remembered", "--amount", "30 CNY"]);
    sandbox.run(&["pause"], &[0]);
    let mut engine = sandbox.command(&["run"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    until(|| line(&sandbox, "+8613800138000")["seen"].is_object());
    assert_eq!(orders(&sandbox), 0);
    sandbox.run(&["resume"], &[0]);
    until(|| state(&sandbox, "+8613800138000") == "in service");
    until(|| state(&sandbox, "+8613900139000") == "suspended by its owner");
    engine.kill().and_then(|()| engine.wait()).unwrap();
    sandbox.run(&["recover"], &[0]);
    is_sound(&sandbox);
}

#[test]
fn what_a_person_says_counts() {
    let sandbox = enrolled("auto", &["--set", "remembered", "--amount", "30 CNY"]);
    sandbox.run(&["tell", "13900139000", "suspended"], &[0]);
    sandbox.run(&["tell", "13800138000", "leave-alone", "--until", "2099-01-01"], &[0]);
    sandbox.run(&["withdraw", "13700137000"], &[0]);
    sandbox.run(&["recover"], &[0]);
    assert_eq!(orders(&sandbox), 0, "one is known to be suspended, one is left alone");
    assert_eq!(line(&sandbox, "+8613900139000")["group"], "suspended");
    assert_eq!(line(&sandbox, "+8613700137000")["mode"], "not enrolled");
    assert!(line(&sandbox, "+8613700137000")["seen"].is_null(), "a line that is not enrolled is not queried");
}

#[test]
fn s101_lines_are_chosen_by_typing_and_by_the_call_log() {
    let sandbox = enrolled("watch", &["--set", "typed"]);
    let log = r#"<calls count="2"><call number="13700137000" duration="3" date="1" type="1" contact_name="Zhao" />
        <call number="13600136000" duration="3" date="2" type="2" /></calls>"#;
    let log = sandbox.write("calls.xml", log);
    let proposed = sandbox.json(&["import", "--calls", &log], &[0]);
    assert_eq!(proposed["imported"][0]["proposed"][0]["number"], "+8613600136000");
    sandbox.run(&["check", "--calls", &log], &[0]);
    let seen = |number| line(&sandbox, number)["seen"].is_object();
    assert_eq!((seen("+8613700137000"), seen("+8613800138000")), (true, false));
    sandbox.run(&["check", "１３８００１３８０００"], &[0]);
    assert!(seen("+8613800138000"));
    assert_eq!(orders(&sandbox), 0, "a line that is only watched is never paid for");
}

/// Looks until it is so; a minute is far beyond what the sandbox's times need.
fn until(is_so: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "it did not come to that within a minute");
    }
}
