//! `ringback doctor`: each part that is ill is named, with its remedy.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use serde_json::Value;

#[path = "support/sandbox.rs"]
pub mod sandbox;

use sandbox::{Sandbox, three_contacts, three_lines};

fn enrolled() -> Sandbox {
    let sandbox = Sandbox::start(tempfile::tempdir().unwrap(), &three_lines("0.50 CNY"), &[]);
    sandbox.init(&["--probe", "1 CNY", "--set", "typed"]);
    let file = sandbox.write("contacts.vcf", three_contacts("Li"));
    sandbox.run(&["import", &file], &[0]);
    sandbox.run(&["enrol", "--all", "--mode", "ask"], &[0]);
    sandbox
}

/// What was found about a part, worst first.
fn found(report: &Value, part: &str) -> Vec<(String, String)> {
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["part"] == part);
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    findings.map(|finding| (word(finding, "level"), word(finding, "found"))).collect()
}

/// Changes the configuration as a person would.
fn change(sandbox: &Sandbox, from: &str, to: &str) {
    let path = sandbox.path("ringback.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn a_channel_is_unproven_until_it_told_of_a_restricted_line() {
    let sandbox = enrolled();
    let report = sandbox.json(&["doctor", "13700137000"], &[0]);
    assert_eq!(report["failures"], 0, "{report}");
    let unproven = |report: &Value| found(report, "channel network").iter().any(|(_, text)| text.contains("unproven"));
    assert!(unproven(&report), "{report}");
    assert!(!unproven(&sandbox.json(&["doctor", "13800138000"], &[0])), "it tells just now");
    sandbox.run(&["check", "--all"], &[0]);
    let report = sandbox.json(&["doctor", "13700137000"], &[0]);
    assert!(!unproven(&report), "{report}");
    for part in ["clock", "disk", "database", "provider sandbox", "desk carrier", "configuration"] {
        assert!(found(&report, part).iter().all(|(level, _)| level == "good" || part == "disk"), "{part}: {report}");
    }
}

#[test]
fn what_does_not_work_is_named_and_the_exit_code_says_so() {
    let sandbox = enrolled();
    sandbox.run(&["pause"], &[0]);
    change(&sandbox, &format!("{}/camara", sandbox.url()), "http://127.0.0.1:1/camara");
    change(&sandbox, &format!("{}/reloadly", sandbox.url()), "http://127.0.0.1:1/reloadly");
    let report = sandbox.json(&["doctor"], &[6]);
    for part in ["channel network", "provider sandbox"] {
        assert!(found(&report, part).iter().any(|(level, _)| level == "failure"), "{part}: {report}");
    }
    assert_eq!(found(&report, "spending")[0].1, "the kill switch is on");
    let remedies = report["findings"].as_array().unwrap().iter().filter(|finding| finding["level"] != "good");
    assert!(remedies.into_iter().all(|finding| finding["remedy"].is_string()), "{report}");
    let one = sandbox.json(&["doctor", "--channel", "netwrok"], &[6]);
    assert!(found(&one, "channel netwrok")[0].1.contains("no such channel"));
}

#[test]
fn one_channel_tells_what_each_rule_made_of_its_answer() {
    let sandbox = enrolled();
    let told = |number: &str| {
        let report = sandbox.json(&["doctor", "--channel", "network", number], &[0]);
        let found = found(&report, "channel network").into_iter().map(|(_, text)| text);
        found.filter(|text| text.starts_with("matched") || text.starts_with("not matched")).collect::<Vec<_>>()
    };
    let rules = told("13800138000");
    assert!(rules[0].starts_with("matched: restricted (line "), "{rules:?}");
    assert!(rules[1..].iter().all(|rule| rule.starts_with("not matched: ")) && rules.len() == 7, "{rules:?}");
    let fraud = rules.iter().find(|rule| rule.contains("/barCause = \"fraud\"")).unwrap();
    assert!(fraud.ends_with("; /barCause is absent"), "{fraud}");
}

#[test]
fn a_configuration_that_cannot_be_used_is_a_finding() {
    let sandbox = enrolled();
    change(&sandbox, "channel = \"network\"", "channel = \"nowhere\"");
    let report = sandbox.json(&["doctor"], &[6]);
    assert!(found(&report, "configuration")[0].1.contains("no [channel.nowhere]"), "{report}");
}
