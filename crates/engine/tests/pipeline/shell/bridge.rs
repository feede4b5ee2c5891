//! The database as the shell sees it: answered at once, so that paused time does not run away while a disk works.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use async_trait::async_trait;
use ringback_core::{
    BookId, Claim, Line, LineId, Now, Policy, TopUpRef,
    admit::{Switch, Switches},
    recovery::{Record, TopUp},
};
use ringback_store::{
    Balance, Batch, Book, ClaimFilter, Committed, Contact, Entry, Filter, Finding, Imported, Posted, Request, Store,
    StoreError, StoredContact,
};

use crate::world::Db;

type Result<T> = std::result::Result<T, StoreError>;

/// A real database that a test can make fail.
pub(crate) struct Bridge {
    pub(crate) db: Arc<Db>,
    /// How many commits fail from now on.
    pub(crate) failing_commits: AtomicU32,
    /// How many times the switches cannot be read from now on.
    pub(crate) failing_switches: AtomicU32,
    /// Whether every order was committed by a clock so wrong that no reading by time finds it.
    pub(crate) clock_was_wrong: AtomicBool,
}

/// Counts one call down; whether it is to fail.
pub(crate) fn falls(count: &AtomicU32) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl Store for Bridge {
    async fn lines(&self, filter: &Filter, after: LineId, limit: u32) -> Result<Vec<Line>> {
        self.db.try_wait(self.db.store.lines(filter, after, limit))
    }

    async fn lines_by_id(&self, ids: &[LineId]) -> Result<Vec<Line>> {
        self.db.try_wait(self.db.store.lines_by_id(ids))
    }

    async fn commit(&self, batch: &Batch) -> Result<Committed> {
        if falls(&self.failing_commits) {
            return Err(StoreError::Full);
        }
        self.db.try_wait(self.db.store.commit(batch))
    }

    async fn topups_since(&self, provider: &str, since_ms: i64) -> Result<Vec<TopUp>> {
        let found = self.db.try_wait(self.db.store.topups_since(provider, since_ms));
        if self.clock_was_wrong.load(Ordering::SeqCst) { Ok(Vec::new()) } else { found }
    }

    async fn topups(&self, references: &[TopUpRef]) -> Result<Vec<TopUp>> {
        self.db.try_wait(self.db.store.topups(references))
    }

    async fn fenced(&self, books: &[BookId]) -> Result<Option<i64>> {
        self.db.try_wait(self.db.store.fenced(books))
    }

    async fn unfence(&self, books: &[BookId]) -> Result<()> {
        self.db.try_wait(self.db.store.unfence(books))
    }

    async fn fence(&self, _: i64) -> Result<()> {
        unreachable!("{NOT_ASKED}")
    }

    async fn claims(&self, which: ClaimFilter) -> Result<Vec<Claim>> {
        self.db.try_wait(self.db.store.claims(which))
    }

    async fn switches(&self) -> Result<Switches> {
        if falls(&self.failing_switches) {
            return Err(StoreError::Busy);
        }
        self.db.try_wait(self.db.store.switches())
    }

    async fn set_switch(&self, switch: Switch, on: bool) -> Result<()> {
        self.db.try_wait(self.db.store.set_switch(switch, on))
    }

    async fn requests(&self, books: &[BookId], after: i64, limit: u32) -> Result<Vec<(i64, Request)>> {
        self.db.try_wait(self.db.store.requests(books, after, limit))
    }

    async fn trust_clock(&self, _: Now) -> Result<()> {
        unreachable!("{NOT_ASKED}")
    }

    async fn save_book(&self, _: &str, _: &str, _: &Policy) -> Result<BookId> {
        unreachable!("{NOT_ASKED}")
    }

    async fn books(&self) -> Result<Vec<Book>> {
        unreachable!("{NOT_ASKED}")
    }

    async fn import(&self, _: BookId, _: &str, _: &[Contact]) -> Result<Imported> {
        unreachable!("{NOT_ASKED}")
    }

    async fn contacts(&self, _: BookId, _: &str, _: i64, _: u32) -> Result<Vec<StoredContact>> {
        unreachable!("{NOT_ASKED}")
    }

    async fn files(&self, _: BookId) -> Result<Vec<String>> {
        unreachable!("{NOT_ASKED}")
    }

    async fn names(&self, _: &[LineId]) -> Result<Vec<(LineId, String)>> {
        unreachable!("{NOT_ASKED}")
    }

    async fn journal(&self, _: LineId) -> Result<Vec<Entry>> {
        unreachable!("{NOT_ASKED}")
    }

    async fn recoveries(&self, _: Option<LineId>) -> Result<Vec<(LineId, Record)>> {
        unreachable!("{NOT_ASKED}")
    }

    async fn balances(&self) -> Result<Vec<Balance>> {
        self.db.try_wait(self.db.store.balances())
    }

    async fn statement(&self, _: i64, _: u32) -> Result<Vec<Posted>> {
        unreachable!("{NOT_ASKED}")
    }

    async fn verify(&self) -> Result<Vec<Finding>> {
        unreachable!("{NOT_ASKED}")
    }

    async fn take_queries(&self, channel: &str, day: i64, count: u32, per_day: u32) -> Result<u32> {
        self.db.try_wait(self.db.store.take_queries(channel, day, count, per_day))
    }

    async fn restricted_seen(&self, _: &str) -> Result<Option<i64>> {
        unreachable!("{NOT_ASKED}")
    }

    async fn post(&self, _: &[Request]) -> Result<()> {
        unreachable!("{NOT_ASKED}")
    }
}

const NOT_ASKED: &str = "the shell never asks this";
