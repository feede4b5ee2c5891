//! Each step of a running recovery, one line on the terminal.

use ringback_core::{
    Judgement, Line, Outcome, Status,
    line::{Phase, State},
    recovery::{Event, Notice},
};
use ringback_engine::shell::Report;

use crate::show;

/// Prints what happened, in words.
pub(crate) fn print(report: &Report) {
    match report {
        Report::Stepped(line, event) => {
            if let Some(text) = step(line, event) {
                println!("{}  {text}", line.msisdn);
            }
        }
        Report::Notice(line, notice) => {
            if let Some(text) = notice_text(line, notice) {
                println!("{}  {text}", line.msisdn);
            }
        }
        Report::Trouble(text) => eprintln!("! {text}"),
        Report::Reconciled(provider, found) => {
            for difference in &found.differences {
                eprintln!("! {provider}: {}: {}", difference.reference, difference.detail);
            }
        }
    }
}

/// A committed transition in words; nothing where a notice or the next step says it better.
pub(crate) fn step(line: &Line, event: &Event) -> Option<String> {
    match event {
        Event::Answered(read) => judged(line, &read.status),
        Event::Proposed { .. } | Event::Approved => Some(show::state(line)),
        Event::Replied { reply, .. } => Some(format!("  {}", outcome(&reply.outcome))),
        Event::Late { reply, .. } => Some(format!("  late: {}", outcome(&reply.outcome))),
        Event::Denied(denial) | Event::Withheld { denial, .. } => {
            Some(format!("not paid now: {}", show::denied(*denial)))
        }
        Event::Unoffered { reason, .. } => Some(format!("nothing can be paid: {reason}")),
        Event::Declined => Some("declined".into()),
        Event::Typed { amount } => Some(format!("set amount {amount}")),
        Event::Offered(_) | Event::Signalled | Event::Lapsed | Event::Told(_) => None,
    }
}

/// What an answer of the network led to.
fn judged(line: &Line, status: &Status) -> Option<String> {
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
        (_, Judgement::Unknown) => Some("no clear answer; it is asked again".into()),
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

fn notice_text(line: &Line, notice: &Notice) -> Option<String> {
    match notice {
        Notice::Restored(cause) => Some(format!("✓ back in service; {}", show::cause(*cause))),
        Notice::SuspendedByOwner => Some("✗ suspended by its owner; the money is claimed back".into()),
        Notice::ApprovalWanted => Some(format!("? waits for you: `ringback approve {}`", line.msisdn)),
        Notice::AmountWanted(None) => Some(format!("? waits for you: `ringback amount {} '50 CNY'`", line.msisdn)),
        Notice::AmountWanted(Some(amount)) => Some(format!("? pays {amount} unless `ringback amount` changes it")),
        Notice::Parked(reason) => {
            let next = show::next_step(reason, &line.msisdn.to_string());
            Some(format!("‖ parked: {}. Next: {next}", show::reason(reason)))
        }
        Notice::WalletEmpty(provider) => Some(format!("! the wallet at {provider} is empty; fill it")),
        Notice::LateSuccess(reference) => {
            Some(format!("! {reference} was delivered after it had been settled as failed"))
        }
        Notice::Reversed(reference) => Some(format!("! {reference} was taken back by the provider")),
        Notice::Mismatch(reference) => Some(format!("! an answer to {reference} is about something else")),
        Notice::Doubtful => Some("! it is doubtful whose number this is".into()),
    }
}
