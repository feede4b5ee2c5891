//! Databases in a folder that goes away.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use ringback_store::{Sqlite, Store};
use tempfile::TempDir;

use crate::contract::Databases;

/// A folder of databases, each in a file of its own.
pub(crate) struct Folder {
    place: TempDir,
    made: AtomicU32,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self::under(&std::env::temp_dir())
    }

    /// A folder on a disk of one's choice.
    pub(crate) fn under(disk: &Path) -> Self {
        Self { place: tempfile::tempdir_in(disk).unwrap(), made: AtomicU32::new(0) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }
}

impl Databases for Folder {
    async fn fresh(&self) -> Box<dyn Store> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        Box::new(Sqlite::open_as_engine(&self.path(&format!("{number}.db")), "a test").await.unwrap())
    }
}
