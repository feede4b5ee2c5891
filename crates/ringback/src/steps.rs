//! What the engine reports: a line for people, an object for programs, an event for the log.

use std::{
    collections::BTreeMap,
    io::{stderr, stdout},
    sync::{Mutex, PoisonError},
};

use ringback_core::{
    Judgement, Line, LineId, Outcome, Service, Status,
    line::{Phase, State},
    recovery::{Event, Notice},
};
use ringback_engine::shell::Report;
use serde::Serialize;
use serde_json::{Value, json};
use tracing::Level;

use crate::show;

/// Lines whose last answer told nothing, with the network's reason.
#[derive(Debug, Default)]
pub(crate) struct Unanswered(Mutex<BTreeMap<LineId, String>>);

impl Unanswered {
    /// Notes what a query brought.
    pub(crate) fn note(&self, report: &Report) {
        let Report::Stepped(line, Event::Answered(read) | Event::Looked(read)) = report else { return };
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &read.status.service {
            Service::Unknown(reason) => drop(lines.insert(line.id, reason.clone())),
            _ => drop(lines.remove(&line.id)),
        }
    }

    /// How many there are, and the reason of one of them.
    pub(crate) fn found(&self) -> Option<(usize, String)> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.values().next().map(|reason| (lines.len(), reason.clone()))
    }
}

/// Prints what happened, in words. Numbers are whole on a terminal only: anything else may be a log (S6).
pub(crate) fn print(report: &Report) {
    match report {
        Report::Stepped(line, event) => {
            if let Some(text) = step(line, event) {
                println!("{}", show::shared(&format!("{}  {text}", line.msisdn), &stdout()));
            }
        }
        Report::Notice(line, notice) => {
            println!("{}", show::shared(&format!("{}  {}", line.msisdn, notice_text(line, notice)), &stdout()));
        }
        Report::Trouble(_) | Report::Reconciled(..) => print_trouble(report),
    }
}

/// Prints only what did not work.
pub(crate) fn print_trouble(report: &Report) {
    match report {
        Report::Trouble(text) => eprintln!("! {}", show::shared(text, &stderr())),
        Report::Reconciled(provider, found) => {
            for difference in &found.differences {
                eprintln!("! {provider}: {}: {}", difference.reference, show::shared(&difference.detail, &stderr()));
            }
        }
        Report::Stepped(..) | Report::Notice(..) => {}
    }
}

/// Prints one JSON object on one line for each step, notice and trouble.
pub(crate) fn print_json(report: &Report) {
    let trouble = |text: String| json!({ "kind": "trouble", "text": text });
    match report {
        Report::Stepped(line, event) => {
            let state = show::state(line);
            println!("{}", json!({ "kind": "step", "number": line.msisdn, "event": event, "state": state }));
        }
        Report::Notice(line, notice) => {
            let text = notice_text(line, notice);
            println!("{}", json!({ "kind": "notice", "number": line.msisdn, "notice": notice, "text": text }));
        }
        Report::Trouble(text) => println!("{}", trouble(text.clone())),
        Report::Reconciled(provider, found) => {
            for difference in &found.differences {
                println!("{}", trouble(format!("{provider}: {}: {}", difference.reference, difference.detail)));
            }
        }
    }
}

/// Writes what happened to the log, with the number masked and without what a provider or a person said (S6).
pub(crate) fn trace(report: &Report) {
    match report {
        Report::Stepped(line, event) if tracing::enabled!(Level::DEBUG) => {
            tracing::debug!(number = ?line.msisdn, version = line.version, event = kind(event), "step");
        }
        Report::Notice(line, notice) if tracing::enabled!(Level::INFO) => {
            tracing::info!(number = ?line.msisdn, notice = kind(notice), "notice");
        }
        Report::Stepped(..) | Report::Notice(..) => {}
        // The person reads it on the terminal at any level.
        Report::Trouble(text) => tracing::info!(reason = show::masked(text), "trouble"),
        Report::Reconciled(provider, found) => {
            tracing::info!(provider, agreed = found.agreed, differences = found.differences.len(), "reconciled");
        }
    }
}

/// The snake-case name of an enum's variant, as its JSON has it.
fn kind(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        Ok(Value::Object(fields)) => fields.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

/// A committed transition in words; nothing where a notice or the next step says it better.
pub(crate) fn step(line: &Line, event: &Event) -> Option<String> {
    match event {
        Event::Answered(read) => judged(line, &read.status),
        Event::Proposed { .. } | Event::Approved => Some(show::state(line)),
        Event::Replied { reply, .. } => Some(format!("  {}", outcome(&reply.outcome))),
        Event::Late { reply, .. } => Some(format!("  late: {}", outcome(&reply.outcome))),
        Event::Found { order, .. } => Some(format!("  {} for this line is in no book here", order.reference)),
        Event::Denied(denial) | Event::Withheld { denial, .. } => {
            Some(format!("not paid now: {}", show::denied(*denial)))
        }
        Event::Unoffered { reason, .. } => Some(format!("nothing can be paid: {reason}")),
        Event::Declined => Some("declined".into()),
        Event::Typed { amount } => Some(format!("set amount {amount}")),
        Event::Looked(_) | Event::Offered(_) | Event::Signalled | Event::Lapsed | Event::Told(_) => None,
    }
}

/// What an answer of the network led to.
fn judged(line: &Line, status: &Status) -> Option<String> {
    if let Service::Unknown(reason) = &status.service {
        return Some(format!("no clear answer: {reason}"));
    }
    let State::Open(recovery) = &line.state else {
        return (line.state == State::Idle).then(|| show::state(line));
    };
    match (&recovery.phase, status.judged()) {
        (Phase::Preparing { .. }, _) => Some("restricted; finding what can be paid".into()),
        (Phase::Settling { .. }, Judgement::Restricted) => {
            Some("still restricted; the payment may need a moment".into())
        }
        (Phase::Ready { .. }, Judgement::Restricted) if recovery.orders > 0 => {
            Some(format!("still restricted; next is {}", show::aim_text(recovery.aim)))
        }
        _ => None,
    }
}

/// An outcome in words.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered(receipt) => format!("delivered {} (debited {})", receipt.delivered, receipt.debited),
        Outcome::Pending => "pending".into(),
        Outcome::Refused(refusal) => format!("refused: {} (no money moved)", show::refused(refusal)),
        Outcome::NotFound => "the provider does not know the reference".into(),
        Outcome::Reversed(receipt) => format!("reversed {}", receipt.debited),
        Outcome::Unknown(why) => format!("no clear answer ({why}); an inquiry follows"),
    }
}

/// What people are told, in words.
fn notice_text(line: &Line, notice: &Notice) -> String {
    let number = line.msisdn;
    match notice {
        Notice::Restored(cause) => format!("✓ back in service; {}", show::cause(*cause)),
        Notice::SuspendedByOwner => "✗ suspended by its owner; whatever was paid is claimed back".into(),
        Notice::ApprovalWanted => {
            format!("? waits for you: `ringback approve {number}`, or `ringback decline {number}`")
        }
        Notice::AmountWanted(None) => {
            let example = show::example(line);
            format!("? waits for you: `ringback amount {number} '{example}'`, or `ringback decline {number}`")
        }
        Notice::AmountWanted(Some(amount)) => format!(
            "? {amount} follows, unless `ringback amount {number} 'AMOUNT'` changes it or `ringback decline {number}` lets it go"
        ),
        Notice::Parked(reason) => {
            let next = show::next_step(reason, &number.to_string());
            format!("‖ parked: {}. Next: {next}", show::reason(reason))
        }
        Notice::WalletEmpty(provider) => format!("! the wallet at {provider} is empty; fill it, it is tried again"),
        Notice::LateSuccess(reference) => {
            format!(
                "! {reference} was delivered after it had been settled as failed; it is posted, see `ringback show {number}`"
            )
        }
        Notice::Reversed(reference) => {
            format!("! {reference} was taken back by the provider; it is posted, see `ringback show {number}`")
        }
        Notice::Mismatch(reference) => format!(
            "! what is booked under {reference} does not fit the ledger; ask the provider, then `ringback settle {number} delivered|failed --reason …`"
        ),
        Notice::Doubtful => {
            format!("! it is doubtful whose number this is; ask the person, then `ringback tell {number} confirmed`")
        }
    }
}
