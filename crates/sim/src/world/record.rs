//! What a committed batch means, written down as facts; what was known before is kept here, apart from the store.

use ringback_core::{
    Amount, Bar, Judgement, Line, LineId, Order, Outcome, Reply, Service, Status, ladder,
    line::{self, Aim, State},
    recovery::{self, Event, Step, TopUpState, Word},
};
use ringback_store::{Batch, Change, Committed, Verdict};

use super::{World, chaos::place};
use crate::history::{
    Claimed, Fact, Happened, History, Intent, Key, Notices, Phase, Said, Settled, Snapshot, Spacing, Stage, Stepped,
    Via, key, kind_bit,
};

/// What is durable, as the facts so far say.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    lines: Vec<Known>,
    topups: Vec<Ordered>,
}

#[derive(Debug)]
struct Known {
    snapshot: Snapshot,
    /// The worker that moved it last.
    committer: u64,
    /// How many outcomes of its orders became known.
    outcomes: u32,
    /// The SIM that was seen first since a person last confirmed the number.
    imsi: Option<String>,
}

#[derive(Debug)]
struct Ordered {
    key: Key,
    order: Order,
    state: TopUpState,
}

impl Recorder {
    pub(super) fn know(&mut self, lines: &[Line], history: &mut History) {
        for line in lines {
            let snapshot = snapshot(line, history);
            self.lines.push(Known { snapshot, committer: 0, outcomes: 0, imsi: None });
        }
    }

    pub(super) fn last_committer(&self, line: LineId) -> u64 {
        self.lines.get(place(line)).map_or(0, |known| known.committer)
    }

    pub(super) fn outcomes(&self, line: LineId) -> u32 {
        self.lines.get(place(line)).map_or(0, |known| known.outcomes)
    }
}

impl World {
    /// Writes down what became durable with a batch.
    pub(super) fn record(&mut self, batch: &Batch, committed: &Committed, incarnation: u64) {
        if committed.switches.stop() && self.stopped.is_none() {
            // Every process looks at the switches by itself.
            self.poll_soon();
        }
        self.switched(committed.switches.stop());
        self.history.push(Fact::Batch(batch.now.day(), committed.switches.clock_fault));
        for (change, verdict) in batch.changes.iter().zip(&committed.verdicts) {
            match verdict {
                Verdict::Committed => self.record_change(batch, change, incarnation),
                Verdict::Denied(denial) => self.tell(|_| format!("denied: {denial:?}")),
                Verdict::Conflict => self.tell(|_| format!("line {} had moved on", change.step.line.id.0)),
            }
        }
    }

    fn record_change(&mut self, batch: &Batch, change: &Change, incarnation: u64) {
        let step = &change.step;
        let line = &step.line;
        let after = snapshot(line, &mut self.history);
        let known = &mut self.recorder.lines[place(line.id)];
        let before = std::mem::replace(&mut known.snapshot, after);
        known.committer = incarnation;
        if matches!(change.event, Event::Told(Word::Confirmed)) {
            known.imsi = None;
        }
        let event = happened(&change.event, step, &mut self.history);
        if let Event::Answered(read) | Event::Looked(read) = &change.event {
            self.history.push(Fact::Status(line.id, read.issued, judged(&read.status)));
            self.record_imsi(line.id, read.imsi.as_ref());
        }
        let posted = u8::try_from(step.transactions.len()).unwrap_or(u8::MAX);
        let (now, t_ms, notices) = (batch.now, self.true_ms(batch.now), notices(step));
        let policy = &self.plan.books[self.plan.lines[place(line.id)].book].policy;
        let (max_recoveries, stepwise) = (policy.max_recoveries, policy.ladder == ladder::Kind::Stepwise);
        let line_id = line.id;
        self.history.push(Fact::Stepped(Stepped {
            line: line_id,
            before,
            after,
            event,
            now,
            t_ms,
            posted,
            notices,
            max_recoveries,
            stepwise,
        }));
        if let Some(order) = &step.send {
            self.record_intent(batch, line, order);
        }
        self.record_topup(batch, change);
        for claim in &step.claims {
            self.history.push(Fact::Claimed(Claimed {
                key: key(&claim.reference),
                line: line.id,
                amount: claim.claimed,
                suspended: line.state == State::Suspended,
                doubt: line.doubt.is_some(),
            }));
        }
    }

    fn record_imsi(&mut self, line: LineId, seen: Option<&String>) {
        let known = &mut self.recorder.lines[place(line)].imsi;
        match (&known, seen) {
            (Some(first), Some(seen)) if first.as_str() != seen.as_str() => self.history.push(Fact::Foreign(line)),
            (None, Some(seen)) => *known = Some(seen.clone()),
            _ => {}
        }
    }

    /// When a worker's clock showed this, truly.
    fn true_ms(&self, now: ringback_core::Now) -> u64 {
        let place = usize::try_from(now.incarnation.0).unwrap_or(usize::MAX);
        self.born_ms.get(place).map_or(self.t_ms, |born_ms| born_ms + now.uptime_ms)
    }

    fn record_intent(&mut self, batch: &Batch, line: &Line, order: &Order) {
        let State::Open(recovery) = &line.state else { return };
        let line::Phase::Paying { cited, .. } = recovery.phase else { return };
        let intent = Intent {
            key: key(&order.reference),
            line: line.id,
            book: line.book,
            msisdn: order.msisdn,
            provider: self.provider_place(&order.provider),
            asked: order.asked,
            reserved: order.reserved(),
            aim: recovery.aim,
            recovery: line.recoveries,
            cited,
            now: batch.now,
            t_ms: self.true_ms(batch.now),
            fresh_ms: recovery.pinned.timing.fresh_ms,
            max_orders: recovery.pinned.max_orders,
            clock_fault: batch.clock_fault,
            settling_ms: recovery.pinned.timing.settling_ms,
            outcomes: self.recorder.outcomes(line.id),
        };
        self.history.push(Fact::Intent(intent));
        let (key, order) = (intent.key, order.clone());
        self.recorder.topups.push(Ordered { key, order, state: TopUpState::Held });
    }

    fn record_topup(&mut self, batch: &Batch, change: &Change) {
        let step = &change.step;
        let told = match &change.event {
            Event::Replied { reference, reply, via } => {
                Some((key(reference), said(&reply.outcome), way(via), Some(reply)))
            }
            Event::Late { topup, reply } => {
                Some((key(&topup.order.reference), said(&reply.outcome), Via::Statement, Some(reply)))
            }
            Event::Withheld { reference, .. } => Some((key(reference), Said::Withheld, Via::Nobody, None)),
            _ => step.topup.as_ref().map(|topup| (key(&topup.order.reference), Said::Committed, Via::Nobody, None)),
        };
        let Some((key, said, via, reply)) = told else { return };
        let Some(known) = self.recorder.topups.iter_mut().find(|known| known.key == key) else { return };
        let after = step.topup.as_ref().map_or(known.state, |topup| topup.state);
        let before = std::mem::replace(&mut known.state, after);
        let confirmed = matches!((before, after), (TopUpState::DeliveredByWord(_), TopUpState::Delivered(_)));
        let is_outcome = before != after && after != TopUpState::Withheld && !confirmed;
        self.recorder.lines[place(step.line.id)].outcomes += u32::from(is_outcome);
        let terms = self.plan.providers.iter().find(|terms| terms.offer.provider == known.order.provider);
        let differs = reply.is_some_and(|reply| differs(&known.order, reply));
        let kinds = step.transactions.iter().fold(0, |bits, transaction| bits | kind_bit(transaction.kind));
        let line = &step.line;
        self.history.push(Fact::Settled(Settled {
            key,
            line: line.id,
            before,
            after,
            said,
            via,
            differs,
            now: batch.now,
            terms: Spacing {
                inquiry: terms.is_some_and(|terms| terms.inquiry_by_reference),
                final_after_ms: terms.map_or(0, |terms| terms.not_found_final_after_ms),
                spacing_ms: terms.map_or(0, |terms| terms.inquiry_spacing_ms),
            },
            kinds,
            stopped: matches!(line.state, State::Parked(_)) || line.unsettled_order().is_some(),
            claimed: step.claims.iter().any(|claim| crate::history::key(&claim.reference) == key),
            suspended: line.state == State::Suspended && line.doubt.is_none(),
            notices: notices(step),
        }));
    }

    /// The top-ups that were ordered.
    pub(super) fn ordered(&self) -> impl Iterator<Item = (Key, &Order)> {
        self.recorder.topups.iter().map(|known| (known.key, &known.order))
    }
}

fn snapshot(line: &Line, history: &mut History) -> Snapshot {
    let recovery = match &line.state {
        State::Open(recovery) => Some(recovery),
        _ => None,
    };
    Snapshot {
        version: line.version,
        stage: stage(&line.state),
        recovery: line.recoveries,
        outcomes: line.outcomes,
        doubt: line.doubt.is_some(),
        enrolled: line.consents.complete(),
        watched: line.mode == ringback_core::Mode::Watch,
        told_suspended: line.told.suspended,
        to_settle: line.to_settle().count(),
        pinned: recovery.map(|recovery| history.caps_place(&recovery.pinned.caps)),
        orders: recovery.map_or(0, |recovery| recovery.orders),
        cut: recovery.is_some_and(|recovery| recovery.pinned.ladder.is_cut()),
        rung: recovery.and_then(|recovery| match recovery.aim {
            Aim::Rung { plan, .. } => Some(plan),
            _ => None,
        }),
    }
}

pub(super) fn stage(state: &State) -> Stage {
    match state {
        State::Idle => Stage::Idle,
        State::Suspended => Stage::Suspended,
        State::Parked(parked) if parked.reason == line::Reason::LeftAlone => Stage::LeftAlone,
        State::Parked(_) => Stage::Parked,
        State::Open(recovery) => Stage::Open(match recovery.phase {
            line::Phase::Preparing { .. } => Phase::Preparing,
            line::Phase::Approval => Phase::Approval,
            line::Phase::Reading { .. } => Phase::Reading,
            line::Phase::Ready { .. } => Phase::Ready,
            line::Phase::Paying { .. } => Phase::Paying,
            line::Phase::Inquiring(_) => Phase::Inquiring,
            line::Phase::Settling { .. } => Phase::Settling,
            line::Phase::Owed { .. } => Phase::Owed,
        }),
    }
}

fn happened(event: &Event, step: &Step, history: &mut History) -> Happened {
    match event {
        Event::Answered(read) | Event::Looked(read) => Happened::Answered(judged(&read.status)),
        Event::Replied { .. } => Happened::Replied,
        Event::Late { .. } => Happened::Late,
        Event::Signalled => Happened::Signalled,
        Event::Offered(terms) => {
            let chosen = match &step.line.state {
                State::Open(recovery) => recovery.terms().map(|terms| &terms.offer.provider),
                _ => None,
            };
            let plans =
                terms.iter().find(|terms| Some(&terms.offer.provider) == chosen).map(|terms| &terms.offer.plans);
            let known = step.line.told.plan;
            let plans: Vec<Amount> = plans.into_iter().flatten().copied().chain(known).collect();
            history.plans.push(plans);
            Happened::Offered(history.plans.len() - 1)
        }
        Event::Denied(_) => Happened::Denied,
        Event::Withheld { .. } => Happened::Withheld,
        Event::Told(word) => match word {
            Word::Enrolled(..) => Happened::Enrolled,
            Word::Withdrawn => Happened::Withdrawn,
            Word::TryAgain => Happened::TryAgain,
            Word::Confirmed => Happened::Confirmed,
            Word::Suspended => Happened::ToldSuspended,
            Word::Mode(_) | Word::LeaveAlone(_) | Word::Plan(_) | Word::Route(_) => Happened::Other,
        },
        _ => Happened::Other,
    }
}

fn notices(step: &Step) -> Notices {
    let told = |wanted: fn(&recovery::Notice) -> bool| step.notices.iter().any(wanted);
    Notices {
        parked: told(|notice| matches!(notice, recovery::Notice::Parked(_))),
        late: told(|notice| matches!(notice, recovery::Notice::LateSuccess(_))),
        reversed: told(|notice| matches!(notice, recovery::Notice::Reversed(_))),
        mismatch: told(|notice| matches!(notice, recovery::Notice::Mismatch(_))),
    }
}

/// What a status means, told apart from the core's own judgement.
fn judged(status: &Status) -> Judgement {
    match status.service {
        Service::InService => Judgement::InService,
        Service::Restricted(Bar::ArrearsOrUnknown) => Judgement::Restricted,
        Service::Restricted(bar) => Judgement::BarredOtherwise(bar),
        Service::NotInService | Service::Recycled => Judgement::NotInService,
        Service::Unknown(_) => Judgement::Unknown,
    }
}

fn said(outcome: &Outcome) -> Said {
    match outcome {
        Outcome::Delivered(receipt) => Said::Delivered(*receipt),
        Outcome::Pending => Said::Pending,
        Outcome::Refused(_) => Said::Refused,
        Outcome::NotFound => Said::NotFound,
        Outcome::Reversed(_) => Said::Reversed,
        Outcome::Unknown(_) => Said::Unknown,
    }
}

fn way(via: &recovery::Via) -> Via {
    match via {
        recovery::Via::Submission => Via::Submission,
        recovery::Via::Inquiry(asked) => Via::Inquiry(*asked),
        recovery::Via::Statement => Via::Statement,
        recovery::Via::Person(_) => Via::Person,
    }
}

/// Whether an answer is about something else than the order, told apart from the core's own rule (P11).
fn differs(order: &Order, reply: &Reply) -> bool {
    let echo = &reply.echo;
    let other_reference = echo.reference.as_ref().is_some_and(|reference| reference != order.reference.as_str());
    let other_line = echo.msisdn.is_some_and(|msisdn| msisdn != order.msisdn);
    let other_amount = echo.asked.is_some_and(|asked| asked != order.asked);
    let fee_minor = order.max_fee.map_or(0, Amount::minor);
    let strange = match reply.outcome {
        Outcome::Delivered(receipt) => {
            receipt.debited.currency() != order.asked.currency()
                || receipt.delivered.currency() != order.asked.currency()
                || !(0..=order.asked.minor() + fee_minor).contains(&receipt.debited.minor())
                || receipt.delivered.minor() < 0
        }
        _ => false,
    };
    other_reference || other_line || other_amount || strange
}
