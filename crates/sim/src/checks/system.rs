//! System: hints, faulty clocks, and what may be shown.

use super::Check;
use crate::history::{Fact, Happened, History, Phase, Stage};

pub(super) const CHECKS: [(&str, Check); 4] = [
    ("S1", s1_a_signal_is_a_hint),
    ("S2", s2_what_fails_stops_spending),
    ("S3", s3_a_restored_ledger_is_reconciled_first),
    ("S6", s6_no_whole_number_is_shown),
];

/// A signal moves no money and settles no order.
fn s1_a_signal_is_a_hint(history: &History) -> Option<String> {
    let step = history.steps().find(|step| {
        let order = |stage| matches!(stage, Stage::Open(Phase::Paying | Phase::Inquiring));
        let moved = step.posted > 0 || step.before.outcomes != step.after.outcomes;
        step.event == Happened::Signalled && (moved || order(step.before.stage) != order(step.after.stage))
    });
    step.map(|step| format!("{step:?}"))
}

/// A clock that is not trusted, and a database that failed the last time.
fn s2_what_fails_stops_spending(history: &History) -> Option<String> {
    history.facts.iter().find_map(|fact| match fact {
        Fact::Intent(intent) if intent.clock_fault => Some(format!("{intent:?}")),
        Fact::Sent(sent) if sent.failing => Some(format!("{sent:?}")),
        _ => None,
    })
}

fn s3_a_restored_ledger_is_reconciled_first(history: &History) -> Option<String> {
    history.facts.iter().find_map(|fact| match fact {
        Fact::Unreconciled(key) => Some(format!("an order leaves: {key}")),
        _ => None,
    })
}

fn s6_no_whole_number_is_shown(history: &History) -> Option<String> {
    history.facts.iter().find_map(|fact| match fact {
        Fact::Exposed(text) => Some(text.clone()),
        _ => None,
    })
}
