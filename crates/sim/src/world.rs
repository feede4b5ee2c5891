//! A seeded world with virtual time around the real engine and a real store.
//!
//! One step handles what is due next: a message arrives, an answer returns, a worker's timer fires, a person acts. The
//! seed says what goes wrong with it. Nothing here knows a rule of the method.

mod calm;
mod chaos;
mod outside;
mod people;
mod record;
mod rest;
mod restore;
mod worker;

use ringback_core::{
    BookId, Incarnation, LineId, Mode, Now,
    line::Consents,
    recovery::{Event, Word, step},
};
use ringback_engine::{Input, Output};
use ringback_store::{Batch, Change, Contact, Filter};

use crate::{
    database::{Database, Kind},
    desk::Desk,
    fault::Rates,
    history::{Fact, History},
    network::Network,
    plan::Plan,
    provider::Provider,
    queue::Queue,
    random::Random,
};
use record::Recorder;
use restore::Backup;
use worker::Worker;

/// Where every wall clock begins: the noon of some day.
const BEGINNING_MS: i64 = 1_700_000_000_000;

/// A world in the making.
pub(crate) struct World {
    random: Random,
    rates: Rates,
    plan: Plan,
    db: Database,
    /// The true time.
    t_ms: u64,
    queue: Queue<Due>,
    workers: Vec<Worker>,
    incarnations: u64,
    /// When each incarnation started.
    born_ms: Vec<u64>,
    network: Network,
    providers: Vec<Provider>,
    desk: Desk,
    recorder: Recorder,
    pub(crate) history: History,
    /// How many things happened, faults on or off.
    pub(crate) events: u64,
    /// How often people released what stops spending, once faults had stopped.
    releases: u32,
    /// When every line was to be queried, once faults had stopped.
    looked_ms: Option<u64>,
    /// Whether the statements were compared since anybody said anything.
    compared: bool,
    /// Whether a switch stops spending, in the store, and since when.
    stopped: Option<u64>,
    /// What is put back once faults stop, and whether it was.
    backup: Option<Backup>,
    put_back: bool,
    story: Option<Vec<String>>,
}

/// What is due at some time.
#[derive(Debug)]
enum Due {
    /// A request reaches the outside.
    Arrive(Call),
    /// An answer reaches a worker.
    Return(usize, u64, Input),
    /// A worker looks at the switches and at what people ask.
    Poll(usize, u64),
    /// A worker stores that its clock is at fault.
    Freeze(usize, u64),
    /// A process starts again.
    Restart,
    /// A person looks at a line.
    Person(LineId),
    /// The kill switch is released, and the clock is trusted again.
    Release,
    /// A provider delivers what it was working on.
    Deliver(usize, usize),
    /// A provider takes a delivery back.
    Reverse(usize, usize),
}

/// A request on its way.
#[derive(Debug)]
struct Call {
    worker: usize,
    incarnation: u64,
    sent_ms: u64,
    /// Nobody waits for the answer any more.
    silent: bool,
    output: Output,
}

impl World {
    pub(crate) fn new(seed: u64, kind: Kind, traced: bool) -> Self {
        let mut random = Random::seeded(seed);
        let mut plan = Plan::drawn(&mut random);
        plan.lines.sort_by_key(|line| line.book);
        let rates = Rates::mixed(&mut random);
        let network = Network::new(plan.lines.iter().map(|line| (line.msisdn, line.truth)), plan.sees_imsi);
        let providers = plan.providers.iter().map(|terms| Provider::new(terms.clone(), &mut random)).collect();
        let mut world = Self {
            random,
            rates,
            db: Database::open(kind).unwrap_or_else(|error| panic!("the simulation has no database: {error}")),
            t_ms: 0,
            queue: Queue::new(),
            workers: Vec::new(),
            incarnations: 0,
            born_ms: vec![0],
            network,
            providers,
            desk: Desk::default(),
            recorder: Recorder::default(),
            history: History::default(),
            events: 0,
            releases: 0,
            looked_ms: None,
            compared: false,
            stopped: None,
            backup: Backup::drawn(seed, plan.steps),
            put_back: false,
            story: traced.then(Vec::new),
            plan,
        };
        world.found();
        world
    }

    /// Steps with faults on, as many as the seed or the caller allows; then faults stop and all comes to rest.
    pub(crate) fn run(&mut self, most_steps: Option<u32>) {
        let steps = most_steps.unwrap_or(u32::MAX).min(self.plan.steps);
        for step in 0..steps {
            self.back_up(step);
            self.chaos();
            self.step();
        }
        self.put_back();
        self.calm();
        self.rest();
    }

    /// How many steps the seed has with faults on.
    pub(crate) fn steps(&self) -> u32 {
        self.plan.steps
    }

    /// How many faults struck.
    pub(crate) fn faults(&self) -> u64 {
        self.rates.count
    }

    pub(crate) fn into_story(self) -> Vec<String> {
        self.story.unwrap_or_default()
    }

    /// Books, lines and consents, before anything goes wrong.
    fn found(&mut self) {
        for (place, name) in ["home", "work", "shop"].into_iter().enumerate().take(self.plan.books.len()) {
            self.save_book(place, name);
            let numbers = self.plan.lines.iter().filter(|line| line.book == place).map(|line| line.msisdn).collect();
            let contact = Contact { raw: Vec::new(), name: "somebody".into(), numbers };
            self.db.sure(self.db.store().import(book_id(place), "book.vcf", &[contact]));
        }
        let lines = self.db.sure(self.db.store().lines(&Filter::default(), LineId(0), u32::MAX));
        self.recorder.know(&lines, &mut self.history);
        self.enrol(&lines);
        self.spawn(true);
    }

    pub(crate) fn save_book(&mut self, place: usize, name: &str) {
        let policy = &self.plan.books[place].policy;
        self.db.sure(self.db.store().save_book(name, "CN", policy));
        let caps = self.history.caps_place(&policy.caps);
        self.history.push(Fact::Caps(book_id(place), caps));
    }

    fn enrol(&mut self, lines: &[ringback_core::Line]) {
        let now = self.now_of(0, 0);
        let consents = Consents { payment_ms: Some(1), query_ms: Some(1) };
        let mut changes = Vec::new();
        for (line, plan) in lines.iter().zip(&self.plan.lines) {
            let Some(mode) = plan.mode else { continue };
            let event = Event::Told(Word::Enrolled(consents, mode));
            let told = step(line, &event, now, &self.plan.books[plan.book].policy);
            changes.extend(told.ok().map(|step| Change { event, step, request: None }));
        }
        let batch = Batch { now, changes, claims: Vec::new(), requests: Vec::new(), clock_fault: false };
        let committed = self.db.sure(self.db.store().commit(&batch));
        self.record(&batch, &committed, 0);
    }

    /// The next thing that is due happens.
    pub(crate) fn step(&mut self) {
        self.events += 1;
        let wake = self.next_wake();
        match (self.queue.next_ms(), wake) {
            (None, None) => self.idle(),
            (Some(at_ms), wake) if wake.is_none_or(|(wake_ms, _)| at_ms <= wake_ms) => {
                let Some((at_ms, due)) = self.queue.pop() else { return };
                self.t_ms = self.t_ms.max(at_ms);
                self.happen(due);
            }
            (_, Some((wake_ms, worker))) => {
                self.t_ms = self.t_ms.max(wake_ms);
                self.handle(worker, vec![Input::Tick]);
            }
            (Some(_), None) => {}
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Arrive(call) => self.arrive(call),
            Due::Return(worker, incarnation, input) => self.back(worker, incarnation, input),
            Due::Poll(worker, incarnation) => self.poll(worker, incarnation),
            Due::Restart => self.spawn(false),
            Due::Person(line) => self.person(line),
            Due::Freeze(worker, incarnation) => self.freeze(worker, incarnation),
            Due::Release => self.release(),
            Due::Deliver(provider, booking) => self.deliver(provider, booking),
            Due::Reverse(provider, booking) => self.reverse(provider, booking),
        }
    }

    /// Nothing is due: somebody looks at the lines again.
    fn idle(&mut self) {
        self.t_ms += 60_000 + self.random.below(86_400_000);
        if self.workers.iter().all(|worker| !worker.alive) {
            return self.spawn(false);
        }
        if self.random.coin() {
            self.network.any(&mut self.random).owe(900);
        }
        self.check_any();
    }

    /// The time of a worker that started at `born_ms`, with a clock that is off by so much.
    fn now_of(&self, born_ms: u64, offset_ms: i64) -> Now {
        let wall_ms = BEGINNING_MS + i64::try_from(self.t_ms).unwrap_or(i64::MAX / 2) + offset_ms;
        Now { wall_ms, uptime_ms: self.t_ms - born_ms, incarnation: Incarnation(self.incarnations) }
    }

    /// Writes a line of the story, where somebody reads it.
    fn tell(&mut self, words: impl FnOnce(&Self) -> String) {
        if let Some(mut story) = self.story.take() {
            story.push(format!("{:>12}  {}", clock(self.t_ms), words(self)));
            self.story = Some(story);
        }
    }
}

/// The true time as people read it.
fn clock(t_ms: u64) -> String {
    let (days, rest) = (t_ms / 86_400_000, t_ms % 86_400_000);
    let (hours, minutes, ms) = (rest / 3_600_000, rest / 60_000 % 60, rest % 60_000);
    format!("{days}d {hours:02}:{minutes:02}:{:02}.{:03}", ms / 1_000, ms % 1_000)
}

pub(crate) fn book_id(place: usize) -> BookId {
    BookId(i64::try_from(place).unwrap_or(0) + 1)
}

/// Every mode, for people who change their mind.
const MODES: [Mode; 3] = [Mode::Auto, Mode::Ask, Mode::Watch];
