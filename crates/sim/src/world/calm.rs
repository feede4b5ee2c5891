//! Faults stop: what is on its way arrives, people answer, and everything has to come to rest (L1).

use ringback_core::{
    Line, LineId,
    admit::Switch,
    line::{Phase, State},
};
use ringback_store::{Ask, ClaimFilter, Filter, Request};

use super::{Due, World, outside::DEADLINE_MS, worker::Worker};
use crate::history::Fact;

/// Steps after which a world that does not come to rest fails, for the world and for each line.
const MOST_STEPS: (u64, u64) = (1_500, 400);

/// How long a query may have been out by then, where a worker stood still.
const OUT_MS: u64 = 86_400_000;

/// How long spending is stopped while people look.
const PAUSE_MS: u64 = 120_000;

/// What people wait for, rather than to answer.
const SOON_MS: u64 = 600_000;

/// How often people release what stops spending before they complain.
const MOST_RELEASES: u32 = 2;

impl World {
    pub(super) fn calm(&mut self) {
        self.rates.stop();
        self.history.push(Fact::Calm);
        self.tell(|_| "FAULTS STOP".into());
        self.flush();
        self.one_worker();
        self.all_look();
        self.release();
        if self.random.coin() {
            self.look_at_all();
        }
        let (base, each) = MOST_STEPS;
        let most = base + each * self.plan.lines.len() as u64;
        for _ in 0..most {
            if !self.moves() && !self.people_answer() && !self.compare() {
                return self.starving(OUT_MS);
            }
        }
        self.fall_asleep();
        let left = self.left();
        self.history.push(Fact::Restless(left));
    }

    /// People have every line queried, now and then while spending is stopped (L5).
    fn look_at_all(&mut self) {
        let stopped = self.random.coin();
        if stopped {
            self.db.sure(self.db.store().set_switch(Switch::Paused, true));
            self.switched(true);
            self.query_all();
            self.pass(PAUSE_MS);
        }
        self.query_all();
        self.looked_ms = Some(self.t_ms);
        if stopped {
            self.pass(PAUSE_MS);
            self.starving(PAUSE_MS / 2);
            self.release();
        }
    }

    fn query_all(&mut self) {
        let lines = (1..=self.plan.lines.len()).filter_map(|line| i64::try_from(line).ok());
        let requests: Vec<Request> = lines.map(|line| Request { line: LineId(line), ask: Ask::Query }).collect();
        self.db.sure(self.db.store().post(&requests));
        self.poll_soon();
    }

    /// Time passes.
    fn pass(&mut self, ms: u64) {
        let end_ms = self.t_ms + ms;
        let is_due = |at_ms: Option<u64>| at_ms.is_some_and(|at_ms| at_ms <= end_ms);
        while is_due(self.queue.next_ms()) || is_due(self.next_wake().map(|(at_ms, _)| at_ms)) {
            self.step();
        }
        self.t_ms = end_ms;
    }

    /// What was on its way for long arrives now; so does what providers still had to do.
    fn flush(&mut self) {
        for (at_ms, due) in self.queue.drain() {
            match due {
                Due::Deliver(provider, booking) => self.deliver(provider, booking),
                Due::Reverse(provider, booking) => self.reverse(provider, booking),
                Due::Arrive(call) => self.queue.push(at_ms.min(self.t_ms + 1_000), Due::Arrive(call)),
                Due::Return(..) | Due::Poll(..) | Due::Freeze(..) => {
                    self.queue.push(at_ms.min(self.t_ms + DEADLINE_MS), due);
                }
                Due::Restart | Due::Person(_) | Due::Release => {}
            }
        }
    }

    /// The worker goes on, or a new one starts. Where several shared the database, only a new one knows all that is
    /// open: the product has one engine for each database.
    fn one_worker(&mut self) {
        let last = self.workers.iter().rposition(|worker| worker.alive);
        let keep = last.filter(|place| self.random.coin() && self.workers[*place].alone);
        for place in 0..self.workers.len() {
            self.workers[place].paused_until_ms = 0;
            if self.workers[place].alive && Some(place) != keep {
                self.crash(place);
            }
        }
        if keep.is_none() {
            self.spawn(false);
        }
        self.compared = false;
    }

    /// Every worker has seen what is stored before a person changes it, and nothing older is on its way there.
    fn all_look(&mut self) {
        for place in 0..self.workers.len() {
            if self.workers[place].alive {
                self.poll(place, self.workers[place].incarnation);
            }
        }
        while self.workers.iter().any(|worker| worker.alive && worker.committing > 0) {
            self.step();
        }
    }

    /// One step, where something moves by itself.
    fn moves(&mut self) -> bool {
        let rests = self.queue.is_empty() && self.workers.iter().filter(|w| w.alive).all(is_at_rest);
        if rests && !self.waits_for_time() {
            return false;
        }
        if self.queue.is_empty() && self.next_wake().is_none() {
            return false;
        }
        self.step();
        true
    }

    /// Whether a line waits for a time that people count, and nobody answers before.
    fn waits_for_time(&self) -> bool {
        self.open().iter().any(|line| self.comes_soon(line))
    }

    /// Whether the time of an offered amount comes soon; a clock that stood ahead may have put it off for days.
    pub(super) fn comes_soon(&self, line: &Line) -> bool {
        let State::Open(recovery) = &line.state else { return false };
        let Phase::Owed { offered: Some(_), wake } = recovery.phase else { return false };
        let now = self.workers.iter().position(|worker| worker.alive).map(|place| self.now(place));
        now.is_some_and(|now| wake.left_ms(now) < SOON_MS)
    }

    fn open(&self) -> Vec<Line> {
        let open = Filter { open: true, ..Filter::default() };
        self.db.sure(self.db.store().lines(&open, LineId(0), u32::MAX))
    }

    /// Lines that are due while nobody wakes (L4).
    fn fall_asleep(&mut self) {
        let Some(now) = self.workers.iter().position(|worker| worker.alive).map(|place| self.now(place)) else {
            return;
        };
        let is_due = |line: &&Line| line.due().is_some_and(|(_, wake)| wake.is_due(now));
        let due: Vec<LineId> = self.open().iter().filter(is_due).map(|line| line.id).collect();
        self.history.facts.extend(due.into_iter().map(Fact::Asleep));
    }

    /// Everybody says what a line waits for. Whether anybody had something to say.
    fn people_answer(&mut self) -> bool {
        // A worker that stood still raises again what a person cleared before it could say so: it is cleared once more.
        if self.stopped.is_some() && self.releases < MOST_RELEASES {
            self.releases += 1;
            self.release();
            return true;
        }
        let waiting = Filter { waiting: true, ..Filter::default() };
        let mut lines = self.db.sure(self.db.store().lines(&waiting, LineId(0), u32::MAX));
        let all = self.db.sure(self.db.store().lines(&Filter::default(), LineId(0), u32::MAX));
        lines.extend(
            all.into_iter().filter(|line| !matches!(line.state, State::Parked(_)) && line.to_settle().next().is_some()),
        );
        let mut answered = false;
        for line in lines {
            let events = self.answer_of(&line);
            answered |= !events.is_empty();
            self.ask(line.id, events);
        }
        self.compared &= !answered;
        answered
    }

    /// Has the ledger compared with the statements once more after anything moved (M4).
    fn compare(&mut self) -> bool {
        if self.compared {
            return false;
        }
        self.compared = true;
        for place in 0..self.workers.len() {
            if self.workers[place].alive {
                self.workers[place].engine.reconcile();
                self.handle(place, vec![ringback_engine::Input::Tick]);
            }
        }
        true
    }

    /// Lines that were to be queried and were not (L5). A query that was out by then counts, and so does a consent that
    /// was missing meanwhile.
    fn starving(&mut self, out_ms: u64) {
        let Some(looked_ms) = self.looked_ms else { return };
        let since_ms = looked_ms.saturating_sub(out_ms);
        let looked = |id: LineId| {
            self.history.facts.iter().any(|fact| match fact {
                Fact::Queried(queried) => queried.line == id && queried.t_ms >= since_ms,
                Fact::Stepped(step) => {
                    step.line == id && step.before.enrolled != step.after.enrolled && step.t_ms >= since_ms
                }
                _ => false,
            })
        };
        let all = self.db.sure(self.db.store().lines(&Filter::default(), LineId(0), u32::MAX));
        let starving = all.iter().filter(|line| line.consents.query_ms.is_some() && !looked(line.id));
        let starving: Vec<Fact> = starving.map(|line| Fact::Starved(line.id)).collect();
        self.history.facts.extend(starving);
    }

    /// What did not come to rest.
    fn left(&self) -> String {
        let lines: Vec<String> =
            self.open().iter().map(|line| format!("line {}: {}", line.id.0, crate::story::stands(line))).collect();
        let claims = self.db.sure(self.db.store().claims(ClaimFilter::Open(self.books()))).len();
        format!("{}; {claims} claims are open", lines.join(", "))
    }
}

fn is_at_rest(worker: &Worker) -> bool {
    worker.engine.is_at_rest() && worker.engine.is_reconciled() && worker.engine.open_claims(|_| true) == 0
}
