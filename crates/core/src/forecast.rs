//! What a recovery would cost: at worst, and most likely. Nothing is paid to find out.

use serde::Serialize;

use crate::{
    admit::{Period, Scope},
    ladder::{Climb, Ladder},
    line::{Line, Terms},
    money::Amount,
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
    let probe = on_sale.reaching(policy.probe)?;
    let most = usize::try_from(policy.max_orders).unwrap_or(usize::MAX);
    let set: Vec<Amount> =
        set_amount(line, policy).into_iter().flat_map(|set| on_sale.making_up(set).take(most)).collect();
    let ladder = Ladder::pinned(policy.ladder, &first.offer.plans, line.told.plan, policy.highest_plan);
    let cut = ladder.is_cut().then_some(Stop::HighestPlan);
    let mut climb = Climb::new(probe.currency());
    ladder.begin(&mut climb, probe);
    let rungs = ladder.worst(climb, probe, on_sale);
    let known_plan = line.told.plan.and_then(|_| rungs.first().copied());

    let all: Vec<Amount> = [probe].into_iter().chain(rungs).chain(set.iter().copied()).collect();
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

/// The payments that one recovery's limits let through.
fn within(payments: &[Amount], policy: &Policy) -> (Vec<Amount>, Option<Stop>) {
    let currency = policy.probe.currency();
    let mut caps = policy.caps.0.iter().filter(|cap| cap.limit.currency() == currency);
    let cap = caps.find(|cap| (cap.scope, cap.period) == (Scope::Recovery, Period::Lifetime));
    let orders = usize::try_from(policy.max_orders).unwrap_or(usize::MAX);
    let mut sum = Amount::zero(currency);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        admit::{Cap, Caps},
        ladder, line,
        recovery::tests::script::{caps, cny, policy, terms},
    };

    fn plans(yuan: &[i64]) -> Vec<Amount> {
        yuan.iter().copied().map(cny).collect()
    }

    fn foresee(line: &Line, policy: &Policy, plans: &[i64]) -> Forecast {
        forecast(line, policy, &[terms("p", plans)]).unwrap()
    }

    fn with_set(set: SetAmount) -> Policy {
        Policy { set, ..policy() }
    }

    #[test]
    fn the_worst_is_the_probe_every_plan_and_the_set_amount() {
        let forecast = foresee(&line::tests::enrolled(), &with_set(SetAmount::Remembered(Some(cny(50)))), &[28, 8]);
        assert_eq!((forecast.worst, forecast.worst_total), (plans(&[1, 8, 28, 50]), cny(87)));
        assert_eq!((forecast.likely_total, forecast.stopped_by), (cny(51), None));
    }

    #[test]
    fn cumulative_costs_no_more_than_the_greatest_plan() {
        let cumulative = Policy { ladder: ladder::Kind::Cumulative, ..policy() };
        let forecast = foresee(&line::tests::enrolled(), &cumulative, &[8, 28]);
        assert_eq!((forecast.worst, forecast.worst_total), (plans(&[1, 7, 20]), cny(28)));
    }

    #[test]
    fn a_known_plan_is_the_likely_one() {
        let mut line = line::tests::enrolled();
        line.told.plan = Some(cny(28));
        let forecast = foresee(&line, &policy(), &[8, 28]);
        assert_eq!((forecast.worst, forecast.likely_total), (plans(&[1, 28, 8]), cny(29)));
    }

    #[test]
    fn a_remembered_set_amount_wins_over_the_preset_and_a_typed_one_is_not_foreseen() {
        let mut line = line::tests::enrolled();
        line.told.set_amount = Some(cny(20));
        for (set, likely) in [
            (SetAmount::Remembered(Some(cny(50))), cny(21)),
            (SetAmount::Offered(Some(cny(50))), cny(21)),
            (SetAmount::Typed, cny(1)),
        ] {
            assert_eq!(foresee(&line, &with_set(set), &[8]).likely_total, likely);
        }
    }

    #[test]
    fn stopped_by_the_highest_plan() {
        let low = Policy { highest_plan: cny(10), ..policy() };
        let forecast = foresee(&line::tests::enrolled(), &low, &[8, 28]);
        assert_eq!((forecast.worst, forecast.stopped_by), (plans(&[1, 8]), Some(Stop::HighestPlan)));
    }

    #[test]
    fn stopped_by_the_limit_of_a_recovery() {
        let line = line::tests::enrolled();
        let exact = Policy { caps: caps(37), ..policy() };
        assert_eq!(foresee(&line, &exact, &[8, 28]).stopped_by, None);
        let less = Policy { caps: caps(36), ..policy() };
        let forecast = foresee(&line, &less, &[8, 28]);
        assert_eq!((forecast.worst, forecast.stopped_by), (plans(&[1, 8]), Some(Stop::RecoveryCap)));
        assert_eq!(forecast.worst_total, cny(9));
        let both = Policy { caps: caps(5), highest_plan: cny(10), ..policy() };
        assert_eq!(foresee(&line, &both, &[8, 28]).stopped_by, Some(Stop::RecoveryCap));
    }

    #[test]
    fn stopped_by_the_greatest_number_of_orders() {
        let line = line::tests::enrolled();
        let exact = Policy { max_orders: 3, ..policy() };
        assert_eq!(foresee(&line, &exact, &[8, 28]).stopped_by, None);
        let less = Policy { max_orders: 2, ..policy() };
        let forecast = foresee(&line, &less, &[8, 28]);
        assert_eq!((forecast.worst, forecast.stopped_by), (plans(&[1, 8]), Some(Stop::MaxOrders)));
    }

    #[test]
    fn without_a_limit_the_whole_cost_is_told_so_that_a_person_can_set_one() {
        let none = Policy { caps: Caps::default(), ..policy() };
        assert_eq!(foresee(&line::tests::enrolled(), &none, &[8]).worst, plans(&[1, 8]));
    }

    #[test]
    fn a_limit_in_another_currency_does_not_stop_it() {
        let mut both = policy();
        let euro = Cap { limit: "0.01 EUR".parse().unwrap(), ..both.caps.0[0] };
        both.caps.0.insert(0, euro);
        assert_eq!(foresee(&line::tests::enrolled(), &both, &[8]).worst, plans(&[1, 8]));
        both.caps.0[1].limit = cny(5);
        assert_eq!(foresee(&line::tests::enrolled(), &both, &[8]).stopped_by, Some(Stop::RecoveryCap));
    }

    #[test]
    fn a_provider_of_another_currency_foresees_nothing() {
        let line = line::tests::enrolled();
        let euros = Policy { probe: "1 EUR".parse().unwrap(), ..policy() };
        assert_eq!(forecast(&line, &euros, &[terms("p", &[8])]), None);
        assert_eq!(forecast(&line, &policy(), &[]), None);
    }

    #[test]
    fn what_is_foreseen_at_worst_is_what_the_method_pays_at_worst() {
        use crate::{line::State, recovery::tests::script::Script};
        for kind in [ladder::Kind::Stepwise, ladder::Kind::Cumulative] {
            let mut script = Script::new();
            script.policy.ladder = kind;
            let foreseen = foresee(&script.line, &script.policy, &[8, 28, 58]).worst;
            script.restricted().offered(&[8, 28, 58]);
            while matches!(script.line.state, State::Open(_)) {
                script.paid().restricted();
            }
            assert_eq!(script.all_sent(), foreseen);
        }
    }
}
