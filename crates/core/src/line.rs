//! A line of an address book: its owner's words, what was last seen, and where the method stands.

mod open;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::open::{Aim, Inquiry, Phase, Pinned, Recovery, Terms};

use crate::{
    money::Amount,
    msisdn::Msisdn,
    mutant,
    recovery::TopUp,
    status::{Bar, Judgement, Status},
    time::{Now, Wake},
    topup::{Order, Receipt, Refusal, TopUpRef},
};

/// A line's number in its database, contiguous in the order of import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineId(pub i64);

/// An address book's number in its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BookId(pub i64);

/// A line of an address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number in the database.
    pub id: LineId,
    /// The address book that it belongs to.
    pub book: BookId,
    /// Its telephone number.
    pub msisdn: Msisdn,
    /// How many transitions were committed; checked with each commit (P8).
    pub version: u64,
    /// What its owner's person allowed.
    #[serde(default)]
    pub consents: Consents,
    /// What Ringback may do by itself.
    #[serde(default)]
    pub mode: Mode,
    /// What a person said about it.
    #[serde(default, skip_serializing_if = "Told::is_empty")]
    pub told: Told,
    /// The route of its queries, by its name in the configuration; without one, or without that one, its book's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Why it is doubtful whose number this is; such a line neither pays nor claims (K4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// The subscriber's IMSI when a person last confirmed the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imsi: Option<String>,
    /// How many payment outcomes were recorded: a status read before the last one is void (K1).
    #[serde(default)]
    pub outcomes: u32,
    /// What the network last said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// When the last recoveries began, as many as C6 counts, in milliseconds of the wall clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begun_ms: Vec<i64>,
    /// How many recoveries this line has had; the number of the last one.
    #[serde(default)]
    pub recoveries: u32,
    /// What probes and rungs delivered since the line was last seen in service: claimed back when its owner suspended it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<(Order, Receipt)>,
    /// Orders whose money is in suspense until a person settles them (P11, P13); nothing is paid before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspense: Vec<TopUp>,
    /// Where the method stands.
    #[serde(default)]
    pub state: State,
}

/// Where the method stands with a line. One open recovery at most, by construction (C6).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is open; a restricted answer may start a recovery.
    #[default]
    Idle,
    /// A recovery is open.
    Open(Box<Recovery>),
    /// Suspended by its owner (claim 3): nothing starts until it was seen in service or a person says so.
    Suspended,
    /// Stopped with a reason and a next step for a person (L2).
    Parked(Parked),
}

/// A line that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Why.
    pub reason: Reason,
    /// The order that cannot be looked up (P5); its hold stays until a person settles it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsettled: Option<TopUp>,
}

/// Why a recovery stopped without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Spending was not admitted: a limit, a consent, a doubt.
    Denied(crate::admit::Denial),
    /// The plans that are left are above the owner's highest plan.
    HighestPlan,
    /// The carrier's plan amounts are not known.
    NoPlans,
    /// No provider sells anything for the line.
    NotOffered(String),
    /// The provider refused for a reason that waiting does not mend.
    Refused(Refusal),
    /// The network states another cause than arrears (K3).
    Barred(Bar),
    /// The number has no subscriber.
    NotInService,
    /// The network does not tell the line's state.
    StatusUnknown,
    /// Too many orders in one recovery (C5).
    TooManyOrders,
    /// Too many recoveries in 30 days (C6).
    TooManyRecoveries,
    /// An outcome that cannot be looked up (P5).
    CannotInquire,
    /// The provider's answer is about something else (P11).
    Mismatch,
    /// Amounts that do not fit together.
    Money(String),
    /// A person declined the recovery, or let the set amount go.
    Declined,
    /// A person said to leave the line alone until a day; afterwards it goes on by itself.
    LeftAlone,
}

/// What the line's person allowed: both are needed to spend (N1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Consents {
    /// When automatic payment was consented to, in milliseconds of the wall clock.
    pub payment_ms: Option<i64>,
    /// When status queries were consented to.
    pub query_ms: Option<i64>,
}

/// What Ringback may do by itself with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Query and show only; where an import puts a line.
    #[default]
    Watch,
    /// One tap approves each recovery.
    Ask,
    /// Recover by itself, within the caps.
    Auto,
}

/// What a person said about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// "I know it is suspended."
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// "Leave it alone until …", in milliseconds of the wall clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_alone_until_ms: Option<i64>,
    /// "The plan is …"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Amount>,
    /// The set amount remembered from the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_amount: Option<Amount>,
    /// "The number is still theirs": when that was last said, in milliseconds of the wall clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_ms: Option<i64>,
}

/// Why it is doubtful whose number this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The number was seen without a subscriber.
    NotInService,
    /// Another SIM answers.
    ImsiChanged,
    /// The number was given to somebody else.
    Recycled,
}

/// What the network last said, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The state.
    pub status: Status,
    /// When it was asked, in milliseconds of the wall clock.
    pub at_ms: i64,
}

/// The group that a line's contact is shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Claim 4: 已开机.
    InService,
    /// Restricted, and nothing more is known.
    Restricted,
    /// Claim 3: 主动停机.
    Suspended,
}

/// What lists of lines are filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// With both consents.
    pub enrolled: bool,
    /// With an open recovery, or an order that is held.
    pub open: bool,
    /// Waiting for a person's word.
    pub waiting: bool,
    /// The group of its contact.
    pub group: Option<Group>,
}

/// What a finished recovery found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A little was missing: the probe sufficed.
    UsedUp,
    /// The monthly fee was due.
    MonthlyFee {
        /// The rung that brought the line back, from 1.
        rung: u32,
        /// The plan's amount.
        plan: Amount,
    },
    /// The owner suspended the line.
    SuspendedByOwner,
}

/// What a line waits for: derived from its state, so that every timer survives a restart (L4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Find what can be paid.
    Offers,
    /// Query the state.
    Query,
    /// Make an order: a reference is drawn and [`crate::recovery::Event::Proposed`] follows.
    Propose,
    /// Ask what became of an order; the answer is tied to this count of earlier answers.
    Inquire(Order, u32),
    /// The time to type a set amount is over.
    Lapse,
}

impl Line {
    /// A line as an import makes it: watched, without consents.
    pub fn imported(id: LineId, book: BookId, msisdn: Msisdn) -> Self {
        Self {
            id,
            book,
            msisdn,
            version: 0,
            consents: Consents::default(),
            mode: Mode::Watch,
            told: Told::default(),
            route: None,
            doubt: None,
            imsi: None,
            outcomes: 0,
            seen: None,
            begun_ms: Vec::new(),
            recoveries: 0,
            delivered: Vec::new(),
            suspense: Vec::new(),
            state: State::Idle,
        }
    }

    /// The group that its contact belongs to (claims 3 and 4).
    pub fn group(&self) -> Option<Group> {
        if self.state == State::Suspended {
            return Some(Group::Suspended);
        }
        match self.seen.as_ref()?.status.judged() {
            Judgement::InService => Some(Group::InService),
            Judgement::Restricted | Judgement::BarredOtherwise(_) => Some(Group::Restricted),
            Judgement::NotInService | Judgement::Unknown => None,
        }
    }

    /// What the line waits for, and until when.
    pub fn due(&self) -> Option<(Due, Wake)> {
        let State::Open(recovery) = &self.state else { return None };
        recovery.due()
    }

    /// When a person was last sure whose number it is, in milliseconds of the wall clock (K4).
    pub fn confirmed_ms(&self) -> Option<i64> {
        self.told.confirmed_ms.max(self.consents.payment_ms)
    }

    /// The orders that only a person can settle.
    pub fn to_settle(&self) -> impl Iterator<Item = &TopUp> {
        let parked = match &self.state {
            State::Parked(parked) => parked.unsettled.as_ref(),
            _ => None,
        };
        parked.into_iter().chain(&self.suspense)
    }

    /// Whether an order's money is in suspense.
    pub fn is_in_suspense(&self, reference: &TopUpRef) -> bool {
        self.suspense.iter().any(|topup| topup.order.reference == *reference)
    }

    /// The order whose outcome is not settled, if there is one; its amount is held.
    pub fn unsettled_order(&self) -> Option<&Order> {
        match &self.state {
            State::Open(recovery) => match &recovery.phase {
                Phase::Paying { order, .. } => Some(order),
                Phase::Inquiring(inquiry) => Some(&inquiry.order),
                _ => None,
            },
            State::Parked(parked) => parked.unsettled.as_ref().map(|topup| &topup.order),
            State::Idle | State::Suspended => None,
        }
    }

    /// What lists of lines are filtered by.
    pub fn listing(&self) -> Listing {
        let (enrolled, group) = (self.consents.complete(), self.group());
        let (under_way, waiting) = match &self.state {
            State::Open(recovery) => (true, matches!(recovery.phase, Phase::Approval | Phase::Owed { .. })),
            State::Parked(_) => (false, true),
            State::Idle | State::Suspended => (false, false),
        };
        Listing { enrolled, open: under_way || self.unsettled_order().is_some(), waiting, group }
    }

    /// What its open recovery pinned.
    pub fn pinned(&self) -> Option<&Arc<Pinned>> {
        match &self.state {
            State::Open(recovery) => Some(&recovery.pinned),
            _ => None,
        }
    }

    /// The line together with what its open recovery pinned, as a store kept it.
    #[must_use]
    pub fn with_pinned(mut self, pinned: Pinned) -> Self {
        if let State::Open(recovery) = &mut self.state {
            recovery.pinned = Arc::new(pinned);
        }
        self
    }

    /// The same line with every wait of an earlier incarnation begun anew (L6).
    #[must_use]
    pub fn rearmed(mut self, now: Now) -> Self {
        if let State::Open(recovery) = &mut self.state
            && !mutant!("a restart begins no wait anew")
        {
            recovery.rearm(now);
        }
        self
    }
}

impl Consents {
    /// Whether both are there.
    pub fn complete(self) -> bool {
        self.payment_ms.is_some() && self.query_ms.is_some()
    }
}

impl Told {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A line with both consents, in mode *auto*.
    pub(crate) fn enrolled() -> Line {
        let mut line = Line::imported(LineId(1), BookId(1), "+8613800138000".parse().unwrap());
        line.consents = Consents { payment_ms: Some(1), query_ms: Some(1) };
        line.mode = Mode::Auto;
        line
    }
}
