//! What is kept, and how lines, history and requests are found.

use std::collections::BTreeMap;

use ringback_core::{
    BookId, Claim, Currency, Line, LineId, Msisdn, TopUpRef, admit::Switches, ledger::Account, line::Phase,
    line::State, recovery::Event, recovery::Record, recovery::TopUp,
};

use crate::{Book, Entry, Filter, Posted, Request, exposure::Owner};

/// Everything, in the order in which it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) books: Vec<Book>,
    /// In the order of their ids, which count from 1.
    pub(super) lines: Vec<Line>,
    pub(super) segments: Vec<Segment>,
    pub(super) last_segment: i64,
    pub(super) journal: Vec<(LineId, i64, Event)>,
    pub(super) topups: Vec<Row>,
    pub(super) by_reference: BTreeMap<TopUpRef, usize>,
    /// The orders of each line, as places in `topups`.
    pub(super) by_line: BTreeMap<LineId, Vec<usize>>,
    pub(super) recoveries: BTreeMap<(LineId, u32), Record>,
    pub(super) claims: BTreeMap<TopUpRef, Claim>,
    pub(super) posted: Vec<Posted>,
    pub(super) balances: Vec<(Place, i64)>,
    pub(super) providers: Vec<String>,
    pub(super) exposure: BTreeMap<Key, i64>,
    pub(super) requests: Vec<(i64, Request)>,
    /// How often a channel was asked on the last day on which it was.
    pub(super) queries: BTreeMap<String, (i64, u32)>,
    pub(super) last_request: i64,
    pub(super) switches: Switches,
    /// The books behind a fence, and since when each may lack what was paid (S3), in milliseconds of the wall clock.
    pub(super) fences: BTreeMap<BookId, i64>,
    /// The fence behind which new books begin.
    pub(super) fence: Option<i64>,
    /// The greatest day on which anything was committed (C3).
    pub(super) day: i64,
}

/// One segment of an imported file.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) id: i64,
    pub(super) book: BookId,
    pub(super) file: String,
    pub(super) raw: Vec<u8>,
    pub(super) name: String,
    /// Its lines, ascending and once each.
    pub(super) lines: Vec<LineId>,
}

/// A top-up with what counts it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) topup: TopUp,
    pub(super) book: BookId,
    pub(super) at_ms: i64,
    pub(super) day: i64,
}

/// An account: provider (its place in `providers`), currency, account.
pub(super) type Place = (usize, Currency, Account);

/// A cell of the cached exposure, with a provider by its place in `providers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) day: i64,
    pub(super) owner: Kept,
    pub(super) currency: Currency,
}

/// Whose exposure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kept {
    Book(BookId),
    Provider(usize),
    Everything,
}

impl Tables {
    pub(super) fn line(&self, id: LineId) -> Option<&Line> {
        self.lines.get(place(id)?)
    }

    pub(super) fn line_mut(&mut self, id: LineId) -> Option<&mut Line> {
        self.lines.get_mut(place(id)?)
    }

    pub(super) fn by_id(&self, ids: &[LineId]) -> Vec<Line> {
        if let [id] = ids {
            return self.line(*id).cloned().into_iter().collect();
        }
        self.lines.iter().filter(|line| ids.contains(&line.id)).cloned().collect()
    }

    pub(super) fn filtered(&self, filter: &Filter, after: LineId, limit: u32) -> Vec<Line> {
        let after = self.lines.iter().filter(|line| line.id > after && fits(filter, line));
        after.take(limit as usize).cloned().collect()
    }

    pub(super) fn journal_of(&self, line: LineId) -> Vec<Entry> {
        let entries = (1..).zip(&self.journal).filter(|(_, (of, ..))| *of == line);
        entries.map(|(id, (_, at_ms, event))| Entry { id, at_ms: *at_ms, event: event.clone() }).collect()
    }

    pub(super) fn recoveries_of(&self, line: Option<LineId>) -> Vec<(LineId, Record)> {
        let wanted = self.recoveries.iter().filter(|((of, _), _)| line.is_none_or(|line| line == *of));
        wanted.map(|((of, _), record)| (*of, record.clone())).collect()
    }

    pub(super) fn post_requests(&mut self, requests: &[Request]) {
        for request in requests {
            self.last_request += 1;
            self.requests.push((self.last_request, request.clone()));
        }
    }

    pub(super) fn waiting(&self, books: &[BookId], after: i64, limit: u32) -> Vec<(i64, Request)> {
        let of = |request: &Request| self.line(request.line).is_some_and(|line| books.contains(&line.book));
        let waiting = self.requests.iter().filter(|(id, request)| *id > after && of(request));
        waiting.take(limit as usize).cloned().collect()
    }

    /// The place of a provider's name, which it gets with its first use.
    pub(super) fn provider(&mut self, name: &str) -> usize {
        self.known_provider(name).unwrap_or_else(|| {
            self.providers.push(name.to_owned());
            self.providers.len() - 1
        })
    }

    pub(super) fn known_provider(&self, name: &str) -> Option<usize> {
        self.providers.iter().position(|known| known == name)
    }

    pub(super) fn kept(&mut self, owner: Owner<'_>) -> Kept {
        match owner {
            Owner::Book(book) => Kept::Book(book),
            Owner::Provider(name) => Kept::Provider(self.provider(name)),
            Owner::Everything => Kept::Everything,
        }
    }
}

fn place(id: LineId) -> Option<usize> {
    usize::try_from(id.0.checked_sub(1)?).ok()
}

fn fits(filter: &Filter, line: &Line) -> bool {
    filter.books.as_ref().is_none_or(|books| books.contains(&line.book))
        && filter.numbers.as_ref().is_none_or(|numbers: &Vec<Msisdn>| numbers.contains(&line.msisdn))
        && filter.group.is_none_or(|group| line.group() == Some(group))
        && (!filter.enrolled || line.consents.complete())
        && (!filter.open || is_open(line))
        && (!filter.waiting || is_waiting(line))
}

fn is_open(line: &Line) -> bool {
    matches!(line.state, State::Open(_)) || line.unsettled_order().is_some()
}

fn is_waiting(line: &Line) -> bool {
    match &line.state {
        State::Parked(_) => true,
        State::Open(recovery) => matches!(recovery.phase, Phase::Approval | Phase::Owed { .. }),
        State::Idle | State::Suspended => false,
    }
}
