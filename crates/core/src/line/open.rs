//! An open recovery: what it pinned, what its next order is for, and where it stands.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Cause, Due};
use crate::{
    admit::Caps,
    ladder::{Climb, Kind, Ladder},
    money::{Amount, Currency},
    mutant,
    offer::Offer,
    policy::{SetAmount, Timing},
    status::Read,
    time::{Now, Wake},
    topup::{Order, Refusal},
};

/// A recovery, from the restricted answer to its end; after *in service* it is the set amount's debt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// When it began, in milliseconds of the wall clock.
    pub began_ms: i64,
    /// What was pinned when it began (P10). A store keeps it apart from the line, since it hardly ever changes.
    #[serde(skip)]
    pub pinned: Arc<Pinned>,
    /// Which of the pinned offers is paid, from 0: those before it do not serve the line.
    pub provider: usize,
    /// How far the pinned ladder was climbed.
    pub climb: Climb,
    /// What the next order is for.
    pub aim: Aim,
    /// What the line received by probe and rungs.
    pub received: Amount,
    /// How many orders were made (C5).
    pub orders: u32,
    /// How often in a row something was tried again without progress.
    pub tries: u32,
    /// What the farthest delivery was for: the aim moves on before anything is paid for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<Aim>,
    /// Whether the provider took a delivery back (P12): then the ladder's end proves no suspension (K5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reversed: bool,
    /// Whether money arrived late while another order was out (P7): where that order comes to nothing, this money counts
    /// before anything more is paid.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// Where it stands.
    pub phase: Phase,
}

/// What a recovery keeps of the owner's policy and of the providers' offers for its whole life (P10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// The probe.
    pub probe: Amount,
    /// How the set amount is found.
    pub set: SetAmount,
    /// Waiting times.
    pub timing: Timing,
    /// The limits when it began; the present ones bind as well (C4).
    pub caps: Caps,
    /// The greatest number of orders (C5).
    pub max_orders: u32,
    /// What the line's providers offer, in the owner's order; empty until they answered.
    pub offers: Vec<Terms>,
    /// The plan amounts to be tried; none until the providers answered.
    pub ladder: Ladder,
}

/// One provider's offer together with the terms that the method has to respect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What can be paid.
    pub offer: Offer,
    /// Whether an order can be looked up by its reference (P5).
    pub inquiry_by_reference: bool,
    /// The least time between two top-ups of one number.
    pub min_gap_ms: u64,
    /// How long after an order a "not found" starts to count.
    pub not_found_final_after_ms: u64,
    /// The time between two inquiries.
    pub inquiry_spacing_ms: u64,
    /// The most that the provider may debit on top of what is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_fee: Option<Amount>,
}

/// What an order is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// The small amount that comes first (S102).
    Probe,
    /// A plan of the ladder (S1042).
    Rung {
        /// The plan's place in the list, from 1.
        number: u32,
        /// The plan's amount.
        plan: Amount,
    },
    /// The owner's set amount, after the line came back (S105).
    Set(Amount),
}

/// Where an open recovery stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The line's carrier and what can be paid are being found (S1041).
    Preparing {
        /// The restricted answer that began it.
        read: Read,
        /// When the providers are asked.
        wake: Wake,
    },
    /// Waits for a person's tap (mode *ask*).
    Approval,
    /// The state is to be queried, then the order follows.
    Reading {
        /// When the query is issued.
        wake: Wake,
    },
    /// A read says that the order may be made.
    Ready {
        /// The read that the payment cites (K1).
        read: Read,
    },
    /// An order is committed and was given to the provider, whose answer is awaited.
    Paying {
        /// What was ordered.
        order: Order,
        /// When it was committed.
        since: Now,
        /// When the status read that it cites was issued (K1).
        cited: Now,
    },
    /// The order's outcome is not settled: inquiries follow until it is.
    Inquiring(Inquiry),
    /// Delivered: the bar may take a while to lift (S103).
    Settling {
        /// When the delivery became known.
        since: Now,
        /// When the next query is issued.
        wake: Wake,
    },
    /// In service again: the set amount waits for a person's word, or for the time to change it.
    Owed {
        /// What is offered, where an amount is known.
        offered: Option<Amount>,
        /// When the offer is paid, or a missing answer lapses.
        wake: Wake,
    },
}

/// An order whose outcome is not settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// What was ordered.
    pub order: Order,
    /// When it was committed, or when this incarnation took it over.
    pub since: Now,
    /// The refusal to be confirmed, where the provider stated one.
    pub refused: Option<Refusal>,
    /// How many answers came; an inquiry is tied to this number.
    pub asked: u32,
    /// How many of them, in a row, did not know the reference (P5).
    pub not_found: u32,
    /// When the next inquiry is made.
    pub wake: Wake,
}

impl Recovery {
    /// The terms of the provider that is paid now.
    pub fn terms(&self) -> Option<&Terms> {
        self.pinned.offers.get(self.provider)
    }

    /// The cause, when the line comes back now: what was delivered counts, not what would have come next.
    pub fn cause(&self) -> Option<Cause> {
        match self.reached? {
            Aim::Probe => Some(Cause::UsedUp),
            Aim::Rung { number, plan } => Some(Cause::MonthlyFee { rung: number, plan }),
            Aim::Set(_) => None,
        }
    }

    pub(super) fn due(&self) -> Option<(Due, Wake)> {
        match &self.phase {
            Phase::Approval => None,
            Phase::Preparing { wake, .. } => Some((Due::Offers, *wake)),
            Phase::Reading { wake } | Phase::Settling { wake, .. } | Phase::Owed { offered: Some(_), wake } => {
                Some((Due::Query, *wake))
            }
            Phase::Ready { read } => Some((Due::Propose, Wake::After { from: read.issued, ms: 0 })),
            Phase::Paying { order, since, .. } => {
                let wake = Wake::After { from: *since, ms: self.pinned.timing.answer_ms };
                Some((Due::Inquire(order.clone(), 0), wake))
            }
            Phase::Inquiring(inquiry) => Some((Due::Inquire(inquiry.order.clone(), inquiry.asked), inquiry.wake)),
            Phase::Owed { offered: None, wake } => Some((Due::Lapse, *wake)),
        }
    }

    pub(super) fn rearm(&mut self, now: Now) {
        let renew = |since: &mut Now| {
            if since.incarnation != now.incarnation && !mutant!("a restart ends the settling time") {
                *since = now;
            }
        };
        match &mut self.phase {
            Phase::Preparing { wake, .. } | Phase::Reading { wake } => *wake = wake.rearmed(now),
            Phase::Paying { since, .. } => renew(since),
            Phase::Settling { since, wake } => {
                renew(since);
                *wake = wake.rearmed(now);
            }
            Phase::Inquiring(inquiry) => {
                renew(&mut inquiry.since);
                inquiry.wake = inquiry.wake.rearmed(now);
            }
            Phase::Approval | Phase::Ready { .. } | Phase::Owed { .. } => {}
        }
    }
}

/// Nothing is pinned: no order and no amount, so that a recovery without what it pinned pays nothing (C7).
impl Default for Pinned {
    fn default() -> Self {
        let none = Amount::zero(Currency::NONE);
        Self {
            probe: none,
            set: SetAmount::Typed,
            timing: Timing::default(),
            caps: Caps::default(),
            max_orders: 0,
            offers: Vec::new(),
            ladder: Ladder::pinned(Kind::default(), &[], None, none),
        }
    }
}

impl Terms {
    /// The same without the plan amounts.
    pub(crate) fn without_plans(mut self) -> Self {
        self.offer.plans.clear();
        self
    }
}
