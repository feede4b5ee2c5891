//! A database that does not fit its witness starts fenced (S3): copied, cloned, or older than it was.

use std::fs;

use ringback_core::BookId;
use ringback_store::{Sqlite, Store as _};

use crate::{
    contract::fixture::{Scene, numbers, terms},
    damage::raw,
    folder::Folder,
};

/// Whether an engine that starts on this database is fenced; it opens the fence afterwards, as one that reconciled.
async fn starts_fenced(folder: &Folder, name: &str) -> bool {
    let store = Sqlite::open_as_engine(&folder.path(name), "a test").await.unwrap();
    let books: Vec<BookId> = store.books().await.unwrap().iter().map(|book| book.id).collect();
    let fenced = store.fenced(&books).await.unwrap();
    store.unfence(&books).await.unwrap();
    fenced.is_some()
}

/// A database in `0.db` whose engine committed something, and was then copied, and went on.
async fn used(folder: &Folder) {
    let scene = Scene::open(folder).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..2), &terms("p", &[8])).await;
    Sqlite::open(&folder.path("0.db")).await.unwrap().backup(&folder.path("copy.db"), false).await.unwrap();
    scene.ordered(&lines[0]).await;
    drop(scene);
    // Everything is in the one file, so that it can be put in another's place.
    let mut raw = raw(&folder.path("0.db")).await;
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut raw).await.unwrap();
}

#[tokio::test]
async fn s3_a_database_that_stays_where_it_is_is_not_fenced() {
    let folder = Folder::new();
    used(&folder).await;
    for _ in 0..3 {
        assert!(!starts_fenced(&folder, "0.db").await);
    }
}

#[tokio::test]
async fn s3_a_copy_is_fenced_once() {
    let folder = Folder::new();
    used(&folder).await;
    assert!(starts_fenced(&folder, "copy.db").await, "it has no witness");
    assert!(!starts_fenced(&folder, "copy.db").await);
    fs::copy(folder.path("0.db"), folder.path("clone.db")).unwrap();
    fs::copy(folder.path("0.db.witness"), folder.path("clone.db.witness")).unwrap();
    assert!(starts_fenced(&folder, "clone.db").await, "it came with its witness");
    assert!(!starts_fenced(&folder, "0.db").await, "the original goes on");
}

#[tokio::test]
async fn s3_an_older_file_in_its_place_is_fenced() {
    let folder = Folder::new();
    used(&folder).await;
    // The same file as before for the system: only what is in it is older.
    fs::write(folder.path("0.db"), fs::read(folder.path("copy.db")).unwrap()).unwrap();
    assert!(starts_fenced(&folder, "0.db").await);
    assert!(!starts_fenced(&folder, "0.db").await);
}

/// The witness is not synced: after a power cut it may be older than the database, or empty.
#[tokio::test]
async fn s3_a_witness_that_lags_behind_still_fits_and_a_broken_one_does_not() {
    let folder = Folder::new();
    let scene = Scene::open(&folder).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..1), &terms("p", &[8])).await;
    let older = fs::read(folder.path("0.db.witness")).unwrap();
    scene.ordered(&lines[0]).await;
    drop(scene);
    assert_ne!(fs::read(folder.path("0.db.witness")).unwrap(), older, "it follows each commit");
    fs::write(folder.path("0.db.witness"), &older).unwrap();
    assert!(!starts_fenced(&folder, "0.db").await);
    for broken in [&b""[..], b"\xff\xfe", b"7\n", &older[..40]] {
        fs::write(folder.path("0.db.witness"), broken).unwrap();
        assert!(starts_fenced(&folder, "0.db").await, "{broken:?}");
    }
}
