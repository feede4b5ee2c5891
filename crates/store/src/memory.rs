//! A database that forgets with its process: for the simulation, and for tests that need no disk.
//!
//! It keeps what the other databases keep, as the values that they are: nothing is serialized.

mod books;
mod commit;
mod ledger;
mod tables;
mod verify;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ringback_core::{
    BookId, Claim, Line, LineId, Now, Policy, TopUpRef,
    admit::{Switch, Switches},
    recovery::{Record, TopUp},
};

use crate::{
    Balance, Batch, Book, ClaimFilter, Committed, Contact, Entry, Filter, Finding, Imported, JOURNAL_SEARCHED, Posted,
    Request, Store, StoreError, StoredContact,
};
use tables::Tables;

/// A database in memory. Every call is one transaction, and none of them waits.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Tables>);

/// A backup: what was kept by then.
impl Clone for Memory {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.tables().clone()))
    }
}

impl Memory {
    /// The tables; a call that panicked had written nothing, since every check comes before the first write.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Memory {
    async fn save_book(&self, name: &str, region: &str, policy: &Policy) -> Result<BookId, StoreError> {
        Ok(self.tables().save_book(name, region, policy))
    }

    async fn books(&self) -> Result<Vec<Book>, StoreError> {
        Ok(self.tables().books.clone())
    }

    async fn import(&self, book: BookId, file: &str, contacts: &[Contact]) -> Result<Imported, StoreError> {
        self.tables().import(book, file, contacts)
    }

    async fn contacts(
        &self,
        book: BookId,
        file: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredContact>, StoreError> {
        Ok(self.tables().contacts_after(book, file, after, limit))
    }

    async fn files(&self, book: BookId) -> Result<Vec<String>, StoreError> {
        Ok(self.tables().files(book))
    }

    async fn lines(&self, filter: &Filter, after: LineId, limit: u32) -> Result<Vec<Line>, StoreError> {
        Ok(self.tables().filtered(filter, after, limit))
    }

    async fn lines_by_id(&self, ids: &[LineId]) -> Result<Vec<Line>, StoreError> {
        Ok(self.tables().by_id(ids))
    }

    async fn names(&self, ids: &[LineId]) -> Result<Vec<(LineId, String)>, StoreError> {
        Ok(self.tables().names(ids))
    }

    async fn commit(&self, batch: &Batch) -> Result<Committed, StoreError> {
        self.tables().commit(batch)
    }

    async fn topups(&self, references: &[TopUpRef]) -> Result<Vec<TopUp>, StoreError> {
        Ok(self.tables().topups_of(references))
    }

    async fn topups_since(&self, provider: &str, since_ms: i64) -> Result<Vec<TopUp>, StoreError> {
        Ok(self.tables().topups_since(provider, since_ms))
    }

    async fn claims(&self, which: ClaimFilter) -> Result<Vec<Claim>, StoreError> {
        Ok(self.tables().claims_of(&which))
    }

    async fn journal(&self, line: LineId) -> Result<Vec<Entry>, StoreError> {
        Ok(self.tables().journal_of(line))
    }

    async fn recoveries(&self, line: Option<LineId>) -> Result<Vec<(LineId, Record)>, StoreError> {
        Ok(self.tables().recoveries_of(line))
    }

    async fn balances(&self) -> Result<Vec<Balance>, StoreError> {
        Ok(self.tables().all_balances())
    }

    async fn statement(&self, after: i64, limit: u32) -> Result<Vec<Posted>, StoreError> {
        Ok(self.tables().posted_after(after, limit))
    }

    async fn verify(&self) -> Result<Vec<Finding>, StoreError> {
        Ok(self.tables().verify())
    }

    async fn switches(&self) -> Result<Switches, StoreError> {
        Ok(self.tables().switches)
    }

    async fn set_switch(&self, switch: Switch, on: bool) -> Result<(), StoreError> {
        let switches = &mut self.tables().switches;
        match switch {
            Switch::Paused => switches.paused = on,
            Switch::Frozen => switches.frozen = on,
            Switch::ClockFault => switches.clock_fault = on,
        }
        Ok(())
    }

    async fn fence(&self, since_ms: i64) -> Result<(), StoreError> {
        self.tables().raise_fence(since_ms);
        Ok(())
    }

    async fn fenced(&self, books: &[BookId]) -> Result<Option<i64>, StoreError> {
        Ok(self.tables().fences.iter().filter(|(book, _)| books.contains(book)).map(|(_, since_ms)| *since_ms).min())
    }

    async fn unfence(&self, books: &[BookId]) -> Result<(), StoreError> {
        self.tables().fences.retain(|book, _| !books.contains(book));
        Ok(())
    }

    async fn trust_clock(&self, now: Now) -> Result<(), StoreError> {
        let mut tables = self.tables();
        (tables.switches.clock_fault, tables.day) = (false, now.day());
        Ok(())
    }

    async fn post(&self, requests: &[Request]) -> Result<(), StoreError> {
        self.tables().post_requests(requests);
        Ok(())
    }

    async fn requests(&self, books: &[BookId], after: i64, limit: u32) -> Result<Vec<(i64, Request)>, StoreError> {
        Ok(self.tables().waiting(books, after, limit))
    }

    async fn take_queries(&self, channel: &str, day: i64, count: u32, per_day: u32) -> Result<u32, StoreError> {
        let mut tables = self.tables();
        let (last, asked) = tables.queries.entry(channel.to_owned()).or_default();
        if *last < day {
            (*last, *asked) = (day, 0);
        }
        let taken = count.min(per_day.saturating_sub(*asked));
        *asked += taken;
        Ok(taken)
    }

    async fn restricted_seen(&self, channel: &str) -> Result<Option<i64>, StoreError> {
        let tables = self.tables();
        let searched = tables.journal.iter().rev().take(JOURNAL_SEARCHED as usize);
        Ok(searched.filter(|(_, _, event)| event.tells_restricted(channel)).map(|(_, at_ms, _)| *at_ms).next())
    }
}
