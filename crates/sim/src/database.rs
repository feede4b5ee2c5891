//! The real store of a world, asked without waiting.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use ringback_store::{Memory, Sqlite, Store, StoreError};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// Which database a world has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// In memory, for speed.
    #[default]
    Memory,
    /// SQLite, in a folder that goes away.
    Sqlite,
}

/// A world's database.
pub(crate) struct Database {
    stored: Stored,
    /// What SQLite runs on; memory never waits.
    runtime: Option<Runtime>,
    _folder: Option<TempDir>,
}

enum Stored {
    Memory(Memory),
    Sqlite(Box<Sqlite>),
}

impl Database {
    pub(crate) fn open(kind: Kind) -> Result<Self, StoreError> {
        match kind {
            Kind::Memory => Ok(Self { stored: Stored::Memory(Memory::default()), runtime: None, _folder: None }),
            Kind::Sqlite => Self::sqlite(),
        }
    }

    fn sqlite() -> Result<Self, StoreError> {
        let place = |error: std::io::Error| StoreError::Other(error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(place)?;
        // In memory where the system has such a folder, since every commit is synced.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).map_err(place)?;
        let store = runtime.block_on(Sqlite::open(&folder.path().join("ringback.db")))?;
        Ok(Self { stored: Stored::Sqlite(Box::new(store)), runtime: Some(runtime), _folder: Some(folder) })
    }

    pub(crate) fn store(&self) -> &dyn Store {
        match &self.stored {
            Stored::Memory(memory) => memory,
            Stored::Sqlite(sqlite) => sqlite.as_ref(),
        }
    }

    /// A backup of what is kept now. Files are backed up and put back by the campaign `restore`.
    pub(crate) fn backup(&self) -> Option<Memory> {
        match &self.stored {
            Stored::Memory(memory) => Some(memory.clone()),
            Stored::Sqlite(_) => None,
        }
    }

    /// Puts a backup in its place.
    pub(crate) fn put_back(&mut self, backup: Memory) {
        self.stored = Stored::Memory(backup);
    }

    /// What a call to the store says.
    pub(crate) fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        match &self.runtime {
            Some(runtime) => runtime.block_on(call),
            None => at_once(call),
        }
    }

    /// What a call says that cannot fail: the world decides what fails, not the machine.
    pub(crate) fn sure<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> T {
        self.wait(call).unwrap_or_else(|error| panic!("the simulation's own database failed: {error}"))
    }
}

fn at_once<T>(call: impl Future<Output = T>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a database in memory never waits"),
    }
}
