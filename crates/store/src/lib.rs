//! What must survive: books, contacts, lines, recoveries, journal, ledger, claims, requests.
//!
//! A store keeps and counts; it decides nothing. Inside its transaction it asks [`ringback_core::admit`], in batch
//! order, whether an order may be committed, and reports a refusal to the caller.

mod error;
mod exposure;
mod memory;
mod sqlite;

use async_trait::async_trait;
use ringback_core::{
    Amount, BookId, Claim, Group, Line, LineId, Msisdn, Now, Policy, TopUpRef,
    admit::{Denial, Switch, Switches},
    claim,
    ledger::{Account, Transaction},
    recovery::{Event, Record, Step, TopUp},
};
use serde::{Deserialize, Serialize};

pub use error::StoreError;
pub use memory::Memory;
pub use sqlite::{Restored, Sqlite};

/// The database behind one engine, and behind the commands that only read.
#[async_trait]
pub trait Store: Send + Sync {
    /// Creates a book, or changes the policy of the book with that name. Idempotent.
    async fn save_book(&self, name: &str, region: &str, policy: &Policy) -> Result<BookId, StoreError>;

    /// Every book.
    async fn books(&self) -> Result<Vec<Book>, StoreError>;

    /// Replaces what an earlier import of the same file brought, in one transaction; lines are created for new
    /// numbers, watched and without consents, and never removed. Importing the same bytes twice changes nothing.
    async fn import(&self, book: BookId, file: &str, contacts: &[Contact]) -> Result<Imported, StoreError>;

    /// The contacts of one imported file in their order, a page at a time: those after `after`.
    async fn contacts(
        &self,
        book: BookId,
        file: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredContact>, StoreError>;

    /// The files imported into a book.
    async fn files(&self, book: BookId) -> Result<Vec<String>, StoreError>;

    /// Lines in the order of their ids, after `after`, a page at a time.
    async fn lines(&self, filter: &Filter, after: LineId, limit: u32) -> Result<Vec<Line>, StoreError>;

    /// The lines with these ids, in the order of their ids; unknown ids are left out.
    async fn lines_by_id(&self, ids: &[LineId]) -> Result<Vec<Line>, StoreError>;

    /// The names of the contacts of these lines.
    async fn names(&self, ids: &[LineId]) -> Result<Vec<(LineId, String)>, StoreError>;

    /// Commits a batch in one durable transaction, in order: for each change either all of its parts or none.
    ///
    /// The book's caps as they are stored now bind, and the recovery's pinned caps as well (C4).
    /// A change whose line is not at `version - 1` is a conflict (P8); so is a late answer whose top-up is not what it was
    /// when it was compared, since it is not part of its line. Nothing may be sent before this returns.
    async fn commit(&self, batch: &Batch) -> Result<Committed, StoreError>;

    /// The top-ups with these references.
    async fn topups(&self, references: &[TopUpRef]) -> Result<Vec<TopUp>, StoreError>;

    /// The top-ups of a provider committed since an instant of the wall clock, in order, for M4.
    async fn topups_since(&self, provider: &str, since_ms: i64) -> Result<Vec<TopUp>, StoreError>;

    /// The claims that match.
    async fn claims(&self, which: ClaimFilter) -> Result<Vec<Claim>, StoreError>;

    /// The journal of one line, oldest first.
    async fn journal(&self, line: LineId) -> Result<Vec<Entry>, StoreError>;

    /// The recoveries of one line, oldest first; of all lines without one.
    async fn recoveries(&self, line: Option<LineId>) -> Result<Vec<(LineId, Record)>, StoreError>;

    /// The balance of every account.
    async fn balances(&self) -> Result<Vec<Balance>, StoreError>;

    /// The transactions of the ledger, oldest first, a page at a time.
    async fn statement(&self, after: i64, limit: u32) -> Result<Vec<Posted>, StoreError>;

    /// Checks M1, M2 and M3 over the whole ledger, by folding every posting anew, the cached exposure that C1 is
    /// decided by, by folding every order anew, and the audit chain (S5), by folding everything that was appended.
    async fn verify(&self) -> Result<Vec<Finding>, StoreError>;

    /// The switches as they are now.
    async fn switches(&self) -> Result<Switches, StoreError>;

    /// Sets one switch durably and leaves the others (N3). Allowed while another process runs the engine.
    async fn set_switch(&self, switch: Switch, on: bool) -> Result<(), StoreError>;

    /// Fences every book, and those to come, until each is reconciled (S3): what was paid since this instant of the wall
    /// clock may be missing in the ledger. The earliest of several fences stands. Orders are denied as frozen.
    async fn fence(&self, since_ms: i64) -> Result<(), StoreError>;

    /// Since when the ledger of these books may lack what was paid, in milliseconds of the wall clock; nothing where no
    /// fence stands.
    async fn fenced(&self, books: &[BookId]) -> Result<Option<i64>, StoreError>;

    /// Opens the fence of these books: they are reconciled (S3). Idempotent.
    async fn unfence(&self, books: &[BookId]) -> Result<(), StoreError>;

    /// A person says that the clock is right: its fault is cleared, and the day counts from it (C3).
    async fn trust_clock(&self, now: Now) -> Result<(), StoreError>;

    /// Leaves requests for the engine that runs, or will run. Allowed while another process runs the engine.
    async fn post(&self, requests: &[Request]) -> Result<(), StoreError>;

    /// The requests for lines of these books that wait after `after`, oldest first. A batch that carries one out
    /// forgets it in its own transaction.
    async fn requests(&self, books: &[BookId], after: i64, limit: u32) -> Result<Vec<(i64, Request)>, StoreError>;

    /// Takes up to `count` queries from what a channel may be asked on a day, durably, and returns how many it may be
    /// asked. A day that is over is not opened again by a clock that was set back.
    async fn take_queries(&self, channel: &str, day: i64, count: u32, per_day: u32) -> Result<u32, StoreError>;

    /// When a channel last told that a line was restricted, in milliseconds of the wall clock, as far as the newest
    /// [`JOURNAL_SEARCHED`] entries of the journal say: the proof that it can.
    async fn restricted_seen(&self, channel: &str) -> Result<Option<i64>, StoreError>;
}

/// How far back [`Store::restricted_seen`] looks.
pub const JOURNAL_SEARCHED: u32 = 100_000;

/// An address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Its number.
    pub id: BookId,
    /// Its name, unique.
    pub name: String,
    /// The ISO 3166 region in which its numbers are read.
    pub region: String,
    /// Its owner's decisions.
    pub policy: Policy,
}

/// One segment of an imported file: a contact, or bytes that are none and are kept all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The bytes as they were read. The concatenation of all segments is the file.
    pub raw: Vec<u8>,
    /// The contact's name; empty where the segment is no contact.
    pub name: String,
    /// Its numbers.
    pub numbers: Vec<Msisdn>,
}

/// A segment as it is stored, with the groups that its lines ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredContact {
    /// Its number; grows in the order of the file.
    pub id: i64,
    /// The bytes as they were read.
    pub raw: Vec<u8>,
    /// The contact's name.
    pub name: String,
    /// Its enrolled lines' groups; suspended by its owner, then restricted, then in service counts.
    pub groups: Vec<Group>,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Imported {
    /// Contacts in the file.
    pub contacts: u64,
    /// Lines that are new.
    pub new_lines: u64,
    /// Lines that the book had already.
    pub known_lines: u64,
}

/// Which lines are meant. All conditions hold together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of one of these books.
    pub books: Option<Vec<BookId>>,
    /// With one of these numbers.
    pub numbers: Option<Vec<Msisdn>>,
    /// With both consents.
    pub enrolled: bool,
    /// With an open recovery, or an order that is held.
    pub open: bool,
    /// In this group.
    pub group: Option<Group>,
    /// Parked, or waiting for a person's word.
    pub waiting: bool,
}

/// Which claims are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimFilter {
    /// Every claim.
    All,
    /// Those of these books that a desk still has to be asked about.
    Open(Vec<BookId>),
    /// Those of one top-up.
    Of(TopUpRef),
}

/// What is committed together.
#[derive(Debug, Clone)]
pub struct Batch {
    /// When it is committed.
    pub now: Now,
    /// Transitions of lines; one for each line at most.
    pub changes: Vec<Change>,
    /// Transitions of claims.
    pub claims: Vec<ClaimChange>,
    /// Requests that are carried out by this batch, or that nothing comes of.
    pub requests: Vec<i64>,
    /// Whether the caller knows that its clock is wrong: the day is not moved on, and that is kept (C3).
    pub clock_fault: bool,
}

/// One transition of a line.
#[derive(Debug, Clone)]
pub struct Change {
    /// The event that caused it; it goes to the journal.
    pub event: Event,
    /// What is to be committed.
    pub step: Box<Step>,
    /// The request that asked for it; forgotten when the change is committed.
    pub request: Option<i64>,
}

/// Something that happened to a claim; [`claim::step`] decides inside the transaction what it changes, so that a
/// withdrawal (R6) and a desk's answer never both give the money back.
#[derive(Debug, Clone)]
pub struct ClaimChange {
    /// The top-up whose claim it is.
    pub reference: TopUpRef,
    /// What happened.
    pub event: claim::Event,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// One verdict for each change, in the batch's order.
    pub verdicts: Vec<Verdict>,
    /// The switches inside the transaction.
    pub switches: Switches,
}

/// What became of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is durable.
    Committed,
    /// Its order was not admitted; nothing of it was written.
    Denied(Denial),
    /// The line had moved on; nothing of it was written (P8).
    Conflict,
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its place in the journal.
    pub id: i64,
    /// When it was committed, in milliseconds of the wall clock.
    pub at_ms: i64,
    /// What happened.
    pub event: Event,
}

/// The balance of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// The provider.
    pub provider: String,
    /// The account.
    pub account: Account,
    /// What stands on it.
    pub amount: Amount,
}

/// A transaction as it was posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Posted {
    /// Its place in the ledger.
    pub id: i64,
    /// When it was posted, in milliseconds of the wall clock.
    pub at_ms: i64,
    /// What was posted.
    pub transaction: Transaction,
}

/// Something that the ledger's check found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The invariant, such as `M1`.
    pub invariant: String,
    /// What is wrong, where, and by how much.
    pub detail: String,
}

/// A batch of the audit chain (S5). Its hash covers everything that was committed up to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The batch, counted from 1.
    pub batch: i64,
    /// When it was committed, in milliseconds of the wall clock.
    pub at_ms: i64,
    /// Its hash: SHA-256, in hexadecimal digits.
    pub hash: String,
}

/// What a person asks of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The line.
    pub line: LineId,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Query the line now (S101).
    Query,
    /// A person's event.
    Event(Event),
    /// A claim's event, recorded by a person.
    Claim(TopUpRef, claim::Event),
}
