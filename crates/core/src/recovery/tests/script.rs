//! A line, a policy and a clock as data, so that each test reads like the table of the method.

use std::collections::BTreeMap;

use super::checks;
pub(crate) use super::fixture::*;
use crate::{
    admit::Denial,
    ledger::{Account, Kind},
    line::{self, Aim, Due, Line, Phase, Reason, Recovery, State, Terms},
    money::Amount,
    policy::{Policy, SetAmount},
    recovery::{Event, Rejected, Step, TopUp, Via, Word, step},
    status::{Read, Status},
    time::{Incarnation, Now},
    topup::{Order, Outcome, Refusal, Reply, TopUpRef},
};

/// One line on its way through the method.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) line: Line,
    pub(crate) policy: Policy,
    pub(crate) now: Now,
    pub(crate) steps: Vec<Step>,
    /// When the last payment outcome was recorded.
    pub(crate) outcome_at: Option<Now>,
}

impl Script {
    /// An enrolled line at rest, in mode *auto*.
    pub(crate) fn new() -> Self {
        let now = Now { wall_ms: 1_700_000_000_000, uptime_ms: 1_000_000, incarnation: Incarnation(1) };
        Self { line: line::tests::enrolled(), policy: policy(), now, steps: Vec::new(), outcome_at: None }
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
        if let Err(rejected) = self.tries(event) {
            panic!("{rejected}: {event:?} in {:?}", self.line.state);
        }
        self
    }

    /// Applies an event that the line may reject; whatever it does must keep the invariants.
    pub(crate) fn tries(&mut self, event: &Event) -> Result<(), Rejected> {
        let done = step(&self.line, event, self.now, &self.policy)?;
        assert_eq!(done.line.version, self.line.version + 1, "each transition is one version");
        if done.line.outcomes != self.line.outcomes {
            self.outcome_at = Some(self.now);
        }
        self.line = done.line.clone();
        self.steps.push(*done);
        checks::after_each_step(self);
        Ok(())
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
        self.happens(&Event::Late { topup: Box::new(topup), reply: outcome.into() })
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

    /// The order whose outcome is not settled, or whose money is in suspense.
    pub(crate) fn out(&self) -> &Order {
        let suspense = self.line.suspense.first().map(|topup| &topup.order);
        self.line.unsettled_order().or(suspense).expect("an order is out")
    }

    /// Every top-up as it was last committed.
    pub(crate) fn topups(&self) -> BTreeMap<TopUpRef, TopUp> {
        let changed = self.steps.iter().filter_map(|step| step.topup.clone());
        changed.map(|topup| (topup.order.reference.clone(), topup)).collect()
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
        let postings = self.steps.iter().flat_map(|step| &step.transactions).flat_map(|posted| &posted.postings);
        postings.filter(|leg| leg.account == account).map(|leg| leg.amount.minor()).sum()
    }

    /// How many answers to inquiries came about the order that is out.
    pub(crate) fn asked_before(&self) -> u32 {
        match self.line.due() {
            Some((Due::Inquire(_, asked), _)) => asked,
            _ => 0,
        }
    }
}
