//! What [`admit`] has to know, and how a batch carries it on: the same counting whatever the database is.

use std::collections::{BTreeMap, BTreeSet};

use ringback_core::{
    BookId, Currency, Line, LineId, Msisdn, Now, Order, TopUpRef,
    admit::{Caps, Exposure, Period, Scope, Switches, admit},
    line::State,
    mutant,
    recovery::{Event, TopUp, TopUpState},
};

use crate::{Change, Verdict};

/// The day under which lifetime sums are kept.
pub(crate) const LIFETIME: i64 = -1;

pub(crate) const HOUR_MS: i64 = 3_600_000;

/// Whose exposure a cell counts, of the scopes that are too wide to fold each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner<'a> {
    Book(BookId),
    Provider(&'a str),
    Everything,
}

/// One cell of the cached exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell<'a> {
    pub(crate) owner: Owner<'a>,
    pub(crate) currency: Currency,
    /// A day, or [`LIFETIME`].
    pub(crate) day: i64,
}

/// Orders of one line, folded or one by one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folded {
    pub(crate) recovery: u32,
    pub(crate) day: i64,
    pub(crate) currency: Currency,
    pub(crate) exposed_minor: i64,
    /// How many of them were sent within the last hour.
    pub(crate) last_hour: u32,
}

/// What a database knows before the batch.
pub(crate) trait Counted {
    /// The line's version.
    fn version(&self, line: LineId) -> Option<u64>;
    /// The line's orders; those after `since_ms` (wall clock) count as of the last hour.
    fn orders(&self, line: LineId, since_ms: i64) -> impl Iterator<Item = Folded>;
    /// Whether an order for the number is unresolved, in any book (P3).
    fn is_unresolved(&self, number: Msisdn) -> bool;
    /// What is exposed in a cell.
    fn exposed_minor(&self, cell: Cell<'_>) -> i64;
    /// The caps of a book as they are now (C4).
    fn caps(&self, book: BookId) -> Option<&Caps>;
    /// Whether a book is behind a fence (S3).
    fn is_fenced(&self, book: BookId) -> bool;
    /// What a top-up of the past exposes, and the day that it counts on.
    fn before(&self, reference: &TopUpRef) -> Option<(i64, i64)>;
    /// What is known of a top-up of the past.
    fn state(&self, reference: &TopUpRef) -> Option<TopUpState>;
}

/// Decides about the changes of one batch, in its order.
pub(crate) struct Deciding<'t, 'b, C> {
    counted: &'t C,
    now: Now,
    day: i64,
    switches: Switches,
    versions: BTreeMap<LineId, u64>,
    unresolved: BTreeSet<Msisdn>,
    /// What this batch adds to the cells.
    pub(crate) added: Vec<(Cell<'b>, i64)>,
}

impl<'t, 'b, C: Counted> Deciding<'t, 'b, C> {
    pub(crate) fn new(counted: &'t C, now: Now, day: i64, switches: Switches) -> Self {
        let (versions, unresolved, added) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        Self { counted, now, day, switches, versions, unresolved, added }
    }

    /// What becomes of one change; what is accepted counts for those that follow.
    pub(crate) fn decide(&mut self, change: &'b Change) -> Verdict {
        let line = &change.step.line;
        let other = self.version(line.id).is_none_or(|version| version + 1 != line.version);
        if other && !mutant!("the version of a line is not looked at") {
            return Verdict::Conflict;
        }
        // What a late answer contradicts is not part of its line: it may have been settled meanwhile.
        if let Event::Late { topup, .. } = &change.event
            && self.counted.state(&topup.order.reference).is_some_and(|state| state != topup.state)
            && !mutant!("a late answer is posted whatever the top-up is")
        {
            return Verdict::Conflict;
        }
        if let Some(order) = &change.step.send
            && let State::Open(recovery) = &line.state
        {
            let exposure = self.exposure(line, order);
            let none = Caps::default();
            let (pinned, current) = (&recovery.pinned.caps, self.counted.caps(line.book).unwrap_or(&none));
            let frozen = self.switches.frozen || self.counted.is_fenced(line.book);
            let switches = Switches { frozen, ..self.switches };
            if let Err(denial) = admit(line, order, pinned, current, &exposure, switches, self.now) {
                return Verdict::Denied(denial);
            }
        }
        self.versions.insert(line.id, line.version);
        if let Some(topup) = &change.step.topup {
            self.count(line.book, topup);
        }
        Verdict::Committed
    }

    fn version(&self, line: LineId) -> Option<u64> {
        self.versions.get(&line).copied().or_else(|| self.counted.version(line))
    }

    fn exposure(&self, line: &Line, order: &Order) -> Exposure {
        let currency = order.asked.currency();
        let mut exposure = Exposure::default();
        exposure.unresolved = self.unresolved.contains(&order.msisdn) || self.counted.is_unresolved(order.msisdn);
        for folded in self.counted.orders(line.id, self.now.wall_ms - HOUR_MS) {
            exposure.orders_last_hour = exposure.orders_last_hour.saturating_add(folded.last_hour);
            if folded.currency == currency {
                self.fold(&folded, line.recoveries, &mut exposure);
            }
        }
        for (scope, owner) in wide(line.book, &order.provider) {
            for (period, day) in [(Period::Lifetime, LIFETIME), (Period::Day, self.day)] {
                exposure.add(scope, period, self.exposed_minor(Cell { owner, currency, day }));
            }
        }
        exposure
    }

    fn fold(&self, folded: &Folded, recovery: u32, exposure: &mut Exposure) {
        let today_minor = if folded.day == self.day { folded.exposed_minor } else { 0 };
        for (scope, holds) in [(Scope::Line, true), (Scope::Recovery, folded.recovery == recovery)] {
            if holds {
                exposure.add(scope, Period::Lifetime, folded.exposed_minor);
                exposure.add(scope, Period::Day, today_minor);
            }
        }
    }

    fn exposed_minor(&self, cell: Cell<'_>) -> i64 {
        let same = |(other, _): &&(Cell<'_>, i64)| {
            *other == cell && !mutant!("the orders of one batch do not count for each other")
        };
        let added = self.added.iter().find(same).map_or(0, |(_, minor)| *minor);
        self.counted.exposed_minor(cell).saturating_add(added)
    }

    /// Counts what a change adds to the cells; an order counts on the day of its intent.
    fn count(&mut self, book: BookId, topup: &'b TopUp) {
        let order = &topup.order;
        let (before_minor, day) = self.counted.before(&order.reference).unwrap_or((0, self.day));
        let more = topup.state.exposed_minor(order) - before_minor;
        if topup.state.is_unresolved() {
            self.unresolved.insert(order.msisdn);
        }
        for (_, owner) in wide(book, &order.provider) {
            for day in [LIFETIME, day] {
                self.add(Cell { owner, currency: order.asked.currency(), day }, more);
            }
        }
    }

    fn add(&mut self, cell: Cell<'b>, more: i64) {
        match self.added.iter_mut().find(|(other, _)| *other == cell) {
            Some((_, minor)) => *minor += more,
            None => self.added.push((cell, more)),
        }
    }
}

fn wide(book: BookId, provider: &str) -> [(Scope, Owner<'_>); 3] {
    [
        (Scope::Book, Owner::Book(book)),
        (Scope::Provider, Owner::Provider(provider)),
        (Scope::Everything, Owner::Everything),
    ]
}
