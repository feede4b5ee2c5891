//! What a provider's answer means for an order (P4-P7, P11-P13).

use super::{
    Notice, Reason, Rejected, TopUp, TopUpState, Via,
    turn::{Turn, now_or},
};
use crate::{
    claim,
    ledger::{Account, Kind, Transaction},
    line::{Aim, Doubt, Inquiry, Parked, Phase, State},
    money::Amount,
    mutant,
    time::Now,
    topup::{Order, Outcome, Receipt, Refusal, Reply, TopUpRef},
};

/// How many spaced "not found" settle an order that nobody refused (P5).
const NOT_FOUND_SETTLES: u32 = 3;

/// Inquiries slow down to this bound and never end (L3).
const LONGEST_SPACING_MS: u64 = 3_600_000;

/// An order that was just submitted, seen as an inquiry without an answer yet.
pub(super) fn taken_over(order: &Order, since: Now) -> Inquiry {
    let wake = now_or(since, 0);
    Inquiry { order: order.clone(), since, refused: None, asked: 0, not_found: 0, wake }
}

impl Turn<'_> {
    /// An answer about the unsettled order.
    pub(super) fn replied(&mut self, inquiry: &Inquiry, reply: &Reply, via: &Via) -> Result<(), Rejected> {
        let order = &inquiry.order;
        if matches!(via, Via::Inquiry(asked) if *asked != inquiry.asked) {
            return Err(Rejected::Stale);
        }
        match (&reply.outcome, via) {
            _ if differs(order, reply) && !mutant!("an answer about another order is taken") => self.mismatch(order),
            (Outcome::Delivered(receipt), via) => self.delivered(order, *receipt, via),
            // P13: a person states an outcome; a shrug releases no hold.
            (outcome, Via::Person(_)) if !outcome.denies_delivery() => return Err(Rejected::Stale),
            (_, Via::Person(_)) => self.settled(order, &Refusal::Other("settled by a person".into()), true),
            // A refusal settles after one confirming inquiry (P5); until then its hold stays (P6).
            (Outcome::Refused(reason), Via::Inquiry(_)) if inquiry.refused.is_some() => {
                self.settled(order, reason, false);
            }
            (Outcome::Reversed(_), Via::Inquiry(_)) if inquiry.refused.is_some() => {
                self.settled(order, &refunded(), false);
            }
            (Outcome::Refused(reason), _) if mutant!("a refusal settles without an inquiry") => {
                self.settled(order, reason, false);
            }
            (Outcome::Unknown(_), Via::Submission) if mutant!("no answer is failed") => {
                self.settled(order, &Refusal::Unavailable, false);
            }
            (Outcome::Refused(reason), _) => {
                if mutant!("a refusal gives its hold back before it settles") {
                    self.step.transactions.push(Transaction::release(order));
                }
                self.inquire(inquiry, Some(reason.clone()), 0, via);
            }
            (Outcome::Reversed(_), _) => self.inquire(inquiry, Some(refunded()), 0, via),
            (Outcome::NotFound, Via::Inquiry(_)) if self.counts(inquiry) => self.not_found(inquiry, via),
            (Outcome::Pending, _) => self.inquire(inquiry, None, 0, via),
            (Outcome::NotFound | Outcome::Unknown(_), _) => {
                self.inquire(inquiry, inquiry.refused.clone(), inquiry.not_found, via);
            }
        }
        Ok(())
    }

    /// An answer about an order of a parked line: a person's word settles, and so does a delivery.
    pub(super) fn settle_parked(
        &mut self,
        parked: &Parked,
        reference: &TopUpRef,
        reply: &Reply,
        via: &Via,
    ) -> Result<(), Rejected> {
        let unsettled = parked.unsettled.as_ref().filter(|topup| topup.order.reference == *reference);
        let topup = unsettled.ok_or(Rejected::Illegal)?;
        let by_person = matches!(via, Via::Person(_));
        let parked = Parked { unsettled: None, ..parked.clone() };
        if !by_person && differs(&topup.order, reply) {
            self.step.line.state = State::Parked(Parked { reason: Reason::Mismatch, ..parked });
            self.suspend_money(topup, Transaction::suspend(&topup.order));
            return Ok(());
        }
        self.step.line.state = State::Parked(parked);
        self.settle_by_word(topup, reply, by_person, Account::Held)
    }

    /// A person says what became of money in suspense (P11, P13); nobody else can.
    pub(super) fn settle_suspense(&mut self, reference: &TopUpRef, reply: &Reply, via: &Via) -> Result<(), Rejected> {
        let Via::Person(_) = via else { return Err(Rejected::Stale) };
        let suspense = &mut self.step.line.suspense;
        let place = suspense.iter().position(|topup| topup.order.reference == *reference).ok_or(Rejected::Illegal)?;
        let topup = suspense.remove(place);
        self.settle_by_word(&topup, reply, true, Account::Suspense)
    }

    /// Posts what became of an order out of the account that carries what was reserved for it.
    fn settle_by_word(&mut self, topup: &TopUp, reply: &Reply, by_person: bool, from: Account) -> Result<(), Rejected> {
        let order = &topup.order;
        let suspense = from == Account::Suspense;
        match &reply.outcome {
            Outcome::Delivered(receipt) if fits(order, *receipt) => {
                let kind = if suspense { Kind::Settle } else { Kind::Deliver };
                self.step.transactions.push(Transaction::deliver(order, kind, from, *receipt));
                let said = if by_person { TopUpState::DeliveredByWord } else { TopUpState::Delivered };
                self.arrived(&TopUp { state: said(*receipt), ..topup.clone() }, *receipt);
            }
            other if by_person && other.denies_delivery() => {
                let kind = if suspense { Kind::Settle } else { Kind::Release };
                self.step.transactions.push(Transaction::moved(order, kind, from, Account::Float, order.reserved()));
                self.step.topup = Some(TopUp { state: TopUpState::Failed(true), ..topup.clone() });
            }
            _ => return Err(Rejected::Stale),
        }
        self.step.line.outcomes += 1;
        Ok(())
    }

    /// An answer about an order that was settled before: late success (P7) or reversal (P12).
    pub(super) fn late(&mut self, topup: &TopUp, reply: &Reply) -> Result<(), Rejected> {
        let order = &topup.order;
        match (topup.state, &reply.outcome) {
            // P11, P13: it is about something else, or contradicts a person.
            (TopUpState::Failed(true), Outcome::Delivered(_))
                if !mutant!("a provider that contradicts a person is believed") =>
            {
                self.late_doubt(topup, Account::Float, order.reserved());
            }
            (TopUpState::Failed(_) | TopUpState::Withheld, Outcome::Delivered(_)) if differs(order, reply) => {
                self.late_doubt(topup, Account::Float, order.reserved());
            }
            (TopUpState::Failed(_) | TopUpState::Withheld, Outcome::Delivered(receipt)) => {
                if mutant!("late success is not posted") {
                    return Err(Rejected::Stale);
                }
                self.step.transactions.extend(Transaction::late(order, *receipt));
                self.step.line.outcomes += u32::from(!mutant!("a late outcome voids no read"));
                if !mutant!("late success alerts nobody") {
                    self.step.notices.push(Notice::LateSuccess(order.reference.clone()));
                }
                self.arrived(&TopUp { state: TopUpState::Delivered(*receipt), ..topup.clone() }, *receipt);
            }
            (TopUpState::DeliveredByWord(said), Outcome::Delivered(receipt)) if said == *receipt => {
                self.step.topup = Some(TopUp { state: TopUpState::Delivered(said), ..topup.clone() });
            }
            // P13: the provider contradicts a person.
            (TopUpState::DeliveredByWord(said), other) if other.denies_delivery() || other.delivered() => {
                let claimed = !self.forget_delivery(topup, said);
                self.late_doubt(&TopUp { claimed, ..topup.clone() }, Account::Delivered, said.debited);
            }
            (TopUpState::Delivered(_), Outcome::Reversed(_)) if differs(order, reply) => {
                return Err(Rejected::Illegal);
            }
            // P11, M4: the provider's books say that something else was delivered than its answer said.
            (TopUpState::Delivered(said), Outcome::Delivered(receipt)) if said != *receipt || differs(order, reply) => {
                let claimed = !self.forget_delivery(topup, said);
                self.late_doubt(&TopUp { claimed, ..topup.clone() }, Account::Delivered, said.debited);
            }
            (TopUpState::Delivered(_), Outcome::Reversed(_)) if mutant!("a reversal is not posted") => {
                return Err(Rejected::Stale);
            }
            (TopUpState::Delivered(receipt), Outcome::Reversed(_)) => self.reversed(topup, receipt),
            _ => return Err(Rejected::Stale),
        }
        Ok(())
    }

    /// A booking that the ledger has lost (S3): what was debited, or may be, is held and waits in suspense (M4), voids
    /// every read (K1), and keeps the number from new orders (P3). It may pass a cap: the money is gone.
    pub(super) fn found(&mut self, order: &Order) -> Result<(), Rejected> {
        let line = &mut self.step.line;
        if line.msisdn != order.msisdn || line.is_in_suspense(&order.reference) {
            return Err(Rejected::Stale);
        }
        line.outcomes += 1;
        let (line, recovery, parks) = (line.id, line.recoveries, line.unsettled_order().is_none());
        let state = TopUpState::Suspense;
        let topup = TopUp { order: order.clone(), line, recovery, aim: Aim::Probe, state, claimed: false };
        if parks {
            self.park(Reason::Mismatch);
        }
        self.step.transactions.push(Transaction::hold(order));
        self.suspend_money(&topup, Transaction::suspend(order));
        Ok(())
    }

    /// Money whose meaning only a person can settle: what was reserved waits in suspense, as when an order out is
    /// answered so, and the line parks. A line with another order out goes on with that one.
    fn late_doubt(&mut self, topup: &TopUp, from: Account, carried: Amount) {
        let order = &topup.order;
        self.step.line.outcomes += 1;
        if self.step.line.unsettled_order().is_none() {
            self.park(Reason::Mismatch);
        }
        self.suspend_money(topup, Transaction::doubted(order, from, carried));
    }

    /// Money goes to suspense, until a person settles it.
    fn suspend_money(&mut self, topup: &TopUp, transaction: Transaction) {
        let topup = TopUp { state: TopUpState::Suspense, ..topup.clone() };
        self.step.transactions.push(transaction);
        self.step.notices.push(Notice::Mismatch(topup.order.reference.clone()));
        self.step.line.suspense.push(topup.clone());
        self.step.topup = Some(topup);
    }

    /// The provider took a delivery back (P12): it reopens nothing, and is not claimed from it as well (R2).
    fn reversed(&mut self, topup: &TopUp, receipt: Receipt) {
        let order = &topup.order;
        let back = Transaction::moved(order, Kind::Reverse, Account::Delivered, Account::Float, receipt.debited);
        self.step.transactions.push(back);
        self.step.line.outcomes += 1;
        if !mutant!("what was taken back is claimed as well") {
            self.forget_delivery(topup, receipt);
        }
        self.step.topup = Some(TopUp { state: TopUpState::Reversed(receipt), ..topup.clone() });
        if !mutant!("a reversal alerts nobody") {
            self.step.notices.push(Notice::Reversed(order.reference.clone()));
        }
    }

    /// A delivery is none: it is neither claimed nor counted, and a ladder that went past it proves nothing (K5). Returns
    /// whether it was still to be claimed.
    fn forget_delivery(&mut self, topup: &TopUp, said: Receipt) -> bool {
        let line = &mut self.step.line;
        let reference = &topup.order.reference;
        let before = line.delivered.len();
        line.delivered.retain(|(order, _)| order.reference != *reference);
        let was_to_be_claimed = line.delivered.len() < before;
        self.step.claim_event = Some((reference.clone(), claim::Event::Reversed));
        if let State::Open(recovery) = &mut line.state
            && topup.recovery == line.recoveries
            && !matches!(topup.aim, Aim::Set(_))
        {
            recovery.reversed = true;
            recovery.uncount(said);
            if line.delivered.is_empty() {
                recovery.reached = None;
            }
        }
        was_to_be_claimed
    }

    /// Money arrived after all: it counts for the ladder, voids every read, and is claimed back on a suspended line.
    fn arrived(&mut self, topup: &TopUp, receipt: Receipt) {
        self.step.topup = Some(topup.clone());
        let line = &mut self.step.line;
        let current = topup.recovery == line.recoveries;
        let for_set = matches!(topup.aim, Aim::Set(_));
        if (!topup.claimed || mutant!("a delivery that came into doubt is claimed again"))
            && (!for_set || line.state == State::Suspended)
        {
            line.delivered.push((topup.order.clone(), receipt));
        }
        match &mut line.state {
            State::Suspended if mutant!("late success on a suspended line is not claimed") => {}
            State::Suspended => self.claim_back(),
            State::Open(recovery) if current && !for_set => {
                // A sum that does not fit counts for nothing here; the ledger has the money, and the line is queried.
                let _ = recovery.receive(receipt, topup.aim);
                if matches!(recovery.phase, Phase::Reading { .. } | Phase::Ready { .. } | Phase::Settling { .. }) {
                    self.settle();
                } else {
                    recovery.unsettled = recovery.is_out();
                }
            }
            // S105: the debt is paid by this money. Another order for it that is out already goes on.
            State::Open(recovery) if current && !recovery.is_out() => self.set_paid(&topup.order),
            State::Open(recovery) if current => {
                recovery.deduct(&topup.order);
                recovery.unsettled = true;
            }
            State::Open(recovery) if matches!(recovery.phase, Phase::Ready { .. }) => self.read_now(),
            _ => {}
        }
    }

    /// The line received money.
    fn delivered(&mut self, order: &Order, receipt: Receipt, via: &Via) {
        // P13: a person's word is marked, so that the provider may contradict it.
        let by_person =
            matches!(via, Via::Person(_)) && !mutant!("a person's word about an order that is out is not marked");
        let said = if by_person { TopUpState::DeliveredByWord } else { TopUpState::Delivered };
        self.topup(order, said(receipt));
        let posted = if mutant!("a delivery posts what was asked") {
            Receipt { debited: order.asked, ..receipt }
        } else {
            receipt
        };
        self.step.transactions.push(Transaction::deliver(order, Kind::Deliver, Account::Held, posted));
        self.step.line.outcomes += 1;
        let recovery = self.recovery();
        recovery.tries = 0;
        let aim = recovery.aim;
        if matches!(aim, Aim::Set(_)) {
            return self.set_paid(order);
        }
        self.step.line.delivered.push((order.clone(), receipt));
        let counted = if mutant!("a partial delivery counts in full") {
            Receipt { delivered: order.asked, ..receipt }
        } else {
            receipt
        };
        match self.recovery().receive(counted, aim) {
            // A provider that takes money and delivers nothing would take every rung like this.
            Ok(()) if receipt.delivered.is_zero() => {
                self.park(Reason::Money(format!("{} was debited and nothing delivered", receipt.debited)));
            }
            Ok(()) => self.settle(),
            Err(error) => self.park(Reason::Money(error.to_string())),
        }
    }

    /// P7: what arrived while this order was out, now that nothing came of it, has its time before anything more is paid;
    /// where it paid the set amount, nothing more is (S105).
    pub(super) fn count_late_money(&mut self) {
        let State::Open(recovery) = &self.step.line.state else { return };
        if !recovery.unsettled || !matches!(recovery.phase, Phase::Reading { .. }) {
            return;
        }
        match recovery.aim {
            Aim::Set(_) if recovery.amount().is_none() => self.idle(),
            Aim::Set(_) => {}
            _ if mutant!("late money needs no time after an order that was out") => {}
            _ => self.settle(),
        }
    }

    fn settle(&mut self) {
        self.recovery().unsettled = false;
        let recovery = self.recovery().clone();
        self.settle_on(&recovery, self.now);
    }

    /// Settled as failed: the hold goes back, and the reason says what follows. A refusal is no rung.
    fn settled(&mut self, order: &Order, reason: &Refusal, by_person: bool) {
        self.topup(order, TopUpState::Failed(by_person));
        self.step.transactions.push(Transaction::release(order));
        self.step.line.outcomes += 1;
        let gap_ms = self.recovery().terms().map_or(0, |terms| terms.min_gap_ms);
        if mutant!("a failed order is claimed") {
            let receipt = Receipt { debited: order.asked, delivered: order.asked };
            self.step.line.delivered.push((order.clone(), receipt));
        }
        if mutant!("a refusal counts as a rung") {
            let (asked, aim) = (order.asked, self.recovery().aim);
            drop(self.recovery().receive(Receipt { debited: asked, delivered: asked }, aim));
        }
        match reason {
            _ if by_person => self.park(Reason::Refused(reason.clone())),
            // A provider that states no gap is not asked again at once: that would only use up the orders (C5).
            Refusal::TooSoon => {
                let wait_ms = gap_ms.max(self.retry_ms());
                self.read_later(wait_ms);
            }
            Refusal::Unavailable => self.try_again(Reason::Refused(reason.clone())),
            Refusal::WalletEmpty => {
                self.step.notices.push(Notice::WalletEmpty(order.provider.clone()));
                self.try_again(Reason::Refused(reason.clone()));
            }
            Refusal::BarredLine | Refusal::NotOffered => self.next_provider(reason),
            Refusal::NumberWrong => {
                self.step.line.doubt = Some(Doubt::NotInService);
                self.park(Reason::Refused(reason.clone()));
            }
            Refusal::Other(_) => self.park(Reason::Refused(reason.clone())),
        }
        self.count_late_money();
    }

    /// Another provider under a new reference, else park.
    fn next_provider(&mut self, reason: &Refusal) {
        let recovery = self.recovery();
        recovery.provider += 1;
        if recovery.terms().is_none() { self.park(Reason::Refused(reason.clone())) } else { self.read_now() }
    }

    /// One more "not found" that counts.
    fn not_found(&mut self, inquiry: &Inquiry, via: &Via) {
        let times = inquiry.not_found + 1;
        match &inquiry.refused {
            Some(reason) => self.settled(&inquiry.order, reason, false),
            None if times >= NOT_FOUND_SETTLES || mutant!("one not-found is failed") => {
                self.settled(&inquiry.order, &Refusal::Unavailable, false);
            }
            None => self.inquire(inquiry, None, times, via),
        }
    }

    /// Whether a "not found" counts: the provider had its time, and the one before is a full space away. Both are
    /// measured in this process's own uptime (P5, L6), whoever asked, and however often.
    fn counts(&mut self, inquiry: &Inquiry) -> bool {
        let final_after_ms = self.recovery().terms().map_or(u64::MAX, |terms| terms.not_found_final_after_ms);
        let final_after_ms = if mutant!("a not-found counts at once") { 0 } else { final_after_ms };
        let spaced =
            inquiry.not_found == 0 || inquiry.wake.is_due(self.now) || mutant!("not-founds need no space between them");
        spaced && self.now.uptime_since(inquiry.since).is_some_and(|age_ms| age_ms >= final_after_ms)
    }

    /// Not settled: the next inquiry follows, or the line parks where none is possible (P5).
    fn inquire(&mut self, inquiry: &Inquiry, refused: Option<Refusal>, not_found: u32, via: &Via) {
        let now = self.now;
        let Some(terms) = self.recovery().terms().filter(|terms| terms.inquiry_by_reference) else {
            let unsettled = self.topup(&inquiry.order, TopUpState::Held);
            return self.park_with(Reason::CannotInquire, Some(unsettled));
        };
        let asked = inquiry.asked + u32::from(matches!(via, Via::Inquiry(_)));
        let spacing_ms = terms.inquiry_spacing_ms;
        let grown_ms = spacing_ms.saturating_mul(1 << asked.saturating_sub(4).min(12));
        let grown_ms = if not_found == 0 && mutant!("inquiries follow each other at once") { 0 } else { grown_ms };
        let wake = now_or(now, grown_ms.min(LONGEST_SPACING_MS.max(spacing_ms)));
        let next = Inquiry { refused, asked, not_found, wake, ..inquiry.clone() };
        self.recovery().phase = Phase::Inquiring(next);
    }

    /// The answer is about something else: the hold goes to suspense, the line parks (P11).
    fn mismatch(&mut self, order: &Order) {
        let topup = self.topup(order, TopUpState::Suspense);
        self.step.line.outcomes += 1;
        self.park(Reason::Mismatch);
        self.suspend_money(&topup, Transaction::suspend(order));
    }
}

/// Whether an answer is about something else than the order (P11).
fn differs(order: &Order, reply: &Reply) -> bool {
    !reply.echo.agrees_with(order) || matches!(reply.outcome, Outcome::Delivered(receipt) if !fits(order, receipt))
}

/// Whether a receipt's amounts can belong to the order: the float's currency, nothing negative, no more than reserved.
fn fits(order: &Order, receipt: Receipt) -> bool {
    receipt.debited.currency() == order.asked.currency()
        && receipt.delivered.currency() == order.asked.currency()
        && receipt.debited.minor() >= 0
        && receipt.debited <= order.reserved()
        && receipt.delivered.minor() >= 0
}

pub(super) fn refunded() -> Refusal {
    Refusal::Other("refunded by the provider".into())
}
