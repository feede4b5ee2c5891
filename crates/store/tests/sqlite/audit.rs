//! The audit chain finds whatever was changed past the store, and names the batch (S5).

use ringback_core::{DeskReply, claim};
use ringback_store::{ClaimChange, ClaimFilter, Finding, Sqlite, Store as _};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::{
    contract::fixture::{Scene, numbers},
    damage::raw,
    folder::Folder,
};

/// A line that its owner suspended, with two claims that were paid: eleven batches. Of the journal each of the first nine
/// has one row; the orders are in 4 and 7, the transactions in 4, 5, 7, 8, 9, 9, 10 and 11, the claims' events in 10 and 11.
async fn prepare(folder: &Folder) -> Sqlite {
    let mut scene = Scene::open(folder).await;
    scene.suspended().await;
    for claim in scene.claims(ClaimFilter::All).await {
        let event = claim::Event::Answered(DeskReply::Paid(claim.claimed));
        scene.claims_happen(vec![ClaimChange { reference: claim.reference, event }]).await;
    }
    scene.verify().await;
    drop(scene);
    Sqlite::open(&folder.path("0.db")).await.unwrap()
}

async fn execute(store: &Sqlite, statement: &str) {
    let mut raw = raw(store.path()).await;
    sqlx::raw_sql("PRAGMA foreign_keys = OFF").execute(&mut raw).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut raw).await.unwrap();
    assert!(done.rows_affected() > 0, "{statement}");
    raw.close().await.unwrap();
}

async fn broken(store: &Sqlite) -> Vec<String> {
    let findings: Vec<Finding> = store.verify().await.unwrap();
    findings.into_iter().filter(|finding| finding.invariant == "S5").map(|finding| finding.detail).collect()
}

/// Each statement, on a database of its own, breaks the chain at this batch.
async fn breaks(cases: &[(&str, i64)]) {
    for (statement, batch) in cases {
        let folder = Folder::new();
        let store = prepare(&folder).await;
        assert_eq!(store.head().await.unwrap().map(|head| head.batch), Some(11));
        execute(&store, statement).await;
        let found = broken(&store).await;
        assert!(found.len() == 1 && found[0].starts_with(&format!("batch {batch}, ")), "{statement}: {found:?}");
    }
}

/// Two rows trade what this column says.
fn swap(table: &str, column: &str, key: &str, one: i64, two: i64) -> String {
    format!(
        "UPDATE {table} SET {column} = (SELECT o.{column} FROM {table} o WHERE o.{key} = {one} + {two} - {table}.{key})
        WHERE {key} IN ({one}, {two})"
    )
}

#[tokio::test]
async fn s5_whatever_is_changed_in_the_journal_is_found() {
    breaks(&[
        ("UPDATE journal SET event = replace(event, 'ussd', 'ussD') WHERE id = 2", 2),
        ("UPDATE journal SET event = event || char(0) || 'more' WHERE id = 6", 6),
        ("UPDATE journal SET at_ms = at_ms + 1 WHERE id = 9", 9),
        ("UPDATE journal SET line = 2 WHERE id = 5", 5),
        ("DELETE FROM journal WHERE id = 3", 3),
        ("DELETE FROM journal", 1),
        ("INSERT INTO journal SELECT -5, line, at_ms, event FROM journal WHERE id = 2", 1),
        (&swap("journal", "event", "id", 4, 8), 4),
        (&swap("journal", "at_ms", "id", 6, 9), 6),
    ])
    .await;
}

#[tokio::test]
async fn s5_whatever_is_changed_in_the_claims_journal_is_found() {
    breaks(&[
        ("UPDATE claim_journal SET event = replace(event, 'paid', 'Paid') WHERE id = 2", 11),
        ("UPDATE claim_journal SET at_ms = 0 WHERE id = 1", 10),
        ("DELETE FROM claim_journal WHERE id = 1", 10),
        ("INSERT INTO claim_journal SELECT 0, reference, at_ms, event FROM claim_journal WHERE id = 1", 10),
        (&swap("claim_journal", "reference", "id", 1, 2), 10),
    ])
    .await;
}

#[tokio::test]
async fn s5_whatever_is_changed_in_the_ledger_is_found() {
    breaks(&[
        ("UPDATE transactions SET postings = replace(postings, '100', '200') WHERE id = 2", 5),
        ("UPDATE transactions SET postings = json_set(postings, '$[1][0]', 'suspense') WHERE id = 4", 8),
        ("UPDATE transactions SET postings = json_set(postings, '$[0][1]', 'USD') WHERE id = 1", 4),
        ("UPDATE transactions SET postings = json_remove(postings, '$[0]') WHERE id = 3", 7),
        ("UPDATE transactions SET postings = postings || ' ' WHERE id = 6", 9),
        (&swap("transactions", "postings", "id", 1, 2), 4),
        ("UPDATE transactions SET kind = 'late' WHERE id = 4", 8),
        ("UPDATE transactions SET provider = 'q' WHERE id = 8", 11),
        ("DELETE FROM transactions WHERE id = 5", 9),
        ("INSERT INTO transactions SELECT -1, at_ms, reference, provider, kind, postings FROM transactions WHERE id = 1", 4),
        (&swap("transactions", "reference", "id", 1, 3), 4),
    ])
    .await;
}

/// What an order is never changes; what became of it does, and the ledger tells.
#[tokio::test]
async fn s5_p2_whatever_is_changed_in_an_order_is_found() {
    breaks(&[
        ("UPDATE topups SET msisdn = 8613900139000 WHERE id = 2", 7),
        ("UPDATE topups SET provider = 'q' WHERE id = 1", 4),
        ("UPDATE topups SET at_ms = at_ms - 1, day = day - 1 WHERE id = 1", 4),
        ("DELETE FROM topups WHERE id = 2", 7),
        (
            "INSERT INTO topups SELECT 0, 'X', line, recovery, book, provider, msisdn, held, suspense, sent,
                exposed_minor, currency, at_ms, day, body FROM topups WHERE id = 1",
            4,
        ),
        ("UPDATE topups SET id = id + 9 WHERE id = 1", 4),
    ])
    .await;
}

#[tokio::test]
async fn s5_whatever_is_changed_in_the_chain_itself_is_found() {
    breaks(&[
        ("UPDATE batches SET at_ms = at_ms + 1 WHERE id = 3", 3),
        ("UPDATE batches SET hash = zeroblob(32) WHERE id = 6", 6),
        ("UPDATE batches SET journal = journal - 1 WHERE id = 6", 6),
        ("DELETE FROM batches WHERE id = 5", 6),
        ("DELETE FROM batches WHERE id < 5", 5),
        ("INSERT INTO batches SELECT -1, at_ms, journal, claim_journal, transactions, topups, hash FROM batches WHERE id = 1", -1),
        (&swap("batches", "hash", "id", 5, 6), 5),
    ])
    .await;
}

#[tokio::test]
async fn s5_rows_that_no_batch_appended_are_found() {
    for statement in [
        "INSERT INTO journal SELECT 99, line, at_ms, event FROM journal WHERE id = 2",
        "INSERT INTO claim_journal SELECT 99, reference, at_ms, event FROM claim_journal WHERE id = 1",
        "INSERT INTO transactions SELECT 99, at_ms, reference, provider, kind, postings FROM transactions WHERE id = 1",
        "DELETE FROM batches WHERE id = 11",
        "DELETE FROM batches",
    ] {
        let folder = Folder::new();
        let store = prepare(&folder).await;
        execute(&store, statement).await;
        let found = broken(&store).await;
        assert!(found.len() == 1 && found[0].contains("belong to no batch"), "{statement}: {found:?}");
    }
}

/// What a chain cannot tell by itself, a head that was kept elsewhere does: a whole end that was cut off, and a whole
/// history that was written anew.
#[tokio::test]
async fn s5_a_head_that_was_kept_proves_that_nothing_before_it_was_cut_off() {
    let folder = Folder::new();
    let store = prepare(&folder).await;
    let kept = store.head().await.unwrap().unwrap();
    assert_eq!((kept.batch, kept.hash.len()), (11, 64));
    assert_eq!(store.batch_of(&kept.hash.to_uppercase()).await.unwrap(), Some(kept.clone()));
    assert_eq!(store.batch_of("no digits").await.unwrap(), None);
    execute(
        &store,
        "DELETE FROM batches WHERE id > 9; DELETE FROM claim_journal; DELETE FROM transactions WHERE id > 6",
    )
    .await;
    assert_eq!(broken(&store).await, [""; 0], "the shorter chain is a chain");
    assert_eq!(store.batch_of(&kept.hash).await.unwrap(), None);
    assert_eq!(store.head().await.unwrap().unwrap().batch, 9);
}

/// A batch is one row, however many lines moved; one that appended nothing is none.
#[tokio::test]
async fn a_batch_of_many_lines_is_one_row_of_the_chain() {
    let folder = Folder::new();
    let scene = Scene::open(&folder).await;
    let store = Sqlite::open(&folder.path("0.db")).await.unwrap();
    assert_eq!(store.head().await.unwrap(), None);
    let book = scene.book("home").await;
    scene.enrolled(book, &numbers(0..50)).await;
    assert_eq!(store.head().await.unwrap().unwrap().batch, 1);
    scene.try_commit(Vec::new()).await.unwrap();
    let head = store.head().await.unwrap().unwrap();
    assert_eq!((head.batch, head.at_ms), (1, scene.now.wall_ms));
}
