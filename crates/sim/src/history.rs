//! What happened in a world, as the checkers read it: facts in their order, small and plain.

use ringback_core::{
    Amount, BookId, Judgement, LineId, Msisdn, Now, Receipt, TopUpRef,
    admit::Caps,
    ledger::{Kind, Posting},
    line::Aim,
    recovery::TopUpState,
};

/// A reference, by its 128 random bits.
pub type Key = u128;

/// Everything that happened.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// What happened, in order.
    pub facts: Vec<Fact>,
    /// Every set of limits that was in force; facts name them by their place.
    pub caps: Vec<Caps>,
    /// What every provider offered, by its place in facts: the plan amounts of one recovery.
    pub plans: Vec<Vec<Amount>>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A transition was committed.
    Stepped(Stepped),
    /// An order was committed.
    Intent(Intent),
    /// What is known of a top-up changed, in the store.
    Settled(Settled),
    /// An order left a worker.
    Sent(Sent),
    /// A query left a worker.
    Queried(Queried),
    /// The answer to the query that a worker issued at that time of its clock became durable.
    Status(LineId, Now, Judgement),
    /// Another SIM answered than the one that was seen first, since a person last confirmed the number.
    Foreign(LineId),
    /// A claim is open although all is at rest.
    OpenClaim(Key),
    /// A batch was committed on this day of its worker's clock; whether the clock is not trusted.
    Batch(i64, bool),
    /// The books' limits are these from here on.
    Caps(BookId, usize),
    /// Whether a switch stops spending, from here on; at this true time.
    Switched(bool, u64),
    /// A claim was made.
    Claimed(Claimed),
    /// A desk was asked about a claim.
    DeskAsked(DeskAsked),
    /// A person says that the clock is right: the day is this one.
    Trusted(i64),
    /// What the ledger has, once all is at rest.
    Posted(Posted),
    /// What a provider's own books have, once all is at rest.
    Booked(Booked),
    /// What a desk paid, by its own books, once all is at rest; in minor units.
    DeskPaid(Key, i64),
    /// Where a line stands, once all is at rest.
    Rested(Rested),
    /// What the store's own check found, once all is at rest.
    Found(String, String),
    /// A balance of the store, once all is at rest, and the fold of its postings.
    Balance(i64, i64),
    /// A top-up as the store has it, once all is at rest.
    Kept(Key, TopUpState),
    /// An inquiry left a worker at this true time; whether faults were on.
    Inquired(Key, u64, bool),
    /// Faults stopped.
    Calm,
    /// An old backup was put back: of what was before, only the ledger at rest tells anything.
    PutBack,
    /// An order left although the ledger lacks what its provider has.
    Unreconciled(Key),
    /// The world did not come to rest: why.
    Restless(String),
    /// A line was due and nobody woke for it.
    Asleep(LineId),
    /// A line of the last round was not queried.
    Starved(LineId),
    /// A text for people that shows a whole number.
    Exposed(String),
}

/// A transition as it was committed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stepped {
    /// The line.
    pub line: LineId,
    /// Where it stood in the store.
    pub before: Snapshot,
    /// Where it stands.
    pub after: Snapshot,
    /// What happened.
    pub event: Happened,
    /// When, by the clock of the worker that committed it.
    pub now: Now,
    /// When it was decided, truly.
    pub t_ms: u64,
    /// How many transactions it posted.
    pub posted: u8,
    /// What people were told.
    pub notices: Notices,
    /// The greatest number of recoveries in 30 days.
    pub max_recoveries: u32,
    /// Whether the book's ladder pays every plan in full.
    pub stepwise: bool,
}

/// A line, as far as the checkers look at it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Snapshot {
    /// Its version.
    pub version: u64,
    /// Where it stands.
    pub stage: Stage,
    /// The number of its last recovery.
    pub recovery: u32,
    /// Its count of outcomes.
    pub outcomes: u32,
    /// Whether it is doubtful whose number it is.
    pub doubt: bool,
    /// Whether both consents are there.
    pub enrolled: bool,
    /// Whether it is only watched.
    pub watched: bool,
    /// Whether a person knows that it is suspended.
    pub told_suspended: bool,
    /// Orders that wait for a person.
    pub to_settle: usize,
    /// The limits that its recovery pinned.
    pub pinned: Option<usize>,
    /// How many orders its recovery made.
    pub orders: u32,
    /// Whether plans were left out of its ladder.
    pub cut: bool,
    /// The plan that its next order is for.
    pub rung: Option<Amount>,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is open.
    Idle,
    /// A recovery is open, in this phase.
    Open(Phase),
    /// Suspended by its owner.
    Suspended,
    /// It waits for a person.
    Parked,
    /// It waits for a day that a person named.
    LeftAlone,
}

/// A recovery's phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its providers are asked.
    Preparing,
    /// It waits for a tap.
    Approval,
    /// It waits for a read.
    Reading,
    /// An order may be made.
    Ready,
    /// An order is out.
    Paying,
    /// An order is being asked about.
    Inquiring,
    /// A delivery has its time.
    Settling,
    /// The set amount is owed.
    Owed,
}

/// An event, as far as the checkers look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// The network answered.
    Answered(Judgement),
    /// A provider, or somebody in its place, answered about an order.
    Replied,
    /// An answer about an order of the past.
    Late,
    /// A signal came.
    Signalled,
    /// The providers' offers came; the plans stand at this place of [`History::plans`].
    Offered(usize),
    /// A person enrolled the line.
    Enrolled,
    /// A person withdrew the consents.
    Withdrawn,
    /// A person says that it may be tried again.
    TryAgain,
    /// A person confirmed the number.
    Confirmed,
    /// A person knows that it is suspended.
    ToldSuspended,
    /// An order was denied.
    Denied,
    /// An order was withheld.
    Withheld,
    /// Anything else.
    Other,
}

/// What people were told, one flag each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a notice of its own")]
pub struct Notices {
    /// That the line is parked.
    pub parked: bool,
    /// That money came late.
    pub late: bool,
    /// That a delivery was taken back.
    pub reversed: bool,
    /// That money is in suspense.
    pub mismatch: bool,
}

/// An order as it was committed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intent {
    /// Its reference.
    pub key: Key,
    /// Its line.
    pub line: LineId,
    /// Its book.
    pub book: BookId,
    /// Its number.
    pub msisdn: Msisdn,
    /// Its provider, by place.
    pub provider: usize,
    /// What is asked.
    pub asked: Amount,
    /// What is reserved.
    pub reserved: Amount,
    /// What it is for.
    pub aim: Aim,
    /// The number of its recovery.
    pub recovery: u32,
    /// When the read that it cites was issued, by that worker's clock.
    pub cited: Now,
    /// When it was committed, by the worker's clock.
    pub now: Now,
    /// When it was decided, truly.
    pub t_ms: u64,
    /// How old a read may be.
    pub fresh_ms: u64,
    /// The greatest number of orders of its recovery.
    pub max_orders: u32,
    /// Whether the batch knew that its clock was wrong.
    pub clock_fault: bool,
    /// How long a delivery may take to lift a bar.
    pub settling_ms: u64,
    /// How many outcomes of the line's orders were known by then.
    pub outcomes: u32,
}

impl Intent {
    /// Whether the other was made for the same recovery.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        (self.line, self.recovery) == (other.line, other.recovery)
    }
}

/// What is known of a top-up, and how that became known.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Settled {
    /// Its reference.
    pub key: Key,
    /// The line.
    pub line: LineId,
    /// What was known before.
    pub before: TopUpState,
    /// What is known now.
    pub after: TopUpState,
    /// What was said.
    pub said: Said,
    /// How it came.
    pub via: Via,
    /// Whether the answer was about something else.
    pub differs: bool,
    /// By the worker's clock.
    pub now: Now,
    /// The terms of the provider that P5 needs.
    pub terms: Spacing,
    /// What was posted with it, by kind, as bits of [`kind_bit`].
    pub kinds: u16,
    /// Whether it parked its line, or the line had another order out.
    pub stopped: bool,
    /// Whether a claim was made for it in the same step.
    pub claimed: bool,
    /// Whether the line was suspended by its owner and nobody doubts whose number it is.
    pub suspended: bool,
    /// What people were told.
    pub notices: Notices,
}

impl Settled {
    /// Whether its order turned out to be delivered.
    pub(crate) fn is_delivery(&self) -> bool {
        self.before.delivered().is_none() && self.after.delivered().is_some()
    }
}

/// A kind of transaction as a bit.
pub fn kind_bit(kind: Kind) -> u16 {
    1 << kind as u16
}

/// How a provider spaces its inquiries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spacing {
    /// Whether an order can be looked up.
    pub inquiry: bool,
    /// How long until a "not found" counts.
    pub final_after_ms: u64,
    /// The time between two inquiries.
    pub spacing_ms: u64,
}

/// What was said of an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Said {
    /// It was delivered.
    Delivered(Receipt),
    /// Not yet.
    Pending,
    /// No money moved.
    Refused,
    /// Nobody knows the reference.
    NotFound,
    /// It came back.
    Reversed,
    /// Nothing.
    Unknown,
    /// It never left.
    Withheld,
    /// It was only committed.
    Committed,
}

/// How an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// As the answer to the submission.
    Submission,
    /// As the answer to an inquiry.
    Inquiry(u32),
    /// From the statement, or late.
    Statement,
    /// From a person.
    Person,
    /// Not at all.
    Nobody,
}

/// An order as it left a worker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sent {
    /// Its reference.
    pub key: Key,
    /// What is asked.
    pub asked: Amount,
    /// Its number.
    pub msisdn: Msisdn,
    /// Its provider, by place.
    pub provider: usize,
    /// By the worker's clock.
    pub now: Now,
    /// When, truly.
    pub t_ms: u64,
    /// Whether the worker's last commit failed.
    pub failing: bool,
    /// Whether another worker moved the line on meanwhile: then this one cannot know better (P8).
    pub outpaced: bool,
}

/// A query of one line as it left a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queried {
    /// The line.
    pub line: LineId,
    /// By the worker's clock.
    pub issued: Now,
    /// How many outcomes of the line's orders were durable by then.
    pub outcomes: u32,
    /// When, truly.
    pub t_ms: u64,
}

/// A claim as it was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Claimed {
    /// The top-up.
    pub key: Key,
    /// The line.
    pub line: LineId,
    /// What is claimed.
    pub amount: Amount,
    /// Whether the line is suspended by its owner.
    pub suspended: bool,
    /// Whether it is doubtful whose number it is.
    pub doubt: bool,
}

/// A question to a desk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeskAsked {
    /// The top-up.
    pub key: Key,
    /// What is claimed.
    pub amount: Amount,
    /// Whether the claim was open in the store.
    pub open: bool,
    /// Whether it was frozen in the store.
    pub frozen: bool,
    /// Whether another worker, or a request, changed it at the same time.
    pub outpaced: bool,
}

/// A transaction as the store has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// The top-up.
    pub key: Key,
    /// Why.
    pub kind: Kind,
    /// Its legs.
    pub legs: Vec<Posting>,
}

/// A booking as the provider has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Booked {
    /// The reference.
    pub key: Key,
    /// The provider, by place.
    pub provider: usize,
    /// What was delivered, and whether it was taken back; nothing where no money moved.
    pub receipt: Option<(Receipt, bool)>,
}

/// Where a line stands at the end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rested {
    /// The line.
    pub line: LineId,
    /// Where it stands.
    pub stage: Stage,
    /// Orders that nobody settled.
    pub to_settle: usize,
}

impl History {
    /// Every transition.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Stepped> {
        self.facts.iter().filter_map(|fact| if let Fact::Stepped(step) = fact { Some(step) } else { None })
    }

    /// Every order.
    pub(crate) fn intents(&self) -> impl Iterator<Item = &Intent> {
        self.facts.iter().filter_map(|fact| if let Fact::Intent(intent) = fact { Some(intent) } else { None })
    }

    /// Everything that was heard about orders.
    pub(crate) fn settled(&self) -> impl Iterator<Item = &Settled> {
        self.facts.iter().filter_map(|fact| if let Fact::Settled(settled) = fact { Some(settled) } else { None })
    }

    /// Every transaction of the ledger.
    pub(crate) fn posted(&self) -> impl Iterator<Item = &Posted> {
        self.facts.iter().filter_map(|fact| if let Fact::Posted(posted) = fact { Some(posted) } else { None })
    }

    /// What the store's own check found against an invariant.
    pub(crate) fn found(&self, invariant: &str) -> Option<String> {
        self.facts.iter().find_map(|fact| match fact {
            Fact::Found(of, detail) if of == invariant => Some(detail.clone()),
            _ => None,
        })
    }

    /// The place of a set of limits.
    pub(crate) fn caps_place(&mut self, caps: &Caps) -> usize {
        self.caps.iter().position(|known| known == caps).unwrap_or_else(|| {
            self.caps.push(caps.clone());
            self.caps.len() - 1
        })
    }

    pub(crate) fn push(&mut self, fact: Fact) {
        self.facts.push(fact);
    }
}

/// The 128 bits of a reference that was drawn at random.
pub fn key(reference: &TopUpRef) -> Key {
    const SKIPPED: [u8; 4] = [b'I', b'L', b'O', b'U'];
    reference.as_str().bytes().fold(0, |key, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            _ => byte - b'A' + 10 - u8::try_from(SKIPPED.iter().filter(|s| **s < byte).count()).unwrap_or(0),
        };
        key << 5 | u128::from(digit)
    })
}
