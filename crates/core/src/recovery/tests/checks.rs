//! What must hold after every step of every script, whatever the test is about.

use super::script::Script;
use crate::{
    admit::{self, Switches},
    ledger::{Account, Kind, Transaction},
    line::{Aim, Phase, State},
    recovery::Step,
};

pub(crate) fn after_each_step(script: &Script) {
    let step = script.last();
    assert!(step.transactions.iter().all(Transaction::is_balanced), "M1: {step:?}");
    held_is_what_is_out(script);
    what_is_sent_is_held(step);
    what_is_sent_cites_a_valid_read(script, step);
    received_was_delivered(script);
    claims_are_single_and_covered(script, step);
}

/// M2, M3, P6: the fold of all holds and releases is the asked amount of the order that is out, and nothing else.
fn held_is_what_is_out(script: &Script) {
    let out = script.line.unsettled_order();
    assert_eq!(script.balance(Account::Held), out.map_or(0, |order| order.reserved().minor()), "held");
    let suspense: i64 = script.line.suspense.iter().map(|topup| topup.order.reserved().minor()).sum();
    assert_eq!(script.balance(Account::Suspense), suspense, "suspense");
}

/// P1: an order leaves exactly when its hold is posted. One that left before, and that the ledger lost, goes on to suspense
/// with the hold (S3).
fn what_is_sent_is_held(step: &Step) {
    let lost = |reference| step.line.is_in_suspense(reference);
    let holds = step.transactions.iter().filter(|posted| posted.kind == Kind::Hold && !lost(&posted.reference));
    let held: Vec<_> = holds.map(|posted| &posted.reference).collect();
    let sent: Vec<_> = step.send.iter().map(|order| &order.reference).collect();
    assert_eq!(held, sent, "P1");
}

/// K1: what is sent cites a read that is fresh, and was issued no earlier than the last outcome.
fn what_is_sent_cites_a_valid_read(script: &Script, step: &Step) {
    let State::Open(recovery) = &step.line.state else { return assert_eq!(step.send, None) };
    if step.send.is_none() {
        return;
    }
    let Phase::Paying { cited, .. } = recovery.phase else { panic!("sent without an intent: {step:?}") };
    let age_ms = script.now.uptime_since(cited).expect("a read of this incarnation");
    assert!(age_ms <= recovery.pinned.timing.fresh_ms, "K1: a read {age_ms} ms old");
    let after_outcome = script.outcome_at.is_none_or(|outcome| outcome.wall_ms <= cited.wall_ms);
    assert!(after_outcome, "K1: a void read");
    let denial = admit::may_dispatch(&step.line, Switches::default(), script.now).err();
    assert_ne!(denial, Some(admit::Denial::StaleRead));
}

/// The ladder counts what probe and rungs delivered, and nothing else.
fn received_was_delivered(script: &Script) {
    let State::Open(recovery) = &script.line.state else { return };
    let topups = script.topups().into_values();
    let counted = topups.filter(|topup| topup.recovery == script.line.recoveries && !matches!(topup.aim, Aim::Set(_)));
    let minor = counted.filter_map(|topup| topup.state.delivered()).map(|receipt| receipt.delivered.minor());
    assert_eq!(recovery.received.minor(), minor.sum::<i64>(), "received is what was delivered");
}

/// R1, R2: a delivery is claimed once, for what it cost, and not when it was taken back.
fn claims_are_single_and_covered(script: &Script, step: &Step) {
    if step.claims.is_empty() {
        return;
    }
    let topups = script.topups();
    for claim in &step.claims {
        let all = script.steps.iter().flat_map(|step| &step.claims);
        assert_eq!(all.filter(|other| other.reference == claim.reference).count(), 1, "R1");
        let state = topups[&claim.reference].state;
        assert_eq!(state.delivered().map(|receipt| receipt.debited), Some(claim.claimed), "R2: {state:?}");
    }
}
