//! Opening a database: its schema, its settings, and the lock of the one engine.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    sync::atomic::AtomicU64,
    time::Duration,
};

use sqlx::{
    ConnectOptions,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::{Sqlite, rows::PREPARED, witness::Witness};
use crate::{StoreError, error::primary_code};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long one process waits for another's write.
const BUSY: Duration = Duration::from_secs(10);

/// Rows that wait for their reader.
const ROWS: usize = 1_024;

/// Connections that read at the same time.
const READERS: u32 = 4;

impl Sqlite {
    /// Opens a database to read it, to import into it, and to leave requests; made where it is missing.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::connect(path, None).await
    }

    /// Opens a database for the one engine that may run on it. `name` tells other processes who holds it.
    pub async fn open_as_engine(path: &Path, name: &str) -> Result<Self, StoreError> {
        let lock = lock(path, name)?;
        let mut opened = Self::connect(path, Some(lock)).await?;
        // SQLite opens what it may not write to read it; an engine would find out with its first commit.
        let nothing = sqlx::query("UPDATE installation SET day = day WHERE false");
        nothing.execute(&mut *opened.writer().await?).await.map_err(|error| at(path, error))?;
        opened.witness = Some(Witness::of(path, opened.writer.get_mut()).await?);
        Ok(opened)
    }

    async fn connect(path: &Path, lock: Option<File>) -> Result<Self, StoreError> {
        make_folder(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            // A batch fills pages that lie together: larger ones are split, searched and copied less often.
            .page_size(16_384)
            .journal_mode(SqliteJournalMode::Wal)
            // With NORMAL a power cut loses intents that the provider has seen.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            // A large batch stays in memory until it is committed, and pages that are written often are copied seldom.
            .pragma("cache_size", "-65536")
            .pragma("temp_store", "memory")
            .pragma("wal_autocheckpoint", "4000")
            .foreign_keys(true)
            .statement_cache_capacity(PREPARED)
            // A whole page of rows is handed over before the reader is awaited.
            .row_buffer_size(ROWS)
            .disable_statement_logging();
        let mut writer = options.connect().await.map_err(|error| at(path, error))?;
        migrate(path, &mut writer).await?;
        let pool = SqlitePoolOptions::new().max_connections(READERS);
        let options = options.create_if_missing(false);
        let readers = pool.connect_lazy_with(options.clone());
        let (writer, path, commits) = (Mutex::new(writer), path.to_owned(), AtomicU64::new(0));
        Ok(Self { readers, writer, options, _lock: lock, witness: None, path, commits })
    }
}

async fn migrate(path: &Path, writer: &mut sqlx::SqliteConnection) -> Result<(), StoreError> {
    match MIGRATIONS.run(writer).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..)) => {
            Err(StoreError::NewerSchema { path: path.to_owned() })
        }
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(at(path, error)),
        Err(error) => Err(StoreError::Other(error.to_string())),
    }
}

/// An error of opening, which often means the place rather than the database.
fn at(path: &Path, error: sqlx::Error) -> StoreError {
    // SQLITE_READONLY and SQLITE_CANTOPEN.
    if !matches!(primary_code(&error), 8 | 14) {
        return error.into();
    }
    // The file is not opened to find out: closing it would end the locks of every other connection of this process.
    let source = path.metadata().err().unwrap_or_else(|| std::io::Error::other("cannot be opened for writing"));
    StoreError::Place { path: path.to_owned(), source }
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|source| StoreError::Place { path: folder.to_owned(), source })
}

/// Refuses a schema that this version does not know (S4), without changing anything.
pub(super) async fn known_schema(db: &sqlx::SqlitePool, path: &Path) -> Result<(), StoreError> {
    let versions: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations").fetch_all(db).await?;
    let known = |version: &i64| MIGRATIONS.iter().any(|migration| migration.version == *version);
    if versions.iter().all(known) { Ok(()) } else { Err(StoreError::NewerSchema { path: path.to_owned() }) }
}

/// Takes the engine's lock, which lies beside the database and ends with the process.
pub(super) fn lock(path: &Path, name: &str) -> Result<File, StoreError> {
    make_folder(path)?;
    let beside = PathBuf::from(format!("{}.lock", path.display()));
    let place = |source| StoreError::Place { path: beside.clone(), source };
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&beside);
    let mut file = options.map_err(place)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder).map_err(place)?;
            let holder = if holder.is_empty() { "another process".to_owned() } else { holder };
            return Err(StoreError::Held { path: path.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(place(source)),
    }
    file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(name.as_bytes())).map_err(place)?;
    Ok(file)
}
