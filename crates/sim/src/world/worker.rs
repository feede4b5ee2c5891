//! Workers: processes that start, stand still, and die.

use ringback_core::{BookId, Incarnation, LineId, Now};
use ringback_engine::{Engine, Input, Output};
use ringback_store::{Ask, ClaimFilter, Filter, StoreError};

use super::{Due, World};
use crate::{fault::Fault, random::Random};

/// One incarnation of an engine.
pub(super) struct Worker {
    pub(super) engine: Engine,
    pub(super) incarnation: u64,
    born_ms: u64,
    /// How far its wall clock is off.
    pub(super) offset_ms: i64,
    pub(super) alive: bool,
    /// It stands still until then.
    pub(super) paused_until_ms: u64,
    wake_ms: Option<u64>,
    last_request: i64,
    /// How many commits are on their way.
    pub(super) committing: u32,
    /// The last commit failed.
    pub(super) failing: bool,
    /// No other worker lived beside it.
    pub(super) alone: bool,
}

/// The most workers that live at a time.
const MOST_WORKERS: usize = 3;

impl World {
    /// A process starts on what is durable, as the shell does (L4).
    pub(super) fn spawn(&mut self, first: bool) {
        self.workers.retain(|worker| worker.alive);
        if self.workers.len() >= MOST_WORKERS {
            return;
        }
        self.incarnations += 1;
        self.born_ms.push(self.t_ms);
        let mut random = Random::seeded(self.random.next());
        let mut engine = Engine::new(self.plan.config(), Box::new(move || random.bits()));
        engine.reconcile();
        if self.random.percent(20) {
            engine.start_sweeping();
        }
        let store = self.db.store();
        let open = Filter { open: true, books: Some(self.books()), ..Filter::default() };
        let open = self.db.sure(store.lines(&open, LineId(0), u32::MAX));
        let claims = self.db.sure(store.claims(ClaimFilter::Open(self.books())));
        // A machine may start with a clock that nobody set.
        let ahead = self.rates.strikes(&mut self.random, Fault::ClockForward);
        let offset_ms = if ahead { 40 * 86_400_000 } else { 0 };
        let fenced = self.db.sure(store.fenced(&self.books()));
        let mut inputs = vec![Input::Fenced(fenced), Input::Lines(open), Input::Claims(claims)];
        if first || self.random.percent(20) {
            let enrolled = Filter { enrolled: true, ..Filter::default() };
            inputs.push(Input::Check(self.db.sure(store.lines(&enrolled, LineId(0), u32::MAX))));
        }
        inputs.push(Input::Switches(self.db.sure(store.switches())));
        self.workers.push(Worker {
            engine,
            incarnation: self.incarnations,
            born_ms: self.t_ms,
            offset_ms,
            alive: true,
            paused_until_ms: 0,
            wake_ms: None,
            last_request: 0,
            committing: 0,
            failing: false,
            alone: true,
        });
        let alone = self.workers.len() == 1;
        self.workers.iter_mut().for_each(|worker| worker.alone &= alone);
        let worker = self.workers.len() - 1;
        self.tell(|world| format!("worker {} starts", world.incarnations));
        self.handle(worker, inputs);
        self.queue.push(self.t_ms + 1, Due::Poll(worker, self.incarnations));
    }

    pub(super) fn books(&self) -> Vec<BookId> {
        (0..self.plan.books.len()).map(super::book_id).collect()
    }

    /// The time as a worker sees it.
    pub(super) fn now(&self, worker: usize) -> Now {
        let Worker { born_ms, offset_ms, incarnation, .. } = self.workers[worker];
        Now { incarnation: Incarnation(incarnation), ..self.now_of(born_ms, offset_ms) }
    }

    pub(super) fn next_wake(&self) -> Option<(u64, usize)> {
        let wakes = self.workers.iter().enumerate().filter(|(_, worker)| worker.alive);
        wakes.filter_map(|(place, w)| w.wake_ms.map(|at_ms| (at_ms.max(w.paused_until_ms), place))).min()
    }

    /// Gives a worker's engine inputs, and takes what it puts out.
    pub(super) fn handle(&mut self, worker: usize, inputs: Vec<Input>) {
        let now = self.now(worker);
        let outputs = self.workers[worker].engine.handle(now, inputs);
        for output in outputs {
            self.emit(worker, now, output);
        }
        let worker = &mut self.workers[worker];
        worker.wake_ms = worker.engine.next_wake_ms(now).map(|at_ms| (worker.born_ms + at_ms).max(self.t_ms + 1));
    }

    /// The place of a worker that still lives.
    pub(super) fn alive(&self, worker: usize, incarnation: u64) -> Option<usize> {
        let same = |w: &&Worker| w.alive && w.incarnation == incarnation;
        // Places move when dead workers are forgotten.
        match self.workers.get(worker).filter(same) {
            Some(_) => Some(worker),
            None => self.workers.iter().position(|w| same(&w)),
        }
    }

    /// An answer reaches a worker, or nobody.
    pub(super) fn back(&mut self, worker: usize, incarnation: u64, input: Input) {
        let Some(worker) = self.alive(worker, incarnation) else { return };
        let until_ms = self.workers[worker].paused_until_ms;
        if until_ms > self.t_ms {
            return self.queue.push(until_ms, Due::Return(worker, incarnation, input));
        }
        if let Input::Committed(_, result) = &input {
            let worker = &mut self.workers[worker];
            worker.committing -= 1;
            worker.failing = !matches!(result, Ok(_) | Err(StoreError::Contradiction(_)));
        }
        self.handle(worker, vec![input]);
    }

    /// The shell's look at switches and requests; a database that cannot be read stops spending (S2, N3).
    pub(super) fn poll(&mut self, worker: usize, incarnation: u64) {
        let Some(worker) = self.alive(worker, incarnation) else { return };
        let until_ms = self.workers[worker].paused_until_ms;
        if until_ms > self.t_ms {
            return self.queue.push(until_ms, Due::Poll(worker, incarnation));
        }
        if self.rates.strikes(&mut self.random, Fault::Unreadable) {
            let frozen = ringback_core::admit::Switches { frozen: true, ..Default::default() };
            self.handle(worker, vec![Input::Switches(frozen)]);
            return self.queue.push(self.t_ms + 250, Due::Poll(worker, incarnation));
        }
        let (store, last) = (self.db.store(), self.workers[worker].last_request);
        let mut inputs = vec![Input::Switches(self.db.sure(store.switches()))];
        for (id, request) in self.db.sure(store.requests(&self.books(), last, 1_000)) {
            self.workers[worker].last_request = id;
            match request.ask {
                Ask::Query => {
                    inputs.push(Input::Check(self.db.sure(store.lines_by_id(&[request.line]))));
                    inputs.push(Input::Done(id));
                }
                Ask::Event(event) => inputs.push(Input::Event(request.line, event, Some(id))),
                Ask::Claim(reference, event) => {
                    inputs.push(Input::Claims(self.db.sure(store.claims(ClaimFilter::Of(reference.clone())))));
                    inputs.push(Input::ClaimEvent(reference, event));
                    inputs.push(Input::Done(id));
                }
            }
        }
        self.handle(worker, inputs);
    }

    /// Every worker looks within a second.
    pub(super) fn poll_soon(&mut self) {
        for worker in 0..self.workers.len() {
            let at_ms = self.t_ms + 1 + self.random.below(250);
            self.queue.push(at_ms, Due::Poll(worker, self.workers[worker].incarnation));
        }
    }

    /// The process dies. What was on its way arrives or not; nobody hears the answer.
    pub(super) fn crash(&mut self, worker: usize) {
        self.workers[worker].alive = false;
        let incarnation = self.workers[worker].incarnation;
        self.tell(|_| format!("worker {incarnation} dies"));
        let (mut kept, mut commits) = (Vec::new(), Vec::new());
        for (at_ms, due) in self.queue.drain() {
            match due {
                Due::Return(_, of, _) | Due::Poll(_, of) if of == incarnation => {}
                Due::Arrive(call) if call.incarnation == incarnation => match call.output {
                    Output::Commit(batch) => commits.push(batch),
                    Output::Submit(..) | Output::Inquire(..) | Output::Desk(_) if self.random.coin() => {
                        kept.push((at_ms, Due::Arrive(super::Call { silent: true, ..call })));
                    }
                    _ => {}
                },
                other => kept.push((at_ms, other)),
            }
        }
        for (at_ms, due) in kept {
            self.queue.push(at_ms, due);
        }
        for batch in commits {
            if self.random.coin() {
                continue;
            }
            self.write(&batch, incarnation).ok();
        }
    }
}
