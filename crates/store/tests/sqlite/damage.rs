//! Damage that somebody does behind the store's back is found by `verify`.

use std::collections::BTreeSet;

use ringback_store::{Finding, Sqlite, Store as _};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    contract::fixture::{Scene, numbers, terms},
    folder::Folder,
};

/// A connection past the store.
pub(crate) async fn raw(path: &std::path::Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

/// Three orders at provider `p`: one delivered on another day, one failed, one still held.
async fn prepare(folder: &Folder) -> Sqlite {
    let mut scene = Scene::open(folder).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..3), &terms("p", &[8])).await;
    let first = scene.ordered(&lines[0]).await;
    scene.delivered(&first).await;
    scene.wait_ms(crate::contract::fixture::DAY_MS);
    let rest = scene.all_answered(&lines[1..], &crate::contract::fixture::restricted()).await;
    let rest = scene.all_ordered(&rest).await;
    scene.refused(&rest[0], ringback_core::Refusal::TooSoon).await;
    scene.verify().await;
    drop(scene);
    Sqlite::open(&folder.path("0.db")).await.unwrap()
}

/// What `verify` finds after a statement past the store, which must change something.
async fn damaged(statement: &'static str) -> Vec<Finding> {
    let folder = Folder::new();
    let store = prepare(&folder).await;
    let mut raw = raw(store.path()).await;
    let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut raw).await.unwrap();
    assert!(done.rows_affected() > 0, "{statement}");
    raw.close().await.unwrap();
    store.verify().await.unwrap()
}

async fn finds(cases: &[(&'static str, &[&str])]) {
    for (statement, expected) in cases {
        let findings = damaged(statement).await;
        // The audit chain finds most of it as well; `audit.rs` shows that.
        let invariants = findings.iter().map(|finding| &finding.invariant[..]).filter(|invariant| *invariant != "S5");
        let invariants: BTreeSet<&str> = invariants.collect();
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        assert_eq!(invariants, expected, "{statement}: {findings:?}");
    }
}

#[tokio::test]
async fn m1_m2_a_changed_posting_is_found() {
    finds(&[
        ("UPDATE transactions SET postings = json_set(postings, '$[0][2]', 7) WHERE id = 1", &["M1", "M2"]),
        ("UPDATE transactions SET postings = json_set(postings, '$[0][1]', 'EUR') WHERE id = 1", &["M1", "M2"]),
        ("UPDATE transactions SET postings = replace(postings, '100', '200') WHERE id = 1", &["M2"]),
        ("UPDATE transactions SET postings = json_set(postings, '$[0][0]', 'suspense') WHERE id = 1", &["M2"]),
        ("UPDATE transactions SET postings = '[]' WHERE id = 2", &["M2"]),
        ("UPDATE transactions SET postings = json_remove(postings, '$[1]') WHERE id = 2", &["M1", "M2"]),
        ("UPDATE transactions SET provider = 'q' WHERE id = 2", &["M2"]),
    ])
    .await;
}

#[tokio::test]
async fn m2_a_changed_balance_is_found() {
    finds(&[
        ("UPDATE balances SET minor = minor - 1 WHERE account = 'held'", &["M2"]),
        ("DELETE FROM balances WHERE account = 'delivered'", &["M2"]),
        ("INSERT INTO balances VALUES ('q', 'float', 'CNY', 1)", &["M2"]),
    ])
    .await;
}

#[tokio::test]
async fn m3_a_missing_or_second_hold_or_release_is_found() {
    finds(&[
        ("UPDATE transactions SET kind = 'claim' WHERE id = 1", &["M3"]),
        ("UPDATE transactions SET kind = 'hold' WHERE kind = 'deliver'", &["M3"]),
        ("UPDATE transactions SET reference = '0' WHERE kind = 'release'", &["M3"]),
        ("DELETE FROM transactions WHERE id = 1", &["M2", "M3"]),
        ("UPDATE topups SET body = json_set(body, '$.state', 'held') WHERE id = 1", &["M3"]),
        ("UPDATE topups SET body = json_set(body, '$.state', 'suspense') WHERE held = 1", &["M3"]),
        ("DELETE FROM topups WHERE id = 1", &["M3", "C1"]),
        ("DELETE FROM topups", &["M3", "C1"]),
    ])
    .await;
}

#[tokio::test]
async fn c1_a_changed_exposure_is_found_in_every_scope() {
    finds(&[
        ("UPDATE exposure SET minor = minor - 1 WHERE scope = 'everything' AND day = -1", &["C1"]),
        ("UPDATE exposure SET minor = minor + 1 WHERE scope = 'everything' AND day > 0", &["C1"]),
        ("UPDATE exposure SET minor = 0 WHERE scope = 'book' AND day = -1", &["C1"]),
        ("UPDATE exposure SET minor = 0 WHERE scope = 'provider' AND day > 0", &["C1"]),
        ("UPDATE exposure SET owner = 'q' WHERE scope = 'provider'", &["C1"]),
        ("DELETE FROM exposure WHERE day = -1", &["C1"]),
        ("DELETE FROM exposure", &["C1"]),
        ("UPDATE topups SET exposed_minor = 0 WHERE id = 1", &["C1"]),
        ("UPDATE topups SET day = day + 9 WHERE id = 1", &["C1"]),
    ])
    .await;
}

/// A person can go to the place and see by how much it is wrong.
#[tokio::test]
async fn a_finding_says_where_and_by_how_much() {
    let findings = damaged("UPDATE balances SET minor = 777 WHERE account = 'held'").await;
    assert_eq!(findings[0].detail, "p held: the cached balance is 777, the postings sum to 100");
    let findings = damaged("UPDATE exposure SET minor = 5 WHERE scope = 'provider' AND day = 20001").await;
    let expected = "provider p, day 20001: the cached exposure is 5, the orders sum to 100 CNY";
    assert_eq!(findings[0].detail, expected);
    let findings = damaged("DELETE FROM topups WHERE id = 1").await;
    assert!(findings[0].detail.ends_with(": 1 holds and 1 releases without an order"), "{findings:?}");
}

/// What cannot be read is an error of its own, never an empty answer.
#[tokio::test]
async fn what_cannot_be_read_is_damage() {
    for statement in [
        "UPDATE topups SET body = '{}'",
        "UPDATE topups SET body = 'no JSON'",
        "UPDATE transactions SET kind = 'theft'",
        "UPDATE transactions SET postings = replace(postings, 'CNY', 'XXQ')",
    ] {
        let folder = Folder::new();
        let store = prepare(&folder).await;
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut raw(store.path()).await).await.unwrap();
        let read = store.topups_since("p", 0).await.map(drop).and(store.statement(0, 99).await.map(drop));
        let error = read.unwrap_err();
        assert!(matches!(error, ringback_store::StoreError::Damaged(_)), "{statement}: {error:?}");
    }
}
