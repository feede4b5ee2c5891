//! What the engine wants done, carried out in a world where messages are late, lost and doubled.

use std::sync::Arc;

use ringback_core::{
    Line, LineId, Msisdn, Now, Outcome, Reply, Status, admit::Switch, claim::State, line::Terms, recovery::Notice,
};
use ringback_engine::{Comparison, Input, Output, reconcile::Reconciled, shell::compare};
use ringback_store::{Batch, ClaimFilter, Committed, Filter, StoreError};

use super::{Call, Due, World};
use crate::{
    fault::Fault,
    history::{DeskAsked, Fact, Queried, Sent, key},
    provider::{Booked, Later, echoed},
};

/// How long a worker waits for an answer.
pub(super) const DEADLINE_MS: u64 = 30_000;

/// Lines in one page of a sweep.
const PAGE: u32 = 3;

impl World {
    /// Takes what a worker's engine puts out.
    pub(super) fn emit(&mut self, worker: usize, now: Now, output: Output) {
        match output {
            Output::Stepped(line, event) => {
                self.tell(|_| format!("line {} {}: {}", line.id.0, event.name(), crate::story::stands(&line)));
            }
            Output::Notice(line, notice) => self.notice(&line, &notice),
            Output::Trouble(text) => self.trouble(&text),
            Output::ClockFault => self.freeze(worker, self.workers[worker].incarnation),
            output => {
                self.note(worker, now, &output);
                self.send(worker, output);
            }
        }
    }

    fn notice(&mut self, line: &Line, notice: &Notice) {
        self.tell(|_| format!("line {} notice: {notice:?}", line.id.0));
        let late = self.rates.strikes(&mut self.random, Fault::AnsweredLate);
        let wait_ms = 1_000 + self.random.below(if late { 3 * 86_400_000 } else { 240_000 });
        self.queue.push(self.t_ms + wait_ms, Due::Person(line.id));
    }

    fn trouble(&mut self, text: &str) {
        if text.contains("861380013") {
            self.history.push(Fact::Exposed(text.to_owned()));
        }
        self.tell(|_| format!("trouble: {text}"));
    }

    /// A worker's clock fault. What cannot be stored now is stored later, or with the worker's next batch.
    pub(super) fn freeze(&mut self, worker: usize, incarnation: u64) {
        let Some(worker) = self.alive(worker, incarnation) else { return };
        self.queue.push(self.t_ms + 3_600_000, Due::Release);
        if self.rates.strikes(&mut self.random, Fault::DiskFull) {
            return self.queue.push(self.t_ms + 1_000, Due::Freeze(worker, incarnation));
        }
        self.db.sure(self.db.store().set_switch(Switch::ClockFault, true));
        self.switched(true);
        self.poll_soon();
        self.queue.push(self.t_ms + 1, Due::Return(worker, incarnation, Input::FaultStored));
    }

    /// Writes down what leaves a worker.
    fn note(&mut self, worker: usize, now: Now, output: &Output) {
        match output {
            Output::Submit(line, order) => {
                let incarnation = self.workers[worker].incarnation;
                let sent = Sent {
                    key: key(&order.reference),
                    asked: order.asked,
                    msisdn: order.msisdn,
                    provider: self.provider_place(&order.provider),
                    now,
                    t_ms: self.t_ms,
                    failing: self.workers[worker].failing,
                    outpaced: self.recorder.last_committer(*line) != incarnation || self.is_blind(worker),
                };
                self.history.push(Fact::Sent(sent));
                if self.put_back && self.is_unreconciled(order) {
                    self.history.push(Fact::Unreconciled(key(&order.reference)));
                }
            }
            Output::Query(_, lines) => {
                for line in lines {
                    let outcomes = self.recorder.outcomes(line.id);
                    self.history.push(Fact::Queried(Queried { line: line.id, issued: now, outcomes, t_ms: self.t_ms }));
                }
            }
            Output::Inquire(_, order) => {
                self.history.push(Fact::Inquired(key(&order.reference), self.t_ms, self.rates.are_on()));
            }
            Output::Desk(claim) => {
                let stored = self.db.sure(self.db.store().claims(ClaimFilter::Of(claim.reference.clone())));
                let outpaced = self.workers[worker].committing > 0 || !self.workers[worker].alone;
                self.history.push(Fact::DeskAsked(DeskAsked {
                    key: key(&claim.reference),
                    amount: claim.claimed,
                    open: stored.first().is_some_and(is_open),
                    frozen: stored.first().is_some_and(|stored| stored.frozen),
                    outpaced,
                }));
            }
            _ => {}
        }
    }

    /// Whether a worker could not have seen yet what another process wrote a moment ago.
    fn is_blind(&self, worker: usize) -> bool {
        let paused = self.workers[worker].paused_until_ms;
        paused > 0 && paused + 1_000 >= self.t_ms
    }

    pub(super) fn provider_place(&self, name: &str) -> usize {
        self.plan.providers.iter().position(|terms| terms.offer.provider == name).unwrap_or(usize::MAX)
    }

    /// A request leaves; it may be late, lost or doubled.
    fn send(&mut self, worker: usize, output: Output) {
        let incarnation = self.workers[worker].incarnation;
        if matches!(output, Output::Commit(_)) {
            self.workers[worker].committing += 1;
        }
        let (sent_ms, silent) = (self.t_ms, false);
        let call = |output, silent| Call { worker, incarnation, sent_ms, silent, output };
        if is_local(&output) {
            let at_ms = self.t_ms + self.disk_ms();
            return self.queue.push(at_ms, Due::Arrive(call(output, silent)));
        }
        if let Some(again) = self.doubled(&output)
            && self.rates.strikes(&mut self.random, Fault::Duplicated)
        {
            let at_ms = self.t_ms + self.random.below(DEADLINE_MS);
            self.queue.push(at_ms, Due::Arrive(call(again, true)));
        }
        let lost = self.rates.strikes(&mut self.random, Fault::RequestLost);
        let at_ms = self.t_ms + self.latency_ms();
        let in_time = !lost && at_ms <= sent_ms + DEADLINE_MS;
        if !in_time {
            let late = unanswered(&output);
            self.queue.push(sent_ms + DEADLINE_MS, Due::Return(worker, incarnation, late));
        }
        if !lost {
            self.queue.push(at_ms, Due::Arrive(call(output, !in_time)));
        }
    }

    fn disk_ms(&mut self) -> u64 {
        let slow = self.rates.strikes(&mut self.random, Fault::DiskSlow);
        1 + self.random.below(if slow { 2_000 } else { 4 })
    }

    fn latency_ms(&mut self) -> u64 {
        if self.rates.strikes(&mut self.random, Fault::Delayed) {
            let most = self.random.pick(&[5_000, 10_000, 10_000, 25_000, 40_000, 900_000, 2 * 86_400_000]);
            return 1_000 + self.random.below(most);
        }
        if self.rates.strikes(&mut self.random, Fault::Reordered) {
            return 1 + self.random.below(3);
        }
        20 + self.random.below(200)
    }

    /// The same request once more, where receiving it twice is the receiver's business.
    fn doubled(&self, output: &Output) -> Option<Output> {
        match output {
            Output::Submit(line, order) => {
                let provider = self.providers.get(self.provider_place(&order.provider))?;
                provider.deduplicates.then(|| Output::Submit(*line, order.clone()))
            }
            Output::Inquire(line, order) => Some(Output::Inquire(*line, order.clone())),
            Output::Desk(claim) => Some(Output::Desk(claim.clone())),
            _ => None,
        }
    }

    /// A request reaches the outside, which acts and answers.
    pub(super) fn arrive(&mut self, call: Call) {
        let Call { worker, incarnation, sent_ms, silent, output } = call;
        let input = match output {
            Output::Commit(batch) => return self.commit(worker, incarnation, batch),
            Output::Load(ids) => Input::Lines(self.db.sure(self.db.store().lines_by_id(&ids))),
            Output::Page(books, after) => {
                let enrolled = Filter { enrolled: true, books: Some(books), ..Filter::default() };
                Input::Page(self.db.sure(self.db.store().lines(&enrolled, after, PAGE)))
            }
            Output::Unfence(books) => {
                self.db.sure(self.db.store().unfence(&books));
                Input::Fenced(None)
            }
            Output::Claims(books) => Input::OpenClaims(self.db.sure(self.db.store().claims(ClaimFilter::Open(books)))),
            output => return self.answer(worker, incarnation, sent_ms, silent, output),
        };
        if self.alive(worker, incarnation).is_some() {
            self.back(worker, incarnation, input);
        }
    }

    fn answer(&mut self, worker: usize, incarnation: u64, sent_ms: u64, silent: bool, output: Output) {
        let late = unanswered(&output);
        let input = self.outside(output);
        if silent {
            return;
        }
        let lost = self.rates.strikes(&mut self.random, Fault::AnswerLost);
        let at_ms = self.t_ms + self.latency_ms();
        let deadline_ms = sent_ms + DEADLINE_MS;
        let (at_ms, input) = if lost || at_ms > deadline_ms { (deadline_ms, late) } else { (at_ms, input) };
        self.queue.push(at_ms, Due::Return(worker, incarnation, input));
    }

    fn outside(&mut self, output: Output) -> Input {
        match output {
            Output::Query(channel, lines) => self.query(channel, &lines),
            Output::Offers(line, names) => Input::Offers(line.id, self.offers(&names)),
            Output::Prepare(line, provider) => {
                let unprepared = self.rates.strikes(&mut self.random, Fault::Unprepared);
                let place = self.provider_place(&provider);
                self.providers[place].unprepared |= unprepared;
                Input::Prepared(line)
            }
            Output::Submit(line, order) => Input::Replied(line, self.submit(&order)),
            Output::Inquire(line, order) => {
                let place = self.provider_place(&order.provider);
                let outcome = self.providers[place].inquire(&order, self.t_ms, &self.rates);
                self.tell(|_| format!("provider {place} is asked about {}: {outcome:?}", order.reference));
                Input::Replied(line, echoed(&order, outcome, &mut self.random, &mut self.rates))
            }
            Output::Statement(comparison) => self.statement(comparison),
            Output::Desk(claim) => {
                let reply = self.desk.ask(&claim, &mut self.random, &mut self.rates);
                self.tell(|_| format!("the desk is asked for {} of {}: {reply:?}", claim.claimed, claim.reference));
                Input::Desk(claim.reference, reply)
            }
            other => unreachable!("nothing is answered to {other:?}"),
        }
    }

    fn query(&mut self, channel: String, lines: &[Arc<Line>]) -> Input {
        let mut answers = Vec::with_capacity(lines.len());
        for line in lines {
            let answer = self.network.answer(line.msisdn, &mut self.random, &mut self.rates);
            self.tell(|_| format!("the network says of line {}: {:?}", line.id.0, answer.status.service));
            answers.push((line.id, answer));
        }
        Input::Answers(channel, answers)
    }

    fn offers(&mut self, names: &[String]) -> Result<Vec<Terms>, (String, bool)> {
        if self.rates.strikes(&mut self.random, Fault::OffersFail) {
            return Err(("out of order".into(), self.random.percent(80)));
        }
        Ok(names.iter().map(|name| self.plan.providers[self.provider_place(name)].clone()).collect())
    }

    fn submit(&mut self, order: &ringback_core::Order) -> Reply {
        let place = self.provider_place(&order.provider);
        let (outcome, booking, later) =
            self.providers[place].submit(order, self.t_ms, &mut self.random, &mut self.rates);
        self.tell(|_| format!("provider {place} gets {} over {}: {outcome:?}", order.reference, order.asked));
        if let (Some(_), Outcome::Delivered(receipt)) = (booking, &outcome) {
            self.network.receive(order.msisdn, receipt.delivered.minor());
        }
        match (booking, later) {
            (Some(booking), Later::Deliver(ms)) => self.queue.push(self.t_ms + ms, Due::Deliver(place, booking)),
            (Some(booking), Later::Reverse(ms)) => self.queue.push(self.t_ms + ms, Due::Reverse(place, booking)),
            _ => {}
        }
        echoed(order, outcome, &mut self.random, &mut self.rates)
    }

    /// A provider delivers after all.
    pub(super) fn deliver(&mut self, provider: usize, booking: usize) {
        let order = self.providers[provider].bookings[booking].order.clone();
        let receipt = self.providers[provider].receipt(&order, &mut self.random, &mut self.rates);
        self.tell(|_| format!("provider {provider} delivers {} after all", order.reference));
        self.providers[provider].bookings[booking].truth = Booked::Delivered(receipt);
        self.network.receive(order.msisdn, receipt.delivered.minor());
    }

    pub(super) fn reverse(&mut self, provider: usize, booking: usize) {
        let booking = &mut self.providers[provider].bookings[booking];
        let Booked::Delivered(receipt) = booking.truth else { return };
        booking.truth = Booked::Reversed(receipt);
        let (msisdn, reference) = (booking.order.msisdn, booking.order.reference.clone());
        self.network.receive(msisdn, -receipt.delivered.minor());
        self.tell(|_| format!("provider {provider} takes {reference} back"));
    }

    fn statement(&mut self, comparison: Comparison) -> Input {
        let Comparison { provider, since_ms, books, fenced } = comparison;
        if self.rates.strikes(&mut self.random, Fault::StatementUnread) {
            return Input::Statement(provider, Err("no statement".into()));
        }
        let ours = self.db.sure(self.db.store().topups_since(&provider, since_ms));
        let place = self.provider_place(&provider);
        let theirs = self.providers[place].statement();
        let found = if ours.is_empty() && !fenced {
            Reconciled::default()
        } else {
            self.db.sure(compare(self.db.store(), &provider, &books, ours, &theirs))
        };
        Input::Statement(provider, Ok(found.events))
    }

    /// A batch reaches the disk, which may be full, or fail, or be the last thing that its process saw.
    fn commit(&mut self, worker: usize, incarnation: u64, batch: Batch) {
        let rates = &mut self.rates;
        let result = if rates.strikes(&mut self.random, Fault::DiskFull) {
            Err(StoreError::Full)
        } else if rates.strikes(&mut self.random, Fault::FsyncFailed) {
            self.write(&batch, incarnation).ok();
            Err(StoreError::Other("fsync failed".into()))
        } else {
            self.write(&batch, incarnation)
        };
        if let Err(error) = &result {
            let text = error.to_string();
            self.tell(|_| format!("a commit fails: {text}"));
        }
        let at_ms = self.t_ms + self.disk_ms();
        self.queue.push(at_ms, Due::Return(worker, incarnation, Input::Committed(batch, result)));
    }

    /// Commits and writes down what became durable.
    pub(super) fn write(&mut self, batch: &Batch, incarnation: u64) -> Result<Committed, StoreError> {
        let committed = self.db.wait(self.db.store().commit(batch))?;
        self.record(batch, &committed, incarnation);
        Ok(committed)
    }
}

/// Whether a desk may still be asked, told apart from the core's own rule (R5).
fn is_open(claim: &ringback_core::Claim) -> bool {
    matches!(claim.state, State::Requested | State::Acknowledged { .. })
}

/// What only the database is asked.
fn is_local(output: &Output) -> bool {
    matches!(output, Output::Commit(_) | Output::Load(_) | Output::Page(..) | Output::Claims(_) | Output::Unfence(_))
}

/// What the shell says where no answer comes in time.
fn unanswered(output: &Output) -> Input {
    let unknown = || Reply::from(Outcome::Unknown("no answer in time".into()));
    match output {
        Output::Query(channel, lines) => {
            let silent = |line: &Arc<Line>| (line.id, silent(line.msisdn));
            Input::Answers(channel.clone(), lines.iter().map(silent).collect::<Vec<(LineId, _)>>())
        }
        Output::Offers(line, _) => Input::Offers(line.id, Err(("no answer in time".into(), true))),
        Output::Prepare(line, _) => Input::Prepared(*line),
        Output::Submit(line, _) | Output::Inquire(line, _) => Input::Replied(*line, unknown()),
        Output::Statement(comparison) => {
            Input::Statement(comparison.provider.clone(), Err("no statement in time".into()))
        }
        Output::Desk(claim) => {
            let reply = ringback_core::DeskReply::Unknown("no answer in time".into());
            Input::Desk(claim.reference.clone(), reply)
        }
        _ => Input::Tick,
    }
}

fn silent(msisdn: Msisdn) -> ringback_core::Answer {
    ringback_core::Answer { msisdn, status: Status::unknown("no answer in time"), imsi: None }
}
