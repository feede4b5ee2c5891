//! What the tests are made of: amounts, a policy, terms, limits.

use std::collections::BTreeMap;

use ringback_core::{
    Amount, BookId, Carrier, Denominations, LineId, Msisdn, Offer, Policy, Route,
    admit::{Cap, Caps, REQUIRED},
    ladder,
    line::Terms,
    policy::{SetAmount, Timing},
};
use ringback_engine::{Config, Limits, Wiring};

/// The channel of the tests.
pub(crate) const CHANNEL: &str = "network";

/// The provider of the tests.
pub(crate) const PROVIDER: &str = "provider";

/// The plan amounts that the provider offers, in yuan.
pub(crate) const PLANS: [i64; 3] = [8, 28, 58];

/// The set amount, in yuan.
pub(crate) const SET: i64 = 50;

/// The time between two questions about a claim.
pub(crate) const CLAIM_POLL_MS: u64 = 60_000;

pub(crate) fn cny(yuan: i64) -> Amount {
    Amount::from_minor(yuan * 100, "CNY".parse().unwrap())
}

pub(crate) fn caps(yuan: i64) -> Caps {
    Caps(REQUIRED.iter().map(|&(scope, period)| Cap { scope, period, limit: cny(yuan) }).collect())
}

/// A policy that climbs `stepwise` and pays a remembered set amount at once.
pub(crate) fn policy() -> Policy {
    Policy {
        probe: cny(1),
        set: SetAmount::Remembered(Some(cny(SET))),
        ladder: ladder::Kind::Stepwise,
        highest_plan: cny(1_000),
        caps: caps(1_000_000),
        timing: Timing::default(),
        max_orders: 20,
        max_recoveries: 3,
        desk: "desk".into(),
    }
}

/// What a provider of this name offers: every whole yuan up to 500.
pub(crate) fn terms(provider: &str) -> Terms {
    let denominations = Denominations::Range { min: cny(1), max: cny(500), step: cny(1) };
    Terms {
        offer: Offer {
            provider: provider.into(),
            carrier: Carrier::named("China Mobile"),
            product: "1".into(),
            plans: PLANS.map(cny).to_vec(),
            denominations,
        },
        inquiry_by_reference: true,
        min_gap_ms: 0,
        not_found_final_after_ms: 600_000,
        inquiry_spacing_ms: 30_000,
        max_fee: None,
    }
}

pub(crate) fn config(book: BookId, policy: Policy) -> Config {
    let fast = Limits { in_flight: 8, per_second: 1_000, batch: 4 };
    Config {
        books: BTreeMap::from([(book, Wiring::new(policy, Route::of(CHANNEL), vec![PROVIDER.into()]))]),
        limits: BTreeMap::from([(CHANNEL.into(), fast), (PROVIDER.into(), Limits { batch: 1, ..fast })]),
        batch: 64,
        claim_poll_ms: CLAIM_POLL_MS,
        statements_every_ms: None,
        statements_final_after_ms: 600_000,
        check_every_ms: None,
    }
}

/// The number of the line with this id: ids count from 1.
pub(crate) fn number(line: i64) -> Msisdn {
    format!("+86{}", 13_800_138_000 + line).parse().unwrap()
}

pub(crate) fn ids(lines: impl IntoIterator<Item = i64>) -> Vec<LineId> {
    lines.into_iter().map(LineId).collect()
}
