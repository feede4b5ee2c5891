//! A small deterministic world around the real engine and the real database.
//!
//! The engine is driven by hand: the clock is an argument, and the seed says which of its outputs is answered next.
//! Every test that submits an order checks P1 and P4 by this: what is submitted was durable before, and only once.

mod actions;
mod db;
mod desk;
pub(crate) mod fixture;
mod log;
mod network;
mod provider;
mod random;
mod setup;
mod sound;

use std::collections::BTreeSet;

use ringback_core::{Incarnation, LineId, Now, Outcome, TopUpRef, recovery::Event};
use ringback_engine::{Config, Engine, Input, Output};
use ringback_store::{Batch, ClaimFilter, Committed, Filter, Store, StoreError, Verdict};

pub(crate) use self::{
    actions::actions,
    db::{Db, at_start},
    desk::Desk,
    fixture::*,
    log::Log,
    network::{Network, restricted},
    provider::{Act, Provider},
    random::Random,
    setup::Setup,
};

/// Steps after which a world that does not come to rest fails its test (L1).
const MOST_STEPS: usize = 100_000;

/// Lines in one page of a sweep; few, so that there are several pages.
const PAGE: u32 = 3;

/// What goes wrong with a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// Nothing.
    Works,
    /// Nothing is written, and the error is reported.
    Full,
    /// It is written, but an error is reported.
    Unsure,
    /// Nothing is written, since something in it contradicts what is there.
    Refuses,
}

/// The engine and its surroundings.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) config: Config,
    pub(crate) now: Now,
    pub(crate) db: Db,
    pub(crate) network: Network,
    pub(crate) provider: Provider,
    pub(crate) desk: Desk,
    /// Outputs that nobody answered yet.
    pub(crate) pending: Vec<Output>,
    pub(crate) log: Log,
    /// What becomes of each commit.
    pub(crate) disk: Box<dyn FnMut(&Batch) -> Disk>,
    random: Random,
    /// References whose hold the engine knows to be durable.
    durable: BTreeSet<TopUpRef>,
}

impl World {
    /// Gives the engine inputs, and takes what it puts out.
    pub(crate) fn handle(&mut self, inputs: Vec<Input>) {
        for input in &inputs {
            self.remember(input);
        }
        for output in self.engine.handle(self.now, inputs) {
            self.note(output);
        }
        self.measure();
    }

    /// One step of the seed: one output is answered, or time passes until something is due.
    pub(crate) fn step(&mut self) {
        if self.pending.is_empty() {
            let wake_ms = self.engine.next_wake_ms(self.now).expect("L1: nothing is out and nothing is due");
            self.pass(wake_ms.saturating_sub(self.now.uptime_ms).max(1));
            return self.handle(vec![Input::Tick]);
        }
        let output = self.pending.swap_remove(self.random.below(self.pending.len()));
        let passed_ms = self.random.next() % 40;
        self.pass(passed_ms);
        self.answer(output);
    }

    /// Answers everything until nothing moves any more.
    pub(crate) fn run(&mut self) {
        self.run_until(Self::is_at_rest);
    }

    pub(crate) fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        for _ in 0..MOST_STEPS {
            if done(self) {
                return;
            }
            self.step();
        }
        panic!("L1: no end after {MOST_STEPS} steps; pending: {:?}", self.pending);
    }

    /// Runs until an output is there, and takes it out of the world's hands.
    pub(crate) fn run_to(&mut self, wanted: impl Fn(&Output) -> bool) -> Output {
        self.run_until(|world| world.pending.iter().any(&wanted));
        let at = self.pending.iter().position(wanted).unwrap();
        self.pending.swap_remove(at)
    }

    /// Runs for so long, whatever happens.
    pub(crate) fn run_for(&mut self, ms: u64) {
        let end_ms = self.now.uptime_ms + ms;
        while self.now.uptime_ms < end_ms {
            let wake_ms = self.engine.next_wake_ms(self.now).unwrap_or(u64::MAX);
            if self.pending.is_empty() && wake_ms > end_ms {
                self.pass(end_ms - self.now.uptime_ms);
                return self.handle(vec![Input::Tick]);
            }
            self.step();
        }
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        self.pending.is_empty() && self.engine.is_at_rest() && self.engine.open_claims(|_| true) == 0
    }

    /// Lets time pass on both clocks.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.now.uptime_ms += ms;
        self.now.wall_ms += i64::try_from(ms).unwrap();
    }

    /// Carries an output out and gives the engine its answer.
    pub(crate) fn answer(&mut self, output: Output) {
        let input = self.carry_out(output);
        self.handle(vec![input]);
    }

    /// What the outside answers to an output.
    pub(crate) fn carry_out(&mut self, output: Output) -> Input {
        match output {
            Output::Load(ids) => Input::Lines(self.db.wait(self.db.store.lines_by_id(&ids))),
            Output::Page(books, after) => {
                let enrolled = Filter { enrolled: true, books: Some(books), ..Filter::default() };
                Input::Page(self.db.wait(self.db.store.lines(&enrolled, after, PAGE)))
            }
            Output::Claims(books) => Input::OpenClaims(self.db.claims(ClaimFilter::Open(books))),
            Output::Prepare(line, _) => Input::Prepared(line),
            Output::Commit(batch) => {
                let result = self.commit(&batch);
                Input::Committed(batch, result)
            }
            Output::Query(channel, lines) => {
                let answer = |line: &ringback_core::Line| {
                    let received = self.provider.received(line.msisdn);
                    (line.id, self.network.answer_by(&channel, line.msisdn, received))
                };
                let answers = lines.iter().map(|line| answer(line)).collect();
                Input::Answers(channel, answers)
            }
            Output::Offers(line, names) => Input::Offers(line.id, Ok(names.iter().map(|name| terms(name)).collect())),
            Output::Submit(line, order) => Input::Replied(line, self.provider.submit(&order)),
            Output::Inquire(line, order) => Input::Replied(line, self.provider.inquire(&order)),
            Output::Unfence(books) => {
                self.db.wait(self.db.store.unfence(&books));
                Input::Fenced(None)
            }
            Output::Desk(claim) => Input::Desk(claim.reference.clone(), self.desk.ask(&claim)),
            other => unreachable!("nothing is answered to {other:?}"),
        }
    }

    /// The process dies. What was on its way arrives or not; nobody hears the answer. Another one takes over.
    pub(crate) fn crash(&mut self) {
        for output in std::mem::take(&mut self.pending) {
            if self.random.coin() && matches!(output, Output::Commit(_) | Output::Submit(..) | Output::Desk(_)) {
                drop(self.carry_out(output));
            }
        }
        let incarnation = Incarnation(self.now.incarnation.0 + 1);
        self.now = Now { uptime_ms: 0, incarnation, wall_ms: self.now.wall_ms + 5_000 };
        self.start();
    }

    /// Starts an engine on what is durable, as the shell does (L4).
    pub(crate) fn start(&mut self) {
        let mut random = Random::seeded(self.random.next());
        self.engine = Engine::new(self.config.clone(), Box::new(move || random.bits()));
        let open = self.db.lines(&Filter { open: true, ..Filter::default() });
        let claims = self.db.open_claims();
        self.handle(vec![Input::Lines(open), Input::Claims(claims)]);
        self.poll();
    }

    /// The switches as they are stored, as the shell looks at them.
    pub(crate) fn poll(&mut self) {
        let switches = self.db.wait(self.db.store.switches());
        self.handle(vec![Input::Switches(switches)]);
    }

    /// S101: these lines are to be queried.
    pub(crate) fn check(&mut self, lines: impl IntoIterator<Item = i64>) {
        let lines = self.db.wait(self.db.store.lines_by_id(&ids(lines)));
        self.handle(vec![Input::Check(lines)]);
    }

    pub(crate) fn tell(&mut self, line: i64, event: Event) {
        self.handle(vec![Input::Event(LineId(line), event, None)]);
    }

    fn commit(&mut self, batch: &Batch) -> Result<Committed, StoreError> {
        match (self.disk)(batch) {
            Disk::Full => return Err(StoreError::Full),
            Disk::Refuses => return Err(StoreError::Contradiction("a test says so".into())),
            Disk::Unsure => drop(self.db.wait(self.db.store.commit(batch))),
            Disk::Works => return self.db.try_wait(self.db.store.commit(batch)),
        }
        Err(StoreError::Other("the answer of the disk was lost".into()))
    }

    fn remember(&mut self, input: &Input) {
        let Input::Committed(batch, Ok(committed)) = input else { return };
        let accepted = batch.changes.iter().zip(&committed.verdicts).filter(|(_, v)| **v == Verdict::Committed);
        let sent = accepted.filter_map(|(change, _)| change.step.send.as_ref());
        self.durable.extend(sent.map(|order| order.reference.clone()));
    }

    fn note(&mut self, output: Output) {
        let now_ms = self.now.uptime_ms;
        match &output {
            Output::Stepped(line, event) => return self.log.stepped.push((line.id, event.clone())),
            Output::Notice(line, notice) => return self.log.notices.push((line.id, notice.clone())),
            Output::Trouble(text) => return self.log.troubles.push(text.clone()),
            Output::ClockFault => {
                self.log.clock_faults += 1;
                return;
            }
            Output::Submit(_, order) => {
                assert!(self.durable.contains(&order.reference), "P1: {} is not durable", order.reference);
                self.log.submitted.push(order.clone());
            }
            Output::Inquire(_, order) => self.log.inquired.push(order.reference.clone()),
            Output::Query(channel, lines) => {
                let lines = lines.iter().map(|line| line.id).collect();
                self.log.queried.push((now_ms, lines));
                self.log.asked.push(channel.clone());
            }
            Output::Desk(claim) => self.log.claimed.push((now_ms, claim.clone())),
            Output::Load(_)
            | Output::Page(..)
            | Output::Claims(_)
            | Output::Commit(_)
            | Output::Offers(..)
            | Output::Prepare(..)
            | Output::Statement(..)
            | Output::Unfence(_) => {}
        }
        self.pending.push(output);
    }

    fn measure(&mut self) {
        let out = |wanted: &dyn Fn(&Output) -> bool| self.pending.iter().filter(|output| wanted(output)).count();
        let queries = out(&|output| matches!(output, Output::Query(..)));
        let calls = out(&|output| {
            matches!(output, Output::Offers(..) | Output::Prepare(..) | Output::Submit(..) | Output::Inquire(..))
        });
        for (name, count) in [(CHANNEL, queries), (PROVIDER, calls)] {
            let most = self.log.most_out.entry(name.to_owned()).or_default();
            *most = count.max(*most);
        }
    }
}

/// No answer, as a deadline makes it.
pub(crate) fn unanswered() -> Outcome {
    Outcome::Unknown("no answer in time".into())
}
