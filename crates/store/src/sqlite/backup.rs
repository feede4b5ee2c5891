//! A backup to one file beside a running engine, and putting it back, fenced (S3).
//!
//! `VACUUM INTO` is one read of one snapshot: writers go on, and a commit during it does not make it begin anew, as it
//! does with SQLite's copy page by page when another process writes. It neither syncs nor replaces what it writes; both
//! are done here.

use std::{
    fs::{self, File, Permissions},
    io,
    path::{Path, PathBuf},
};

use sqlx::{
    ConnectOptions as _, Connection as _, SqlitePool, query, query_scalar,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tempfile::NamedTempFile;

use super::{Sqlite, audit, fence, ledger, open};
use crate::{Head, StoreError};

impl Sqlite {
    /// Writes a whole, checked copy of the database as it is now to one file, with the database's permissions. The file
    /// is there as a whole or not at all; one that is there already is only replaced by `force`. Returns its chain's head.
    pub async fn backup(&self, target: &Path, force: bool) -> Result<Option<Head>, StoreError> {
        if target.exists() && (!force || is_same(target, &self.path)) {
            return Err(StoreError::Exists { path: target.to_owned() });
        }
        let copy = beside(target)?;
        permit(&copy, &self.path)?;
        let path = copy.path().to_str().ok_or_else(|| place(target)(io::ErrorKind::InvalidFilename.into()))?;
        let mut connection = self.options.connect().await?;
        query("VACUUM INTO ?1").bind(path).execute(&mut connection).await?;
        connection.close().await?;
        let head = checked(copy.path()).await?;
        put(copy, target, force)?;
        Ok(head)
    }

    /// Puts a backup in the place of the database, fenced (S3), and keeps what was there aside; returns where. Refused
    /// while an engine runs on the database, and for a file that is damaged, contradicts itself, or is of a newer schema
    /// (S4); then nothing is changed.
    pub async fn restore(backup: &Path, path: &Path, now_ms: i64) -> Result<Restored, StoreError> {
        let _lock = open::lock(path, "restore")?;
        if sidecar(backup, "-wal").exists() {
            let inner =
                "it has a -wal file beside it, so it is a database in use; `ringback backup` makes one whole file";
            return Err(StoreError::Damaged(format!("{}: {inner}", backup.display())));
        }
        checked(backup).await?;
        let copy = beside(path)?;
        fs::copy(backup, copy.path()).map_err(place(backup))?;
        permit(&copy, if path.exists() { path } else { backup })?;
        let head = fenced(copy.path()).await?;
        let aside = set_aside(path, now_ms)?;
        put(copy, path, false)?;
        Ok(Restored { head, aside })
    }
}

/// What became of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The head of the chain that is in place now.
    pub head: Option<Head>,
    /// Where the database is that was in its place.
    pub aside: Option<PathBuf>,
}

/// Checks a file that nobody writes to, and changes nothing: its pages, its schema (S4), its books, its chain (S5).
async fn checked(path: &Path) -> Result<Option<Head>, StoreError> {
    let options =
        SqliteConnectOptions::new().filename(path).read_only(true).immutable(true).disable_statement_logging();
    let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
    let checked = sound(&pool, path).await;
    pool.close().await;
    checked
}

async fn sound(db: &SqlitePool, path: &Path) -> Result<Option<Head>, StoreError> {
    let said: String = query_scalar("PRAGMA integrity_check(1)").fetch_one(db).await?;
    if said != "ok" {
        return Err(StoreError::Damaged(said));
    }
    open::known_schema(db, path).await?;
    let mut findings = ledger::verify(db).await?;
    findings.extend(audit::verify(db).await?);
    match findings.first() {
        Some(finding) => Err(StoreError::Damaged(format!("{}: {}", finding.invariant, finding.detail))),
        None => audit::head(&mut *db.acquire().await?).await,
    }
}

/// Fences a copy, and leaves it as one file.
async fn fenced(path: &Path) -> Result<Option<Head>, StoreError> {
    let Sqlite { readers, writer, .. } = Sqlite::open(path).await?;
    let mut writer = writer.into_inner();
    let head = audit::head(&mut writer).await?;
    fence::raise(&mut writer, head.as_ref().map_or(0, |head| head.at_ms)).await?;
    readers.close().await;
    // The last connection moves the journal into the file and takes it away.
    writer.close().await?;
    Ok(head)
}

/// An empty file in the folder of another, so that it can take its name.
fn beside(target: &Path) -> Result<NamedTempFile, StoreError> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    NamedTempFile::new_in(folder).map_err(place(folder))
}

fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(one, other)| one == other)
}

/// A copy is as private as what it is a copy of.
fn permit(copy: &NamedTempFile, like: &Path) -> Result<(), StoreError> {
    let permissions: Permissions = like.metadata().map_err(place(like))?.permissions();
    copy.as_file().set_permissions(permissions).map_err(place(copy.path()))
}

/// Makes a file durable under its name.
fn put(copy: NamedTempFile, target: &Path, force: bool) -> Result<(), StoreError> {
    // SQLite wrote by a handle of its own; a sync by any handle is one of the file.
    File::open(copy.path()).and_then(|file| file.sync_all()).map_err(place(copy.path()))?;
    let named = if force { copy.persist(target) } else { copy.persist_noclobber(target) };
    named.map_err(|failed| place(target)(failed.error))?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(place(folder))
}

/// Renames a database with what belongs to it, so that it can be opened where it is then.
fn set_aside(path: &Path, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
    let aside = sidecar(path, &format!(".before-restore-{now_ms}"));
    let there = path.exists();
    // A journal that is left behind would be played back into the restored file.
    for end in ["", "-wal", "-shm"] {
        let (from, to) = (sidecar(path, end), sidecar(&aside, end));
        if from.exists() {
            fs::rename(&from, to).map_err(place(&from))?;
        }
    }
    Ok(there.then_some(aside))
}

fn sidecar(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn place(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Place { path, source }
}
