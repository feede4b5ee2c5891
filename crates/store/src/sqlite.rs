//! SQLite behind [`Store`]: WAL, `synchronous=FULL`, one writer, set-based SQL.

mod audit;
mod backup;
mod books;
mod channels;
mod commit;
mod exposed;
mod fence;
mod ledger;
mod lines;
mod open;
mod requests;
mod rows;
mod witness;

pub use backup::Restored;

use std::{
    fs::File,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use ringback_core::{
    BookId, Claim, Line, LineId, Now, Policy, TopUpRef,
    admit::{Switch, Switches},
    recovery::{Record, TopUp},
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{
    ConnectOptions, Connection, Sqlite as Db, SqliteConnection, SqlitePool, Transaction, sqlite::SqliteConnectOptions,
};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    Balance, Batch, Book, ClaimFilter, Committed, Contact, Entry, Filter, Finding, Head, Imported, Posted, Request,
    Store, StoreError, StoredContact,
};

/// A SQLite database.
pub struct Sqlite {
    readers: SqlitePool,
    writer: Mutex<SqliteConnection>,
    /// How both are opened once the database is there.
    options: SqliteConnectOptions,
    /// Held by the engine's process; released by the system when it ends, however it ends.
    _lock: Option<File>,
    /// Only an engine's.
    witness: Option<witness::Witness>,
    path: PathBuf,
    commits: AtomicU64,
}

impl Sqlite {
    /// Where the database is.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// How many batches were committed; each is one synced write of the journal.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// How large the database is, in bytes, what is not moved from the journal yet included.
    pub async fn size_bytes(&self) -> Result<u64, StoreError> {
        let select = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let bytes: i64 = sqlx::query_scalar(select).fetch_one(&self.readers).await?;
        Ok(bytes.cast_unsigned())
    }

    /// The head of the audit chain, to be kept elsewhere; none before anything was committed (S5).
    pub async fn head(&self) -> Result<Option<Head>, StoreError> {
        audit::head(&mut *self.readers.acquire().await?).await
    }

    /// The batch that has this head, in hexadecimal digits. Once the chain verifies, nothing up to it was changed (S5).
    pub async fn batch_of(&self, head: &str) -> Result<Option<Head>, StoreError> {
        audit::find(&self.readers, head).await
    }

    /// The one connection that writes, with no transaction open.
    async fn writer(&self) -> Result<MutexGuard<'_, SqliteConnection>, StoreError> {
        let mut writer = self.writer.lock().await;
        if writer.is_in_transaction() {
            // The rollback of a call that failed or was given up is under way; a ping waits for it. Where SQLite had
            // rolled back by itself, as it does on a full disk, the connection believes for ever that it is inside of
            // a transaction (S2): another one takes its place.
            writer.ping().await?;
            if writer.is_in_transaction() {
                *writer = self.options.connect().await?;
            }
        }
        Ok(writer)
    }
}

/// Begins a transaction that writes: the lock is taken at once, so that what is read stays true until the commit.
async fn begin(connection: &mut SqliteConnection) -> Result<Transaction<'_, Db>, StoreError> {
    Ok(connection.begin_with("BEGIN IMMEDIATE").await?)
}

/// One parameter that carries a whole batch: rows as JSON.
fn json(rows: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(rows)?)
}

fn parsed<T: DeserializeOwned>(body: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_str(body)?)
}

#[async_trait]
impl Store for Sqlite {
    async fn save_book(&self, name: &str, region: &str, policy: &Policy) -> Result<BookId, StoreError> {
        books::save(&mut *self.writer().await?, name, region, policy).await
    }

    async fn books(&self) -> Result<Vec<Book>, StoreError> {
        books::all(&self.readers).await
    }

    async fn import(&self, book: BookId, file: &str, contacts: &[Contact]) -> Result<Imported, StoreError> {
        books::import(&mut *self.writer().await?, book, file, contacts).await
    }

    async fn contacts(
        &self,
        book: BookId,
        file: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredContact>, StoreError> {
        books::contacts(&self.readers, book, file, after, limit).await
    }

    async fn files(&self, book: BookId) -> Result<Vec<String>, StoreError> {
        books::files(&self.readers, book).await
    }

    async fn lines(&self, filter: &Filter, after: LineId, limit: u32) -> Result<Vec<Line>, StoreError> {
        lines::filtered(&self.readers, filter, after, limit).await
    }

    async fn lines_by_id(&self, ids: &[LineId]) -> Result<Vec<Line>, StoreError> {
        lines::by_id(&self.readers, ids).await
    }

    async fn names(&self, ids: &[LineId]) -> Result<Vec<(LineId, String)>, StoreError> {
        lines::names(&self.readers, ids).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Committed, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let (committed, appended) = commit::commit(&mut tx, batch).await?;
        let head = audit::seal(&mut tx, appended, batch.now.wall_ms).await?;
        tx.commit().await?;
        if let Some((witness, head)) = self.witness.as_ref().zip(head) {
            witness.note(&head);
        }
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(committed)
    }

    async fn topups(&self, references: &[TopUpRef]) -> Result<Vec<TopUp>, StoreError> {
        ledger::topups(&self.readers, references).await
    }

    async fn topups_since(&self, provider: &str, since_ms: i64) -> Result<Vec<TopUp>, StoreError> {
        ledger::topups_since(&self.readers, provider, since_ms).await
    }

    async fn claims(&self, which: ClaimFilter) -> Result<Vec<Claim>, StoreError> {
        ledger::claims(&self.readers, &which).await
    }

    async fn journal(&self, line: LineId) -> Result<Vec<Entry>, StoreError> {
        lines::journal(&self.readers, line).await
    }

    async fn recoveries(&self, line: Option<LineId>) -> Result<Vec<(LineId, Record)>, StoreError> {
        lines::recoveries(&self.readers, line).await
    }

    async fn balances(&self) -> Result<Vec<Balance>, StoreError> {
        ledger::balances(&self.readers).await
    }

    async fn statement(&self, after: i64, limit: u32) -> Result<Vec<Posted>, StoreError> {
        ledger::statement(&self.readers, after, limit).await
    }

    async fn verify(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = ledger::verify(&self.readers).await?;
        findings.extend(audit::verify(&self.readers).await?);
        Ok(findings)
    }

    async fn switches(&self) -> Result<Switches, StoreError> {
        requests::switches(&self.readers).await
    }

    async fn set_switch(&self, switch: Switch, on: bool) -> Result<(), StoreError> {
        requests::set_switch(&mut *self.writer().await?, switch, on).await
    }

    async fn fence(&self, since_ms: i64) -> Result<(), StoreError> {
        fence::raise(&mut *self.writer().await?, since_ms).await
    }

    async fn fenced(&self, books: &[BookId]) -> Result<Option<i64>, StoreError> {
        fence::since(&self.readers, books).await
    }

    async fn unfence(&self, books: &[BookId]) -> Result<(), StoreError> {
        fence::open(&mut *self.writer().await?, books).await
    }

    async fn trust_clock(&self, now: Now) -> Result<(), StoreError> {
        requests::trust_clock(&mut *self.writer().await?, now).await
    }

    async fn post(&self, requests: &[Request]) -> Result<(), StoreError> {
        requests::post(&mut *self.writer().await?, requests).await
    }

    async fn requests(&self, books: &[BookId], after: i64, limit: u32) -> Result<Vec<(i64, Request)>, StoreError> {
        requests::waiting(&self.readers, books, after, limit).await
    }

    async fn take_queries(&self, channel: &str, day: i64, count: u32, per_day: u32) -> Result<u32, StoreError> {
        channels::take_queries(&mut *self.writer().await?, channel, day, count, per_day).await
    }

    async fn restricted_seen(&self, channel: &str) -> Result<Option<i64>, StoreError> {
        channels::restricted_seen(&self.readers, channel).await
    }
}
