//! What a person does from the command line, from an empty folder to the last cent.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
};

use serde_json::{Value, json};

#[path = "support/sandbox.rs"]
pub mod sandbox;

use sandbox::{Sandbox, three_contacts, three_lines};

/// A sandbox with the book imported, its lines enrolled in this mode.
fn enrolled(mode: &str, set: &[&str]) -> Sandbox {
    let sandbox = Sandbox::start(tempfile::tempdir().unwrap(), &three_lines("0.50 CNY"), &[]);
    sandbox.init(&[&["--probe", "1 CNY"], set].concat());
    let file = sandbox.write("contacts.vcf", three_contacts("Li"));
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
    for part in ["+861******8000  ✓ back in service; used up", "+861******9000  ✗ suspended by its owner", "rung 1"]
    {
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
    assert_eq!(
        (state(&sandbox, "+8613800138000").as_str(), orders(&sandbox)),
        ("restricted; waits for your approval", 0)
    );
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
    let engine = Engine::start(&sandbox, &["run"]);
    until(|| line(&sandbox, "+8613800138000")["seen"].is_object());
    assert_eq!(orders(&sandbox), 0);
    sandbox.run(&["resume"], &[0]);
    until(|| state(&sandbox, "+8613800138000") == "in service");
    until(|| state(&sandbox, "+8613900139000") == "suspended by its owner");
    drop(engine);
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

#[test]
fn s101_run_queries_by_the_timer() {
    let sandbox = enrolled("watch", &["--set", "typed"]);
    let text = fs::read_to_string(sandbox.path("ringback.toml")).unwrap();
    sandbox.write("ringback.toml", text.replace("# check_every = \"24h\"", "check_every = \"200ms\""));
    let _engine = Engine::start(&sandbox, &["run"]);
    let at = || line(&sandbox, "+8613700137000")["seen"]["at_ms"].clone();
    until(|| at().is_number());
    let first = at();
    until(|| at() != first);
}

#[test]
fn s101_check_beside_a_running_engine_is_handed_to_it() {
    let sandbox = enrolled("watch", &["--set", "typed"]);
    let engine = Engine::start(&sandbox, &["run"]);
    until(|| line(&sandbox, "+8613700137000")["seen"].is_object());
    let before = line(&sandbox, "+8613700137000")["seen"]["at_ms"].clone();
    let said = String::from_utf8(sandbox.run(&["check", "13700137000"], &[0]).stdout).unwrap();
    assert!(said.contains("handed to the engine that is running"), "{said}");
    until(|| line(&sandbox, "+8613700137000")["seen"]["at_ms"] != before);
    for command in [&["recover"][..], &["recover", "13700137000"]] {
        let error = sandbox.error(command);
        assert!(error.contains("ringback.db is in use by run"), "{error}");
    }
    drop(engine);
}

#[test]
fn an_answer_that_nothing_waits_for_says_what_state_the_line_is_in() {
    let sandbox = enrolled("ask", &["--set", "typed"]);
    let says = |arguments: &[&str], parts: &[&str]| {
        let error = sandbox.error(arguments);
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
    };
    let idle = "\"not queried yet\": `ringback recover +8613800138000`";
    says(&["approve", "13800138000"], &["no recovery waits for approval", idle]);
    says(&["decline", "13800138000"], &["nothing waits that could be declined", idle]);
    says(&["amount", "13800138000", "50 CNY"], &["no set amount is owed", idle]);
    says(&["settle", "13800138000", "failed", "--reason", "by phone"], &["no order waits to be settled", idle]);
    says(&["amount", "13800138000", "50 USD"], &["50.00 USD: this book pays in CNY"]);
    says(&["tell", "13800138000", "plan", "--amount", "59 USD"], &["59.00 USD: this book pays in CNY"]);
    sandbox.run(&["recover"], &[3]);
    says(&["amount", "13800138000", "50 CNY"], &["waits for your approval", "`ringback approve +8613800138000`"]);
    let said = String::from_utf8(sandbox.run(&["approve", "13800138000"], &[0]).stdout).unwrap();
    assert!(said.ends_with("+8613800138000: approved; `ringback recover` goes on\n"), "{said}");
}

#[test]
fn a_claim_takes_only_what_its_state_has_room_for() {
    let sandbox = enrolled("auto", &["--set", "remembered", "--amount", "30 CNY"]);
    sandbox.run(&["recover", "--claims"], &[0]);
    let claims = sandbox.json(&["claims"], &[0]);
    let reference = claims["claims"][0]["reference"].as_str().unwrap();
    let error = sandbox.error(&["claims", "--of", reference, "--paid", "1 EUR"]);
    assert!(error.contains("1.00 EUR: the claim is in CNY"), "{error}");
    let error = sandbox.error(&["claims", "--of", reference, "--withdraw"]);
    assert!(error.contains("the claim is paid") && error.contains("nothing is left to do"), "{error}");
}

#[test]
fn run_prints_one_object_a_line_and_the_log_holds_no_number() {
    let sandbox = enrolled("auto", &["--set", "remembered", "--amount", "30 CNY"]);
    let mut command = sandbox.command(&["--json", "run"]);
    command.env("RINGBACK_LOG", "debug").stderr(fs::File::create(sandbox.path("log")).unwrap());
    let mut engine = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(engine.stdout.take().unwrap()).lines();
    let objects = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let mut kinds = BTreeSet::new();
    for object in objects {
        kinds.insert(object["kind"].as_str().unwrap().to_owned());
        if object["notice"]["restored"] == "used_up" {
            assert_eq!((&object["number"], &object["kind"]), (&json!("+8613800138000"), &json!("notice")));
            break;
        }
    }
    engine.kill().and_then(|()| engine.wait()).unwrap();
    assert!(kinds.contains("step"), "{kinds:?}");
    let log = fs::read_to_string(sandbox.path("log")).unwrap();
    assert!(log.contains("+861******8000") && log.contains("answered") && log.contains("restored"), "{log}");
    for hidden in ["13800138000", "13900139000", "13700137000", "client_secret"] {
        assert!(!log.contains(hidden), "{hidden} in {log}");
    }
}

#[test]
fn two_address_books_of_one_name_are_two() {
    let sandbox = enrolled("watch", &["--set", "typed"]);
    for (folder, number) in [("alice", "13800138001"), ("bob", "13800138002")] {
        fs::create_dir(sandbox.path(folder)).unwrap();
        sandbox.write(&format!("{folder}/contacts.vcf"), three_contacts("Li").replace("138 0013 8000", number));
    }
    let import = |folder: &str| {
        let file = sandbox.path(folder).join("contacts.vcf").display().to_string();
        sandbox.json(&["import", &file], &[0])["imported"][0]["new_lines"].as_u64()
    };
    assert_eq!([import("alice"), import("bob"), import("alice")], [Some(1), Some(1), Some(0)]);
    fs::create_dir(sandbox.path("after")).unwrap();
    let done = sandbox.json(&["export", &sandbox.path("after").display().to_string()], &[0]);
    assert_eq!(done["files"].as_array().unwrap().len(), 3, "{done}");
    for folder in ["alice", "bob"] {
        let before = fs::read(sandbox.path(folder).join("contacts.vcf")).unwrap();
        let after = fs::read(sandbox.path("after").join(format!("{folder}-contacts.vcf"))).unwrap();
        assert_eq!(before, after, "lines that were not queried are in no group");
    }
}

#[test]
fn a_sandbox_shares_no_book_with_real_money() {
    let sandbox = enrolled("watch", &["--set", "typed"]);
    let caps = ["--cap-recovery", "9 CNY", "--cap-line", "9 CNY", "--cap-day", "9 CNY", "--cap-book", "9 CNY"];
    let rest = ["--region", "cn", "--probe", "1 CNY", "--set", "typed", "--highest-plan", "9 CNY"];
    sandbox.run(&[&["init", "--force", "--sandbox", sandbox.url()], &caps[..], &rest].concat(), &[0]);
    let text = fs::read_to_string(sandbox.path("ringback.toml")).unwrap();
    assert!(text.contains("name = \"sandbox\"") && text.contains("ringback-sandbox.db\""), "{text}");
    let real = ["--hlr", "127.0.0.1:4259", "--client-id", "me"];
    sandbox.run(&[&["init", "--force"], &real[..], &caps, &rest].concat(), &[0]);
    let text = fs::read_to_string(sandbox.path("ringback.toml")).unwrap();
    assert!(text.contains("name = \"home\"") && text.contains("ranges = [\"86\"]"), "{text}");
}

#[test]
fn a_wallet_that_holds_too_little_is_said_at_the_start() {
    let sandbox = enrolled("auto", &["--set", "typed"]);
    let text = fs::read_to_string(sandbox.path("ringback.toml")).unwrap();
    sandbox.write("ringback.toml", text.replace("per_recovery = \"5000.00", "per_recovery = \"2000000.00"));
    let said = String::from_utf8(sandbox.run(&["recover"], &[0, 3]).stderr).unwrap();
    assert!(
        said.contains("the wallet at sandbox holds 1000000.00 CNY") && said.contains("caps.per_recovery"),
        "{said}"
    );
}

#[test]
fn a_second_demo_is_refused_and_leaves_the_first_alone() {
    let folder = tempfile::tempdir().unwrap();
    let demo = || {
        let mut command = std::process::Command::new(sandbox::RINGBACK);
        command.arg("demo").env("XDG_DATA_HOME", folder.path());
        command
    };
    let mut first = demo().stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(first.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let second = demo().output().unwrap();
    first.kill().and_then(|()| first.wait()).unwrap();
    let error = String::from_utf8(second.stderr).unwrap();
    assert!(second.status.code() == Some(1) && error.contains("another demo runs there"), "{line} {error}");
}

/// An engine in a process of its own, until it is dropped.
struct Engine(std::process::Child);

impl Engine {
    fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        Self(sandbox.command(arguments).stdout(std::process::Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).map(drop).unwrap_or_default();
    }
}

/// Looks until it is so; a minute is far beyond what the sandbox's times need.
fn until(is_so: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "it did not come to that within a minute");
    }
}
