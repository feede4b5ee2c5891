//! Which lines are in memory, what each waits for, and the sweep over all of them (S101, L4).

use std::{collections::VecDeque, sync::Arc};

use ringback_core::{Line, LineId, Now, Wake, line::Due, mutant, recovery::Event};

use super::{Asked, Engine, Output, Tracked};

/// Where the sweep over all enrolled lines stands; it follows the primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sweep {
    Off,
    At(u64),
    Loading,
    Between(LineId),
}

impl Engine {
    pub(super) fn loaded(&mut self, now: Now, line: Line) {
        let id = line.id;
        let events = self.expected.remove(&id).unwrap_or_default();
        match self.tracked.get_mut(&id) {
            Some(tracked) if tracked.outdated => {
                (tracked.line, tracked.outdated) = (Arc::new(line.rearmed(now)), false);
            }
            _ => _ = self.track(now, line),
        }
        for event in events {
            self.deliver_asked(id, event);
        }
        self.settle(now, id);
    }

    pub(super) fn check(&mut self, now: Now, lines: Vec<Line>) {
        for line in lines.into_iter().filter(|line| line.consents.query_ms.is_some()) {
            let id = line.id;
            self.track(now, line).check = true;
            self.settle(now, id);
        }
    }

    pub(super) fn page(&mut self, now: Now, lines: Vec<Line>) {
        self.sweep = match (lines.last(), self.config.check_every_ms) {
            (Some(last), _) => Sweep::Between(last.id),
            (None, Some(every_ms)) => Sweep::At(now.uptime_ms + every_ms),
            (None, None) => Sweep::Off,
        };
        self.check(now, lines);
    }

    /// Asks for the next page while few enough lines wait to be queried.
    pub(super) fn sweep(&mut self, now: Now) {
        let after = match self.sweep {
            Sweep::At(at_ms) if at_ms <= now.uptime_ms => LineId(0),
            Sweep::Between(after) if self.channels.waiting() < self.config.batch => after,
            _ => return,
        };
        self.sweep = Sweep::Loading;
        self.out.push(Output::Page(self.config.books(), after));
    }

    fn track(&mut self, now: Now, line: Line) -> &mut Tracked {
        let id = line.id;
        let fresh = || Tracked {
            line: Arc::new(line.rearmed(now)),
            inbox: VecDeque::new(),
            busy: None,
            check: false,
            committing: false,
            outdated: false,
        };
        self.tracked.entry(id).or_insert_with(fresh)
    }

    pub(super) fn deliver(&mut self, id: LineId, event: Event) {
        self.deliver_asked(id, event.into());
    }

    /// Hands an event to its line, which is loaded first where it is not in memory.
    pub(super) fn deliver_asked(&mut self, id: LineId, event: Asked) {
        let Some(tracked) = self.tracked.get_mut(&id).filter(|tracked| !tracked.outdated) else {
            let events = self.expected.entry(id).or_default();
            events.push(event);
            if events.len() == 1 {
                self.missing.push(id);
            }
            return;
        };
        tracked.inbox.push_back(event);
        if !tracked.committing && tracked.inbox.len() == 1 {
            self.ready.push_back(id);
        }
    }

    /// Begins what is due for a line that has nothing under way, or lets go of a line that is at rest.
    pub(super) fn settle(&mut self, now: Now, id: LineId) {
        let stopped = self.binding().stop();
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        if tracked.busy.is_some() || tracked.committing || tracked.outdated || !tracked.inbox.is_empty() {
            return;
        }
        // A consent that was withdrawn meanwhile ends what was only asked for (S101).
        let cools = self.config.books.get(&tracked.line.book).is_some_and(|book| book.is_cooling(&tracked.line, now));
        tracked.check &= tracked.line.consents.query_ms.is_some() && !cools;
        match tracked.line.due().filter(|_| !self.look) {
            // N3: while spending is stopped, what is ready to be paid waits as it is; a look that was asked for does not.
            Some((Due::Propose, _))
                if stopped && tracked.check && !mutant!("a requested query waits for the switch") =>
            {
                self.begin(now, id, Due::Query);
            }
            Some((Due::Propose, _)) if stopped => drop(self.held.insert(id)),
            Some((due, wake)) if wake.is_due(now) => self.begin(now, id, due),
            _ if tracked.check => self.begin(now, id, Due::Query),
            Some((_, wake)) => {
                let jitter_ms = self.jitter_ms(wake, now);
                self.timers.set(id, wake, jitter_ms, now);
            }
            None => {
                self.timers.clear(id);
                self.tracked.remove(&id);
            }
        }
    }

    /// Up to an eighth more, so that lines that failed together are not tried together.
    fn jitter_ms(&mut self, wake: Wake, now: Now) -> u64 {
        let span = u128::from(wake.left_ms(now) / 8);
        if span == 0 { 0 } else { u64::try_from((self.random)() % span).unwrap_or(0) }
    }
}
