//! The rules of a table: each takes its words out of a text, and what was taken has to agree.

use regex::Regex;
use ringback_core::{Amount, Bar, Currency, Reachable, Service, Status};
use serde::Deserialize;

use super::{Confirmation, Reading};

/// What stands in the place of words that were taken: an end of a sentence in every language, so that no pattern reaches
/// across it.
const TAKEN: &str = "。.;";

/// What a rule takes, and what that says.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// `table: rule`.
    pub(super) name: String,
    pub(super) pattern: Regex,
    pub(super) says: Says,
    /// A stated cause; only where it says restricted.
    pub(super) bar: Option<Bar>,
}

/// What a rule's words say about the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Says {
    InService,
    /// In service, and the phone is switched off.
    Off,
    Restricted,
    NotInService,
    /// Nothing about the line as it is now.
    Nothing,
    /// That the text is no answer.
    Unknown,
}

/// A stated cause of a bar, looked for in all of a text that says restricted (K3).
#[derive(Debug, Clone)]
pub(super) struct Cause {
    pub(super) name: String,
    pub(super) pattern: Regex,
    pub(super) bar: Bar,
}

/// Words about a payment: that it arrived, or that it did not.
#[derive(Debug, Clone)]
pub(super) struct Receipt {
    pub(super) name: String,
    pub(super) pattern: Regex,
    pub(super) confirms: bool,
}

/// Reads a text that is in plain letters and about no other line.
pub(super) fn read(rules: &[Rule], causes: &[Cause], text: &str) -> Reading {
    let mut left = text.to_owned();
    let mut taken: Vec<&Rule> = Vec::new();
    for rule in rules {
        if rule.pattern.is_match(&left) {
            left = rule.pattern.replace_all(&left, TAKEN).into_owned();
            taken.push(rule);
        }
    }
    let causes: Vec<&Cause> = causes.iter().filter(|cause| cause.pattern.is_match(text)).collect();
    let status = agreed(&taken, &causes);
    let restricted = matches!(status.service, Service::Restricted(_));
    let causes = causes.iter().filter(|_| restricted).map(|cause| cause.name.clone());
    Reading { status, rules: taken.iter().map(|rule| rule.name.clone()).chain(causes).collect() }
}

fn agreed(taken: &[&Rule], causes: &[&Cause]) -> Status {
    let says = |what: Says| taken.iter().any(|rule| rule.says == what);
    let off = if says(Says::Off) { Reachable::No } else { Reachable::Unknown };
    let states = [says(Says::InService), says(Says::Restricted), says(Says::NotInService)];
    match states {
        _ if says(Says::Unknown) => Status::unknown(not_an_answer(taken)),
        [false, true, false] => Status { service: Service::Restricted(bar(taken, causes)), reachable: off },
        [true, false, false] => Status::in_service(off),
        [false, false, false] if off == Reachable::No => Status::in_service(off),
        [false, false, true] if off == Reachable::Unknown => Status::not_in_service(),
        [false, false, false] => Status::unknown("no rule understands the text"),
        _ => Status::unknown("the text contradicts itself"),
    }
}

fn not_an_answer(taken: &[&Rule]) -> String {
    let rule = taken.iter().find(|rule| rule.says == Says::Unknown);
    format!("the text is no answer (rule `{}`)", rule.map_or("", |rule| &rule.name))
}

/// The one cause that is stated; more than one are another cause, and only none is arrears (K3).
fn bar(taken: &[&Rule], causes: &[&Cause]) -> Bar {
    let stated = taken.iter().filter_map(|rule| rule.bar).chain(causes.iter().map(|cause| cause.bar));
    let mut stated = stated.filter(|bar| *bar != Bar::ArrearsOrUnknown);
    match stated.next() {
        None => Bar::ArrearsOrUnknown,
        Some(first) if stated.all(|bar| bar == first) => first,
        Some(_) => Bar::Other,
    }
}

impl Receipt {
    /// The confirmation of a text in which [`Receipt::matches`] found the words.
    pub(super) fn confirmation(&self, text: &str, currency: Option<Currency>) -> Option<Confirmation> {
        let found = self.pattern.captures(text).filter(|_| self.confirms)?;
        let amount = || Amount::parse_decimal(found.name("amount")?.as_str(), currency?).ok()?.positive().ok();
        Some(Confirmation { amount: amount(), rule: self.name.clone() })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.pattern.is_match(text)
    }
}
