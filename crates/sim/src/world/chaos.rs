//! What goes wrong by itself, between two steps.

use ringback_core::{
    Amount, LineId,
    admit::Switch,
    recovery::{Event, Word},
};

use super::{Due, World};
use crate::{fault::Fault, history::Fact};

const DAY_MS: i64 = 86_400_000;

/// What may strike between two steps; each step tries one of them.
const KINDS: [Fault; 14] = [
    Fault::Crash,
    Fault::Crash,
    Fault::Crash,
    Fault::CommitCrash,
    Fault::StaleWorker,
    Fault::Paused,
    Fault::ClockForward,
    Fault::ClockBack,
    Fault::ConsentWithdrawn,
    Fault::CapLowered,
    Fault::KillSwitch,
    Fault::Recycled,
    Fault::RestrictedAgain,
    Fault::RestrictedAgain,
];

impl World {
    pub(super) fn chaos(&mut self) {
        if self.random.below(16) == 0 && self.rates.strikes(&mut self.random, Fault::Signal) {
            self.strike(Fault::Signal);
        }
        let kind = self.random.pick(&KINDS);
        if self.rates.strikes(&mut self.random, kind) {
            self.tell(|_| format!("FAULT {kind:?}"));
            self.strike(kind);
        } else if self.random.below(64) == 0 {
            self.word();
        }
    }

    fn strike(&mut self, kind: Fault) {
        let worker = self.any_worker();
        match (kind, worker) {
            (Fault::Crash, Some(worker)) => self.die(worker),
            (Fault::CommitCrash, Some(worker)) if self.workers[worker].committing > 0 => self.die(worker),
            (Fault::StaleWorker, Some(_)) => self.spawn(false),
            (Fault::Paused, Some(worker)) => {
                let ms = self.random.pick(&[500, 30_000, 3_600_000]);
                self.workers[worker].paused_until_ms = self.t_ms + 1 + self.random.below(ms);
            }
            (Fault::ClockForward, Some(worker)) => {
                let ms = self.random.pick(&[60_000, 3_600_000, 2 * DAY_MS, 8 * DAY_MS, 40 * DAY_MS]);
                self.workers[worker].offset_ms += ms;
            }
            (Fault::ClockBack, Some(worker)) => {
                self.workers[worker].offset_ms -= self.random.pick(&[60_000, 3_600_000, 2 * DAY_MS]);
            }
            (Fault::ConsentWithdrawn, _) => {
                let line = self.any_line();
                self.ask(line, vec![Event::Told(Word::Withdrawn)]);
            }
            (Fault::CapLowered, _) => self.change_caps(),
            (Fault::KillSwitch, _) => {
                self.db.sure(self.db.store().set_switch(Switch::Paused, true));
                self.switched(true);
                self.poll_soon();
                self.queue.push(self.t_ms + 1_000 + self.random.below(3_600_000), Due::Release);
            }
            (Fault::Recycled, _) => {
                let vacant = self.random.coin();
                self.network.any(&mut self.random).recycle(vacant);
            }
            (Fault::RestrictedAgain, _) => self.restrict(),
            (Fault::Signal, _) => {
                let line = self.any_line();
                self.ask(line, vec![Event::Signalled]);
            }
            _ => {}
        }
    }

    fn any_worker(&mut self) -> Option<usize> {
        let alive: Vec<usize> = (0..self.workers.len()).filter(|place| self.workers[*place].alive).collect();
        (!alive.is_empty()).then(|| self.random.pick(&alive))
    }

    /// A process dies and is started again, now and then only to die at once.
    fn die(&mut self, worker: usize) {
        self.crash(worker);
        if self.workers.iter().all(|worker| !worker.alive) {
            let wait_ms = self.random.pick(&[1, 5_000, 600_000]);
            self.queue.push(self.t_ms + wait_ms, Due::Restart);
        }
    }

    /// A line owes again, or its owner suspends it or takes that back; somebody looks.
    fn restrict(&mut self) {
        let minor = self.random.pick(&[1, 800, 2_800]);
        let owner = self.random.below(4);
        let subscriber = self.network.any(&mut self.random);
        match owner {
            0 => subscriber.suspend(true),
            1 => subscriber.suspend(false),
            _ => subscriber.owe(minor),
        }
        self.check_any();
    }

    /// A limit is lowered, or raised (C4).
    fn change_caps(&mut self) {
        let book = self.random.index(self.plan.books.len());
        let factor = self.random.pick(&[0, 1, 1, 4]);
        let caps = &mut self.plan.books[book].policy.caps.0;
        if !caps.is_empty() {
            let cap = self.random.index(caps.len());
            let limit = caps[cap].limit;
            caps[cap].limit = Amount::from_minor((limit.minor() / 2).min(10_000) * factor, limit.currency());
        }
        let name = ["home", "work", "shop"][book];
        self.save_book(book, name);
    }

    /// A person releases the switches, sets the clocks, and says that they are right.
    pub(super) fn release(&mut self) {
        for switch in [Switch::Paused, Switch::Frozen, Switch::ClockFault] {
            self.db.sure(self.db.store().set_switch(switch, false));
        }
        self.workers.iter_mut().for_each(|worker| worker.offset_ms = 0);
        if let Some(worker) = self.any_worker() {
            let now = self.now(worker);
            self.db.sure(self.db.store().trust_clock(now));
            self.history.push(Fact::Trusted(now.day()));
        }
        self.switched(false);
        self.poll_soon();
    }

    /// Writes down that spending is stopped, or goes on.
    pub(super) fn switched(&mut self, stop: bool) {
        if self.stopped.is_some() != stop {
            self.stopped = stop.then_some(self.t_ms);
            self.history.push(Fact::Switched(stop, self.t_ms));
            self.tell(|_| if stop { "spending is stopped".into() } else { "spending goes on".into() });
        }
    }
}

/// The line of an id, by its place.
pub(super) fn place(line: LineId) -> usize {
    usize::try_from(line.0 - 1).unwrap_or(0)
}
