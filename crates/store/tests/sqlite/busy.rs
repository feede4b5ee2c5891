//! Another process writes at the same time.

use std::{cell::Cell, time::Duration};

use ringback_store::{StoreError, Verdict};
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};

use crate::{contract::fixture::Scene, damage::raw, folder::Folder};

/// Reading goes on meanwhile, and what the other process wrote is kept as well.
#[tokio::test]
async fn a_commit_waits_for_another_process_that_writes() {
    let folder = Folder::new();
    let scene = Scene::open(&folder).await;
    let line = scene.one_ready(&[8]).await;
    let batch = scene.batch(vec![scene.order(&line)], vec![]);
    let mut other = raw(&folder.path("0.db")).await;
    sqlx::raw_sql("BEGIN IMMEDIATE; UPDATE books SET region = 'DE'").execute(&mut other).await.unwrap();

    let done = Cell::new(false);
    let commit = async {
        let committed = scene.store.commit(&batch).await;
        done.set(true);
        committed.unwrap().verdicts
    };
    let release = async {
        for _ in 0..50 {
            assert_eq!(scene.line(line.id).await, line, "readers see what was there before");
        }
        assert!(!done.get(), "two processes wrote at the same time");
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    };
    let (verdicts, ()) = tokio::join!(commit, release);
    assert_eq!(verdicts, [Verdict::Committed]);
    assert_eq!(scene.store.books().await.unwrap()[0].region, "DE");
    scene.verify().await;
}

/// The same error after ten seconds of waiting; without the wait here.
#[tokio::test]
async fn who_waited_too_long_may_try_again() {
    let folder = Folder::new();
    let scene = Scene::open(&folder).await;
    let mut other = raw(&folder.path("0.db")).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let impatient = SqliteConnectOptions::new().filename(folder.path("0.db")).busy_timeout(Duration::ZERO);
    let mut impatient = impatient.connect().await.unwrap();
    let error = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut impatient).await.unwrap_err();
    let error = StoreError::from(error);
    assert!(matches!(error, StoreError::Busy), "{error:?}");
    drop(scene);
}

/// A process that dies while it writes leaves nothing behind, and nobody locked out.
#[tokio::test]
async fn a_writer_that_goes_away_leaves_nothing() {
    let folder = Folder::new();
    let scene = Scene::open(&folder).await;
    let line = scene.one_ready(&[8]).await;
    let mut other = raw(&folder.path("0.db")).await;
    sqlx::raw_sql("BEGIN IMMEDIATE; UPDATE books SET region = 'DE'").execute(&mut other).await.unwrap();
    drop(other);
    scene.ordered(&line).await;
    assert_eq!(scene.store.books().await.unwrap()[0].region, "CN");
}

/// Whoever stops waiting for an answer takes nothing with it: the transaction ends, and the next one begins.
#[tokio::test]
async fn a_call_that_is_given_up_stops_no_later_one() {
    let folder = Folder::new();
    let scene = Scene::open(&folder).await;
    let line = scene.one_ready(&[8]).await;
    let batch = scene.batch(vec![scene.order(&line)], vec![]);
    let mut other = raw(&folder.path("0.db")).await;
    for _ in 0..3 {
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        let reads = async {
            for _ in 0..20 {
                scene.line(line.id).await;
            }
        };
        tokio::select! {
            _ = scene.store.commit(&batch) => panic!("two processes wrote at the same time"),
            () = reads => {}
        }
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        assert_eq!(scene.try_commit(vec![]).await.unwrap().verdicts, []);
    }
    assert_eq!(scene.line(line.id).await, line);
    assert_eq!(scene.store.commit(&batch).await.unwrap().verdicts, [Verdict::Committed]);
}
