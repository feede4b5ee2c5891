//! The commit: what has happened becomes durable together, and only then is anything carried out (P1).

use std::{collections::BTreeSet, sync::Arc};

use ringback_core::{
    LineId, Now, mutant,
    recovery::{Event, Rejected, Step, step},
};
use ringback_store::{Batch, Change, Committed, StoreError, Verdict};

use super::{Asked, Busy, Call, Engine, Output};
use crate::config::Wiring;

/// The wait after a failed commit, before it is tried again.
const RETRY_MS: u64 = 1_000;

/// The batch that is out, and how the next one may look.
#[derive(Debug, Default)]
pub(super) struct Commits {
    out: bool,
    not_before_ms: u64,
    /// How many transitions are committed one by one, since one of them contradicts what is stored.
    singly: usize,
    /// The database failed the last time: what is stored is not known, so nothing leaves (S2).
    failing: bool,
}

impl Commits {
    pub(super) fn is_out(&self) -> bool {
        self.out
    }

    pub(super) fn are_failing(&self) -> bool {
        self.failing
    }

    /// When the next batch may be handed over.
    pub(super) fn next_ms(&self) -> Option<u64> {
        (!self.out).then_some(self.not_before_ms)
    }
}

impl Engine {
    /// Steps every line that has an event and hands the transitions over as one batch (group commit).
    pub(super) fn commit(&mut self, now: Now) {
        if self.commits.next_ms().is_none_or(|at_ms| now.uptime_ms < at_ms) {
            return;
        }
        let most = if self.commits.singly > 0 { 1 } else { self.config.batch };
        let mut changes = Vec::new();
        let mut rejected = BTreeSet::new();
        while changes.len() < most
            && let Some(id) = self.ready.pop_front()
        {
            match self.step(now, id) {
                Some(change) => changes.push(change),
                None => drop(rejected.insert(id)),
            }
        }
        for id in rejected {
            self.settle(now, id);
        }
        let (claims, requests) = (self.claims.take_changes(), std::mem::take(&mut self.done));
        if !changes.is_empty() || !claims.is_empty() || !requests.is_empty() {
            self.commits.out = true;
            // One that is stored already is the store's to keep: a person may have cleared it there meanwhile.
            let clock_fault = self.fault_raised;
            self.out.push(Output::Commit(Batch { now, changes, claims, requests, clock_fault }));
        }
    }

    /// The next transition of one line; events that change nothing are dropped, and the requests for them are done.
    fn step(&mut self, now: Now, id: LineId) -> Option<Change> {
        let tracked = self.tracked.get_mut(&id)?;
        let Wiring { policy, .. } = self.config.books.get(&tracked.line.book)?;
        while let Some(Asked { event, request }) = tracked.inbox.pop_front() {
            match step(&tracked.line, &event, now, policy) {
                Ok(step) => {
                    if let Some(order) = step.send.clone().filter(|_| mutant!("an order leaves before its commit")) {
                        self.out.push(Output::Submit(id, order));
                    }
                    tracked.committing = true;
                    return Some(Change { event, step, request });
                }
                Err(Rejected::Stale) => {}
                Err(Rejected::Illegal) => {
                    let (line, event) = (tracked.line.msisdn, event.name());
                    if mutant!("a log shows whole numbers") {
                        self.out.push(Output::Trouble(format!("{line}: {event}")));
                    }
                    self.out.push(Output::Trouble(format!("{line:?}: {event} does not fit where the line stands")));
                }
            }
            self.done.extend(request);
        }
        None
    }

    pub(super) fn committed(&mut self, now: Now, batch: Batch, result: Result<Committed, StoreError>) {
        self.commits.out = false;
        self.commits.failing = !matches!(result, Ok(_) | Err(StoreError::Contradiction(_)));
        let result = if result.is_err() && mutant!("a commit that failed is carried out") {
            Ok(Committed { verdicts: vec![Verdict::Committed; batch.changes.len()], switches: self.switches })
        } else {
            result
        };
        match result {
            Ok(committed) => {
                self.fault_stored(batch.clock_fault);
                self.stop(committed.switches);
                self.commits.singly = self.commits.singly.saturating_sub(1);
                if committed.verdicts.contains(&Verdict::Conflict) {
                    // What moved a line on may have claimed for it, or ended a claim: another process, or a commit that only
                    // seemed to fail.
                    self.claims.doubt();
                    self.out.push(Output::Claims(self.config.books()));
                }
                for (change, verdict) in batch.changes.into_iter().zip(committed.verdicts) {
                    self.release(now, change, verdict);
                }
            }
            Err(StoreError::Contradiction(reason)) if batch.changes.len() == 1 => self.give_up(now, batch, &reason),
            Err(error) => {
                self.commits.not_before_ms = now.uptime_ms + RETRY_MS;
                if matches!(error, StoreError::Contradiction(_)) {
                    (self.commits.singly, self.commits.not_before_ms) = (batch.changes.len(), 0);
                }
                self.out.push(Output::Trouble(format!("nothing was committed, nothing is sent: {error}")));
                self.put_back(batch);
            }
        }
    }

    /// A transition that contradicts what is stored is left out, so that it holds up nobody else; its line is loaded
    /// again and goes on from there.
    fn give_up(&mut self, now: Now, mut batch: Batch, reason: &str) {
        self.commits.singly = self.commits.singly.saturating_sub(1);
        self.commits.not_before_ms = now.uptime_ms + RETRY_MS;
        for change in batch.changes.drain(..) {
            let line = &change.step.line;
            let text = format!("{:?}: {} was not committed: {reason}", line.msisdn, change.event.name());
            self.out.push(Output::Trouble(text));
            self.reload(line.id, Vec::new());
        }
        self.put_back(batch);
    }

    /// Carries out what a committed transition asks for; a refused order comes back as an event.
    fn release(&mut self, now: Now, change: Change, verdict: Verdict) {
        let id = change.step.line.id;
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        tracked.committing = false;
        match verdict {
            Verdict::Committed => self.carry_out(now, change.step, change.event),
            Verdict::Denied(denial) => tracked.inbox.push_front(Event::Denied(denial).into()),
            // What the statement was compared with is not what is stored any more: it is compared anew.
            Verdict::Conflict
                if matches!(change.event, Event::Late { .. })
                    && !mutant!("a late answer is told again after a conflict") =>
            {
                self.statements.begin();
                return self.reload(id, Vec::new());
            }
            Verdict::Conflict => {
                return self.reload(id, vec![Asked { event: change.event, request: change.request }]);
            }
        }
        if self.tracked.get(&id).is_some_and(|tracked| !tracked.inbox.is_empty()) {
            self.ready.push_back(id);
        }
        self.settle(now, id);
    }

    /// What is in memory is not what is stored: the line is loaded, then these events and those that wait follow.
    fn reload(&mut self, id: LineId, mut events: Vec<Asked>) {
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        (tracked.committing, tracked.outdated) = (false, true);
        events.extend(tracked.inbox.drain(..));
        events.extend(self.expected.remove(&id).unwrap_or_default());
        self.expected.insert(id, events);
        self.missing.push(id);
    }

    fn carry_out(&mut self, now: Now, step: Box<Step>, event: Event) {
        let id = step.line.id;
        if let Some(event) = &step.line_claims {
            self.claims.happened_to_line(step.line.id, event);
        }
        if let Some((reference, event)) = &step.claim_event {
            self.claims.mirror(reference, event);
        }
        step.claims.into_iter().for_each(|claim| self.claims.track(claim, now.uptime_ms));
        let line = Arc::new(step.line);
        for notice in step.notices {
            self.out.push(Output::Notice(line.clone(), notice));
        }
        self.out.push(Output::Stepped(line.clone(), event));
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        tracked.line = line;
        if let Some(order) = step.send {
            let orders = self.providers.of(&self.config, &order.provider);
            orders.push_urgent(Call::Submit(id));
            tracked.busy = Some(Busy::Waiting(order));
        }
    }

    fn put_back(&mut self, batch: Batch) {
        for change in batch.changes {
            let id = change.step.line.id;
            let Some(tracked) = self.tracked.get_mut(&id) else { continue };
            tracked.committing = false;
            tracked.inbox.push_front(Asked { event: change.event, request: change.request });
            self.ready.push_back(id);
        }
        self.claims.put_back(batch.claims);
        self.done.extend(batch.requests);
    }
}
