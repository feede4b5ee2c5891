//! The main job with real parts: a phone's export goes in, the state is read from Debian's osmo-hlr, payments and
//! claims go over HTTP, the address book comes out; then everything is compared with the carrier's truth.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Stdio,
    time::Duration,
};

use ringback_contacts::{GroupNames, read};
use ringback_core::{Amount, Group, Msisdn};
use serde_json::Value;

#[path = "support/phonebook.rs"]
pub mod phonebook;
#[path = "support/sandbox.rs"]
pub mod sandbox;
#[path = "support/town.rs"]
pub mod town;

use phonebook::{Phonebook, Subscriber, Truth, carrier_toml, phonebook};
use town::{Town, journal};

const CONTACTS: usize = 320;

/// The probe, in fen: what is missing up to here is found to be *used up*.
const PROBE_MINOR: i64 = 1_000;

/// Nothing goes wrong, on the method's own ladder.
#[test]
fn hlr_end_to_end() {
    let book = phonebook(1, CONTACTS);
    let town = town(&book, None, "stepwise");
    town.run(&["recover", "--claims"], &[0, 3]);
    check(&town, &book, false);
}

/// Every fault kind, and the process is killed at 20 seeded positions of the journal.
#[test]
fn hlr_end_to_end_with_faults_and_kills() {
    let book = phonebook(2, CONTACTS);
    let town = town(&book, Some(7), "cumulative");
    let killed = (1..=20_u64).filter(|seed| run_and_kill(&town, *seed)).count();
    assert!(killed >= 15, "only {killed} of 20 runs were still at work when they were killed");
    town.run(&["recover", "--claims"], &[0, 3]);
    check(&town, &book, true);
}

/// Imports the book and the call log, and enrols every line that can be served.
fn town(book: &Phonebook, faults: Option<u64>, ladder: &str) -> Town {
    let subscribers = carrier_toml(&[&book.subscribers[..], &book.strangers[..]].concat());
    let town = Town::start(&subscribers, faults);
    fs::write(town.path("contacts.vcf"), &book.vcf).unwrap();
    fs::write(town.path("calls.xml"), &book.calls_xml).unwrap();
    town.init(ladder, "10 CNY");
    let (vcf, calls) = (town.path("contacts.vcf"), town.path("calls.xml"));
    let imported = town.json(&["import", vcf.to_str().unwrap(), "--calls", calls.to_str().unwrap()], &[0]);
    let [cards, log] = &imported["imported"].as_array().unwrap()[..] else { panic!("{imported}") };
    assert_eq!(cards["new_lines"], book.subscribers.len());
    assert_eq!(log["proposed"].as_array().unwrap().len(), book.strangers.len(), "a call log only proposes");
    let enrol: &[&str] = if faults.is_some() { &["enrol", "--all", "--unproven"] } else { &["enrol", "--all"] };
    town.run(enrol, &[0, 3]);
    town
}

/// Runs the engine until its journal has grown by a seeded length, then kills it; false where it had ended before.
fn run_and_kill(town: &Town, seed: u64) -> bool {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = town.path("ringback.db");
    let before = runtime.block_on(journal(&database));
    // Each run begins with a query of every line; the positions lie before, within and after that.
    let grown = i64::try_from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32).unwrap() % 700 + 1;
    let mut engine = town.command(&["recover"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while engine.try_wait().unwrap().is_none() && runtime.block_on(journal(&database)) < before + grown {
        std::thread::sleep(Duration::from_millis(2));
    }
    let at_work = engine.try_wait().unwrap().is_none();
    engine.kill().and_then(|()| engine.wait()).unwrap();
    at_work
}

fn check(town: &Town, book: &Phonebook, faults: bool) {
    let lines = town.json(&["lines"], &[0]);
    let lines: BTreeMap<&str, &Value> =
        lines["lines"].as_array().unwrap().iter().map(|line| (line["number"].as_str().unwrap(), line)).collect();
    let groups: BTreeMap<&str, Option<Group>> = book
        .subscribers
        .iter()
        .map(|subscriber| (&*subscriber.msisdn, check_line(lines[&*subscriber.msisdn], subscriber, faults)))
        .collect();
    check_ledger(town, faults);
    check_export(town, book, &groups);
}

/// The line's end against the carrier's truth; returns the group that its contact has to be in.
///
/// The HLR does not tell why it bars, so a line that is barred for fraud looks like one that its owner suspended, and
/// so does one that owes more than the highest plan where the ladder counts what was received; their claims are denied.
fn check_line(line: &Value, subscriber: &Subscriber, faults: bool) -> Option<Group> {
    let end = &line["recovery"]["end"];
    let group: Option<Group> = serde_json::from_value(line["group"].clone()).unwrap();
    let truth = subscriber.truth;
    match truth {
        Truth::InService | Truth::PoweredOff => {
            assert!(end.is_null() && group == Some(Group::InService), "{truth:?} {line}");
        }
        Truth::MonthlyFee { arrears_minor } if faults && arrears_minor > highest_plan_minor(&subscriber.carrier) => {
            assert!(end == "suspended" || group == Some(Group::InService), "{truth:?} {line}");
        }
        Truth::UsedUp { arrears_minor } | Truth::MonthlyFee { arrears_minor } => {
            assert!(group == Some(Group::InService), "{truth:?} {line}");
            assert!(faults || is_found_out(line, arrears_minor), "{truth:?} {line}");
        }
        Truth::SuspendedByOwner | Truth::Fraud => {
            assert!(end == "suspended" && group == Some(Group::Suspended), "{truth:?} {line}");
        }
        Truth::Ceased => assert!(end.is_null() && group.is_none(), "{truth:?} {line}"),
    }
    group
}

/// *Used up* where the probe covers what is owed, else *monthly fee*; and enough was received in either case.
fn is_found_out(line: &Value, arrears_minor: i64) -> bool {
    let end = &line["recovery"]["end"]["restored"];
    let found = if arrears_minor <= PROBE_MINOR { end == "used_up" } else { end["monthly_fee"]["plan"].is_string() };
    found && amount(&line["recovery"]["received"]).minor() >= arrears_minor
}

/// The highest plan of the built-in catalogues, in fen.
fn highest_plan_minor(carrier: &str) -> i64 {
    match carrier {
        "China Mobile" => 58_800,
        "China Broadnet" => 19_800,
        _ => 59_900,
    }
}

/// M4, reference by reference, from the two printed books alone.
fn check_ledger(town: &Town, faults: bool) {
    let verified =
        (0..20).map(|_| town.json(&["ledger", "--verify"], &[0, 1, 4])).find(|v| v["unread"] == Value::Array(vec![]));
    let verified = verified.expect("one of twenty statements is read");
    assert!(verified["sound"] == true, "{verified}");

    let statement = town.admin("statement");
    let rows = statement.as_array().unwrap();
    let credited = rows.iter().filter(|row| row["credits"] != 0);
    let theirs: BTreeMap<String, i64> =
        credited.map(|row| (text(&row["reference"]), amount(&row["requested"]).minor())).collect();
    assert!(rows.iter().all(|row| row["credits"].as_u64().unwrap() <= 1), "a reference was credited twice");

    let mut ours: BTreeMap<String, i64> = BTreeMap::new();
    let mut kinds = BTreeSet::new();
    let ledger = town.json(&["ledger", "--statement"], &[0]);
    for transaction in ledger["transactions"].as_array().unwrap().iter().map(|posted| &posted["transaction"]) {
        kinds.insert(text(&transaction["kind"]));
        let delivered = transaction["postings"].as_array().unwrap().iter().filter(|leg| leg["account"] == "delivered");
        if ["deliver", "late"].contains(&transaction["kind"].as_str().unwrap()) {
            *ours.entry(text(&transaction["reference"])).or_default() +=
                delivered.map(|leg| amount(&leg["amount"]).minor()).sum::<i64>();
        }
    }
    ours.retain(|_, minor| *minor != 0);
    assert_eq!(ours, theirs);
    let expected: &[&str] =
        if faults { &["hold", "deliver", "release", "claim", "refund"] } else { &["hold", "deliver"] };
    assert!(expected.iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
    check_refunds(town, rows);
}

/// R1, M5: what the desk paid back is what the claims say, once each.
fn check_refunds(town: &Town, rows: &[Value]) {
    let paid: BTreeMap<String, i64> = rows
        .iter()
        .filter(|row| row["refunded_minor"] != 0)
        .map(|row| (text(&row["reference"]), row["refunded_minor"].as_i64().unwrap()))
        .collect();
    let claims = town.json(&["claims"], &[0]);
    let ours = claims["claims"].as_array().unwrap().iter().filter_map(|claim| {
        let paid = claim["state"]["paid"]["paid"].as_str()?.parse::<Amount>().unwrap();
        Some((text(&claim["reference"]), paid.minor()))
    });
    assert_eq!(ours.collect::<BTreeMap<_, _>>(), paid);
    assert!(!paid.is_empty());
}

/// Each card is in the group of its lines, and no other byte of it changed.
fn check_export(town: &Town, book: &Phonebook, groups: &BTreeMap<&str, Option<Group>>) {
    let target = town.path("after.vcf");
    town.run(&["export", target.to_str().unwrap()], &[0]);
    let exported = fs::read(&target).unwrap();
    let (before, after) = (read(&book.vcf), read(&exported));
    assert_eq!(before.segments.len(), after.segments.len());
    for (before, after) in before.segments.iter().zip(&after.segments) {
        assert_eq!(untouched(before.raw), untouched(after.raw));
        let (Ok(was), Ok(is)) = (&before.content, &after.content) else { continue };
        let lines = was.numbers.iter().filter_map(|number| Msisdn::parse(&number.text, "CN").ok());
        // The most urgent of the card's lines; a group's own card has none.
        let urgent = lines.filter_map(|line| *groups.get(&*line.to_string())?).max().filter(|_| !was.group);
        let wanted: Vec<String> =
            urgent.into_iter().map(|group| GroupNames::english().name(group).to_owned()).collect();
        let added = is.categories.iter().filter(|category| !was.categories.contains(category));
        assert_eq!(added.cloned().collect::<Vec<_>>(), wanted, "{}", was.name);
    }
}

/// A card without its `CATEGORIES`, the one property that may change.
fn untouched(raw: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut within = false;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        within = if folded { within } else { line.to_ascii_uppercase().starts_with(b"CATEGORIES") };
        if !within {
            kept.extend_from_slice(line);
        }
    }
    kept
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn amount(value: &Value) -> Amount {
    value.as_str().unwrap().parse().unwrap()
}
