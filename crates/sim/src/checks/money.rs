//! Money: the ledger is sound, and equals what the others' own books say.

use ringback_core::{
    ledger::{Account, Kind},
    recovery::TopUpState,
};

use super::Check;
use crate::history::{Fact, History, Key};

pub(super) const CHECKS: [(&str, Check); 5] = [
    ("M1", m1_every_transaction_sums_to_zero),
    ("M2", m2_balances_are_the_fold),
    ("M3", m3_one_hold_and_one_release),
    ("M4", m4_the_ledger_is_the_statement),
    ("M5", m5_refunds_are_what_the_desk_paid),
];

fn m1_every_transaction_sums_to_zero(history: &History) -> Option<String> {
    let unbalanced = history.posted().find(|posted| {
        posted.legs.iter().any(|leg| {
            let same = posted.legs.iter().filter(|other| other.amount.currency() == leg.amount.currency());
            same.map(|other| i128::from(other.amount.minor())).sum::<i128>() != 0
        })
    });
    unbalanced.map(|posted| format!("{posted:?}")).or_else(|| history.found("M1"))
}

fn m2_balances_are_the_fold(history: &History) -> Option<String> {
    let differs = history.facts.iter().find_map(|fact| match fact {
        Fact::Balance(cached, folded) if cached != folded => Some(format!("cached {cached}, folded {folded}")),
        _ => None,
    });
    differs.or_else(|| history.found("M2"))
}

fn m3_one_hold_and_one_release(history: &History) -> Option<String> {
    let kept = history.facts.iter().find_map(|fact| {
        let Fact::Kept(key, state) = fact else { return None };
        let count = |wanted: fn(Kind) -> bool| of(history, *key).filter(|posted| wanted(posted.kind)).count();
        let holds = count(|kind| kind == Kind::Hold);
        let releases = count(|kind| matches!(kind, Kind::Deliver | Kind::Release | Kind::Suspend));
        let wrong = holds != 1 || releases != usize::from(*state != TopUpState::Held);
        wrong.then(|| format!("{state:?}: {holds} holds and {releases} releases"))
    });
    kept.or_else(|| history.found("M3"))
}

/// Reference by reference: what the provider booked is what the ledger has, and what left the float.
fn m4_the_ledger_is_the_statement(history: &History) -> Option<String> {
    let unknown = history.facts.iter().find_map(|fact| match fact {
        // What was taken back moved no money.
        Fact::Booked(booked)
            if booked.receipt.is_some_and(|(_, back)| !back) && kept(history, booked.key).is_none() =>
        {
            Some(format!("the ledger does not know {booked:?}"))
        }
        _ => None,
    });
    let differs = history.facts.iter().find_map(|fact| match fact {
        Fact::Kept(key, state) => m4_one(history, *key, *state),
        _ => None,
    });
    unknown.or(differs)
}

fn m4_one(history: &History, key: Key, state: TopUpState) -> Option<String> {
    let booked = history.facts.iter().find_map(|fact| match fact {
        Fact::Booked(booked) if booked.key == key => booked.receipt,
        _ => None,
    });
    let agrees = match (booked, state) {
        (Some((theirs, false)), TopUpState::Delivered(ours) | TopUpState::DeliveredByWord(ours)) => theirs == ours,
        (Some((_, true)), state) => state.delivered().is_none() && state != TopUpState::Held,
        // What a person said of an order that the provider never had is the person's (P13).
        (None, TopUpState::DeliveredByWord(_)) => return None,
        (None, TopUpState::Failed(_) | TopUpState::Withheld) => true,
        _ => false,
    };
    let spent = booked.map_or(0, |(receipt, reversed)| if reversed { 0 } else { receipt.debited.minor() });
    let float = account(history, key, &[Account::Float]) - refunded(history, key);
    let left = -float;
    (!agrees || left != spent).then(|| format!("booked {booked:?}, kept {state:?}, {left} left the float"))
}

fn m5_refunds_are_what_the_desk_paid(history: &History) -> Option<String> {
    history.posted().filter(|posted| posted.kind == Kind::Refund).find_map(|posted| {
        let paid = history.facts.iter().find_map(|fact| match fact {
            Fact::DeskPaid(key, minor) if *key == posted.key => Some(*minor),
            _ => None,
        });
        let refunded = refunded(history, posted.key);
        (paid != Some(refunded)).then(|| format!("the desk paid {paid:?}, the ledger has {refunded}"))
    })
}

fn of(history: &History, key: Key) -> impl Iterator<Item = &crate::history::Posted> {
    history.posted().filter(move |posted| posted.key == key)
}

fn kept(history: &History, wanted: Key) -> Option<TopUpState> {
    history.facts.iter().find_map(|fact| match fact {
        Fact::Kept(key, state) if *key == wanted => Some(*state),
        _ => None,
    })
}

/// What stands on accounts for one reference, in minor units.
pub(super) fn account(history: &History, key: Key, accounts: &[Account]) -> i64 {
    let legs = of(history, key).flat_map(|posted| &posted.legs);
    legs.filter(|leg| accounts.contains(&leg.account)).map(|leg| leg.amount.minor()).sum()
}

/// What a desk paid for one reference, as the ledger has it.
fn refunded(history: &History, key: Key) -> i64 {
    let refunds = of(history, key).filter(|posted| posted.kind == Kind::Refund);
    let legs = refunds.flat_map(|posted| &posted.legs);
    legs.filter(|leg| leg.account == Account::Float).map(|leg| leg.amount.minor()).sum()
}
