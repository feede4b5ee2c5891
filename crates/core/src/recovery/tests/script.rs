//! A line, a policy and a clock as data, so that each test reads like the table of the method.

use std::collections::BTreeMap;

use crate::{
    admit::{Cap, Caps, Denial, REQUIRED},
    ladder,
    ledger::{Account, Kind},
    line::{self, Aim, Due, Line, Phase, Reason, Recovery, State, Terms},
    money::Amount,
    offer::{Carrier, Denominations, Offer},
    policy::{Policy, SetAmount, Timing},
    recovery::{Event, Rejected, Step, TopUp, TopUpState, Via, Word, step},
    status::{Bar, Reachable, Read, Status},
    time::{Incarnation, Now},
    topup::{Order, Outcome, Receipt, Refusal, Reply, TopUpRef},
};

/// The settling time of the tests' policy.
pub(crate) const SETTLING_MS: u64 = 15 * 60_000;

/// When a "not found" of the tests' provider starts to count.
pub(crate) const FINAL_AFTER_MS: u64 = 600_000;

/// The time between two inquiries at the tests' provider.
pub(crate) const SPACING_MS: u64 = 30_000;

/// One line on its way through the method.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) line: Line,
    pub(crate) policy: Policy,
    pub(crate) now: Now,
    pub(crate) steps: Vec<Step>,
}

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

impl Script {
    /// An enrolled line at rest, in mode *auto*.
    pub(crate) fn new() -> Self {
        let now = Now { wall_ms: 1_700_000_000_000, uptime_ms: 1_000_000, incarnation: Incarnation(1) };
        Self { line: line::tests::enrolled(), policy: policy(), now, steps: Vec::new() }
    }

    /// A line whose probe waits to be ordered, on a ladder with these plans.
    pub(crate) fn ready(plans: &[i64]) -> Self {
        let mut script = Self::new();
        script.restricted().offered(plans);
        script
    }

    /// The same under another way to find the set amount.
    pub(crate) fn ready_with(set: SetAmount, plans: &[i64]) -> Self {
        let mut script = Self::new();
        script.policy.set = set;
        script.restricted().offered(plans);
        script
    }

    /// Applies an event that the line must accept.
    pub(crate) fn happens(&mut self, event: &Event) -> &mut Self {
        let before = self.line.version;
        let done = step(&self.line, event, self.now, &self.policy)
            .unwrap_or_else(|rejected| panic!("{rejected}: {event:?} in {:?}", self.line.state));
        assert_eq!(done.line.version, before + 1, "each transition is one version");
        self.line = done.line.clone();
        self.steps.push(done);
        self
    }

    /// How an event is rejected.
    pub(crate) fn rejects(&self, event: &Event) -> Rejected {
        step(&self.line, event, self.now, &self.policy).expect_err("the event must be rejected")
    }

    pub(crate) fn wait_ms(&mut self, ms: u64) -> &mut Self {
        self.now.uptime_ms += ms;
        self.now.wall_ms += i64::try_from(ms).unwrap();
        self
    }

    /// Waits until a delivered top-up has had its time to settle.
    pub(crate) fn settled(&mut self) -> &mut Self {
        self.wait_ms(SETTLING_MS)
    }

    /// Another process takes the line over.
    pub(crate) fn restarted(&mut self) -> &mut Self {
        self.now = Now { uptime_ms: 0, incarnation: Incarnation(self.now.incarnation.0 + 1), ..self.now };
        self.line = self.line.clone().rearmed(self.now);
        self
    }

    /// A query issued now.
    pub(crate) fn read(&self, status: Status) -> Read {
        Read { status, issued: self.now, outcomes: self.line.outcomes, channel: "ussd".into(), imsi: None }
    }

    pub(crate) fn answered(&mut self, status: Status) -> &mut Self {
        let read = self.read(status);
        self.happens(&Event::Answered(read))
    }

    pub(crate) fn restricted(&mut self) -> &mut Self {
        self.answered(restricted())
    }

    pub(crate) fn in_service(&mut self) -> &mut Self {
        self.answered(in_service())
    }

    pub(crate) fn unknown(&mut self) -> &mut Self {
        self.answered(Status::unknown("no answer"))
    }

    pub(crate) fn offered(&mut self, plans: &[i64]) -> &mut Self {
        self.offered_by(vec![terms("p", plans)])
    }

    pub(crate) fn offered_by(&mut self, terms: Vec<Terms>) -> &mut Self {
        self.happens(&Event::Offered(terms))
    }

    /// A reference that no other step of this script has.
    pub(crate) fn reference(&self) -> TopUpRef {
        TopUpRef::from_random(self.steps.len() as u128)
    }

    pub(crate) fn proposed(&mut self) -> &mut Self {
        let reference = self.reference();
        self.happens(&Event::Proposed { reference })
    }

    pub(crate) fn denied(&mut self, denial: Denial) -> &mut Self {
        self.happens(&Event::Denied(denial))
    }

    /// An answer about the order that is out.
    pub(crate) fn replies(&self, reply: impl Into<Reply>, via: Via) -> Event {
        Event::Replied { reference: self.out().reference.clone(), reply: reply.into(), via }
    }

    pub(crate) fn submitted(&mut self, outcome: Outcome) -> &mut Self {
        let event = self.replies(outcome, Via::Submission);
        self.happens(&event)
    }

    pub(crate) fn inquired(&mut self, outcome: Outcome) -> &mut Self {
        let event = self.replies(outcome, Via::Inquiry(self.asked_before()));
        self.happens(&event)
    }

    /// The same as the next inquiry's answer, which waits for its time.
    pub(crate) fn inquired_in_time(&mut self, outcome: Outcome) -> &mut Self {
        let (_, wake) = self.line.due().expect("an inquiry is due");
        self.wait_ms(wake.left_ms(self.now)).inquired(outcome)
    }

    pub(crate) fn by_hand(&mut self, outcome: Outcome) -> &mut Self {
        let event = self.replies(outcome, Via::Person("the provider wrote so".into()));
        self.happens(&event)
    }

    /// The whole amount reaches the line.
    pub(crate) fn delivered(&mut self) -> &mut Self {
        let asked = self.out().asked;
        self.submitted(receipt(asked, asked))
    }

    pub(crate) fn refused(&mut self, reason: Refusal) -> &mut Self {
        self.submitted(Outcome::Refused(reason))
    }

    /// Refused, and confirmed by the one inquiry that this needs (P5).
    pub(crate) fn refused_for_good(&mut self, reason: Refusal) -> &mut Self {
        self.refused(reason.clone()).inquired_in_time(Outcome::Refused(reason))
    }

    /// An order that is delivered in full and has had its time to settle.
    pub(crate) fn paid(&mut self) -> &mut Self {
        self.proposed().delivered().settled()
    }

    pub(crate) fn told(&mut self, word: Word) -> &mut Self {
        self.happens(&Event::Told(word))
    }

    /// An answer about an order that was settled before.
    pub(crate) fn late(&mut self, topup: TopUp, outcome: Outcome) -> &mut Self {
        self.happens(&Event::Late { topup, reply: outcome.into() })
    }

    /// The last step.
    pub(crate) fn last(&self) -> &Step {
        self.steps.last().expect("something happened")
    }

    /// The order that the last step sends.
    pub(crate) fn sent(&self) -> Option<Amount> {
        self.last().send.as_ref().map(|order| order.asked)
    }

    /// Everything that was sent, in order.
    pub(crate) fn all_sent(&self) -> Vec<Amount> {
        self.steps.iter().filter_map(|step| step.send.as_ref().map(|order| order.asked)).collect()
    }

    /// The order whose outcome is not settled.
    pub(crate) fn out(&self) -> &Order {
        self.line.unsettled_order().expect("an order is out")
    }

    /// The last top-up that was made or changed.
    pub(crate) fn topup(&self) -> TopUp {
        self.steps.iter().rev().find_map(|step| step.topup.clone()).expect("a top-up was made")
    }

    pub(crate) fn recovery(&self) -> &Recovery {
        match &self.line.state {
            State::Open(recovery) => recovery,
            other => panic!("no recovery is open: {other:?}"),
        }
    }

    pub(crate) fn phase(&self) -> &Phase {
        &self.recovery().phase
    }

    pub(crate) fn aim(&self) -> Aim {
        self.recovery().aim
    }

    pub(crate) fn parked(&self) -> &Reason {
        match &self.line.state {
            State::Parked(parked) => &parked.reason,
            other => panic!("the line is not parked: {other:?}"),
        }
    }

    /// Whether the line waits for the network's answer.
    pub(crate) fn is_querying(&self) -> bool {
        matches!(self.line.due(), Some((Due::Query, _)))
    }

    /// The kinds of the last step's transactions.
    pub(crate) fn posted(&self) -> Vec<Kind> {
        self.last().transactions.iter().map(|transaction| transaction.kind).collect()
    }

    /// An account's balance: the fold of everything posted (M2), in minor units.
    pub(crate) fn balance(&self, account: Account) -> i64 {
        self.balances().get(&account).copied().unwrap_or(0)
    }

    fn balances(&self) -> BTreeMap<Account, i64> {
        let mut balances = BTreeMap::new();
        for posting in self.steps.iter().flat_map(|step| &step.transactions).flat_map(|t| &t.postings) {
            *balances.entry(posting.account).or_default() += posting.amount.minor();
        }
        balances
    }

    /// How many answers to inquiries came about the order that is out.
    pub(crate) fn asked_before(&self) -> u32 {
        match self.line.due() {
            Some((Due::Inquire(_, asked), _)) => asked,
            _ => 0,
        }
    }
}

/// The provider took back what it had delivered.
pub(crate) fn reversed(topup: &TopUp) -> Outcome {
    match topup.state {
        TopUpState::Delivered(receipt) => Outcome::Reversed(receipt),
        other => panic!("nothing was delivered: {other:?}"),
    }
}
