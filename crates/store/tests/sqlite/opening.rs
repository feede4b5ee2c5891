//! Opening a database: one engine, whole files, places that can be written, versions that are known.

use std::{fs, path::Path};

use ringback_core::LineId;
use ringback_store::{Filter, Sqlite, Store as _, StoreError};

use crate::{
    contract::fixture::{Scene, numbers, out, terms},
    damage::raw,
    folder::Folder,
};

async fn error(path: &Path) -> StoreError {
    match Sqlite::open(path).await {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

/// The name that the second engine is told.
async fn holder(path: &Path) -> String {
    match Sqlite::open_as_engine(path, "the second").await {
        Err(StoreError::Held { path: held, holder }) => {
            assert_eq!(held, path);
            holder
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("two engines on one database"),
    }
}

#[tokio::test]
async fn a_second_engine_is_refused_by_the_name_of_the_first() {
    let folder = Folder::new();
    let path = folder.path("ringback.db");
    for name in ["ringback run, process 4711 on 机器", "short", ""] {
        let first = Sqlite::open_as_engine(&path, name).await.unwrap();
        let expected = if name.is_empty() { "another process" } else { name };
        assert_eq!(holder(&path).await, expected, "nothing of a longer name before is left");
        assert_eq!(holder(&path).await, expected, "the refused one has not written its own");
        let error = Sqlite::open_as_engine(&path, "x").await.err().unwrap();
        assert!(error.is_held() && error.to_string().contains(expected), "{error}");
        drop(first);
    }
    Sqlite::open_as_engine(&path, "the next").await.expect("the lock ends with its holder");
}

/// People look and ask while the engine runs.
#[tokio::test]
async fn n3_others_read_import_ask_and_pause_beside_the_engine() {
    let folder = Folder::new();
    let scene = Scene::open(&folder).await;
    let line = scene.one_ready(&[8]).await;
    let beside = Sqlite::open(&folder.path("0.db")).await.unwrap();
    assert_eq!(beside.lines_by_id(&[line.id]).await.unwrap(), std::slice::from_ref(&line));
    let ordered = scene.ordered(&line).await;
    assert_eq!(beside.topups(&[out(&ordered)]).await.unwrap().len(), 1, "P1: committed is durable for everybody");
    beside.set_switch(ringback_core::admit::Switch::Paused, true).await.unwrap();
    let switches = scene.store.switches().await.unwrap();
    assert!(switches.paused);
    assert_eq!(scene.try_commit(vec![]).await.unwrap().switches, switches);
    let request = ringback_store::Request { line: line.id, ask: ringback_store::Ask::Query };
    beside.post(std::slice::from_ref(&request)).await.unwrap();
    assert_eq!(scene.store.requests(&[line.book], 0, 9).await.unwrap()[0].1, request);
}

#[tokio::test]
async fn p1_everything_is_there_after_the_database_was_closed() {
    let folder = Folder::new();
    let scene = Scene::open(&folder).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..3), &terms("p", &[8])).await;
    let lines = scene.all_ordered(&lines).await;
    let (statement, balances) = (scene.store.statement(0, 9).await.unwrap(), scene.store.balances().await.unwrap());
    drop(scene);
    let reopened = Sqlite::open_as_engine(&folder.path("0.db"), "again").await.unwrap();
    assert_eq!(reopened.lines(&Filter::default(), LineId(0), 9).await.unwrap(), lines);
    assert_eq!(reopened.statement(0, 9).await.unwrap(), statement);
    assert_eq!(reopened.balances().await.unwrap(), balances);
    assert_eq!(reopened.verify().await.unwrap(), []);
    assert_eq!(reopened.journal(lines[0].id).await.unwrap().len(), 4);
}

/// Writes what a Ringback of the future would have written into a database that has a book.
async fn from_the_future(path: &Path) -> Vec<u8> {
    let store = Sqlite::open(path).await.unwrap();
    store.save_book("home", "CN", &crate::contract::fixture::policy()).await.unwrap();
    drop(store);
    let mut raw = raw(path).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'the future', 1, x'00', 0)";
    for statement in [newer, "PRAGMA wal_checkpoint(TRUNCATE)"] {
        sqlx::raw_sql(statement).execute(&mut raw).await.unwrap();
    }
    sqlx::Connection::close(raw).await.unwrap();
    fs::read(path).unwrap()
}

#[tokio::test]
async fn s4_a_newer_schema_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let path = folder.path("ringback.db");
    let before = from_the_future(&path).await;
    for error in [error(&path).await, Sqlite::open_as_engine(&path, "old").await.err().unwrap()] {
        assert!(matches!(&error, StoreError::NewerSchema { path: refused } if *refused == path), "{error}");
        assert!(error.to_string().contains("update Ringback"), "{error}");
    }
    assert!(fs::read(&path).unwrap() == before, "a byte was changed");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damage_and_left_as_it_is() {
    let folder = Folder::new();
    for (name, content) in [("short.db", "no".repeat(100)), ("long.db", "BEGIN:VCARD\r\n".repeat(1_000))] {
        let path = folder.path(name);
        fs::write(&path, &content).unwrap();
        let error = error(&path).await;
        assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
        assert!(error.to_string().contains("restore a backup"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[tokio::test]
async fn a_folder_that_is_missing_is_made() {
    let folder = Folder::new();
    let path = folder.path("家/of/ringback.db");
    Sqlite::open(&path).await.unwrap();
    Sqlite::open_as_engine(&folder.path("another/ringback.db"), "x").await.unwrap();
    assert!(path.is_file());
}

/// A file in the place of a folder, and a folder in the place of the file: no right of the user's makes them work.
#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    fs::write(folder.path("file"), "").unwrap();
    fs::create_dir_all(folder.path("folder/ringback.db")).unwrap();
    for (asked, named) in [("file/x/ringback.db", "file/x"), ("folder/ringback.db", "folder/ringback.db")] {
        let path = folder.path(asked);
        for error in [error(&path).await, Sqlite::open_as_engine(&path, "x").await.err().unwrap()] {
            assert!(matches!(&error, StoreError::Place { path, .. } if *path == folder.path(named)), "{error:?}");
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}

/// Whoever may only read can look; an engine is told at once that it could commit nothing.
#[cfg(unix)]
#[tokio::test]
async fn a_file_without_the_right_to_write_is_for_reading() {
    let folder = Folder::new();
    let path = folder.path("ringback.db");
    drop(Sqlite::open(&path).await.unwrap());
    if !forbid_writing(&path) {
        return eprintln!("skipped: this user may write to every file");
    }
    assert_eq!(Sqlite::open(&path).await.unwrap().books().await.unwrap(), []);
    let error = Sqlite::open_as_engine(&path, "x").await.err().unwrap();
    assert!(matches!(&error, StoreError::Place { path: named, .. } if *named == path), "{error:?}");
}

/// Whether the system holds this user to it.
#[cfg(unix)]
fn forbid_writing(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
    fs::OpenOptions::new().write(true).open(path).is_err()
}

#[tokio::test]
async fn a_database_says_where_it_is_how_large_and_how_often_it_was_synced() {
    let folder = Folder::new();
    let path = folder.path("ringback.db");
    let store = Sqlite::open(&path).await.unwrap();
    assert_eq!(store.path(), path);
    let empty = store.size_bytes().await.unwrap();
    assert_eq!(store.commits(), 0);
    let book = store.save_book("home", "CN", &crate::contract::fixture::policy()).await.unwrap();
    let contact = ringback_store::Contact { raw: vec![7; 1 << 20], name: String::new(), numbers: vec![] };
    let now = ringback_core::Now { wall_ms: 0, uptime_ms: 0, incarnation: ringback_core::Incarnation(1) };
    store.import(book, "x", &[contact]).await.unwrap();
    let full = store.size_bytes().await.unwrap();
    assert!(full >= empty + (1 << 20), "what is in the journal only is counted: {empty} {full}");
    for commits in 1..3 {
        store
            .commit(&ringback_store::Batch {
                now,
                changes: vec![],
                claims: vec![],
                requests: vec![],
                clock_fault: false,
            })
            .await
            .unwrap();
        assert_eq!(store.commits(), commits);
    }
}
