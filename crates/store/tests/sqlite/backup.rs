//! A backup is one whole, checked file; a restore puts it in place fenced (S3), and loses nothing that was there.

use std::{fs, path::Path};

use ringback_core::{LineId, admit::Denial};
use ringback_store::{Filter, Sqlite, Store as _, StoreError, Verdict};

use crate::{
    contract::fixture::{Scene, numbers, terms},
    damage::raw,
    folder::Folder,
};

/// A scene in `0.db` with two lines of which one has an order out, and a backup of it.
async fn backed_up(folder: &Folder) -> Scene {
    let scene = Scene::open(folder).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..2), &terms("p", &[8])).await;
    scene.ordered(&lines[0]).await;
    let beside = Sqlite::open(&folder.path("0.db")).await.unwrap();
    let head = beside.backup(&folder.path("backup"), false).await.unwrap().unwrap();
    assert_eq!(Some(head), beside.head().await.unwrap());
    scene
}

async fn lines(store: &Sqlite) -> Vec<ringback_core::Line> {
    store.lines(&Filter::default(), LineId(0), 9).await.unwrap()
}

#[tokio::test]
async fn s3_a_backup_beside_the_engine_comes_back_as_it_was_and_fenced() {
    let folder = Folder::new();
    let scene = backed_up(&folder).await;
    let before = scene.store.lines(&Filter::default(), LineId(0), 9).await.unwrap();
    scene.delivered(&before[0]).await;
    drop(scene);
    let path = folder.path("0.db");
    let restored = Sqlite::restore(&folder.path("backup"), &path, 4_711).await.unwrap();
    let store = Sqlite::open_as_engine(&path, "again").await.unwrap();
    assert_eq!(lines(&store).await, before);
    assert_eq!(store.verify().await.unwrap(), []);
    let head = store.head().await.unwrap();
    assert!(head.is_some() && head == restored.head, "{head:?}");
    assert_eq!(store.fenced(&[before[0].book]).await.unwrap(), head.map(|head| head.at_ms));
    let aside = restored.aside.unwrap();
    let old = Sqlite::open(&aside).await.unwrap();
    assert!(old.lines_by_id(&[before[0].id]).await.unwrap()[0].version > before[0].version, "{}", aside.display());
}

#[tokio::test]
async fn s3_a_restored_database_admits_no_order() {
    let folder = Folder::new();
    drop(backed_up(&folder).await);
    Sqlite::restore(&folder.path("backup"), &folder.path("another.db"), 0).await.unwrap();
    let mut scene = Scene::open(&folder).await;
    scene.store = Box::new(Sqlite::open_as_engine(&folder.path("another.db"), "a test").await.unwrap());
    let ready = scene.line(LineId(2)).await;
    assert_eq!(scene.verdicts(vec![scene.order(&ready)]).await, [Verdict::Denied(Denial::Frozen)]);
}

#[tokio::test]
async fn a_backup_is_one_file_that_replaces_nothing_unasked() {
    let folder = Folder::new();
    drop(backed_up(&folder).await);
    let store = Sqlite::open(&folder.path("0.db")).await.unwrap();
    let target = folder.path("backup");
    let bytes = fs::read(&target).unwrap();
    assert!(matches!(store.backup(&target, false).await, Err(StoreError::Exists { path }) if path == target));
    assert_eq!(fs::read(&target).unwrap(), bytes);
    store.backup(&target, true).await.unwrap();
    for path in [folder.path("0.db"), folder.path("./0.db")] {
        assert!(matches!(store.backup(&path, true).await, Err(StoreError::Exists { .. })), "the database itself");
    }
    let missing = folder.path("nowhere/backup");
    assert!(matches!(store.backup(&missing, false).await, Err(StoreError::Place { .. })));
    let left: Vec<_> = fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let others =
        |name: &&std::ffi::OsString| !["0.db", "backup"].iter().any(|known| name.to_string_lossy().starts_with(known));
    assert_eq!(left.iter().find(others), None, "{left:?}");
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("backup-")), "{left:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_backup_is_as_private_as_the_database() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let store = Sqlite::open(&folder.path("0.db")).await.unwrap();
    for mode in [0o600, 0o640, 0o644] {
        fs::set_permissions(folder.path("0.db"), fs::Permissions::from_mode(mode)).unwrap();
        store.backup(&folder.path("backup"), true).await.unwrap();
        assert_eq!(fs::metadata(folder.path("backup")).unwrap().permissions().mode() & 0o777, mode);
    }
}

/// What a restore refuses, it leaves as it is.
async fn refused(folder: &Folder, backup: &Path) -> StoreError {
    let path = folder.path("0.db");
    let before = lines(&Sqlite::open(&path).await.unwrap()).await;
    let error = Sqlite::restore(backup, &path, 0).await.unwrap_err();
    assert_eq!(lines(&Sqlite::open(&path).await.unwrap()).await, before, "{error}");
    assert!(!folder.path("0.db.before-restore-0").exists());
    error
}

#[tokio::test]
async fn s4_s5_a_file_that_is_not_sound_is_not_restored() {
    let folder = Folder::new();
    let scene = backed_up(&folder).await;
    let backup = folder.path("backup");
    let error = refused(&folder, &backup).await;
    assert!(error.is_held(), "an engine runs: {error}");
    drop(scene);
    for (name, statement) in [
        ("changed", "UPDATE journal SET at_ms = at_ms + 1 WHERE id = 2"),
        ("unbalanced", "UPDATE balances SET minor = 9"),
        ("newer", "INSERT INTO _sqlx_migrations VALUES (9999, 'later', '2030-01-01', 1, x'00', 0)"),
    ] {
        let copy = folder.path(name);
        fs::copy(&backup, &copy).unwrap();
        let mut raw = raw(&copy).await;
        sqlx::raw_sql(statement).execute(&mut raw).await.unwrap();
        sqlx::Connection::close(raw).await.unwrap();
        let error = refused(&folder, &copy).await;
        let newer = matches!(error, StoreError::NewerSchema { .. });
        assert!(newer == (name == "newer") && (newer || matches!(error, StoreError::Damaged(_))), "{name}: {error}");
    }
    let whole = fs::read(&backup).unwrap();
    fs::write(folder.path("short"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.path("text"), "BEGIN:VCARD\r\n".repeat(1_000)).unwrap();
    for name in ["short", "text", "missing"] {
        let error = refused(&folder, &folder.path(name)).await;
        assert!(
            matches!(error, StoreError::Damaged(_) | StoreError::Other(_) | StoreError::Place { .. }),
            "{name}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_database_in_use_is_no_backup() {
    let folder = Folder::new();
    drop(backed_up(&folder).await);
    let other = Scene::open(&folder).await;
    other.book("home").await;
    let error = refused(&folder, &folder.path("1.db")).await;
    assert!(error.to_string().contains("a database in use"), "{error}");
}

/// Where the database is lost or damaged, a backup is what is left.
#[tokio::test]
async fn a_backup_takes_the_place_of_nothing_and_of_damage() {
    let folder = Folder::new();
    drop(backed_up(&folder).await);
    let path = folder.path("new/0.db");
    let restored = Sqlite::restore(&folder.path("backup"), &path, 0).await.unwrap();
    assert_eq!((restored.aside, lines(&Sqlite::open(&path).await.unwrap()).await.len()), (None, 2));
    fs::write(&path, "damage").unwrap();
    let restored = Sqlite::restore(&folder.path("backup"), &path, 5).await.unwrap();
    assert_eq!(fs::read(restored.aside.unwrap()).unwrap(), b"damage");
    assert_eq!(lines(&Sqlite::open(&path).await.unwrap()).await.len(), 2);
}
