//! What the checks are made of: amounts, a policy, a provider, answers.

use ringback_core::{
    Amount, Carrier, Denominations, Line, Msisdn, Now, Offer, Outcome, Policy, Read, Receipt, Reply, Status, TopUpRef,
    admit::{Cap, Caps, REQUIRED},
    ladder,
    line::Terms,
    policy::{SetAmount, Timing},
    recovery::{Event, Via},
    status::{Bar, Reachable},
};
use ringback_store::Contact;

pub(crate) use super::scene::Scene;

pub(crate) const DAY_MS: i64 = 86_400_000;

/// The settling time of the fixture's policy.
pub(crate) const SETTLING_MS: i64 = 15 * 60_000;

pub(crate) fn cny(yuan: i64) -> Amount {
    Amount::from_minor(yuan * 100, "CNY".parse().unwrap())
}

/// Every required cap, with room for everything.
pub(crate) fn wide_caps() -> Caps {
    Caps(REQUIRED.iter().map(|&(scope, period)| Cap { scope, period, limit: cny(1_000_000) }).collect())
}

/// A policy that climbs `stepwise`, which is the method to the letter.
pub(crate) fn policy() -> Policy {
    Policy {
        probe: cny(1),
        set: SetAmount::Typed,
        ladder: ladder::Kind::Stepwise,
        highest_plan: cny(1_000),
        caps: wide_caps(),
        timing: Timing::default(),
        max_orders: 100,
        max_recoveries: 10,
        desk: "desk".into(),
    }
}

/// What a provider with these plans offers: every whole yuan up to 500.
pub(crate) fn terms(provider: &str, plans: &[i64]) -> Terms {
    let plans = plans.iter().copied().map(cny).collect();
    let denominations = Denominations::Range { min: cny(1), max: cny(500), step: cny(1) };
    let carrier = Carrier::named("China Mobile");
    Terms {
        offer: Offer { provider: provider.into(), carrier, product: "1".into(), plans, denominations },
        inquiry_by_reference: true,
        min_gap_ms: 0,
        not_found_final_after_ms: 600_000,
        inquiry_spacing_ms: 30_000,
        max_fee: None,
    }
}

/// Chinese mobile numbers by their place in a long row.
pub(crate) fn numbers(places: std::ops::Range<u32>) -> Vec<Msisdn> {
    places.map(|place| format!("+86138{place:08}").parse().unwrap()).collect()
}

pub(crate) fn contact(name: &str, numbers: &[Msisdn]) -> Contact {
    Contact { raw: format!("{name}\r\n").into_bytes(), name: name.into(), numbers: numbers.to_vec() }
}

pub(crate) fn restricted() -> Status {
    Status::restricted(Bar::ArrearsOrUnknown)
}

pub(crate) fn in_service() -> Status {
    Status::in_service(Reachable::Yes)
}

/// A query that was issued now.
pub(crate) fn answered(line: &Line, status: &Status, now: Now) -> Event {
    let status = status.clone();
    Event::Answered(Read { status, issued: now, outcomes: line.outcomes, channel: "ussd".into(), imsi: None })
}

/// An answer about the order that is out.
pub(crate) fn replied(line: &Line, reply: impl Into<Reply>, via: Via) -> Event {
    Event::Replied { reference: out(line), reply: reply.into(), via }
}

/// The line received all that was debited.
pub(crate) fn received(debited: Amount) -> Outcome {
    Outcome::Delivered(Receipt { debited, delivered: debited })
}

/// The reference of the order that is out, or whose money is in suspense.
pub(crate) fn out(line: &Line) -> TopUpRef {
    let suspense = line.to_settle().next().map(|topup| &topup.order);
    line.unsettled_order().or(suspense).expect("an order is out").reference.clone()
}

pub(crate) fn asked(line: &Line) -> Amount {
    line.unsettled_order().expect("an order is out").asked
}
