//! The witness: a small file beside the database that says where it is and how far its chain had come.
//!
//! A database that was copied, a machine that was cloned, an older file that was put in place by hand: none of them
//! knows what was paid elsewhere or since. Where the database and its witness do not fit together the engine starts
//! fenced (S3). A false alarm costs a wait, since the fence opens by itself once the ledger is reconciled.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use sqlx::{SqliteConnection, query_scalar};

use super::{audit, fence};
use crate::{Head, StoreError};

/// The machine's own name for itself; it is new where an installation is made, and where an image is cloned with care.
const MACHINE: &str = "/etc/machine-id";

/// The witness of a database in use.
pub(super) struct Witness(File);

impl Witness {
    /// Compares the database with its witness, fences it where they do not fit, and makes them fit from here on.
    pub(super) async fn of(path: &Path, db: &mut SqliteConnection) -> Result<Self, StoreError> {
        let beside = PathBuf::from(format!("{}.witness", path.display()));
        let place = |source| StoreError::Place { path: beside.clone(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&beside).map_err(place)?;
        let mut said = String::new();
        // What is no text fits nothing.
        file.read_to_string(&mut said).unwrap_or_default();
        let (here, head) = (here(&file).map_err(place)?, audit::head(&mut *db).await?);
        if !fits(&said, &here, head.as_ref(), db).await? {
            fence::raise(db, head.as_ref().map_or(0, |head| head.at_ms)).await?;
        }
        let text = format!("{}{here}", head.map_or_else(|| line(0, ""), |head| line(head.batch, &head.hash)));
        file.set_len(0).and_then(|()| file.write_all_at(text.as_bytes(), 0)).map_err(place)?;
        Ok(Self(file))
    }

    /// The chain went on. It is not synced: a witness that lags behind still fits.
    pub(super) fn note(&self, head: &Head) {
        // One that cannot be written lags as well, and what is committed is committed.
        self.0.write_all_at(line(head.batch, &head.hash).as_bytes(), 0).unwrap_or_default();
    }
}

/// The head of the chain, of one length, so that it can be written over.
fn line(batch: i64, hash: &str) -> String {
    format!("{batch:020} {hash:64}\n")
}

/// Where the witness itself is: a copy of it is another file, or lies on another machine.
fn here(file: &File) -> io::Result<String> {
    let machine = std::fs::read_to_string(MACHINE).unwrap_or_default();
    Ok(format!("{} {}\n", machine.trim(), file.metadata()?.ino()))
}

/// Whether the witness is the one of this place, and what it saw is part of the chain. A new database needs none.
async fn fits(said: &str, here: &str, head: Option<&Head>, db: &mut SqliteConnection) -> Result<bool, StoreError> {
    let Some((seen, place)) = said.split_once('\n') else { return Ok(said.is_empty() && head.is_none()) };
    let Some((batch, hash)) = seen.split_once(' ') else { return Ok(false) };
    let batch: i64 = batch.parse().unwrap_or(-1);
    let select = "SELECT lower(hex(hash)) FROM batches WHERE id = ?1";
    let stored: Option<String> = query_scalar(select).bind(batch).fetch_optional(db).await?;
    let knows = batch == 0 || stored.is_some_and(|stored| stored == hash);
    Ok(knows && place == here)
}
