//! The method, as one table: what a line does with each event.
//!
//! [`step`] is pure. It returns the line's next state together with everything that has to be committed with it;
//! nothing is sent before that commit.

mod judge;
mod outcome;
mod turn;
mod word;

#[cfg(test)]
pub(crate) mod tests;

use serde::{Deserialize, Serialize};

use crate::{
    admit::Denial,
    claim::{self, Claim},
    ledger::{self, Transaction},
    line::{Aim, Cause, Consents, Line, LineId, Mode, Phase, Reason, State, Terms},
    money::Amount,
    mutant,
    policy::Policy,
    route::bears,
    status::{Read, Service},
    time::Now,
    topup::{Order, Outcome, Receipt, Reply, TopUpRef},
};
use turn::Turn;

/// What can happen to a line. Each says what its replay does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The network answered a query (S101, S103). A read that was issued before the last outcome is stale; the same
    /// read twice is judged twice and pays once, since the first payment makes it stale.
    Answered(Read),
    /// The network answered somebody who only looks: it is written down, and nothing starts or goes on. A replay is
    /// written down again.
    Looked(Read),
    /// The providers said what can be paid (S1041). Illegal outside of `Preparing`, so a replay changes nothing.
    Offered(Vec<Terms>),
    /// No provider can serve the line: for now (`again`), or at all. A replay counts as one more try.
    Unoffered {
        /// The providers' words.
        reason: String,
        /// Whether asking again may help.
        again: bool,
    },
    /// A reference was drawn for the order that `Ready` waits for. Illegal once the order stands.
    Proposed {
        /// The new reference.
        reference: TopUpRef,
    },
    /// The order was not admitted and not committed. Illegal outside of `Ready`.
    Denied(Denial),
    /// The committed order was stopped before a byte left (P9). Illegal once a reply was seen.
    Withheld {
        /// The order's reference.
        reference: TopUpRef,
        /// What stopped it.
        denial: Denial,
    },
    /// A provider, or a person in its place (P13), said what became of the unsettled order. A replayed answer of an
    /// inquiry is stale, since each is tied to its own inquiry (P5); a replayed delivery is illegal, since the order
    /// is settled by then.
    Replied {
        /// The order's reference.
        reference: TopUpRef,
        /// The answer.
        reply: Reply,
        /// How it came.
        via: Via,
    },
    /// An answer about an order of the past that was settled before (P7, P12). It changes nothing that it does not
    /// contradict. A replay is a conflict in the store, where the top-up is not as it was settled any more.
    Late {
        /// The order as it was settled; on the heap, since every event would be as large.
        topup: Box<TopUp>,
        /// The answer.
        reply: Reply,
    },
    /// The provider booked an order of this installation that the ledger has lost: it was made before a backup was
    /// restored, or by a copy (S3, M4). A replay is stale until a person settled it; the ledger knows it by then.
    Found {
        /// The order, as far as the provider's statement tells.
        order: Order,
        /// What the statement says about it.
        reply: Reply,
    },
    /// A third party announced a success (S102): a hint that only brings the next look forward.
    Signalled,
    /// A person approved the recovery (mode *ask*). Illegal when nothing waits for approval.
    Approved,
    /// A person declined the recovery or let the set amount go. Illegal when nothing waits.
    Declined,
    /// A person typed the set amount (S105). Illegal when none is owed, or in another currency than the recovery's.
    Typed {
        /// The amount.
        amount: Amount,
    },
    /// Nobody typed the set amount in time. Stale before its time.
    Lapsed,
    /// A person said something about the line. Idempotent.
    Told(Word),
}

/// How an answer about an order came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// As the answer to its submission.
    Submission,
    /// As the answer to the inquiry that followed so many earlier answers.
    Inquiry(u32),
    /// From the provider's statement.
    Statement,
    /// By a person's hand, with the reason (P13).
    Person(String),
}

/// What a person says about a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Both consents, given now (N1).
    Enrolled(Consents, Mode),
    /// The consents are withdrawn (N2).
    Withdrawn,
    /// What Ringback may do by itself.
    Mode(Mode),
    /// "I know it is suspended."
    Suspended,
    /// "Leave it alone until …", in milliseconds of the wall clock.
    LeaveAlone(i64),
    /// "The plan is …"
    Plan(Amount),
    /// The number still belongs to the person (K4).
    Confirmed,
    /// The line is asked about by this route; nothing for its book's.
    Route(Option<String>),
    /// A suspended or parked line may be recovered again (C6).
    TryAgain,
}

/// A top-up as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUp {
    /// What was ordered.
    pub order: Order,
    /// The line.
    pub line: LineId,
    /// The number of the line's recovery.
    pub recovery: u32,
    /// What it was for.
    pub aim: Aim,
    /// What became of it.
    pub state: TopUpState,
    /// Whether its delivery was claimed back before it came into doubt, or was not to be: it gets no second claim (R1).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub claimed: bool,
}

/// What became of a top-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopUpState {
    /// In flight, unknown, or refused and not settled: its amount is held.
    Held,
    /// Delivered.
    Delivered(Receipt),
    /// Delivered, by a person's word (P13).
    DeliveredByWord(Receipt),
    /// Settled as failed: its hold was released. `true` when a person said so (P13).
    Failed(bool),
    /// Stopped before a byte left (P9): its hold was released.
    Withheld,
    /// Its money is in suspense until a person settles it.
    Suspense,
    /// Delivered, and taken back by the provider afterwards (P12).
    Reversed(Receipt),
}

/// What is known of a recovery, for its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The recovery's number on its line.
    pub number: u32,
    /// When it began, in milliseconds of the wall clock.
    pub began_ms: i64,
    /// How it ended; nothing while it is open.
    pub end: Option<End>,
    /// What the line received by probe and rungs.
    pub received: Amount,
}

/// How a recovery ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The line came back, and this was missing.
    Restored(Cause),
    /// The line came back before anything was delivered.
    CameBack,
    /// The owner suspended the line.
    Suspended,
    /// It stopped and waits for a person.
    Parked(Reason),
    /// A person declined it.
    Declined,
}

impl End {
    /// What the recovery found out, where it did.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Restored(cause) => Some(*cause),
            Self::Suspended => Some(Cause::SuspendedByOwner),
            Self::CameBack | Self::Parked(_) | Self::Declined => None,
        }
    }
}

/// What people are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The line is back.
    Restored(Cause),
    /// The owner suspended the line.
    SuspendedByOwner,
    /// A recovery waits for approval.
    ApprovalWanted,
    /// The set amount waits to be typed, or may be changed.
    AmountWanted(Option<Amount>),
    /// The line waits for a person (L2).
    Parked(Reason),
    /// The prepaid wallet at the provider is empty.
    WalletEmpty(String),
    /// Money moved after its order was settled as failed (P7).
    LateSuccess(TopUpRef),
    /// The provider took a delivery back (P12).
    Reversed(TopUpRef),
    /// Money in suspense, whose meaning only a person can settle (P11, P13).
    Mismatch(TopUpRef),
    /// It became doubtful whose number it is (K4).
    Doubtful,
}

/// Everything that one transition commits, and the order that may leave afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line after the transition.
    pub line: Line,
    /// Whether what lists of lines are filtered by has changed.
    pub relisted: bool,
    /// Whether what the open recovery pinned has changed, a recovery's beginning and end included.
    pub repinned: bool,
    /// The top-up that it made or changed.
    pub topup: Option<TopUp>,
    /// What is posted.
    pub transactions: Vec<Transaction>,
    /// New claims.
    pub claims: Vec<Claim>,
    /// What happens to every open claim of this line: withdrawn (R6), frozen or thawed (K4).
    pub line_claims: Option<claim::Event>,
    /// What happens to the claim of one top-up.
    pub claim_event: Option<(TopUpRef, claim::Event)>,
    /// The recovery's record, where it changed.
    pub record: Option<Record>,
    /// What people are told.
    pub notices: Vec<Notice>,
    /// The order to submit once all this is committed. Present exactly when [`crate::admit::admit`] has to decide.
    pub send: Option<Order>,
}

/// Why an event changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It was true once: a void read, an answered inquiry, a wait that is not over. Safe to forget.
    #[error("the event is out of date")]
    Stale,
    /// It does not belong to the line's state. Worth a log line; nothing was changed.
    #[error("the event does not belong to the line's state")]
    Illegal,
}

/// The method: what `line` does with `event`.
///
/// `policy` is the book's policy now; what an open recovery pinned wins over it.
pub fn step(line: &Line, event: &Event, now: Now, policy: &Policy) -> Result<Box<Step>, Rejected> {
    let mut turn = Turn::new(line, now, policy);
    match (&line.state, event) {
        (_, Event::Answered(read) | Event::Looked(read))
            if read.outcomes != line.outcomes && !mutant!("an order cites a void read") =>
        {
            return Err(Rejected::Stale);
        }
        (_, Event::Looked(read)) => turn.look(read),
        (_, Event::Told(word)) => turn.hear(word),
        (_, Event::Late { topup, reply }) => turn.late(topup, reply)?,
        (_, Event::Found { order, .. }) => turn.found(order)?,

        // S101, S102: a line at rest. C6: suspended and parked lines start nothing.
        (State::Idle, Event::Answered(read)) => turn.judge_idle(read),
        (State::Suspended | State::Parked(_), Event::Answered(read)) => turn.judge_stopped(read),
        // P5, P11, P13: what only a person can settle.
        (_, Event::Replied { reference, reply, via }) if line.is_in_suspense(reference) => {
            turn.settle_suspense(reference, reply, via)?;
        }
        (State::Parked(parked), Event::Replied { reference, reply, via }) => {
            turn.settle_parked(parked, reference, reply, via)?;
        }

        (State::Open(recovery), event) => match (&recovery.phase, event) {
            // S102-S1044: the judgement of every other read.
            (_, Event::Answered(read)) => turn.judge_open(recovery, read),

            // S1041: the carrier and its plans.
            (Phase::Preparing { read, .. }, Event::Offered(terms)) => turn.prepare(read, terms),
            (Phase::Preparing { .. }, Event::Unoffered { reason, again }) => turn.unoffered(reason, *again),
            (Phase::Approval, Event::Approved) => turn.read_now(),
            (Phase::Approval, Event::Declined) => turn.close(End::Declined),

            // S102, S1042, S105: an order is made, admitted and given to the provider.
            (Phase::Ready { read }, Event::Proposed { reference }) => turn.order(read, reference),
            (Phase::Ready { .. }, Event::Denied(denial)) => turn.denied(*denial),
            (Phase::Paying { order, .. }, Event::Withheld { reference, denial }) if order.reference == *reference => {
                turn.withhold(order, *denial);
            }

            // A refusal is no rung: the aim stays what it was, and only a delivery strikes a plan.
            (Phase::Paying { order, since, .. }, Event::Replied { reference, reply, via })
                if order.reference == *reference =>
            {
                turn.replied(&outcome::taken_over(order, *since), reply, via)?;
            }
            (Phase::Inquiring(inquiry), Event::Replied { reference, reply, via })
                if inquiry.order.reference == *reference =>
            {
                turn.replied(inquiry, reply, via)?;
            }

            // S102: a success signal is a hint; it only brings the next look forward.
            (Phase::Inquiring(inquiry), Event::Signalled) if mutant!("a signal is a success") => {
                let (debited, via) = (inquiry.order.asked, Via::Submission);
                let receipt = Receipt { debited, delivered: debited };
                turn.replied(inquiry, &Outcome::Delivered(receipt).into(), &via)?;
            }
            (Phase::Inquiring(_) | Phase::Settling { .. }, Event::Signalled) => turn.look_now(),

            // S105: the set amount is a debt of its own.
            (Phase::Owed { .. }, Event::Typed { amount }) if amount.currency() == recovery.received.currency() => {
                turn.amount_typed(*amount);
            }
            (Phase::Owed { .. }, Event::Declined) => turn.idle(),
            (Phase::Owed { offered: None, wake }, Event::Lapsed) if wake.is_due(now) => turn.idle(),
            (Phase::Owed { .. }, Event::Lapsed) => return Err(Rejected::Stale),
            _ => return Err(Rejected::Illegal),
        },
        _ => return Err(Rejected::Illegal),
    }
    Ok(turn.finish())
}

impl Event {
    /// What happened, in a word: for logs, which carry neither numbers nor words of people (S6).
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Looked(_) => "looked",
            Self::Offered(_) => "offered",
            Self::Unoffered { .. } => "unoffered",
            Self::Proposed { .. } => "proposed",
            Self::Denied(_) => "denied",
            Self::Withheld { .. } => "withheld",
            Self::Replied { .. } => "replied",
            Self::Late { .. } => "late",
            Self::Found { .. } => "found",
            Self::Signalled => "signalled",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Typed { .. } => "typed",
            Self::Lapsed => "lapsed",
            Self::Told(_) => "told",
        }
    }

    /// Whether a channel told of a restriction, alone or together with others.
    pub fn tells_restricted(&self, channel: &str) -> bool {
        let (Self::Answered(read) | Self::Looked(read)) = self else { return false };
        matches!(read.status.service, Service::Restricted(_)) && bears(&read.channel, channel)
    }
}

impl Step {
    /// Whether its top-up is a new one: then its hold is posted with it, and only then (M3).
    pub fn is_first_of_topup(&self) -> bool {
        self.transactions.iter().any(|transaction| transaction.kind == ledger::Kind::Hold)
    }
}

impl TopUpState {
    /// Whether the number may not receive another order yet (P3).
    pub fn is_unresolved(self) -> bool {
        matches!(self, Self::Held | Self::Suspense)
    }

    /// What the line received, as far as the ledger says so.
    pub fn delivered(self) -> Option<Receipt> {
        match self {
            Self::Delivered(receipt) | Self::DeliveredByWord(receipt) => Some(receipt),
            _ => None,
        }
    }

    /// What counts against the caps, in minor units (C1, C2): refunds and reversals never give room back.
    pub fn exposed_minor(self, order: &Order) -> i64 {
        let forgotten = matches!(self, Self::Held) && mutant!("a cap ignores held money")
            || matches!(self, Self::Reversed(_)) && mutant!("a delivery that was taken back restores the cap");
        match self {
            _ if forgotten => 0,
            Self::Held | Self::Suspense => order.reserved().minor(),
            Self::Delivered(receipt) | Self::DeliveredByWord(receipt) | Self::Reversed(receipt) => {
                receipt.debited.minor()
            }
            Self::Failed(_) | Self::Withheld => 0,
        }
    }
}

impl Outcome {
    /// Whether the answer alone says that no money moved.
    pub(crate) fn denies_delivery(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::NotFound | Self::Reversed(_))
    }

    /// Whether the answer says that the line received money.
    pub(crate) fn delivered(&self) -> bool {
        matches!(self, Self::Delivered(_))
    }
}
