//! What the tests are made of: amounts, a policy, a provider, answers.

use crate::{
    admit::{Cap, Caps, REQUIRED},
    ladder,
    line::Terms,
    money::Amount,
    offer::{Carrier, Denominations, Offer},
    policy::{Policy, SetAmount, Timing},
    recovery::{TopUp, TopUpState},
    status::{Bar, Reachable, Status},
    topup::{Outcome, Receipt},
};

/// The settling time of the tests' policy.
pub(crate) const SETTLING_MS: u64 = 15 * 60_000;

/// When a "not found" of the tests' provider starts to count.
pub(crate) const FINAL_AFTER_MS: u64 = 600_000;

/// The time between two inquiries at the tests' provider.
pub(crate) const SPACING_MS: u64 = 30_000;

pub(crate) fn cny(yuan: i64) -> Amount {
    Amount::from_minor(yuan * 100, "CNY".parse().unwrap())
}

pub(crate) fn caps(limit: i64) -> Caps {
    Caps(REQUIRED.iter().map(|&(scope, period)| Cap { scope, period, limit: cny(limit) }).collect())
}

/// A policy that climbs `stepwise`, which is the method to the letter.
pub(crate) fn policy() -> Policy {
    Policy {
        probe: cny(1),
        set: SetAmount::Typed,
        ladder: ladder::Kind::Stepwise,
        highest_plan: cny(1_000),
        caps: caps(10_000),
        timing: Timing::default(),
        max_orders: 20,
        max_recoveries: 3,
        desk: "desk".into(),
    }
}

/// What a provider with these plans offers: every whole yuan up to 500.
pub(crate) fn terms(provider: &str, plans: &[i64]) -> Terms {
    let denominations = Denominations::Range { min: cny(1), max: cny(500), step: cny(1) };
    Terms {
        offer: Offer {
            provider: provider.into(),
            carrier: Carrier::named("China Mobile"),
            product: "1".into(),
            plans: plans.iter().copied().map(cny).collect(),
            denominations,
        },
        inquiry_by_reference: true,
        min_gap_ms: 0,
        not_found_final_after_ms: FINAL_AFTER_MS,
        inquiry_spacing_ms: SPACING_MS,
        max_fee: None,
    }
}

pub(crate) fn restricted() -> Status {
    Status::restricted(Bar::ArrearsOrUnknown)
}

pub(crate) fn in_service() -> Status {
    Status::in_service(Reachable::Yes)
}

pub(crate) fn receipt(debited: Amount, delivered: Amount) -> Outcome {
    Outcome::Delivered(Receipt { debited, delivered })
}

/// The provider took back what it had delivered.
pub(crate) fn reversed(topup: &TopUp) -> Outcome {
    match topup.state {
        TopUpState::Delivered(receipt) => Outcome::Reversed(receipt),
        other => panic!("nothing was delivered: {other:?}"),
    }
}
