//! Claiming money back from the network side (claim 5): one claim per top-up, durable before it is sent.

use serde::{Deserialize, Serialize};

use crate::{
    ledger::{Account, Kind, Posting, Transaction},
    line::LineId,
    money::Amount,
    msisdn::Msisdn,
    mutant,
    topup::TopUpRef,
};

/// A claim for one delivered top-up. Resent unchanged until the desk acknowledges it (R1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The top-up whose money is claimed back; it identifies the claim as well.
    pub reference: TopUpRef,
    /// The line that was suspended by its owner.
    pub line: LineId,
    /// Its number.
    pub msisdn: Msisdn,
    /// The provider whose float the money came from.
    pub provider: String,
    /// The desk that is asked.
    pub desk: String,
    /// What is claimed, at most delivered minus refunded (R2).
    pub claimed: Amount,
    /// How far it has come.
    pub state: State,
    /// Whether it waits because it is doubtful whose number it is (K4).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
}

/// How far a claim has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// To be sent, or sent without an answer.
    Requested,
    /// The desk has it under this number.
    Acknowledged {
        /// The desk's own case number.
        case: String,
    },
    /// The desk confirms that it paid; less than claimed waits for a person (R5).
    Paid {
        /// What came back.
        paid: Amount,
    },
    /// The desk will not pay; a person decides what next (R5).
    Denied {
        /// The desk's reason.
        reason: String,
    },
    /// The desk closed it without an answer; a person decides what next (R5).
    Expired,
    /// The line came back or a person let it go: nothing more is claimed (R6).
    Withdrawn,
    /// The provider took the delivery back by itself (P12): nothing is due any more (R2).
    Reversed,
}

/// What a claim desk said about one claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskReply {
    /// The desk has it under this case number.
    Acknowledged(String),
    /// The desk paid this much.
    Paid(Amount),
    /// The desk will not pay.
    Denied(String),
    /// The desk closed it.
    Expired,
    /// No answer, or none that can be understood: the claim is sent again unchanged.
    Unknown(String),
}

/// What can happen to a claim. A replay of any of them changes nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The desk answered, or a person recorded its letter.
    Answered(DeskReply),
    /// The line is active again, or a person lets the claim go (R6).
    Withdrawn,
    /// The provider took the delivery back by itself (P12).
    Reversed,
    /// It became doubtful whose number it is: the desk is asked nothing more for now (K4).
    Frozen,
    /// A person confirmed the number.
    Thawed,
}

/// What a claim does with an event: its next state and what is posted, or nothing where nothing changes.
///
/// A refund posts only here, on the desk's own word (M5). Partial, denied and expired claims wait for a person (R5).
pub fn step(claim: &Claim, event: &Event) -> Option<(Claim, Option<Transaction>)> {
    use DeskReply as Desk;
    let (state, transaction) = match (&claim.state, event) {
        (State::Requested, Event::Answered(Desk::Acknowledged(case))) => {
            let early = mutant!("a refund is posted when the desk has the claim").then(|| claim.refund(claim.claimed));
            (State::Acknowledged { case: case.clone() }, early)
        }
        (_, Event::Frozen | Event::Thawed) => return claim.frozen(*event == Event::Frozen),
        // Both the provider and the desk gave the money back: the second time it is not ours.
        (State::Paid { paid }, Event::Reversed) => return Some((claim.clone(), Some(claim.overpaid(*paid)))),
        (State::Paid { .. }, _) | (_, Event::Answered(Desk::Acknowledged(_) | Desk::Unknown(_))) => return None,
        (_, Event::Answered(Desk::Paid(paid))) if paid.currency() != claim.claimed.currency() => return None,
        (_, Event::Answered(Desk::Paid(paid))) => (State::Paid { paid: *paid }, Some(claim.refund(*paid))),
        (State::Requested | State::Acknowledged { .. }, Event::Answered(Desk::Denied(reason))) => {
            (State::Denied { reason: reason.clone() }, Some(claim.unclaim()))
        }
        (State::Requested | State::Acknowledged { .. }, Event::Answered(Desk::Expired)) => {
            (State::Expired, Some(claim.unclaim()))
        }
        (State::Requested | State::Acknowledged { .. }, Event::Withdrawn) => (State::Withdrawn, Some(claim.unclaim())),
        (State::Requested | State::Acknowledged { .. }, Event::Reversed) => (State::Reversed, Some(claim.unclaim())),
        (State::Denied { .. } | State::Expired | State::Withdrawn, Event::Reversed) => (State::Reversed, None),
        _ => return None,
    };
    Some((Claim { state, ..claim.clone() }, transaction))
}

impl Claim {
    /// Whether a desk still has to be asked.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Requested | State::Acknowledged { .. })
            || matches!(self.state, State::Denied { .. }) && mutant!("a claim that was denied is asked on")
    }

    /// Whether a desk may be asked now.
    pub fn is_due(&self) -> bool {
        self.is_open() && (!self.frozen || mutant!("a frozen claim is asked about"))
    }

    /// Whether it ended in a way that a person decides about (R5).
    pub fn wants_person(&self) -> bool {
        match &self.state {
            State::Denied { .. } | State::Expired => true,
            State::Paid { paid } => *paid != self.claimed,
            _ => false,
        }
    }

    fn frozen(&self, frozen: bool) -> Option<(Self, Option<Transaction>)> {
        (self.is_open() && self.frozen != frozen).then(|| (Self { frozen, ..self.clone() }, None))
    }

    /// What came back: out of what is due, out of deliveries where the claim had ended, the excess to suspense (R2).
    fn refund(&self, paid: Amount) -> Transaction {
        let nothing = Amount::zero(paid.currency());
        let covered = if self.state == State::Reversed { nothing } else { paid.min(self.claimed) };
        let excess = Amount::from_minor(paid.minor() - covered.minor(), paid.currency());
        let short = Amount::from_minor(self.claimed.minor() - covered.minor(), paid.currency());
        let mut legs = vec![(Account::Float, paid), (Account::Suspense, excess.negated())];
        if self.is_open() {
            // What the desk did not pay stays delivered.
            legs.extend([(Account::RefundDue, self.claimed.negated()), (Account::Delivered, short)]);
        } else {
            legs.push((Account::Delivered, covered.negated()));
        }
        self.transaction(Kind::Refund, &legs)
    }

    /// What the desk paid for a delivery that the provider took back as well.
    fn overpaid(&self, paid: Amount) -> Transaction {
        let covered = paid.min(self.claimed);
        self.transaction(Kind::Reverse, &[(Account::Suspense, covered.negated()), (Account::Delivered, covered)])
    }

    fn unclaim(&self) -> Transaction {
        self.transaction(
            Kind::Unclaim,
            &[(Account::RefundDue, self.claimed.negated()), (Account::Delivered, self.claimed)],
        )
    }

    fn transaction(&self, kind: Kind, legs: &[(Account, Amount)]) -> Transaction {
        let moving = legs.iter().filter(|(_, amount)| !amount.is_zero());
        Transaction {
            reference: self.reference.clone(),
            provider: self.provider.clone(),
            kind,
            postings: moving.map(|&(account, amount)| Posting { account, amount }).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cny(text: &str) -> Amount {
        format!("{text} CNY").parse().unwrap()
    }

    fn claim(state: State) -> Claim {
        Claim {
            reference: TopUpRef::from_random(3),
            line: LineId(1),
            msisdn: "+8613800138000".parse().unwrap(),
            provider: "p".into(),
            desk: "d".into(),
            claimed: cny("30"),
            state,
            frozen: false,
        }
    }

    fn answered(state: State, reply: DeskReply) -> Option<(Claim, Option<Transaction>)> {
        step(&claim(state), &Event::Answered(reply))
    }

    #[test]
    fn m5_a_refund_posts_only_when_the_desk_paid() {
        let (acknowledged, nothing) = answered(State::Requested, DeskReply::Acknowledged("C-1".into())).unwrap();
        assert_eq!(nothing, None);
        let (paid, refund) = step(&acknowledged, &Event::Answered(DeskReply::Paid(cny("30")))).unwrap();
        assert_eq!(refund.unwrap().postings.len(), 2);
        assert!(!paid.wants_person());
        assert_eq!(step(&paid, &Event::Answered(DeskReply::Paid(cny("30")))), None);
    }

    #[test]
    fn r2_r5_partial_and_excess_refunds_balance_and_wait_for_a_person() {
        for paid in ["10", "45"] {
            let (after, refund) = answered(State::Requested, DeskReply::Paid(cny(paid))).unwrap();
            assert!(refund.unwrap().is_balanced());
            assert!(after.wants_person());
        }
        let (denied, back) = answered(State::Requested, DeskReply::Denied("used".into())).unwrap();
        assert!(denied.wants_person() && back.unwrap().is_balanced());
    }

    #[test]
    fn r6_a_withdrawn_claim_that_is_paid_after_all_still_posts() {
        let (withdrawn, _) = step(&claim(State::Requested), &Event::Withdrawn).unwrap();
        let (paid, refund) = step(&withdrawn, &Event::Answered(DeskReply::Paid(cny("30")))).unwrap();
        assert!(refund.unwrap().is_balanced());
        assert_eq!(paid.state, State::Paid { paid: cny("30") });
    }

    #[test]
    fn r1_an_unknown_answer_leaves_the_claim_as_it_was() {
        assert_eq!(answered(State::Requested, DeskReply::Unknown("lost".into())), None);
        assert_eq!(answered(State::Requested, DeskReply::Paid("3 EUR".parse().unwrap())), None);
    }
}
