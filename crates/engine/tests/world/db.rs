//! The real database of a test, asked synchronously.

use std::{sync::Arc, thread};

use ringback_core::{
    BookId, Claim, Incarnation, Line, LineId, Mode, Now, Policy,
    admit::{Switch, Switches},
    ledger::Account,
    line::Consents,
    recovery::{End, Event, TopUp, Word, step},
};
use ringback_store::{Batch, Change, ClaimFilter, Contact, Filter, Sqlite, Store, StoreError};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::fixture::{PROVIDER, number};

/// A database in a folder of its own. Its runtime is its own as well, so that no test's clock waits for a disk.
pub(crate) struct Db {
    pub(crate) store: Arc<Sqlite>,
    pub(crate) book: BookId,
    policy: Policy,
    runtime: Runtime,
    _folder: TempDir,
}

impl Db {
    /// A book with lines of these modes; one without a mode is not enrolled.
    pub(crate) fn with_lines(policy: &Policy, modes: &[Option<Mode>]) -> Self {
        let folder = folder();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let store = Arc::new(runtime.block_on(Sqlite::open(&folder.path().join("ringback.db"))).unwrap());
        let book = runtime.block_on(store.save_book("home", "CN", policy)).unwrap();
        let db = Self { store, book, policy: policy.clone(), runtime, _folder: folder };
        let numbers = (1..=i64::try_from(modes.len()).unwrap()).map(number).collect();
        let contact = Contact { raw: Vec::new(), name: "everybody".into(), numbers };
        db.wait(db.store.import(book, "book.vcf", &[contact]));
        let words = (1..).zip(modes).filter_map(|(id, mode)| Some((LineId(id), enrolled((*mode)?))));
        db.tell(&words.collect::<Vec<_>>());
        db
    }

    /// Waits for the database, in a thread of its own: the caller may be inside of another runtime.
    pub(crate) fn try_wait<T: Send>(&self, call: impl Future<Output = T> + Send) -> T {
        thread::scope(|scope| scope.spawn(|| self.runtime.block_on(call)).join().unwrap())
    }

    pub(crate) fn wait<T: Send>(&self, call: impl Future<Output = Result<T, StoreError>> + Send) -> T {
        self.try_wait(call).unwrap()
    }

    /// Commits what a person said, as another process would: the engine knows nothing of it.
    pub(crate) fn tell(&self, words: &[(LineId, Word)]) {
        let change = |(id, word): &(LineId, Word)| {
            let event = Event::Told(word.clone());
            let step = step(&self.line(id.0), &event, at_start(), &self.policy).unwrap();
            Change { event, step, request: None }
        };
        let changes = words.iter().map(change).collect();
        let (claims, requests) = (Vec::new(), Vec::new());
        let batch = Batch { now: at_start(), changes, claims, requests, clock_fault: false };
        self.wait(self.store.commit(&batch));
    }

    pub(crate) fn line(&self, id: i64) -> Line {
        self.wait(self.store.lines_by_id(&[LineId(id)])).remove(0)
    }

    pub(crate) fn lines(&self, filter: &Filter) -> Vec<Line> {
        self.wait(self.store.lines(filter, LineId(0), 10_000))
    }

    pub(crate) fn topups(&self) -> Vec<TopUp> {
        self.wait(self.store.topups_since(PROVIDER, 0))
    }

    pub(crate) fn claims(&self, which: ClaimFilter) -> Vec<Claim> {
        self.wait(self.store.claims(which))
    }

    pub(crate) fn open_claims(&self) -> Vec<Claim> {
        self.claims(ClaimFilter::Open(vec![self.book]))
    }

    pub(crate) fn switch(&self, switches: Switches) {
        let Switches { paused, frozen, clock_fault } = switches;
        for (switch, on) in [(Switch::Paused, paused), (Switch::Frozen, frozen), (Switch::ClockFault, clock_fault)] {
            self.wait(self.store.set_switch(switch, on));
        }
    }

    /// An account's balance in minor units.
    pub(crate) fn balance(&self, account: Account) -> i64 {
        let balances = self.wait(self.store.balances());
        balances.iter().filter(|balance| balance.account == account).map(|balance| balance.amount.minor()).sum()
    }

    /// How the recoveries ended, line by line.
    pub(crate) fn ends(&self) -> Vec<(LineId, Option<End>)> {
        let recoveries = self.wait(self.store.recoveries(None));
        recoveries.into_iter().map(|(line, record)| (line, record.end)).collect()
    }

    /// The journal's events of one line.
    pub(crate) fn journal(&self, id: i64) -> Vec<Event> {
        self.wait(self.store.journal(LineId(id))).into_iter().map(|entry| entry.event).collect()
    }
}

/// Where the wall clock of every test begins.
pub(crate) fn at_start() -> Now {
    Now { wall_ms: 1_700_000_000_000, uptime_ms: 0, incarnation: Incarnation(1) }
}

/// A folder in memory where the system has one, since every commit is synced.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn enrolled(mode: Mode) -> Word {
    let consents = Consents { payment_ms: Some(1), query_ms: Some(1) };
    Word::Enrolled(consents, mode)
}
