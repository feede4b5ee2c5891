//! What a recovery would cost: at worst, and most likely. Nothing is paid to find out.

use serde::Serialize;

use crate::{
    admit::{Period, Scope},
    ladder::Ladder,
    line::{Line, Terms},
    money::Amount,
    offer::Denominations,
    policy::{Policy, SetAmount},
};

/// What a recovery would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Every payment, in order, when the line comes back only at the last one that is allowed.
    pub worst: Vec<Amount>,
    /// Their sum.
    pub worst_total: Amount,
    /// The probe, the known plan where there is one, and the set amount.
    pub likely_total: Amount,
    /// What ends the list of payments before the ladder does.
    pub stopped_by: Option<Stop>,
}

/// What ends a ladder early; such a recovery parks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Plans above the owner's highest plan are left out.
    HighestPlan,
    /// The limit of one recovery.
    RecoveryCap,
    /// The greatest number of orders.
    MaxOrders,
}

/// Forecasts a recovery of `line` with what its first provider sells. Exposure of the past is not counted.
///
/// Returns nothing where no provider sells amounts in the policy's currency.
pub fn forecast(line: &Line, policy: &Policy, terms: &[Terms]) -> Option<Forecast> {
    let currency = policy.probe.currency();
    let first = terms.iter().find(|terms| terms.offer.denominations.currency() == Some(currency))?;
    let on_sale = &first.offer.denominations;
    let probe = reaching(on_sale, policy.probe)?;
    let set = set_amount(line, policy).and_then(|amount| reaching(on_sale, amount));
    let mut ladder = Ladder::pinned(policy.ladder, &first.offer.plans, line.told.plan, policy.highest_plan);
    let cut = ladder.is_cut().then_some(Stop::HighestPlan);
    ladder.begin(probe);
    let rungs = ladder.worst(probe, on_sale);
    let known_plan = line.told.plan.and_then(|_| rungs.first().copied());

    let all: Vec<Amount> = [probe].into_iter().chain(rungs).chain(set).collect();
    let (worst, stopped) = within(&all, policy);
    let likely: Vec<Amount> = [probe].into_iter().chain(known_plan).chain(set).collect();
    let zero = Amount::zero(currency);
    Some(Forecast {
        worst_total: total(zero, &worst),
        likely_total: total(zero, &within(&likely, policy).0),
        worst,
        stopped_by: stopped.or(cut),
    })
}

fn set_amount(line: &Line, policy: &Policy) -> Option<Amount> {
    match policy.set {
        SetAmount::Typed => None,
        SetAmount::Remembered(preset) | SetAmount::Offered(preset) => line.told.set_amount.or(preset),
    }
}

fn reaching(on_sale: &Denominations, amount: Amount) -> Option<Amount> {
    on_sale.at_least(amount).or_else(|| on_sale.greatest())
}

/// The payments that one recovery's limits let through.
fn within(payments: &[Amount], policy: &Policy) -> (Vec<Amount>, Option<Stop>) {
    let cap = policy.caps.0.iter().find(|cap| (cap.scope, cap.period) == (Scope::Recovery, Period::Lifetime));
    let orders = usize::try_from(policy.max_orders).unwrap_or(usize::MAX);
    let mut sum = Amount::zero(policy.probe.currency());
    for (place, payment) in payments.iter().enumerate() {
        let next = sum.plus(*payment).ok().filter(|next| cap.is_none_or(|cap| *next <= cap.limit));
        match next {
            _ if place >= orders => return (payments[..place].to_vec(), Some(Stop::MaxOrders)),
            None => return (payments[..place].to_vec(), Some(Stop::RecoveryCap)),
            Some(next) => sum = next,
        }
    }
    (payments.to_vec(), None)
}

fn total(zero: Amount, payments: &[Amount]) -> Amount {
    payments.iter().try_fold(zero, |sum, payment| sum.plus(*payment)).unwrap_or(zero)
}
