//! One transition in the making: the line as it will be, and what is committed with it.

use std::sync::Arc;

use super::{Aim, Denial, End, Notice, Policy, Record, Step, TopUp, TopUpState, outcome};
use crate::{
    claim::{self, Claim},
    ladder::{Climb, Ladder, Next},
    ledger::{Account, Kind, Transaction},
    line::{Line, Parked, Phase, Pinned, Reason, Recovery, State, Terms},
    money::{Amount, MoneyError},
    mutant,
    policy::SetAmount,
    status::Read,
    time::{Now, Wake},
    topup::{Order, Receipt, TopUpRef},
};

/// How often something may be tried again without progress before the line parks (L1).
const MAX_TRIES: u32 = 8;

/// The longest wait between two tries.
const LONGEST_RETRY_MS: u64 = 3_600_000;

pub(super) struct Turn<'a> {
    /// On the heap: it is large, and handed on from room to room.
    pub(super) step: Box<Step>,
    /// The line as it was.
    before: &'a Line,
    pub(super) now: Now,
    pub(super) policy: &'a Policy,
}

impl<'a> Turn<'a> {
    pub(super) fn new(line: &'a Line, now: Now, policy: &'a Policy) -> Self {
        let mut next = Line { version: line.version + 1, ..line.clone() };
        if let State::Open(recovery) = &mut next.state
            && mutant!("an open recovery follows the policy of now")
        {
            Arc::make_mut(&mut recovery.pinned).caps = policy.caps.clone();
        }
        let step = Box::new(Step {
            line: next,
            relisted: false,
            repinned: false,
            topup: None,
            transactions: Vec::new(),
            claims: Vec::new(),
            line_claims: None,
            claim_event: None,
            record: None,
            notices: Vec::new(),
            send: None,
        });
        Self { step, before: line, now, policy }
    }

    pub(super) fn finish(mut self) -> Box<Step> {
        let (before, line) = (self.before, &self.step.line);
        self.step.relisted = line.listing() != before.listing();
        self.step.repinned = match (line.pinned(), before.pinned()) {
            (Some(pinned), Some(earlier)) => !Arc::ptr_eq(pinned, earlier),
            (pinned, earlier) => pinned.is_some() != earlier.is_some(),
        };
        self.step
    }

    /// Begins a recovery with the restricted answer (S102).
    pub(super) fn open(&mut self, read: &Read) {
        let policy = self.policy;
        let line = &mut self.step.line;
        line.begun_ms.push(self.now.wall_ms);
        // C6 counts no more than these.
        let kept = usize::try_from(policy.max_recoveries).unwrap_or(usize::MAX);
        line.begun_ms.drain(..line.begun_ms.len().saturating_sub(kept));
        line.recoveries += 1;
        let zero = Amount::zero(policy.probe.currency());
        line.state = State::Open(Box::new(Recovery {
            began_ms: self.now.wall_ms,
            pinned: Arc::new(Pinned {
                probe: policy.probe,
                set: policy.set,
                timing: policy.timing,
                caps: policy.caps.clone(),
                max_orders: policy.max_orders,
                offers: Vec::new(),
                ladder: Ladder::pinned(policy.ladder, &[], None, policy.highest_plan),
            }),
            provider: 0,
            climb: Climb::new(policy.probe.currency()),
            aim: Aim::Probe,
            received: zero,
            orders: 0,
            tries: 0,
            reached: None,
            reversed: false,
            unsettled: false,
            phase: Phase::Preparing { read: read.clone(), wake: now_or(self.now, 0) },
        }));
        self.record(None);
    }

    /// Pins what can be paid and the ladder (S1041, P10), then asks the person or goes on.
    pub(super) fn prepare(&mut self, read: &Read, terms: &[Terms]) {
        let (policy, known, ask) =
            (self.policy, self.step.line.told.plan, self.step.line.mode == crate::line::Mode::Ask);
        let currency = policy.probe.currency();
        let in_currency = terms.iter().filter(|t| t.offer.denominations.currency() == Some(currency));
        let small = |t: &&Terms| t.offer.denominations.reaching(policy.probe).is_some_and(|p| p <= policy.highest_plan);
        let offers: Vec<Terms> = in_currency.filter(small).cloned().collect();
        let Some(first) = offers.first() else {
            let reason = format!("no provider sells a probe in {currency} that is not above the highest plan");
            return self.park(Reason::NotOffered(reason));
        };
        let ladder = Ladder::pinned(policy.ladder, &first.offer.plans, known, policy.highest_plan);
        let recovery = self.recovery();
        // The plans are pinned by the ladder: they are not kept twice.
        let offers = offers.into_iter().map(Terms::without_plans).collect();
        recovery.pinned = Arc::new(Pinned { offers, ladder, ..Pinned::clone(&recovery.pinned) });
        recovery.tries = 0;
        if ask {
            recovery.phase = Phase::Approval;
            self.step.notices.push(Notice::ApprovalWanted);
        } else {
            self.ready(read);
        }
    }

    /// No provider serves the line: asks again for a while, then parks.
    pub(super) fn unoffered(&mut self, reason: &str, again: bool) {
        let wait_ms = self.retry_ms();
        let now = self.now;
        let recovery = self.recovery();
        match &mut recovery.phase {
            Phase::Preparing { wake, .. } if again && recovery.tries < MAX_TRIES => {
                *wake = now_or(now, wait_ms);
                recovery.tries += 1;
            }
            _ => self.park(Reason::NotOffered(reason.to_owned())),
        }
    }

    /// A read allows the order, unless a person said otherwise meanwhile.
    pub(super) fn ready(&mut self, read: &Read) {
        let told = self.step.line.told;
        let left_alone = told.leave_alone_until_ms.is_some_and(|until| until > self.now.wall_ms);
        let watched = self.step.line.mode == crate::line::Mode::Watch;
        if left_alone || watched {
            return self.park(if left_alone { Reason::LeftAlone } else { Reason::Declined });
        }
        self.recovery().phase = Phase::Ready { read: read.clone() };
    }

    /// The next plan of the ladder, or the end of it (S1042, S1045, claim 3).
    pub(super) fn climb(&mut self, read: &Read) {
        let recovery = self.recovery();
        if recovery.pinned.ladder.is_unknown() {
            if mutant!("unknown plans prove a suspension") {
                return self.suspend();
            }
            return self.park(Reason::NoPlans);
        }
        if recovery.aim == Aim::Probe {
            recovery.pinned.ladder.begin(&mut recovery.climb, recovery.received);
        }
        match recovery.next() {
            Next::Pay { plan, number, .. } => {
                recovery.aim = Aim::Rung { number, plan };
                self.ready(read);
            }
            // K5: a rung that the provider took back was not delivered, so its failure to help proves nothing.
            Next::UsedUp if recovery.reversed && !mutant!("a rung that was taken back proves a suspension") => {
                self.park(Reason::Refused(outcome::refunded()));
            }
            Next::Cut if mutant!("a ladder that was cut proves a suspension") => self.suspend(),
            // K4: what a stranger's line does proves nothing, and nothing may be claimed.
            Next::UsedUp if self.step.line.doubt.is_some() => self.park(Reason::Denied(Denial::Doubtful)),
            Next::UsedUp => self.suspend(),
            Next::Cut => self.park(Reason::HighestPlan),
            Next::NotOffered => self.park(Reason::NotOffered("the provider sells no amount".into())),
        }
    }

    /// Makes the order that `Ready` waits for, while the read is fresh and no late event has voided it (K1).
    pub(super) fn order(&mut self, read: &Read, reference: &TopUpRef) {
        let (now, outcomes) = (self.now, self.step.line.outcomes);
        let recovery = self.recovery();
        let fresh_ms = recovery.pinned.timing.fresh_ms;
        let too_old = now.uptime_since(read.issued).is_none_or(|age_ms| age_ms > fresh_ms);
        let void = read.outcomes != outcomes && !mutant!("an order cites a void read");
        if too_old && !mutant!("a status of any age is fresh") || void {
            return self.read_now();
        }
        if recovery.orders >= recovery.pinned.max_orders && !mutant!("the orders of a recovery are not bounded") {
            return self.park(Reason::TooManyOrders);
        }
        let Some((asked, terms)) = recovery.amount().zip(recovery.terms()) else {
            return self.park(Reason::NotOffered("the provider sells no such amount".into()));
        };
        let (provider, product, max_fee) = (terms.offer.provider.clone(), terms.offer.product.clone(), terms.max_fee);
        recovery.orders += 1;
        let msisdn = self.step.line.msisdn;
        let order = Order { reference: reference.clone(), msisdn, provider, product, asked, max_fee };
        self.recovery().phase = Phase::Paying { order: order.clone(), since: now, cited: read.issued };
        self.topup(&order, TopUpState::Held);
        if !mutant!("an order holds nothing") {
            self.step.transactions.push(Transaction::hold(&order));
        }
        self.step.send = Some(order);
    }

    /// The order was not admitted: waits for what passes, parks for what does not.
    pub(super) fn denied(&mut self, denial: Denial) {
        match denial {
            // It may be a person who has to settle that other order.
            Denial::Unresolved => self.try_again(Reason::Denied(denial)),
            passing if passing.passes() => {
                let wait_ms = self.retry_ms();
                self.read_later(wait_ms);
            }
            standing => self.park(Reason::Denied(standing)),
        }
    }

    /// The order never left: its hold goes back at once, and it counts for nothing (P9).
    pub(super) fn withhold(&mut self, order: &Order, denial: Denial) {
        self.recovery().orders -= 1;
        self.topup(order, TopUpState::Withheld);
        if !mutant!("a withheld order keeps its hold") {
            self.step.transactions.push(Transaction::release(order));
        }
        self.denied(denial);
        self.count_late_money();
    }

    /// In service again (claim 4, S105): the recovery has its answer, and the set amount is owed.
    pub(super) fn restored(&mut self, read: &Read) {
        let Some(cause) = self.recovery().cause() else {
            return self.close(End::CameBack);
        };
        self.step.notices.push(Notice::Restored(cause));
        self.record(Some(End::Restored(cause)));
        let remembered = self.step.line.told.set_amount;
        match self.recovery().pinned.set {
            SetAmount::Typed => self.owe(None),
            SetAmount::Offered(preset) => self.owe(remembered.or(preset)),
            SetAmount::Remembered(preset) => match remembered.or(preset) {
                Some(amount) => {
                    self.recovery().aim = Aim::Set(amount);
                    self.pay_set(read);
                }
                None => self.owe(None),
            },
        }
    }

    /// The set amount follows once the provider's gap since the last delivery is over.
    pub(super) fn pay_set(&mut self, read: &Read) {
        let now = self.now;
        let recovery = self.recovery();
        let gap_ms = recovery.terms().map_or(0, |terms| terms.min_gap_ms);
        let left_ms = match recovery.phase {
            Phase::Settling { since, .. } => gap_ms.saturating_sub(now.uptime_since(since).unwrap_or(0)),
            _ => 0,
        };
        if left_ms == 0 { self.ready(read) } else { self.read_later(left_ms) }
    }

    /// A payment of the set amount: what is still owed follows, unless nothing that small is sold.
    pub(super) fn set_paid(&mut self, order: &Order) {
        let recovery = self.recovery();
        recovery.deduct(order);
        let gap_ms = recovery.terms().map_or(0, |terms| terms.min_gap_ms);
        if recovery.amount().is_some() { self.read_later(gap_ms) } else { self.idle() }
    }

    /// The person's set amount; a fresh query comes before it is paid.
    pub(super) fn amount_typed(&mut self, amount: Amount) {
        if self.recovery().pinned.set != SetAmount::Typed {
            self.step.line.told.set_amount = Some(amount);
        }
        self.recovery().aim = Aim::Set(amount);
        self.read_now();
    }

    /// Suspended by its owner (claims 3 and 5): everything delivered is claimed back.
    pub(super) fn suspend(&mut self) {
        self.record(Some(End::Suspended));
        self.step.notices.push(Notice::SuspendedByOwner);
        self.step.line.state = State::Suspended;
        self.claim_back();
    }

    /// Claims every delivery back, once it is not doubtful whose number it is (K4).
    pub(super) fn claim_back(&mut self) {
        if self.step.line.doubt.is_some() {
            return;
        }
        for (order, receipt) in std::mem::take(&mut self.step.line.delivered) {
            self.claim(&order, receipt);
        }
    }

    fn claim(&mut self, order: &Order, receipt: Receipt) {
        self.step.claims.push(Claim {
            reference: order.reference.clone(),
            line: self.step.line.id,
            msisdn: order.msisdn,
            provider: order.provider.clone(),
            desk: self.policy.desk.clone(),
            claimed: if mutant!("what was reserved is claimed") { order.reserved() } else { receipt.debited },
            state: claim::State::Requested,
            frozen: false,
        });
        let due = Transaction::moved(order, Kind::Claim, Account::Delivered, Account::RefundDue, receipt.debited);
        self.step.transactions.push(due);
    }

    /// Stops with a reason (L2).
    pub(super) fn park(&mut self, reason: Reason) {
        self.park_with(reason, None);
    }

    /// Stops with a reason and an order that cannot be looked up.
    pub(super) fn park_with(&mut self, reason: Reason, unsettled: Option<TopUp>) {
        self.record(Some(End::Parked(reason.clone())));
        if !mutant!("a line is parked without a word") {
            self.step.notices.push(Notice::Parked(reason.clone()));
        }
        self.step.line.state = State::Parked(Parked { reason, unsettled });
        if mutant!("a parked line claims back") {
            self.claim_back();
        }
    }

    /// Ends the recovery without a debt.
    pub(super) fn close(&mut self, end: End) {
        self.record(Some(end));
        self.idle();
    }

    pub(super) fn idle(&mut self) {
        self.step.line.state = State::Idle;
    }

    pub(super) fn read_now(&mut self) {
        self.read_later(0);
    }

    pub(super) fn read_later(&mut self, wait_ms: u64) {
        let wake = now_or(self.now, wait_ms);
        self.recovery().phase = Phase::Reading { wake };
    }

    /// One more try without progress, after a growing wait; too many park the line (L1).
    pub(super) fn try_again(&mut self, reason: Reason) {
        let wait_ms = self.retry_ms();
        let recovery = self.recovery();
        recovery.tries += 1;
        let too_often = recovery.tries > MAX_TRIES && !mutant!("something is tried again for ever");
        if too_often { self.park(reason) } else { self.read_later(wait_ms) }
    }

    /// Brings the next look forward (S102), but never the space between two "not found" (P5).
    pub(super) fn look_now(&mut self) {
        let soon = now_or(self.now, 0);
        match &mut self.recovery().phase {
            Phase::Settling { wake, .. } => *wake = soon,
            Phase::Inquiring(inquiry) if inquiry.not_found == 0 || mutant!("not-founds need no space between them") => {
                inquiry.wake = soon;
            }
            _ => {}
        }
    }

    /// Writes down what became of the open recovery's order.
    pub(super) fn topup(&mut self, order: &Order, state: TopUpState) -> TopUp {
        let aim = self.recovery().aim;
        let line = &self.step.line;
        let (order, recovery) = (order.clone(), line.recoveries);
        let topup = TopUp { order, line: line.id, recovery, aim, state, claimed: false };
        self.step.topup = Some(topup.clone());
        topup
    }

    /// The open recovery that the table matched on.
    pub(super) fn recovery(&mut self) -> &mut Recovery {
        match &mut self.step.line.state {
            State::Open(recovery) => recovery,
            _ => unreachable!("the table calls this for open recoveries only"),
        }
    }

    /// The wait before another try; it doubles with each.
    pub(super) fn retry_ms(&mut self) -> u64 {
        let recovery = self.recovery();
        let doubled = recovery.pinned.timing.retry_ms.saturating_mul(1 << recovery.tries.min(16));
        doubled.min(LONGEST_RETRY_MS.max(recovery.pinned.timing.retry_ms))
    }

    fn owe(&mut self, offered: Option<Amount>) {
        let timing = self.recovery().pinned.timing;
        let wait_ms = if offered.is_some() { timing.offered_ms } else { timing.typed_ms };
        let wake = Wake::At { wall_ms: self.now.wall_ms.saturating_add(wait_ms) };
        self.recovery().phase = Phase::Owed { offered, wake };
        self.step.notices.push(Notice::AmountWanted(offered));
    }

    /// Writes the recovery's record while it is open: in service ends it, and what becomes of the debt is no finding.
    fn record(&mut self, end: Option<End>) {
        let number = self.step.line.recoveries;
        if let State::Open(recovery) = &self.step.line.state
            && !matches!(recovery.aim, Aim::Set(_))
            && !matches!(recovery.phase, Phase::Owed { .. })
        {
            let (began_ms, received) = (recovery.began_ms, recovery.received);
            self.step.record = Some(Record { number, began_ms, end, received });
        }
    }
}

impl Recovery {
    /// Counts a delivery of probe or rung.
    pub(super) fn receive(&mut self, receipt: Receipt, aim: Aim) -> Result<(), MoneyError> {
        let rank = |aim| if let Aim::Rung { number, .. } = aim { number } else { 0 };
        if rank(aim) >= self.reached.map_or(0, rank) {
            self.reached = Some(aim);
        }
        self.received = self.received.plus(receipt.delivered)?;
        if matches!(self.aim, Aim::Rung { .. }) {
            self.pinned.ladder.strike(&mut self.climb, self.received);
        }
        Ok(())
    }

    /// Counts a delivery of probe or rung no longer. What is struck stays struck: nothing is reopened (P12).
    pub(super) fn uncount(&mut self, receipt: Receipt) {
        if let Ok(left) = self.received.minus(receipt.delivered) {
            self.received = left;
        }
    }

    /// Counts a payment of the set amount: so much less is owed.
    pub(super) fn deduct(&mut self, order: &Order) {
        if let Aim::Set(owed) = &mut self.aim
            && !mutant!("the set amount is owed again after it was paid")
        {
            *owed = owed.minus(order.asked).unwrap_or(Amount::zero(owed.currency()));
        }
    }

    /// Whether an order is with the provider.
    pub(super) fn is_out(&self) -> bool {
        matches!(self.phase, Phase::Paying { .. } | Phase::Inquiring(_))
    }

    /// The next payment of the ladder with the present provider.
    pub(super) fn next(&self) -> Next {
        let denominations = self.terms().map(|terms| &terms.offer.denominations);
        denominations.map_or(Next::NotOffered, |on_sale| self.pinned.ladder.next(self.climb, self.received, on_sale))
    }

    /// What the order asks for, by its aim.
    pub(super) fn amount(&self) -> Option<Amount> {
        let on_sale = &self.terms()?.offer.denominations;
        match self.aim {
            Aim::Probe => on_sale.reaching(self.pinned.probe),
            Aim::Set(owed) => on_sale.at_most(owed),
            Aim::Rung { .. } => match self.next() {
                Next::Pay { amount, .. } => Some(amount),
                _ => None,
            },
        }
    }
}

pub(super) fn now_or(now: Now, wait_ms: u64) -> Wake {
    Wake::After { from: now, ms: wait_ms }
}
