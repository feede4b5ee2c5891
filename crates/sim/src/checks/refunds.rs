//! Refunds: what is claimed, when, and what comes of it.

use ringback_core::{Judgement, LineId, ledger::Account, recovery::TopUpState};

use super::{Check, money::account};
use crate::history::{Claimed, Fact, Happened, History, Key};

pub(super) const CHECKS: [(&str, Check); 6] = [
    ("R1", r1_one_claim_durable_first),
    ("R2", r2_no_more_than_was_delivered),
    ("R3", r3_never_while_unknown),
    ("R4", r4_only_from_suspended_lines),
    ("R5", r5_what_ended_is_left_to_a_person),
    ("R6", r6_an_active_line_claims_nothing),
];

/// Every claim with the facts before it.
fn claims(history: &History) -> impl Iterator<Item = (&[Fact], &Claimed)> {
    history.facts.iter().enumerate().filter_map(|(place, fact)| match fact {
        Fact::Claimed(claimed) => Some((&history.facts[..place], claimed)),
        _ => None,
    })
}

fn claim(before: &[Fact], key: Key) -> Option<&Claimed> {
    before.iter().rev().find_map(|fact| match fact {
        Fact::Claimed(claimed) if claimed.key == key => Some(claimed),
        _ => None,
    })
}

fn r1_one_claim_durable_first(history: &History) -> Option<String> {
    let twice = claims(history).find(|(before, claimed)| claim(before, claimed.key).is_some());
    if let Some((_, claimed)) = twice {
        return Some(format!("claimed twice: {claimed:?}"));
    }
    history.facts.iter().enumerate().find_map(|(place, fact)| match fact {
        Fact::DeskAsked(asked) => {
            let same = claim(&history.facts[..place], asked.key).is_some_and(|claimed| claimed.amount == asked.amount);
            (!same).then(|| format!("{asked:?}"))
        }
        _ => None,
    })
}

/// What is known of a top-up after these facts.
fn state(before: &[Fact], key: Key) -> Option<TopUpState> {
    before.iter().rev().find_map(|fact| match fact {
        Fact::Settled(settled) if settled.key == key => Some(settled.after),
        _ => None,
    })
}

fn r2_no_more_than_was_delivered(history: &History) -> Option<String> {
    let more = claims(history).find_map(|(before, claimed)| {
        let debited = state(before, claimed.key).and_then(TopUpState::delivered).map(|receipt| receipt.debited);
        debited.is_some_and(|debited| claimed.amount > debited).then(|| format!("{debited:?}: {claimed:?}"))
    });
    let negative = history.intents().find_map(|intent| {
        let left = account(history, intent.key, &[Account::Delivered, Account::RefundDue]);
        (left < 0).then(|| format!("{left} is left of {intent:?}"))
    });
    more.or(negative)
}

fn r3_never_while_unknown(history: &History) -> Option<String> {
    claims(history).find_map(|(before, claimed)| {
        let state = state(before, claimed.key);
        state.is_none_or(|state| state.delivered().is_none()).then(|| format!("{state:?}: {claimed:?}"))
    })
}

fn r4_only_from_suspended_lines(history: &History) -> Option<String> {
    claims(history).find(|(_, claimed)| !claimed.suspended).map(|(_, claimed)| format!("{claimed:?}"))
}

fn r5_what_ended_is_left_to_a_person(history: &History) -> Option<String> {
    history.facts.iter().find_map(|fact| match fact {
        Fact::DeskAsked(asked) if !asked.open && !asked.outpaced => Some(format!("{asked:?}")),
        _ => None,
    })
}

fn r6_an_active_line_claims_nothing(history: &History) -> Option<String> {
    let (mut claimed, mut ended): (Vec<(LineId, Key)>, Vec<Key>) = (Vec::new(), Vec::new());
    history.facts.iter().find_map(|fact| match fact {
        Fact::Claimed(made) => {
            claimed.push((made.line, made.key));
            None
        }
        Fact::Stepped(step) if step.event == Happened::Answered(Judgement::InService) => {
            ended.extend(claimed.iter().filter(|(line, _)| *line == step.line).map(|(_, key)| *key));
            None
        }
        Fact::DeskAsked(asked) if ended.contains(&asked.key) && !asked.outpaced => Some(format!("{asked:?}")),
        _ => None,
    })
}
