//! The ladders: which amount is paid next while a line stays restricted (S1041-S1043).

use serde::{Deserialize, Serialize};

use crate::{
    money::{Amount, Currency},
    offer::Denominations,
};

/// How the carrier's plan amounts are climbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Every plan amount is paid in full, as S1042 says.
    Stepwise,
    /// What the line received counts: the next rung pays only what is missing to the next plan.
    #[default]
    Cumulative,
}

/// The plan amounts to be tried, pinned when the recovery starts (P10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    kind: Kind,
    /// The plans in the order in which they are tried.
    rungs: Vec<Amount>,
    /// Whether plans above the owner's highest plan were left out: such a ladder proves no suspension.
    cut: bool,
}

/// How far a ladder was climbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Climb {
    /// What the line had received when the current rung began; only `stepwise` moves it.
    base: Amount,
    /// How many plans were struck.
    struck: u32,
}

/// What follows when the line is still restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Pay this much towards plan `plan`, the `number`-th of the list.
    Pay {
        /// What is asked from the provider.
        amount: Amount,
        /// The plan that it reaches.
        plan: Amount,
        /// The plan's place in the list, from 1.
        number: u32,
    },
    /// Every plan was delivered.
    UsedUp,
    /// The plans that are left are above the owner's highest plan.
    Cut,
    /// The provider sells nothing for this line.
    NotOffered,
}

impl Ladder {
    /// Pins a ladder: plans sorted ascending, those above `highest` left out, the owner's known plan first.
    pub fn pinned(kind: Kind, plans: &[Amount], known: Option<Amount>, highest: Amount) -> Self {
        let mut rungs: Vec<Amount> =
            plans.iter().copied().chain(known).filter(|p| p.currency() == highest.currency()).collect();
        rungs.sort_unstable();
        rungs.dedup();
        let affordable = rungs.iter().take_while(|plan| **plan <= highest).count();
        let cut = affordable < rungs.len();
        rungs.truncate(affordable);
        if let Some(first) = known.and_then(|plan| rungs.iter().position(|rung| *rung == plan)) {
            rungs[..=first].rotate_right(1);
        }
        Self { kind, rungs, cut }
    }

    /// Whether the carrier's plan amounts are not known at all.
    pub fn is_unknown(&self) -> bool {
        self.rungs.is_empty() && !self.cut
    }

    /// Whether plans were left out, so that its end proves no suspension (K5).
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Starts to count rungs after the probe: `stepwise` owes every plan in full from here.
    pub fn begin(&self, climb: &mut Climb, received: Amount) {
        match self.kind {
            Kind::Stepwise => climb.base = received,
            Kind::Cumulative => self.strike(climb, received),
        }
    }

    /// Strikes what has been received (S1042). A plan delivered in part stays.
    pub fn strike(&self, climb: &mut Climb, received: Amount) {
        while self.goal(*climb).is_some_and(|goal| received >= goal) {
            climb.struck += 1;
            if self.kind == Kind::Stepwise {
                climb.base = received;
            }
        }
    }

    /// The next payment, when the line is still restricted (S1042).
    pub fn next(&self, climb: Climb, received: Amount, denominations: &Denominations) -> Next {
        let (Some(goal), Some(plan)) = (self.goal(climb), self.plan(climb)) else {
            return if self.cut { Next::Cut } else { Next::UsedUp };
        };
        let missing = goal.minus(received).unwrap_or(plan);
        match denominations.reaching(missing) {
            Some(amount) => Next::Pay { amount, plan, number: climb.struck + 1 },
            None => Next::NotOffered,
        }
    }

    /// Every payment that this ladder can still ask for, when each is delivered in full.
    pub fn worst(&self, mut climb: Climb, mut received: Amount, denominations: &Denominations) -> Vec<Amount> {
        let mut payments = Vec::new();
        while let Next::Pay { amount, .. } = self.next(climb, received, denominations) {
            let Ok(sum) = received.plus(amount) else { break };
            received = sum;
            payments.push(amount);
            self.strike(&mut climb, received);
        }
        payments
    }

    /// What the line must have received for the current rung to be struck.
    fn goal(&self, climb: Climb) -> Option<Amount> {
        self.plan(climb).and_then(|plan| climb.base.plus(plan).ok())
    }

    /// The first plan that is not struck.
    fn plan(&self, climb: Climb) -> Option<Amount> {
        self.rungs.get(usize::try_from(climb.struck).ok()?).copied()
    }
}

impl Climb {
    /// Nothing is struck yet, and nothing was received.
    pub fn new(currency: Currency) -> Self {
        Self { base: Amount::zero(currency), struck: 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cny(yuan: i64) -> Amount {
        Amount::from_minor(yuan * 100, "CNY".parse().unwrap())
    }

    fn plans(yuan: &[i64]) -> Vec<Amount> {
        yuan.iter().copied().map(cny).collect()
    }

    fn any() -> Denominations {
        Denominations::Range { min: cny(1), max: cny(500), step: cny(1) }
    }

    fn new() -> Climb {
        Climb::new(cny(0).currency())
    }

    fn climb(kind: Kind, yuan: &[i64], probe: i64) -> Vec<Amount> {
        let ladder = Ladder::pinned(kind, &plans(yuan), None, cny(1000));
        let mut climb = new();
        ladder.begin(&mut climb, cny(probe));
        ladder.worst(climb, cny(probe), &any())
    }

    #[test]
    fn s1041_plans_are_sorted_ascending() {
        assert_eq!(climb(Kind::Stepwise, &[58, 8, 28, 8], 1), plans(&[8, 28, 58]));
    }

    #[test]
    fn cumulative_pays_only_what_is_missing() {
        assert_eq!(climb(Kind::Cumulative, &[58, 8, 28], 1), plans(&[7, 20, 30]));
        assert_eq!(climb(Kind::Cumulative, &[8, 28], 10), plans(&[18]));
    }

    #[test]
    fn a_known_plan_is_tried_first() {
        let ladder = Ladder::pinned(Kind::Cumulative, &plans(&[8, 28, 58]), Some(cny(28)), cny(1000));
        assert_eq!(ladder.worst(new(), cny(0), &any()), plans(&[28, 30]));
        let ladder = Ladder::pinned(Kind::Stepwise, &plans(&[8, 28, 58]), Some(cny(28)), cny(1000));
        assert_eq!(ladder.worst(new(), cny(0), &any()), plans(&[28, 8, 58]));
    }

    #[test]
    fn k5_a_ladder_cut_by_the_highest_plan_proves_no_suspension() {
        let ladder = Ladder::pinned(Kind::Stepwise, &plans(&[8, 588]), None, cny(100));
        assert_eq!(ladder.worst(new(), cny(0), &any()), plans(&[8]));
        let mut climb = new();
        ladder.strike(&mut climb, cny(8));
        assert_eq!(ladder.next(climb, cny(8), &any()), Next::Cut);
    }

    #[test]
    fn a_plan_delivered_in_part_is_not_struck() {
        let (ladder, mut climb) = (Ladder::pinned(Kind::Stepwise, &plans(&[50]), None, cny(100)), new());
        ladder.strike(&mut climb, cny(30));
        assert_eq!(ladder.next(climb, cny(30), &any()), Next::Pay { amount: cny(20), plan: cny(50), number: 1 });
    }

    proptest! {
        #[test]
        fn cumulative_overshoots_by_less_than_one_step(mut yuan in prop::collection::vec(1i64..600, 1..15), probe in 0i64..50) {
            let fixed = Denominations::Fixed(plans(&[10, 30, 50, 100, 200, 300, 500, 1000]));
            yuan.sort_unstable();
            let (ladder, mut climb) = (Ladder::pinned(Kind::Cumulative, &plans(&yuan), None, cny(1000)), new());
            let mut received = cny(probe);
            ladder.begin(&mut climb, received);
            while let Next::Pay { amount, plan, .. } = ladder.next(climb, received, &fixed) {
                prop_assert!(received < plan);
                prop_assert_eq!(Some(amount), fixed.at_least(plan.minus(received).unwrap()));
                received = received.plus(amount).unwrap();
                ladder.strike(&mut climb, received);
            }
            prop_assert!(received >= cny(*yuan.last().unwrap()));
        }

        #[test]
        fn stepwise_pays_every_plan_in_full(yuan in prop::collection::vec(1i64..500, 1..15), probe in 0i64..50) {
            let mut sorted = yuan.clone();
            sorted.sort_unstable();
            sorted.dedup();
            prop_assert_eq!(climb(Kind::Stepwise, &yuan, probe), plans(&sorted));
        }
    }
}
