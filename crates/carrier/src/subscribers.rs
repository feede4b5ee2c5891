//! The subscribers' file.

use std::collections::HashMap;

use ringback_core::{Amount, Carrier, Msisdn};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    faults::Fault,
    subscriber::{Service, Subscriber},
};

/// Why a subscribers' file cannot be used; its writer corrects the entry.
#[derive(Debug, thiserror::Error)]
pub enum SubscribersError {
    /// The file does not have the form. The message shows the line.
    #[error("{0}each [[subscriber]] has msisdn = \"+8613800138000\", carrier, plan = \"59 CNY\" and state, in quotes")]
    Form(#[from] toml::de::Error),
    /// An entry contradicts itself or another one.
    #[error("line {line}: subscriber {msisdn}: {problem}")]
    Entry {
        /// Where the entry's number stands.
        line: usize,
        /// The number.
        msisdn: Msisdn,
        /// What has to be corrected.
        problem: Problem,
    },
}

/// What is wrong with an entry.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The number stands twice.
    #[error("the number stands already in line {0}; remove one")]
    Number(usize),
    /// The SIM stands twice.
    #[error("its imsi is that of the subscriber in line {0}; give one of them another")]
    SharedImsi(usize),
    /// The IMSI is none.
    #[error("`{0}` is no imsi; write 6 to 15 digits, or leave it out")]
    Imsi(String),
    /// The monthly fee is nothing or less.
    #[error("`plan` is above zero")]
    Plan,
    /// Arrears are missing, or stand where there can be none.
    #[error("`arrears` goes with state = \"arrears\", above zero and in the plan's currency")]
    Arrears,
    /// A balance that there cannot be.
    #[error("`balance` is not below zero, in the plan's currency, and stands beside no arrears")]
    Balance,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    subscriber: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    msisdn: Spanned<Msisdn>,
    #[serde(default)]
    imsi: Option<String>,
    carrier: String,
    plan: Amount,
    state: State,
    #[serde(default)]
    balance: Option<Amount>,
    #[serde(default)]
    arrears: Option<Amount>,
    #[serde(default)]
    powered_off: bool,
    #[serde(default)]
    fault: Option<Fault>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    InService,
    Arrears,
    SuspendedByOwner,
    Fraud,
    Ceased,
    Recycled,
}

/// The lines in which numbers and SIMs were seen first.
#[derive(Default)]
struct Seen {
    numbers: HashMap<Msisdn, usize>,
    sims: HashMap<String, usize>,
}

/// Reads subscribers from TOML: repeated `[[subscriber]]`.
pub fn read_subscribers(text: &str) -> Result<Vec<Subscriber>, SubscribersError> {
    let file: File = toml::from_str(text)?;
    let (mut lines, mut seen) = (Lines::of(text), Seen::default());
    let read = file.subscriber.into_iter().enumerate().map(|(place, entry)| {
        let (line, msisdn) = (lines.at(entry.msisdn.span().start), *entry.msisdn.get_ref());
        let read = subscriber(entry, place).and_then(|read| seen.note(read, line));
        read.map_err(|problem| SubscribersError::Entry { line, msisdn, problem })
    });
    read.collect()
}

fn subscriber(entry: Entry, place: usize) -> Result<Subscriber, Problem> {
    let service = service(&entry)?;
    let imsi = entry.imsi.unwrap_or_else(|| imsi(service, place));
    if !(6..=15).contains(&imsi.len()) || !imsi.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::Imsi(imsi));
    }
    if entry.plan.minor() <= 0 {
        return Err(Problem::Plan);
    }
    let credit_minor = credit_minor(entry.balance, entry.plan, entry.state)?;
    let carrier = Carrier::named(&entry.carrier);
    let msisdn = entry.msisdn.into_inner();
    let line = Subscriber::new(msisdn, imsi, carrier, entry.plan, service, entry.powered_off, entry.fault);
    Ok(Subscriber { credit_minor, ..line })
}

fn service(entry: &Entry) -> Result<Service, Problem> {
    let owed = entry.arrears.filter(|owed| owed.minor() > 0 && owed.currency() == entry.plan.currency());
    Ok(match (entry.state, owed) {
        (State::Arrears, Some(owed)) => Service::Arrears { owed_minor: owed.minor() },
        (State::Arrears, None) => return Err(Problem::Arrears),
        _ if entry.arrears.is_some() => return Err(Problem::Arrears),
        (State::InService, _) => Service::InService,
        (State::SuspendedByOwner, _) => Service::SuspendedByOwner,
        (State::Fraud, _) => Service::Fraud,
        (State::Ceased, _) => Service::Ceased,
        (State::Recycled, _) => Service::Recycled,
    })
}

fn credit_minor(balance: Option<Amount>, plan: Amount, state: State) -> Result<i64, Problem> {
    let Some(balance) = balance else { return Ok(0) };
    let possible = balance.minor() >= 0 && balance.currency() == plan.currency() && state != State::Arrears;
    if possible { Ok(balance.minor()) } else { Err(Problem::Balance) }
}

/// A SIM by the entry's place. A recycled number's new owner has another one than its old owner had.
fn imsi(service: Service, place: usize) -> String {
    let network = if service == Service::Recycled { "90172" } else { "90170" };
    format!("{network}{:010}", place + 1)
}

impl Seen {
    fn note(&mut self, line: Subscriber, at: usize) -> Result<Subscriber, Problem> {
        if let Some(first) = self.numbers.insert(line.msisdn, at) {
            return Err(Problem::Number(first));
        }
        match self.sims.insert(line.imsi.clone(), at) {
            Some(first) => Err(Problem::SharedImsi(first)),
            None => Ok(line),
        }
    }
}

/// Counts lines up to ascending places of a text.
struct Lines<'a> {
    text: &'a str,
    counted: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, counted: 0, line: 1 }
    }

    fn at(&mut self, place: usize) -> usize {
        let passed = self.text.get(self.counted..place).unwrap_or_default();
        self.line += passed.bytes().filter(|byte| *byte == b'\n').count();
        self.counted = self.counted.max(place);
        self.line
    }
}
